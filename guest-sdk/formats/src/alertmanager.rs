//! Alertmanager's webhook, version 4: one group of all alerts.
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>

use campanile_guest::json::{Array, Object};
use campanile_guest::time::rfc3339;
use campanile_guest::{Action, Markup, Notification};

/// Names and values, in the order of their names.
type Labels = Vec<(String, String)>;

/// Go's zero time: a firing alert has not ended.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// One group of all these alerts, for the receiver `receiver`; `external_url` is where people find who sends,
/// or empty. Without alerts it is `resolved`, and a test.
pub fn group(receiver: &str, external_url: &str, alerts: &[Notification]) -> Object {
    let labels: Vec<Labels> = alerts.iter().map(labels).collect();
    let annotations: Vec<Labels> = alerts.iter().map(annotations).collect();
    let firing = alerts.iter().any(|alert| status(alert) == "firing");
    let mut list = Array::new();
    for ((alert, labels), annotations) in alerts.iter().zip(&labels).zip(&annotations) {
        list = list.value(one(alert, labels, annotations));
    }
    let key = format!("{{}}/{{receiver={receiver:?}}}:{{}}");
    Object::new()
        .text("version", "4")
        .text("groupKey", &key)
        .integer("truncatedAlerts", 0)
        .text("status", if firing { "firing" } else { "resolved" })
        .text("receiver", receiver)
        .value("groupLabels", Object::new())
        .value("commonLabels", object(&common(&labels)))
        .value("commonAnnotations", object(&common(&annotations)))
        .text("externalURL", external_url)
        .value("alerts", list)
}

fn one(alert: &Notification, labels: &Labels, annotations: &Labels) -> Object {
    let starts_at = alert.starts_at();
    let ends_at = match status(alert) {
        "resolved" => rfc3339(alert.ends_at().unwrap_or(starts_at)),
        _ => NO_TIME.to_owned(),
    };
    // Theirs has 64 bits.
    let fingerprint: String = alert.fingerprint().chars().take(16).collect();
    Object::new()
        .text("status", status(alert))
        .value("labels", object(labels))
        .value("annotations", object(annotations))
        .text("startsAt", &rfc3339(starts_at))
        .text("endsAt", &ends_at)
        .text("generatorURL", &alert.url().unwrap_or_default())
        .text("fingerprint", &fingerprint)
}

/// There are two; an event without an end fires, too.
fn status(alert: &Notification) -> &'static str {
    match alert.action() {
        Action::Released => "resolved",
        _ => "firing",
    }
}

/// The producer's own, and those by which alerts are routed, where it has not named them otherwise.
fn labels(alert: &Notification) -> Labels {
    let mut labels = alert.labels();
    let entity = alert.entity();
    for (name, value) in [
        ("alertname", alert.kind()),
        ("severity", alert.severity().name().to_owned()),
        ("entity", entity.value),
        ("entity_kind", entity.kind),
        ("entity_name", entity.name.unwrap_or_default()),
        ("source", alert.source()),
        ("category", alert.category().unwrap_or_default()),
        ("subtype", alert.subtype().unwrap_or_default()),
    ] {
        if !labels.iter().any(|(known, _)| known == name) {
            labels.push((name.to_owned(), value));
        }
    }
    // An empty label is one that is not there.
    labels.retain(|(_, value)| !value.is_empty());
    labels.sort();
    labels
}

fn annotations(alert: &Notification) -> Labels {
    let mut annotations = vec![
        ("description".to_owned(), alert.message(&Markup::Plain)),
        ("summary".to_owned(), alert.title(&Markup::Plain)),
    ];
    annotations.retain(|(_, value)| !value.is_empty());
    annotations
}

/// Those that all have.
fn common(all: &[Labels]) -> Labels {
    let mut common = all.first().cloned().unwrap_or_default();
    for labels in all {
        common.retain(|pair| labels.contains(pair));
    }
    common
}

fn object(labels: &Labels) -> Object {
    labels.iter().fold(Object::new(), |object, (name, value)| {
        object.text(name, value)
    })
}
