//! What becomes of an alert when the Bot API refuses it, by name.

use std::time::Duration;

use campanile::job::Attempt;
use campanile_tests::{Behaviour, Receiver, World, alert};
use serde_json::{Value, json};

use super::setup::{bot_api, chat, held, let_all_arrive, noc, noc_again, one_bot, refused, sent};

fn one() -> Value {
    alert("disk_full", &json!({"title": "One"}))
}

fn chats() -> [Value; 2] {
    [
        chat("noc", "bot", &json!({"chat": "-1001"})),
        chat(
            "night",
            "bot",
            &json!({"chat": "-1002", "silent_below": "critical"}),
        ),
    ]
}

fn brief(attempt: &Attempt) -> (&str, &str, Option<u16>) {
    (
        attempt.outcome.as_str(),
        attempt.reason.as_str(),
        attempt.status,
    )
}

fn paused(world: &World, name: &str) -> Option<String> {
    let snapshot = world.app.directory.now();
    let recipient = snapshot.recipient_named("default", name);
    recipient.expect("that recipient").paused.clone()
}

/// Posts one alert, and returns its first attempt.
async fn post_and_attempts(world: &World) -> Vec<Attempt> {
    let before = world.all_attempts().await.len();
    assert_eq!(world.post(&one()).await.status, 202);
    world.wait_for_attempts(before + 1).await.split_off(before)
}

async fn wait_for_pause(world: &World, name: &str) -> String {
    campanile_tests::wait_for("a pause", || async { paused(world, name) }).await
}

#[tokio::test]
async fn too_many_requests_keeps_the_chat_quiet_for_as_long_as_telegram_says() {
    let words = "Too Many Requests: retry after 14";
    let api = bot_api([refused(429, words, &json!({"retry_after": 14}))]).await;
    let world = noc(&api, &json!({})).await;
    world.post(&one()).await;
    let attempts = world.wait_for_attempts(1).await;
    assert_eq!(
        brief(&attempts[0]),
        ("retry", "too-many-requests", Some(429))
    );
    assert_eq!(attempts[0].detail.as_deref(), Some(words));
    let wait = attempts[0].retry_at.expect("it is tried again") - world.clock.now();
    assert!((14_000..=16_800).contains(&wait), "{wait} ms");

    let other = alert(
        "disk_full",
        &json!({"title": "Two", "entity": {"kind": "host", "value": "b"}}),
    );
    world.post(&other).await;
    world.advance(Duration::from_millis(13_999));
    world.wait_until_idle().await;
    assert_eq!(api.received().len(), 1, "nothing else to that chat either");

    let requests = let_all_arrive(&world, &api).await;
    assert_eq!(requests.len(), 3);
    assert!(world.dead_letters().await.is_empty());
}

