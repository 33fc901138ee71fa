//! What Slack takes as a message.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fakes::length;

/// "Messages with over 40,000 characters" are cut: <https://docs.slack.dev/reference/methods/chat.postMessage#truncating>.
/// A message of ours that would be cut is one that is wrong.
const TEXT: usize = 40_000;

/// <https://docs.slack.dev/reference/block-kit/blocks>
const BLOCKS: usize = 50;

/// <https://docs.slack.dev/reference/block-kit/blocks/header-block>
const HEADER: usize = 150;

/// <https://docs.slack.dev/reference/block-kit/blocks/section-block>
const SECTION: usize = 3000;
const FIELDS: usize = 10;
const FIELD: usize = 2000;

/// <https://docs.slack.dev/reference/block-kit/blocks/context-block>
const ELEMENTS: usize = 10;

/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>
const TEXT_OBJECT: usize = 3000;

/// <https://docs.slack.dev/reference/block-kit/blocks>, of every block.
const BLOCK_ID: usize = 255;

/// Undocumented; 9 597 characters were taken and 11 341 were not: <https://github.com/slackapi/bolt-js/issues/2867>.
const ALL: usize = 9_597;

/// What is wrong with a message, by the error's word; nothing where it is taken.
#[must_use]
pub fn invalid(payload: &Value) -> Option<&'static str> {
    let text = payload["text"].as_str().unwrap_or_default();
    let blocks = payload.get("blocks");
    if text.is_empty() && blocks.is_none() {
        return Some("no_text");
    }
    if length(text) > TEXT {
        return Some("msg_too_long");
    }
    if calls(text) {
        return Some("invalid_text_that_calls_somebody");
    }
    let blocks = blocks?;
    let Some(blocks) = blocks.as_array() else {
        return Some("invalid_blocks_format");
    };
    let mut ids = BTreeSet::new();
    let ids_are_right = blocks.iter().all(|block| match block.get("block_id") {
        None => true,
        Some(id) => id
            .as_str()
            .is_some_and(|id| !id.is_empty() && length(id) <= BLOCK_ID && ids.insert(id)),
    });
    if blocks.is_empty() || blocks.len() > BLOCKS || !ids_are_right || !blocks.iter().all(is_block)
    {
        return Some("invalid_blocks");
    }
    if blocks.iter().map(all_texts).sum::<usize>() > ALL {
        return Some("msg_blocks_too_long");
    }
    None
}

fn is_block(block: &Value) -> bool {
    match block["type"].as_str() {
        Some("header") => block["text"]["type"] == "plain_text" && is_text(&block["text"], HEADER),
        Some("section") => {
            let fields = match block.get("fields") {
                None => true,
                Some(fields) => fields.as_array().is_some_and(|fields| {
                    (1..=FIELDS).contains(&fields.len())
                        && fields.iter().all(|field| is_text(field, FIELD))
                }),
            };
            let text = match block.get("text") {
                None => block.get("fields").is_some(),
                Some(text) => is_text(text, SECTION),
            };
            fields && text
        }
        Some("context") => block["elements"].as_array().is_some_and(|elements| {
            (1..=ELEMENTS).contains(&elements.len())
                && elements.iter().all(|element| is_text(element, TEXT_OBJECT))
        }),
        Some("divider") => true,
        _ => false,
    }
}

/// A text object: `emoji` is for plain text, `verbatim` for markup.
fn is_text(object: &Value, limit: usize) -> bool {
    let Some(text) = object["text"].as_str() else {
        return false;
    };
    let kind = match object["type"].as_str() {
        Some("plain_text") => object.get("verbatim").is_none(),
        Some("mrkdwn") => object.get("emoji").is_none() && !calls(text),
        _ => false,
    };
    kind && (1..=limit).contains(&length(text))
}

/// Whether markup calls somebody, or has a sign that is no escape:
/// <https://docs.slack.dev/messaging/formatting-message-text#escaping>. Slack takes both; nothing of ours may
/// have them. Links are `<address|text>`, and nothing else stands in angle brackets.
fn calls(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>', '&']) {
        let (sign, after) = rest[at..].split_at(1);
        rest = match sign {
            "&" => {
                let escape = ["amp;", "lt;", "gt;"]
                    .iter()
                    .find_map(|it| after.strip_prefix(it));
                match escape {
                    Some(after) => after,
                    None => return true,
                }
            }
            "<" => match after.split_once('>') {
                Some((link, after)) if is_link(link) => after,
                _ => return true,
            },
            _ => return true,
        };
    }
    false
}

fn is_link(link: &str) -> bool {
    let Some((address, text)) = link.split_once('|') else {
        return false;
    };
    let plain = address.replace("&amp;", "");
    let web = plain.starts_with("https://") || plain.starts_with("http://");
    web && !text.is_empty() && !link.contains('<') && !plain.contains(['&', ' ', '"', '\n'])
}

/// The characters of all texts in a block.
fn all_texts(value: &Value) -> usize {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| match member {
                Value::String(text) if name == "text" => length(text),
                member => all_texts(member),
            })
            .sum(),
        Value::Array(items) => items.iter().map(all_texts).sum(),
        _ => 0,
    }
}
