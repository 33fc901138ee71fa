//! From the bytes of a file to a component that fits. Compiling it and calling it are for processes that
//! may do that; whether it fits is judged by who asked.

use std::sync::Arc;

use campanile_contract::manifest::{Manifest, Tier};
use campanile_contract::text::Catalog;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component as Compiled;

use super::boundary::Fault;
use super::call;
use super::component::{self, Component, World};
use super::limits::Tiers;
use super::unfit::Unfit;
use crate::outcome::Reason;

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

/// What a component turned out to be when it was linked and asked to describe itself: all that is known of it
/// before it is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Built {
    imports: Vec<String>,
    exports: Exports,
    description: String,
    /// What the standard limits were too small for.
    short: Option<Fault>,
}

/// Which world a component exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Exports {
    Endpoint,
    Formatter,
}

/// Whether bytes of this size and beginning can be a component at all.
///
/// # Errors
///
/// What they are instead.
pub(crate) fn look(tiers: &Tiers, wasm: &[u8]) -> Result<(), Unfit> {
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
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(Unfit::CoreModule),
        Some([0, b'a', b's', b'm', 13, 0, 1, 0]) => Ok(()),
        _ => {
            let first = &wasm[..wasm.len().min(8)];
            let found = if first.is_empty() {
                String::from("nothing")
            } else {
                format!("{first:02x?}")
            };
            Err(Unfit::NotWasm { found })
        }
    }
}

/// Compiles a component to code that [`load`](super::load) takes. Nothing of it runs, and nothing becomes executable.
///
/// # Errors
///
/// Where it is none, is damaged or too large.
pub(crate) fn compile(engine: &Engine, tiers: &Tiers, wasm: &[u8]) -> Result<Vec<u8>, Unfit> {
    look(tiers, wasm)?;
    engine
        .precompile_component(wasm)
        .map_err(|error| Unfit::Damaged(format!("{error:#}")))
}

/// Links a compiled component, and asks it to describe itself.
///
/// # Errors
///
/// What of it does not fit.
pub(crate) fn describe(
    engine: &Engine,
    tiers: &Tiers,
    compiled: &Compiled,
) -> Result<(Arc<Component>, Built), Unfit> {
    let imports = component::imports(engine, compiled)?;
    let limits = Arc::new(tiers.standard.clone());
    let component = Arc::new(Component::link(engine, compiled, limits)?);
    let exports = match component.world {
        World::Endpoint(..) => Exports::Endpoint,
        World::Formatter(..) => Exports::Formatter,
    };
    let (description, short) = description(&component, tiers)?;
    let built = Built {
        imports,
        exports,
        description,
        short,
    };
    Ok((component, built))
}

/// When `describe` is called for the second time: clock and random numbers are all that could make a
/// component describe itself otherwise, so they are others. 2001-09-09 01:46:40 UTC, and odd.
const ANOTHER_TIME: u64 = 1_000_000_000_001;

/// What a component says of itself, and what the standard limits were too small for.
fn description(
    component: &Arc<Component>,
    tiers: &Tiers,
) -> Result<(String, Option<Fault>), Unfit> {
    let (standard, large) = (
        Arc::new(tiers.standard.clone()),
        Arc::new(tiers.large.clone()),
    );
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
    let limits = if short.is_some() { &large } else { &standard };
    if call::describe(component, limits, ANOTHER_TIME).map_err(Unfit::Describe)? != description {
        return Err(Unfit::DescribeUnstable);
    }
    Ok((description, short))
}

/// Whether what was built fits: its manifest, its tier, its locales. Nothing foreign runs here.
///
/// # Errors
///
/// What does not fit.
pub(crate) fn fit(
    built: Built,
    digest: String,
    size: usize,
    tiers: &Tiers,
) -> Result<(Installed, Catalog), Unfit> {
    let Built {
        imports,
        exports,
        description,
        short,
    } = built;
    // Whoever built it may have been overcome by it.
    let allowed = tiers.standard.description;
    if description.len() > allowed {
        let found = description.len();
        return Err(Unfit::DescriptionTooLarge { found, allowed });
    }
    let manifest = Manifest::from_json(&description).map_err(Unfit::Manifest)?;
    let limits = match (manifest.limits, short) {
        (Tier::Standard, None) => &tiers.standard,
        (Tier::Standard, Some(short)) => return Err(Unfit::LargeNotAsked(short)),
        (Tier::Large, _) if tiers.large_allowed => &tiers.large,
        (Tier::Large, short) => {
            return Err(Unfit::LargeNotAllowed {
                short: short.map(|short| short.detail),
            });
        }
    };
    if size > limits.component {
        return Err(Unfit::TooLarge {
            found: size,
            allowed: limits.component,
        });
    }
    let (exported, described) = match (exports, manifest.is_formatter()) {
        (Exports::Endpoint, true) => ("endpoint", "a formatter"),
        (Exports::Formatter, false) => ("formatter", "an endpoint"),
        _ => {
            let catalog = Catalog::parse(&manifest.locales).map_err(Unfit::Locales)?;
            let installed = Installed {
                digest,
                manifest,
                description,
                imports,
            };
            return Ok((installed, catalog));
        }
    };
    Err(Unfit::OtherManifest {
        exported: exported.to_owned(),
        manifest: described.to_owned(),
    })
}
