//! Messages by language, parsed once.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralOperands, PluralRules};
use serde_json::Value as Json;

use super::{Arg, Template, Value, figures};
use crate::locales::{self, COUNT, FALLBACK};

/// The host's own languages. Another one is a file and a line here.
const HOST: [(&str, &str); 3] = [
    ("de", include_str!("../../../locales/de.json")),
    ("en", include_str!("../../../locales/en.json")),
    ("it", include_str!("../../../locales/it.json")),
];

/// Messages by language: the host's, or one component's.
#[derive(Debug, Default)]
pub struct Catalog {
    languages: Vec<Language>,
    differences: Vec<String>,
}

impl Catalog {
    /// Parses messages: nested tables with string leaves by language.
    ///
    /// # Errors
    /// Everything that is malformed or above a limit of [`locales`], in words that begin with language
    /// and key. That languages differ is none of it: see [`Catalog::differences`].
    pub fn parse(languages: &BTreeMap<String, Json>) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let read = locales::read(languages, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let differences = locales::compare(&read);
        let languages = read
            .into_iter()
            .map(|(tag, messages)| Language::new(tag, messages))
            .collect();
        Ok(Self {
            languages,
            differences,
        })
    }

    /// The host's own messages.
    ///
    /// # Panics
    /// Where the host's own files are malformed, which a test rules out.
    pub fn host() -> &'static Self {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| {
            let languages = HOST.map(|(tag, json)| {
                let messages =
                    serde_json::from_str(json).expect("locales hold JSON, as a test says");
                (tag.to_owned(), messages)
            });
            Self::parse(&BTreeMap::from(languages))
                .expect("locales are well formed, as a test says")
        })
    }

    /// The language tags that it has.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.iter().map(|language| &*language.tag)
    }

    /// Whether any of its languages has a message with this key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.languages
            .iter()
            .any(|language| language.messages.contains_key(key))
    }

    /// How its languages differ from English in keys and holes, in words; empty when they agree.
    #[must_use]
    pub fn differences(&self) -> &[String] {
        &self.differences
    }

    /// Where a message is looked for, in order: the language, its ancestors (`fr-CA`, `fr`), English.
    pub(super) fn chain(&self, language: &str) -> Vec<&Language> {
        let ancestors =
            std::iter::successors(Some(language), |tag| tag.rfind('-').map(|end| &tag[..end]));
        let mut chain: Vec<&Language> = Vec::with_capacity(3);
        for tag in ancestors.chain([FALLBACK]) {
            let found = self
                .languages
                .iter()
                .find(|known| known.tag.eq_ignore_ascii_case(tag));
            if let Some(found) =
                found.filter(|found| !chain.iter().any(|known| known.tag == found.tag))
            {
                chain.push(found);
            }
        }
        chain
    }
}

/// The messages of one language.
#[derive(Debug)]
pub(super) struct Language {
    tag: String,
    locale: Option<Locale>,
    messages: HashMap<String, Message>,
}

/// A message that was found.
pub(super) type Found<'a> = (&'a Language, &'a Message);

impl Language {
    fn new(tag: &str, messages: locales::Messages<'_>) -> Self {
        let messages = messages
            .into_iter()
            .map(|(key, forms)| (key, Message::new(&forms)))
            .collect();
        Self {
            tag: tag.to_owned(),
            locale: tag.parse().ok(),
            messages,
        }
    }

    /// The message with this key.
    pub(super) fn get(&self, key: &str) -> Option<Found<'_>> {
        self.messages.get(key).map(|message| (self, message))
    }

    /// Made anew at each use: it costs a look into compiled tables, and cannot be shared by threads.
    fn plural_rules(&self) -> Option<PluralRules> {
        PluralRules::try_new_cardinal(self.locale.as_ref()?.into()).ok()
    }
}

/// A message, in one form or in several.
#[derive(Debug)]
pub(super) struct Message {
    other: Template,
    forms: Box<[(PluralCategory, Template)]>,
}

impl Message {
    fn new(forms: &locales::Forms<'_>) -> Self {
        let other = Template::parse(forms.get("other").copied().unwrap_or_default());
        let forms = forms.iter().filter_map(|(name, text)| {
            let category = PluralCategory::get_for_cldr_string(name)?;
            (category != PluralCategory::Other).then(|| (category, Template::parse(text)))
        });
        Self {
            other,
            forms: forms.collect(),
        }
    }

    /// The form for the argument `count`; `other` where there is none.
    pub(super) fn form(&self, language: &Language, args: &[Arg]) -> &Template {
        if self.forms.is_empty() {
            return &self.other;
        }
        let count = args
            .iter()
            .find(|(name, _)| name == COUNT)
            .and_then(|(_, value)| operands(value));
        let category = count
            .zip(language.plural_rules())
            .map(|(count, rules)| rules.category_for(count));
        let form = self.forms.iter().find(|(form, _)| Some(*form) == category);
        form.map_or(&self.other, |(_, template)| template)
    }

