//! What destinations do, and what becomes of it: each outcome by its name.

use std::time::Duration;

use campanile::egress::Limits;
use campanile::job::Attempt;
use campanile::outcome::Reason;
use campanile_tests::webhooks::{dead, first_attempts, short, webhooks};
use campanile_tests::{Behaviour, Receiver, World, alert, wait_for};
use serde_json::{Value, json};

async fn paused(world: &World, name: &str) -> Value {
    let recipients = world.get("/api/v1/recipients").await.body;
    let found = recipients
        .as_array()
        .expect("a list")
        .iter()
        .find(|recipient| recipient["name"] == name)
        .expect("the recipient");
    found["paused"].clone()
}

async fn redrive(world: &World, request: &Value) -> Value {
    let answer = reqwest::Client::new()
        .post(world.url("/api/v1/dead-letters/redrive"))
        .bearer_auth(&world.contact.admin_token)
        .header("content-type", "application/json")
        .body(request.to_string())
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    body["redriven"].clone()
}

#[tokio::test]
async fn each_status_has_its_outcome() {
    let rows = [
        (200, "delivered", Reason::Accepted),
        (204, "delivered", Reason::Accepted),
        (299, "delivered", Reason::Accepted),
        (300, "rejected", Reason::Redirect),
        (304, "rejected", Reason::Redirect),
        (400, "rejected", Reason::ClientError),
        (401, "rejected", Reason::ClientError),
        (403, "rejected", Reason::ClientError),
        (404, "rejected", Reason::NotFound),
        (408, "retry", Reason::TryAgain),
        (409, "rejected", Reason::ClientError),
        (410, "gone", Reason::Gone),
        (413, "rejected", Reason::ClientError),
        (425, "retry", Reason::TryAgain),
        (429, "retry", Reason::TooManyRequests),
        (500, "retry", Reason::ServerError),
        (503, "retry", Reason::ServerError),
        (599, "retry", Reason::ServerError),
        (600, "rejected", Reason::ClientError),
    ];
    let receiver = Receiver::start(
        [],
        Behaviour::choose(|request| {
            let status = request.path.trim_start_matches('/').parse().unwrap_or(0);
            // A 204 has no body, and a length would be one header too many.
            if matches!(status, 204 | 304) {
                return Behaviour::Raw(format!("HTTP/1.1 {status} x\r\n\r\n").into_bytes());
            }
            Behaviour::status(status)
        }),
    )
    .await;
    let names: Vec<_> = rows.iter().map(|row| row.0.to_string()).collect();
    let urls: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), receiver.url(&format!("/{name}"))))
        .collect();
    let world = World::builder()
        .held_clock()
        .desired(webhooks(&urls, &[receiver.opening()]))
        .start()
        .await;
    let answer = world.post(&alert("disk_full", &json!({}))).await;
    assert_eq!(answer.status, 202);
    let attempts = first_attempts(&world, rows.len()).await;
    world.wait_until_idle().await;
    let dead = dead(&world).await;
    for (status, outcome, reason) in rows {
        let name = status.to_string();
        let attempt = &attempts[&name];
        assert_eq!(
            (attempt.outcome.as_str(), attempt.reason, attempt.status),
            (outcome, reason, Some(status)),
            "{status}"
        );
        assert_eq!(attempt.retry_at.is_some(), outcome == "retry", "{status}");
        let letter = (outcome == "rejected").then_some(&reason);
        assert_eq!(dead.get(&name), letter, "{status}");
        if outcome == "gone" {
            wait_for("the pause", || async {
                (paused(&world, &name).await == "gone").then_some(())
            })
            .await;
        } else {
            assert_eq!(paused(&world, &name).await, Value::Null, "{status}");
        }
    }
    assert_eq!(receiver.received().len(), rows.len(), "one request each");
}

