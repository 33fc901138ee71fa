//! The conformance suite of formatters: every definition, with its fields whole, missing, wrong, hostile and
//! extreme, in every language and markup. The real sandbox runs the component, and the host's own code makes
//! text of what it answers.
//!
//! | file | knows |
//! |---|---|
//! | `cases` | the alerts that a definition is tried with |
//! | `failure` | what can be wrong, and where |
//! | `markup` | whether a text is well formed |

mod cases;
mod failure;
mod markup;

use campanile_contract::manifest::{COMPUTED, Definition};
use campanile_contract::text::{Catalog, Localizer, Markup, Piece, Value};

pub use failure::{Failure, Rule};

use crate::deliver::format;
use crate::sandbox::{Answered, Call, Installed, Sandbox};
use cases::Case;
use failure::Failures;

/// When all of it happens: 2026-01-02 03:04:05 UTC.
const NOW: u64 = 1_767_323_045_000;

/// Where all of it is read. Summer time and an offset show a time that was written without either.
const TIME_ZONE: &str = "Europe/Rome";

/// What came of checking one formatter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its name; empty where it does not install.
    pub name: String,
    /// Its languages.
    pub languages: Vec<String>,
    /// How many alerts were described, each in every language and markup.
    pub cases: usize,
    /// What is wrong; nothing where all is well.
    pub failures: Vec<Failure>,
}

/// Checks a formatter component. The sandbox's limits hold.
#[must_use]
pub fn check(sandbox: &Sandbox, wasm: &[u8]) -> Report {
    let mut failures = Failures::default();
    let installed = match sandbox.install(wasm) {
        Ok(installed) if installed.manifest.is_formatter() => installed,
        other => {
            let what = match other {
                Ok(_) => String::from("it is an endpoint, not a formatter"),
                Err(unfit) => unfit.to_string(),
            };
            failures.add(Failure::of(Rule::Installs, "", what));
            return Report {
                name: String::new(),
                languages: Vec::new(),
                cases: 0,
                failures: failures.all(),
            };
        }
    };
    let languages: Vec<String> = installed.manifest.locales.keys().cloned().collect();
    // It parsed when it was installed.
    let catalog = Catalog::parse(&installed.manifest.locales).unwrap_or_default();
    for difference in catalog.differences() {
        failures.add(Failure::of(Rule::Languages, "", difference.as_str()));
    }
    let mut suite = Suite {
        sandbox,
        installed: &installed,
        catalog: &catalog,
        languages: &languages,
        failures,
        cases: 0,
    };
    for definition in &installed.manifest.definitions {
        suite.words(definition);
        for case in cases::of(definition) {
            suite.case(definition, &case);
        }
    }
    let (failures, cases) = (suite.failures.all(), suite.cases);
    Report {
        name: installed.manifest.name.clone(),
        languages,
        cases,
        failures,
    }
}

struct Suite<'a> {
    sandbox: &'a Sandbox,
    installed: &'a Installed,
    catalog: &'a Catalog,
    languages: &'a [String],
    failures: Failures,
    cases: usize,
}

