//! Messages as files hold them: nested tables by language, checked before anything is compiled or
//! installed. What a message becomes in a recipient's language is the business of `text`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The language that every other one is compared with, and the last that a message is looked for in.
pub const FALLBACK: &str = "en";

/// Tables within tables. The deepest known set of monitoring messages has five levels.
pub const MAX_DEPTH: usize = 8;

/// Bytes of all keys and texts of one language: some 4000 messages, and what an installed component
/// keeps in memory.
pub const MAX_LANGUAGE_BYTES: usize = 256 * 1024;

/// The argument that chooses among the forms of a plural table.
pub const COUNT: &str = "count";

/// The names that CLDR has for plural forms, as in a plural table's keys.
const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// What is wrong with a component's messages, each mistake in words that begin with language and key;
/// empty when all is well. Every language must have the keys and holes of English.
#[must_use]
pub fn check(locales: &BTreeMap<String, Value>) -> Vec<String> {
    let mut mistakes = Vec::new();
    let languages = read(locales, &mut mistakes);
    mistakes.extend(compare(&languages));
    mistakes
}

/// The messages of one language by dotted key.
pub(crate) type Messages<'a> = BTreeMap<String, Forms<'a>>;

/// A message's texts by plural category; one that has no plural is all `other`.
pub(crate) type Forms<'a> = BTreeMap<&'a str, &'a str>;

/// All messages by language, as far as they are well formed.
pub(crate) fn read<'a>(
    locales: &'a BTreeMap<String, Value>,
    mistakes: &mut Vec<String>,
) -> BTreeMap<&'a str, Messages<'a>> {
    let mut seen = BTreeSet::new();
    let mut languages = BTreeMap::new();
    for (language, table) in locales {
        if !is_language(language) {
            mistakes.push(format!(
                "{language}: not a language tag such as `it` or `fr-CA`"
            ));
        }
        if !seen.insert(language.to_ascii_lowercase()) {
            mistakes.push(format!("{language}: given twice, in other letters"));
        }
        let mut reader = Reader {
            language,
            mistakes,
            messages: Messages::new(),
            bytes: 0,
        };
        match table {
            Value::Object(entries) => reader.table("", entries, 1),
            _ => reader.mistake("", "must be a table of messages"),
        }
        if reader.bytes > MAX_LANGUAGE_BYTES {
            let problem = format!(
                "{} bytes of messages; at most {MAX_LANGUAGE_BYTES} are allowed",
                reader.bytes
            );
            reader.mistake("", &problem);
        }
        languages.insert(language.as_str(), reader.messages);
    }
    languages
}

/// How the languages differ from English, in words.
pub(crate) fn compare(languages: &BTreeMap<&str, Messages<'_>>) -> Vec<String> {
    let mut differences = Vec::new();
    if languages.is_empty() {
        return differences;
    }
    let Some(english) = languages.get(FALLBACK) else {
        return vec![format!(
            "{FALLBACK}: is missing; every other language is compared with it"
        )];
    };
    for (language, messages) in languages
        .iter()
        .filter(|(language, _)| **language != FALLBACK)
    {
        for (key, forms) in english {
            match messages.get(key) {
                Some(translated) => {
                    differences.extend(compare_holes(language, key, forms, translated));
                }
                None => differences.push(format!("{language}: {key}: is missing; English has it")),
            }
        }
        let unknown = messages.keys().filter(|key| !english.contains_key(*key));
        differences.extend(unknown.map(|key| format!("{language}: {key}: is not in English")));
    }
    differences
}

/// A form may leave out the count ("one flow"), as languages differ in that; `other` may not.
fn compare_holes(
    language: &str,
    key: &str,
    english: &Forms<'_>,
    translated: &Forms<'_>,
) -> Vec<String> {
    let known: BTreeSet<&str> = english.values().flat_map(|text| holes(text)).collect();
    let expected: BTreeSet<&str> = english
        .get("other")
        .map(|text| holes(text).collect())
        .unwrap_or_default();
    let mut differences = Vec::new();
    for (category, text) in translated {
        let found: BTreeSet<&str> = holes(text).collect();
        let form = if translated.len() > 1 {
            format!(" ({category})")
        } else {
            String::new()
        };
        for hole in found.difference(&known) {
            differences.push(format!(
                "{language}: {key}{form}: hole %{{{hole}}} is not in English"
            ));
        }
        for hole in expected.difference(&found) {
            if *category == "other" || *hole != COUNT {
                differences.push(format!(
                    "{language}: {key}{form}: hole %{{{hole}}} of English is missing"
                ));
            }
        }
    }
    differences
}