#[tokio::test]
async fn a_destination_that_misbehaves_fails_by_name_and_the_alert_stays() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    let raw = |text: &str| Behaviour::Raw(text.as_bytes().to_vec());
    let endless = |first: &str, again: &str| {
        Behaviour::Endless(first.as_bytes().to_vec(), again.repeat(1000).into_bytes())
    };
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    // Outcome, reason, status. The webhook reads no answer: where a head came, it decides.
    let rows = [
        (
            "hang",
            Behaviour::Hang,
            "retry",
            Reason::FirstByteTimeout,
            None,
        ),
        ("close", Behaviour::Close, "retry", Reason::AnswerLost, None),
        (
            "garbage",
            raw("220 mail.example ESMTP\r\n"),
            "retry",
            Reason::BadResponse,
            None,
        ),
        (
            "tls",
            raw("\u{15}\u{3}\u{1}\0\u{2}\u{2}F"),
            "retry",
            Reason::BadResponse,
            None,
        ),
        (
            "head-cut",
            raw("HTTP/1.1 200 OK\r\nserver: x"),
            "retry",
            Reason::AnswerLost,
            None,
        ),
        (
            "head-endless",
            endless("HTTP/1.1 200 OK\r\n", "x-more: more and more\r\n"),
            "retry",
            Reason::BadResponse,
            None,
        ),
        (
            "line-endless",
            endless("HTTP/1.1 200 ", "OK and OK and "),
            "retry",
            Reason::BadResponse,
            None,
        ),
        (
            "two-lengths",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
            "retry",
            Reason::BadResponse,
            None,
        ),
        ("half", raw(HEAD), "delivered", Reason::Accepted, Some(200)),
        (
            "half-404",
            raw(&HEAD.replace("200", "404")),
            "rejected",
            Reason::NotFound,
            Some(404),
        ),
        (
            "half-410",
            raw(&HEAD.replace("200", "410")),
            "gone",
            Reason::Gone,
            Some(410),
        ),
        (
            "half-500",
            raw(&HEAD.replace("200", "500")),
            "retry",
            Reason::ServerError,
            Some(500),
        ),
        (
            "body-endless",
            endless(chunked, "1\r\nx\r\n"),
            "delivered",
            Reason::Accepted,
            Some(200),
        ),
        (
            "body-endless-500",
            endless(&chunked.replace("200", "500"), "1\r\nx\r\n"),
            "retry",
            Reason::ServerError,
            Some(500),
        ),
        (
            "chunk-bad",
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnone\r\n"),
            "delivered",
            Reason::Accepted,
            Some(200),
        ),
    ];
    let mut receivers = Vec::new();
    let mut urls = Vec::new();
    let mut allow = Vec::new();
    for (name, behaviour, ..) in &rows {
        let receiver = Receiver::start([], behaviour.clone()).await;
        urls.push((*name, receiver.url("/hook")));
        allow.push(receiver.opening());
        receivers.push(receiver);
    }
    let world = World::builder()
        .held_clock()
        .egress(short())
        .desired(webhooks(&urls, &allow))
        .start()
        .await;
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    let attempts = first_attempts(&world, rows.len()).await;
    world.wait_until_idle().await;
    for (name, _, outcome, reason, status) in &rows {
        let attempt = &attempts[*name];
        assert_eq!(
            (attempt.outcome.as_str(), attempt.reason, attempt.status),
            (*outcome, *reason, *status),
            "{name}: {:?}",
            attempt.detail
        );
    }
    // What is to be tried again is there yet, and all arrives once they behave.
    for receiver in &receivers {
        receiver.otherwise(Behaviour::status(200));
    }
    world.advance(Duration::from_secs(10));
    let again = rows.iter().filter(|row| row.2 == "retry").count();
    world.wait_for_attempts(rows.len() + again).await;
    world.wait_until_idle().await;
    for (receiver, (name, _, outcome, ..)) in receivers.iter().zip(&rows) {
        let requests = receiver.received();
        let expected = if *outcome == "retry" { 2 } else { 1 };
        assert_eq!(requests.len(), expected, "{name}");
        let keys: Vec<_> = requests
            .iter()
            .map(|request| request.header("idempotency-key").expect("a key"))
            .collect();
        assert!(
            keys.windows(2).all(|pair| pair[0] == pair[1]),
            "{name}: {keys:?}"
        );
        assert!(
            requests.windows(2).all(|pair| pair[0].body == pair[1].body),
            "{name}: what was stored is sent again"
        );
    }
}

