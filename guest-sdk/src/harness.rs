//! Runs a component's logic on the author's machine, without wasm: alerts, a recipient and responses in,
//! deliveries, verdicts and text out. What the host would do is done by the same crate that the host uses.
//!
//! A harness panics on what only a test can do wrong, such as a parameter that the manifest lacks.

mod alert;
pub(crate) mod convert;
mod description;
mod endpoint;
mod formatter;
mod reads;
mod run;
mod show;

pub use alert::Alert;
pub use endpoint::Harness;
pub use formatter::{describe_event, event};
pub use run::run;
