//! An alert as one recipient sees it, before it is written in the markup of a destination.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::alert::{Action, Entity, Severity};
use crate::text::{Markup, Rich};

/// What stands behind the WIT resource `notification`. All text for people is already in the
/// recipient's language; it is escaped when a component asks for it in a markup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Unique and sortable by time.
    pub id: String,
    /// The same for all news of one condition.
    pub fingerprint: String,
    /// The title of its definition.
    pub title: Rich,
    /// The description of its definition.
    pub message: Rich,
    /// A Font Awesome 5 name.
    pub icon: Option<String>,
    /// `starts_at` in the recipient's language and time zone.
    pub time: String,
    /// Milliseconds since the Unix epoch, UTC.
    pub starts_at: u64,
    /// Milliseconds since the Unix epoch, UTC.
    pub ends_at: Option<u64>,
    /// The key of its definition.
    pub kind: String,
    /// A finer kind, as its definition knows it.
    pub subtype: Option<String>,
    /// How urgent it is.
    pub severity: Severity,
    /// The severity in the recipient's language.
    pub severity_label: String,
    /// The producer's own score.
    pub score: Option<u32>,
    /// Such as `security`.
    pub category: Option<String>,
    /// Where it is in its life.
    pub action: Action,
    /// What it is about.
    pub entity: Entity,
    /// The entity in the recipient's language.
    pub entity_label: Rich,
    /// The sensor or interface that raised it.
    pub source: String,
    /// The producer's labels.
    pub labels: Vec<(String, String)>,
    /// Where a person can look at it.
    pub url: Option<String>,
    /// What an earlier delivery of the same condition left.
    pub receipt: Option<String>,
    /// Repeats that were held back since the last one sent.
    pub suppressed: u32,
    /// The alert in the host's native JSON, without the rendered title and message.
    pub document: String,
}

impl Notification {
    /// [`Notification::document`] with the members `title` and `message` besides: the rendered text,
    /// without markup.
    #[must_use]
    pub fn document_with_texts(&self) -> String {
        let title = Value::from(self.title.render(Markup::Plain)).to_string();
        let message = Value::from(self.message.render(Markup::Plain)).to_string();
        let members = self
            .document
            .trim_end()
            .strip_suffix('}')
            .map_or("{", str::trim_end);
        let comma = if members.ends_with('{') { "" } else { "," };
        format!("{members}{comma}\"title\":{title},\"message\":{message}}}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notification(document: &str) -> Notification {
        Notification {
            id: String::new(),
            fingerprint: String::new(),
            title: Rich::plain("a \"title\""),
            message: Rich::plain("x\n</script>\u{1}"),
            icon: None,
            time: String::new(),
            starts_at: 0,
            ends_at: None,
            kind: String::new(),
            subtype: None,
            severity: Severity::Info,
            severity_label: String::new(),
            score: None,
            category: None,
            action: Action::Stored,
            entity: Entity {
                kind: String::new(),
                value: String::new(),
                name: None,
            },
            entity_label: Rich::default(),
            source: String::new(),
            labels: Vec::new(),
            url: None,
            receipt: None,
            suppressed: 0,
            document: document.to_owned(),
        }
    }

    #[test]
    fn a_document_gets_its_texts_and_keeps_its_digits() {
        let document =
            notification("{\"n\":281474976710656123456789.10, \"o\":{}} ").document_with_texts();
        assert!(
            document.starts_with("{\"n\":281474976710656123456789.10, \"o\":{},\"title\":"),
            "{document}"
        );
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["title"], "a \"title\"");
        assert_eq!(document["message"], "x\n</script>");
    }

    #[test]
    fn an_empty_document_gets_its_texts_too() {
        for document in ["{}", "{ }", ""] {
            let document: Value =
                serde_json::from_str(&notification(document).document_with_texts()).unwrap();
            assert_eq!(
                document,
                json!({"title": "a \"title\"", "message": "x\n</script>"})
            );
        }
    }
}
