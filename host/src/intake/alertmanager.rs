//! Alertmanager's webhook, version 4: `POST /ingest/alertmanager`.
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>
//!
//! | ours | theirs |
//! |---|---|
//! | kind | label `alertname`; what a kind may not have becomes `_`; `unnamed_alert` where there is none |
//! | severity | label `severity`, else `level`, `priority`; see `alertmanager/labels.rs` |
//! | action | `firing` engaged, `resolved` released; repeats are told apart in [`condition`](crate::condition) |
//! | entity | the first of a list of labels, see `alertmanager/labels.rs` |
//! | source | label `source`, else `cluster`, `prometheus` |
//! | category | label `category` |
//! | title | annotation `summary`, else label `alertname` |
//! | message | annotation `description`, else `message` |
//! | url | `generatorURL`, else the body's `externalURL`; where it is http or https |
//! | `starts_at`, `ends_at` | `startsAt`, `endsAt`; the year 1 is Go's word for no time |
//! | fingerprint | `fingerprint`, else of all labels |
//! | labels | `labels`; the first [`limits::LABELS`](super::limits::LABELS) |
//! | details | the alert as it came |
//!
//! Alertmanager drops what it could not post, and it passes on what others named. So texts are cut and
//! cleaned where the native parser refuses, and members that are not known are taken. Values of a wrong type,
//! times that are none and words that `status` does not have are refused.

mod envelope;
mod labels;
mod read;

use super::{Arrival, BodyError, Parsed};

/// Whose webhook it is: Grafana's differs in what it adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Alertmanager,
    Grafana,
}

/// What a post holds.
#[derive(Debug, Default)]
pub struct Webhook {
    /// The alerts; there may be none.
    pub parsed: Parsed,
    /// How many more alerts of the group the producer left out, by its own limit.
    pub truncated: u64,
    /// The name of the producer's receiver, on one line.
    pub receiver: String,
}

/// Reads a body.
///
/// # Errors
///
/// When the body as a whole cannot be read, or is of another version; faults of single alerts are in
/// [`Webhook::parsed`].
pub fn parse(body: &[u8], arrival: Arrival<'_>) -> Result<Webhook, BodyError> {
    envelope::open(body, arrival, Dialect::Alertmanager)
}

/// The same for Grafana's superset.
pub(super) fn parse_grafana(body: &[u8], arrival: Arrival<'_>) -> Result<Webhook, BodyError> {
    envelope::open(body, arrival, Dialect::Grafana)
}

#[cfg(test)]
mod tests;
