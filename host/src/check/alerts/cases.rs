//! Alerts as they come, and as strangers write them.

use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::notification::Notification;
use campanile_contract::text::{Localizer, Piece, Rich, Value};
use serde_json::json;

use crate::check::stand::NOW;

/// A host that floods, with everything filled in.
pub(super) fn alert(localizer: &Localizer<'_>, number: u32) -> Notification {
    let entity = Entity {
        kind: String::from("host"),
        value: format!("10.0.0.{}@0", number % 250 + 1),
        name: Some(format!("host-{number}.example.org")),
    };
    let message = localizer.pieces(&[
        Piece::Entity(entity.clone()),
        Piece::Plain(String::from(" sends too many flows ")),
        Piece::Strong(String::from("1081 > 256")),
        Piece::Link(
            String::from("rules"),
            String::from("https://ntopng.example.org/rules"),
        ),
    ]);
    let id = format!("01a20121-3f93-7e8c-9662-{number:012}");
    let labels = vec![(String::from("site"), String::from("Pisa"))];
    let document = json!({
        "id": id, "kind": "flows_flood", "severity": "error", "action": "stored", "starts_at": NOW,
        "entity": {"kind": entity.kind, "value": entity.value, "name": entity.name},
        "source": "eth0", "labels": {"site": "Pisa"}, "details": {"vlan_id": 0, "flows": [1, 2.5, null, true, "x"]},
    });
    Notification {
        id,
        fingerprint: format!("{number:032x}"),
        title: Rich::plain("Flow flood"),
        message,
        icon: Some(String::from("fas fa-life-ring")),
        time: localizer.instant(NOW),
        starts_at: NOW,
        ends_at: None,
        kind: String::from("flows_flood"),
        subtype: Some(String::from("flow_flood_attacker")),
        severity: Severity::Error,
        severity_label: localizer.severity(Severity::Error),
        score: Some(100),
        category: Some(String::from("security")),
        action: Action::Stored,
        entity_label: localizer.value(&Value::Entity(entity.clone())),
        entity,
        source: String::from("eth0"),
        labels,
        url: Some(String::from(
            "https://ntopng.example.org/lua/alert.lua?id=7&x=%20",
        )),
        receipt: None,
        suppressed: 2,
        document: document.to_string(),
    }
}

/// Texts that some destination or template would obey, by what they try.
const HOSTILE: [(&str, &str); 14] = [
    (
        "markup",
        "<b>x</b> <a href='javascript:alert(1)'>y</a> *b* _i_ `c` ~s~ [t](http://evil.example) &amp; <!--",
    ),
    (
        "mentions",
        "@everyone @here @channel <!channel> <!here> <@U012AB3CD> <@&1> <#C1> @all",
    ),
    (
        "what looks like a template",
        "%{title} {{ .Title }} ${jndi:ldap://x} {0} %s %(x)s <%= x %> #{x}",
    ),
    (
        "what looks like JSON",
        "\"},\"text\":\"x\",\"a\":{\"b\":\"\\",
    ),
    ("backslashes and quotes", "\\ \\\\ \\\" ' \" \\u0041 \\n"),
    ("what looks like a hole", "⟨secret token⟩ secret(\"token\")"),
    (
        "bidirectional controls",
        "abc\u{202e}gnp.exe\u{2066}\u{2069}\u{200f}",
    ),
    (
        "lone combining marks",
        "\u{301}\u{301}\u{20e3}e\u{301}\u{fe0f}\u{200d}",
    ),
    ("emoji of many parts", "👩‍👩‍👧‍👦🏴‍☠️🇮🇹👍🏿"),
    ("percent signs", "%00 %2e%2e/ %zz 100%"),
    ("a path", "../../../etc/passwd?x=1#y"),
    ("separators of lines", "a\u{2028}b\u{2029}c\u{85}d"),
    ("formulas", "=cmd|' /C calc'!A0"),
    ("the last characters", "\u{ffff}\u{10ffff}\u{fffd}\u{feff}"),
];

