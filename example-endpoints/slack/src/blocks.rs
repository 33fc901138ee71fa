//! What a message says, in Block Kit: <https://docs.slack.dev/reference/block-kit/blocks>.

use campanile_guest::json::{Array, Json, Object};
use campanile_guest::text::{
    add_line, arg, beginning, escape, heading, split, translate, utf16_len,
};
use campanile_guest::{Block, Markup, Notification, Recipient, Room, Unit};

const SLACK: &Markup = &Markup::Slack;

/// A message's blocks, and all their texts together: Slack answers `msg_blocks_too_long` from somewhere above
/// 9 600 on, <https://github.com/slackapi/bolt-js/issues/2867>.
pub(crate) const ROOM: Room = Room {
    blocks: 50,
    size: 8000,
};

/// <https://docs.slack.dev/reference/block-kit/blocks/header-block>
const HEADER: u32 = 150;

/// <https://docs.slack.dev/reference/block-kit/blocks/section-block>
const SECTION: u32 = 3000;

/// What a line below the message says at most: a name of 1 KiB that needs escapes is cut, the message is not.
const LINE: u32 = 900;

/// A phone shows less.
const FALLBACK: u32 = 1000;

/// An alert, in as many blocks as it needs.
pub(crate) fn of(alert: &Notification) -> Vec<Block> {
    let plain = &Markup::Plain;
    // The sign before it needs room too.
    let (title, rest) = heading(&alert.title(plain), plain, HEADER - 3, Unit::Utf16);
    let title = [alert.emoji(), " ", &title].concat();
    let header = Object::new()
        .text("type", "plain_text")
        .text("text", &title)
        .flag("emoji", false);
    let mut blocks = vec![block("header", "text", header, utf16_len(&title))];
    let mut body = escape(&rest, SLACK);
    add_line(&mut body, &alert.message(SLACK));
    for text in split(&body, SLACK, SECTION, Unit::Utf16) {
        blocks.push(block("section", "text", mrkdwn(&text), utf16_len(&text)));
    }
    let lines = below(alert);
    let size = lines.iter().map(|line| utf16_len(line)).sum();
    let lines: Array = lines.iter().map(|line| mrkdwn(line)).collect();
    blocks.push(block("context", "elements", lines, size));
    blocks
}

/// What a phone's notification shows.
pub(crate) fn titles<'a>(alerts: impl Iterator<Item = &'a Notification>) -> String {
    let title = |alert: &Notification| [alert.emoji(), " ", &alert.title(SLACK)].concat();
    let titles: Vec<_> = alerts.map(title).collect();
    beginning(&titles.join("\n"), SLACK, FALLBACK, Unit::Utf16)
}

/// The test message.
pub(crate) fn test(recipient: &Recipient) -> String {
    let args = [arg("recipient", recipient.name())];
    ["\u{1F514} ", &translate("slack.test", &args, SLACK)].concat()
}

fn below(alert: &Notification) -> Vec<String> {
    let state = alert.state_and_time(SLACK);
    let facts = [alert.names(SLACK), state, alert.repeats(SLACK)];
    let facts = facts.map(|fact| beginning(&fact, SLACK, LINE, Unit::Utf16));
    let link = alert.link("slack.open", SLACK);
    let link = link.filter(|link| utf16_len(link) <= LINE as usize);
    let lines = facts.into_iter().chain(link);
    lines.filter(|line| !line.is_empty()).collect()
}

fn block(kind: &str, name: &str, content: impl Into<Json>, size: usize) -> Block {
    let json = Object::new().text("type", kind).value(name, content).into();
    Block { json, size }
}

/// `verbatim`: what looks like an address, channel or name stays text.
fn mrkdwn(text: &str) -> Object {
    Object::with_capacity(text.len() + 64)
        .text("type", "mrkdwn")
        .text("text", text)
        .flag("verbatim", true)
}
