//! Step 8 without a destination: what a component would read of a response, and what host and component
//! would make of it together. For authors' checks.

use campanile_contract::manifest::Manifest;

use super::{reading, verdict};
use crate::clock::Millis;
use crate::egress::Received;
use crate::job::Stored;
use crate::message::{Response, Verdict};
use crate::outcome::{Outcome, Reason};
use crate::sandbox::Fault;

/// What a response comes to.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// Of the message.
    pub(crate) outcome: Outcome,
    /// Why.
    pub(crate) reason: Reason,
    /// Receipts by position in the delivery.
    pub(crate) receipts: Vec<(u32, String)>,
}

/// What the component is given of a response to this message; `None` where its manifest does not ask for it.
pub(crate) fn response(manifest: &Manifest, message: u32, received: &Received) -> Option<Response> {
    let report = received.mail.as_ref();
    let some_refused = report.is_some_and(|report| !report.refused.is_empty());
    reading::wanted(manifest, received.status, some_refused)
        .then(|| reading::declared(manifest, message, received))
}

/// What a response to the delivery's next message comes to.
///
/// # Errors
///
/// A fault that names what the component may not say.
pub(crate) fn outcome(
    manifest: &Manifest,
    delivery: &Stored,
    received: &Received,
    verdict: Option<Verdict>,
    now: Millis,
) -> Result<Judged, Fault> {
    let mut judged = super::host_judges(received, now);
    if let Some(verdict) = verdict {
        verdict::allowed(&verdict, manifest, delivery)?;
        judged = judged.refined(verdict);
    }
    Ok(Judged {
        outcome: judged.outcome,
        reason: judged.reason,
        receipts: judged.receipts,
    })
}