#[tokio::test]
async fn a_response_that_stalls_has_a_name_where_it_has_to_be_read() {
    let receiver = Receiver::start([], Behaviour::Hang).await;
    let stalled = Receiver::start(
        [],
        // The head promises more than comes.
        Behaviour::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
    )
    .await;
    let telegram = |name: &str, receiver: &Receiver| {
        json!({"name": name, "component": "telegram", "params": {
            "token": "123456789:AAEhBP0av28zXzyqOhvNUhRIA_5v7OPN3gI", "api": receiver.url("")}})
    };
    let chat = |name: &str| {
        json!({"name": name, "endpoint": name, "language": "en", "time_zone": "UTC",
            "params": {"chat": "-100"}})
    };
    let gzip = Behaviour::Answer(
        200,
        vec![(String::from("content-encoding"), String::from("gzip"))],
        vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
    );
    let packed = Receiver::start([], gzip).await;
    let world = World::builder()
        .held_clock()
        .egress(Limits {
            total: Duration::from_secs(2),
            ..short()
        })
        .desired(json!({
            "endpoints": [telegram("hang", &receiver), telegram("stall", &stalled), telegram("gzip", &packed)],
            "recipients": [chat("hang"), chat("stall"), chat("gzip")],
            "networks": [{"allow": [receiver.opening(), stalled.opening(), packed.opening()]}],
        }))
        .start()
        .await;
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    let attempts = first_attempts(&world, 3).await;
    let row = |name: &str| {
        let Attempt {
            outcome,
            reason,
            status,
            ..
        } = &attempts[name];
        (outcome.clone(), *reason, *status)
    };
    assert_eq!(
        row("hang"),
        ("retry".to_owned(), Reason::FirstByteTimeout, None)
    );
    assert_eq!(
        row("stall"),
        ("retry".to_owned(), Reason::ReadTimeout, Some(200))
    );
    // The head says that it arrived; what was not read is said beside it.
    assert_eq!(
        row("gzip"),
        ("delivered".to_owned(), Reason::Accepted, Some(200))
    );
    let detail = attempts["gzip"].detail.as_deref().unwrap_or_default();
    assert!(detail.contains("response-encoding"), "{detail:?}");
}