    /// The text of a message without holes and plurals.
    pub(super) fn literal(&self) -> Option<&str> {
        self.other.literal()
    }
}

/// Counts are whole numbers; a fraction takes `other`, as most languages have it.
fn operands(value: &Value) -> Option<PluralOperands> {
    match value {
        Value::Integer(number) => Some((*number).into()),
        Value::Bytes(number) | Value::Duration(number) => Some((*number).into()),
        Value::Number(number) => whole(&figures::plain_number(*number)),
        Value::Text(text) => whole(text),
        _ => None,
    }
}

fn whole(digits: &str) -> Option<PluralOperands> {
    digits.parse::<i64>().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn catalog(languages: &[(&str, Json)]) -> Catalog {
        let languages = languages
            .iter()
            .map(|(tag, messages)| ((*tag).to_owned(), messages.clone()))
            .collect();
        Catalog::parse(&languages).unwrap()
    }

    #[test]
    fn the_hosts_languages_agree() {
        let host = Catalog::host();
        assert_eq!(host.differences(), [""; 0]);
        assert!(host.has("alert_messages.host_entity") && !host.has("alert_messages"));
    }

    #[test]
    fn every_file_of_the_hosts_words_is_a_language() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../locales");
        let files = std::fs::read_dir(folder).unwrap();
        let mut files: Vec<String> = files
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".json"))
            .collect();
        files.sort();
        let languages = Catalog::host().languages();
        let expected: Vec<String> = languages.map(|tag| format!("{tag}.json")).collect();
        assert_eq!(files, expected, "add the language to `HOST`");
    }

    #[test]
    fn differing_languages_are_told_and_still_usable() {
        let catalog = catalog(&[("en", json!({"a": "%{x}"})), ("it", json!({"a": "%{y}"}))]);
        assert_eq!(
            catalog.differences(),
            [
                "it: a: hole %{y} is not in English",
                "it: a: hole %{x} of English is missing"
            ]
        );
        assert!(catalog.has("a"));
    }

    #[test]
    fn malformed_messages_are_refused_by_name() {
        let languages = BTreeMap::from([("en".to_owned(), json!({"a": {"b": 1}}))]);
        assert_eq!(
            Catalog::parse(&languages).unwrap_err(),
            ["en: a.b: must be a string or a table"]
        );
    }

    #[test]
    fn a_language_falls_back_along_its_ancestors_to_english() {
        let catalog = catalog(&[
            ("en", json!({})),
            ("fr", json!({})),
            ("fr-CA", json!({})),
            ("zh-Hant", json!({})),
        ]);
        let table: [(&str, &[&str]); 8] = [
            ("fr-CA", &["fr-CA", "fr", "en"]),
            ("fr-ca", &["fr-CA", "fr", "en"]),
            ("fr-CH", &["fr", "en"]),
            ("zh-Hant-TW", &["zh-Hant", "en"]),
            ("en-GB", &["en"]),
            ("de", &["en"]),
            ("", &["en"]),
            ("-", &["en"]),
        ];
        for (language, expected) in table {
            let chain: Vec<&str> = catalog
                .chain(language)
                .iter()
                .map(|language| &*language.tag)
                .collect();
            assert_eq!(chain, expected, "{language}");
        }
    }

    #[test]
    fn plural_forms_are_chosen_by_cldr() {
        let forms = json!({"n": {"one": "one", "few": "few", "many": "many", "other": "other"}});
        let catalog = catalog(&[("en", forms.clone()), ("pl", forms.clone()), ("ja", forms)]);
        let chosen = |tag: &str, count: Value| {
            let (language, message) = catalog.chain(tag)[0].get("n").unwrap();
            message
                .form(language, &[(COUNT.to_owned(), count)])
                .literal()
                .unwrap()
                .to_owned()
        };
        let table = [
            ("en", Value::Integer(1), "one"),
            ("en", Value::Integer(-1), "one"),
            ("en", Value::Integer(0), "other"),
            ("en", Value::Number(1.5), "other"),
            ("en", Value::Number(1.0), "one"),
            ("en", Value::Number(f64::NAN), "other"),
            ("en", Value::Text("1".to_owned()), "one"),
            ("en", Value::Text("1.0".to_owned()), "other"),
            ("en", Value::Text("x".to_owned()), "other"),
            ("pl", Value::Integer(3), "few"),
            ("pl", Value::Integer(5), "many"),
            ("pl", Value::Number(0.5), "other"),
            ("ja", Value::Integer(1), "other"),
        ];
        for (tag, count, expected) in table {
            assert_eq!(chosen(tag, count.clone()), expected, "{tag} {count:?}");
        }
    }
}
