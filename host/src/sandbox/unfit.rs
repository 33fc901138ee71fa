//! Why a component is refused, in words that say what was found and what was expected.

use campanile_contract::CONTRACT;
use campanile_contract::manifest::Mistakes;
use serde::{Deserialize, Serialize};

use super::boundary::Fault;
use super::lockdown::Missing;

/// Why a component does not fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
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
    #[serde(skip)]
    Manifest(Mistakes),
    /// The locales have mistakes.
    #[error("the locales have mistakes:\n{}", .0.join("\n"))]
    Locales(Vec<String>),
    /// The manifest belongs to the other world.
    #[error("the component exports `{exported}`, but its manifest is that of {manifest}")]
    OtherManifest {
        /// The export.
        exported: String,
        /// Whose manifest it is.
        manifest: String,
    },
    /// It would have to run to describe itself, and must not.
    #[error(
        "nobody vouches for the component, and this machine cannot lock it down: {0}; to run it all the same, write its \
         digest into `vouched` under [server]"
    )]
    NotConfined(Missing),
    /// Compiling it takes too long.
    #[error("compiling the component took longer than {seconds} s, which is what it may take")]
    CompileTime {
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The process that compiled it died of it.
    #[error(
        "the component cannot be compiled here: {0}; it may need more memory than compiling may take"
    )]
    Compiler(String),
}
