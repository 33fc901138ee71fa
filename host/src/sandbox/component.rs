//! Installing a component: what does not fit is refused by name, with what was expected.

use std::sync::Arc;

use campanile_contract::CONTRACT;
use campanile_contract::manifest::{Manifest, Mistakes, Tier};
use campanile_contract::text::Catalog;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component as Compiled, ComponentExportIndex, HasSelf, InstancePre, Linker,
};

use super::bindings::endpoint::{AlertEndpoint, AlertEndpointPre};
use super::bindings::formatter::AlertFormatterPre;
use super::boundary::Fault;
use super::call::{self, Guest};
use super::limits::{Limits, Tiers};
use super::wasi;
use crate::outcome::Reason;

/// A component that is ready to be called.
pub(crate) struct Component {
    /// Which world it implements.
    pub(crate) world: World,
    /// Its own messages.
    pub(crate) catalog: Catalog,
    /// Those of its tier.
    pub(crate) limits: Arc<Limits>,
    engine: Engine,
}

/// What a component exports, pre-linked and with its types checked.
pub(crate) enum World {
    /// A destination.
    Endpoint(InstancePre<Guest>, EndpointFunctions),
    /// Titles and descriptions.
    Formatter(InstancePre<Guest>, FormatterFunctions),
}

/// Where an endpoint's functions are. The generated bindings look all of them up, and check all their
/// types again, for every instance; a call needs one.
pub(crate) struct EndpointFunctions {
    pub(crate) describe: ComponentExportIndex,
    pub(crate) lint: ComponentExportIndex,
    pub(crate) format_recipient_params: ComponentExportIndex,
    pub(crate) dequeue_recipient_alerts: ComponentExportIndex,
    pub(crate) run_test: ComponentExportIndex,
    pub(crate) read_response: ComponentExportIndex,
}

