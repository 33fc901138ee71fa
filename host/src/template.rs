//! Words: a recipient's own title and message, in place of what an alert's definition says. Text with
//! holes, as in locales; what fills a hole is never read as a template.

use campanile_contract::text::Template;

/// Characters of a recipient's own title: what Discord shows of an embed's, the shortest of those that
/// show titles apart.
const TITLE: usize = 256;

/// Characters of a recipient's own message: what one message of Telegram's can have.
const MESSAGE: usize = 4096;

/// What a hole is filled with. `HOLES` has all names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hole<'a> {
    /// The definition's title, or the producer's.
    Title,
    /// The definition's description, or the producer's message.
    Message,
    /// What the alert is about, with its label.
    Entity,
    /// How urgent it is, in the recipient's language.
    Severity,
    /// Where it is in its life, in the recipient's language.
    Action,
    /// Its category, in the recipient's language.
    Category,
    /// When it began, in the recipient's language and time zone.
    Time,
    /// The key of its definition.
    Kind,
    /// Its finer kind.
    Subtype,
    /// Who raised it.
    Source,
    /// The producer's score.
    Score,
    /// What was measured.
    Value,
    /// What it was not to exceed.
    Threshold,
    /// Where a person can look at it.
    Url,
    /// One of the producer's labels.
    Label(&'a str),
    /// One of the producer's own fields, by an RFC 6901 pointer.
    Detail(&'a str),
}

/// The names of all holes, as people are told them.
const HOLES: [(&str, Hole<'_>); 16] = [
    ("title", Hole::Title),
    ("message", Hole::Message),
    ("entity", Hole::Entity),
    ("severity", Hole::Severity),
    ("action", Hole::Action),
    ("category", Hole::Category),
    ("time", Hole::Time),
    ("kind", Hole::Kind),
    ("subtype", Hole::Subtype),
    ("source", Hole::Source),
    ("score", Hole::Score),
    ("value", Hole::Value),
    ("threshold", Hole::Threshold),
    ("url", Hole::Url),
    ("labels.NAME", Hole::Label("NAME")),
    ("details/FIELD", Hole::Detail("/FIELD")),
];

impl<'a> Hole<'a> {
    /// The hole with this name; nothing for a name that no hole has.
    #[must_use]
    pub fn named(name: &'a str) -> Option<Self> {
        if let Some(label) = name.strip_prefix("labels.") {
            return (!label.is_empty()).then_some(Self::Label(label));
        }
        if let Some(pointer) = name.strip_prefix("details") {
            return (pointer.len() > 1 && pointer.starts_with('/'))
                .then_some(Self::Detail(pointer));
        }
        HOLES
            .into_iter()
            .find_map(|(known, hole)| (known == name).then_some(hole))
    }
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It says nothing.
    Empty,
    /// It is longer than `limit` characters.
    TooLong {
        /// Its characters.
        length: usize,
        /// The most that are taken.
        limit: usize,
    },
    /// It has a control character; a title is one line.
    ControlCharacter,
    /// A hole has no end. The text from there on, cut.
    Unclosed(String),
    /// There is no hole of this name.
    Unknown(String),
}

impl Wrong {
    /// All holes, as people are told them.
    #[must_use]
    pub fn holes() -> String {
        HOLES.map(|(name, _)| format!("%{{{name}}}")).join(", ")
    }
}

/// A text of a recipient's own.
#[derive(Debug)]
pub struct Text {
    /// As it was typed.
    pub typed: String,
    /// The same, parsed.
    pub template: Template,
}

/// A recipient's own texts.
#[derive(Debug, Default)]
pub struct Texts {
    /// In place of the title.
    pub title: Option<Text>,
    /// In place of the message.
    pub message: Option<Text>,
}

impl Texts {
    /// Those that were checked when they were stored.
    #[must_use]
    pub fn stored(title: Option<&str>, message: Option<&str>) -> Self {
        let text = |typed: &str| Text {
            typed: typed.to_owned(),
            template: Template::parse(typed),
        };
        Self {
            title: title.map(text),
            message: message.map(text),
        }
    }
}

/// Checks a recipient's own title.
///
/// # Errors
///
/// The first thing that is wrong with it.
pub fn check_title(text: &str) -> Result<(), Wrong> {
    check(text, TITLE, &[])
}

/// Checks a recipient's own message.
///
/// # Errors
///
/// The first thing that is wrong with it.
pub fn check_message(text: &str) -> Result<(), Wrong> {
    check(text, MESSAGE, &['\n', '\t'])
}

fn check(text: &str, limit: usize, controls: &[char]) -> Result<(), Wrong> {
    /// So much of an unclosed hole shows which one it is.
    const SHOWN: usize = 40;

    if text.trim().is_empty() {
        return Err(Wrong::Empty);
    }
    let length = text.chars().count();
    if length > limit {
        return Err(Wrong::TooLong { length, limit });
    }
    if text
        .chars()
        .any(|char| char.is_control() && !controls.contains(&char))
    {
        return Err(Wrong::ControlCharacter);
    }
    let template = Template::checked(text)
        .map_err(|from| Wrong::Unclosed(from.chars().take(SHOWN).collect()))?;
    match template.holes().find(|name| Hole::named(name).is_none()) {
        Some(name) => Err(Wrong::Unknown(name.to_owned())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_people_are_told_is_a_hole() {
        for (name, hole) in HOLES {
            assert_eq!(Hole::named(name), Some(hole), "{name}");
            assert_eq!(check_title(&format!("%{{{name}}}")), Ok(()));
        }
        let others = [
            ("labels.a.b", Some(Hole::Label("a.b"))),
            ("details/json/value", Some(Hole::Detail("/json/value"))),
            ("details/proto.ndpi", Some(Hole::Detail("/proto.ndpi"))),
            ("labels.", None),
            ("labels", None),
            ("details", None),
            ("details/", None),
            ("details.a", None),
            ("Title", None),
            ("titel", None),
            ("", None),
        ];
        for (name, hole) in others {
            assert_eq!(Hole::named(name), hole, "{name}");
        }
    }

    #[test]
    fn a_text_is_taken_or_told_what_is_wrong_with_it() {
        let title = [
            ("[%{severity}] %{title}", Ok(())),
            ("100%% of %%{nothing}, 5%", Ok(())),
            ("", Err(Wrong::Empty)),
            (" \u{a0}", Err(Wrong::Empty)),
            ("a\nb", Err(Wrong::ControlCharacter)),
            ("a\tb", Err(Wrong::ControlCharacter)),
            ("%{titel}", Err(Wrong::Unknown("titel".to_owned()))),
            (
                "%{title} %{message",
                Err(Wrong::Unclosed("%{message".to_owned())),
            ),
            (
                "%{the title}",
                Err(Wrong::Unclosed("%{the title}".to_owned())),
            ),
        ];
        for (text, expected) in title {
            assert_eq!(check_title(text), expected, "{text:?}");
        }
        let message = [
            ("a\n\tb", Ok(())),
            ("a\rb", Err(Wrong::ControlCharacter)),
            ("a\u{0}b", Err(Wrong::ControlCharacter)),
            ("a\u{85}b", Err(Wrong::ControlCharacter)),
        ];
        for (text, expected) in message {
            assert_eq!(check_message(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        for (check, limit) in [
            (check_title as fn(&str) -> _, TITLE),
            (check_message, MESSAGE),
        ] {
            let length = limit + 1;
            assert_eq!(check(&"é".repeat(limit)), Ok(()));
            assert_eq!(
                check(&"é".repeat(length)),
                Err(Wrong::TooLong { length, limit })
            );
        }
        assert_eq!(
            check_message(&format!("%{{{}", "x".repeat(100))),
            Err(Wrong::Unclosed(format!("%{{{}", "x".repeat(38))))
        );
    }
}
