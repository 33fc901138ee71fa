use campanile_guest::harness::{Alert, Harness};
use campanile_guest::{Batch, Body, Message, Outcome, Part, Severity, Verdict};
use serde_json::{Value, json};

use super::Discord as Component;

fn harness() -> Harness<Component> {
    Harness::new()
}

fn batch(mut harness: Harness<Component>) -> Batch {
    let batch = harness.dequeue().expect("a batch");
    assert!(batch.refused.is_empty());
    batch
}

fn messages(harness: Harness<Component>) -> Vec<Message> {
    let deliveries = batch(harness).deliveries;
    assert_eq!(deliveries.len(), 1);
    deliveries.into_iter().flat_map(|it| it.messages).collect()
}

fn body(message: &Message) -> Value {
    let Message::Http(request) = message else {
        panic!("not a request")
    };
    let Body::Text(template) = &request.body else {
        panic!("not a text")
    };
    let [Part::Text(text)] = template.as_slice() else {
        panic!("a hole in {template:?}")
    };
    serde_json::from_str(text).expect("valid JSON")
}

fn units(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.encode_utf16().count())
}

#[test]
fn an_alert_becomes_one_embed() {
    let alert = Alert::new("Blacklisted flow")
        .message("10.0.0.1 spoke")
        .url("https://ntopng.example/flow?a=1&b=2")
        .suppressed(3);
    let sent = batch(harness().alert(alert)).to_string();
    let request = "delivery of [0]\nPOST <secret webhook>?wait=true\n";
    assert!(sent.starts_with(request), "{sent}");
    let message = &messages(
        harness().alert(
            Alert::new("Blacklisted flow")
                .message("10.0.0.1 spoke")
                .url("https://ntopng.example/flow?a=1&b=2")
                .suppressed(3),
        ),
    )[0];
    assert_eq!(
        body(message),
        json!({
            "embeds": [{
                "title": "\u{1F534} Blacklisted flow",
                "url": "https://ntopng.example/flow?a=1&b=2",
                "description": "10\\.0\\.0\\.1 spoke\n\nhost 192\\.168\\.1\\.10 \u{B7} eth0\n3 repeats were held back\\.",
                "color": 0xE5_53_4B,
                "footer": {"text": "Error"},
                "timestamp": "2024-10-22T16:00:00.000Z",
            }],
            "allowed_mentions": {"parse": []},
        })
    );
}

#[test]
fn an_alert_of_a_title_alone_is_an_embed_too() {
    let alert = Alert::new("x").entity_label("").source("");
    let body = body(&messages(harness().alert(alert))[0]);
    assert_eq!(body["embeds"][0]["title"], "\u{1F534} x");
}

#[test]
fn the_query_asks_for_the_message_and_names_the_thread() {
    let query = |message: &Message| {
        let Message::Http(request) = message else {
            panic!("not a request")
        };
        let field = |(name, value): &(String, Vec<Part>)| {
            let [Part::Text(value)] = value.as_slice() else {
                panic!("a hole in {value:?}")
            };
            format!("{name}={value}")
        };
        request.query.iter().map(field).collect::<Vec<_>>()
    };
    let plain = messages(harness().alert(Alert::new("x")));
    assert_eq!(query(&plain[0]), ["wait=true"]);
    let thread = || harness().param("thread", "99");
    let threaded = messages(thread().alert(Alert::new("x")));
    assert_eq!(query(&threaded[0]), ["wait=true", "thread_id=99"]);
    let edited = messages(thread().alert(Alert::new("x").released().receipt("42")));
    assert_eq!(query(&edited[0]), ["thread_id=99"]);
}

#[test]
fn hostile_text_calls_nobody_and_stays_text() {
    let hostile =
        "@everyone <@1> **b** [x](https://evil.example) \u{0}\u{1b}[31m \u{5D0}\u{202E}abc";
    let alert = Alert::new(hostile)
        .message(hostile)
        .entity_label(hostile)
        .source(hostile)
        .url("https://x/\"<evil>");
    let body = body(&messages(harness().alert(alert))[0]);
    assert_eq!(body["allowed_mentions"], json!({"parse": []}));
    let embed = &body["embeds"][0];
    assert!(embed.get("url").is_none(), "Discord would refuse all of it");
    for text in [&embed["title"], &embed["description"]] {
        let text = text.as_str().expect("a text");
        assert!(!text.contains("@everyone"), "{text}");
        assert!(
            text.contains("\\[x\\]\\(https\\://evil\\.example\\)"),
            "{text}"
        );
        assert!(!text.contains(['\u{0}', '\u{1b}']), "{text:?}");
    }
    assert!(
        embed["description"]
            .as_str()
            .is_some_and(|text| text.ends_with("https\\://x/\"\\<evil\\>"))
    );
}

