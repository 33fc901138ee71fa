//! The webhook's further bodies, and what the consumers of each format make of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use campanile::alert::{Alert, time};
use campanile::intake::{self, Arrival};
use campanile::message::{HttpRequest, Message, Part};
use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::notification::Notification;
use campanile_contract::text::{Localizer, Rich};
use campanile_tests::tools;
use serde::Deserialize;
use serde_json::{Value, json};

use super::alerts::{NAME, TEXT};
use super::sandboxed::{Params, dequeued, notification, recipient, tested};
use super::setup::LANGUAGES;
use super::{files, shown};

/// Name of the files, and parameters.
const BODIES: [(&str, Params); 5] = [
    (
        "alertmanager",
        &[
            ("body", "alertmanager"),
            ("external_url", "https://campanile.example/"),
        ],
    ),
    ("cloudevents", &[("body", "cloudevents")]),
    ("cloudevents_binary", &[("body", "cloudevents-binary")]),
    ("ntopng", &[("body", "ntopng"), ("shared_secret", "set")]),
    ("ntopng_02", &[("body", "ntopng-0.2")]),
];

const ARRIVAL: Arrival<'_> = Arrival {
    scope: "test",
    now: 1_767_323_045_000,
};

/// ntopng's own JSON, as intake keeps it.
const NTOPNGS: &str = r#"{"ifid":1,"action":"engage","alert_id":4,"score":100,"entity_id":1,"entity_val":"192.168.1.19@0","ip":"192.168.1.19","name":"host.lan","tstamp":1720517000,"tstamp_end":0,"flow_risk_bitmap":18446744073709551615,"proto.ndpi":"TLS","json":{"alert_generation":{"script_key":"flow_flood"},"is_attacker":true,"value":1081,"threshold":256}}"#;

pub(super) fn files() -> impl Iterator<Item = String> {
    BODIES.iter().flat_map(|(name, _)| {
        LANGUAGES.map(|(language, _)| format!("sandboxed/webhook_body_{name}.{language}.txt"))
    })
}

