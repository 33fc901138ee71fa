//! The alert, as it was taken in: the word that intake, route, store and deliver share. Its JSON form is
//! the host's native one, which is stored, shown, and given to components as the document.

mod cursor;
pub mod labels;
pub mod pointer;
pub mod sound;
pub mod time;

use campanile_contract::alert::{Action, Entity, Severity};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::Millis;

/// Something that happened. Intake is the only maker: what stands here is within its limits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alert {
    /// A `UUIDv7`: unique, and sortable by the time of acceptance.
    pub id: String,
    /// The key of its definition.
    pub kind: String,
    /// A finer kind, as its definition knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtype: Option<String>,
    /// How urgent it is.
    pub severity: Severity,
    /// The producer's own score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u32>,
    /// Where it is in its life.
    pub action: Action,
    /// What it is about.
    pub entity: Entity,
    /// The sensor or interface that raised it; empty when it is not known.
    pub source: String,
    /// Such as `security`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Milliseconds since the Unix epoch, UTC; RFC 3339 in JSON.
    #[serde(with = "time")]
    pub starts_at: Millis,
    /// Milliseconds since the Unix epoch, UTC; RFC 3339 in JSON.
    #[serde(
        default,
        with = "time::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub ends_at: Option<Millis>,
    /// The producer's own title, plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The producer's own message, plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The producer's labels, in its order; an object in JSON.
    #[serde(default, with = "labels", skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<(String, String)>,
    /// Where a person can look at it: http or https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What `value` was not to exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The same for all news of one condition; bound to the token that sent it.
    pub fingerprint: String,
    /// The producer's own JSON, digit for digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<RawValue>>,
}

impl Alert {
    /// The alert in the host's native JSON, on one line.
    ///
    /// # Panics
    ///
    /// Never: all keys are strings, and the details are JSON already.
    #[must_use]
    pub fn document(&self) -> String {
        serde_json::to_string(self).expect("an alert has string keys only")
    }

    /// [`Alert::document`] without the producer's own title and message: a notification puts those that were
    /// rendered in their place, and no name stands twice in one object.
    #[must_use]
    pub fn document_without_texts(&self) -> String {
        if self.title.is_none() && self.message.is_none() {
            return self.document();
        }
        let bare = Self {
            title: None,
            message: None,
            ..self.clone()
        };
        bare.document()
    }

    /// One of the producer's own fields, as JSON text with its digits as they came; `None` where the
    /// RFC 6901 pointer leads nowhere. A dot in a key is a character like any other.
    #[must_use]
    pub fn detail(&self, pointer: &str) -> Option<&str> {
        pointer::find(self.details.as_deref()?.get(), pointer)
    }
}

impl PartialEq for Alert {
    fn eq(&self, other: &Self) -> bool {
        // Taken apart, so that a new field cannot be forgotten.
        let Self {
            id,
            kind,
            subtype,
            severity,
            score,
            action,
            entity,
            source,
            category,
            starts_at,
            ends_at,
            title,
            message,
            labels,
            url,
            threshold,
            value,
            fingerprint,
            details,
        } = self;
        *id == other.id
            && *kind == other.kind
            && *subtype == other.subtype
            && *severity == other.severity
            && *score == other.score
            && *action == other.action
            && *entity == other.entity
            && *source == other.source
            && *category == other.category
            && *starts_at == other.starts_at
            && *ends_at == other.ends_at
            && *title == other.title
            && *message == other.message
            && *labels == other.labels
            && *url == other.url
            && *threshold == other.threshold
            && *value == other.value
            && *fingerprint == other.fingerprint
            && details.as_deref().map(RawValue::get) == other.details.as_deref().map(RawValue::get)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flood() -> Alert {
        Alert {
            id: "0197f000-0000-7000-8000-000000000001".into(),
            kind: "flows_flood".into(),
            subtype: Some("flow_flood_attacker".into()),
            severity: Severity::Error,
            score: Some(100),
            action: Action::Released,
            entity: Entity {
                kind: "host".into(),
                value: "192.168.1.19@0".into(),
                name: Some("host.lan".into()),
            },
            source: "eth0".into(),
            category: Some("security".into()),
            starts_at: 1_720_517_073_000,
            ends_at: Some(1_720_517_133_250),
            title: Some("a \"title\"".into()),
            message: Some("line\nline".into()),
            labels: vec![("z".into(), "1".into()), ("a.b".into(), "2".into())],
            url: Some("https://ntopng.example/".into()),
            threshold: Some(256.0),
            value: Some(1081.5),
            fingerprint: "f".repeat(32),
            details: Some(
                RawValue::from_string(
                    r#"{"flow_risk_bitmap":18446744073709551615,"big":1e400,"proto.ndpi":"DNS"}"#
                        .into(),
                )
                .unwrap(),
            ),
        }
    }

    #[test]
    fn a_document_without_texts_lacks_nothing_else() {
        let texts = Alert {
            title: Some("a".into()),
            message: Some("b".into()),
            ..flood()
        };
        let bare = Alert {
            title: None,
            message: None,
            ..flood()
        };
        for alert in [&texts, &bare] {
            assert_eq!(alert.document_without_texts(), bare.document());
        }
        assert_ne!(texts.document(), bare.document());
    }

    #[test]
    fn a_document_reads_back_as_the_same_alert() {
        let full = flood();
        assert_eq!(
            serde_json::from_str::<Alert>(&full.document()).unwrap(),
            full
        );

        let bare = Alert {
            subtype: None,
            score: None,
            category: None,
            ends_at: None,
            title: None,
            message: None,
            labels: Vec::new(),
            url: None,
            threshold: None,
            value: None,
            details: None,
            ..flood()
        };
        let document = bare.document();
        assert_eq!(serde_json::from_str::<Alert>(&document).unwrap(), bare);
        for absent in ["subtype", "ends_at", "labels", "details", "null"] {
            assert!(!document.contains(absent), "{absent} in {document}");
        }
    }

    #[test]
    fn a_document_has_rfc_3339_times_and_labels_in_their_order() {
        let document = flood().document();
        assert!(
            document.contains(r#""starts_at":"2024-07-09T09:24:33.000Z""#),
            "{document}"
        );
        assert!(
            document.contains(r#""ends_at":"2024-07-09T09:25:33.250Z""#),
            "{document}"
        );
        assert!(
            document.contains(r#""labels":{"z":"1","a.b":"2"}"#),
            "{document}"
        );
    }

    #[test]
    fn details_keep_digits_that_no_float_holds() {
        let alert = flood();
        assert_eq!(
            alert.detail("/flow_risk_bitmap"),
            Some("18446744073709551615")
        );
        assert_eq!(alert.detail("/big"), Some("1e400"));
        assert_eq!(alert.detail("/proto.ndpi"), Some("\"DNS\""));
        assert_eq!(alert.detail("/proto/ndpi"), None);
        assert!(alert.document().contains("18446744073709551615"));
    }

    #[test]
    fn alerts_differ_where_only_their_details_do() {
        let one = flood();
        let mut other = flood();
        other.details = Some(RawValue::from_string("{}".into()).unwrap());
        assert_ne!(one, other);
        other.details = None;
        assert_ne!(one, other);
    }
}
