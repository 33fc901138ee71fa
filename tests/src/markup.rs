//! Slack's and Discord's messages as their readers see them, by parsers that know nothing of what wrote them.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

/// What a reader sees.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    /// The text.
    pub text: String,
    /// Where links lead, in order.
    pub links: Vec<String>,
}

/// A message of Slack's Block Kit: header, sections, and the lines of a context below an empty one.
pub fn slack(payload: &Value) -> Seen {
    let mut seen = Seen {
        text: String::new(),
        links: Vec::new(),
    };
    for block in payload["blocks"].as_array().expect("blocks") {
        let text = block["text"]["text"].as_str();
        match block["type"].as_str().expect("a type") {
            "header" => seen.text.push_str(text.expect("a text")),
            "section" => {
                seen.text.push('\n');
                mrkdwn(text.expect("a text"), &mut seen);
            }
            "context" => {
                seen.text.push('\n');
                for element in block["elements"].as_array().expect("elements") {
                    seen.text.push('\n');
                    mrkdwn(element["text"].as_str().expect("a text"), &mut seen);
                }
            }
            other => panic!("a block {other}"),
        }
    }
    seen
}

/// <https://docs.slack.dev/messaging/formatting-message-text>: three escapes and links; a sign that would take
/// effect has no width beside it.
fn mrkdwn(text: &str, seen: &mut Seen) {
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&', '\u{200b}']) {
        seen.text.push_str(&rest[..at]);
        rest = &rest[at..];
        let escapes = [
            ("&amp;", "&"),
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("\u{200b}", ""),
        ];
        let escape = escapes
            .iter()
            .find(|(written, _)| rest.starts_with(written));
        if let Some((written, read)) = escape {
            seen.text.push_str(read);
            rest = &rest[written.len()..];
            continue;
        }
        let link = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (link, after) = link.unwrap_or_else(|| panic!("no escape and no link: {rest}"));
        let (address, words) = link.split_once('|').expect("a link with words");
        seen.links.push(address.replace("&amp;", "&"));
        mrkdwn(words, seen);
        rest = after;
    }
    seen.text.push_str(rest);
}

/// A message of Discord's embeds: title, description and footer of each, a line apart.
pub fn discord(payload: &Value) -> Seen {
    let (mut lines, mut links) = (Vec::new(), Vec::new());
    for embed in payload["embeds"].as_array().expect("embeds") {
        for part in [&embed["title"], &embed["description"]] {
            lines.push(markdown(part.as_str().expect("a text")));
        }
        lines.push(embed["footer"]["text"].as_str().expect("a text").to_owned());
        links.extend(embed["url"].as_str().map(str::to_owned));
    }
    Seen {
        text: lines.join("\n"),
        links,
    }
}

/// CommonMark with strikethrough, of which nothing but text may be there.
fn markdown(text: &str) -> String {
    let mut seen = String::new();
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) => seen.push_str(&text),
            Event::SoftBreak | Event::HardBreak => seen.push('\n'),
            Event::Start(Tag::Paragraph) if seen.is_empty() => {}
            Event::Start(Tag::Paragraph) => seen.push_str("\n\n"),
            Event::End(TagEnd::Paragraph) => {}
            other => panic!("{other:?} came to life in {text:?}"),
        }
    }
    seen.replace('\u{200b}', "")
}

#[test]
fn what_comes_to_life_is_noticed() {
    for text in [
        "**b**",
        "[x](http://e)",
        "`c`",
        "# h",
        "- l",
        "> q",
        "<b>",
        "~~s~~",
    ] {
        let read = std::panic::catch_unwind(|| markdown(text));
        assert!(read.is_err(), "{text}");
    }
    assert_eq!(
        markdown("\\*\\*b\\*\\*\nc\n\n\\@\u{200b}x"),
        "**b**\nc\n\n@x"
    );
    let mut seen = Seen {
        text: String::new(),
        links: Vec::new(),
    };
    mrkdwn(
        "a &lt;b&gt; \u{200b}*\u{200b} <https://e/?a&amp;b|c &amp; d>",
        &mut seen,
    );
    assert_eq!(seen.text, "a <b> * c & d");
    assert_eq!(seen.links, ["https://e/?a&b"]);
}
