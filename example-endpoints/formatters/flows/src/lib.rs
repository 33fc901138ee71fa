//! Titles and descriptions of alerts about flows: `blacklisted_flow`, and `flows_flood` with a
//! description that is computed.

use campanile_guest::text::arg;
use campanile_guest::{Event, Formatter, Piece};

/// The formatter.
#[derive(Debug)]
pub struct Flows;

campanile_guest::export_formatter!(Flows);

/// The subtype of a `flows_flood` whose entity sends the flows; in any other it receives them.
const ATTACKER: &str = "flow_flood_attacker";

impl Formatter for Flows {
    fn format(event: &Event) -> Result<Vec<Piece>, String> {
        match event.kind.as_str() {
            "flows_flood" => Ok(vec![flood(event)]),
            other => Err(["there is nothing to compute for `", other, "`"].concat()),
        }
    }
}

fn flood(event: &Event) -> Piece {
    let key = if event.subtype.as_deref() == Some(ATTACKER) {
        "alert_messages.flow_flooder_attacker"
    } else {
        "alert_messages.flow_flooder_victim"
    };
    Piece::key(
        key,
        [
            arg("entity", event.entity.clone()),
            arg("value", count(event.value)),
            arg("threshold", count(event.threshold)),
        ],
    )
}

/// Flows come in whole numbers; a rate of them is rounded up, and none is 0.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast to an integer saturates, and NaN is 0"
)]
fn count(number: Option<f64>) -> i64 {
    number.map_or(0, |number| number.ceil() as i64)
}

#[cfg(test)]
mod tests {
    use campanile_guest::Entity;
    use campanile_guest::harness::{describe_event, event};

    use super::*;

    fn flood(subtype: Option<&str>, value: Option<f64>, threshold: Option<f64>) -> Event {
        Event {
            subtype: subtype.map(Into::into),
            value,
            threshold,
            ..event("flows_flood")
        }
    }

    fn described(event: &Event, language: &str) -> String {
        describe_event::<Flows>(event, language).expect("a description")
    }

    #[test]
    fn an_attacker_sends_flows() {
        let event = flood(Some(ATTACKER), Some(1080.2), Some(256.0));
        assert_eq!(
            described(&event, "en"),
            "Host 192.168.1.10 is a flow flooder [1,081 > 256 flows sent]"
        );
        assert_eq!(
            described(&event, "it"),
            "Host 192.168.1.10 sta inondando la rete di flussi [1.081 > 256 flussi inviati]"
        );
    }

    #[test]
    fn whatever_is_no_attacker_is_a_victim() {
        for subtype in [
            None,
            Some("flow_flood_victim"),
            Some(""),
            Some("FLOW_FLOOD_ATTACKER"),
        ] {
            assert_eq!(
                described(&flood(subtype, Some(300.0), Some(256.0)), "en"),
                "Host 192.168.1.10 is under flow flood attack [300 > 256 flows received]"
            );
        }
    }

    #[test]
    fn numbers_are_rounded_up_and_nothing_is_zero() {
        for (given, expected) in [
            (None, 0),
            (Some(0.0), 0),
            (Some(0.1), 1),
            (Some(2.0), 2),
            (Some(f64::NAN), 0),
            (Some(1e300), i64::MAX),
        ] {
            assert_eq!(count(given), expected, "{given:?}");
        }
    }

    #[test]
    fn hostile_names_arrive_as_they_are() {
        let name = "\"<b>&` %{threshold} \u{5D0}".to_owned();
        let long = "n".repeat(100_000);
        for name in [name, long] {
            let entity = Entity {
                kind: "host".into(),
                value: "10.0.0.1".into(),
                name: Some(name.clone()),
            };
            let text = described(
                &Event {
                    entity,
                    ..flood(None, Some(2.0), Some(1.0))
                },
                "en",
            );
            assert!(text.starts_with("Host 10.0.0.1 ["), "{name:.20}");
            assert!(text.contains(&name[..name.len().min(1000)]), "{name:.20}");
        }
    }

    #[test]
    fn another_kind_has_nothing_to_compute() {
        assert!(Flows::format(&event("blacklisted_flow")).is_err());
    }
}
