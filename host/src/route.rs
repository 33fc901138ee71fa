//! Step 2, route: which recipients an alert goes to. Pure; each refusal has its reason, so that "why was
//! this not sent" has an answer for every alert and recipient.

use std::fmt;

use campanile_contract::alert::{Action, Severity};
use serde::{Deserialize, Serialize};

use crate::alert::Alert;

/// What a recipient wants to have. All parts must hold; an empty list holds for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// The least urgent severity that passes. The end of a condition passes like its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// Categories, as alerts name them. An alert without a category is in none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Alert kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Kinds of entities, such as `host`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<String>,
    /// Sensors or interfaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Stages of an alert's life.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

/// Why an alert does not go to a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotRouted {
    /// Less urgent than the filter's least severity.
    BelowMinSeverity,
    /// In none of the filter's categories.
    Category,
    /// Of none of its kinds.
    Kind,
    /// About none of its kinds of entities.
    Entity,
    /// From none of its sources.
    Source,
    /// At none of its stages.
    Action,
}

impl NotRouted {
    /// The stable name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BelowMinSeverity => "below-min-severity",
            Self::Category => "category",
            Self::Kind => "kind",
            Self::Entity => "entity",
            Self::Source => "source",
            Self::Action => "action",
        }
    }
}

impl fmt::Display for NotRouted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the alert passes the filter.
///
/// # Errors
///
/// The first part that does not hold, in the order of [`Filter`].
pub fn judge(alert: &Alert, filter: &Filter) -> Result<(), NotRouted> {
    let among = |list: &[String], value: Option<&str>| {
        list.is_empty() || value.is_some_and(|value| list.iter().any(|listed| listed == value))
    };
    let parts = [
        (
            filter
                .min_severity
                .is_none_or(|least| alert.severity >= least),
            NotRouted::BelowMinSeverity,
        ),
        (
            among(&filter.categories, alert.category.as_deref()),
            NotRouted::Category,
        ),
        (among(&filter.kinds, Some(&alert.kind)), NotRouted::Kind),
        (
            among(&filter.entities, Some(&alert.entity.kind)),
            NotRouted::Entity,
        ),
        (
            among(&filter.sources, Some(&alert.source)),
            NotRouted::Source,
        ),
        (
            filter.actions.is_empty() || filter.actions.contains(&alert.action),
            NotRouted::Action,
        ),
    ];
    match parts.into_iter().find(|(holds, _)| !holds) {
        Some((_, reason)) => Err(reason),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert {
        let text = r#"{"id":"1","kind":"flows_flood","severity":"warning","action":"released",
            "entity":{"kind":"host","value":"192.168.1.19@0"},"source":"eth0","category":"security",
            "starts_at":"2024-07-09T09:24:33Z","fingerprint":"f"}"#;
        serde_json::from_str(text).unwrap()
    }

    fn filter(text: &str) -> Filter {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn each_part_of_a_filter_passes_or_refuses_with_its_reason() {
        for (text, judgement) in [
            ("", Ok(())),
            ("min_severity = 'notice'", Ok(())),
            ("min_severity = 'warning'", Ok(())),
            ("min_severity = 'error'", Err(NotRouted::BelowMinSeverity)),
            ("categories = ['network', 'security']", Ok(())),
            ("categories = ['Security']", Err(NotRouted::Category)),
            ("kinds = ['flows_flood']", Ok(())),
            ("kinds = ['flows']", Err(NotRouted::Kind)),
            ("entities = ['host']", Ok(())),
            ("entities = ['192.168.1.19@0']", Err(NotRouted::Entity)),
            ("sources = ['eth0']", Ok(())),
            ("sources = ['eth']", Err(NotRouted::Source)),
            ("actions = ['engaged', 'released']", Ok(())),
            ("actions = ['engaged']", Err(NotRouted::Action)),
            (
                "categories = ['x']\nmin_severity = 'error'",
                Err(NotRouted::BelowMinSeverity),
            ),
            (
                "categories = ['security']\nactions = ['stored']",
                Err(NotRouted::Action),
            ),
        ] {
            assert_eq!(judge(&alert(), &filter(text)), judgement, "{text}");
        }
    }

    #[test]
    fn an_alert_without_a_category_is_in_none() {
        let bare = Alert {
            category: None,
            ..alert()
        };
        assert_eq!(
            judge(&bare, &filter("categories = ['security']")),
            Err(NotRouted::Category)
        );
        assert_eq!(judge(&bare, &filter("categories = []")), Ok(()));
    }

    #[test]
    fn a_filter_with_an_unknown_key_or_name_is_refused() {
        for text in [
            "severity = 'error'",
            "min_severity = 'high'",
            "actions = ['ended']",
            "categories = 'security'",
        ] {
            assert!(toml::from_str::<Filter>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reasons_have_one_name_everywhere() {
        for reason in [
            NotRouted::BelowMinSeverity,
            NotRouted::Category,
            NotRouted::Kind,
            NotRouted::Entity,
            NotRouted::Source,
            NotRouted::Action,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
