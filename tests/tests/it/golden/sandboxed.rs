//! What the built components return in the sandbox, without anything around it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use campanile::alert::sound::repeated_key;
use campanile::app::{BUILTIN, builtin};
use campanile::message::Message;
use campanile::sandbox::{Answered, Call, Recipient, Sandbox, Why, digest, judge};
use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::notification::Notification;
use campanile_contract::params::Param;
use campanile_contract::text::{Localizer, Rich, Span};

use super::alerts::{NAME, TEXT};
use super::setup::LANGUAGES;
use campanile_tests::html;

use super::{files, shown};
use crate::mail::page;

/// 2026-01-02 03:04:05 UTC.
const NOW: u64 = 1_767_323_045_000;

type Alerts = fn(&Localizer<'_>) -> Vec<Notification>;

pub(super) type Params = &'static [(&'static str, &'static str)];

/// Name, component, parameters, alerts. A row of a parameter with rows is `name/key`.
const CASES: [(&str, &str, Params, Alerts); 13] = [
    ("severities", "telegram", &[("chat", "5")], severities),
    ("actions", "telegram", &[("chat", "5")], actions),
    ("markup", "telegram", &[("chat", "@noc")], markup),
    ("repeats", "telegram", &[("chat", "5")], repeats),
    ("actions", "email", MAIL, actions),
    ("markup", "email", MAIL, markup),
    ("actions", "syslog", SYSLOG, actions),
    ("markup", "syslog", SYSLOG, markup),
    (
        "silent_topic",
        "telegram",
        &[
            ("chat", "-1001"),
            ("topic", "9"),
            ("silent_below", "warning"),
            ("on_release", "edit"),
        ],
        around_a_warning,
    ),
    ("batch", "webhook", &[], actions),
    (
        "two_a_request",
        "webhook",
        &[("alerts_per_request", "2"), ("method", "PUT")],
        around_a_warning,
    ),
    (
        "bearer_and_headers",
        "webhook",
        &[
            ("bearer", "set"),
            ("headers/X-Key", "set"),
            ("headers/X-Site", "set"),
            ("signing", "hmac-sha256"),
            ("signing_key", "set"),
        ],
        one,
    ),
    (
        "basic",
        "webhook",
        &[
            ("user", "noc"),
            ("password", "set"),
            ("signing", "standard-webhooks"),
            ("signing_key", "set"),
        ],
        one,
    ),
];

const MAIL: Params = &[
    ("server", "smtps://mail.example:465"),
    ("user", "alerts"),
    ("password", "set"),
    ("from", "alerts@mail.example"),
    ("to", "noc@mail.example"),
];

const SYSLOG: Params = &[
    ("server", "syslog+tls://log.example:6514"),
    ("facility", "16"),
    ("hostname", "noc.example"),
    ("app_name", "campanile"),
    ("sd_id", "campanile@32473"),
];

/// The test messages.
const TESTS: [(&str, Params); 4] = [
    ("email", MAIL),
    ("syslog", SYSLOG),
    ("telegram", &[("chat", "-1001")]),
    ("webhook", &[]),
];

pub(super) fn files() -> impl Iterator<Item = String> {
    let of =
        |name: String| LANGUAGES.map(|(language, _)| format!("sandboxed/{name}.{language}.txt"));
    let cases = CASES.map(|(name, component, ..)| format!("{component}_{name}"));
    let tests = TESTS.map(|(component, _)| format!("{component}_test"));
    cases.into_iter().chain(tests).flat_map(of)
}

fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let sandbox = Sandbox::start(campanile_tests::unhurried(), Why::Test).expect("a sandbox");
        for (_, wasm) in BUILTIN {
            sandbox.install(wasm).expect("it fits");
        }
        sandbox
    })
}

fn ask(component: &str, call: Call) -> Answered {
    let digest = digest(builtin(component).expect("a component that comes with the program"));
    let invocation = sandbox().invocation(&digest, NOW, call);
    let answer = sandbox().call(invocation);
    answer.result.expect("an answer")
}

pub(super) fn recipient(params: Params, language: &str, time_zone: &str) -> Recipient {
    let param = |&(name, value): &(&str, &str)| {
        let (name, key) = match name.split_once('/') {
            Some((name, key)) => (name, Some(key.to_owned())),
            None => (name, None),
        };
        Param {
            name: name.to_owned(),
            key,
            value: value.to_owned(),
        }
    };
    Recipient {
        endpoint: "endpoint".to_owned(),
        name: "<b>R&D</b>".to_owned(),
        language: language.to_owned(),
        time_zone: time_zone.to_owned(),
        params: params.iter().map(param).collect(),
    }
}