#[tokio::test]
async fn what_was_to_follow_in_a_second_waits_too_when_telegram_wants_quiet() {
    let words = "Too Many Requests: retry after 14";
    let api = bot_api([refused(429, words, &json!({"retry_after": 14}))]).await;
    let world = noc(&api, &json!({})).await;
    let two: Vec<_> = ["a", "b"]
        .iter()
        .map(|value| {
            alert(
                "disk_full",
                &json!({"entity": {"kind": "host", "value": value}}),
            )
        })
        .collect();
    world.post(&json!(two)).await;
    world.wait_for_attempts(1).await;
    for _ in 0..13 {
        world.advance(Duration::from_secs(1));
        world.wait_until_idle().await;
        assert_eq!(api.received().len(), 1, "it wants quiet");
    }
    let requests = let_all_arrive(&world, &api).await;
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn too_many_requests_of_one_chat_leaves_the_others_alone() {
    let words = "Too Many Requests: retry after 1000";
    let api = bot_api([refused(429, words, &json!({"retry_after": 1000}))]).await;
    let world = noc(&api, &json!({})).await;
    world.post(&one()).await;
    world.wait_for_attempts(1).await;
    world
        .apply(one_bot(&api, &chats()), "en")
        .await
        .expect("it is applied");
    let other = alert(
        "disk_full",
        &json!({"entity": {"kind": "host", "value": "b"}}),
    );
    world.post(&other).await;
    let requests = api.wait_for(2).await;
    assert_eq!(requests[1].json()["chat_id"], "-1002");
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_followed_and_remembered() {
    let words = "Bad Request: group chat was upgraded to a supergroup chat";
    let moved = refused(
        400,
        words,
        &json!({"migrate_to_chat_id": -1_009_876_543_210_i64}),
    );
    let api = bot_api([moved]).await;
    let world = noc(&api, &json!({})).await;
    world.post(&one()).await;
    let requests = let_all_arrive(&world, &api).await;
    let chats = |requests: &[campanile_tests::Request]| -> Vec<Value> {
        requests
            .iter()
            .map(|request| request.json()["chat_id"].clone())
            .collect()
    };
    assert_eq!(chats(&requests), ["-1001", "-1009876543210"]);
    let attempts = world.all_attempts().await;
    assert_eq!(
        attempts.iter().map(brief).collect::<Vec<_>>(),
        [
            ("retry", "rebuilt", Some(400)),
            ("delivered", "accepted", Some(200))
        ]
    );
    assert_eq!(attempts[0].detail.as_deref(), Some(words));

    let world = world.restart().await;
    world.post(&one()).await;
    let requests = let_all_arrive(&world, &api).await;
    assert_eq!(requests[2].json()["chat_id"], "-1009876543210");
}

/// Who pauses.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Who {
    Recipient,
    Endpoint,
}

#[tokio::test]
async fn what_is_no_more_pauses_and_the_alert_stays_until_a_configuration_is_applied() {
    let rows = [
        (
            403,
            "Forbidden: bot was blocked by the user",
            Who::Recipient,
        ),
        (
            403,
            "Forbidden: bot was kicked from the supergroup chat",
            Who::Recipient,
        ),
        (400, "Bad Request: chat not found", Who::Recipient),
        (400, "Bad Request: message thread not found", Who::Recipient),
        (401, "Unauthorized", Who::Endpoint),
        (404, "Not Found", Who::Endpoint),
    ];
    let world = held().start().await;
    for (status, words, who) in rows {
        let api = bot_api([refused(status, words, &Value::Null)]).await;
        noc_again(&world, &api, &json!({})).await;
        let attempts = post_and_attempts(&world).await;
        let reason = match who {
            Who::Recipient => "recipient-gone",
            Who::Endpoint => "endpoint-gone",
        };
        assert_eq!(
            brief(&attempts[0]),
            ("gone", reason, Some(status)),
            "{words}"
        );
        assert_eq!(attempts[0].detail.as_deref(), Some(words));
        assert_eq!(wait_for_pause(&world, "noc").await, reason, "{words}");
        world.advance(Duration::from_secs(7 * 24 * 3600));
        world.wait_until_idle().await;
        assert_eq!(
            api.received().len(),
            1,
            "{words}: nothing while it is paused"
        );
        let counts = world.app.store.counts().await.expect("counts");
        assert_eq!(
            (counts.pending, counts.dead),
            (1, 0),
            "{words}: the alert stays"
        );

        // The same configuration again: somebody has looked.
        let same = one_bot(&api, &chats()[..1]);
        world.apply(same, "en").await.expect("it is applied");
        let requests = let_all_arrive(&world, &api).await;
        assert_eq!(requests.len(), 2, "{words}");
        assert_eq!(requests[0].body, requests[1].body, "{words}");
        assert_eq!(paused(&world, "noc"), None, "{words}");
        assert!(world.dead_letters().await.is_empty(), "{words}");
    }
}

#[tokio::test]
async fn a_pause_is_its_recipients_or_its_endpoints_and_nobody_elses() {
    for (status, words, who) in [
        (
            403,
            "Forbidden: bot was blocked by the user",
            Who::Recipient,
        ),
        (401, "Unauthorized", Who::Endpoint),
    ] {
        let api = bot_api([refused(status, words, &Value::Null)]).await;
        let world = noc(&api, &json!({})).await;
        world.post(&one()).await;
        wait_for_pause(&world, "noc").await;
        let mut with_night = one_bot(&api, &chats()[1..]);
        with_night["endpoints"] = json!([]);
        world.apply(with_night, "en").await.expect("it is applied");
        assert!(
            paused(&world, "noc").is_some(),
            "{words}: only what is applied goes on"
        );
        let two = alert(
            "disk_full",
            &json!({"title": "Two", "entity": {"kind": "host", "value": "b"}}),
        );
        world.post(&two).await;
        if who == Who::Recipient {
            let requests = api.wait_for(2).await;
            assert_eq!(requests[1].json()["chat_id"], "-1002");
        }
        world.wait_until_idle().await;
        assert_eq!(
            paused(&world, "night").is_some(),
            who == Who::Endpoint,
            "{words}"
        );
        assert_eq!(
            api.received().len(),
            if who == Who::Recipient { 2 } else { 1 }
        );
    }
}

#[tokio::test]
async fn a_pause_outlives_a_restart_and_what_waited_arrives_after_it() {
    let api = bot_api([refused(
        403,
        "Forbidden: bot was blocked by the user",
        &Value::Null,
    )])
    .await;
    let world = noc(&api, &json!({})).await;
    world.post(&one()).await;
    wait_for_pause(&world, "noc").await;
    let world = world.restart().await;
    world.wait_until_idle().await;
    assert_eq!(paused(&world, "noc").as_deref(), Some("recipient-gone"));
    assert_eq!(api.received().len(), 1);
    world
        .apply(one_bot(&api, &chats()[..1]), "en")
        .await
        .expect("it is applied");
    assert_eq!(let_all_arrive(&world, &api).await.len(), 2);
}

#[tokio::test]
async fn another_chat_for_a_blocked_one_gets_what_waited() {
    let api = bot_api([refused(
        403,
        "Forbidden: bot was blocked by the user",
        &Value::Null,
    )])
    .await;
    let world = noc(&api, &json!({})).await;
    world.post(&one()).await;
    wait_for_pause(&world, "noc").await;
    let elsewhere = chat("noc", "bot", &json!({"chat": "@elsewhere"}));
    world
        .apply(one_bot(&api, &[elsewhere]), "en")
        .await
        .expect("it is applied");
    let requests = let_all_arrive(&world, &api).await;
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].json()["chat_id"], "@elsewhere");
}

