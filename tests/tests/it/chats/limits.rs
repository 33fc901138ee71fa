//! The fakes' own limits: what is just within them is taken, and what is just over is not.

use campanile_tests::fakes::{invalid_for_discord, invalid_for_slack};
use serde_json::{Value, json};

fn text(length: usize) -> String {
    "\u{e8}".repeat(length)
}

fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text})
}

fn section(words: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(words)})
}

#[test]
fn slack_takes_what_its_pages_say() {
    let header =
        |length| json!({"type": "header", "text": {"type": "plain_text", "text": text(length)}});
    let fields =
        |count, length| json!({"type": "section", "fields": vec![mrkdwn(&text(length)); count]});
    let context = |count| json!({"type": "context", "elements": vec![mrkdwn("x"); count]});
    let id = |id: &str| json!({"type": "divider", "block_id": id});
    let blocks = |blocks: Vec<Value>| json!({"text": "x", "blocks": blocks});
    let wrong = Some("invalid_blocks");
    let rows = [
        (json!({"text": "x"}), None),
        (json!({"text": ""}), Some("no_text")),
        (json!({}), Some("no_text")),
        (json!({"text": text(40_000)}), None),
        (json!({"text": text(40_001)}), Some("msg_too_long")),
        (
            json!({"text": "x", "blocks": {}}),
            Some("invalid_blocks_format"),
        ),
        (blocks(vec![]), wrong),
        (blocks(vec![json!({"type": "divider"}); 50]), None),
        (blocks(vec![json!({"type": "divider"}); 51]), wrong),
        (blocks(vec![json!({"type": "dividers"})]), wrong),
        (blocks(vec![header(1)]), None),
        (blocks(vec![header(150)]), None),
        (blocks(vec![header(151)]), wrong),
        (blocks(vec![header(0)]), wrong),
        (
            blocks(vec![json!({"type": "header", "text": mrkdwn("x")})]),
            wrong,
        ),
        (blocks(vec![section(&text(3000))]), None),
        (blocks(vec![section(&text(3001))]), wrong),
        (blocks(vec![section("")]), wrong),
        (blocks(vec![json!({"type": "section"})]), wrong),
        (blocks(vec![fields(10, 900)]), None),
        (blocks(vec![fields(11, 1)]), wrong),
        (blocks(vec![fields(1, 2000)]), None),
        (blocks(vec![fields(1, 2001)]), wrong),
        (blocks(vec![context(10)]), None),
        (blocks(vec![context(11)]), wrong),
        (blocks(vec![context(0)]), wrong),
        (blocks(vec![id(&text(255))]), None),
        (blocks(vec![id(&text(256))]), wrong),
        (blocks(vec![id("a"), id("b")]), None),
        (blocks(vec![id("a"), id("a")]), wrong),
        (blocks(vec![section(&text(3000)); 3]), None),
        (
            blocks(vec![section(&text(3000)); 4]),
            Some("msg_blocks_too_long"),
        ),
        (
            blocks(vec![json!({"type": "header", "text":
                {"type": "plain_text", "text": "x", "verbatim": true}})]),
            wrong,
        ),
    ];
    for (payload, expected) in rows {
        let shown: String = payload.to_string().chars().take(100).collect();
        assert_eq!(invalid_for_slack(&payload), expected, "{shown}");
    }
}

#[test]
fn slacks_markup_calls_nobody_and_has_whole_escapes() {
    for (words, right) in [
        ("a &amp; b &lt;c&gt;", true),
        ("<https://e.example/?a=1&amp;b=2|open>", true),
        ("<!channel>", false),
        ("<!here|here>", false),
        ("<@U1>", false),
        ("<#C1>", false),
        ("<https://e.example>", false),
        ("<javascript:alert(1)|x>", false),
        ("<https://e.example/\"|x>", false),
        ("<https://e.example/?a&b|x>", false),
        ("a & b", false),
        ("&quot;", false),
        ("a > b", false),
        ("a <", false),
    ] {
        let payload = json!({"text": "x", "blocks": [section(words)]});
        assert_eq!(invalid_for_slack(&payload).is_none(), right, "{words}");
        let payload = json!({"text": words});
        assert_eq!(invalid_for_slack(&payload).is_none(), right, "{words}");
    }
}

#[test]
fn discord_takes_what_its_pages_say() {
    let embeds = |embeds: Vec<Value>| json!({"embeds": embeds, "allowed_mentions": {"parse": []}});
    let one = |name: &str, value: Value| embeds(vec![json!({"description": "x", name: value})]);
    let described = |length| json!({"description": text(length)});
    let field = |name, value| json!({"name": text(name), "value": text(value)});
    let rows = [
        (embeds(vec![described(1)]), true),
        (json!({"embeds": [described(1)]}), false),
        (
            json!({"embeds": [described(1)], "allowed_mentions": {"parse": ["users"]}}),
            false,
        ),
        (
            json!({"content": text(2000), "allowed_mentions": {"parse": []}}),
            true,
        ),
        (
            json!({"content": text(2001), "allowed_mentions": {"parse": []}}),
            false,
        ),
        (embeds(vec![described(1); 10]), true),
        (embeds(vec![described(1); 11]), false),
        (embeds(vec![json!({})]), false),
        (embeds(vec![json!("x")]), false),
        (embeds(vec![described(4096)]), true),
        (embeds(vec![described(4097)]), false),
        (one("title", json!(text(256))), true),
        (one("title", json!(text(257))), false),
        (one("footer", json!({"text": text(2048)})), true),
        (one("footer", json!({"text": text(2049)})), false),
        (one("author", json!({"name": text(256)})), true),
        (one("author", json!({"name": text(257)})), false),
        (one("fields", json!(vec![field(1, 1); 25])), true),
        (one("fields", json!(vec![field(1, 1); 26])), false),
        (one("fields", json!([field(256, 1024)])), true),
        (one("fields", json!([field(257, 1)])), false),
        (one("fields", json!([field(1, 1025)])), false),
        (one("fields", json!([field(0, 1)])), false),
        (one("fields", json!([field(1, 0)])), false),
        (one("color", json!(0xFF_FF_FF)), true),
        (one("color", json!(0x1_00_00_00)), false),
        (one("color", json!("#fff")), false),
        (one("timestamp", json!("2015-12-31T12:00:00.000Z")), true),
        (one("timestamp", json!("2015-12-31 12:00")), false),
        (one("url", json!("https://e.example/?a=1")), true),
        (one("url", json!("e.example")), false),
        (one("url", json!("https://e.example/\"")), false),
        (
            one(
                "url",
                json!(format!("https://e.example/{}", "x".repeat(2048))),
            ),
            false,
        ),
        (embeds(vec![described(3000); 2]), true),
        (
            embeds(vec![described(2000), described(2000), described(2001)]),
            false,
        ),
        (one("fields", json!(vec![field(250, 1000); 5])), false),
    ];
    for (payload, right) in rows {
        let shown: String = payload.to_string().chars().take(100).collect();
        assert_eq!(invalid_for_discord(&payload).is_none(), right, "{shown}");
    }
}
