//! Discord's webhooks.

use std::time::Duration;

use campanile_tests::World;
use campanile_tests::fakes::{Bucket, Discord, Message};
use serde_json::{Value, json};

use super::{all_arrive, configure, disk, essence, held, long, paused, post, reasons, waits};

/// What Discord was seen to say.
const USUAL: Bucket = Bucket {
    limit: 5,
    window: 2_000,
};

/// As long as the pace and `USUAL` allow a message all the time.
const A_PACE: Duration = Duration::from_secs(3);

async fn webhook(bucket: Bucket, own: &Value) -> (World, Discord) {
    let world = held().await;
    let discord = Discord::start(&world.clock, bucket, &["77"]).await;
    let opening = discord.receiver().opening();
    configure(&world, "discord", &discord.webhook(), own, &opening).await;
    (world, discord)
}

fn titles(message: &Message) -> Vec<String> {
    let embeds = message.payload["embeds"].as_array().expect("embeds");
    embeds
        .iter()
        .map(|embed| embed["title"].as_str().expect("a title").to_owned())
        .collect()
}

#[tokio::test]
async fn the_end_of_a_condition_edits_the_message_that_announced_it() {
    let (world, discord) = webhook(USUAL, &json!({})).await;
    for action in ["engaged", "released", "engaged"] {
        post(&world, &disk("a", action)).await;
        all_arrive(&world, A_PACE).await;
    }
    let messages = discord.messages();
    let seen: Vec<_> = messages
        .iter()
        .map(|message| (titles(message), message.edits))
        .collect();
    let title = |emoji: &str| vec![format!("{emoji} Disk of a")];
    assert_eq!(seen, [(title("\u{2705}"), 1), (title("\u{1F534}"), 0)]);
    assert_eq!(discord.refused(), [0; 0]);
    assert_eq!(reasons(&world).await, ["accepted", "accepted", "accepted"]);
}

#[tokio::test]
async fn an_end_is_a_message_of_its_own_where_the_beginning_was_not_or_where_that_is_wanted() {
    let (world, discord) = webhook(USUAL, &json!({})).await;
    post(&world, &json!([disk("a", "engaged"), disk("b", "engaged")])).await;
    all_arrive(&world, A_PACE).await;
    post(&world, &disk("a", "released")).await;
    all_arrive(&world, A_PACE).await;
    let seen: Vec<_> = discord
        .messages()
        .iter()
        .map(|it| (titles(it).len(), it.edits))
        .collect();
    assert_eq!(seen, [(2, 0), (1, 0)]);

    let (world, discord) = webhook(USUAL, &json!({"on_release": "message"})).await;
    for action in ["engaged", "released"] {
        post(&world, &disk("a", action)).await;
        all_arrive(&world, A_PACE).await;
    }
    assert_eq!(discord.messages().len(), 2);
}

#[tokio::test]
async fn a_thread_has_its_messages_and_their_edits() {
    let (world, discord) = webhook(USUAL, &json!({"thread": "77"})).await;
    for action in ["engaged", "released"] {
        post(&world, &disk("a", action)).await;
        all_arrive(&world, A_PACE).await;
    }
    let messages = discord.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].thread.as_deref(), messages[0].edits),
        (Some("77"), 1)
    );
}

#[tokio::test]
async fn what_headers_tell_of_limits_is_kept_before_anything_is_refused() {
    let slow = Bucket {
        limit: 2,
        window: 10_000,
    };
    let (world, discord) = webhook(slow, &json!({})).await;
    let all: Vec<_> = (0..50)
        .map(|at| disk(&format!("10.0.0.{at}"), "engaged"))
        .collect();
    let before = world.clock.now();
    post(&world, &json!(all)).await;
    all_arrive(&world, Duration::from_secs(11)).await;
    assert_eq!(discord.refused(), [0; 0]);
    let carried: Vec<_> = discord
        .messages()
        .iter()
        .map(|it| titles(it).len())
        .collect();
    assert_eq!(carried.iter().sum::<usize>(), 50);
    assert!(
        carried.len() > 4 && world.clock.now() > before + 20_000,
        "{carried:?}"
    );
}

