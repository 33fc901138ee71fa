//! One alert of a group, from its members to ours.

use std::collections::BTreeMap;

use campanile_contract::alert::Action;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Dialect;
use super::envelope::Group;
use super::labels::Labels;
use crate::alert::{Alert, labels, time};
use crate::clock::Millis;
use crate::intake::identity::Ids;
use crate::intake::{Arrival, Code, Fault, body, details, explain, fingerprint, limits};

/// The year of Go's zero time, which stands where there is none.
const NO_TIME: &str = "0001-01-01T";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form {
    status: Option<String>,
    #[serde(default, with = "labels")]
    labels: Vec<(String, String)>,
    #[serde(default, with = "labels")]
    annotations: Vec<(String, String)>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
    fingerprint: Option<String>,
}

/// What Grafana adds and we have a place for; the rest is in the details.
#[derive(Default, Deserialize)]
struct Additions {
    #[serde(rename = "panelURL")]
    panel_url: Option<String>,
    #[serde(rename = "dashboardURL")]
    dashboard_url: Option<String>,
    values: Option<BTreeMap<String, Option<f64>>>,
}

/// Reads the text of an object.
pub(super) fn alert(
    text: &str,
    group: &Group,
    arrival: Arrival<'_>,
    ids: &mut Ids,
) -> Result<Alert, Fault> {
    let form: Form = read(text)?;
    let additions: Additions = match group.dialect {
        Dialect::Alertmanager => Additions::default(),
        Dialect::Grafana => read(text)?,
    };
    let raw: &RawValue = serde_json::from_str(text)
        .map_err(|error| Fault::new("", Code::Malformed, body::words(&error)))?;
    let details = details::checked("", raw)?;
    let action = action(form.status.as_deref().or(group.status.as_deref()))?;
    let starts_at = moment(".startsAt", form.starts_at.as_deref())?;
    let ends_at = moment(".endsAt", form.ends_at.as_deref())?;
    let (labels, annotations) = (Labels(&form.labels), Labels(&form.annotations));
    let urls = [
        additions.panel_url,
        additions.dashboard_url,
        form.generator_url,
        group.external_url.clone(),
    ];
    let categories: &[&str] = match group.dialect {
        Dialect::Alertmanager => &["category"],
        Dialect::Grafana => &["category", "grafana_folder"],
    };
    Ok(Alert {
        id: ids.next(),
        kind: labels.kind(),
        subtype: None,
        severity: labels.severity(),
        score: None,
        action,
        entity: labels.entity(),
        source: labels
            .first(&["source", "cluster", "prometheus"])
            .map(limits::cleaned)
            .unwrap_or_default(),
        category: labels.first(categories).map(limits::cleaned),
        starts_at: starts_at.unwrap_or(arrival.now),
        // A firing alert may have one: when it will be over unless it is told again.
        ends_at: ends_at.filter(|_| action == Action::Released),
        title: annotations
            .first(&["summary"])
            .or_else(|| labels.first(&["alertname"]))
            .map(|title| words(title, limits::TITLE)),
        message: annotations
            .first(&["description", "message"])
            .map(|message| words(message, limits::MESSAGE)),
        labels: labels.kept(),
        url: urls
            .into_iter()
            .flatten()
            .find(|url| limits::url("", url).is_ok()),
        threshold: None,
        value: only(additions.values),
        fingerprint: condition(
            form.fingerprint.as_deref(),
            &form.labels,
            group,
            arrival.scope,
        ),
        details: Some(details),
    })
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| explain::fault::<T>(text))
}

fn action(status: Option<&str>) -> Result<Action, Fault> {
    match status {
        Some("firing") => Ok(Action::Engaged),
        Some("resolved") => Ok(Action::Released),
        Some(other) => {
            let detail = format!("`{other}` is neither `firing` nor `resolved`");
            Err(Fault::new(".status", Code::UnknownValue, detail))
        }
        None => Err(Fault::new(
            ".status",
            Code::MissingField,
            "missing field `status`",
        )),
    }
}

fn moment(path: &str, text: Option<&str>) -> Result<Option<Millis>, Fault> {
    let Some(text) = text.filter(|text| !text.starts_with(NO_TIME)) else {
        return Ok(None);
    };
    let millis = time::parse(text).ok_or_else(|| {
        let detail = format!("`{text}` is not an RFC 3339 time within 1970 to 9999");
        Fault::new(path, Code::OutOfRange, detail)
    })?;
    Ok(Some(millis))
}

/// Text for people, without NUL, cut where it is too long; whole it is in the details.
fn words(text: &str, max: usize) -> String {
    limits::shortened(&text.replace('\0', "\u{fffd}"), max).to_owned()
}

/// The measured value, where there is one only: which of several counts, nobody says.
fn only(values: Option<BTreeMap<String, Option<f64>>>) -> Option<f64> {
    let values = values?;
    match values.len() {
        1 => values.into_values().next().flatten(),
        _ => None,
    }
}

/// Firing and resolved have the same labels, of which the producer's own fingerprint is a hash. Organisations
/// of one Grafana may have the same labels.
fn condition(
    given: Option<&str>,
    labels: &[(String, String)],
    group: &Group,
    scope: &str,
) -> String {
    let (form, org) = match group.dialect {
        Dialect::Alertmanager => ("alertmanager", String::new()),
        Dialect::Grafana => (
            "grafana",
            group.org.map(|org| org.to_string()).unwrap_or_default(),
        ),
    };
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        return fingerprint::of(scope, form, &[&org, given]);
    }
    let mut sorted: Vec<_> = labels.iter().collect();
    sorted.sort_unstable();
    let mut parts = vec![org.as_str(), "labels"];
    for (name, value) in sorted {
        parts.extend([name.as_str(), value.as_str()]);
    }
    fingerprint::of(scope, form, &parts)
}