impl Suite<'_> {
    /// What the manifest says of a definition, whatever the alert.
    fn words(&mut self, definition: &Definition) {
        let kind = &definition.kind;
        if self.is_lost(&definition.title) {
            let what = format!("the title `{}` is no key of any message", definition.title);
            self.failures.add(Failure::of(Rule::Keys, kind, what));
        }
        let Some(key) = definition
            .description
            .as_deref()
            .filter(|key| *key != COMPUTED)
        else {
            return;
        };
        if self.is_lost(key) {
            let what = format!("the description `{key}` is no key of any message");
            self.failures.add(Failure::of(Rule::Keys, kind, what));
        }
        let fields: Vec<_> = definition
            .fields
            .keys()
            .map(|name| (name.clone(), Value::Integer(2)))
            .collect();
        for language in self.languages {
            let localizer = Localizer::new(Some(self.catalog), language, TIME_ZONE);
            for hole in localizer.unfilled(key, &fields) {
                let what = format!("`{key}` has the hole %{{{hole}}}, which is none of its fields");
                let failure = Failure::of(Rule::Holes, kind, what);
                self.failures.add(failure.in_language(language));
            }
        }
    }

    /// One alert: described twice, and told in every language.
    fn case(&mut self, definition: &Definition, case: &Case) {
        self.cases += 1;
        let computed = if definition.description.as_deref() == Some(COMPUTED) {
            let Some(pieces) = self.computed(definition, case) else {
                return;
            };
            Some(pieces)
        } else {
            None
        };
        for language in self.languages {
            let localizer = Localizer::new(Some(self.catalog), language, TIME_ZONE);
            if let Some(pieces) = &computed {
                for what in self.pieces(pieces, &localizer) {
                    let failure = case.failure(what.0, &definition.kind, what.1);
                    self.failures.add(failure.in_language(language));
                }
            }
            let told = format::told(&case.alert, Some(definition), computed.clone(), &localizer);
            let mut wrong = Vec::new();
            for (name, text) in [("title", &told.title), ("description", &told.message)] {
                if text.render(Markup::Plain).trim().is_empty() {
                    wrong.push((Rule::Empty, format!("the {name} is empty")));
                }
                for markup in Markup::ALL {
                    if let Err(what) = markup::check(markup, &text.render(markup)) {
                        let what = format!("the {name} is no {}: {what}", markup.name());
                        wrong.push((Rule::Markup, what));
                    }
                }
            }
            for (rule, what) in wrong {
                let failure = case.failure(rule, &definition.kind, what);
                self.failures.add(failure.in_language(language));
            }
        }
    }

    /// What the component computes, the same twice.
    fn computed(&mut self, definition: &Definition, case: &Case) -> Option<Vec<Piece>> {
        let event = format::event(&case.alert, definition);
        let described = || {
            let call = Call::Format(vec![event.clone()]);
            let digest = &self.installed.digest;
            let answer = self
                .sandbox
                .call(self.sandbox.invocation(digest, NOW, call));
            match answer.result {
                Err(fault) => Err((Rule::Fails, fault.to_string())),
                Ok(Answered::Descriptions(mut all)) if all.len() == 1 => all
                    .remove(0)
                    .map_err(|words| (Rule::Refuses, format!("it has no description: {words}"))),
                Ok(_) => Err((
                    Rule::Fails,
                    String::from("not one description for one alert"),
                )),
            }
        };
        match (described(), described()) {
            (Ok(one), Ok(other)) if one != other => {
                let what = String::from("the same alert has two descriptions");
                let failure = case.failure(Rule::Repeatable, &definition.kind, what);
                self.failures.add(failure);
                Some(one)
            }
            (Ok(one), _) => Some(one),
            (Err((rule, what)), _) => {
                self.failures
                    .add(case.failure(rule, &definition.kind, what));
                None
            }
        }
    }

    /// What is wrong with the pieces of a description in one language.
    fn pieces(&self, pieces: &[Piece], localizer: &Localizer<'_>) -> Vec<(Rule, String)> {
        let mut wrong = Vec::new();
        if localizer
            .pieces(pieces)
            .render(Markup::Plain)
            .trim()
            .is_empty()
        {
            wrong.push((Rule::Empty, String::from("the description is empty")));
        }
        for piece in pieces {
            match piece {
                Piece::Key(key, args) => {
                    if !self.is_known(key) {
                        wrong.push((Rule::Keys, format!("`{key}` is no key of any message")));
                    }
                    for hole in localizer.unfilled(key, args) {
                        let what = format!("`{key}` has the hole %{{{hole}}}, which is not filled");
                        wrong.push((Rule::Holes, what));
                    }
                    for (name, value) in args {
                        if let Value::Key(key) = value
                            && self.is_lost(key)
                        {
                            let what = format!("`{key}` in %{{{name}}} is no key of any message");
                            wrong.push((Rule::Keys, what));
                        }
                    }
                }
                Piece::Link(text, url) if !markup::leads_somewhere(url) => {
                    let what =
                        format!("the link `{text}` leads to no http, https or mailto address");
                    wrong.push((Rule::Links, what));
                }
                _ => {}
            }
        }
        wrong
    }

    fn is_known(&self, key: &str) -> bool {
        self.catalog.has(key) || Catalog::host().has(key)
    }

    /// Whether this looks like a key, and is none. Text as it is has spaces, capitals or no dot.
    fn is_lost(&self, key: &str) -> bool {
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        key.contains('.') && key.split('.').all(is_word) && !self.is_known(key)
    }
}
