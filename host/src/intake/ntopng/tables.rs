//! ntopng's numbers and what they mean, with the versions that each table holds for. An alert whose id has
//! no one meaning is named by the script that raised it.

mod ids;

use campanile_contract::alert::Severity;
use ids::{V4, V5_FLOW, V5_HOST, V5_OTHER};

/// Which of ntopng's numberings an alert follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// 4.0: three severities.
    V40,
    /// 4.2: eight severities.
    V42,
    /// 5.0 to 6.2: an id is one of its entity's, and urgency is a score.
    V5,
}

/// An alert's kind, and its category where the id tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) kind: &'static str,
    pub(super) category: Option<&'static str>,
}

/// The entity kind of flows.
pub(super) const FLOW: &str = "flow";

/// The kind of a flow flood, in whatever version and on whichever side.
pub(super) const FLOWS_FLOOD: &str = "flows_flood";

/// 5.0 to 6.2, `other_alert_keys.lua`: the ids of the entities that are neither flow nor host begin here.
const OTHER_BASE: i64 = 4096;

/// 5.0 to 6.2, `other_alert_keys.lua`.
pub(super) const FLOW_FLOOD_ATTACKER: i64 = OTHER_BASE + 56;

/// 5.0 to 6.2, `other_alert_keys.lua`.
pub(super) const FLOW_FLOOD_VICTIM: i64 = OTHER_BASE + 57;

/// The kind of an alert id, where it has one meaning in all versions of the schema.
pub(super) fn kind(schema: Schema, entity: &str, id: i64) -> Option<Known> {
    let table = match schema {
        Schema::V40 | Schema::V42 => {
            // Nightly builds before 4.0 numbered otherwise: a port's alert of another entity is one of theirs.
            let misplaced = (31..=35).contains(&id) && entity != "snmp_device";
            let known = V4.iter().find(|(known, ..)| *known == id && !misplaced);
            return known.map(|(_, kind, category)| Known {
                kind,
                category: *category,
            });
        }
        Schema::V5 if id >= OTHER_BASE => V5_OTHER,
        Schema::V5 if entity == FLOW => V5_FLOW,
        Schema::V5 if entity == "host" => V5_HOST,
        Schema::V5 => return None,
    };
    let id = if id >= OTHER_BASE {
        id - OTHER_BASE
    } else {
        id
    };
    table
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, kind)| Known {
            kind,
            category: None,
        })
}

/// The entity of an id. 7 and above changed their meaning with 5.0.
pub(super) fn entity(schema: Schema, id: i64) -> Option<&'static str> {
    Some(match (id, schema) {
        (0, _) => "interface",
        (1, _) => "host",
        (2, _) => "network",
        (3, _) => "snmp_device",
        (4, _) => FLOW,
        (5, _) => "mac",
        (6, _) => "host_pool",
        // 5.0 to 6.2, `alert_entities.lua`.
        (7, Schema::V5) => "user",
        (8, Schema::V5) => "am_host",
        (9, Schema::V5) => "system",
        (10, _) => "test",
        // 5.0 to 5.4, and as 16 after 6.2.
        (11 | 16, Schema::V5) => "asn",
        // 5.0 called it `l7`.
        (12, Schema::V5) => "domain",
        (13, Schema::V5) => "mitre",
        (15, Schema::V5) => "other",
        // 4.0 and 4.2, `alert_consts.lua`.
        (7, _) => "process",
        (8, _) => "user",
        (9, _) => "influx_db",
        (11, _) => "category_lists",
        (12, _) => "am_host",
        (13, _) => "periodic_activity",
        _ => return None,
    })
}

/// The severity of an id: 4.0 has three, 4.2 and 5.x eight (`alert_consts.lua`, `alert_severities.lua`);
/// 6.x has no 7 but a 0, for none, which is the least here.
pub(super) fn severity(schema: Schema, id: i64) -> Option<Severity> {
    Some(match (schema, id) {
        (Schema::V40, 0) => Severity::Info,
        (Schema::V40, 1) => Severity::Warning,
        (Schema::V40, 2) => Severity::Error,
        (Schema::V40, _) => return None,
        (Schema::V5, 0) => Severity::Info,
        (_, 1..=8) => Severity::ALL[usize::try_from(id - 1).ok()?],
        _ => return None,
    })
}

/// 5.0 to 6.2, `Utils::mapScoreToSeverity`; less than 1 is none there, and the least here.
pub(super) fn severity_of_score(score: u32) -> Severity {
    match score {
        0..=9 => Severity::Info,
        10..=49 => Severity::Notice,
        50..=99 => Severity::Warning,
        100..=199 => Severity::Error,
        200..=249 => Severity::Critical,
        250.. => Severity::Emergency,
    }
}