#[test]
fn a_long_text_goes_in_messages_that_discord_takes() {
    let text = "\u{1F514}&x ".repeat(20_000);
    let alert = Alert::new(&"T&".repeat(2000))
        .engaged()
        .message(&text)
        .receipt("7");
    let messages = messages(harness().alert(alert));
    assert!(messages.len() > 20, "{}", messages.len());
    let mut arrived = String::new();
    for message in &messages {
        let embeds = body(message)["embeds"].as_array().expect("embeds").clone();
        assert_eq!(embeds.len(), 1);
        let (title, text) = (&embeds[0]["title"], &embeds[0]["description"]);
        assert!(units(title) <= 256 && units(text) <= 4096);
        arrived.push_str(title.as_str().unwrap_or_default());
        arrived.push_str(text.as_str().unwrap_or_default());
    }
    assert_eq!(arrived.matches('\u{1F514}').count(), 20_000);
    assert_eq!(arrived.matches('T').count(), 2000, "the title goes on");
}

#[test]
fn several_alerts_go_together_as_far_as_they_fit() {
    let carried = |count: usize, message: &str| -> Vec<usize> {
        let all = (0..count).fold(harness(), |harness, at| {
            harness.alert(Alert::new(&format!("{at}")).engaged().message(message))
        });
        let deliveries = batch(all).deliveries;
        for delivery in &deliveries {
            for message in &delivery.messages {
                let body = body(message);
                let embeds = body["embeds"].as_array().expect("embeds");
                assert!(embeds.len() <= 10);
                let all = embeds.iter().map(|embed| {
                    units(&embed["title"])
                        + units(&embed["description"])
                        + units(&embed["footer"]["text"])
                });
                assert!(all.sum::<usize>() <= 6000);
            }
        }
        deliveries.iter().map(|it| it.alerts.len()).collect()
    };
    assert_eq!(carried(23, "x"), [10, 10, 3]);
    assert_eq!(carried(5, &"x".repeat(2900)), [2, 2, 1]);
    assert_eq!(carried(2, &"x".repeat(9000)), [1, 1]);
}

#[test]
fn the_end_of_a_condition_edits_the_message_that_announced_it_alone() {
    let ended = || Alert::new("Flood").released().receipt("42");
    let message = &messages(harness().alert(ended()))[0];
    assert!(
        message
            .to_string()
            .starts_with("PATCH <secret webhook>/messages/42")
    );
    assert_eq!(body(message)["embeds"][0]["color"], 0x2D_A4_4E);
    let wanted = harness().param("on_release", "message");
    for harness in [
        wanted.alert(ended()),
        harness().alert(Alert::new("a").released()),
        harness().alert(Alert::new("b").released().receipt("../42")),
        harness().alert(Alert::new("c").released().receipt("")),
        harness().alert(Alert::new("d").engaged().receipt("42")),
    ] {
        assert!(
            messages(harness)[0]
                .to_string()
                .starts_with("POST <secret webhook>")
        );
    }
    let long = ended().message(&"x ".repeat(5000));
    let parts = messages(harness().alert(long));
    let methods: Vec<_> = parts
        .iter()
        .map(|part| part.to_string()[..5].trim().to_owned())
        .collect();
    assert_eq!(methods, ["PATCH", "POST", "POST"]);
}

#[test]
fn colours_tell_how_urgent_it_is() {
    let colour = |severity| {
        let sent = messages(harness().alert(Alert::new("x").severity(severity)));
        body(&sent[0])["embeds"][0]["color"].clone()
    };
    let all = [
        Severity::Info,
        Severity::Notice,
        Severity::Warning,
        Severity::Error,
        Severity::Critical,
    ];
    let seen: std::collections::BTreeSet<_> =
        all.into_iter().map(|it| colour(it).to_string()).collect();
    assert_eq!(seen.len(), all.len());
}

