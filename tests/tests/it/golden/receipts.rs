//! The end of a condition finds the message that announced it.

use campanile_tests::{Request, World, alert};
use serde_json::{Value, json};

use super::setup::{bot_api, held, noc, noc_again, refused, sent, tell};

fn news(action: &str) -> Value {
    alert(
        "disk_full",
        &json!({"action": action, "title": "Disk full"}),
    )
}

/// Method, and the number of the message that is answered or edited.
fn what(request: &Request) -> (String, Option<i64>) {
    let (_, method) = request.path.rsplit_once('/').expect("a method");
    let body = request.json();
    let number = body["reply_parameters"]["message_id"]
        .as_i64()
        .or(body["message_id"].as_i64());
    (method.to_owned(), number)
}

async fn told(world: &World, params: &Value, all: &[Value]) -> Vec<(String, Option<i64>)> {
    let api = bot_api([]).await;
    noc_again(world, &api, params).await;
    for alert in all {
        tell(world, alert).await;
    }
    api.received().iter().map(what).collect()
}

#[tokio::test]
async fn news_of_a_condition_goes_to_the_message_that_announced_it() {
    const SEND: &str = "sendMessage";
    const EDIT: &str = "editMessageText";
    type Row = (
        &'static str,
        &'static [&'static str],
        &'static [(&'static str, Option<i64>)],
    );
    let rows: [Row; 7] = [
        (
            "reply",
            &["engaged", "released"],
            &[(SEND, None), (SEND, Some(101))],
        ),
        (
            "edit",
            &["engaged", "released"],
            &[(SEND, None), (EDIT, Some(101))],
        ),
        // The first one announced it, whatever came since.
        (
            "reply",
            &["engaged", "updated", "reminded", "released"],
            &[
                (SEND, None),
                (SEND, Some(101)),
                (SEND, Some(101)),
                (SEND, Some(101)),
            ],
        ),
        (
            "edit",
            &["engaged", "updated", "released"],
            &[(SEND, None), (SEND, Some(101)), (EDIT, Some(101))],
        ),
        // Once it has ended, the next one is another.
        (
            "reply",
            &["engaged", "released", "engaged", "released"],
            &[
                (SEND, None),
                (SEND, Some(101)),
                (SEND, None),
                (SEND, Some(103)),
            ],
        ),
        // What nothing announced is answered by nothing.
        (
            "edit",
            &["released", "released"],
            &[(SEND, None), (SEND, None)],
        ),
        // Events have no end: each stands alone.
        (
            "reply",
            &["stored", "stored"],
            &[(SEND, None), (SEND, None)],
        ),
    ];
    let world = held().start().await;
    for (at, (on_release, actions, expected)) in rows.into_iter().enumerate() {
        let of = |action: &&str| {
            let mut alert = news(action);
            alert["entity"]["value"] = json!(format!("row {at}"));
            alert
        };
        let all: Vec<_> = actions.iter().map(of).collect();
        let came = told(&world, &json!({"on_release": on_release}), &all).await;
        let came: Vec<_> = came
            .iter()
            .map(|(method, number)| (method.as_str(), *number))
            .collect();
        assert_eq!(came, expected, "{on_release} {actions:?}");
    }
}

#[tokio::test]
async fn another_things_condition_is_another_one() {
    let other = |action: &str| {
        let entity = json!({"kind": "host", "value": "192.168.1.20"});
        alert("disk_full", &json!({"action": action, "entity": entity}))
    };
    let world = held().start().await;
    let all = [news("engaged"), other("released"), news("released")];
    let came = told(&world, &json!({}), &all).await;
    let numbers: Vec<_> = came.into_iter().map(|(_, number)| number).collect();
    assert_eq!(numbers, [None, None, Some(101)]);
}

#[tokio::test]
async fn each_chat_has_its_own_messages() {
    let api = bot_api([]).await;
    let chats = [("noc", "-1001"), ("night", "-1002")];
    let chats = chats.map(|(name, id)| super::setup::chat(name, "bot", &json!({"chat": id})));
    let world = held()
        .desired(super::setup::one_bot(&api, &chats))
        .start()
        .await;
    tell(&world, &news("engaged")).await;
    tell(&world, &news("released")).await;
    let all = api.received();
    assert_eq!(all.len(), 4);
    for chat in ["-1001", "-1002"] {
        let of_chat: Vec<_> = all
            .iter()
            .enumerate()
            .filter(|(_, request)| request.json()["chat_id"] == chat)
            .collect();
        let announced = 101 + i64::try_from(of_chat[0].0).expect("a small number");
        assert_eq!(what(of_chat[0].1).1, None);
        assert_eq!(what(of_chat[1].1).1, Some(announced), "chat {chat}");
    }
}

#[tokio::test]
async fn a_message_that_is_known_outlives_a_restart() {
    let api = bot_api([]).await;
    let world = noc(&api, &json!({})).await;
    tell(&world, &news("engaged")).await;
    let world = world.restart().await;
    tell(&world, &news("released")).await;
    assert_eq!(what(&api.received()[1]).1, Some(101));
}

#[tokio::test]
async fn a_long_release_edits_the_first_part_and_sends_the_others() {
    let api = bot_api([]).await;
    let world = noc(&api, &json!({"on_release": "edit", "topic": "9"})).await;
    tell(&world, &news("engaged")).await;
    let mut long = news("released");
    long["message"] = json!("x ".repeat(4_000));
    assert_eq!(world.post(&long).await.status, 202);
    let all = super::setup::let_all_arrive(&world, &api).await;
    let came: Vec<_> = all.iter().map(what).collect();
    let method = |name: &str| name.to_owned();
    assert_eq!(
        came,
        [
            (method("sendMessage"), None),
            (method("editMessageText"), Some(101)),
            (method("sendMessage"), None)
        ]
    );
    let topics: Vec<_> = all
        .iter()
        .map(|request| request.json()["message_thread_id"].as_i64())
        .collect();
    assert_eq!(topics, [Some(9), None, Some(9)], "an edit has no topic");
}

#[tokio::test]
async fn a_message_that_says_the_same_already_is_edited() {
    let words = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same";
    let api = bot_api([sent(101), refused(400, words, &Value::Null)]).await;
    let world = noc(&api, &json!({"on_release": "edit"})).await;
    tell(&world, &news("engaged")).await;
    tell(&world, &news("released")).await;
    assert_eq!(api.received().len(), 2);
    assert!(world.dead_letters().await.is_empty());
    let reasons: Vec<_> = world
        .all_attempts()
        .await
        .iter()
        .map(|attempt| attempt.reason.as_str())
        .collect();
    assert_eq!(reasons, ["accepted", "component-says-delivered"]);
}
