//! The command line's own words, in the language of whoever runs it: the files of `locales/cli`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::OnceLock;

use campanile_contract::text::{Arg, Catalog, Localizer, Value};

use crate::apply::Mistake;

/// Another language is a file and a line here.
const LANGUAGES: [(&str, &str); 3] = [
    ("en", include_str!("../../../locales/cli/en.json")),
    ("it", include_str!("../../../locales/cli/it.json")),
    ("de", include_str!("../../../locales/cli/de.json")),
];

/// What chooses the language, before the arguments are read: help and errors are in it too.
const OPTION: &str = "--language";

/// Words in one language.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    language: String,
}

impl Words {
    /// In a language by its tag, such as `de` or `de-AT`; English where there is none by that tag.
    pub(crate) fn new(language: &str) -> Self {
        Self {
            language: language.to_owned(),
        }
    }

    /// In the language that the arguments name, else that of the environment, as POSIX has it.
    pub(super) fn chosen(
        arguments: &[OsString],
        environment: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let tag = named(arguments)
            .or_else(|| set("CAMPANILE_LANGUAGE"))
            .or_else(|| {
                let locale = set("LC_ALL")
                    .or_else(|| set("LC_MESSAGES"))
                    .or_else(|| set("LANG"))?;
                let tag = locale.split(['.', '@']).next()?.replace('_', "-");
                (tag != "C" && tag != "POSIX").then_some(tag)
            });
        Self::new(tag.as_deref().unwrap_or("en"))
    }

    /// The language's tag.
    pub(super) fn language(&self) -> &str {
        &self.language
    }

    /// Whether clap's own words will do.
    pub(super) fn is_english(&self) -> bool {
        let first = self.language.split('-').next().unwrap_or_default();
        LANGUAGES
            .iter()
            .all(|(tag, _)| *tag == "en" || !tag.eq_ignore_ascii_case(first))
    }

    /// A message without holes.
    pub(crate) fn say(&self, key: &str) -> String {
        self.fill(key, &[])
    }

    /// A message with what stands in its holes.
    pub(crate) fn fill(&self, key: &str, args: &[(&str, &dyn std::fmt::Display)]) -> String {
        let args: Vec<Arg> = args
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text(value.to_string())))
            .collect();
        self.localizer().text(key, &args)
    }

    /// A message about a number of things, in the form that the language has for that number.
    pub(crate) fn count(&self, key: &str, count: u64) -> String {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.localizer()
            .text(key, &[(String::from("count"), Value::Integer(count))])
    }

    /// What the server calls `endpoint NAME`, and whose it is where that is not the default tenant.
    pub(super) fn item(&self, item: &str, tenant: &str) -> String {
        let (kind, name) = item.split_once(' ').unwrap_or((item, ""));
        let item = format!("{} {name}", self.say(&format!("item.{kind}")));
        let item = item.trim_end();
        if tenant == "default" {
            item.to_owned()
        } else {
            self.fill("item.of", &[("item", &item), ("tenant", &tenant)])
        }
    }

    /// Why nothing was changed: a mistake a line.
    pub(super) fn mistakes(&self, mistakes: &[Mistake]) -> String {
        let mut text = self.say("error.nothing_changed");
        for mistake in mistakes {
            let item = self.item(&mistake.item, &mistake.tenant);
            let param = mistake.param.iter().map(String::as_str);
            let parts: Vec<_> = [item.as_str()]
                .into_iter()
                .chain(param)
                .chain([mistake.message.as_str()])
                .collect();
            text.push('\n');
            text.push_str(&parts.join(": "));
        }
        text
    }

    fn localizer(&self) -> Localizer<'static> {
        Localizer::new(Some(catalog()), &self.language, "UTC")
    }
}

/// All languages, parsed once.
fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let languages = LANGUAGES.map(|(tag, json)| {
            let messages = serde_json::from_str(json).expect("locales hold JSON, as a test says");
            (tag.to_owned(), messages)
        });
        Catalog::parse(&BTreeMap::from(languages)).expect("locales are well formed, as a test says")
    })
}

fn named(arguments: &[OsString]) -> Option<String> {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix(OPTION) {
            _ if argument == "--" => return None,
            Some("") => return arguments.next().map(str::to_owned),
            Some(value) if value.starts_with('=') => return Some(value[1..].to_owned()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_the_keys_and_holes_of_english() {
        assert_eq!(catalog().differences(), [""; 0]);
        assert_eq!(catalog().languages().count(), LANGUAGES.len());
    }

    #[test]
    fn the_command_line_speaks_the_languages_of_the_host() {
        let host: Vec<_> = Catalog::host().languages().collect();
        let own: Vec<_> = catalog().languages().collect();
        assert_eq!(own, host);
    }

    #[test]
    fn the_language_is_the_one_asked_for_then_the_environments() {
        type Row = (
            &'static [&'static str],
            &'static [(&'static str, &'static str)],
            &'static str,
        );
        let rows: [Row; 12] = [
            (&[], &[], "en"),
            (&[], &[("LANG", "de_DE.UTF-8")], "de-DE"),
            (&[], &[("LANG", "C.UTF-8")], "en"),
            (&[], &[("LANG", "it_IT@euro"), ("LC_MESSAGES", "de")], "de"),
            (&[], &[("LC_ALL", "it_IT"), ("LC_MESSAGES", "de")], "it-IT"),
            (&[], &[("LC_ALL", ""), ("LANG", "de")], "de"),
            (&[], &[("LANG", "de"), ("CAMPANILE_LANGUAGE", "it")], "it"),
            (&["serve", "--language", "it"], &[("LANG", "de")], "it"),
            (&["--language=de-AT", "serve"], &[], "de-AT"),
            (&["--languages", "it"], &[], "en"),
            (&["alert", "send", "--", "--language=it"], &[], "en"),
            (&["--language"], &[("LANG", "de")], "de"),
        ];
        for (arguments, environment, expected) in rows {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            let words = Words::chosen(&arguments, |name| {
                let found = environment.iter().find(|(known, _)| *known == name)?;
                Some(found.1.to_owned())
            });
            assert_eq!(words.language(), expected, "{arguments:?} {environment:?}");
        }
    }
}
