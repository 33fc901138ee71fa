//! What a message says, in embeds: <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>.

use campanile_guest::json::{Json, Object};
use campanile_guest::text::{arg, escape, split, translate};
use campanile_guest::{Action, Markup, Notification, Recipient, Severity, Unit};

const TITLE: u32 = 256;
const DESCRIPTION: u32 = 4096;
const FOOTER: u32 = 2048;

/// Embeds of one message, and all their texts together.
const EMBEDS: usize = 10;
const CHARACTERS: usize = 6000;

/// What of names stands below a message: with title and description it stays within `CHARACTERS`.
const NAMES: u32 = 1000;

/// An address that Discord takes as an embed's.
const ADDRESS: usize = 2048;

/// An embed and how much of a message's characters it needs.
pub(crate) struct Embed {
    pub(crate) json: Json,
    characters: usize,
}

/// Whether one message can hold all of these.
pub(crate) fn fit<'a>(embeds: impl Iterator<Item = &'a Embed> + Clone) -> bool {
    let characters: usize = embeds.clone().map(|embed| embed.characters).sum();
    embeds.count() <= EMBEDS && characters <= CHARACTERS
}

/// An alert, in as many embeds as its text needs; each of them fits into a message of its own.
pub(crate) fn of(alert: &Notification) -> Vec<Embed> {
    let (title, mut text) = title(alert);
    line(&mut text, &alert.message(&Markup::Markdown));
    let source = escape(&alert.source(), &Markup::Markdown);
    let names = joined(&[alert.entity_label(&Markup::Markdown), source]);
    let names = first(&names, &Markup::Markdown, NAMES);
    if !text.is_empty() && !names.is_empty() {
        text.push('\n');
    }
    line(&mut text, &names);
    let suppressed = alert.suppressed();
    if suppressed > 0 {
        let args = [arg("count", suppressed)];
        line(
            &mut text,
            &translate("discord.suppressed", &args, &Markup::Markdown),
        );
    }
    let url = alert.url().filter(|url| url.starts_with("http"));
    let (link, unlinked) = match url {
        Some(url) if is_well_formed(&url) => (Some(url), String::new()),
        Some(url) => (None, escape(&url, &Markup::Markdown)),
        None => (None, String::new()),
    };
    line(&mut text, &unlinked);
    let footer = joined(&[alert.severity_label(), action(&alert.action())]);
    let footer = first(&footer, &Markup::Plain, FOOTER);
    let pieces = split(&text, &Markup::Markdown, DESCRIPTION, Unit::Utf16);
    let last = pieces.len().saturating_sub(1);
    let mut embeds = Vec::with_capacity(pieces.len());
    for (at, piece) in pieces.iter().enumerate() {
        let (mut json, mut characters) = (Object::with_capacity(piece.len() + 256), size(piece));
        if at == 0 {
            characters += size(&title);
            json = json
                .text("title", &title)
                .maybe_text("url", link.as_deref());
        }
        json = json
            .text("description", piece)
            .integer("color", color(alert));
        if at == last {
            characters += size(&footer);
            json = json
                .value("footer", Object::new().text("text", &footer))
                .text("timestamp", &instant(alert.starts_at()));
        }
        let json = json.into();
        embeds.push(Embed { json, characters });
    }
    embeds
}

/// The test message.
pub(crate) fn test(recipient: &Recipient) -> Object {
    let args = [arg("recipient", recipient.name())];
    let text = translate("discord.test", &args, &Markup::Markdown);
    Object::new().text("description", &["\u{1F514} ", &text].concat())
}

/// What of a title is too long for one goes on in the text below it.
fn title(alert: &Notification) -> (String, String) {
    let whole = alert.title(&Markup::Markdown);
    let mut pieces = split(&whole, &Markup::Markdown, TITLE - 8, Unit::Utf16).into_iter();
    let head = pieces.next().unwrap_or_default();
    let rest = pieces.collect::<Vec<_>>().join(" ");
    let more = if rest.is_empty() { "" } else { "\u{2026}" };
    ([emoji(alert), " ", &head, more].concat(), rest)
}

/// Discord refuses the whole message for an address that it cannot read.
fn is_well_formed(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let begins = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    url.len() <= ADDRESS
        && rest.is_some_and(begins)
        && url
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
}

/// RFC 3339 in UTC, of milliseconds since the Unix epoch; the date by Howard Hinnant's
/// [`civil_from_days`](https://howardhinnant.github.io/date_algorithms.html#civil_from_days).
fn instant(milliseconds: u64) -> String {
    let (seconds, millis) = (milliseconds / 1000, milliseconds % 1000);
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

fn action(action: &Action) -> String {
    match action {
        Action::Stored | Action::Other(_) => String::new(),
        known => translate(&["action.", known.name()].concat(), &[], &Markup::Plain),
    }
}

fn first(text: &str, markup: &Markup, limit: u32) -> String {
    let mut pieces = split(text, markup, limit, Unit::Utf16).into_iter();
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

/// The bar beside the text, as 0xRRGGBB.
fn color(alert: &Notification) -> i64 {
    if alert.action() == Action::Released {
        return 0x2E_A0_43;
    }
    match alert.severity() {
        Severity::Debug | Severity::Info => 0x8B_94_9E,
        Severity::Notice => 0x1F_6F_EB,
        Severity::Warning => 0xF2_B8_0C,
        Severity::Error => 0xDA_36_33,
        Severity::Critical | Severity::Alert | Severity::Emergency => 0x8E_15_19,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_in_utc() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_729_612_800_001, "2024-10-22T16:00:00.001Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(instant(milliseconds), expected);
        }
    }

    #[test]
    fn only_an_address_that_is_well_formed_becomes_a_link() {
        for (url, expected) in [
            ("https://ntopng.example/flow?a=1&b=%20#c", true),
            ("http://10.0.0.1:3000/", true),
            ("https://", false),
            ("https:///x", false),
            ("https://@x", false),
            ("javascript:alert(1)", false),
            ("https://x/ y", false),
            ("https://x/\"", false),
            ("https://x/<", false),
            ("https://x/\u{e9}", false),
        ] {
            assert_eq!(is_well_formed(url), expected, "{url}");
        }
        assert!(!is_well_formed(&["https://x/", &"y".repeat(2048)].concat()));
    }
}
