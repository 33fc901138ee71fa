//! Grafana's webhook: `POST /ingest/grafana`, Alertmanager's with additions.
//! <https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/>
//!
//! As [`alertmanager`], and besides:
//!
//! | ours | theirs |
//! |---|---|
//! | version | Grafana's own, `1` |
//! | category | label `category`, else `grafana_folder` |
//! | url | `panelURL`, else `dashboardURL`, `generatorURL`, the body's `externalURL` |
//! | value | of `values`, where there is only one |
//! | fingerprint | bound to `orgId` too |
//!
//! `valueString`, `silenceURL` and `imageURL` are in the details. The body's own `title`, `message` and
//! `state` are Grafana's rendering of the whole group, and are not used.

use super::alertmanager::{self, Webhook};
use super::{Arrival, BodyError};

/// Reads a body.
///
/// # Errors
///
/// When the body as a whole cannot be read, or is of another version; faults of single alerts are in
/// [`Webhook::parsed`].
pub fn parse(body: &[u8], arrival: Arrival<'_>) -> Result<Webhook, BodyError> {
    alertmanager::parse_grafana(body, arrival)
}

#[cfg(test)]
mod tests;
