//! What a message says, in Block Kit: <https://docs.slack.dev/reference/block-kit/blocks>.

use campanile_guest::json::{Array, Json, Object};
use campanile_guest::text::{arg, escape, split, translate};
use campanile_guest::{Action, Markup, Notification, Recipient, Severity, Unit};

/// <https://docs.slack.dev/reference/block-kit/blocks/header-block>
const HEADER: u32 = 150;

/// <https://docs.slack.dev/reference/block-kit/blocks/section-block>
const SECTION: u32 = 3000;

/// <https://docs.slack.dev/reference/block-kit/blocks>
const BLOCKS: usize = 50;

/// All texts of one message's blocks. Slack answers `msg_blocks_too_long` from somewhere above 9 600 on:
/// <https://github.com/slackapi/bolt-js/issues/2867>.
const CHARACTERS: usize = 8000;

/// What a line below the message says at most: a name of 1 KiB that needs escapes is cut, the message is not.
const LINE: u32 = 900;

/// A phone shows less.
const FALLBACK: u32 = 1000;

/// An alert as blocks.
pub(crate) struct Card {
    title: String,
    blocks: Vec<(Json, usize)>,
}

impl Card {
    /// Whether a message with these cards has room for this one.
    pub(crate) fn fits_with(&self, cards: &[&Self]) -> bool {
        let all = || {
            cards
                .iter()
                .copied()
                .chain([self])
                .flat_map(|card| &card.blocks)
        };
        all().count() <= BLOCKS && all().map(|(_, size)| size).sum::<usize>() <= CHARACTERS
    }
}

/// An alert, in as many blocks as it needs.
pub(crate) fn card(alert: &Notification) -> Card {
    let emoji = emoji(alert);
    let title = alert.title(&Markup::Plain);
    let head = split(&title, &Markup::Plain, HEADER - 4, Unit::Utf16);
    let head = head.first().map_or("", String::as_str);
    let mut blocks = Vec::with_capacity(3);
    // What of a title is too long for a header goes on below it.
    let rest = title.strip_prefix(head).unwrap_or_default().trim_start();
    let more = if rest.is_empty() { "" } else { "\u{2026}" };
    let header = [emoji, " ", head, more].concat();
    let plain = Object::new()
        .text("type", "plain_text")
        .text("text", &header)
        .flag("emoji", false);
    let header = (block("header").value("text", plain).into(), size(&header));
    blocks.push(header);
    let mut body = escape(rest, &Markup::Slack);
    line(&mut body, &alert.message(&Markup::Slack));
    for text in split(&body, &Markup::Slack, SECTION, Unit::Utf16) {
        blocks.push((
            block("section").value("text", mrkdwn(&text)).into(),
            size(&text),
        ));
    }
    let (mut lines, mut characters) = (Array::new(), 0);
    for text in lines_below(alert) {
        characters += size(&text);
        lines = lines.value(mrkdwn(&text));
    }
    blocks.push((block("context").value("elements", lines).into(), characters));
    let title = [emoji, " ", &alert.title(&Markup::Slack)].concat();
    Card { title, blocks }
}

/// The cards' titles for a phone's notification, and their blocks, cut where one message cannot hold more.
pub(crate) fn pages(cards: impl Iterator<Item = Card>) -> (String, Vec<Array>) {
    let mut titles = String::new();
    let (mut pages, mut page) = (Vec::new(), Array::new());
    let (mut count, mut characters) = (0, 0);
    for card in cards {
        line(&mut titles, &card.title);
        for (block, size) in card.blocks {
            if count == BLOCKS || (count > 0 && characters + size > CHARACTERS) {
                pages.push(std::mem::take(&mut page));
                (count, characters) = (0, 0);
            }
            page = page.value(block);
            (count, characters) = (count + 1, characters + size);
        }
    }
    pages.push(page);
    (first(&titles, FALLBACK), pages)
}

/// The test message.
pub(crate) fn test(recipient: &Recipient) -> String {
    let args = [arg("recipient", recipient.name())];
    [
        "\u{1F514} ",
        &translate("slack.test", &args, &Markup::Slack),
    ]
    .concat()
}

fn lines_below(alert: &Notification) -> Vec<String> {
    let source = escape(&alert.source(), &Markup::Slack);
    let entity = joined(&[alert.entity_label(&Markup::Slack), source]);
    let severity = escape(&alert.severity_label(), &Markup::Slack);
    let time = escape(&alert.time(), &Markup::Slack);
    let mut lines = vec![entity, joined(&[severity, action(&alert.action()), time])];
    let suppressed = alert.suppressed();
    if suppressed > 0 {
        let args = [arg("count", suppressed)];
        lines.push(translate("slack.suppressed", &args, &Markup::Slack));
    }
    let mut lines: Vec<_> = lines.iter().map(|text| first(text, LINE)).collect();
    if let Some(url) = alert.url().and_then(|url| address(&url)) {
        let open = translate("slack.open", &[], &Markup::Slack);
        lines.push(["<", &url, "|", &open, ">"].concat());
    }
    lines
}

/// An address as it may stand in a link, <https://docs.slack.dev/messaging/formatting-message-text#linking_to_urls>:
/// what could end it is percent-encoded, which no address needs to have bare. Too long a one is left out.
fn address(url: &str) -> Option<String> {
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return None;
    }
    let mut address = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '&' => address.push_str("&amp;"),
            '<' | '>' | '|' | '"' | '\'' | '`' | '\\' | '\0'..=' ' | '\u{7f}'.. => {
                address.push_str(&campanile_guest::percent(c.encode_utf8(&mut [0; 4])));
            }
            c => address.push(c),
        }
    }
    (size(&address) <= LINE as usize).then_some(address)
}

fn block(kind: &str) -> Object {
    Object::new().text("type", kind)
}

/// `verbatim`: what looks like an address, channel or name stays text.
fn mrkdwn(text: &str) -> Object {
    Object::with_capacity(text.len() + 64)
        .text("type", "mrkdwn")
        .text("text", text)
        .flag("verbatim", true)
}

fn action(action: &Action) -> String {
    match action {
        Action::Stored | Action::Other(_) => String::new(),
        known => translate(&["action.", known.name()].concat(), &[], &Markup::Slack),
    }
}

fn first(text: &str, limit: u32) -> String {
    let mut pieces = split(text, &Markup::Slack, limit, Unit::Utf16).into_iter();
    pieces.next().unwrap_or_default()
}

fn size(text: &str) -> usize {
    text.encode_utf16().count()
}

fn line(text: &mut String, line: &str) {
    if !text.is_empty() && !line.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

fn joined<const N: usize>(words: &[String; N]) -> String {
    let there: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.is_empty())
        .collect();
    there.join(" \u{B7} ")
}

fn emoji(alert: &Notification) -> &'static str {
    if alert.action() == Action::Released {
        return "\u{2705}";
    }
    match alert.severity() {
        Severity::Debug | Severity::Info => "\u{2139}\u{FE0F}",
        Severity::Notice => "\u{1F535}",
        Severity::Warning => "\u{26A0}\u{FE0F}",
        Severity::Error => "\u{1F534}",
        Severity::Critical | Severity::Alert | Severity::Emergency => "\u{1F6A8}",
    }
}
