//! Slack, both ways.

use std::time::Duration;

use campanile_tests::World;
use campanile_tests::fakes::{Posted, Slack};
use serde_json::{Value, json};

use super::{all_arrive, configure, disk, essence, held, long, paused, post, reasons, waits};

/// The pace itself: the workspace counts by the same clock, and a longer step would let two messages go at once.
const A_PACE: Duration = Duration::from_secs(1);

async fn bot(channels: &[&str]) -> (World, Slack) {
    let world = held().await;
    let slack = Slack::start(&world.clock, channels).await;
    let opening = slack.receiver().opening();
    configure(
        &world,
        "slack",
        &slack.bot(),
        &json!({"channel": "C1"}),
        &opening,
    )
    .await;
    (world, slack)
}

async fn webhook() -> (World, Slack) {
    let world = held().await;
    let slack = Slack::start(&world.clock, &[]).await;
    let opening = slack.receiver().opening();
    configure(&world, "slack", &slack.webhook(), &json!({}), &opening).await;
    (world, slack)
}

fn headers(posted: &Posted) -> Vec<String> {
    let blocks = posted.payload["blocks"].as_array().expect("blocks");
    let headers = blocks.iter().filter(|block| block["type"] == "header");
    headers
        .map(|block| block["text"]["text"].as_str().expect("a text").to_owned())
        .collect()
}

#[tokio::test]
async fn a_bot_tells_the_end_of_a_condition_in_the_thread_that_announced_it() {
    let (world, slack) = bot(&["C1"]).await;
    post(&world, &json!([disk("a", "engaged"), disk("b", "engaged")])).await;
    all_arrive(&world, A_PACE).await;
    post(&world, &json!([disk("b", "released")])).await;
    all_arrive(&world, A_PACE).await;
    let posted = slack.posted();
    assert_eq!(posted.len(), 2, "both began in one message");
    assert_eq!(
        headers(&posted[0]),
        ["\u{1F534} Disk of a", "\u{1F534} Disk of b"]
    );
    assert_eq!(posted[0].thread_ts, None);
    assert_eq!(headers(&posted[1]), ["\u{2705} Disk of b"]);
    assert_eq!(posted[1].thread_ts.as_ref(), Some(&posted[0].ts));
    assert!(slack.refused().is_empty());
    assert!(world.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_webhook_has_no_threads() {
    let (world, slack) = webhook().await;
    for action in ["engaged", "released"] {
        post(&world, &disk("a", action)).await;
        all_arrive(&world, A_PACE).await;
    }
    let posted = slack.posted();
    assert_eq!(posted.len(), 2);
    assert!(posted.iter().all(|message| message.thread_ts.is_none()));
    assert_eq!(reasons(&world).await, ["accepted", "accepted"]);
}

#[tokio::test]
async fn too_many_requests_are_tried_again_when_slack_says() {
    for (world, slack) in [bot(&["C1"]).await, webhook().await] {
        slack.refuse_next(45);
        let before = world.clock.now();
        post(&world, &disk("a", "engaged")).await;
        all_arrive(&world, A_PACE).await;
        assert_eq!(slack.refused(), ["ratelimited"]);
        assert_eq!(slack.posted().len(), 1);
        let attempts = world.all_attempts().await;
        let retry_at = attempts[0].retry_at.expect("another try");
        assert!(retry_at >= before + 45_000, "{retry_at} after {before}");
        assert_eq!(reasons(&world).await, ["too-many-requests", "accepted"]);
    }
}

#[tokio::test]
async fn a_revoked_token_or_webhook_pauses_the_endpoint_and_loses_nothing() {
    for (world, slack) in [bot(&["C1"]).await, webhook().await] {
        slack.revoke();
        post(&world, &disk("a", "engaged")).await;
        assert_eq!(paused(&world).await, "endpoint-gone");
        waits(&world, 1).await;
        assert_eq!(slack.receiver().received().len(), 1);
    }
}

#[tokio::test]
async fn a_channel_that_is_gone_pauses_the_recipient_and_loses_nothing() {
    for (world, slack) in [bot(&["C1"]).await, bot(&["C2"]).await, webhook().await] {
        slack.archive("C1");
        slack.archive("C0WEBHOOK");
        post(&world, &disk("a", "engaged")).await;
        assert_eq!(paused(&world).await, "recipient-gone");
        waits(&world, 1).await;
        let gone = ["is_archived", "channel_not_found", "channel_is_archived"];
        assert!(
            gone.contains(&slack.refused()[0].as_str()),
            "{:?}",
            slack.refused()
        );
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_answered_any_more_is_forgotten() {
    let (world, slack) = bot(&["C1"]).await;
    post(&world, &disk("a", "engaged")).await;
    all_arrive(&world, A_PACE).await;
    slack.delete_all();
    post(&world, &disk("a", "released")).await;
    all_arrive(&world, A_PACE).await;
    let posted = slack.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].thread_ts, None);
    assert_eq!(headers(&posted[0]), ["\u{2705} Disk of a"]);
    assert_eq!(reasons(&world).await, ["accepted", "rebuilt", "accepted"]);
}

#[tokio::test]
async fn a_hundred_alerts_arrive_in_batches_and_in_order() {
    for (world, slack) in [bot(&["C1"]).await, webhook().await] {
        let hosts: Vec<_> = (0..100).map(|number| format!("10.0.0.{number}")).collect();
        let all: Vec<_> = hosts.iter().map(|host| disk(host, "engaged")).collect();
        post(&world, &json!(all)).await;
        all_arrive(&world, A_PACE).await;
        let posted = slack.posted();
        assert!(posted.len() < 30, "{} messages", posted.len());
        let came: Vec<_> = posted.iter().flat_map(headers).collect();
        let expected: Vec<_> = hosts
            .iter()
            .map(|host| format!("\u{1F534} Disk of {host}"))
            .collect();
        assert_eq!(came, expected);
        assert_eq!(slack.refused(), [""; 0]);
    }
}

#[tokio::test]
async fn a_long_hostile_text_arrives_whole_within_every_limit() {
    let (world, slack) = bot(&["C1"]).await;
    let mut alert = disk("a", "engaged");
    alert["message"] = json!(long());
    alert["title"] = json!("<!here> & ".repeat(300));
    post(&world, &alert).await;
    all_arrive(&world, A_PACE).await;
    assert_eq!(slack.refused(), [""; 0]);
    let mut came = String::new();
    for message in slack.posted() {
        for block in message.payload["blocks"].as_array().expect("blocks") {
            if block["type"] == "section" {
                assert_eq!(
                    block["text"]["verbatim"],
                    Value::Bool(true),
                    "no link comes to life"
                );
                came.push_str(block["text"]["text"].as_str().expect("a text"));
            }
        }
    }
    let came = came
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let expected = essence(&long());
    assert!(essence(&came).ends_with(&expected), "it is another text");
    assert!(world.dead_letters().await.is_empty());
}
