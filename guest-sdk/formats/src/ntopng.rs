//! ntopng's webhook: version 0.2, and its form since November 2024, in which an alert's `json` is an object
//! and no longer a string. <https://www.ntop.org/guides/ntopng/advanced_features/alerts.html>
//!
//! An alert that came from ntopng goes on as ntopng wrote it; of others ntopng's common members are made.
//! Either has `title` and `message` besides: ntopng's own JSON says nothing that people could read.

use campanile_guest::json::{Array, Object, escape, members};
use campanile_guest::{Action, Hole, Markup, Notification, Severity, fact};

/// ntopng's entities, by their numbers since 5.0; what is none of them is `other`.
const ENTITIES: [(&str, i64); 14] = [
    ("interface", 0),
    ("host", 1),
    ("network", 2),
    ("snmp_device", 3),
    ("flow", 4),
    ("mac", 5),
    ("host_pool", 6),
    ("user", 7),
    ("am_host", 8),
    ("system", 9),
    ("test", 10),
    ("asn", 11),
    ("domain", 12),
    ("mitre", 13),
];
const OTHER: i64 = 15;

/// The interface that stands for ntopng's host itself: the source of what no interface saw.
const SYSTEM_INTERFACE: i64 = -1;

/// Which of ntopng's two forms. Either calls itself 0.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// An alert's `json` is a string.
    V02,
    /// Since November 2024: an alert's `json` is an object, and the document has the time when it is sent.
    Since2024,
}

/// A document of these alerts; `shared_secret` is a hole for what the receiver knows ntopng by. Without alerts it
/// is a test.
pub fn document(version: Version, shared_secret: Option<Hole>, alerts: &[Notification]) -> Object {
    let mut document = Object::new().text("version", "0.2");
    if version == Version::Since2024 {
        document = document.bare_hole("timestamp", fact("unix-seconds"));
    }
    if let Some(secret) = shared_secret {
        document = document.hole("sharedsecret", secret);
    }
    let list = alerts
        .iter()
        .fold(Array::new(), |list, alert| list.value(version.alert(alert)));
    document.value("alerts", list)
}

impl Version {
    fn alert(self, alert: &Notification) -> Object {
        let mut object = match ntopngs_own(alert) {
            Some(own) => self.as_written(&own),
            None => self.made_of(alert),
        };
        if self == Self::Since2024 {
            object = object.value("metadata", Array::new());
        }
        object
            .text("title", &alert.title(&Markup::Plain))
            .text("message", &alert.message(&Markup::Plain))
    }

    fn as_written(self, own: &str) -> Object {
        let mut object = Object::with_capacity(own.len() + 256);
        for (name, value) in members(own) {
            object = match name.as_str() {
                "title" | "message" | "metadata" => object,
                "json" | "alert_json" => self.nested(object, &name, value),
                _ => object.raw(&name, value),
            };
        }
        object
    }

    /// ntopng's members since 5.0. The name of a kind that ntopng does not number is that of its script.
    fn made_of(self, alert: &Notification) -> Object {
        let (entity, source) = (alert.entity(), alert.source());
        let (action, ends_at) = match alert.action() {
            Action::Stored => ("store", None),
            Action::Released => ("release", alert.ends_at()),
            _ => ("engage", None),
        };
        let number = ENTITIES.iter().find(|(kind, _)| *kind == entity.kind);
        let mut object = Object::new()
            .integer("ifid", source.parse().unwrap_or(SYSTEM_INTERFACE))
            .text("ifname", &source)
            .text("action", action)
            .integer("alert_id", 0)
            .text("subtype", &alert.subtype().unwrap_or_default())
            .integer("entity_id", number.map_or(OTHER, |(_, number)| *number))
            .text("entity_val", &entity.value)
            .text("name", &entity.name.unwrap_or_default())
            .integer("score", score(alert))
            .integer("severity", alert.severity() as i64 + 1)
            .integer("tstamp", seconds(alert.starts_at()))
            .integer("tstamp_end", ends_at.map_or(0, seconds))
            .integer("granularity", 0);
        if entity.kind == "host" {
            let address = entity.value.split('@').next().unwrap_or_default();
            object = object.text("ip", address);
        }
        let json = format!(
            r#"{{"alert_generation":{{"script_key":{},"subdir":{}}}}}"#,
            quoted(&alert.kind()),
            quoted(&entity.kind)
        );
        self.nested(object, "json", &json)
    }

    fn nested(self, object: Object, name: &str, json: &str) -> Object {
        if self == Self::V02 && json.starts_with(['{', '[']) {
            object.text(name, json)
        } else {
            object.raw(name, json)
        }
    }
}

/// What ntopng wrote, where the alert came from there: intake keeps it, with its nested JSON decoded.
fn ntopngs_own(alert: &Notification) -> Option<String> {
    let any = |names: &[&str]| names.iter().any(|name| alert.detail(name).is_some());
    (any(&["/alert_id", "/alert_type"]) && any(&["/entity_id", "/alert_entity", "/is_flow_alert"]))
        .then(|| alert.detail(""))?
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    escape(text, &mut out);
    out + "\""
}

fn seconds(milliseconds: u64) -> i64 {
    i64::try_from(milliseconds / 1000).unwrap_or_default()
}

/// The producer's own, or the least by which ntopng derives the severity.
fn score(alert: &Notification) -> i64 {
    alert.score().map_or_else(
        || match alert.severity() {
            Severity::Debug | Severity::Info => 1,
            Severity::Notice => 10,
            Severity::Warning => 50,
            Severity::Error => 100,
            Severity::Critical | Severity::Alert => 200,
            Severity::Emergency => 250,
        },
        i64::from,
    )
}