/// A stretch of a message's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// As it is.
    Text(&'a str),
    /// `%{name}`: to be filled.
    Hole(&'a str),
}

/// The stretches of a message: `%{name}` is a hole, `%%` is a percent sign, anything else is text.
pub(crate) fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with("%%") {
            let percent = &rest[..1];
            rest = &rest[2..];
            return Some(Segment::Text(percent));
        }
        if let Some(name) = hole_at_start(rest) {
            rest = &rest[name.len() + "%{}".len()..];
            return Some(Segment::Hole(name));
        }
        let end = rest
            .bytes()
            .skip(1)
            .position(|byte| byte == b'%')
            .map_or(rest.len(), |at| at + 1);
        let (literal, after) = rest.split_at(end);
        rest = after;
        Some(Segment::Text(literal))
    })
}

/// A name is anything without braces, percent signs, spaces and control characters: a name with one of
/// these is taken for text, so that a stray `%{` swallows no sentence.
fn hole_at_start(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("%{")?;
    let end = inside
        .find(|c: char| matches!(c, '{' | '}' | '%') || c.is_whitespace() || c.is_control())?;
    (end > 0 && inside[end..].starts_with('}')).then(|| &inside[..end])
}

fn holes(text: &str) -> impl Iterator<Item = &str> {
    segments(text).filter_map(|segment| match segment {
        Segment::Hole(name) => Some(name),
        Segment::Text(_) => None,
    })
}

fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let primary = subtags.next().unwrap_or_default();
    let primary_fits =
        (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    primary_fits
        && tag.len() <= 35
        && subtags.all(|subtag| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

struct Reader<'a, 'm> {
    language: &'a str,
    mistakes: &'m mut Vec<String>,
    messages: Messages<'a>,
    bytes: usize,
}

impl<'a> Reader<'a, '_> {
    fn table(&mut self, prefix: &str, entries: &'a serde_json::Map<String, Value>, depth: usize) {
        if depth > MAX_DEPTH {
            self.mistake(
                prefix,
                &format!("is nested too deeply; at most {MAX_DEPTH} levels are allowed"),
            );
            return;
        }
        for (name, value) in entries {
            self.bytes += name.len();
            let key = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}.{name}")
            };
            if name.is_empty() || name.contains('.') {
                self.mistake(
                    &key,
                    "a key must not be empty or contain a dot; use nested tables",
                );
                continue;
            }
            match value {
                Value::String(text) => {
                    self.bytes += text.len();
                    self.messages
                        .insert(key, Forms::from([("other", text.as_str())]));
                }
                Value::Object(forms) if is_plural(forms) => self.plural(key, forms),
                Value::Object(entries) => self.table(&key, entries, depth + 1),
                _ => self.mistake(&key, "must be a string or a table"),
            }
        }
    }

    fn plural(&mut self, key: String, entries: &'a serde_json::Map<String, Value>) {
        let mut forms = Forms::new();
        for (category, value) in entries {
            self.bytes += category.len();
            match value {
                Value::String(text) => {
                    self.bytes += text.len();
                    forms.insert(category, text);
                }
                _ => self.mistake(
                    &format!("{key}.{category}"),
                    "a plural form must be a string",
                ),
            }
        }
        self.messages.insert(key, forms);
    }

    fn mistake(&mut self, key: &str, problem: &str) {
        let language = self.language;
        self.mistakes.push(if key.is_empty() {
            format!("{language}: {problem}")
        } else {
            format!("{language}: {key}: {problem}")
        });
    }
}

