//! Texts that no single message holds, through the whole program.

use campanile_tests::{Behaviour, Receiver, Request};
use serde_json::json;

use super::setup::{bot_api, held, let_all_arrive, noc, sent};
use campanile_tests::html;

/// 100 KB of everything that must not be torn.
fn long() -> String {
    let line = "<b>\"R&D\"</b> `x` %{x} \u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467} e\u{301} \u{5D0}\u{5D1} 192.168.1.10\n";
    line.repeat(100_000 / line.len() + 1)
}

#[tokio::test]
async fn a_text_of_100_kilobytes_arrives_in_order_in_parts_that_telegram_takes() {
    let message = long();
    assert!(message.len() >= 100_000);
    let api = bot_api([]).await;
    let world = noc(&api, &json!({})).await;
    let alert = |action: &str| {
        json!({"kind": "dump", "action": action, "severity": "error", "title": "Long", "message": message,
            "entity": {"kind": "host", "value": "10.0.0.1"}, "source": "eth0",
            "starts_at": "2026-01-02T03:00:00Z"})
    };
    assert_eq!(world.post(&alert("engaged")).await.status, 202);
    let parts = let_all_arrive(&world, &api).await;
    assert!(parts.len() > 15, "{} parts", parts.len());
    let texts: Vec<String> = parts
        .iter()
        .map(|part| {
            assert_eq!(part.header("content-type"), Some("application/json"));
            let body = part.json();
            assert!(body.get("reply_parameters").is_none());
            html::seen(body["text"].as_str().expect("a text")).text
        })
        .collect();
    let whole = format!(
        "\u{1F534} Long\n{message}\n\nhost 10.0.0.1 \u{B7} eth0\nError \u{B7} Engaged \u{B7} 2026-01-02 03:00:00 UTC"
    );
    assert_eq!(html::joins(&whole, &texts), Ok(()));

    assert_eq!(world.post(&alert("released")).await.status, 202);
    let all = let_all_arrive(&world, &api).await;
    let released = &all[parts.len()..];
    assert_eq!(released.len(), parts.len());
    assert_eq!(
        released[0].json()["reply_parameters"]["message_id"],
        101,
        "it answers the first part"
    );
    assert!(
        released[1..]
            .iter()
            .all(|part| part.json().get("reply_parameters").is_none()),
        "and no other part answers anything"
    );
    assert_eq!(world.deliveries().await.len(), 2);
    assert!(world.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_webhook_gets_a_text_of_100_kilobytes_whole() {
    let receiver = Receiver::ok().await;
    let world = held().webhook(&receiver).start().await;
    let message = long();
    let alert = json!({"kind": "dump", "message": message, "entity": {"kind": "host", "value": "10.0.0.1"}});
    assert_eq!(world.post(&alert).await.status, 202);
    let body = receiver.wait_for(1).await[0].json();
    assert!(
        body["alerts"][0]["message"] == message.as_str(),
        "it is another text"
    );
}

#[tokio::test]
async fn a_part_that_fails_is_tried_again_and_those_before_it_are_not() {
    let api = Receiver::start([sent(101), sent(102), Behaviour::status(500)], sent(103)).await;
    let world = noc(&api, &json!({})).await;
    let alert = json!({"kind": "dump", "severity": "error", "message": "x ".repeat(6_000),
        "entity": {"kind": "host", "value": "10.0.0.1"}});
    assert_eq!(world.post(&alert).await.status, 202);
    let requests = let_all_arrive(&world, &api).await;
    let bodies: Vec<_> = requests.iter().map(Request::json).collect();
    assert_eq!(bodies.len(), 4, "three parts, one of them twice");
    assert_eq!(bodies[2], bodies[3]);
    assert!(bodies[0] != bodies[1] && bodies[1] != bodies[2]);
    let numbers: Vec<_> = world
        .all_attempts()
        .await
        .iter()
        .map(|attempt| (attempt.message, attempt.status))
        .collect();
    assert_eq!(
        numbers,
        [
            (0, Some(200)),
            (1, Some(200)),
            (2, Some(500)),
            (2, Some(200))
        ]
    );
}