/// An alert as the host renders it.
pub(super) fn notification(
    localizer: &Localizer<'_>,
    change: impl FnOnce(&mut Notification),
) -> Notification {
    let entity = Entity {
        kind: "host".to_owned(),
        value: "192.168.1.10@0".to_owned(),
        name: None,
    };
    let mut notification = Notification {
        id: "0192b6f0-0000-7000-8000-000000000001".to_owned(),
        fingerprint: "f1".to_owned(),
        title: Rich::plain("Title"),
        message: Rich::plain("Message"),
        icon: None,
        time: localizer.instant(NOW),
        starts_at: NOW,
        ends_at: None,
        kind: "test".to_owned(),
        subtype: None,
        severity: Severity::Error,
        severity_label: String::new(),
        score: None,
        category: None,
        action: Action::Stored,
        entity_label: localizer.entity(&entity),
        entity,
        source: "eth0".to_owned(),
        labels: Vec::new(),
        url: None,
        receipt: None,
        suppressed: 0,
        document: r#"{"id":"0192b6f0-0000-7000-8000-000000000001","n":18446744073709551617.10}"#
            .to_owned(),
    };
    change(&mut notification);
    notification.severity_label = localizer.severity(notification.severity);
    notification
}

fn one(localizer: &Localizer<'_>) -> Vec<Notification> {
    vec![notification(localizer, |_| {})]
}

fn severities(localizer: &Localizer<'_>) -> Vec<Notification> {
    Severity::ALL
        .map(|severity| notification(localizer, |alert| alert.severity = severity))
        .to_vec()
}

fn actions(localizer: &Localizer<'_>) -> Vec<Notification> {
    let all = [
        Action::Stored,
        Action::Engaged,
        Action::Updated,
        Action::Reminded,
        Action::Acknowledged,
        Action::Released,
    ];
    all.map(|action| notification(localizer, |alert| alert.action = action))
        .to_vec()
}

/// Every sort of span, with text that tries to be markup.
fn markup(localizer: &Localizer<'_>) -> Vec<Notification> {
    let link = |url: &str| Span::Link {
        text: TEXT.to_owned(),
        url: url.to_owned(),
    };
    let spans = [
        Span::Plain(TEXT.to_owned()),
        Span::Strong(TEXT.to_owned()),
        Span::Code(TEXT.to_owned()),
        link("https://example.com/?a=1&b=\"<>'"),
        link("javascript:alert(1)"),
    ];
    vec![notification(localizer, |alert| {
        alert.title = Rich(vec![
            Span::Code(NAME.to_owned()),
            Span::Plain("</b>".to_owned()),
        ]);
        alert.message = spans.into_iter().collect();
    })]
}

fn repeats(localizer: &Localizer<'_>) -> Vec<Notification> {
    [1, 2, 1_000_000]
        .map(|count| notification(localizer, |alert| alert.suppressed = count))
        .to_vec()
}

/// Below, at and above `warning`; the last one has ended.
fn around_a_warning(localizer: &Localizer<'_>) -> Vec<Notification> {
    let of = |severity, action| {
        notification(localizer, |alert| {
            alert.severity = severity;
            alert.action = action;
            alert.receipt = Some("42".to_owned());
        })
    };
    vec![
        of(Severity::Notice, Action::Engaged),
        of(Severity::Warning, Action::Updated),
        of(Severity::Error, Action::Released),
    ]
}

pub(super) fn dequeued(
    component: &str,
    recipient: Recipient,
    alerts: Vec<Notification>,
) -> Vec<(Vec<u32>, Vec<Message>)> {
    let given = alerts.len();
    let call = Call::Dequeue {
        recipient,
        budget: 100,
        notifications: alerts,
    };
    let Answered::Batch(batch) = ask(component, call) else {
        panic!("no batch")
    };
    let batch = judge(batch, given, sandbox().limits()).expect("an answer within the limits");
    assert!(batch.refused.is_empty(), "{:?}", batch.refused);
    batch
        .deliveries
        .into_iter()
        .map(|delivery| (delivery.alerts, delivery.messages))
        .collect()
}

/// What is wrong with a message is said by a parser, whatever the golden file says.
fn parses(component: &str, message: &Message) {
    if let Message::Mail(mail) = message {
        let page = page::read(mail.html.as_deref().unwrap_or_default());
        assert_eq!(page.mistakes, [""; 0]);
        return;
    }
    if let Message::Syslog(line) = message {
        assert!(!line.message.contains(char::is_control), "{}", line.message);
        return;
    }
    let text = shown::body(message);
    let body: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(repeated_key(&text), None, "a name stands twice");
    if component == "telegram" {
        assert_eq!(body["parse_mode"], "HTML");
        html::seen(body["text"].as_str().expect("a text"));
    }
}

