//! What Discord takes as a message.

use serde_json::Value;

use crate::fakes::length;

/// <https://docs.discord.com/developers/resources/webhook#execute-webhook-jsonform-params>
const CONTENT: usize = 2000;
const EMBEDS: usize = 10;

/// <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>
const TITLE: usize = 256;
const DESCRIPTION: usize = 4096;
const FIELDS: usize = 25;
const FIELD_NAME: usize = 256;
const FIELD_VALUE: usize = 1024;
const FOOTER: usize = 2048;
const AUTHOR: usize = 256;

/// "The combined sum of characters in all title, description, field.name, field.value, footer.text, and
/// author.name fields across all embeds attached to a message must not exceed 6000 characters."
const ALL: usize = 6000;

/// Undocumented; what is longer is answered with `BASE_TYPE_MAX_LENGTH`.
const ADDRESS: usize = 2048;

/// What is wrong with a message; nothing where it is taken. It is also wrong to call people, which Discord does
/// unless told otherwise: <https://docs.discord.com/developers/resources/message#allowed-mentions-object>.
#[must_use]
pub fn invalid(payload: &Value) -> Option<&'static str> {
    if payload["allowed_mentions"]["parse"]
        .as_array()
        .is_none_or(|all| !all.is_empty())
    {
        return Some("somebody may be called");
    }
    if !is_within(&payload["content"], CONTENT) {
        return Some("content");
    }
    let none = Vec::new();
    let embeds = match payload.get("embeds") {
        None => &none,
        Some(embeds) => match embeds.as_array() {
            None => return Some("embeds"),
            Some(embeds) => embeds,
        },
    };
    if embeds.len() > EMBEDS {
        return Some("more than 10 embeds");
    }
    let found = embeds.iter().find_map(wrong);
    let all = || embeds.iter().map(characters).sum::<usize>() > ALL;
    found.or_else(|| all().then_some("more than 6000 characters"))
}

fn wrong(embed: &Value) -> Option<&'static str> {
    let Some(members) = embed.as_object() else {
        return Some("an embed is no object");
    };
    let shown = ["title", "description", "fields", "author", "footer"];
    if !shown.iter().any(|name| members.contains_key(*name)) {
        return Some("an embed is empty");
    }
    let fields = embed["fields"].as_array();
    let rules = [
        (is_within(&embed["title"], TITLE), "title"),
        (is_within(&embed["description"], DESCRIPTION), "description"),
        (
            fields.is_none_or(|all| all.len() <= FIELDS),
            "more than 25 fields",
        ),
        (
            fields.is_none_or(|all| all.iter().all(is_field)),
            "a field's name or value",
        ),
        (is_within(&embed["footer"]["text"], FOOTER), "footer"),
        (is_within(&embed["author"]["name"], AUTHOR), "author"),
        (
            embed["url"].is_null() || is_address(&embed["url"]),
            "Not a well formed URL.",
        ),
        (
            embed["color"].is_null() || embed["color"].as_u64().is_some_and(|it| it <= 0xFF_FF_FF),
            "color",
        ),
        (
            embed["timestamp"].is_null() || is_timestamp(&embed["timestamp"]),
            "Could not parse the timestamp. Should be ISO8601.",
        ),
    ];
    rules
        .into_iter()
        .find(|(right, _)| !right)
        .map(|(_, what)| what)
}

fn is_field(field: &Value) -> bool {
    let is = |name: &str, limit| {
        let text = field[name].as_str().unwrap_or_default();
        !text.is_empty() && length(text) <= limit
    };
    is("name", FIELD_NAME) && is("value", FIELD_VALUE)
}

fn is_within(text: &Value, limit: usize) -> bool {
    text.is_null() || text.as_str().is_some_and(|text| length(text) <= limit)
}

fn is_address(address: &Value) -> bool {
    address.as_str().is_some_and(|text| {
        let web = text.starts_with("https://") || text.starts_with("http://");
        let plain = text
            .bytes()
            .all(|it| it.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&it));
        let parsed = reqwest::Url::parse(text).is_ok_and(|url| url.has_host());
        web && plain && parsed && length(text) <= ADDRESS
    })
}

/// `2015-12-31T12:00:00.000Z`
fn is_timestamp(timestamp: &Value) -> bool {
    let pattern = b"0000-00-00T00:00:00.000Z";
    timestamp.as_str().is_some_and(|text| {
        let fits = |(given, wanted): (u8, &u8)| match wanted {
            b'0' => given.is_ascii_digit(),
            wanted => given == *wanted,
        };
        text.len() == pattern.len() && text.bytes().zip(pattern).all(fits)
    })
}

fn characters(embed: &Value) -> usize {
    let of = |text: &Value| text.as_str().map_or(0, length);
    let fields = embed["fields"].as_array().into_iter().flatten();
    of(&embed["title"])
        + of(&embed["description"])
        + of(&embed["footer"]["text"])
        + of(&embed["author"]["name"])
        + fields
            .map(|field| of(&field["name"]) + of(&field["value"]))
            .sum::<usize>()
}
