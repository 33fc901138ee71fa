//! Whether text is well formed in a markup, judged without the code that wrote it.

use campanile_contract::text::Markup;
use url::Url;

/// Whether a link with this address leads anywhere.
pub(super) fn leads_somewhere(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto"))
}

/// What is wrong with a text.
///
/// # Errors
///
/// In words.
pub(super) fn check(markup: Markup, text: &str) -> Result<(), String> {
    match markup {
        Markup::Html => tags(text, &["strong", "code", "a"]),
        Markup::Telegram => tags(text, &["b", "code", "a"]),
        Markup::Slack => angles(text),
        // Every text is one of these two.
        Markup::Plain | Markup::Markdown => Ok(()),
    }
}

/// Only these elements, each closed in its order, and no sign that would be one.
fn tags(text: &str, known: &[&str]) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let from = &rest[at..];
        if let Some(after) = from.strip_prefix('&') {
            let entities = ["amp;", "lt;", "gt;", "quot;", "#39;"];
            if !entities.iter().any(|entity| after.starts_with(entity)) {
                return Err(format!("a bare & at `{}`", beginning(from)));
            }
            rest = after;
            continue;
        }
        let end = from
            .find('>')
            .ok_or_else(|| format!("a bare < at `{}`", beginning(from)))?;
        let tag = &from[1..end];
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        match name.strip_prefix('/') {
            Some(name) if open.pop() != Some(name) => {
                return Err(format!("</{name}> closes what is not open"));
            }
            Some(_) => {}
            None if !known.contains(&name) => {
                return Err(format!("<{}> is no element", beginning(name)));
            }
            None if !fits(name, attributes) => {
                return Err(format!("<{name}> with wrong attributes"));
            }
            None => open.push(name),
        }
        rest = &from[end + 1..];
    }
    match open.pop() {
        Some(name) => Err(format!("<{name}> is not closed")),
        None => Ok(()),
    }
}

/// A link has its address alone, and nothing else has an attribute.
fn fits(name: &str, attributes: &str) -> bool {
    if name != "a" {
        return attributes.is_empty();
    }
    let address = attributes.strip_prefix("href=\"");
    let end = address.and_then(|rest| Some((rest.find('"')?, rest)));
    end.is_some_and(|(end, rest)| end + 1 == rest.len())
}

/// Slack reads `<...>` as a link or a mention: <https://docs.slack.dev/messaging/formatting-message-text>.
fn angles(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>']) {
        let from = &rest[at..];
        let end = from.find('>').filter(|_| from.starts_with('<'));
        let end = end.ok_or_else(|| format!("a bare sign at `{}`", beginning(from)))?;
        let address = from[1..end].split('|').next().unwrap_or_default();
        if !leads_somewhere(&address.replace("&amp;", "&")) {
            return Err(format!("`{}` is no link", beginning(from)));
        }
        rest = &from[end + 1..];
    }
    Ok(())
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(30)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_well_formed_or_told() {
        let table = [
            (
                Markup::Html,
                "a &lt;b&gt; <strong>c</strong> <a href=\"x\">d</a>",
                true,
            ),
            (Markup::Html, "<b>c</b>", false),
            (Markup::Telegram, "<b>c</b> <code>d</code>", true),
            (Markup::Telegram, "<b><code>d</b></code>", false),
            (Markup::Telegram, "<b>c", false),
            (Markup::Telegram, "c</b>", false),
            (Markup::Telegram, "a < b", false),
            (Markup::Telegram, "a & b", false),
            (Markup::Telegram, "<a>x</a>", false),
            (Markup::Telegram, "<b onclick=\"\">x</b>", false),
            (Markup::Html, "<a href=\"x\" id=\"y\">x</a>", false),
            (Markup::Html, "<a href=\"x>y</a>", false),
            (Markup::Slack, "<https://e/?a&amp;b|x> y", true),
            (Markup::Slack, "<!channel>", false),
            (Markup::Slack, "a > b", false),
            (Markup::Slack, "<@U1>", false),
            (Markup::Plain, "</b> & <!channel>", true),
        ];
        for (markup, text, well) in table {
            assert_eq!(check(markup, text).is_ok(), well, "{markup:?} {text}");
        }
    }
}
