//! What an alert's labels say of it. Prometheus prescribes no names but `alertname`, so these are the
//! commonest, in a fixed order; a relabelling rule, or the labels `entity` and `entity_kind`, say otherwise.

use campanile_contract::alert::{Entity, Severity};

use crate::intake::limits;

/// The kind of alerts that have no name.
const UNNAMED: &str = "unnamed_alert";

/// Labels that name what an alert is about, the first one that is there: its name, the entity's kind, and
/// whether it is one of a namespace's.
const ENTITIES: [(&str, &str, bool); 11] = [
    ("pod", "pod", true),
    ("deployment", "deployment", true),
    ("statefulset", "statefulset", true),
    ("daemonset", "daemonset", true),
    ("node", "node", false),
    ("host", "host", false),
    ("hostname", "host", false),
    ("instance", "instance", false),
    ("service", "service", true),
    ("namespace", "namespace", false),
    ("job", "job", false),
];

/// Names and values, as they came.
#[derive(Clone, Copy)]
pub(super) struct Labels<'a>(pub(super) &'a [(String, String)]);

impl<'a> Labels<'a> {
    /// The value of the first of these labels that has one.
    pub(super) fn first(self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| {
            let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
            Some(value.as_str()).filter(|value| !value.trim().is_empty())
        })
    }

    /// The alert's kind.
    pub(super) fn kind(self) -> String {
        let name = self.first(&["alertname"]).unwrap_or(UNNAMED);
        let name = name.replace(|char| !limits::is_kind_char(char), "_");
        limits::shortened(&name, limits::KIND).to_owned()
    }

    /// How urgent it is. Without a word `warning`; of an unknown one `error`, as it may be anything.
    pub(super) fn severity(self) -> Severity {
        match self.first(&["severity", "level", "priority"]) {
            Some(word) => named(word).unwrap_or(Severity::Error),
            None => Severity::Warning,
        }
    }

    /// What it is about: `entity` with `entity_kind` and `entity_name`, else by [`ENTITIES`], else the alert
    /// itself, such as one that tells that alerting works.
    pub(super) fn entity(self) -> Entity {
        let entity = |kind: &str, value: &str| Entity {
            kind: limits::cleaned(kind),
            value: limits::cleaned(value),
            name: None,
        };
        if let Some(value) = self.first(&["entity"]) {
            return Entity {
                name: self.first(&["entity_name"]).map(limits::cleaned),
                ..entity(self.first(&["entity_kind"]).unwrap_or("service"), value)
            };
        }
        for (label, kind, namespaced) in ENTITIES {
            if let Some(value) = self.first(&[label]) {
                return match self.first(&["namespace"]).filter(|_| namespaced) {
                    Some(namespace) => entity(kind, &format!("{namespace}/{value}")),
                    None => entity(kind, value),
                };
            }
        }
        entity("alert", self.first(&["alertname"]).unwrap_or(UNNAMED))
    }

    /// As they are kept: each on one line and within its limit, those without a value left out.
    pub(super) fn kept(self) -> Vec<(String, String)> {
        let mut kept: Vec<(String, String)> = Vec::with_capacity(self.0.len());
        for (name, value) in self.0 {
            let name = limits::cleaned(name);
            let there = kept.iter().any(|(known, _)| *known == name);
            if kept.len() < limits::LABELS && !(there || name.is_empty() || value.is_empty()) {
                kept.push((name, limits::cleaned(value)));
            }
        }
        kept
    }
}