/// What only text of several lines may have.
const LINES: [(&str, &str); 3] = [
    (
        "line breaks that begin a header",
        "a\r\nX-Injected: yes\r\n\r\nbody",
    ),
    (
        "NUL and other control characters",
        "a\0b\u{1b}[31mc\u{7}\u{8}\u{7f}d\u{9b}e",
    ),
    ("many empty lines", "a\n\n\n\n\n\n\n\n\n\n\nb\n"),
];

/// 100 KB: twenty times what any destination shows.
const LONG: usize = 100_000;

/// The alert with each of these texts, one at a time.
pub(super) fn texts(plain: &Notification) -> Vec<(&'static str, Notification)> {
    let mut cases = Vec::new();
    for (name, text) in HOSTILE {
        cases.push((name, everywhere(plain, text)));
    }
    for (name, text) in LINES {
        let mut alert = plain.clone();
        alert.title = Rich::plain(text);
        alert.message = Rich::plain(text);
        cases.push((name, with_document(alert, text)));
    }
    for (name, piece) in [
        ("100 KB of words", "word "),
        ("100 KB without a space", "x"),
        ("100 KB that grow when they are escaped", "<&\"'"),
        ("100 KB of emoji", "👩‍👩‍👧‍👦"),
        ("100 KB of short lines", "x\n"),
    ] {
        let long = piece.repeat(LONG / piece.len());
        let mut alert = plain.clone();
        alert.message = Rich::plain(long.as_str());
        cases.push((name, with_document(alert, &long)));
    }
    let mut title = plain.clone();
    title.title = Rich::plain("a very long title ".repeat(200));
    cases.push(("a title of 3600 characters", title));
    let mut names = everywhere(plain, &"name".repeat(250));
    names.title = plain.title.clone();
    names.message = plain.message.clone();
    names.labels = (0..64)
        .map(|at| (format!("label_{at}"), "y".repeat(1000)))
        .collect();
    cases.push(("names of 1000 characters, and 64 labels", names));
    cases.push(("nothing but what must be there", bare(plain)));
    cases
}

/// The text in every field that a stranger can write.
fn everywhere(plain: &Notification, text: &str) -> Notification {
    let mut alert = plain.clone();
    alert.title = Rich::plain(text);
    alert.message = Rich::plain(text);
    alert.entity = Entity {
        kind: text.to_owned(),
        value: text.to_owned(),
        name: Some(text.to_owned()),
    };
    alert.entity_label = Rich::plain(text);
    alert.source = text.to_owned();
    alert.category = Some(text.to_owned());
    alert.subtype = Some(text.to_owned());
    alert.labels = vec![(text.to_owned(), text.to_owned())];
    with_document(alert, text)
}

fn with_document(mut alert: Notification, text: &str) -> Notification {
    alert.document = json!({
        "id": alert.id, "kind": alert.kind, "severity": "error", "action": "stored", "starts_at": NOW,
        "entity": {"kind": alert.entity.kind, "value": alert.entity.value}, "source": alert.source,
        "details": {"note": text},
    })
    .to_string();
    alert
}

/// With every optional field absent, and texts empty that may be.
fn bare(plain: &Notification) -> Notification {
    let mut alert = plain.clone();
    alert.title = Rich::default();
    alert.message = Rich::default();
    alert.icon = None;
    alert.ends_at = None;
    alert.subtype = None;
    alert.score = None;
    alert.category = None;
    alert.entity.name = None;
    alert.entity_label = Rich::plain(alert.entity.value.as_str());
    alert.source = String::new();
    alert.labels = Vec::new();
    alert.url = None;
    alert.suppressed = 0;
    alert.document = json!({
        "id": alert.id, "kind": alert.kind, "severity": "error", "action": "stored", "starts_at": NOW,
        "entity": {"kind": "host", "value": alert.entity.value},
    })
    .to_string();
    alert
}
