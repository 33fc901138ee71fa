//! One program's webhook is another's intake: what is sent in a format comes in as that format.

use campanile_tests::{Receiver, Request, World, alert};
use serde_json::{Value, json};

const SECRET: &str = "shared-secret-of-both";

/// A host's alert as ntopng writes it.
fn from_ntopng() -> Value {
    json!({"alerts": [{"ifid": 1, "action": "engage", "alert_id": 4, "score": 100, "entity_id": 1,
        "entity_val": "192.168.1.19@0", "ip": "192.168.1.19", "name": "printer", "tstamp": 1_720_517_000,
        "json": {"is_attacker": true, "value": 1081, "threshold": 256, "big": 18_446_744_073_709_551_615_u64}}]})
}

/// What is sent with this body for an alert of ntopng's and one of nobody's.
async fn sent(body: &Value) -> Vec<Request> {
    let receiver = Receiver::ok().await;
    let mut params = json!({"alerts_per_request": "1"});
    params
        .as_object_mut()
        .expect("an object")
        .extend(body.as_object().expect("an object").clone());
    let world = World::builder()
        .webhook_with(&receiver, &params)
        .start()
        .await;
    let token = Some(world.contact.ingest_token.as_str());
    let posted = world
        .post_raw("/ingest/ntopng", token, from_ntopng().to_string())
        .await;
    assert_eq!(posted.status, 202, "{:?}", posted.body);
    receiver.wait_for(1).await;
    let other = alert(
        "disk_full",
        &json!({"action": "engaged", "message": "97 % of \u{1F4BE}", "source": "\u{E8} \"x\"",
            "labels": {"site": "Pisa"}, "url": "https://zabbix.example/"}),
    );
    assert_eq!(world.post(&other).await.status, 202);
    let requests = receiver.wait_for(2).await;
    world.wait_until_empty().await;
    assert!(world.dead_letters().await.is_empty());
    requests
}

/// What another program's own webhook sends of what it takes in.
async fn passed_on(path: &str, token: Option<&str>, requests: &[Request]) -> Vec<Value> {
    let receiver = Receiver::ok().await;
    let desired = json!({
        "endpoints": [{"name": "hook", "component": "webhook",
            "params": {"url": receiver.url("/hook"), "alerts_per_request": "1"}}],
        "recipients": [{"name": "hook", "endpoint": "hook", "language": "en", "time_zone": "UTC"}],
        "networks": [{"allow": [receiver.opening()]}],
        "tokens": [{"name": "relay", "role": "ingest", "value": SECRET}],
    });
    let world = World::builder().desired(desired).start().await;
    for (count, request) in (1..).zip(requests) {
        let posted = world.post_raw(path, token, request.body.clone()).await;
        assert_eq!(posted.status, 202, "{:?}", posted.body);
        receiver.wait_for(count).await;
    }
    receiver
        .received()
        .iter()
        .map(|request| request.json()["alerts"][0].clone())
        .collect()
}

#[tokio::test]
async fn ntopngs_webhook_feeds_another_program_by_its_shared_secret_alone() {
    for body in ["ntopng", "ntopng-0.2"] {
        let requests = sent(&json!({"body": body, "shared_secret": SECRET})).await;
        for request in &requests {
            let envelope = request.json();
            assert_eq!(envelope["sharedsecret"], SECRET);
            let timestamp = envelope["timestamp"].as_u64();
            assert_eq!(
                timestamp.is_some_and(|at| at > 1_700_000_000),
                body == "ntopng"
            );
        }
        let alerts = passed_on("/ingest/ntopng", None, &requests).await;
        assert_eq!(alerts[0]["kind"], "flows_flood");
        assert_eq!(alerts[0]["value"], 1081.0);
        assert_eq!(alerts[0]["entity"]["name"], "printer");
        assert_eq!(
            alerts[0]["details"]["json"]["big"],
            18_446_744_073_709_551_615_u64
        );
        assert_eq!(alerts[1]["kind"], "disk_full");
        assert_eq!(alerts[1]["entity"]["value"], "192.168.1.19@0");
        assert_eq!(
            (&alerts[1]["action"], &alerts[1]["severity"]),
            (&json!("engaged"), &json!("error"))
        );
        assert_eq!(alerts[1]["details"]["message"], "97 % of \u{1F4BE}");
    }
}

#[tokio::test]
async fn alertmanagers_webhook_feeds_another_program() {
    let requests = sent(&json!({"body": "alertmanager"})).await;
    let alerts = passed_on("/ingest/alertmanager", Some(SECRET), &requests).await;
    assert_eq!(alerts[0]["kind"], "flows_flood");
    assert_eq!(alerts[0]["title"], "Flows Flood");
    assert_eq!(alerts[1]["kind"], "disk_full");
    assert_eq!(alerts[1]["message"], "97 % of \u{1F4BE}");
    assert_eq!(alerts[1]["labels"]["site"], "Pisa");
    assert_eq!(alerts[1]["source"], "\u{E8} \"x\"");
    assert_eq!(alerts[1]["url"], "https://zabbix.example/");
    assert_eq!(
        alerts[1]["entity"],
        json!({"kind": "host", "value": "192.168.1.19@0"})
    );
    assert_ne!(alerts[0]["fingerprint"], alerts[1]["fingerprint"]);
}

#[tokio::test]
async fn attributes_of_binary_events_arrive_in_headers_of_ascii() {
    let requests = sent(&json!({"body": "cloudevents-binary"})).await;
    for (header, value) in [
        ("ce-specversion", "1.0"),
        ("ce-type", "campanile.alert.disk_full"),
        ("ce-source", "/campanile/%25C3%25A8%2520%2522x%2522"),
        ("ce-subject", "host/192.168.1.19@0"),
        ("ce-time", "2026-01-02T03:00:00.000Z"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(requests[1].header(header), Some(value), "{header}");
    }
    let data = requests[1].json();
    assert_eq!(data["message"], "97 % of \u{1F4BE}");
    assert_eq!(requests[1].header("ce-id"), data["id"].as_str());
}