/// The severity that a word means, in any case: syslog's words, and those of Prometheus' mixins, PagerDuty,
/// Opsgenie and Zabbix.
fn named(word: &str) -> Option<Severity> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "debug" | "trace" => Severity::Debug,
        "info" | "information" | "informational" | "none" | "ok" | "p5" => Severity::Info,
        "notice" | "low" | "p4" => Severity::Notice,
        "warning" | "warn" | "minor" | "medium" | "moderate" | "p3" => Severity::Warning,
        "error" | "err" | "major" | "high" | "average" | "p2" => Severity::Error,
        "critical" | "crit" | "page" | "fatal" | "disaster" | "p1" => Severity::Critical,
        "alert" => Severity::Alert,
        "emergency" | "emerg" | "panic" => Severity::Emergency,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn labels(pairs: Pairs<'_>) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn severities_are_known_by_their_common_spellings() {
        let of = |pairs: &[(&str, &str)]| Labels(&labels(pairs)).severity();
        for (word, severity) in [
            ("debug", Severity::Debug),
            ("info", Severity::Info),
            ("none", Severity::Info),
            ("notice", Severity::Notice),
            ("warning", Severity::Warning),
            ("WARN", Severity::Warning),
            (" Minor ", Severity::Warning),
            ("error", Severity::Error),
            ("high", Severity::Error),
            ("critical", Severity::Critical),
            ("page", Severity::Critical),
            ("P1", Severity::Critical),
            ("alert", Severity::Alert),
            ("emergency", Severity::Emergency),
            ("p0", Severity::Error),
            ("warnings", Severity::Error),
            ("\u{1F525}", Severity::Error),
            ("", Severity::Warning),
            ("  ", Severity::Warning),
        ] {
            assert_eq!(of(&[("severity", word)]), severity, "{word}");
        }
        assert_eq!(of(&[]), Severity::Warning);
        assert_eq!(of(&[("Severity", "critical")]), Severity::Warning);
        assert_eq!(of(&[("priority", "p2")]), Severity::Error);
        assert_eq!(
            of(&[("priority", "p1"), ("severity", "info")]),
            Severity::Info
        );
        for severity in Severity::ALL {
            assert_eq!(of(&[("severity", severity.as_str())]), severity);
        }
    }

    #[test]
    fn the_entity_is_the_first_label_of_the_order() {
        let rows: [(Pairs<'_>, (&str, &str)); 13] = [
            (
                &[("instance", "a:9100"), ("job", "node")],
                ("instance", "a:9100"),
            ),
            (&[("instance", "a:9100"), ("host", "db1")], ("host", "db1")),
            (&[("hostname", "db1"), ("instance", "a")], ("host", "db1")),
            (
                &[("instance", "a"), ("pod", "web-1"), ("namespace", "shop")],
                ("pod", "shop/web-1"),
            ),
            (&[("pod", "web-1")], ("pod", "web-1")),
            (
                &[("deployment", "web"), ("namespace", "shop"), ("node", "n1")],
                ("deployment", "shop/web"),
            ),
            (&[("node", "n1"), ("namespace", "shop")], ("node", "n1")),
            (
                &[("service", "web"), ("namespace", "shop")],
                ("service", "shop/web"),
            ),
            (
                &[("namespace", "shop"), ("job", "x")],
                ("namespace", "shop"),
            ),
            (&[("job", "x")], ("job", "x")),
            (&[("pod", " "), ("job", "x")], ("job", "x")),
            (&[("alertname", "Watchdog")], ("alert", "Watchdog")),
            (&[], ("alert", "unnamed_alert")),
        ];
        for (pairs, (kind, value)) in rows {
            let entity = Labels(&labels(pairs)).entity();
            assert_eq!(
                (entity.kind.as_str(), entity.value.as_str(), entity.name),
                (kind, value, None),
                "{pairs:?}"
            );
        }
        let own = labels(&[
            ("entity", "eth0"),
            ("entity_kind", "interface"),
            ("entity_name", "uplink"),
            ("pod", "x"),
        ]);
        let entity = Labels(&own).entity();
        assert_eq!(
            (entity.kind.as_str(), entity.value.as_str()),
            ("interface", "eth0")
        );
        assert_eq!(entity.name.as_deref(), Some("uplink"));
    }

    #[test]
    fn a_name_becomes_a_kind_and_labels_stay_within_their_limits() {
        let kind = |name: &str| Labels(&labels(&[("alertname", name)])).kind();
        assert_eq!(kind("KubePodCrashLooping"), "KubePodCrashLooping");
        assert_eq!(kind("High memory usage (90 %)"), "High_memory_usage__90___");
        assert_eq!(kind(""), UNNAMED);
        assert_eq!(kind(&"k".repeat(200)).len(), limits::KIND);
        let many: Vec<_> = (0..100)
            .map(|number| (format!("l{number}"), "v\n".repeat(1000)))
            .chain([
                (String::new(), "x".to_owned()),
                ("e".to_owned(), String::new()),
            ])
            .collect();
        let kept = Labels(&many).kept();
        assert_eq!(kept.len(), limits::LABELS);
        assert!(kept.iter().all(|(_, value)| value.len() <= limits::NAME));
        assert!(kept.iter().all(|(_, value)| !value.contains('\n')));
    }
}
