use campanile_guest::harness::{Alert, Harness};
use campanile_guest::{Batch, Body, Failure, Message, Outcome, Part, Verdict};
use serde_json::Value;

use super::Slack as Component;

fn webhook() -> Harness<Component> {
    Harness::new().param("webhook", "set")
}

fn bot() -> Harness<Component> {
    Harness::new().param("token", "set").param("channel", "C1")
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

fn json(message: &Message) -> Value {
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

/// The texts of all blocks, in order.
fn texts(message: &Message) -> Vec<String> {
    let mut texts = Vec::new();
    for block in json(message)["blocks"].as_array().expect("blocks") {
        let elements = block["elements"].as_array().cloned().unwrap_or_default();
        for text in elements.iter().chain([&block["text"]]) {
            texts.extend(text["text"].as_str().map(str::to_owned));
        }
    }
    texts
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[test]
fn an_alert_becomes_one_message_of_a_webhook_or_a_bot() {
    let alert = Alert::new("Blacklisted flow")
        .message("10.0.0.1 spoke to 203.0.113.5")
        .url("https://ntopng.example/flow?a=1&b=2");
    let said = r#""text":"🔴 Blacklisted flow","blocks":[{"type":"header","text":{"type":"plain_text","text":"🔴 Blacklisted flow","emoji":false}},{"type":"section","text":{"type":"mrkdwn","text":"10.0.0.1 spoke to 203.0.113.5","verbatim":true}},{"type":"context","elements":[{"type":"mrkdwn","text":"host 192.168.1.10 · eth0","verbatim":true},{"type":"mrkdwn","text":"Error · 2024-10-22 16:00:00 UTC","verbatim":true},{"type":"mrkdwn","text":"<https://ntopng.example/flow?a=1&amp;b=2|Show details>","verbatim":true}]}],"unfurl_links":false,"unfurl_media":false}"#;
    assert_eq!(
        batch(webhook().alert(alert.clone())).to_string(),
        format!(
            "delivery of [0]\nPOST <secret webhook>\nContent-Type: application/json\n\n{{{said}\n\n\n"
        )
    );
    let sent = batch(bot().alert(alert)).to_string();
    assert!(
        sent.contains("POST https://slack.com/api/chat.postMessage\n"),
        "{sent}"
    );
    assert!(sent.contains("Bearer <secret token"), "{sent}");
    assert!(
        sent.contains(&format!(r#"{{"channel":"C1",{said}"#)),
        "{sent}"
    );
}

#[test]
fn hostile_text_arrives_as_that_text() {
    let hostile = "<!channel> <@U1> </x|y> &amp; *b* `c` \u{0}\u{1b}[31m \u{5D0}\u{202E}abc";
    let alert = Alert::new(hostile)
        .message(hostile)
        .entity_label(hostile)
        .source(hostile)
        .url("https://x/|<!here>\"&\u{e9}");
    let message = &messages(webhook().alert(alert))[0];
    let body = json(message);
    let mut written = texts(message);
    // A header is plain text: nothing comes to life there.
    assert!(written.remove(0).contains("<!channel>"));
    written.push(body["text"].as_str().expect("a text").to_owned());
    let link = "<https://x/%7C%3C!here%3E%22&amp;%C3%A9|Show details>";
    assert!(written.iter().any(|text| text == link), "{written:?}");
    for text in written.iter().filter(|text| *text != link) {
        assert!(!text.contains(['<', '>', '\u{0}', '\u{1b}']), "{text:?}");
    }
    for block in body["blocks"].as_array().expect("blocks") {
        for text in block["elements"].as_array().into_iter().flatten() {
            assert_eq!(text["verbatim"], true);
        }
    }
    let harmless = Alert::new("x").url("javascript:alert(1)");
    assert!(
        !batch(bot().alert(harmless))
            .to_string()
            .contains("javascript")
    );
}

#[test]
fn a_long_text_goes_in_messages_that_slack_takes() {
    let text = "\u{1F514}&x ".repeat(20_000);
    let alert = Alert::new(&"T&".repeat(2000)).engaged().message(&text);
    let messages = messages(bot().alert(alert));
    assert!(messages.len() > 10, "{}", messages.len());
    let mut arrived = String::new();
    for message in &messages {
        let blocks = json(message)["blocks"].as_array().expect("blocks").clone();
        assert!(blocks.len() <= 50);
        for block in &blocks {
            let text = block["text"]["text"].as_str().unwrap_or_default();
            let limit = if block["type"] == "header" { 150 } else { 3000 };
            assert!(units(text) <= limit, "{} of {limit}", units(text));
            if block["type"] == "section" {
                arrived.push_str(text);
            }
        }
        let all: usize = texts(message).iter().map(|text| units(text)).sum();
        assert!(all <= 8000, "{all}");
    }
    assert_eq!(arrived.matches('\u{1F514}').count(), 20_000);
    assert_eq!(arrived.matches('T').count(), 2000 - 73, "the title goes on");
}

#[test]
fn several_alerts_go_together_as_far_as_they_fit() {
    let alerts = |count: usize, message: &str| {
        (0..count).fold(bot(), |harness, at| {
            harness.alert(Alert::new(&format!("{at}")).engaged().message(message))
        })
    };
    let carried = |harness| -> Vec<usize> {
        let deliveries = batch(harness).deliveries;
        deliveries.iter().map(|it| it.alerts.len()).collect()
    };
    assert_eq!(carried(alerts(23, "x")), [10, 10, 3]);
    assert_eq!(carried(alerts(5, &"x".repeat(2900))), [2, 2, 1]);
    assert_eq!(carried(alerts(2, &"x".repeat(9000))), [1, 1]);
    let mixed = bot()
        .alert(Alert::new("1").engaged())
        .alert(Alert::new("2").engaged())
        .alert(Alert::new("3").released().receipt("1.2"))
        .alert(Alert::new("4").engaged());
    assert_eq!(carried(mixed), [2, 1, 1], "in their order");
    let text = json(&messages(alerts(2, "x"))[0])["text"].clone();
    assert_eq!(text, "\u{1F534} 0\n\u{1F534} 1");
}

#[test]
fn an_ended_condition_is_told_in_the_thread_that_announced_it_by_a_bot() {
    let ended = || Alert::new("Flood").released().receipt("1503435956.000247");
    let body = json(&messages(bot().alert(ended()))[0]);
    assert_eq!(body["thread_ts"], "1503435956.000247");
    assert!(body.get("reply_broadcast").is_none());
    let shown = bot().param("broadcast", "true");
    assert_eq!(
        json(&messages(shown.alert(ended()))[0])["reply_broadcast"],
        true
    );
    let goes_on = Alert::new("Flood").engaged().receipt("1.2");
    let shown = bot().param("broadcast", "true");
    let body = json(&messages(shown.alert(goes_on))[0]);
    assert_eq!(body["thread_ts"], "1.2");
    assert!(body.get("reply_broadcast").is_none());
    for (harness, alert) in [
        (webhook(), ended()),
        (bot(), Alert::new("Flood").released()),
        (bot(), Alert::new("Login").receipt("1.2")),
    ] {
        let body = json(&messages(harness.alert(alert))[0]);
        assert!(body.get("thread_ts").is_none());
    }
}

#[test]
fn either_way_is_right_and_both_or_neither_are_not() {
    let rows = [
        (webhook(), None),
        (bot(), None),
        (bot().without("channel"), Some("slack.channel_missing")),
        (
            webhook().param("channel", "C1"),
            Some("slack.channel_of_webhook"),
        ),
        (bot().param("webhook", "set"), Some("slack.one_way")),
        (Harness::new(), Some("slack.one_way")),
    ];
    for (harness, expected) in rows {
        let mut harness = harness.alert(Alert::new("x"));
        let problems = harness.lint();
        let said = problems.first().map(|problem| problem.message.as_str());
        assert_eq!(said, expected);
        let refused = matches!(harness.dequeue(), Err(Failure::Invalid(_)));
        assert_eq!(refused, expected.is_some(), "{expected:?}");
    }
    let endpoint_alone = bot().without("channel");
    assert!(endpoint_alone.lint_endpoint().is_empty());
}

#[test]
fn another_api_and_the_test_message() {
    let mut sent = bot()
        .param("api", "https://slack-gov.com/api/")
        .language("it");
    let messages = sent.run_test().expect("messages");
    assert!(
        messages[0]
            .to_string()
            .starts_with("POST https://slack-gov.com/api/chat.postMessage")
    );
    let text = json(&messages[0])["text"].clone();
    assert_eq!(
        text,
        "\u{1F514} Funziona. Gli allarmi per recipient arriveranno in questo canale."
    );
    let repeats = bot()
        .language("de")
        .alert(Alert::new("x").engaged().suppressed(3));
    let written = batch(repeats).to_string();
    assert!(
        written.contains("3 Wiederholungen wurden zurückgehalten."),
        "{written}"
    );
    assert_eq!(bot().format_recipient_params(), "C1");
    assert_eq!(webhook().format_recipient_params(), "recipient");
}

fn verdict(harness: Harness<Component>, status: u16, body: &str) -> Verdict {
    let mut harness = harness
        .alert(Alert::new("1").engaged())
        .alert(Alert::new("2").engaged());
    harness.dequeue().expect("a batch");
    harness.respond(status, &[("Retry-After", "5")], body)
}

#[test]
fn a_success_of_a_bot_remembers_the_thread_for_every_alert() {
    let body = r#"{"ok":true,"channel":"C1","ts":"1503435956.000247","message":{}}"#;
    let expected = Verdict::delivered()
        .receipt(0, "1503435956.000247")
        .receipt(1, "1503435956.000247");
    assert_eq!(verdict(bot(), 200, body), expected);
    let mut answers = bot().alert(Alert::new("x").engaged().receipt("1.2"));
    answers.dequeue().expect("a batch");
    assert_eq!(answers.respond(200, &[], body), Verdict::delivered());
    assert_eq!(verdict(webhook(), 200, "ok"), Verdict::agree());
}

#[test]
fn the_web_api_tells_errors_under_200() {
    for (error, outcome) in [
        ("channel_not_found", Outcome::RecipientGone),
        ("is_archived", Outcome::RecipientGone),
        ("not_in_channel", Outcome::RecipientGone),
        ("invalid_auth", Outcome::EndpointGone),
        ("token_revoked", Outcome::EndpointGone),
        ("account_inactive", Outcome::EndpointGone),
        ("missing_scope", Outcome::EndpointGone),
        ("ratelimited", Outcome::Retry(Some(5000))),
        ("internal_error", Outcome::Retry(None)),
        ("fatal_error", Outcome::Retry(None)),
        ("msg_too_long", Outcome::Rejected),
        ("msg_blocks_too_long", Outcome::Rejected),
        ("invalid_blocks", Outcome::Rejected),
        ("no_text", Outcome::Rejected),
        ("something_new", Outcome::Rejected),
        ("cannot_reply_to_message", Outcome::Restart(None)),
    ] {
        let said = verdict(bot(), 200, &format!(r#"{{"ok":false,"error":"{error}"}}"#));
        assert_eq!(said.outcome, outcome, "{error}");
        assert_eq!(said.reason, error);
        let pauses = (error == "ratelimited").then_some(5000);
        assert_eq!(said.pause_destination, pauses, "{error}");
    }
}

#[test]
fn a_webhook_tells_errors_in_a_word() {
    for (status, word, outcome) in [
        (400, "invalid_payload", Outcome::Agree),
        (400, "no_text", Outcome::Agree),
        (403, "action_prohibited", Outcome::RecipientGone),
        (404, "channel_not_found", Outcome::RecipientGone),
        (410, "channel_is_archived", Outcome::RecipientGone),
        (403, "invalid_token", Outcome::EndpointGone),
        (404, "no_service\n", Outcome::EndpointGone),
        (404, "no_team", Outcome::EndpointGone),
        (500, "rollup_error", Outcome::Retry(None)),
        (404, "<html>", Outcome::Agree),
        (429, "rate_limited", Outcome::Retry(Some(5000))),
    ] {
        let said = verdict(webhook(), status, word);
        assert_eq!(said.outcome, outcome, "{status} {word}");
        assert_eq!(said.reason, word.trim());
    }
}

#[test]
fn what_is_no_answer_of_slack_is_left_to_the_host_or_tried_again() {
    for (status, body, outcome) in [
        (200, "<html>sign in</html>", Outcome::Retry(None)),
        (200, "", Outcome::Agree),
        (200, "null", Outcome::Agree),
        (502, "<html>", Outcome::Agree),
        (404, "{", Outcome::Agree),
    ] {
        assert_eq!(
            verdict(bot(), status, body).outcome,
            outcome,
            "{status} {body}"
        );
    }
}