#[test]
fn the_test_message_is_localised() {
    let messages = harness().language("it").run_test().expect("messages");
    let text = body(&messages[0])["embeds"][0]["description"].clone();
    assert_eq!(
        text,
        "\u{1F514} Funziona\\. Gli allarmi per recipient arriveranno qui\\."
    );
    assert_eq!(harness().format_recipient_params(), "recipient");
    assert_eq!(
        harness().param("thread", "9").format_recipient_params(),
        "9"
    );
}

fn verdict(status: u16, headers: &[(&str, &str)], body: &str) -> Verdict {
    let mut harness = harness().alert(Alert::new("x").engaged());
    harness.dequeue().expect("a batch");
    harness.respond(status, headers, body)
}

const SENT: &str = r#"{"id":"1234567890123456789","webhook_id":"2","embeds":[]}"#;

#[test]
fn a_success_remembers_a_message_of_one_alert() {
    let expected = Verdict::delivered().receipt(0, "1234567890123456789");
    assert_eq!(verdict(200, &[], SENT), expected);
    for alerts in [
        vec![Alert::new("1").engaged(), Alert::new("2").engaged()],
        vec![Alert::new("1")],
        vec![Alert::new("1").released().receipt("42")],
    ] {
        let mut harness = alerts.into_iter().fold(harness(), Harness::alert);
        harness.dequeue().expect("a batch");
        assert_eq!(harness.respond(200, &[], SENT), Verdict::delivered());
    }
}

#[test]
fn the_last_request_that_is_allowed_is_followed_by_a_pause() {
    let wait = |remaining, reset| {
        let headers = [
            ("X-RateLimit-Remaining", remaining),
            ("X-RateLimit-Reset-After", reset),
        ];
        verdict(200, &headers, SENT).pause_destination
    };
    assert_eq!(wait("0", "1.5"), Some(1500));
    assert_eq!(wait("0", "0.0001"), Some(1));
    assert_eq!(wait("1", "1.5"), None);
    for broken in ["", "x", "-1", "NaN", "inf"] {
        assert_eq!(wait("0", broken), None, "{broken}");
    }
}

#[test]
fn too_many_requests_pause_what_discord_says() {
    let said = verdict(
        429,
        &[("Retry-After", "65")],
        r#"{"message":"You are being rate limited.","retry_after":64.57,"global":false}"#,
    );
    assert_eq!(said.outcome, Outcome::Retry(Some(64_570)));
    assert_eq!(
        (said.pause_destination, said.pause_endpoint),
        (Some(64_570), None)
    );
    let global = verdict(429, &[], r#"{"retry_after":0.5,"global":true}"#);
    assert_eq!(
        (global.pause_destination, global.pause_endpoint),
        (None, Some(500))
    );
    let page = verdict(429, &[("Retry-After", "7")], "<html>");
    assert_eq!(page.outcome, Outcome::Retry(Some(7000)));
    assert_eq!(verdict(429, &[], "").outcome, Outcome::Retry(None));
}

#[test]
fn errors_are_read_as_what_they_mean() {
    for (status, code, outcome) in [
        (404, 10_015, Outcome::EndpointGone),
        (401, 50_027, Outcome::EndpointGone),
        (401, 0, Outcome::EndpointGone),
        (404, 0, Outcome::EndpointGone),
        (404, 10_003, Outcome::RecipientGone),
        (403, 50_013, Outcome::RecipientGone),
        (400, 220_001, Outcome::RecipientGone),
        (404, 10_008, Outcome::Restart(None)),
        (400, 50_083, Outcome::Restart(None)),
        (400, 50_035, Outcome::Agree),
        (500, 0, Outcome::Agree),
    ] {
        let said = verdict(
            status,
            &[],
            &format!(r#"{{"message":"words","code":{code}}}"#),
        );
        assert_eq!(said.outcome, outcome, "{status} {code}");
        assert_eq!(said.reason, "words");
        let forgets = matches!(outcome, Outcome::Restart(_));
        assert_eq!(
            said.receipts,
            if forgets {
                vec![(0, String::new())]
            } else {
                vec![]
            }
        );
    }
}

#[test]
fn what_is_no_answer_of_discord_is_left_to_the_host() {
    for (status, body) in [(404, "<html>"), (502, "{"), (400, "null"), (403, "")] {
        assert_eq!(
            verdict(status, &[], body),
            Verdict::agree(),
            "{status} {body}"
        );
    }
    assert_eq!(verdict(200, &[], "<html>"), Verdict::delivered());
}
