//! ntopng's webhook: `POST /ingest/ntopng`. Taken are its envelope (API version 0.2, in the form until and
//! since November 2024), a bare array and a bare alert, each in the schemas of ntopng 4.0, 4.2 and 5.0
//! to 6.2.
//!
//! ntopng drops what it could not post, and it passes on names that strangers on the network chose. So
//! this parser mends where the native one refuses: bytes that are no UTF-8 and halves of surrogate pairs
//! become U+FFFD, names are cleaned and cut, unknown keys, actions and severities are taken. It refuses
//! what has no alert's id, dates out of range, numbers that do not fit, and keys that stand twice in the
//! alert's own object; inside its nested JSON the first of such keys holds.
//!
//! JSON within a string (`json`, `alert_json`, and in these `status_info` and `flow_risk_info`) is decoded
//! in place, so that `/json/value` reaches into [`Alert::details`](crate::alert::Alert::details). Numbers
//! keep their digits; a dot in a key (`proto.ndpi`) is a character like any other.

mod entity;
mod fields;
mod nested;
mod read;
mod tables;

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::identity::Ids;
use super::{Arrival, BodyError, Parsed, body};
use crate::alert::sound;

/// What a post of ntopng's webhook holds.
#[derive(Debug, Default)]
pub struct Webhook {
    /// The credential that ntopng puts into the body, when it is set; kept nowhere else.
    pub shared_secret: Option<SharedSecret>,
    /// The alerts. None at all is what ntopng's own test sends.
    pub parsed: Parsed,
}

/// ntopng's shared secret: wiped after use, and never printed.
pub struct SharedSecret(Zeroizing<String>);

impl SharedSecret {
    /// The secret, to be compared with a token.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default, borrow)]
    alerts: Option<&'a RawValue>,
    #[serde(default, borrow)]
    sharedsecret: Option<&'a RawValue>,
}

/// Reads a body.
///
/// # Errors
///
/// When the body as a whole cannot be read; faults of single alerts are in [`Webhook::parsed`]. No error
/// holds the shared secret.
pub fn parse(body: &[u8], arrival: Arrival<'_>) -> Result<Webhook, BodyError> {
    let text = sound::repaired(body::text_lossy(body)?);
    let value = body::value(&text)?;
    let (items, shared_secret) = match value.as_bytes().first() {
        Some(b'[') => (body::items(value, "$")?, None),
        Some(b'{') => open(value)?,
        _ => {
            return Err(shape(
                "$",
                "expected the webhook's object, an array of alerts, or an alert",
            ));
        }
    };
    let mut ids = Ids::new(arrival.now);
    let parsed = Parsed::collect(items, |item| read::alert(item.text, arrival, &mut ids));
    Ok(Webhook {
        shared_secret,
        parsed,
    })
}

type Opened<'a> = (Vec<body::Item<'a>>, Option<SharedSecret>);

fn open(object: &str) -> Result<Opened<'_>, BodyError> {
    let envelope: Envelope<'_> =
        serde_json::from_str(object).map_err(|error| shape("$", &body::words(&error)))?;
    let shared_secret = envelope
        .sharedsecret
        .map(|raw| secret(raw.get()))
        .transpose()?
        .flatten();
    let items = match envelope.alerts.map(RawValue::get) {
        Some(array) if array.starts_with('[') => body::items(array, "$.alerts")?,
        // Lua has no empty array: some encoders write an empty table so.
        Some(table) if is_empty_object(table) => Vec::new(),
        Some(_) => return Err(shape("$.alerts", "expected an array of alerts")),
        // Otherwise the secret would be taken for a field of an alert, and kept with it.
        None if envelope.sharedsecret.is_some() => {
            return Err(shape("$.alerts", "expected an array of alerts"));
        }
        None => body::single(object),
    };
    Ok((items, shared_secret))
}

fn secret(raw: &str) -> Result<Option<SharedSecret>, BodyError> {
    // The parser's own words would repeat the value.
    let text: Zeroizing<String> = serde_json::from_str(raw)
        .map(Zeroizing::new)
        .map_err(|_| shape("$.sharedsecret", "expected a string"))?;
    Ok((!text.is_empty()).then_some(SharedSecret(text)))
}

fn is_empty_object(text: &str) -> bool {
    text.strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|inside| inside.trim().is_empty())
}

fn shape(path: &str, detail: &str) -> BodyError {
    BodyError::Shape {
        path: path.to_owned(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests;
