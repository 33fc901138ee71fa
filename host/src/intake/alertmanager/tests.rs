use campanile_contract::alert::{Action, Severity};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::alert::Alert;
use crate::intake::{Code, limits};

const ARRIVAL: Arrival<'_> = Arrival {
    scope: "token-1",
    now: 1_720_600_000_000,
};

/// As Alertmanager 0.25 writes it.
pub(in crate::intake) const FIRING: &str = r#"{"receiver":"campanile","status":"firing","alerts":[
 {"status":"firing","labels":{"alertname":"InstanceDown","instance":"db1.example:9100","job":"node","severity":"page",
  "cluster":"pisa"},
  "annotations":{"description":"db1.example:9100 of job node has been down for more than 5 minutes.",
  "summary":"Instance db1.example:9100 down"},
  "startsAt":"2024-07-09T09:24:33.123456789Z","endsAt":"0001-01-01T00:00:00Z",
  "generatorURL":"http://prometheus.example:9090/graph?g0.expr=up+%3D%3D+0\u0026g0.tab=1",
  "fingerprint":"1a30ba71cca2921f"}],
 "groupLabels":{"alertname":"InstanceDown"},"commonLabels":{"alertname":"InstanceDown","job":"node"},
 "commonAnnotations":{},"externalURL":"http://alertmanager.example:9093","version":"4",
 "groupKey":"{}:{alertname=\"InstanceDown\"}","truncatedAlerts":0}"#;

fn read(body: &str) -> Result<Webhook, BodyError> {
    parse(body.as_bytes(), ARRIVAL)
}

fn one(body: &str) -> Alert {
    let parsed = read(body).unwrap().parsed;
    assert_eq!(parsed.refused, []);
    assert_eq!(parsed.accepted.len(), 1);
    parsed.accepted.into_iter().next().unwrap().1
}

/// The body with a piece of it exchanged.
fn with(from: &str, to: &str) -> String {
    assert!(FIRING.contains(from), "{from}");
    FIRING.replacen(from, to, 1)
}

/// The body with members of its alert set, or removed by `null`.
fn with_member(name: &str, value: Value) -> String {
    let mut body: Value = serde_json::from_str(FIRING).unwrap();
    let alert = body["alerts"][0].as_object_mut().unwrap();
    match value {
        Value::Null => alert.remove(name),
        value => alert.insert(name.to_owned(), value),
    };
    body.to_string()
}

#[test]
fn a_firing_alert_is_read() {
    let alert = one(FIRING);
    assert_eq!(alert.kind, "InstanceDown");
    assert_eq!(
        (alert.severity, alert.action),
        (Severity::Critical, Action::Engaged)
    );
    assert_eq!(
        (alert.entity.kind.as_str(), alert.entity.value.as_str()),
        ("instance", "db1.example:9100")
    );
    assert_eq!(
        (alert.source.as_str(), alert.category.as_deref()),
        ("pisa", None)
    );
    assert_eq!((alert.starts_at, alert.ends_at), (1_720_517_073_123, None));
    assert_eq!(
        alert.title.as_deref(),
        Some("Instance db1.example:9100 down")
    );
    assert!(alert.message.as_deref().unwrap().contains("5 minutes"));
    assert_eq!(
        alert.url.as_deref(),
        Some("http://prometheus.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1")
    );
    assert_eq!(alert.labels.len(), 5);
    assert_eq!(
        alert.labels[1],
        ("instance".to_owned(), "db1.example:9100".to_owned())
    );
    assert_eq!(alert.detail("/labels/job"), Some("\"node\""));
    assert!(!alert.document().contains('\n'));
    let read_again: Alert = serde_json::from_str(&alert.document()).unwrap();
    assert_eq!(read_again, alert);
}

