use campanile_guest::Entity;
use campanile_guest::harness::{describe_event, event};

use super::*;

fn with(kind: &str, fields: &[(&str, Value)]) -> Event {
    let fields = fields.iter().map(|(name, value)| arg(*name, value.clone()));
    Event {
        fields: fields.collect(),
        ..event(kind)
    }
}

fn flow(kind: &str, fields: &[(&str, Value)]) -> Event {
    Event {
        entity: Entity {
            kind: "flow".into(),
            value: "10.0.0.1:4000 -> 10.0.0.2:443".into(),
            name: None,
        },
        ..with(kind, fields)
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn said(event: &Event, language: &str) -> String {
    describe_event::<Network>(event, language).expect("a description")
}

#[test]
fn counts_choose_the_plural_form_of_each_language() {
    let flood = |kind: &str, attacker: bool, value: f64| Event {
        value: Some(value),
        threshold: Some(256.0),
        ..with(kind, &[("attacker", text(&attacker.to_string()))])
    };
    let table = [
        (
            flood("syn_flood", true, 1080.2),
            "en",
            "Host 192.168.1.10 is a SYN flooder [1,081 > 256 SYNs sent]",
        ),
        (
            flood("syn_flood", true, 1.0),
            "en",
            "Host 192.168.1.10 is a SYN flooder [1 > 256 SYN sent]",
        ),
        (
            flood("icmp_flood", false, 1.0),
            "de",
            "Host 192.168.1.10 wird mit ICMP überflutet [1 > 256 empfangenes ICMP-Paket]",
        ),
        (
            flood("icmp_flood", false, 1081.0),
            "de",
            "Host 192.168.1.10 wird mit ICMP überflutet [1.081 > 256 empfangene ICMP-Pakete]",
        ),
        (
            flood("syn_scan", false, 1.0),
            "it",
            "Host 192.168.1.10 subisce una scansione SYN [1 > 256 SYN ricevuto]",
        ),
        (
            flood("syn_scan", true, 2_000_000.0),
            "it",
            "Host 192.168.1.10 sta facendo una scansione SYN [2.000.000 > 256 SYN inviati]",
        ),
        (
            event("syn_scan"),
            "en",
            "Host 192.168.1.10 is under SYN scan [0 > 0 SYNs received]",
        ),
    ];
    for (event, language, expected) in table {
        assert_eq!(said(&event, language), expected);
    }
}

#[test]
fn an_elephant_is_told_in_bytes() {
    let sent = ("sent", Value::Integer(1_250_000_000));
    let received = ("received", Value::Integer(512));
    let (sent_limit, received_limit) = (
        ("sent_limit", Value::Integer(1_000_000_000)),
        ("received_limit", Value::Integer(2_000_000_000)),
    );
    let named = [sent.clone(), received.clone()];
    let limits = [sent.clone(), received, sent_limit.clone(), received_limit];
    let plain = [("client_bytes", text("163")), ("server_bytes", text("0"))];
    let half = [sent, sent_limit];
    let table: [(&[_], _, _); 5] = [
        (
            &limits,
            "en",
            "carried 1.3 GB out and 512 B in [at most 1 GB and 2 GB are expected]",
        ),
        (&named, "de", "hat 1,3 GB gesendet und 512 B empfangen"),
        (
            &plain,
            "it",
            "ha trasportato 163 B in uscita e 0 B in entrata",
        ),
        (&half, "en", "carries unusually much data"),
        (&[], "en", "carries unusually much data"),
    ];
    for (fields, language, expected) in table {
        let said = said(&flow("elephant_flow", fields), language);
        assert!(
            said.ends_with(&[" 10.0.0.2:443 ", expected].concat()),
            "{said}"
        );
    }
}

#[test]
fn a_long_lived_flow_is_told_in_durations() {
    let times = |from: i64, now: i64| {
        vec![
            ("first_seen", Value::Integer(from)),
            ("tstamp", Value::Integer(now)),
        ]
    };
    let limit = [("limit", Value::Number(43_200.0))];
    let table = [
        (
            [times(1_000, 91_000), limit.to_vec()].concat(),
            "de",
            "dauert seit 1 T 1 h an [erwartet werden höchstens 12 h]",
        ),
        (times(1_000, 1_090), "en", "has lasted for 1 min 30 s"),
        (times(2, 1), "en", "lasts unusually long"),
        (
            limit.to_vec(),
            "it",
            "dura insolitamente a lungo [durata massima attesa: 12 h]",
        ),
    ];
    for (fields, language, expected) in table {
        let said = said(&flow("longlived", &fields), language);
        assert!(
            said.ends_with(&[" 10.0.0.2:443 ", expected].concat()),
            "{said}"
        );
    }
}

#[test]
fn a_certificate_is_told_in_the_languages_dates() {
    let from = ("from", Value::Integer(1_704_067_200));
    let until = ("until", text("1735689600"));
    let table: [(&[_], _, _); 4] = [
        (
            &[from.clone(), until.clone()],
            "de",
            "das von 01.01.2024 00:00:00 UTC bis 01.01.2025 00:00:00 UTC gültig ist",
        ),
        (
            &[until],
            "en",
            "that was valid until 2025-01-01 00:00:00 UTC",
        ),
        (&[from], "en", "outside the time for which it is valid"),
        (&[], "it", "fuori dal suo periodo di validità"),
    ];
    for (fields, language, expected) in table {
        let said = said(&flow("tls_certificate_expired", fields), language);
        assert!(said.ends_with(expected), "{said}");
    }
}

#[test]
fn a_field_of_another_type_is_none() {
    for value in [
        text("-1"),
        text("NaN"),
        text("1e400"),
        text(""),
        text("{\"a\":1}"),
        Value::Integer(-1),
        Value::Number(-0.5),
        Value::Number(f64::NAN),
    ] {
        let event = with("longlived", &[("limit", value.clone())]);
        assert_eq!(Fields(&event).number("limit"), None, "{value:?}");
    }
    for (value, expected) in [
        (text("12"), 12),
        (text("12.9"), 12),
        (Value::Number(12.9), 12),
        (Value::Number(f64::INFINITY), u64::MAX),
        (Value::Integer(i64::MAX), i64::MAX as u64),
    ] {
        let event = with("longlived", &[("limit", value)]);
        assert_eq!(Fields(&event).number("limit"), Some(expected));
    }
    for (value, expected) in [
        (text("true"), true),
        (text("1"), true),
        (Value::Integer(1), true),
        (text("false"), false),
        (text("0"), false),
        (Value::Integer(0), false),
        (Value::Number(1.0), false),
    ] {
        let event = with("syn_scan", &[("attacker", value)]);
        assert_eq!(Fields(&event).flag("attacker"), expected);
    }
}

#[test]
fn extremes_and_hostile_names_do_no_harm() {
    let name = "\"<b>&` %{threshold} \u{5D0}";
    for kind in [
        "syn_flood",
        "elephant_flow",
        "longlived",
        "tls_certificate_expired",
    ] {
        let huge = Value::Integer(i64::MAX);
        let names = [
            "attacker",
            "sent",
            "received",
            "sent_limit",
            "received_limit",
            "first_seen",
            "tstamp",
            "limit",
            "from",
            "until",
        ];
        let fields: Vec<_> = names.iter().map(|name| (*name, huge.clone())).collect();
        let event = Event {
            entity: Entity {
                kind: "host".into(),
                value: "10.0.0.1".into(),
                name: Some(name.into()),
            },
            value: Some(f64::INFINITY),
            threshold: Some(f64::NEG_INFINITY),
            ..with(kind, &fields)
        };
        assert!(said(&event, "en").contains(name), "{kind}");
    }
}

#[test]
fn a_kind_that_is_not_computed_has_nothing_to_compute() {
    assert!(Network::format(&event("internals")).is_err());
}