#[tokio::test]
async fn what_telegram_will_never_take_is_a_dead_letter_with_its_words() {
    let world = held().start().await;
    for (status, words) in [
        (
            400,
            "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 3",
        ),
        (400, "Bad Request: message is too long"),
        (413, "Request Entity Too Large"),
    ] {
        let api = bot_api([refused(status, words, &Value::Null)]).await;
        noc_again(&world, &api, &json!({})).await;
        let before = world.dead_letters().await.len();
        world.post(&one()).await;
        world.wait_until_empty().await;
        let dead = world.dead_letters().await;
        assert_eq!(dead.len(), before + 1, "{words}");
        assert_eq!(dead[0].reason.as_str(), "client-error");
        assert_eq!(dead[0].detail.as_deref(), Some(words));
        assert_eq!(paused(&world, "noc"), None, "{words}");
    }
}

#[tokio::test]
async fn a_release_whose_message_was_deleted_goes_as_one_of_its_own_and_the_next_condition_is_told()
{
    let words = "Bad Request: message to edit not found";
    let api = bot_api([sent(101), refused(400, words, &Value::Null)]).await;
    let world = noc(&api, &json!({"on_release": "edit"})).await;
    let news = |action: &str| alert("disk_full", &json!({"action": action}));
    super::setup::tell(&world, &news("engaged")).await;
    assert_eq!(world.post(&news("released")).await.status, 202);
    let_all_arrive(&world, &api).await;
    world.advance(super::setup::A_PACE);
    super::setup::tell(&world, &news("engaged")).await;
    let paths: Vec<_> = api.received().iter().map(path_end).collect();
    let expected = [
        "sendMessage",
        "editMessageText",
        "sendMessage",
        "sendMessage",
    ];
    assert_eq!(paths, expected);
    assert!(world.dead_letters().await.is_empty());
    let all = world.all_attempts().await;
    let reasons: Vec<_> = all.iter().map(|attempt| attempt.reason.as_str()).collect();
    assert_eq!(reasons, ["accepted", "rebuilt", "accepted", "accepted"]);
    assert_eq!(all[1].detail.as_deref(), Some(words));
}

fn path_end(request: &campanile_tests::Request) -> String {
    let end = request.path.rsplit('/').next();
    end.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_is_no_answer_of_the_bot_api_is_judged_by_its_status() {
    let world = held().start().await;
    for (behaviour, outcome) in [
        (Behaviour::status(200), ("delivered", "accepted", Some(200))),
        (Behaviour::status(502), ("retry", "server-error", Some(502))),
        (Behaviour::status(404), ("rejected", "not-found", Some(404))),
        (Behaviour::status(410), ("gone", "gone", Some(410))),
        (
            Behaviour::json(500, &json!({"ok": true, "result": {"message_id": 1}})),
            ("retry", "overruled", Some(500)),
        ),
        (
            Behaviour::json(
                200,
                &json!({"ok": false, "error_code": 429, "parameters": {"retry_after": 3}}),
            ),
            ("retry", "component-says-retry", Some(200)),
        ),
    ] {
        let api = Receiver::start([behaviour], sent(1)).await;
        noc_again(&world, &api, &json!({})).await;
        let attempts = post_and_attempts(&world).await;
        assert_eq!(brief(&attempts[0]), outcome);
        // Whatever waits still is out of the next row's way.
        noc_again(&world, &api, &json!({})).await;
        let_all_arrive(&world, &api).await;
    }
}