#[test]
fn resolved_meets_firing_by_the_fingerprint_or_by_the_labels() {
    let resolve = |body: String| {
        body.replace("\"status\":\"firing\"", "\"status\":\"resolved\"")
            .replace("0001-01-01T00:00:00Z", "2024-07-09T09:30:00+00:00")
    };
    let released = one(&resolve(FIRING.to_owned()));
    assert_eq!(
        (released.action, released.ends_at),
        (Action::Released, Some(1_720_517_400_000))
    );
    assert_eq!(released.fingerprint, one(FIRING).fingerprint);

    let bare = with_member("fingerprint", Value::Null);
    let engaged = one(&bare);
    assert_eq!(one(&resolve(bare.clone())).fingerprint, engaged.fingerprint);
    assert_eq!(
        one(&with_member("fingerprint", json!(""))).fingerprint,
        engaged.fingerprint
    );
    let turned = json!({"job": "node", "severity": "page", "cluster": "pisa",
        "instance": "db1.example:9100", "alertname": "InstanceDown"});
    let mut body: Value = serde_json::from_str(&bare).unwrap();
    body["alerts"][0]["labels"] = turned;
    assert_eq!(one(&body.to_string()).fingerprint, engaged.fingerprint);
    body["alerts"][0]["labels"]["job"] = json!("other");
    assert_ne!(one(&body.to_string()).fingerprint, engaged.fingerprint);
    let foreign = Arrival {
        scope: "token-2",
        ..ARRIVAL
    };
    let foreign = parse(FIRING.as_bytes(), foreign).unwrap().parsed;
    assert_ne!(foreign.accepted[0].1.fingerprint, one(FIRING).fingerprint);
}