#[tokio::test]
async fn too_many_requests_of_all_are_tried_again_when_discord_says() {
    let (world, discord) = webhook(USUAL, &json!({})).await;
    discord.refuse_next_globally(64.57);
    let before = world.clock.now();
    post(&world, &disk("a", "engaged")).await;
    all_arrive(&world, A_PACE).await;
    assert_eq!(discord.refused(), [429]);
    assert_eq!(discord.messages().len(), 1);
    let retry_at = world.all_attempts().await[0].retry_at.expect("another try");
    assert!(retry_at >= before + 64_570, "{retry_at} after {before}");
    assert_eq!(reasons(&world).await, ["too-many-requests", "accepted"]);
}

#[tokio::test]
async fn what_is_gone_pauses_and_loses_nothing() {
    type Spoil = fn(&Discord);
    let rows: [(Spoil, Value, &str, i64); 3] = [
        (Discord::revoke, json!({}), "endpoint-gone", 50_027),
        (Discord::delete_webhook, json!({}), "endpoint-gone", 10_015),
        (|_| {}, json!({"thread": "78"}), "recipient-gone", 10_003),
    ];
    for (spoil, own, reason, code) in rows {
        let (world, discord) = webhook(USUAL, &own).await;
        spoil(&discord);
        post(&world, &disk("a", "engaged")).await;
        assert_eq!(paused(&world).await, reason);
        waits(&world, 1).await;
        assert_eq!(discord.refused(), [code]);
    }
}

#[tokio::test]
async fn a_message_that_was_deleted_is_forgotten_and_the_end_told_anew() {
    let (world, discord) = webhook(USUAL, &json!({})).await;
    post(&world, &disk("a", "engaged")).await;
    all_arrive(&world, A_PACE).await;
    discord.delete_all();
    post(&world, &disk("a", "released")).await;
    all_arrive(&world, A_PACE).await;
    let messages = discord.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(titles(&messages[0]), ["\u{2705} Disk of a"]);
    assert_eq!(discord.refused(), [10_008]);
    assert_eq!(reasons(&world).await, ["accepted", "rebuilt", "accepted"]);
}

#[tokio::test]
async fn a_hundred_alerts_arrive_in_batches_and_in_order() {
    let (world, discord) = webhook(USUAL, &json!({})).await;
    let hosts: Vec<_> = (0..100).map(|number| format!("h{number}")).collect();
    let all: Vec<_> = hosts.iter().map(|host| disk(host, "engaged")).collect();
    post(&world, &json!(all)).await;
    all_arrive(&world, A_PACE).await;
    let messages = discord.messages();
    assert!(messages.len() < 30, "{} messages", messages.len());
    let came: Vec<_> = messages.iter().flat_map(titles).collect();
    let expected: Vec<_> = hosts
        .iter()
        .map(|host| format!("\u{1F534} Disk of {host}"))
        .collect();
    assert_eq!(came, expected);
    assert_eq!(discord.refused(), [0; 0]);
}

#[tokio::test]
async fn a_long_hostile_text_arrives_whole_within_every_limit() {
    let (world, discord) = webhook(USUAL, &json!({})).await;
    let mut alert = disk("a", "engaged");
    alert["message"] = json!(long());
    alert["title"] = json!("@here & ".repeat(300));
    post(&world, &alert).await;
    all_arrive(&world, A_PACE).await;
    assert_eq!(discord.refused(), [0; 0]);
    let mut came = String::new();
    for message in discord.messages() {
        assert_eq!(message.payload["allowed_mentions"], json!({"parse": []}));
        for embed in message.payload["embeds"].as_array().expect("embeds") {
            came.push_str(embed["description"].as_str().expect("a text"));
        }
    }
    assert!(!came.contains("@everyone"));
    let expected = essence(&long());
    assert!(
        essence(&came.replace('\\', "")).contains(&expected),
        "it is another text"
    );
    assert!(world.dead_letters().await.is_empty());
}