/// The messages of a component's test.
pub(super) fn tested(component: &str, recipient: Recipient) -> Vec<Message> {
    let Answered::Messages(messages) = ask(component, Call::RunTest(recipient)) else {
        panic!("no messages")
    };
    messages
}

#[test]
fn every_component_returns_its_golden_requests() {
    for (language, time_zone) in LANGUAGES {
        let localizer = Localizer::new(None, language, time_zone);
        for (name, component, params, alerts) in CASES {
            let recipient = recipient(params, language, time_zone);
            let mut text = String::new();
            let mut named = Vec::new();
            for (carried, messages) in dequeued(component, recipient, alerts(&localizer)) {
                text.push_str(&format!(
                    "====== alerts {carried:?}\n\n{}\n",
                    shown::messages(&messages)
                ));
                named.extend(carried);
                messages
                    .iter()
                    .for_each(|message| parses(component, message));
            }
            let all: Vec<u32> = (0..).take(alerts(&localizer).len()).collect();
            assert_eq!(named, all, "{component} {name}: each alert once, in order");
            files::check(
                &format!("sandboxed/{component}_{name}.{language}.txt"),
                &text,
            );
        }
    }
}

#[test]
fn every_component_has_its_golden_test_message() {
    for (language, time_zone) in LANGUAGES {
        for (component, params) in TESTS {
            let messages = tested(component, recipient(params, language, time_zone));
            messages
                .iter()
                .for_each(|message| parses(component, message));
            files::check(
                &format!("sandboxed/{component}_test.{language}.txt"),
                &shown::messages(&messages),
            );
        }
    }
}

#[test]
fn a_language_that_nobody_speaks_is_english() {
    let localizer = |language: &str| Localizer::new(None, language, "UTC").instant(NOW);
    assert_eq!(localizer("tlh"), localizer("en"));
    let told = |language: &str| {
        let english = Localizer::new(None, "en", "UTC");
        dequeued(
            "telegram",
            recipient(&[("chat", "5")], language, "UTC"),
            actions(&english),
        )
    };
    assert_eq!(told("tlh"), told("en"));
    assert_eq!(
        told("it-CH"),
        told("it"),
        "and a region that nobody speaks is its language"
    );
    assert_ne!(told("it"), told("en"));
}

/// 100 KB of each, and the longest that intake takes of some.
fn long_texts() -> BTreeMap<&'static str, String> {
    let of = |text: &str, bytes: usize| text.repeat(bytes / text.len() + 1);
    BTreeMap::from([
        ("letters without a space", of("x", 100_000)),
        ("words", of("word ", 100_000)),
        ("lines", of("a line of words\n", 100_000)),
        ("paragraphs", of("one\n\n", 100_000)),
        ("what becomes five times as long", of("&", 100_000)),
        ("tags", of("</b><b>", 100_000)),
        ("quotes", of("\"", 100_000)),
        ("bells", of("\u{1F514}", 100_000)),
        (
            "families",
            of("\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467}", 100_000),
        ),
        (
            "one letter with accents without end",
            format!("e{}", of("\u{301}", 100_000)),
        ),
        ("overrides", of("\u{202E}ab", 100_000)),
        ("isolates across lines", of("\u{2067}\u{5D0}\n", 100_000)),
        ("flags", of("\u{1F1EE}\u{1F1F9}", 100_000)),
        ("holes", of("%{x}", 100_000)),
        ("blanks with a word", format!("{}end", of(" ", 100_000))),
        ("the most that is taken", of("word ", 256 * 1024 - 5)),
        ("the most, and six times as long", of("\"", 256 * 1024 - 1)),
    ])
}

#[test]
fn long_texts_of_any_sort_go_in_parts_that_telegram_takes() {
    let localizer = Localizer::new(None, "en", "UTC");
    for (what, text) in long_texts() {
        let seen = campanile_contract::text::Markup::Plain.escape(&text);
        let alert = notification(&localizer, |alert| alert.message = Rich::plain(text));
        let recipient = recipient(&[("chat", "5")], "en", "UTC");
        let mut deliveries = dequeued("telegram", recipient, vec![alert]);
        assert_eq!(deliveries.len(), 1, "{what}");
        let (_, messages) = deliveries.remove(0);
        let parts: Vec<_> = messages
            .iter()
            .map(|message| {
                let body: serde_json::Value =
                    serde_json::from_str(&shown::body(message)).expect("JSON");
                html::seen(body["text"].as_str().expect("a text")).text
            })
            .collect();
        let whole = format!(
            "\u{1F534} Title\n{seen}\n\nhost 192.168.1.10 \u{B7} eth0\nError \u{B7} 2026-01-02 03:04:05 UTC"
        );
        if let Err(words) = html::joins(&whole, &parts) {
            panic!("{what}: {words}");
        }
    }
}
