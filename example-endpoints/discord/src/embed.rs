//! What a message says, in embeds: <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>.

use campanile_guest::json::Object;
use campanile_guest::text::{
    add_line, arg, beginning, escape, heading, split, translate, utf16_len,
};
use campanile_guest::time::rfc3339;
use campanile_guest::{Block, Markup, Notification, Recipient, Room, Unit};

const MARKDOWN: &Markup = &Markup::Markdown;

/// A message's embeds, and all their texts together.
pub(crate) const ROOM: Room = Room {
    blocks: 10,
    size: 6000,
};

const TITLE: u32 = 256;
const DESCRIPTION: u32 = 4096;
const FOOTER: u32 = 2048;

/// What of names stands below a message: with title and description it stays within `ROOM`.
const NAMES: u32 = 1000;

/// An address that Discord takes as an embed's.
const ADDRESS: usize = 2048;

/// An alert, in as many embeds as its text needs; each of them fits into a message of its own.
pub(crate) fn of(alert: &Notification) -> Vec<Block> {
    // The sign before it needs room too.
    let (title, mut text) = heading(&alert.title(MARKDOWN), MARKDOWN, TITLE - 7, Unit::Utf16);
    let title = [alert.emoji(), " ", &title].concat();
    add_line(&mut text, &alert.message(MARKDOWN));
    let names = beginning(&alert.names(MARKDOWN), MARKDOWN, NAMES, Unit::Utf16);
    if !text.is_empty() && !names.is_empty() {
        text.push('\n');
    }
    add_line(&mut text, &names);
    add_line(&mut text, &alert.repeats(MARKDOWN));
    let url = alert.web_url();
    let link = url.as_deref().filter(|url| is_well_formed(url));
    if let (Some(url), None) = (&url, link) {
        add_line(&mut text, &escape(url, MARKDOWN));
    }
    let footer = alert.state(&Markup::Plain);
    let footer = beginning(&footer, &Markup::Plain, FOOTER, Unit::Utf16);
    let mut pieces = split(&text, MARKDOWN, DESCRIPTION, Unit::Utf16);
    if pieces.is_empty() {
        // A title is enough.
        pieces.push(text);
    }
    let last = pieces.len() - 1;
    let embed = |(at, piece): (usize, &String)| {
        let (begins, ends) = (at == 0, at == last);
        let title = begins.then_some(title.as_str());
        let footer = ends.then_some(footer.as_str());
        let texts = [title, Some(piece), footer];
        let json = Object::with_capacity(piece.len() + 256)
            .maybe("title", title)
            .maybe("url", link.filter(|_| begins))
            .text("description", piece)
            .integer("color", alert.colour().into())
            .maybe(
                "footer",
                footer.map(|text| Object::new().text("text", text)),
            )
            .maybe(
                "timestamp",
                ends.then(|| rfc3339(alert.starts_at())).as_deref(),
            );
        Block {
            json: json.into(),
            size: texts.into_iter().flatten().map(utf16_len).sum(),
        }
    };
    pieces.iter().enumerate().map(embed).collect()
}

/// The test message.
pub(crate) fn test(recipient: &Recipient) -> Object {
    let args = [arg("recipient", recipient.name())];
    let text = translate("discord.test", &args, MARKDOWN);
    Object::new().text("description", &["\u{1F514} ", &text].concat())
}

/// Discord refuses the whole message for an address that it cannot read.
fn is_well_formed(url: &str) -> bool {
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    let mut bytes = url.bytes();
    url.len() <= ADDRESS
        && host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

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
