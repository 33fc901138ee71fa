//! Bots and webhooks for these tests.

use std::time::Duration;

use campanile_tests::{Behaviour, Receiver, Request, World, WorldBuilder, wait_for};
use serde_json::{Value, json};

/// Telegram's form, and nobody's.
pub(super) const TELEGRAM_TOKEN: &str = "123456789:demo-token-of-nobody-abcdefghijklmn";

/// 32 bytes.
pub(super) const SIGNING_KEY: &str = "whsec_ZGVtby1zaWduaW5nLWtleS1vZi1ub2JvZHkhISE=";

/// As long as every pace of Telegram's allows all the time: 20 messages a minute, and one a second. Shorter
/// than any lease, which would end under the hands of who holds it.
pub(super) const A_PACE: Duration = Duration::from_secs(3);

/// Language, and a time zone where it is spoken.
pub(super) const LANGUAGES: [(&str, &str); 2] = [("en", "Europe/London"), ("it", "Europe/Rome")];

/// A program whose clock stands still.
pub(super) fn held() -> WorldBuilder {
    World::builder().held_clock()
}

/// Whether this is how ids are written.
pub(super) fn is_uuid(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok_and(|id| id.to_string() == text)
}

/// The Bot API's answer to a message.
pub(super) fn sent(message_id: i64) -> Behaviour {
    let result = json!({"message_id": message_id, "date": 0, "chat": {"id": -1001}});
    Behaviour::json(200, &json!({"ok": true, "result": result}))
}

/// The Bot API's refusal: <https://core.telegram.org/bots/api#making-requests>.
pub(super) fn refused(status: u16, description: &str, parameters: &Value) -> Behaviour {
    let mut body = json!({"ok": false, "error_code": status, "description": description});
    if !parameters.is_null() {
        body["parameters"] = parameters.clone();
    }
    Behaviour::json(status, &body)
}

/// A Bot API server whose messages have the numbers 101, 102 ...
pub(super) async fn bot_api(script: impl IntoIterator<Item = Behaviour>) -> Receiver {
    let script: Vec<_> = script.into_iter().chain((101..200).map(sent)).collect();
    Receiver::start(script, Behaviour::status(599)).await
}

/// An endpoint of the Telegram component.
pub(super) fn bot(name: &str, api: &Receiver) -> Value {
    json!({"name": name, "component": "telegram",
        "params": {"token": TELEGRAM_TOKEN, "api": api.url("")}})
}

/// A recipient that reads English in UTC.
pub(super) fn chat(name: &str, endpoint: &str, params: &Value) -> Value {
    json!({"name": name, "endpoint": endpoint, "params": params, "language": "en", "time_zone": "UTC"})
}

/// One bot, named `bot`, and its chats.
pub(super) fn one_bot(api: &Receiver, chats: &[Value]) -> Value {
    json!({"endpoints": [bot("bot", api)], "recipients": chats,
        "networks": [{"allow": [api.opening()]}]})
}

fn just_noc(api: &Receiver, params: &Value) -> Value {
    let mut all = json!({"chat": "-1001"});
    if let (Some(all), Some(params)) = (all.as_object_mut(), params.as_object()) {
        all.extend(params.clone());
    }
    one_bot(api, &[chat("noc", "bot", &all)])
}

/// A program with one bot and one chat, named `noc`, and its clock held.
pub(super) async fn noc(api: &Receiver, params: &Value) -> World {
    let desired = just_noc(api, params);
    held().desired(desired).start().await
}

/// The same program with another server and other parameters, for a table's next row.
pub(super) async fn noc_again(world: &World, api: &Receiver, params: &Value) {
    world.advance(A_PACE);
    world
        .apply(just_noc(api, params), "en")
        .await
        .expect("it is applied");
}

/// Takes an alert in, waits until it is with everybody, and lets time pass until anything may be sent.
pub(super) async fn tell(world: &World, alert: &Value) {
    let posted = world.post(alert).await;
    assert_eq!(posted.status, 202, "{:?}", posted.body);
    world.wait_until_empty().await;
    world.advance(A_PACE);
}

/// Lets time pass until the queue is empty, and returns what came: a pace, or until a failed attempt is
/// tried again, each time that another attempt was noted.
pub(super) async fn let_all_arrive(world: &World, receiver: &Receiver) -> Vec<Request> {
    let mut attempts = world.all_attempts().await;
    let mut new = 1;
    loop {
        let retried = attempts.iter().filter_map(|attempt| attempt.retry_at).max();
        let wait = retried.map_or(0, |at| at.saturating_sub(world.clock.now()));
        world.advance((A_PACE * new).max(Duration::from_millis(wait)));
        let seen = attempts.len();
        let noted = wait_for("an attempt, or the end", || async {
            let counts = world.app.store.counts().await.expect("counts");
            let attempts = world.all_attempts().await;
            let over = counts.queued == 0 && counts.pending == 0;
            (over || attempts.len() > seen).then_some((over, attempts))
        });
        let over;
        (over, attempts) = noted.await;
        if over {
            return receiver.received();
        }
        new = u32::try_from(attempts.len() - seen).expect("a small number");
    }
}