/// One that came from ntopng, one that has everything and tries to be markup, one that has nothing and ended.
fn alerts(localizer: &Localizer<'_>) -> Vec<Notification> {
    let id = |number: u8| format!("0192b6f0-0000-7000-8000-00000000000{number}");
    let from_ntopng = notification(localizer, |alert| {
        alert.kind = "flows_flood".to_owned();
        alert.action = Action::Engaged;
        alert.source = "1".to_owned();
        alert.entity.value = "192.168.1.19@0".to_owned();
        alert.entity.name = Some("host.lan".to_owned());
        alert.fingerprint = "00112233445566778899aabbccddeeff".to_owned();
        alert.document = format!(r#"{{"id":"{}","details":{NTOPNGS}}}"#, alert.id);
    });
    let hostile = notification(localizer, |alert| {
        alert.id = id(2);
        alert.title = Rich::plain(TEXT);
        alert.message = Rich::plain(TEXT);
        alert.severity = Severity::Critical;
        alert.category = Some("security".to_owned());
        alert.subtype = Some("<b>".to_owned());
        alert.score = Some(170);
        alert.action = Action::Reminded;
        alert.entity = Entity {
            kind: "interface".to_owned(),
            value: NAME.to_owned(),
            name: Some(NAME.to_owned()),
        };
        alert.source = "100% \"eth\" \u{E8}".to_owned();
        alert.url = Some("https://ntopng.example/?a=1&b=\"".to_owned());
        alert.fingerprint = "ffeeddccbbaa99887766554433221100".to_owned();
        alert.labels = vec![
            ("team".to_owned(), "noc".to_owned()),
            ("severity".to_owned(), "page".to_owned()),
            (NAME.to_owned(), NAME.to_owned()),
            ("empty".to_owned(), String::new()),
        ];
        alert.document = format!(r#"{{"id":"{}","n":18446744073709551617.10}}"#, alert.id);
    });
    let ended = notification(localizer, |alert| {
        alert.id = id(3);
        alert.message = Rich::plain("");
        alert.severity = Severity::Info;
        alert.action = Action::Released;
        alert.entity.kind = "pod".to_owned();
        alert.source = String::new();
        alert.ends_at = Some(alert.starts_at + 61_001);
        alert.fingerprint = "0123456789abcdef0123456789abcdef".to_owned();
        alert.document = format!(r#"{{"id":"{}"}}"#, alert.id);
    });
    vec![from_ntopng, hostile, ended]
}

fn english() -> Localizer<'static> {
    Localizer::new(None, "en", "UTC")
}

/// What is sent with these parameters for all alerts.
fn sent(params: Params) -> Vec<Message> {
    dequeued(
        "webhook",
        recipient(params, "en", "UTC"),
        alerts(&english()),
    )
    .into_iter()
    .flat_map(|(_, messages)| messages)
    .collect()
}

/// The body of the one message.
fn body(params: Params) -> Value {
    let messages = sent(params);
    assert_eq!(messages.len(), 1);
    serde_json::from_str(&shown::body(&messages[0])).expect("JSON")
}

#[test]
fn every_body_has_its_golden_requests() {
    for (language, time_zone) in LANGUAGES {
        let localizer = Localizer::new(None, language, time_zone);
        for (name, params) in BODIES {
            let recipient = recipient(params, language, time_zone);
            let test = tested("webhook", recipient.clone());
            let mut text = format!("====== test\n\n{}\n", shown::messages(&test));
            for (carried, messages) in dequeued("webhook", recipient, alerts(&localizer)) {
                text += &format!(
                    "====== alerts {carried:?}\n\n{}\n",
                    shown::messages(&messages)
                );
            }
            files::check(
                &format!("sandboxed/webhook_body_{name}.{language}.txt"),
                &text,
            );
        }
    }
}

/// Alertmanager's own words for what it posts, and none besides:
/// <https://pkg.go.dev/github.com/prometheus/alertmanager/template#Data>
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Data {
    version: String,
    group_key: String,
    truncated_alerts: u64,
    status: String,
    receiver: String,
    group_labels: BTreeMap<String, String>,
    common_labels: BTreeMap<String, String>,
    common_annotations: BTreeMap<String, String>,
    #[serde(rename = "externalURL")]
    external_url: String,
    alerts: Vec<DataAlert>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DataAlert {
    status: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    fingerprint: String,
}

#[test]
fn alertmanagers_own_types_take_its_body() {
    let (_, params) = BODIES[0];
    let data: Data = serde_json::from_value(body(params)).expect("template.Data");
    assert_eq!((data.version.as_str(), data.truncated_alerts), ("4", 0));
    assert_eq!(data.group_key, "{}/{receiver=\"<b>R&D</b>\"}:{}");
    assert_eq!(
        (data.status.as_str(), data.receiver.as_str()),
        ("firing", "<b>R&D</b>")
    );
    assert_eq!(data.external_url, "https://campanile.example/");
    assert_eq!(data.group_labels, BTreeMap::new());
    let mut common: Vec<(&String, &String)> = data.alerts[0].labels.iter().collect();
    common.retain(|(name, value)| {
        let same = |alert: &DataAlert| alert.labels.get(*name) == Some(*value);
        data.alerts.iter().all(same)
    });
    assert_eq!(data.common_labels.iter().collect::<Vec<_>>(), common);
    let mut annotations: Vec<_> = data
        .alerts
        .iter()
        .map(|alert| alert.annotations.clone())
        .collect();
    annotations.dedup();
    assert!(annotations.len() > 1 && data.common_annotations.is_empty());

    let status: Vec<_> = data
        .alerts
        .iter()
        .map(|alert| alert.status.as_str())
        .collect();
    assert_eq!(status, ["firing", "firing", "resolved"]);
    for (alert, given) in data.alerts.iter().zip(alerts(&english())) {
        assert_eq!(time::parse(&alert.starts_at), Some(given.starts_at));
        match given.ends_at {
            Some(ends_at) => assert_eq!(time::parse(&alert.ends_at), Some(ends_at)),
            None => assert_eq!(alert.ends_at, "0001-01-01T00:00:00Z"),
        }
        assert_eq!(alert.labels["alertname"], given.kind);
        assert_eq!(alert.fingerprint, given.fingerprint[..16]);
        assert_eq!(alert.generator_url, given.url.unwrap_or_default());
        assert!(alert.labels.values().all(|value| !value.is_empty()));
    }
    let hostile = &data.alerts[1];
    assert_eq!(
        (
            hostile.labels["severity"].as_str(),
            hostile.labels["team"].as_str()
        ),
        ("page", "noc")
    );
    assert_eq!(hostile.labels[NAME], NAME);
    assert_eq!(
        hostile.annotations["summary"],
        hostile.annotations["description"]
    );

    let one = dequeued(
        "webhook",
        recipient(params, "en", "UTC"),
        alerts(&english()).split_off(2),
    );
    let data: Data = serde_json::from_str(&shown::body(&one[0].1[0])).expect("template.Data");
    assert_eq!(data.status, "resolved", "none fires");
    assert_eq!(data.common_labels, data.alerts[0].labels);
    assert_eq!(data.common_annotations, data.alerts[0].annotations);
}

/// What an alert keeps on its way through another program.
fn essence(alert: &Alert) -> (String, Severity, String, Entity) {
    let action = match alert.action {
        Action::Reminded => "engaged",
        other => other.as_str(),
    };
    (
        alert.kind.clone(),
        alert.severity,
        action.to_owned(),
        alert.entity.clone(),
    )
}

fn accepted(parsed: intake::Parsed) -> Vec<Alert> {
    assert_eq!(parsed.refused, []);
    parsed
        .accepted
        .into_iter()
        .map(|(_, alert)| alert)
        .collect()
}

#[test]
fn our_own_intake_of_alertmanager_takes_its_body() {
    let body = body(BODIES[0].1).to_string();
    let webhook = intake::alertmanager::parse(body.as_bytes(), ARRIVAL).expect("a webhook");
    for (alert, given) in accepted(webhook.parsed).iter().zip(alerts(&english())) {
        // A label of the producer's own comes before ours.
        let severity = match given.labels.iter().any(|(name, _)| name == "severity") {
            true => Severity::Critical,
            false => given.severity,
        };
        let action = match given.action {
            Action::Released => "released",
            _ => "engaged",
        };
        assert_eq!(
            essence(alert),
            (given.kind, severity, action.to_owned(), given.entity)
        );
        assert_eq!(
            (alert.starts_at, alert.ends_at),
            (given.starts_at, given.ends_at)
        );
        assert_eq!(
            (&alert.source, &alert.category),
            (&given.source, &given.category)
        );
        assert!(alert.title.is_some());
    }
}

#[test]
fn our_own_intake_of_ntopng_takes_both_forms() {
    for (_, params) in [BODIES[3], BODIES[4]] {
        let body = body(params);
        let text = body.to_string();
        let webhook = intake::ntopng::parse(text.as_bytes(), ARRIVAL).expect("a webhook");
        let secret = params.iter().any(|(name, _)| *name == "shared_secret");
        assert_eq!(webhook.shared_secret.is_some(), secret);
        let read = accepted(webhook.parsed);
        assert_eq!(
            essence(&read[0]),
            (
                "flows_flood".to_owned(),
                Severity::Error,
                "engaged".to_owned(),
                alerts(&english())[0].entity.clone()
            )
        );
        assert_eq!(
            (read[0].value, read[0].threshold),
            (Some(1081.0), Some(256.0))
        );
        let kinds: Vec<_> = read.iter().map(|alert| alert.kind.as_str()).collect();
        assert_eq!(kinds, ["flows_flood", "test", "test"]);
        for (alert, given) in read[1..].iter().zip(&alerts(&english())[1..]) {
            let kind = match given.entity.kind.as_str() {
                "interface" => "interface",
                _ => "other",
            };
            assert_eq!(
                (alert.entity.kind.as_str(), &alert.entity.value),
                (kind, &given.entity.value)
            );
            assert_eq!(alert.severity, given.severity);
            assert_eq!(alert.starts_at / 1000, given.starts_at / 1000);
            assert_eq!(
                alert.ends_at.map(|at| at / 1000),
                given.ends_at.map(|at| at / 1000)
            );
        }
        for alert in body["alerts"].as_array().expect("alerts") {
            assert_eq!(alert["json"].is_string(), !secret, "{alert}");
            assert_eq!(alert.get("metadata").is_some(), secret);
            assert!(alert["title"].is_string() && alert["message"].is_string());
        }
        assert_eq!(body.get("timestamp").is_some(), secret);
    }
    // What ntopng wrote goes on digit for digit.
    let newer = shown::body(&sent(BODIES[3].1)[0]);
    for part in NTOPNGS.trim_matches(['{', '}']).split(",\"json\"") {
        assert!(newer.contains(part), "{part}");
    }
}

/// The headers and body of a request, facts as they might be.
fn on_the_wire(message: &Message) -> Value {
    let Message::Http(HttpRequest { headers, .. }) = message else {
        panic!("no request: {message:?}")
    };
    let headers: BTreeMap<String, String> = headers
        .iter()
        .map(|(name, value)| {
            let value = value.iter().map(|part| match part {
                Part::Text(text) => text.as_str(),
                _ => "0",
            });
            (name.to_lowercase(), value.collect())
        })
        .collect();
    json!({"headers": headers, "body": shown::body(message)})
}

/// Python's `cloudevents`, of the makers of the specification, in a folder of this build's own.
fn cloudevents() -> Option<PathBuf> {
    const PACKAGE: &str = "cloudevents==2.2.0";
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE.replace("==", "-"));
    let there = |folder: &PathBuf| folder.join("cloudevents/core/bindings/http.py").is_file();
    if !there(&folder) {
        let new = folder.with_extension(std::process::id().to_string());
        let pip = Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .args([new.as_os_str(), PACKAGE.as_ref()])
            .output();
        // Of two that do this at once one comes first, and the other's is as good.
        if pip.is_ok_and(|pip| pip.status.success()) {
            let _ = std::fs::rename(&new, &folder);
        }
        let _ = std::fs::remove_dir_all(&new);
    }
    if !there(&folder) {
        let install = format!("apt-get install python3-pip, so that `{PACKAGE}` can be fetched");
        tools::missing("Python's cloudevents", &install);
        return None;
    }
    Some(folder)
}

/// Reads messages from standard input, and prints what they say.
const READER: &str = r#"
import json, sys
sys.path.insert(0, sys.argv[1])
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
for line in sys.stdin:
    message = json.loads(line)
    event = from_http_event(HTTPMessage(message["headers"], message["body"].encode()))
    data = event.get_data()
    print(json.dumps({
        "attributes": {name: str(value) for name, value in event.get_attributes().items()},
        "time": event.get_time() and int(event.get_time().timestamp() * 1000),
        "data": json.loads(data) if isinstance(data, (str, bytes)) else data}))
"#;

fn read_by_python(package: &PathBuf, messages: &[Value]) -> Vec<Value> {
    let mut python = Command::new("python3")
        .args(["-I", "-c", READER])
        .arg(package)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python");
    let mut input = python.stdin.take().expect("its input");
    for message in messages {
        writeln!(input, "{message}").expect("it reads");
    }
    drop(input);
    let Output {
        status,
        stdout,
        stderr,
    } = python.wait_with_output().expect("its output");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let lines = String::from_utf8(stdout).expect("text");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn the_makers_of_cloudevents_read_every_mode() {
    let Some(package) = cloudevents() else { return };
    let binary = sent(BODIES[2].1);
    assert_eq!(binary.len(), 3, "one alert a request");
    let batch = on_the_wire(&sent(BODIES[1].1)[0]);
    assert_eq!(
        batch["headers"]["content-type"],
        "application/cloudevents-batch+json; charset=UTF-8"
    );
    let batch: Vec<Value> =
        serde_json::from_str(batch["body"].as_str().expect("text")).expect("an array");
    let single: Vec<Value> = alerts(&english())
        .into_iter()
        .map(|alert| {
            let recipient = recipient(BODIES[1].1, "en", "UTC");
            on_the_wire(&dequeued("webhook", recipient, vec![alert])[0].1[0])
        })
        .collect();
    for (message, event) in single.iter().zip(&batch) {
        assert_eq!(
            message["headers"]["content-type"],
            "application/cloudevents+json; charset=UTF-8"
        );
        let one: Value =
            serde_json::from_str(message["body"].as_str().expect("text")).expect("JSON");
        assert_eq!(
            &one, event,
            "an event of a batch is one that could go alone"
        );
    }
    let binary: Vec<Value> = binary.iter().map(on_the_wire).collect();
    for read in [
        read_by_python(&package, &single),
        read_by_python(&package, &binary),
    ] {
        assert_eq!(read.len(), 3);
        for (event, given) in read.iter().zip(alerts(&english())) {
            let attributes = &event["attributes"];
            let subject = format!("{}/{}", given.entity.kind, given.entity.value);
            for (name, value) in [
                ("specversion", "1.0"),
                ("id", given.id.as_str()),
                ("type", &format!("campanile.alert.{}", given.kind)),
                ("subject", &subject),
                ("severity", given.severity.as_str()),
                ("action", given.action.as_str()),
                ("datacontenttype", "application/json"),
            ] {
                assert_eq!(attributes[name], value, "{name} of {event}");
            }
            let source = attributes["source"].as_str().expect("a source");
            assert!(
                source.starts_with("/campanile/") && source.is_ascii(),
                "{source}"
            );
            assert_eq!(event["time"], given.ends_at.unwrap_or(given.starts_at));
            assert_eq!(event["data"]["id"], given.id.as_str());
            assert!(event["data"]["title"].is_string());
        }
    }
    for (_, params) in &BODIES[1..3] {
        let test = tested("webhook", recipient(params, "en", "UTC"));
        let read = read_by_python(&package, &[on_the_wire(&test[0])]);
        assert_eq!(read[0]["attributes"]["type"], "campanile.test");
        assert_eq!(read[0]["data"], json!({}));
    }
}
