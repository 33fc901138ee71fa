//! Components written as WebAssembly text, which no compiler keeps honest. Unless told otherwise they answer
//! everything with nothing.

use std::fmt::Write;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The contract, as one text.
const CONTRACT: [&str; 5] = [
    include_str!("../../../wit/alert.wit"),
    include_str!("../../../wit/text.wit"),
    include_str!("../../../wit/delivery.wit"),
    include_str!("../../../wit/notifications.wit"),
    include_str!("../../../wit/worlds.wit"),
];

/// What an endpoint exports, with the types that the canonical ABI gives it.
const EXPORTS: [(&str, usize); 6] = [
    ("describe", 0),
    ("lint", 3),
    ("format-recipient-params", 10),
    ("dequeue-recipient-alerts", 11),
    ("run-test", 10),
    ("read-response", 1),
];

/// Where zeroes stand: an empty list, an empty text, a batch of nothing, the verdict `agree`.
pub const NOTHING: u32 = 512;

/// Where results may be written.
pub const RESULT: u32 = 1536;

/// Where memory is free: the manifest stands between.
const HEAP: u32 = 1 << 18;

/// The smallest manifest.
pub const MANIFEST: &str = r#"{"manifest":1,"name":"raw","title":"Raw","version":"1.0.0",
    "route":[{"name":"send","origin":{"at":"https://api.example"},"methods":["POST"],"paths":["/x"]}]}"#;

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A component in the making.
pub struct Raw {
    manifest: String,
    version: &'static str,
    wit: String,
    world: String,
    fields: String,
    realloc: String,
    bodies: Vec<(String, String)>,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            manifest: MANIFEST.to_owned(),
            version: "0.1.0",
            wit: String::new(),
            world: String::new(),
            fields: String::new(),
            realloc: String::new(),
            bodies: Vec::new(),
        }
    }
}

impl Raw {
    /// One that does nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With another manifest.
    pub fn manifest(mut self, manifest: &str) -> Self {
        manifest.clone_into(&mut self.manifest);
        self
    }

    /// Built for another version of the contract.
    pub fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// With further packages, and what the world imports or exports of them.
    pub fn wit(mut self, packages: &str, world: &str) -> Self {
        self.wit.push_str(packages);
        self.world.push_str(world);
        self
    }

    /// With an interface that is imported, and a function of it as `$called` with this type.
    pub fn importing(self, interface: &str, wit: &str, function: &str, of_type: &str) -> Self {
        let (name, version) = interface.split_once('@').expect("a version");
        let (package, short) = name.split_once('/').expect("a package");
        self.wit(
            &format!("package {package}@{version} {{ interface {short} {{ {wit} }} }}\n"),
            &format!("import {interface};\n"),
        )
        .field(&format!(
            "(import \"{interface}\" \"{function}\" (func $called {of_type}))"
        ))
    }

    /// With another field of the core module. Imports come first.
    pub fn field(mut self, field: &str) -> Self {
        self.fields.push_str(field);
        self.fields.push('\n');
        self
    }

    /// With this before what the allocator does.
    pub fn realloc(mut self, body: &str) -> Self {
        body.clone_into(&mut self.realloc);
        self
    }

    /// With this as the body of an export.
    pub fn body(mut self, export: &str, body: &str) -> Self {
        self.bodies.push((export.to_owned(), body.to_owned()));
        self
    }

    fn module(&self) -> String {
        let data = escaped(self.manifest.as_bytes());
        let length = u32::try_from(self.manifest.len()).expect("a short manifest");
        let length = escaped(&length.to_le_bytes());
        let mut text = format!("(module {}", self.fields);
        for (export, params) in EXPORTS {
            let nothing = if export == "describe" { 8 } else { NOTHING };
            let nothing = format!("i32.const {nothing}");
            let body = self
                .bodies
                .iter()
                .rev()
                .find(|(name, _)| name == export)
                .map_or(nothing.as_str(), |(_, body)| body);
            let _ = writeln!(
                text,
                "(func (export \"campanile:alerts/endpoint@{}#{export}\") {} (result i32) {body})",
                self.version,
                "(param i32) ".repeat(params),
            );
        }
        let _ = write!(
            text,
            r#"
            (memory $main (export "memory") 8)
            (global $free (mut i32) (i32.const {HEAP}))
            (data (memory $main) (i32.const 8) "\00\10\00\00{length}")
            (data (memory $main) (i32.const 4096) "{data}")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
              {}
              (local.set $at (i32.and
                (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
                (i32.sub (i32.const 0) (local.get 2))))
              (global.set $free (i32.add (local.get $at) (local.get 3)))
              (local.get $at)))"#,
            self.realloc
        );
        text
    }

    /// The component.
    pub fn build(self) -> Vec<u8> {
        let bare = |file: &str| {
            let lines = file.lines().filter(|line| !line.starts_with("package "));
            lines.collect::<Vec<_>>().join("\n")
        };
        let contract: Vec<String> = CONTRACT.iter().map(|file| bare(file)).collect();
        let wit = format!(
            "package campanile:alerts@{};\n{}\nworld raw {{ include alert-endpoint;\n{} }}\n{}",
            self.version,
            contract.join("\n"),
            self.world,
            self.wit
        );
        let mut resolve = Resolve::default();
        let package = resolve.push_source("raw.wit", &wit).expect("a contract");
        let world = resolve
            .select_world(&[package], Some("raw"))
            .expect("its world");
        let mut module = wat::parse_str(self.module()).expect("a module");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .expect("its types");
        ComponentEncoder::default()
            .module(&module)
            .expect("a module of this world")
            .validate(true)
            .encode()
            .expect("a component")
    }
}
