//! Installing a component: what does not fit is refused by name, with what was expected.

use std::sync::Arc;

use campanile_contract::CONTRACT;
use campanile_contract::manifest::{Manifest, Mistakes};
use campanile_contract::text::Catalog;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::{Component as Compiled, HasSelf, Linker};

use super::bindings::endpoint::{AlertEndpoint, AlertEndpointPre};
use super::bindings::formatter::AlertFormatterPre;
use super::boundary::Fault;
use super::call::{self, Guest};
use super::limits::Limits;
use super::wasi;

/// A component that is ready to be called.
pub(crate) struct Component {
    /// Which world it implements.
    pub(crate) world: World,
    /// Its own messages.
    pub(crate) catalog: Catalog,
    engine: Engine,
}

/// What a component exports, pre-linked.
pub(crate) enum World {
    /// A destination.
    Endpoint(AlertEndpointPre<Guest>),
    /// Titles and descriptions.
    Formatter(AlertFormatterPre<Guest>),
}

impl Component {
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// What is known of a component that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    /// SHA-256, in lower-case hex: the component's identity.
    pub digest: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The document that `describe` returned.
    pub description: String,
    /// What it imports, by name.
    pub imports: Vec<String>,
}

/// Why a component does not fit.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Not WebAssembly at all.
    #[error(
        "this is not a WebAssembly component: it begins with {found}; expected the bytes 00 61 73 6d 0d 00 01 00"
    )]
    NotWasm {
        /// The first bytes, in hex.
        found: String,
    },
    /// WebAssembly, but a module.
    #[error(
        "this is a core module, not a component; expected a component for the world `alert-endpoint` or \
         `alert-formatter`: build with `--target wasm32-wasip2`"
    )]
    CoreModule,
    /// Over the limit.
    #[error("the component has {found} bytes; at most {allowed} are allowed")]
    TooLarge {
        /// Its size.
        found: usize,
        /// The limit.
        allowed: usize,
    },
    /// It does not validate or compile.
    #[error("the component is damaged: {0}")]
    Damaged(String),
    /// It imports what this host does not give.
    #[error("the component imports `{name}`; expected only {}, and a closed WASI 0.2", expected.join(", "))]
    UnknownImport {
        /// The import.
        name: String,
        /// What there is.
        expected: Vec<String>,
    },
    /// It was built for another version of the contract.
    #[error(
        "the component was built for `{found}`; this host speaks {CONTRACT}: build it again with this version's SDK"
    )]
    OtherContract {
        /// The name as imported or exported.
        found: String,
    },
    /// It exports neither world.
    #[error(
        "the component exports {}; expected `campanile:alerts/endpoint@0.1.0` or `campanile:alerts/formatter@0.1.0`",
        if found.is_empty() { String::from("nothing") } else { format!("`{}`", found.join("`, `")) }
    )]
    NoWorld {
        /// What it exports.
        found: Vec<String>,
    },
    /// Names agree, types do not.
    #[error("the component's functions have other types than {CONTRACT}: {0}")]
    Types(String),
    /// `describe` failed.
    #[error("`describe` failed: {0}")]
    Describe(Fault),
    /// `describe` returned too much.
    #[error("`describe` returned {found} bytes; at most {allowed} are allowed")]
    DescriptionTooLarge {
        /// Its size.
        found: usize,
        /// The limit.
        allowed: usize,
    },
    /// Two calls of `describe` disagree.
    #[error("`describe` returned two different manifests in two calls (describe-unstable)")]
    DescribeUnstable,
    /// The manifest has mistakes.
    #[error("the manifest has mistakes:\n{0}")]
    Manifest(Mistakes),
    /// The locales have mistakes.
    #[error("the locales have mistakes:\n{}", .0.join("\n"))]
    Locales(Vec<String>),
    /// The manifest belongs to the other world.
    #[error("the component exports `{exported}`, but its manifest is that of {manifest}")]
    OtherManifest {
        /// The export.
        exported: &'static str,
        /// Whose manifest it is.
        manifest: &'static str,
    },
}

