//! What is known of a condition whose producer tells its state again and again, such as Alertmanager: it
//! posts a whole group whenever one of its alerts changes, and again after `repeat_interval`. The first news
//! is `engaged`; the same again is `reminded`, and with other words or another severity `updated`.

use campanile_contract::alert::Action;
use sha2::{Digest, Sha256};

use crate::alert::Alert;
use crate::clock::Millis;

/// What the alerts of a post are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// What changed, told once: an action is what the producer says.
    Changes,
    /// The state of things, told again and again: whether it is new is for the store to say.
    States,
}

/// A condition as it was last told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// When it began.
    pub started_at: Millis,
    /// A hash of what people read of it.
    pub content: String,
}

impl Condition {
    /// As this alert tells it.
    #[must_use]
    pub fn of(alert: &Alert) -> Self {
        let mut hash = Sha256::new();
        let texts = [&alert.title, &alert.message, &alert.url].map(Option::as_deref);
        for part in [Some(alert.severity.as_str())].iter().chain(&texts) {
            let part = part.unwrap_or_default();
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self {
            started_at: alert.starts_at,
            content: format!("{:x}", hash.finalize()),
        }
    }
}

/// The action of an alert that tells a state, where `known` is its condition as it was told before, unless it
/// ended since. One that began later than the known one is another: its end was not told.
#[must_use]
pub fn action(alert: &Alert, known: Option<&Condition>) -> Action {
    if alert.action != Action::Engaged {
        return alert.action;
    }
    let now = Condition::of(alert);
    match known {
        Some(before) if now.started_at > before.started_at => Action::Engaged,
        Some(before) if now.content == before.content => Action::Reminded,
        Some(_) => Action::Updated,
        None => Action::Engaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(action: &str, starts_at: &str, message: &str) -> Alert {
        let text = format!(
            r#"{{"id":"1","kind":"k","severity":"error","action":"{action}","source":"",
                "entity":{{"kind":"host","value":"h"}},"starts_at":"{starts_at}",
                "message":"{message}","fingerprint":"f"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_is_told_again_is_engaged_once() {
        const EARLY: &str = "2026-01-01T00:00:00Z";
        const LATE: &str = "2026-01-01T00:00:01Z";
        let known = Condition::of(&alert("engaged", EARLY, "a"));
        let late = Condition::of(&alert("engaged", LATE, "a"));
        for (alert, known, expected) in [
            (alert("engaged", EARLY, "a"), None, Action::Engaged),
            (alert("engaged", EARLY, "a"), Some(&known), Action::Reminded),
            (alert("engaged", EARLY, "b"), Some(&known), Action::Updated),
            (alert("engaged", LATE, "a"), Some(&known), Action::Engaged),
            // Of two Prometheus servers the other saw it earlier.
            (alert("engaged", EARLY, "a"), Some(&late), Action::Reminded),
            (
                alert("released", EARLY, "a"),
                Some(&known),
                Action::Released,
            ),
            (alert("released", EARLY, "a"), None, Action::Released),
            (alert("stored", EARLY, "a"), Some(&known), Action::Stored),
        ] {
            assert_eq!(action(&alert, known), expected, "{alert:?}");
        }
    }

    #[test]
    fn content_is_what_people_read_with_its_bounds() {
        let of = |change: fn(&mut Alert)| {
            let mut alert = alert("engaged", "2026-01-01T00:00:00Z", "ab");
            change(&mut alert);
            Condition::of(&alert).content
        };
        let same = of(|_| {});
        assert_eq!(of(|alert| alert.value = Some(1.0)), same);
        assert_eq!(of(|alert| alert.id = "2".to_owned()), same);
        for other in [
            of(|alert| alert.severity = campanile_contract::alert::Severity::Alert),
            of(|alert| alert.title = Some("t".to_owned())),
            of(|alert| alert.url = Some("http://x".to_owned())),
            of(|alert| {
                alert.title = Some("a".to_owned());
                alert.message = Some("b".to_owned());
            }),
        ] {
            assert_ne!(other, same);
        }
    }
}
