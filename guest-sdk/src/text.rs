//! Text for people, localised and escaped by the host.

use crate::{Arg, Entity, Markup, Unit, Value, platform};

const ELLIPSIS: &str = "\u{2026}";

/// The component's message with this key, else the host's, else the key verbatim, in the recipient's
/// language. Its holes are filled with `args`, each escaped for `markup`.
#[must_use]
pub fn translate(key: &str, args: &[Arg], markup: &Markup) -> String {
    platform::translate(key, args, markup)
}

/// `text` so that it arrives as that text in `markup`.
#[must_use]
pub fn escape(text: &str, markup: &Markup) -> String {
    platform::escape(text, markup)
}

/// Pieces of at most `limit` units each. No tag, entity or grapheme is torn; open tags are closed and
/// opened again.
#[must_use]
pub fn split(text: &str, markup: &Markup, limit: u32, unit: Unit) -> Vec<String> {
    platform::split(text, markup, limit, unit)
}

/// The first of the pieces that [`split`] makes: the beginning of a text that is too long, well formed.
#[must_use]
pub fn beginning(text: &str, markup: &Markup, limit: u32, unit: Unit) -> String {
    let mut pieces = split(text, markup, limit, unit).into_iter();
    pieces.next().unwrap_or_default()
}

/// What `get` says in this markup; where that has more than `limit` bytes, as plain text, the beginning of it
/// without any markup of its own, an ellipsis, and true.
#[must_use]
pub fn within(limit: usize, markup: &Markup, get: impl Fn(&Markup) -> String) -> (String, bool) {
    let text = get(&Markup::Plain);
    if text.len() <= limit {
        return match markup {
            Markup::Plain => (text, false),
            _ => (get(markup), false),
        };
    }
    // What is far behind the end need not be looked through.
    let near = &text[..text.floor_char_boundary(limit.saturating_mul(2))];
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let begins = beginning(near, &Markup::Plain, limit, Unit::Bytes);
    (escape(&(begins + ELLIPSIS), markup), true)
}

/// How long a text is in [`Unit::Utf16`].
#[must_use]
pub fn utf16_len(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A heading of at most `limit` units, and what has no room there, to go on below it. One that goes on ends
/// in an ellipsis.
#[must_use]
pub fn heading(text: &str, markup: &Markup, limit: u32, unit: Unit) -> (String, String) {
    let ellipsis = if unit == Unit::Bytes { 3 } else { 1 };
    let mut pieces = split(text, markup, limit.saturating_sub(ellipsis), unit).into_iter();
    let head = pieces.next().unwrap_or_default();
    let rest = match text.strip_prefix(&head) {
        Some(rest) => rest.trim_start().to_owned(),
        // What was bold where the heading ended is bold again below it.
        None => pieces.collect::<Vec<_>>().join(" "),
    };
    if rest.is_empty() {
        return (head, rest);
    }
    (head + ELLIPSIS, rest)
}

/// The facts that are there, on one line.
#[must_use]
pub fn joined(facts: &[impl AsRef<str>]) -> String {
    let mut line = String::new();
    for fact in facts.iter().map(AsRef::as_ref) {
        if !line.is_empty() && !fact.is_empty() {
            line.push_str(" \u{B7} ");
        }
        line.push_str(fact);
    }
    line
}

/// Adds a line to a text; an empty one adds nothing.
pub fn add_line(text: &mut String, line: &str) {
    if !text.is_empty() && !line.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// An argument of a message: the hole's name and its value.
#[must_use]
pub fn arg(name: impl Into<String>, value: impl Into<Value>) -> Arg {
    (name.into(), value.into())
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<Entity> for Value {
    fn from(entity: Entity) -> Self {
        Self::Entity(entity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_joined_and_lines_added_without_empty_ones() {
        for (words, expected) in [
            (["", "", ""], ""),
            (["a", "", ""], "a"),
            (["", "b", ""], "b"),
            (["", "", "c"], "c"),
            (["a", "", "c"], "a, c"),
            (["a", "b", "c"], "a, b, c"),
        ] {
            assert_eq!(joined(&words), expected.replace(", ", " \u{B7} "));
            let mut text = String::new();
            words.iter().for_each(|word| add_line(&mut text, word));
            assert_eq!(text, expected.replace(", ", "\n"));
        }
    }

    #[test]
    fn a_heading_that_is_too_long_goes_on_below() {
        let markup = Markup::Markdown;
        for (text, limit, unit, head, rest) in [
            ("", 9, Unit::Utf16, "", ""),
            ("abc def", 8, Unit::Utf16, "abc def", ""),
            ("abc def", 5, Unit::Utf16, "abc\u{2026}", "def"),
            ("abcdef", 4, Unit::Utf16, "abc\u{2026}", "def"),
            ("abcdef", 6, Unit::Bytes, "abc\u{2026}", "def"),
            (
                "**abcd efgh**",
                9,
                Unit::Utf16,
                "**abcd**\u{2026}",
                "**efgh**",
            ),
        ] {
            let expected = (head.to_owned(), rest.to_owned());
            assert_eq!(heading(text, &markup, limit, unit), expected, "{text}");
        }
    }

    #[test]
    fn what_is_too_long_is_its_beginning_and_loses_its_own_markup() {
        let bold = |text: &'static str| {
            move |markup: &Markup| match markup {
                Markup::Plain => text.to_owned(),
                _ => ["<b>", &escape(text, markup), "</b>"].concat(),
            }
        };
        for (text, limit, markup, expected, cut) in [
            ("", 4, Markup::Html, "<b></b>", false),
            ("<abc", 4, Markup::Html, "<b>&lt;abc</b>", false),
            ("<abcd", 4, Markup::Html, "&lt;abc\u{2026}", true),
            ("<abcd", 4, Markup::Plain, "<abc\u{2026}", true),
            (
                "\u{e9}\u{e9}\u{e9}",
                5,
                Markup::Plain,
                "\u{e9}\u{e9}\u{2026}",
                true,
            ),
        ] {
            let expected = (expected.to_owned(), cut);
            assert_eq!(within(limit, &markup, bold(text)), expected, "{text}");
        }
    }

    #[test]
    fn length_in_utf_16_counts_what_is_beyond_the_basic_plane_twice() {
        for (text, length) in [("", 0), ("a", 1), ("\u{e9}", 1), ("\u{1F514}", 2)] {
            assert_eq!(utf16_len(text), length, "{text}");
        }
    }
}
