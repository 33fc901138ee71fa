//! An alert as its recipient is to see it.

mod words;

use crate::platform::Handle;
use crate::{Action, Entity, Markup, Severity};

/// An alert as its recipient is to see it. Each getter asks the host, so ask only for what is used.
#[derive(Debug)]
pub struct Notification(Handle);

impl Notification {
    pub(crate) fn new(handle: Handle) -> Self {
        Self(handle)
    }

    /// Its place in this call, counted from 0: how deliveries name it.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.0.position()
    }

    /// Unique and sortable by time.
    #[must_use]
    pub fn id(&self) -> String {
        self.0.id()
    }

    /// The same for all news of one condition.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint()
    }

    /// From the alert's definition, in the recipient's language, escaped for `markup`.
    #[must_use]
    pub fn title(&self, markup: &Markup) -> String {
        self.0.title(markup)
    }

    /// From the alert's definition, in the recipient's language, escaped for `markup`; may be empty.
    #[must_use]
    pub fn message(&self, markup: &Markup) -> String {
        self.0.message(markup)
    }

    /// A Font Awesome 5 name.
    #[must_use]
    pub fn icon(&self) -> Option<String> {
        self.0.icon()
    }

    /// When it started, in the recipient's language and time zone. Not escaped.
    #[must_use]
    pub fn time(&self) -> String {
        self.0.time()
    }

    /// When it started, in milliseconds since the Unix epoch, UTC.
    #[must_use]
    pub fn starts_at(&self) -> u64 {
        self.0.starts_at()
    }

    /// When it ended, in milliseconds since the Unix epoch, UTC.
    #[must_use]
    pub fn ends_at(&self) -> Option<u64> {
        self.0.ends_at()
    }

    /// The key of its definition, such as `flows_flood`.
    #[must_use]
    pub fn kind(&self) -> String {
        self.0.kind()
    }

    /// A finer kind, as its definition knows it.
    #[must_use]
    pub fn subtype(&self) -> Option<String> {
        self.0.subtype()
    }

    /// How urgent it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.0.severity()
    }

    /// The severity in the recipient's language. Not escaped.
    #[must_use]
    pub fn severity_label(&self) -> String {
        self.0.severity_label()
    }

    /// The producer's own score.
    #[must_use]
    pub fn score(&self) -> Option<u32> {
        self.0.score()
    }

    /// Such as `security`.
    #[must_use]
    pub fn category(&self) -> Option<String> {
        self.0.category()
    }

    /// Where it is in its life.
    #[must_use]
    pub fn action(&self) -> Action {
        self.0.action()
    }

    /// What it is about, as the producer named it. Not escaped.
    #[must_use]
    pub fn entity(&self) -> Entity {
        self.0.entity()
    }

    /// What it is about, in the recipient's language, escaped for `markup`.
    #[must_use]
    pub fn entity_label(&self, markup: &Markup) -> String {
        self.0.entity_label(markup)
    }

    /// The sensor or interface that raised it. Not escaped.
    #[must_use]
    pub fn source(&self) -> String {
        self.0.source()
    }

    /// The producer's labels. Not escaped.
    #[must_use]
    pub fn labels(&self) -> Vec<(String, String)> {
        self.0.labels()
    }

    /// Where a person can look at it. Not escaped.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.0.url()
    }

    /// What an earlier delivery of the same condition left.
    #[must_use]
    pub fn receipt(&self) -> Option<String> {
        self.0.receipt()
    }

    /// Repeats that were held back since the last one sent.
    #[must_use]
    pub fn suppressed(&self) -> u32 {
        self.0.suppressed()
    }

    /// One of the producer's own fields, as JSON; `pointer` is an RFC 6901 pointer.
    #[must_use]
    pub fn detail(&self, pointer: &str) -> Option<String> {
        self.0.detail(pointer)
    }

    /// All of it in the host's native JSON, with title and message as plain text.
    #[must_use]
    pub fn document(&self) -> String {
        self.0.document()
    }
}

impl Severity {
    /// All severities, least urgent first.
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// The name, as manifests and JSON write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// The severity with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == name)
    }
}

impl Action {
    /// The name, as JSON and locale keys write it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Stored => "stored",
            Self::Engaged => "engaged",
            Self::Updated => "updated",
            Self::Reminded => "reminded",
            Self::Acknowledged => "acknowledged",
            Self::Released => "released",
            Self::Other(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_severity_is_found_by_its_own_name_and_by_no_other() {
        for severity in Severity::ALL {
            assert_eq!(Severity::named(severity.name()), Some(severity));
        }
        assert_eq!(Severity::named("Error"), None);
        assert_eq!(Severity::named(""), None);
        assert!(Severity::Debug < Severity::Emergency);
    }
}