#[test]
fn what_is_missing_is_made_good() {
    let none = Value::Null;
    let bare = one(r#"{"version":"4","status":"firing","alerts":[{"labels":null}]}"#);
    assert_eq!(bare.kind, "unnamed_alert");
    assert_eq!(
        (bare.severity, bare.action),
        (Severity::Warning, Action::Engaged)
    );
    assert_eq!(bare.entity.kind, "alert");
    assert_eq!((bare.starts_at, bare.ends_at), (ARRIVAL.now, None));
    assert_eq!(
        (&bare.title, &bare.message, &bare.url),
        (&None, &None, &None)
    );

    assert_eq!(
        one(&with_member("annotations", none.clone()))
            .title
            .as_deref(),
        Some("InstanceDown")
    );
    let no_time = one(&with_member("startsAt", json!("0001-01-01T00:00:00Z")));
    assert_eq!(no_time.starts_at, ARRIVAL.now);
    // When a firing alert would end by itself is not when it ended.
    assert_eq!(
        one(&with_member("endsAt", json!("2024-07-09T10:00:00Z"))).ends_at,
        None
    );
    for url in [
        json!(""),
        json!("/graph"),
        json!("javascript:alert(1)"),
        none,
    ] {
        let alert = one(&with_member("generatorURL", url));
        assert_eq!(
            alert.url.as_deref(),
            Some("http://alertmanager.example:9093")
        );
    }
    let body = with("http://alertmanager.example:9093", "");
    let mut body: Value = serde_json::from_str(&body).unwrap();
    body["alerts"][0]["generatorURL"] = json!("");
    assert_eq!(one(&body.to_string()).url, None);
}

#[test]
fn texts_of_others_are_cut_and_cleaned_and_whole_in_the_details() {
    let long = "\u{e9}".repeat(limits::MESSAGE * 5 / 8);
    let alert = one(&with_member(
        "annotations",
        json!({"summary": format!("a\u{0}{long}"), "description": long}),
    ));
    assert!(alert.title.as_deref().unwrap().starts_with("a\u{fffd}"));
    assert!(alert.title.unwrap().len() <= limits::TITLE);
    assert_eq!(alert.message.unwrap().len(), limits::MESSAGE);
    let alert = one(&with("db1.example:9100\",\"job", "a\\nb\\ud800\",\"job"));
    assert_eq!(alert.entity.value, "a\u{fffd}b\u{fffd}");
    let mut bytes = FIRING.as_bytes().to_vec();
    let at = FIRING.find("db1.example").unwrap();
    bytes[at] = 0xff;
    let parsed = parse(&bytes, ARRIVAL).unwrap().parsed;
    assert_eq!(parsed.accepted[0].1.entity.value, "\u{fffd}b1.example:9100");
}

#[test]
fn members_that_are_not_known_are_taken_and_wrong_types_are_named() {
    for (name, value) in [
        ("notificationReason", json!({"a": [1]})),
        ("panelURL", json!(7)),
        ("values", json!("x")),
    ] {
        assert_eq!(one(&with_member(name, value)).kind, "InstanceDown");
    }
    assert_eq!(
        one(&with(
            "\"groupKey\"",
            "\"notification_reason\":[],\"groupKey\""
        ))
        .kind,
        "InstanceDown"
    );
    for (name, value, path, code) in [
        ("status", json!("pending"), ".status", Code::UnknownValue),
        ("status", json!(1), ".status", Code::WrongType),
        ("labels", json!([]), ".labels", Code::WrongType),
        ("labels", json!({"a": 1}), ".labels.a", Code::WrongType),
        ("labels", json!({"a": null}), ".labels.a", Code::WrongType),
        ("annotations", json!("x"), ".annotations", Code::WrongType),
        (
            "startsAt",
            json!(1_720_517_073),
            ".startsAt",
            Code::WrongType,
        ),
        (
            "startsAt",
            json!("yesterday"),
            ".startsAt",
            Code::OutOfRange,
        ),
        (
            "startsAt",
            json!("0002-01-01T00:00:00Z"),
            ".startsAt",
            Code::OutOfRange,
        ),
        (
            "endsAt",
            json!("2024-02-30T00:00:00Z"),
            ".endsAt",
            Code::OutOfRange,
        ),
        ("endsAt", json!({}), ".endsAt", Code::WrongType),
        (
            "generatorURL",
            json!(false),
            ".generatorURL",
            Code::WrongType,
        ),
        ("fingerprint", json!(17), ".fingerprint", Code::WrongType),
    ] {
        let mut body: Value = serde_json::from_str(&with_member(name, value.clone())).unwrap();
        let good: Value = serde_json::from_str::<Value>(FIRING).unwrap()["alerts"][0].clone();
        body["alerts"].as_array_mut().unwrap().insert(0, good);
        let parsed = read(&body.to_string()).unwrap().parsed;
        assert_eq!(parsed.accepted.len(), 1, "{name} {value}");
        let refused = &parsed.refused[0];
        assert_eq!(
            (refused.index, refused.path.as_str(), refused.code),
            (1, format!("$.alerts[1]{path}").as_str(), code),
            "{name} {value}: {refused}"
        );
    }
    let twice = with(
        "\"job\":\"node\",\"severity\"",
        "\"instance\":\"x\",\"severity\"",
    );
    let refused = &read(&twice).unwrap().parsed.refused[0];
    assert_eq!(
        (refused.path.as_str(), refused.code),
        ("$.alerts[0]", Code::DuplicateField)
    );
    let refused = read(r#"{"version":"4","alerts":[{"labels":{}}, 7]}"#)
        .unwrap()
        .parsed
        .refused;
    assert_eq!(
        (refused[0].path.as_str(), refused[0].code),
        ("$.alerts[0].status", Code::MissingField)
    );
    assert_eq!(
        (refused[1].path.as_str(), refused[1].code),
        ("$.alerts[1]", Code::NotAnObject)
    );
}

#[test]
fn a_body_that_is_no_webhook_of_version_4_is_named() {
    let swap = |from: &str, to: &str| with(from, to);
    for (body, path) in [
        ("[]".to_owned(), "$"),
        ("17".to_owned(), "$"),
        ("{}".to_owned(), "$.version"),
        (swap("\"version\":\"4\"", "\"version\":\"3\""), "$.version"),
        (
            swap("\"version\":\"4\"", "\"version\":\"4.0\""),
            "$.version",
        ),
        (swap("\"version\":\"4\"", "\"version\":4"), "$.version"),
        (swap("\"version\":\"4\"", "\"version\":null"), "$.version"),
        (swap("\"alerts\":[", "\"others\":["), "$.alerts"),
        (r#"{"version":"4","alerts":{}}"#.to_owned(), "$.alerts"),
        (r#"{"version":"4","alerts":"[]"}"#.to_owned(), "$.alerts"),
        (
            swap("\"truncatedAlerts\":0", "\"truncatedAlerts\":-1"),
            "$.truncatedAlerts",
        ),
        (
            swap("\"truncatedAlerts\":0", "\"truncatedAlerts\":\"0\""),
            "$.truncatedAlerts",
        ),
        (
            swap("\"receiver\":\"campanile\"", "\"receiver\":[]"),
            "$.receiver",
        ),
        (
            swap("\"http://alertmanager.example:9093\"", "1"),
            "$.externalURL",
        ),
        (
            swap("\"version\":\"4\"", "\"version\":\"4\",\"version\":\"4\""),
            "$.version",
        ),
    ] {
        match read(&body) {
            Err(BodyError::Shape { path: found, .. }) => assert_eq!(found, path, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    let error = read(&swap("\"version\":\"4\"", "\"version\":\"3\"")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "$.version: expected version \"4\" of Alertmanager's webhook, found \"3\""
    );
    assert!(matches!(
        read("{\"version\":"),
        Err(BodyError::NotJson { .. })
    ));
}

#[test]
fn no_alerts_are_no_fault_and_what_was_left_out_is_told() {
    for alerts in ["[]", "null"] {
        let body = format!(r#"{{"version":"4","alerts":{alerts}}}"#);
        assert_eq!(read(&body).unwrap().parsed, Parsed::default());
    }
    let webhook = read(&with("\"truncatedAlerts\":0", "\"truncatedAlerts\":12")).unwrap();
    assert_eq!(webhook.truncated, 12);
    assert_eq!(webhook.receiver, "campanile");
    assert_eq!(webhook.parsed.accepted.len(), 1);
    let absent = with(",\"truncatedAlerts\":0", "");
    assert_eq!(read(&absent).unwrap().truncated, 0);
    let many = format!(
        r#"{{"version":"4","alerts":[{}]}}"#,
        vec!["{}"; limits::ALERTS + 1].join(",")
    );
    assert_eq!(read(&many).unwrap_err().code(), "too-many-alerts");
}

proptest! {
    #[test]
    fn whatever_labels_and_annotations_say_the_alert_is_within_its_limits(
        labels in prop::collection::btree_map(".{0,20}", ".{0,20}", 0..8),
        alertname in ".{0,200}",
        summary in ".{0,40}",
    ) {
        let mut labels: serde_json::Map<_, _> =
            labels.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        labels.insert("alertname".to_owned(), Value::from(alertname));
        let body = json!({"version": "4", "status": "firing",
            "alerts": [{"labels": labels, "annotations": {"summary": summary}}]});
        let alert = one(&body.to_string());
        prop_assert!(limits::kind("", &alert.kind).is_ok());
        prop_assert!(limits::name("", &alert.entity.kind).is_ok());
        prop_assert!(limits::name("", &alert.entity.value).is_ok());
        prop_assert!(limits::line("", &alert.source).is_ok());
        for (name, value) in &alert.labels {
            prop_assert!(limits::name("", name).is_ok() && limits::name("", value).is_ok());
        }
        if let Some(title) = &alert.title {
            prop_assert!(limits::text("", title, limits::TITLE).is_ok());
        }
        prop_assert_eq!(serde_json::from_str::<Alert>(&alert.document()).unwrap(), alert);
    }

    #[test]
    fn no_bytes_end_the_program(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, ARRIVAL);
        let mut body = FIRING.as_bytes().to_vec();
        let at = bytes.len() * 3 % body.len();
        body.splice(at..at, bytes);
        let _ = parse(&body, ARRIVAL);
        let _ = parse_grafana(&body, ARRIVAL);
    }
}