/// 5.0 to 6.2, `alert_categories.lua`.
pub(super) fn category(id: i64) -> Option<&'static str> {
    const NAMES: [&str; 8] = [
        "other",
        "security",
        "internals",
        "network",
        "system",
        "ids_ips",
        "active_monitoring",
        "snmp",
    ];

    NAMES.get(usize::try_from(id).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(schema: Schema, entity: &str, id: i64) -> Option<&'static str> {
        kind(schema, entity, id).map(|known| known.kind)
    }

    #[test]
    fn the_same_condition_has_one_name_in_all_versions() {
        for (schema, entity, id, expected) in [
            (Schema::V40, "flow", 8, Some("blacklisted_flow")),
            (Schema::V42, "flow", 8, Some("blacklisted_flow")),
            (Schema::V5, "flow", 1, Some("blacklisted_flow")),
            (Schema::V42, "host", 11, Some(FLOWS_FLOOD)),
            (Schema::V5, "host", 4, Some(FLOWS_FLOOD)),
            (Schema::V5, "network", FLOW_FLOOD_VICTIM, Some(FLOWS_FLOOD)),
            (Schema::V5, "flow", 88, Some("ndpi_periodic_flow")),
            (Schema::V5, "flow", 4, Some("data_exfiltration")),
            (Schema::V5, "host", 1, Some("smtp_server_contacts")),
            (Schema::V5, "interface", 1, None),
            (Schema::V5, "flow", 13, None),
            (Schema::V5, "flow", 0, None),
            (Schema::V5, "flow", -1, None),
            (Schema::V5, "host", i64::MAX, None),
            (Schema::V42, "snmp_device", 32, Some("port_errors")),
            (Schema::V40, "host", 32, None),
            (Schema::V42, "host", 65_544, None),
        ] {
            assert_eq!(
                named(schema, entity, id),
                expected,
                "{schema:?} {entity} {id}"
            );
        }
    }

    #[test]
    fn kinds_are_within_the_native_form_and_ids_stand_once() {
        for table in [V5_FLOW, V5_HOST, V5_OTHER] {
            assert!(table.is_sorted_by(|(one, _), (next, _)| one < next));
            assert!(
                table
                    .iter()
                    .all(|(_, kind)| crate::intake::limits::kind("", kind).is_ok())
            );
        }
        assert!(V4.is_sorted_by(|(one, ..), (next, ..)| one < next));
    }

    #[test]
    fn entities_and_severities_go_by_the_schema() {
        for (id, v4, v5) in [
            (1, Some("host"), Some("host")),
            (6, Some("host_pool"), Some("host_pool")),
            (7, Some("process"), Some("user")),
            (8, Some("user"), Some("am_host")),
            (12, Some("am_host"), Some("domain")),
            (14, None, None),
            (-1, None, None),
        ] {
            assert_eq!(entity(Schema::V42, id), v4, "{id}");
            assert_eq!(entity(Schema::V5, id), v5, "{id}");
        }
        for (id, v40, v42, v5) in [
            (0, Some(Severity::Info), None, Some(Severity::Info)),
            (
                1,
                Some(Severity::Warning),
                Some(Severity::Debug),
                Some(Severity::Debug),
            ),
            (
                2,
                Some(Severity::Error),
                Some(Severity::Info),
                Some(Severity::Info),
            ),
            (4, None, Some(Severity::Warning), Some(Severity::Warning)),
            (
                8,
                None,
                Some(Severity::Emergency),
                Some(Severity::Emergency),
            ),
            (9, None, None, None),
            (i64::MIN, None, None, None),
        ] {
            assert_eq!(severity(Schema::V40, id), v40, "{id}");
            assert_eq!(severity(Schema::V42, id), v42, "{id}");
            assert_eq!(severity(Schema::V5, id), v5, "{id}");
        }
    }

    #[test]
    fn scores_become_severities_at_ntopngs_own_borders() {
        for (score, severity) in [
            (0, Severity::Info),
            (9, Severity::Info),
            (10, Severity::Notice),
            (49, Severity::Notice),
            (50, Severity::Warning),
            (99, Severity::Warning),
            (100, Severity::Error),
            (199, Severity::Error),
            (200, Severity::Critical),
            (249, Severity::Critical),
            (250, Severity::Emergency),
            (u32::MAX, Severity::Emergency),
        ] {
            assert_eq!(severity_of_score(score), severity, "{score}");
        }
        assert_eq!(category(1), Some("security"));
        assert_eq!(category(8), None);
        assert_eq!(category(-1), None);
    }
}
