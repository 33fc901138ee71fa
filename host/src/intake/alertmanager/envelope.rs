//! What stands around the alerts: one group, with its producer's version and limit.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Dialect, Webhook, read};
use crate::alert::sound;
use crate::intake::identity::Ids;
use crate::intake::{Arrival, BodyError, Parsed, body, explain, limits};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form<'a> {
    version: Option<String>,
    status: Option<String>,
    receiver: Option<String>,
    #[serde(rename = "externalURL")]
    external_url: Option<String>,
    truncated_alerts: Option<u64>,
    org_id: Option<i64>,
    #[serde(borrow, default, deserialize_with = "present")]
    alerts: Option<&'a RawValue>,
}

/// Keeps `null` apart from absence: it is how a list of Go's without items may be written.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// What of the group its alerts need.
pub(super) struct Group {
    pub(super) dialect: Dialect,
    pub(super) status: Option<String>,
    pub(super) external_url: Option<String>,
    pub(super) org: Option<i64>,
}

pub(super) fn open(
    bytes: &[u8],
    arrival: Arrival<'_>,
    dialect: Dialect,
) -> Result<Webhook, BodyError> {
    let text = sound::repaired(body::text_lossy(bytes)?);
    let value = body::value(&text)?;
    if !value.starts_with('{') {
        return Err(shape("$", "expected the webhook's object"));
    }
    let form: Form<'_> = serde_json::from_str(value).map_err(|_| {
        let fault = explain::fault::<Form<'_>>(value);
        let detail = limits::shortened(&fault.detail, limits::DETAIL);
        shape(&format!("${}", fault.path), detail)
    })?;
    version(form.version.as_deref(), dialect)?;
    let items = match form.alerts.map(RawValue::get) {
        Some(array) if array.starts_with('[') => body::items(array, "$.alerts")?,
        Some("null") => Vec::new(),
        _ => return Err(shape("$.alerts", "expected an array of alerts")),
    };
    let group = Group {
        dialect,
        status: form.status,
        external_url: form.external_url,
        org: form.org_id,
    };
    let mut ids = Ids::new(arrival.now);
    Ok(Webhook {
        parsed: Parsed::collect(items, |item| {
            read::alert(item.text, &group, arrival, &mut ids)
        }),
        truncated: form.truncated_alerts.unwrap_or(0),
        receiver: limits::cleaned(&form.receiver.unwrap_or_default()),
    })
}

/// Alertmanager's has been 4 since 2016; Grafana counts its own, and is at 1.
fn version(found: Option<&str>, dialect: Dialect) -> Result<(), BodyError> {
    let (expected, whose) = match dialect {
        Dialect::Alertmanager => ("4", "Alertmanager"),
        Dialect::Grafana => ("1", "Grafana"),
    };
    if found == Some(expected) {
        return Ok(());
    }
    let found = found.map_or_else(
        || "none".to_owned(),
        |found| format!("{:?}", limits::shortened(found, 32)),
    );
    Err(shape(
        "$.version",
        &format!("expected version \"{expected}\" of {whose}'s webhook, found {found}"),
    ))
}

fn shape(path: &str, detail: &str) -> BodyError {
    BodyError::Shape {
        path: limits::shortened(path, limits::DETAIL).to_owned(),
        detail: detail.to_owned(),
    }
}