#[tokio::test]
async fn a_tenant_without_openings_speaks_no_http_in_clear() {
    let receiver = Receiver::ok().await;
    let mut desired = webhooks(&[("hook", receiver.url("/hook"))], &[]);
    // Another tenant's opening is not this one's.
    desired["networks"] = json!([{"tenant": "other", "allow": [receiver.opening()]}]);
    let world = World::builder().held_clock().desired(desired).start().await;
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    world.wait_until_empty().await;
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, Reason::Scheme);
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_dead_letter_that_is_sent_back_arrives_once() {
    let receiver = Receiver::start([], Behaviour::status(404)).await;
    let world = World::builder()
        .held_clock()
        .webhook(&receiver)
        .start()
        .await;
    let alerts = json!([
        alert("one", &json!({})),
        alert("two", &json!({})),
        alert("three", &json!({}))
    ]);
    assert_eq!(world.post(&alerts).await.status, 202);
    world.wait_until_empty().await;
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 3);
    assert!(
        letters
            .iter()
            .all(|letter| letter.reason == Reason::NotFound)
    );

    receiver.otherwise(Behaviour::status(200));
    let two = letters
        .iter()
        .find(|letter| letter.kind == "two")
        .expect("it");
    assert_eq!(
        redrive(&world, &json!({"jobs": [two.job, 999_999]})).await,
        1
    );
    receiver.wait_for(4).await;
    world.wait_until_empty().await;
    assert_eq!(
        redrive(&world, &json!({"jobs": [two.job]})).await,
        0,
        "it is no dead letter"
    );
    assert_eq!(redrive(&world, &json!({"recipient": "hook"})).await, 2);
    let requests = receiver.wait_for(6).await;
    world.wait_until_empty().await;
    assert_eq!(world.dead_letters().await, []);
    let mut kinds: Vec<_> = requests[3..]
        .iter()
        .map(|request| request.json()["alerts"][0]["kind"].to_string())
        .collect();
    assert_eq!(kinds.remove(0), r#""two""#);
    kinds.sort();
    assert_eq!(kinds, [r#""one""#, r#""three""#]);
    world.wait_until_idle().await;
    assert_eq!(receiver.received().len(), 6);
}

#[tokio::test]
async fn one_bad_alert_of_eight_is_found_by_halves_and_seven_arrive_once() {
    for bad in [0, 4, 7] {
        let poison = format!("kind_{bad}");
        let needle = poison.clone();
        let receiver = Receiver::start(
            [],
            Behaviour::choose(move |request| {
                let text = String::from_utf8_lossy(&request.body);
                Behaviour::status(if text.contains(&needle) { 422 } else { 200 })
            }),
        )
        .await;
        let world = World::builder()
            .held_clock()
            .webhook_with(&receiver, &json!({"alerts_per_request": "8"}))
            .start()
            .await;
        let alerts: Vec<_> = (0..8)
            .map(|at| alert(&format!("kind_{at}"), &json!({})))
            .collect();
        assert_eq!(world.post(&json!(alerts)).await.status, 202);
        world.wait_until_empty().await;

        let letters = world.dead_letters().await;
        let dead: Vec<_> = letters
            .iter()
            .map(|letter| (letter.kind.as_str(), letter.reason))
            .collect();
        assert_eq!(dead, [(poison.as_str(), Reason::ClientError)]);
        let requests = receiver.received();
        assert_eq!(
            requests[0].json()["alerts"].as_array().map(Vec::len),
            Some(8)
        );
        let mut arrived: Vec<_> = requests
            .iter()
            .filter(|request| !String::from_utf8_lossy(&request.body).contains(&poison))
            .flat_map(|request| request.json()["alerts"].as_array().expect("alerts").clone())
            .map(|alert| alert["kind"].as_str().expect("a kind").to_owned())
            .collect();
        arrived.sort();
        let expected: Vec<_> = (0..8)
            .map(|at| format!("kind_{at}"))
            .filter(|kind| *kind != poison)
            .collect();
        assert_eq!(arrived, expected, "each once");
        // 8, two of 4, two of 2, two of 1.
        assert_eq!(requests.len(), 7);
        let halved = world.all_attempts().await;
        let halved = halved
            .iter()
            .filter(|attempt| attempt.reason == Reason::Halved)
            .count();
        assert_eq!(halved, 3);
    }
}

#[tokio::test]
async fn news_of_one_condition_keep_their_order_and_others_pass_by() {
    let receiver = Receiver::start([Behaviour::status(503)], Behaviour::status(200)).await;
    let world = World::builder()
        .held_clock()
        .webhook(&receiver)
        .start()
        .await;
    let of = |fingerprint: &str, message: &str| {
        alert(
            "disk_full",
            &json!({"fingerprint": fingerprint, "message": message}),
        )
    };
    assert_eq!(world.post(&of("a", "a1")).await.status, 202);
    world.wait_for_attempts(1).await;
    let more = json!([
        of("a", "a2"),
        of("b", "b1"),
        of("a", "a3"),
        of("c", "c1"),
        of("b", "b2")
    ]);
    assert_eq!(world.post(&more).await.status, 202);
    let messages = |from: usize| {
        receiver.received()[from..]
            .iter()
            .map(|request| {
                request.json()["alerts"][0]["message"]
                    .as_str()
                    .expect("text")
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    receiver.wait_for(4).await;
    world.wait_until_idle().await;
    let mut passed = messages(1);
    let (b1, b2) = (
        passed.iter().position(|message| message == "b1"),
        passed.iter().position(|message| message == "b2"),
    );
    assert!(b1.is_some() && b1 < b2, "{passed:?}");
    passed.sort();
    assert_eq!(passed, ["b1", "b2", "c1"], "a2 and a3 wait for a1");
    world.advance(Duration::from_secs(10));
    world.wait_until_empty().await;
    assert_eq!(messages(4), ["a1", "a2", "a3"]);
}

#[tokio::test]
async fn a_destination_that_never_recovers_is_tried_by_the_schedule_and_then_given_up() {
    const HOUR: u64 = 3600;
    let mut planned = vec![5, 30, 120, 600, 1800, HOUR, 2 * HOUR];
    planned.extend([4 * HOUR; 17]);
    let receiver = Receiver::start([], Behaviour::status(503)).await;
    let world = World::builder()
        .held_clock()
        .webhook(&receiver)
        .start()
        .await;
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    for (failed, seconds) in planned.iter().enumerate() {
        let attempts = world.wait_for_attempts(failed + 1).await;
        let attempt = &attempts[failed];
        assert_eq!(
            (attempt.outcome.as_str(), attempt.reason),
            ("retry", Reason::ServerError)
        );
        let wait = attempt.retry_at.expect("again") - world.clock.now();
        let (least, most) = (seconds * 1000, seconds * 1200);
        assert!(
            (least..=most).contains(&wait),
            "{wait} after {failed} retries"
        );
        world.advance(Duration::from_millis(wait - 1));
        world.wait_until_idle().await;
        assert_eq!(receiver.received().len(), failed + 1, "not before its time");
        world.advance(Duration::from_millis(1));
    }
    world.wait_until_empty().await;
    let attempts = world.all_attempts().await;
    assert_eq!(attempts.len(), planned.len() + 1);
    let last = attempts.last().expect("one");
    assert_eq!((last.outcome.as_str(), last.retry_at), ("expired", None));
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, Reason::Expired);
    assert_eq!(letters[0].detail.as_deref(), Some("server-error"));
    let keys: std::collections::BTreeSet<_> = receiver
        .received()
        .iter()
        .map(|request| request.header("idempotency-key").expect("a key").to_owned())
        .collect();
    assert_eq!(keys.len(), 1, "one delivery, one key");

    receiver.otherwise(Behaviour::status(200));
    assert_eq!(redrive(&world, &json!({})).await, 1);
    world.wait_until_empty().await;
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test]
async fn a_gone_destination_pauses_its_recipient_and_keeps_its_alerts() {
    let receiver = Receiver::start([], Behaviour::status(410)).await;
    let other = Receiver::ok().await;
    let urls = [
        ("gone", receiver.url("/hook")),
        ("fine", other.url("/hook")),
    ];
    let world = World::builder()
        .held_clock()
        .desired(webhooks(&urls, &[receiver.opening(), other.opening()]))
        .start()
        .await;
    assert_eq!(world.post(&alert("first", &json!({}))).await.status, 202);
    wait_for("the pause", || async {
        (paused(&world, "gone").await == "gone").then_some(())
    })
    .await;
    assert_eq!(paused(&world, "fine").await, Value::Null);
    assert_eq!(world.post(&alert("second", &json!({}))).await.status, 202);
    // What the other destination was sent is settled too: nothing is in flight as the clock moves.
    world.wait_for_attempts(3).await;
    world.advance(Duration::from_secs(4 * 24 * 3600));
    world.wait_until_idle().await;
    assert_eq!(other.received().len(), 2, "the other goes on");
    assert_eq!(receiver.received().len(), 1, "nothing more is sent to it");
    assert_eq!(world.dead_letters().await, [], "and nothing is given up");
    let counts = world.app.store.counts().await.expect("counts");
    assert_eq!(counts.queued + counts.pending, 2);
}
