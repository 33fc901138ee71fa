use campanile_contract::alert::{Action, Severity};
use serde_json::{Value, json};

use super::*;
use crate::alert::Alert;
use crate::intake::Code;

const ARRIVAL: Arrival<'_> = Arrival {
    scope: "token-1",
    now: 1_720_600_000_000,
};

/// As Grafana 11 writes it.
const FIRING: &str = r#"{"receiver":"campanile","status":"firing","alerts":[
 {"status":"firing","labels":{"alertname":"High memory usage","grafana_folder":"Hosts","host":"db1","severity":"high"},
  "annotations":{"description":"The system has high memory usage","summary":"db1 runs out of memory"},
  "startsAt":"2024-07-09T11:24:33.157076+02:00","endsAt":"0001-01-01T00:00:00Z",
  "generatorURL":"https://grafana.example/alerting/grafana/1afz29v7z/view?orgId=1","fingerprint":"c6eadffa33fcdf37",
  "silenceURL":"https://grafana.example/alerting/silence/new?matcher=alertname%3DT2",
  "dashboardURL":"https://grafana.example/d/abc?orgId=1","panelURL":"https://grafana.example/d/abc?viewPanel=2",
  "imageURL":"https://grafana.example/i.png","values":{"B":44.23943737541908},
  "valueString":"[ var='B' labels={} value=44.239 ]"}],
 "groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"https://grafana.example/","version":"1",
 "groupKey":"{}:{}","truncatedAlerts":0,"orgId":1,"title":"[FIRING:1]","state":"alerting","message":"**Firing**"}"#;

fn one(body: &str) -> Alert {
    let parsed = parse(body.as_bytes(), ARRIVAL).unwrap().parsed;
    assert_eq!(parsed.refused, []);
    parsed.accepted.into_iter().next().unwrap().1
}

fn with_member(name: &str, value: Value) -> String {
    let mut body: Value = serde_json::from_str(FIRING).unwrap();
    body["alerts"][0][name] = value;
    body.to_string()
}

#[test]
fn an_alert_with_grafanas_additions_is_read() {
    let alert = one(FIRING);
    assert_eq!(alert.kind, "High_memory_usage");
    assert_eq!(
        (alert.severity, alert.action),
        (Severity::Error, Action::Engaged)
    );
    assert_eq!(
        (alert.entity.kind.as_str(), alert.entity.value.as_str()),
        ("host", "db1")
    );
    assert_eq!(alert.category.as_deref(), Some("Hosts"));
    assert_eq!(alert.starts_at, 1_720_517_073_157);
    assert_eq!(alert.title.as_deref(), Some("db1 runs out of memory"));
    assert_eq!(
        alert.message.as_deref(),
        Some("The system has high memory usage")
    );
    assert_eq!(alert.value, Some(44.239_437_375_419_08));
    assert_eq!(alert.detail("/values/B"), Some("44.23943737541908"));
    assert_eq!(
        alert.detail("/imageURL"),
        Some("\"https://grafana.example/i.png\"")
    );
    assert!(alert.detail("/valueString").is_some() && alert.detail("/silenceURL").is_some());
}

#[test]
fn the_url_is_the_closest_to_what_happened() {
    for (gone, expected) in [
        (&[][..], "https://grafana.example/d/abc?viewPanel=2"),
        (&["panelURL"], "https://grafana.example/d/abc?orgId=1"),
        (
            &["panelURL", "dashboardURL"],
            "https://grafana.example/alerting/grafana/1afz29v7z/view?orgId=1",
        ),
        (
            &["panelURL", "dashboardURL", "generatorURL"],
            "https://grafana.example/",
        ),
    ] {
        let mut body: Value = serde_json::from_str(FIRING).unwrap();
        for name in gone {
            body["alerts"][0][*name] = json!("");
        }
        assert_eq!(one(&body.to_string()).url.as_deref(), Some(expected));
    }
}

#[test]
fn one_value_is_the_measured_one_and_of_several_none() {
    for (values, expected) in [
        (json!({"B": 1.5}), Some(1.5)),
        (json!({"B": 1.5, "C": 1}), None),
        (json!({"B": null}), None),
        (json!({}), None),
        (json!(null), None),
    ] {
        assert_eq!(one(&with_member("values", values)).value, expected);
    }
    for (name, value, path) in [
        ("values", json!({"B": "1"}), "$.alerts[0].values.B"),
        ("values", json!([1]), "$.alerts[0].values"),
        ("panelURL", json!(1), "$.alerts[0].panelURL"),
    ] {
        let body = with_member(name, value);
        let refused = parse(body.as_bytes(), ARRIVAL).unwrap().parsed.refused;
        assert_eq!(
            (refused[0].path.as_str(), refused[0].code),
            (path, Code::WrongType)
        );
    }
}

#[test]
fn two_organisations_do_not_meet_and_neither_do_grafana_and_alertmanager() {
    let fingerprint = |body: &str| one(body).fingerprint;
    let own = fingerprint(FIRING);
    assert_ne!(
        own,
        fingerprint(&FIRING.replace("\"orgId\":1,\"title", "\"orgId\":2,\"title"))
    );
    let resolved = FIRING.replace("\"status\":\"firing\"", "\"status\":\"resolved\"");
    assert_eq!(own, fingerprint(&resolved));
    assert_eq!(one(&resolved).action, Action::Released);
    let as_alertmanagers = FIRING.replace("\"version\":\"1\"", "\"version\":\"4\"");
    let other = alertmanager::parse(as_alertmanagers.as_bytes(), ARRIVAL).unwrap();
    assert_ne!(own, other.parsed.accepted[0].1.fingerprint);
}

#[test]
fn another_version_or_form_is_named() {
    let path = |body: &str| match parse(body.as_bytes(), ARRIVAL) {
        Err(BodyError::Shape { path, .. }) => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        path(&FIRING.replace("\"version\":\"1\"", "\"version\":\"4\"")),
        "$.version"
    );
    assert_eq!(
        path(&FIRING.replace("\"orgId\":1,\"title", "\"orgId\":\"1\",\"title")),
        "$.orgId"
    );
    // Grafana's alerting until version 8.
    assert_eq!(
        path(r#"{"evalMatches":[],"state":"alerting","ruleName":"x"}"#),
        "$.version"
    );
}
