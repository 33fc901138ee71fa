//! A recipient's own title and message: holes filled for its language and markup, checked when saved.

use std::time::Duration;

use campanile_tests::{Behaviour, Receiver, World, alert};
use serde_json::{Value, json};

/// A Telegram token's form, and nobody's.
const TOKEN: &str = "123456789:AAEhBP0av28zXzyqOhvNUhRIA_5v7OPN3gI";

/// What every value of an alert may be: markup, holes, quotes, a closed element.
const HOSTILE: &str = "</b><a href=\"x\">&amp; %{title} %% *_`\"";

const HOSTILE_HTML: &str = "&lt;/b&gt;&lt;a href=&quot;x&quot;&gt;&amp;amp; %{title} %% *_`&quot;";

fn hook(receiver: &Receiver, language: &str, texts: &Value) -> Value {
    let mut recipient = json!({"name": "hook", "endpoint": "hook", "language": language,
        "time_zone": "Europe/Berlin"});
    merge(&mut recipient, texts);
    json!({
        "endpoints": [{"name": "hook", "component": "webhook",
            "params": {"url": receiver.url("/hook"), "alerts_per_request": "1"}}],
        "recipients": [recipient],
        "networks": [{"allow": [receiver.opening()]}],
    })
}

fn merge(into: &mut Value, change: &Value) {
    if let (Some(into), Some(change)) = (into.as_object_mut(), change.as_object()) {
        into.extend(change.clone());
    }
}

/// Title and message of the alert in the request at this place.
async fn told(receiver: &Receiver, at: usize) -> (String, String) {
    let body = receiver.wait_for(at + 1).await[at].json();
    let text = |name: &str| {
        let text = body["alerts"][0][name].as_str();
        text.unwrap_or_else(|| panic!("no {name} in {body}"))
            .to_owned()
    };
    (text("title"), text("message"))
}

#[tokio::test]
async fn every_hole_is_filled_in_the_recipients_language_and_time_zone() {
    let receiver = Receiver::ok().await;
    let texts = json!({
        "title": "[%{severity}] %{title} (%{kind}/%{subtype})",
        "message": "%{entity}: %{message}\n%{time} %{action} %{category} %{source} %{score} \
            %{value}>%{threshold} %{url} %{labels.site} %{labels.none}%{details/port} \
            %{details/json/a.b} %{details/list} %{details/none}100%% %%{title}",
    });
    let desired = hook(&receiver, "de-AT", &texts);
    let world = World::builder().desired(desired).start().await;
    let news = alert(
        "flows_flood",
        &json!({
            "subtype": "flow_flood_attacker", "score": 1234, "value": 1081.5, "threshold": 256,
            "category": "security", "url": "https://ntopng.example/?a=1&b=2",
            "labels": {"site": "Graz"},
            "details": {"port": 50123, "json": {"a.b": "x y"}, "list": [1, "2"], "none": null},
        }),
    );
    assert_eq!(world.post(&news).await.status, 202);
    assert_eq!(
        told(&receiver, 0).await,
        (
            "[Fehler] Flow-Flut (flows_flood/flow_flood_attacker)".to_owned(),
            "Host 192.168.1.19: Host 192.168.1.19 überflutet das Netzwerk mit Flows \
             [1.082 > 256 gesendete Flows]\n\
             02.01.2026 04:00:00 CET Ereignis Sicherheit eth0 1.234 1.081,5>256 \
             https://ntopng.example/?a=1&b=2 Graz 50123 x y [1,\"2\"] 100% %{title}"
                .to_owned()
        )
    );
}

#[tokio::test]
async fn hostile_values_arrive_as_text_in_every_markup() {
    let receiver = Receiver::ok().await;
    let bot = Receiver::start(
        [],
        Behaviour::json(200, &json!({"ok": true, "result": {"message_id": 1}})),
    )
    .await;
    let texts = json!({
        "title": "<i>%{title}</i> %{labels.note}",
        "message": "%{message}|%{entity}|%{source}|%{details/note}|%{url}",
    });
    let mut desired = hook(&receiver, "en", &texts);
    let mut chat = json!({"name": "chat", "endpoint": "bot", "params": {"chat": "-1"},
        "language": "en", "time_zone": "UTC"});
    merge(&mut chat, &texts);
    let endpoint = json!({"name": "bot", "component": "telegram",
        "params": {"token": TOKEN, "api": bot.url("")}});
    for (list, item) in [
        ("endpoints", endpoint),
        ("recipients", chat),
        ("networks", json!({"allow": [bot.opening()]})),
    ] {
        desired[list].as_array_mut().expect("a list").push(item);
    }
    let world = World::builder().desired(desired).start().await;
    let news = json!({
        "kind": "nobody_knows", "severity": "error", "source": HOSTILE,
        "entity": {"kind": "host", "value": "10.0.0.1", "name": HOSTILE},
        "title": HOSTILE, "message": HOSTILE, "labels": {"note": HOSTILE},
        "details": {"note": HOSTILE}, "url": "https://e.example/?a=\"><b>&c=1",
    });
    let posted = world.post(&news).await;
    assert_eq!(posted.status, 202, "{:?}", posted.body);
    assert_eq!(
        told(&receiver, 0).await,
        (
            format!("<i>{HOSTILE}</i> {HOSTILE}"),
            format!(
                "{HOSTILE}|host 10.0.0.1 [{HOSTILE}]|{HOSTILE}|{HOSTILE}|\
                 https://e.example/?a=\"><b>&c=1"
            )
        )
    );
    let body = bot.wait_for(1).await[0].json();
    let text = body["text"].as_str().expect("a text");
    let expected = format!(
        "<b>&lt;i&gt;{HOSTILE_HTML}&lt;/i&gt; {HOSTILE_HTML}</b>\n\
         {HOSTILE_HTML}|host 10.0.0.1 [{HOSTILE_HTML}]|{HOSTILE_HTML}|{HOSTILE_HTML}|\
         <a href=\"https://e.example/?a=&quot;&gt;&lt;b&gt;&amp;c=1\">\
         https://e.example/?a=&quot;&gt;&lt;b&gt;&amp;c=1</a>\n"
    );
    assert!(text.contains(&expected), "{text}");
}

