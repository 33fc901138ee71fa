//! Alerts for tests.

use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::notification::Notification;
use campanile_contract::text::{Localizer, Rich};

use crate::Queue;
use crate::platform::native;

/// Builds an alert as a recipient sees it. It starts as a stored `error` about the host `192.168.1.10`.
#[derive(Debug, Clone)]
#[must_use]
pub struct Alert(Notification);

impl Alert {
    /// An alert with this title.
    pub fn new(title: &str) -> Self {
        Self(Notification {
            id: "0192b6f0-0000-7000-8000-000000000001".into(),
            fingerprint: "f1".into(),
            title: Rich::plain(title),
            message: Rich::default(),
            icon: None,
            time: "2024-10-22 16:00:00 UTC".into(),
            // 2024-10-22T16:00:00Z.
            starts_at: 1_729_612_800_000,
            ends_at: None,
            kind: "test".into(),
            subtype: None,
            severity: Severity::Error,
            severity_label: "Error".into(),
            score: None,
            category: None,
            action: Action::Stored,
            entity: Entity {
                kind: "host".into(),
                value: "192.168.1.10".into(),
                name: None,
            },
            entity_label: Rich::plain("host 192.168.1.10"),
            source: "eth0".into(),
            labels: Vec::new(),
            url: None,
            receipt: None,
            suppressed: 0,
            document: r#"{"id":"0192b6f0-0000-7000-8000-000000000001","kind":"test"}"#.into(),
        })
    }

    /// The message.
    pub fn message(mut self, text: &str) -> Self {
        self.0.message = Rich::plain(text);
        self
    }

    /// The key of its definition.
    pub fn kind(mut self, kind: &str) -> Self {
        self.0.kind = kind.to_owned();
        self
    }

    /// How urgent it is. Its label is the English one.
    pub fn severity(mut self, severity: crate::Severity) -> Self {
        let severity = Severity::ALL[severity as usize];
        let name = severity.as_str();
        self.0.severity_label = name[..1].to_uppercase() + &name[1..];
        self.0.severity = severity;
        self
    }

    /// A condition that began.
    pub fn engaged(mut self) -> Self {
        self.0.action = Action::Engaged;
        self
    }

    /// A condition that ended.
    pub fn released(mut self) -> Self {
        self.0.action = Action::Released;
        self
    }

    /// When it ended, in milliseconds since the Unix epoch, UTC.
    pub fn ends_at(mut self, milliseconds: u64) -> Self {
        self.0.ends_at = Some(milliseconds);
        self
    }

    /// The producer's own score.
    pub fn score(mut self, score: u32) -> Self {
        self.0.score = Some(score);
        self
    }

    /// What it is about, as the producer named it.
    pub fn entity(mut self, kind: &str, value: &str) -> Self {
        self.0.entity.kind = kind.to_owned();
        self.0.entity.value = value.to_owned();
        self
    }

    /// What it is about, as people read it.
    pub fn entity_label(mut self, text: &str) -> Self {
        self.0.entity_label = Rich::plain(text);
        self
    }

    /// The sensor or interface that raised it.
    pub fn source(mut self, source: &str) -> Self {
        self.0.source = source.to_owned();
        self
    }

    /// Adds one of the producer's labels.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.0.labels.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where a person can look at it.
    pub fn url(mut self, url: &str) -> Self {
        self.0.url = Some(url.to_owned());
        self
    }

    /// What an earlier delivery of the same condition left.
    pub fn receipt(mut self, receipt: &str) -> Self {
        self.0.receipt = Some(receipt.to_owned());
        self
    }

    /// Repeats that were held back.
    pub fn suppressed(mut self, repeats: u32) -> Self {
        self.0.suppressed = repeats;
        self
    }

    /// The alert in the host's native JSON: an object.
    pub fn document(mut self, json: &str) -> Self {
        self.0.document = json.to_owned();
        self
    }

    /// The alert as a component gets it, to test a function that takes one.
    ///
    /// # Panics
    /// Never: what is alone in a queue is given out.
    #[must_use]
    pub fn given_out(self) -> crate::Notification {
        let localizer = Localizer::new(None, "en", "UTC");
        let (alert, _) = native::call(vec![self.0], localizer, || Queue::open().next());
        alert.expect("the queue's one alert")
    }
}

impl From<Alert> for Notification {
    fn from(alert: Alert) -> Self {
        alert.0
    }
}
