//! `campanile check`: the conformance suites that components have to pass, and that their authors run at home.
//! What formatters do right is in `formatter`; the rest of this is about endpoints. The real sandbox runs it, the real rules judge what it answers, and the real way out fills
//! its requests; nothing is dialled, and the responses are invented here.
//!
//! | file | knows |
//! |---|---|
//! | `sample` | the file with parameters to try it with |
//! | `rule`, `report` | what is checked, and what was found |
//! | `stand`, `seal`, `used` | one sample: a recipient, its secrets, and calls that are measured and repeated |
//! | `setup` | languages, lint, the line for administrators, the test message |
//! | `alerts` | the alerts that it is given: plain, hostile, long, empty, in batches, with receipts |
//! | `request` | one message: filled, parsed, its secrets in their places |
//! | `answers` | what it makes of every kind of response |
//! | `formatter` | the suite of formatters |

mod alerts;
mod answers;
pub mod formatter;
mod report;
mod request;
mod rule;
mod sample;
mod seal;
mod setup;
mod stand;
mod used;

use std::collections::BTreeSet;
use std::time::Duration;

use campanile_contract::manifest::Tier;

pub use report::{Check, Finding, Identity, Level, Report, Usage};
pub use rule::Rule;
pub use sample::{Answer, Sample, Samples, SamplesError};

use report::Ledger;
use stand::Stand;
use used::Use;

use crate::sandbox::{Limits, Sandbox, Tiers, Unfit, Why};

/// The time that goes by is the machine's business here, which may be busy; processor time is the component's.
const PATIENCE: Duration = Duration::from_secs(60);

/// A formatter has no parameters, and a suite of its own: [`formatter::check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is a formatter, not an endpoint")]
pub struct IsFormatter;

/// Checks an endpoint component with these samples. `progress` is told what is done next.
///
/// # Errors
///
/// [`IsFormatter`], or where the sandbox cannot be started; all that is wrong with the component is in the report.
pub fn endpoint(
    wasm: &[u8],
    samples: &Samples,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Report> {
    let limits = Limits {
        wall: PATIENCE,
        ..Limits::default()
    };
    let sandbox = Sandbox::start(Tiers::all(limits), Why::Check)?;
    let mut ledger = Ledger::default();
    progress("installing it");
    ledger.look(Rule::Installs);
    let installed = match sandbox.install(wasm) {
        Ok(installed) => installed,
        Err(unfit) => {
            ledger.add(Rule::Installs, refused(&unfit));
            return Ok(ledger.report(None, Vec::new()));
        }
    };
    if installed.manifest.is_formatter() {
        return Err(IsFormatter.into());
    }
    setup::languages(&installed, &mut ledger);
    let (mut used, mut stands) = (Use::default(), BTreeSet::new());
    for sample in &samples.samples {
        let Some(mut stand) = Stand::new(
            &sandbox,
            &installed,
            sample,
            &mut ledger,
            &mut used,
            &mut stands,
        ) else {
            continue;
        };
        progress(&format!("sample `{}`: set-up", sample.name));
        setup::check(&mut stand);
        progress(&format!("sample `{}`: alerts", sample.name));
        let delivered = alerts::check(&mut stand);
        progress(&format!("sample `{}`: responses", sample.name));
        answers::check(&mut stand, &delivered);
    }
    request::places(&installed.manifest, &stands, &mut ledger);
    let usage = used.against(sandbox.tiers().of(installed.manifest.limits));
    let manifest = installed.manifest;
    let identity = Identity {
        name: manifest.name,
        version: manifest.version,
        digest: installed.digest,
        large: manifest.limits == Tier::Large,
    };
    Ok(ledger.report(Some(identity), usage))
}

fn refused(unfit: &Unfit) -> Finding {
    let (place, fix) = match unfit {
        Unfit::Manifest(_) | Unfit::OtherManifest { .. } => (
            "the manifest",
            "correct these keys; wit/README.md lists every key, kind and place",
        ),
        Unfit::Locales(_) => (
            "the messages",
            "give every language the keys and holes of English",
        ),
        Unfit::DescribeUnstable => (
            "describe",
            "return a constant: neither time nor random numbers belong in it",
        ),
        Unfit::Describe(_)
        | Unfit::DescriptionTooLarge { .. }
        | Unfit::LargeNotAsked(_)
        | Unfit::LargeNotAllowed { .. } => ("describe", "see the limits in wit/README.md"),
        Unfit::UnknownImport { .. } => (
            "the imports",
            "build it without what needs this import; wit/README.md says what there is",
        ),
        Unfit::OtherContract { .. } | Unfit::Types(_) => {
            ("the types", "build it against this version's wit/")
        }
        Unfit::NotWasm { .. }
        | Unfit::CoreModule
        | Unfit::TooLarge { .. }
        | Unfit::Damaged(_)
        | Unfit::NotConfined(_)
        | Unfit::CompileTime { .. }
        | Unfit::Compiler(_)
        | Unfit::NoWorld { .. } => (
            "the file",
            "build a component for the world `alert-endpoint`",
        ),
    };
    Finding::failure(place, unfit.to_string(), "no host installs it", fix)
}