/// The digest of a component's bytes.
#[must_use]
pub fn digest(wasm: &[u8]) -> String {
    Sha256::digest(wasm)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            use std::fmt::Write;
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// Compiles and links a component, and reads its manifest.
pub(crate) fn install(
    engine: &Engine,
    limits: &Arc<Limits>,
    wasm: &[u8],
) -> Result<(Arc<Component>, Installed), Unfit> {
    let compiled = compile(engine, limits, wasm)?;
    let imports = imports(engine, &compiled)?;
    let world = link(engine, &compiled, &imports)?;
    let mut component = Arc::new(Component {
        world,
        catalog: Catalog::default(),
        engine: engine.clone(),
    });
    let description = describe(&component, limits)?;
    let manifest = Manifest::from_json(&description).map_err(Unfit::Manifest)?;
    match (&component.world, manifest.is_formatter()) {
        (World::Endpoint(_), true) => {
            return Err(Unfit::OtherManifest {
                exported: "endpoint",
                manifest: "a formatter",
            });
        }
        (World::Formatter(_), false) => {
            return Err(Unfit::OtherManifest {
                exported: "formatter",
                manifest: "an endpoint",
            });
        }
        _ => {}
    }
    let catalog = Catalog::parse(&manifest.locales).map_err(Unfit::Locales)?;
    Arc::get_mut(&mut component)
        .expect("nobody else has it yet")
        .catalog = catalog;
    Ok((
        component,
        Installed {
            digest: digest(wasm),
            manifest,
            description,
            imports,
        },
    ))
}

fn compile(engine: &Engine, limits: &Limits, wasm: &[u8]) -> Result<Compiled, Unfit> {
    if wasm.len() > limits.component {
        return Err(Unfit::TooLarge {
            found: wasm.len(),
            allowed: limits.component,
        });
    }
    match wasm.get(..8) {
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => return Err(Unfit::CoreModule),
        Some([0, b'a', b's', b'm', 13, 0, 1, 0]) => {}
        _ => {
            let first = &wasm[..wasm.len().min(8)];
            let found = if first.is_empty() {
                String::from("nothing")
            } else {
                format!("{first:02x?}")
            };
            return Err(Unfit::NotWasm { found });
        }
    }
    Compiled::from_binary(engine, wasm).map_err(|error| Unfit::Damaged(format!("{error:#}")))
}

fn split_version(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}

/// The names that a component imports, all of them allowed.
fn imports(engine: &Engine, compiled: &Compiled) -> Result<Vec<String>, Unfit> {
    let (package, version) = split_version(CONTRACT);
    let ours = [
        "alert",
        "params",
        "delivery",
        "text",
        "notifications",
        "host",
        "log",
    ];
    let mut names = Vec::new();
    for (name, _) in compiled.component_type().imports(engine) {
        let (interface, found) = split_version(name);
        if let Some(interface) = interface
            .strip_prefix(package)
            .and_then(|rest| rest.strip_prefix('/'))
        {
            if found != version {
                return Err(Unfit::OtherContract {
                    found: name.to_owned(),
                });
            }
            if !ours.contains(&interface) {
                return Err(unknown_import(name, &ours));
            }
        } else if !(wasi::ALLOWED.contains(&interface) && found.starts_with("0.2.")) {
            return Err(unknown_import(name, &ours));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn unknown_import(name: &str, ours: &[&str]) -> Unfit {
    let (package, version) = split_version(CONTRACT);
    Unfit::UnknownImport {
        name: name.to_owned(),
        expected: ours
            .iter()
            .map(|interface| format!("{package}/{interface}@{version}"))
            .collect(),
    }
}

fn link(engine: &Engine, compiled: &Compiled, imports: &[String]) -> Result<World, Unfit> {
    let (package, version) = split_version(CONTRACT);
    let exports: Vec<String> = compiled
        .component_type()
        .exports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let exported = |interface: &str| {
        exports
            .iter()
            .any(|name| *name == format!("{package}/{interface}@{version}"))
    };
    let types = |error: wasmtime::Error| Unfit::Types(format!("{error:#}"));

    let mut linker = Linker::<Guest>::new(engine);
    AlertEndpoint::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest).map_err(types)?;
    for name in imports.iter().filter(|name| name.starts_with("wasi:")) {
        wasi::define(&mut linker, name).map_err(types)?;
    }
    // What of the closed WASI is not there traps when it is called.
    linker
        .define_unknown_imports_as_traps(compiled)
        .map_err(types)?;
    let pre = linker.instantiate_pre(compiled).map_err(types)?;
    if exported("endpoint") {
        Ok(World::Endpoint(AlertEndpointPre::new(pre).map_err(types)?))
    } else if exported("formatter") {
        Ok(World::Formatter(
            AlertFormatterPre::new(pre).map_err(types)?,
        ))
    } else if let Some(found) = exports.iter().find(|name| name.starts_with(package)) {
        Err(Unfit::OtherContract {
            found: found.clone(),
        })
    } else {
        Err(Unfit::NoWorld { found: exports })
    }
}

fn describe(component: &Arc<Component>, limits: &Arc<Limits>) -> Result<String, Unfit> {
    let description = call::describe(component, limits).map_err(Unfit::Describe)?;
    if description.len() > limits.description {
        return Err(Unfit::DescriptionTooLarge {
            found: description.len(),
            allowed: limits.description,
        });
    }
    if call::describe(component, limits).map_err(Unfit::Describe)? != description {
        return Err(Unfit::DescribeUnstable);
    }
    Ok(description)
}