/// The same for a formatter.
pub(crate) struct FormatterFunctions {
    pub(crate) describe: ComponentExportIndex,
    pub(crate) format: ComponentExportIndex,
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
    /// It asks for the larger tier, which the operator did not allow.
    #[error(
        "the component needs the larger limits{}, which are not allowed here: write `large_components = true` under \
         [server], or do without it", .short.as_ref().map(|short| format!(" ({short})")).unwrap_or_default()
    )]
    LargeNotAllowed {
        /// What the standard limits were too small for, where that is known.
        short: Option<String>,
    },
    /// It needs the larger tier, and does not ask for it.
    #[error(
        "`describe` failed: {0}; it works within the larger limits: write `limits = \"large\"` in the manifest if the \
         component brings an interpreter"
    )]
    LargeNotAsked(Fault),
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
    tiers: &Tiers,
    wasm: &[u8],
) -> Result<(Arc<Component>, Installed), Unfit> {
    let compiled = compile(engine, tiers, wasm)?;
    let imports = imports(engine, &compiled)?;
    let world = link(engine, &compiled)?;
    let mut component = Arc::new(Component {
        world,
        catalog: Catalog::default(),
        limits: Arc::new(tiers.standard.clone()),
        engine: engine.clone(),
    });
    let (manifest, description) = describe(&mut component, tiers)?;
    if wasm.len() > component.limits.component {
        return Err(Unfit::TooLarge {
            found: wasm.len(),
            allowed: component.limits.component,
        });
    }
    match (&component.world, manifest.is_formatter()) {
        (World::Endpoint(..), true) => {
            return Err(Unfit::OtherManifest {
                exported: "endpoint",
                manifest: "a formatter",
            });
        }
        (World::Formatter(..), false) => {
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

fn compile(engine: &Engine, tiers: &Tiers, wasm: &[u8]) -> Result<Compiled, Unfit> {
    let (found, allowed, larger) = (wasm.len(), tiers.standard.component, tiers.large.component);
    match (found > allowed, found > larger) {
        (false, _) => {}
        (true, true) => {
            let allowed = if tiers.large_allowed { larger } else { allowed };
            return Err(Unfit::TooLarge { found, allowed });
        }
        (true, false) if tiers.large_allowed => {}
        (true, false) => {
            let short = format!("it has {found} bytes, and {allowed} are allowed");
            return Err(Unfit::LargeNotAllowed { short: Some(short) });
        }
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

fn link(engine: &Engine, compiled: &Compiled) -> Result<World, Unfit> {
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
    // What stands in for all of an interface of WASI is replaced by what is there of it.
    linker.allow_shadowing(true);
    AlertEndpoint::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest).map_err(types)?;
    for (name, import) in compiled.component_type().imports(engine) {
        if let ComponentItem::ComponentInstance(wanted) = import.ty
            && name.starts_with("wasi:")
        {
            wasi::define(&mut linker, name, &wanted, engine).map_err(types)?;
        }
    }
    // Of our own interfaces nothing is made up: a function that is not there refuses the component.
    let pre = linker.instantiate_pre(compiled).map_err(types)?;
    let function = |interface: &str, name: &str| {
        let interface = format!("{package}/{interface}@{version}");
        let missing = || Unfit::Types(format!("{interface} has no function `{name}`"));
        let instance = compiled
            .get_export_index(None, &interface)
            .ok_or_else(missing)?;
        compiled
            .get_export_index(Some(&instance), name)
            .ok_or_else(missing)
    };
    if exported("endpoint") {
        AlertEndpointPre::new(pre.clone()).map_err(types)?;
        let functions = EndpointFunctions {
            describe: function("endpoint", "describe")?,
            lint: function("endpoint", "lint")?,
            format_recipient_params: function("endpoint", "format-recipient-params")?,
            dequeue_recipient_alerts: function("endpoint", "dequeue-recipient-alerts")?,
            run_test: function("endpoint", "run-test")?,
            read_response: function("endpoint", "read-response")?,
        };
        Ok(World::Endpoint(pre, functions))
    } else if exported("formatter") {
        AlertFormatterPre::new(pre.clone()).map_err(types)?;
        let functions = FormatterFunctions {
            describe: function("formatter", "describe")?,
            format: function("formatter", "format")?,
        };
        Ok(World::Formatter(pre, functions))
    } else if let Some(found) = exports.iter().find(|name| name.starts_with(package)) {
        Err(Unfit::OtherContract {
            found: found.clone(),
        })
    } else {
        Err(Unfit::NoWorld { found: exports })
    }
}

/// When `describe` is called for the second time: clock and random numbers are all that could make a
/// component describe itself otherwise, so they are others. 2001-09-09 01:46:40 UTC, and odd.
const ANOTHER_TIME: u64 = 1_000_000_000_001;

/// The manifest, and the document that it is in. The component keeps the limits of the tier that it asks for.
fn describe(component: &mut Arc<Component>, tiers: &Tiers) -> Result<(Manifest, String), Unfit> {
    let (standard, large) = (component.limits.clone(), Arc::new(tiers.large.clone()));
    let (description, short) = match call::describe(component, &standard, 0) {
        Ok(description) => (description, None),
        // It may be one of the larger tier: only what it says when it has the room tells.
        Err(short) if matches!(short.reason, Reason::Memory | Reason::Deadline) => {
            match call::describe(component, &large, 0) {
                Ok(description) => (description, Some(short)),
                Err(fault) if tiers.large_allowed => return Err(Unfit::Describe(fault)),
                Err(_) => return Err(Unfit::Describe(short)),
            }
        }
        Err(fault) => return Err(Unfit::Describe(fault)),
    };
    if description.len() > standard.description {
        return Err(Unfit::DescriptionTooLarge {
            found: description.len(),
            allowed: standard.description,
        });
    }
    let manifest = Manifest::from_json(&description).map_err(Unfit::Manifest)?;
    let limits = match (manifest.limits, short) {
        (Tier::Standard, None) => standard,
        (Tier::Standard, Some(short)) => return Err(Unfit::LargeNotAsked(short)),
        (Tier::Large, _) if tiers.large_allowed => large,
        (Tier::Large, short) => {
            return Err(Unfit::LargeNotAllowed {
                short: short.map(|short| short.detail),
            });
        }
    };
    if call::describe(component, &limits, ANOTHER_TIME).map_err(Unfit::Describe)? != description {
        return Err(Unfit::DescribeUnstable);
    }
    Arc::get_mut(component)
        .expect("nobody else has it yet")
        .limits = limits;
    Ok((manifest, description))
}