fn is_plural(entries: &serde_json::Map<String, Value>) -> bool {
    entries.contains_key("other") && entries.keys().all(|key| CATEGORIES.contains(&key.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(locales: &[(&str, Value)]) -> Vec<String> {
        check(
            &locales
                .iter()
                .map(|(language, table)| ((*language).to_owned(), table.clone()))
                .collect(),
        )
    }

    #[test]
    fn languages_that_agree_have_no_mistakes() {
        let english = json!({"a": {"b": "%{x} of %{y}"}, "flows": {"one": "one flow", "other": "%{count} flows"}});
        let italian = json!({"a": {"b": "%{y}: %{x}"}, "flows": {"one": "%{count} flusso", "many": "%{count} di flussi", "other": "%{count} flussi"}});
        let korean = json!({"a": {"b": "%{x} %{y}"}, "flows": "%{count}"});
        assert_eq!(
            checked(&[("en", english), ("it", italian), ("ko", korean)]),
            Vec::<String>::new()
        );
        assert_eq!(checked(&[]), Vec::<String>::new());
    }

    #[test]
    fn each_difference_from_english_is_told_with_language_and_key() {
        let english = json!({"telegram": {"token": "Token", "chat": "%{n} chats"}, "flows": {"one": "%{who}: one", "other": "%{who}: %{count}"}});
        let italian = json!({"telegram": {"token": "%{x}", "extra": "?"}, "flows": {"one": "uno", "other": "%{who}: tanti"}});
        assert_eq!(
            checked(&[("en", english), ("it", italian)]),
            [
                "it: flows (one): hole %{who} of English is missing",
                "it: flows (other): hole %{count} of English is missing",
                "it: telegram.chat: is missing; English has it",
                "it: telegram.token: hole %{x} is not in English",
                "it: telegram.extra: is not in English",
            ]
        );
    }

    #[test]
    fn malformed_tables_are_told() {
        let deep = (0..MAX_DEPTH).fold(json!("text"), |inner, _| json!({"a": inner}));
        let table = |value: Value| checked(&[("en", value)]);
        assert_eq!(table(deep.clone()), Vec::<String>::new());
        assert_eq!(
            table(json!({"a": deep})),
            ["en: a.a.a.a.a.a.a.a: is nested too deeply; at most 8 levels are allowed"]
        );
        assert_eq!(
            table(json!({"a": 1})),
            ["en: a: must be a string or a table"]
        );
        assert_eq!(table(json!("a")), ["en: must be a table of messages"]);
        assert_eq!(
            table(json!({"a": {"one": ["x"], "other": "y"}})),
            ["en: a.one: a plural form must be a string"]
        );
        assert_eq!(
            table(json!({"a.b": "x"})),
            ["en: a.b: a key must not be empty or contain a dot; use nested tables"]
        );
        assert_eq!(
            table(json!({"a": "x".repeat(MAX_LANGUAGE_BYTES - 1)})),
            Vec::<String>::new()
        );
        assert_eq!(
            table(json!({"a": "x".repeat(MAX_LANGUAGE_BYTES)})),
            ["en: 262145 bytes of messages; at most 262144 are allowed"]
        );
    }

    #[test]
    fn english_must_be_there_and_languages_must_be_tags() {
        assert_eq!(
            checked(&[("it", json!({}))]),
            ["en: is missing; every other language is compared with it"]
        );
        let bad = ["e", "english", "en_US", "en-", "en-toolongsubtag", "../en"];
        for tag in bad {
            let mistakes = checked(&[("en", json!({})), (tag, json!({}))]);
            assert_eq!(
                mistakes,
                [format!("{tag}: not a language tag such as `it` or `fr-CA`")]
            );
        }
        for tag in ["it", "fr-CA", "zh-Hant-TW", "fil"] {
            assert_eq!(
                checked(&[("en", json!({})), (tag, json!({}))]),
                Vec::<String>::new()
            );
        }
        assert_eq!(
            checked(&[
                ("en", json!({})),
                ("fr-CA", json!({})),
                ("fr-ca", json!({}))
            ]),
            ["fr-ca: given twice, in other letters"]
        );
    }

    #[test]
    fn a_table_with_another_key_beside_other_is_no_plural() {
        let english = json!({"category": {"other": "Other", "security": "Security"}});
        let italian = json!({"category": {"other": "Altro"}});
        assert_eq!(
            checked(&[("en", english), ("it", italian)]),
            [
                "it: category.other: is missing; English has it",
                "it: category.security: is missing; English has it",
                "it: category: is not in English",
            ]
        );
    }

    #[test]
    fn holes_and_percent_signs_are_found_and_nothing_else() {
        use Segment::{Hole, Text};
        let table: [(&str, &[Segment<'_>]); 12] = [
            ("", &[]),
            ("plain", &[Text("plain")]),
            ("%{a}", &[Hole("a")]),
            ("x%{a}%{b}y", &[Text("x"), Hole("a"), Hole("b"), Text("y")]),
            ("100%%", &[Text("100"), Text("%")]),
            ("%%{a}", &[Text("%"), Text("{a}")]),
            ("%%%{a}", &[Text("%"), Hole("a")]),
            ("%d %", &[Text("%d "), Text("%")]),
            ("%{}", &[Text("%{}")]),
            ("%{a", &[Text("%{a")]),
            ("%{a b}", &[Text("%{a b}")]),
            ("%é%{è}", &[Text("%é"), Hole("è")]),
        ];
        for (text, expected) in table {
            assert_eq!(segments(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
