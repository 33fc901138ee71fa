use campanile_guest::harness::{Alert, Harness};
use campanile_guest::{Body, Failure, Message, Outcome, Part, Severity, Verdict};

use super::Telegram as Component;

fn harness() -> Harness<Component> {
    Harness::new().param("chat", "-100123")
}

fn sent(mut harness: Harness<Component>) -> Vec<Message> {
    let batch = harness.dequeue().expect("a batch");
    assert!(batch.refused.is_empty());
    assert_eq!(batch.deliveries.len(), 1);
    batch
        .deliveries
        .into_iter()
        .next()
        .expect("a delivery")
        .messages
}

fn json(message: &Message) -> serde_json::Value {
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

fn text(message: &Message) -> String {
    json(message)["text"].as_str().expect("a text").to_owned()
}

#[test]
fn an_alert_becomes_one_message_with_the_token_as_a_hole() {
    let alert = Alert::new("Blacklisted flow")
        .message("10.0.0.1 spoke to 203.0.113.5")
        .url("https://ntopng.example/flow?a=1&b=2");
    let batch = harness().alert(alert).dequeue().expect("a batch");
    assert_eq!(
        batch.to_string(),
        "delivery of [0]\n\
         POST https://api.telegram.org/bot<secret token percent>/sendMessage\n\
         Content-Type: application/json\n\
         \n\
         {\"chat_id\":\"-100123\",\"text\":\"\u{1F534} <b>Blacklisted flow</b>\\n\
         10.0.0.1 spoke to 203.0.113.5\\n\\n\
         host 192.168.1.10 \u{B7} eth0\\n\
         Error \u{B7} 2024-10-22 16:00:00 UTC\\n\
         <a href=\\\"https://ntopng.example/flow?a=1&amp;b=2\\\">Show details</a>\",\
         \"parse_mode\":\"HTML\",\"link_preview_options\":{\"is_disabled\":true}}\n\n\n"
    );
}

#[test]
fn hostile_text_arrives_as_that_text() {
    let hostile = "\"}{</b><a href='x'>&amp; `%{token}` \\ \u{0}\u{1b}[31m \u{5D0}\u{202E}abc";
    let alert = Alert::new(hostile)
        .message(hostile)
        .entity_label(hostile)
        .source(hostile)
        .url("javascript:alert(1)");
    let messages = sent(harness().alert(alert));
    let text = text(&messages[0]);
    assert!(!text.contains("</b><a"), "{text}");
    assert!(
        !text.contains('\u{0}') && !text.contains('\u{1b}'),
        "{text:?}"
    );
    assert!(!text.contains("javascript"), "{text}");
    assert!(text.contains("&lt;/b&gt;&lt;a href="), "{text}");
    assert!(text.contains("%{token}"), "{text}");
    assert!(text.contains('\u{5D0}'), "{text}");
}

#[test]
fn a_long_text_goes_in_parts_that_telegram_takes() {
    let messages = sent(
        harness().alert(
            Alert::new("Long")
                .engaged()
                .message(&"\u{1F514}&x ".repeat(20_000))
                .receipt("7"),
        ),
    );
    assert!(messages.len() > 20, "{}", messages.len());
    for message in &messages {
        assert!(text(message).encode_utf16().count() <= 4096);
    }
    assert_eq!(json(&messages[0])["reply_parameters"]["message_id"], 7);
    assert!(json(&messages[1]).get("reply_parameters").is_none());
}

#[test]
fn an_ended_condition_replies_to_the_message_that_announced_it() {
    let messages = sent(harness().alert(Alert::new("Flood").released().receipt("42")));
    let body = json(&messages[0]);
    assert_eq!(body["reply_parameters"]["message_id"], 42);
    assert_eq!(
        body["reply_parameters"]["allow_sending_without_reply"],
        true
    );
    assert!(text(&messages[0]).starts_with('\u{2705}'));
}

#[test]
fn or_edits_it_where_the_recipient_wants_that() {
    let messages = sent(
        harness()
            .param("on_release", "edit")
            .alert(Alert::new("Flood").released().receipt("42")),
    );
    assert!(
        messages[0]
            .to_string()
            .starts_with("POST https://api.telegram.org/bot<secret token percent>/editMessageText")
    );
    let body = json(&messages[0]);
    assert_eq!(body["message_id"], 42);
    assert!(body.get("reply_parameters").is_none());
}

#[test]
fn only_the_end_of_a_condition_edits_and_only_what_is_known() {
    for alert in [
        Alert::new("a").engaged().receipt("42"),
        Alert::new("b").released(),
        Alert::new("c").released().receipt("x"),
    ] {
        let messages = sent(harness().param("on_release", "edit").alert(alert));
        assert!(messages[0].to_string().contains("/sendMessage"));
    }
}

#[test]
fn alerts_below_the_limit_are_silent() {
    for (severity, silent) in [
        (Severity::Notice, true),
        (Severity::Warning, false),
        (Severity::Error, false),
    ] {
        let messages = sent(
            harness()
                .param("silent_below", "warning")
                .alert(Alert::new("x").severity(severity)),
        );
        assert_eq!(
            json(&messages[0]).get("disable_notification").is_some(),
            silent,
            "{severity:?}"
        );
    }
    let messages = sent(harness().alert(Alert::new("x").severity(Severity::Debug)));
    assert!(json(&messages[0]).get("disable_notification").is_none());
}

#[test]
fn topic_and_server_are_the_recipients_and_the_endpoints() {
    let messages = sent(
        harness()
            .param("topic", "9")
            .param("api", "https://bots.example/api/")
            .alert(Alert::new("x")),
    );
    assert_eq!(json(&messages[0])["message_thread_id"], 9);
    assert!(
        messages[0]
            .to_string()
            .starts_with("POST https://bots.example/api/bot<secret token percent>/sendMessage")
    );
}

#[test]
fn repeats_and_actions_are_told_in_the_recipients_language() {
    let messages = sent(
        harness()
            .language("it")
            .alert(Alert::new("x").engaged().suppressed(3)),
    );
    let text = text(&messages[0]);
    assert!(
        text.contains("3 ripetizioni sono state trattenute."),
        "{text}"
    );
    assert!(!text.contains("action."), "{text}");
}

#[test]
fn every_alert_of_a_batch_has_its_own_delivery() {
    let mut harness = harness()
        .budget(2)
        .alert(Alert::new("1"))
        .alert(Alert::new("2"))
        .alert(Alert::new("3"));
    assert_eq!(harness.dequeue().expect("a batch").deliveries.len(), 2);
    assert_eq!(harness.dequeue().expect("a batch").deliveries.len(), 1);
}

#[test]
fn the_test_message_is_localised_and_escaped() {
    let messages = harness().language("it").run_test().expect("messages");
    assert!(text(&messages[0]).contains("Gli allarmi per recipient"));
}

#[test]
fn a_chat_is_a_number_or_a_name() {
    for (chat, good) in [
        ("-100123", true),
        ("5", true),
        ("@noc_alerts", true),
        ("0", false),
        ("noc", false),
        ("@", false),
        ("@a b", false),
        ("1.5", false),
        ("https://t.me/noc", false),
    ] {
        let mut harness = harness().param("chat", chat).alert(Alert::new("x"));
        assert_eq!(harness.lint().is_empty(), good, "{chat}");
        assert_eq!(
            matches!(harness.dequeue(), Err(Failure::Invalid(_))),
            !good,
            "{chat}"
        );
    }
    assert!(harness().lint_endpoint().is_empty());
}

#[test]
fn the_administrator_sees_where_alerts_go() {
    assert_eq!(
        harness().param("topic", "9").format_recipient_params(),
        "-100123, 9, reply"
    );
}

fn verdict(status: u16, body: &str) -> Verdict {
    let mut harness = harness().alert(Alert::new("x").engaged());
    harness.dequeue().expect("a batch");
    harness.respond(status, &[("Retry-After", "5")], body)
}

#[test]
fn a_success_remembers_the_message() {
    let verdict = verdict(
        200,
        r#"{"ok":true,"result":{"message_id":77,"chat":{"id":1}}}"#,
    );
    assert_eq!(verdict, Verdict::delivered().receipt(0, "77"));
}

#[test]
fn only_the_message_that_announced_a_condition_is_remembered() {
    for (alert, remembered) in [
        (Alert::new("x").engaged(), true),
        (Alert::new("x").engaged().receipt("42"), false),
        (Alert::new("x"), false),
    ] {
        let mut harness = harness().alert(alert);
        harness.dequeue().expect("a batch");
        let verdict = harness.respond(200, &[], r#"{"ok":true,"result":{"message_id":77}}"#);
        assert_eq!(verdict.receipts.len(), usize::from(remembered));
    }
}

#[test]
fn an_event_answers_no_earlier_one() {
    let messages = sent(harness().alert(Alert::new("Login").receipt("42")));
    assert!(json(&messages[0]).get("reply_parameters").is_none());
}

#[test]
fn a_later_part_leaves_no_receipt() {
    let mut harness = harness().alert(Alert::new("x").engaged());
    harness.dequeue().expect("a batch");
    let verdict = harness.respond_to(0, 1, 200, &[], r#"{"ok":true,"result":{"message_id":78}}"#);
    assert_eq!(verdict, Verdict::delivered());
}

#[test]
fn too_many_requests_pauses_the_chat_for_as_long_as_telegram_says() {
    let said = verdict(
        429,
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 14","parameters":{"retry_after":14}}"#,
    );
    assert_eq!(said.outcome, Outcome::Retry(Some(14_000)));
    assert_eq!(said.pause_destination, Some(14_000));
    assert_eq!(verdict(429, "{}").outcome, Outcome::Retry(Some(5_000)));
}

#[test]
fn a_group_that_became_a_supergroup_is_followed() {
    let verdict = verdict(
        400,
        r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001234567890}}"#,
    );
    assert_eq!(verdict.outcome, Outcome::Restart(Some(0)));
    assert_eq!(verdict.changed[0].name, "chat");
    assert_eq!(verdict.changed[0].value, "-1001234567890");
}

#[test]
fn a_message_that_cannot_be_edited_any_more_is_forgotten() {
    for description in [
        "Bad Request: message to edit not found",
        "Bad Request: message can't be edited",
    ] {
        let said = verdict(
            400,
            &format!(r#"{{"ok":false,"error_code":400,"description":"{description}"}}"#),
        );
        assert_eq!(said, Verdict::restart(None).forget(0).reason(description));
    }
}

#[test]
fn errors_are_read_as_what_they_mean() {
    for (status, description, outcome) in [
        (400, "Bad Request: chat not found", Outcome::RecipientGone),
        (
            400,
            "Bad Request: message thread not found",
            Outcome::RecipientGone,
        ),
        (
            400,
            "Bad Request: message is not modified: specified new message content ...",
            Outcome::Delivered,
        ),
        (400, "Bad Request: can't parse entities", Outcome::Agree),
        (401, "Unauthorized", Outcome::EndpointGone),
        (
            403,
            "Forbidden: bot was blocked by the user",
            Outcome::RecipientGone,
        ),
        (
            403,
            "Forbidden: bot was kicked from the supergroup chat",
            Outcome::RecipientGone,
        ),
        (404, "Not Found", Outcome::EndpointGone),
        (500, "Internal Server Error", Outcome::Agree),
        (502, "Bad Gateway", Outcome::Agree),
    ] {
        let body = format!(r#"{{"ok":false,"error_code":{status},"description":"{description}"}}"#);
        let verdict = verdict(status, &body);
        assert_eq!(verdict.outcome, outcome, "{status} {description}");
        assert_eq!(verdict.reason, description);
    }
}

#[test]
fn what_is_no_answer_of_the_bot_api_is_left_to_the_host() {
    for (status, body) in [(200, ""), (404, "<html>"), (502, "{"), (400, "null")] {
        assert_eq!(verdict(status, body), Verdict::agree(), "{status} {body}");
    }
}