#[tokio::test]
async fn a_text_that_comes_out_empty_gives_way_and_a_title_stays_one_line() {
    let receiver = Receiver::ok().await;
    let texts = json!({"title": "%{message}", "message": " %{labels.note} %{details/a} "});
    let desired = hook(&receiver, "en", &texts);
    let world = World::builder().desired(desired).start().await;
    let news = json!({"title": "A title", "message": "one\r\ntwo"});
    assert_eq!(world.post(&alert("unknown", &news)).await.status, 202);
    assert_eq!(
        told(&receiver, 0).await,
        ("one two".to_owned(), "one\ntwo".to_owned())
    );
    let news = json!({"title": "A title", "message": "", "labels": {"note": "a note"}});
    assert_eq!(world.post(&alert("unknown", &news)).await.status, 202);
    assert_eq!(
        told(&receiver, 1).await,
        ("A title".to_owned(), " a note  ".to_owned())
    );
}

#[tokio::test]
async fn a_text_with_a_mistake_is_refused_in_the_users_language_and_nothing_is_stored() {
    let receiver = Receiver::ok().await;
    let world = World::builder().start().await;
    let before = format!("{:?}", world.app.store.configuration().await.expect("it"));
    let long = "x".repeat(4097);
    let rows = [
        (
            ("title", "[%{severty}]"),
            "there is no hole %{severty}; there are: %{title}, %{message}, %{entity}, ",
            "es gibt keinen Platzhalter %{severty}; es gibt: %{title}, ",
        ),
        (
            ("message", "a %{title and more"),
            "the hole at %{title and more has no end, or a name with spaces; write %%{ for these \
             two characters",
            "der Platzhalter bei %{title and more ist nicht geschlossen",
        ),
        (
            ("message", long.as_str()),
            "it has 4097 characters; at most 4096 are taken",
            "der Text hat 4097 Zeichen; höchstens 4096 sind erlaubt",
        ),
        (
            ("title", " "),
            "it says nothing; leave it out to keep the definition's own",
            "der Text ist leer;",
        ),
        (
            ("title", "two\nlines"),
            "it must not contain control characters, and a title is one line",
            "Steuerzeichen sind nicht erlaubt",
        ),
    ];
    for ((field, text), english, german) in rows {
        for (language, words) in [("en", english), ("de", german)] {
            let desired = hook(&receiver, "en", &json!({field: text}));
            let mistakes = world.apply(desired, language).await.expect_err("a mistake");
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert_eq!(mistakes[0].item, "recipient hook");
            assert_eq!(mistakes[0].param.as_deref(), Some(field));
            assert!(mistakes[0].message.starts_with(words), "{}", mistakes[0]);
        }
    }
    let both = hook(
        &receiver,
        "en",
        &json!({"title": "%{a}", "message": "%{b}"}),
    );
    let mistakes = world.apply(both, "en").await.expect_err("two mistakes");
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    let after = format!("{:?}", world.app.store.configuration().await.expect("it"));
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_changed_text_is_for_what_is_not_yet_built_and_outlives_a_restart() {
    let receiver = Receiver::start([Behaviour::status(503)], Behaviour::status(200)).await;
    let desired = |title: &str| hook(&receiver, "en", &json!({"title": title}));
    let world = World::builder()
        .held_clock()
        .desired(desired("old %{kind}"))
        .start()
        .await;
    assert_eq!(world.post(&alert("one", &json!({}))).await.status, 202);
    world.wait_for_attempts(1).await;
    world.wait_until_idle().await;
    assert_eq!(world.apply(desired("new %{kind}"), "en").await, Ok(1));
    assert_eq!(world.apply(desired("new %{kind}"), "en").await, Ok(0));
    let world = world.restart().await;
    assert_eq!(world.post(&alert("two", &json!({}))).await.status, 202);
    receiver.wait_for(2).await;
    world.advance(Duration::from_secs(60));
    world.wait_until_empty().await;
    let mut titles = Vec::new();
    for at in 0..3 {
        titles.push(told(&receiver, at).await.0);
    }
    assert_eq!(titles, ["old one", "new two", "old one"]);

    let listed = world.get("/api/v1/recipients").await.body;
    assert_eq!(listed[0]["title"], "new %{kind}");
    assert_eq!(listed[0]["message"], Value::Null);
    assert_eq!(
        world.apply(hook(&receiver, "en", &json!({})), "en").await,
        Ok(1)
    );
    let listed = world.get("/api/v1/recipients").await.body;
    assert_eq!(listed[0]["title"], Value::Null);
}
