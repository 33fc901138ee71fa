//! What can be wrong with a formatter, and where.

use std::fmt;

/// What a formatter does right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// It is a formatter that hosts install.
    Installs,
    /// All languages have the keys and holes of English.
    Languages,
    /// It answers every alert, whatever is in it.
    Fails,
    /// It has a description for every alert.
    Refuses,
    /// The same alert has the same description.
    Repeatable,
    /// Title and description say something.
    Empty,
    /// Every hole is filled.
    Holes,
    /// No key is shown in place of a message.
    Keys,
    /// Links lead to addresses.
    Links,
    /// Text is well formed in every markup.
    Markup,
}

impl Rule {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installs => "installs",
            Self::Languages => "languages",
            Self::Fails => "fails",
            Self::Refuses => "refuses",
            Self::Repeatable => "repeatable",
            Self::Empty => "empty",
            Self::Holes => "holes",
            Self::Keys => "keys",
            Self::Links => "links",
            Self::Markup => "markup",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What.
    pub rule: Rule,
    /// The kind of the definition; empty where it is none's.
    pub definition: String,
    /// The language; nothing where it is the same in all.
    pub language: Option<String>,
    /// The field, where one field decides.
    pub field: Option<String>,
    /// What the alert was like, in the first case; empty where any alert shows it.
    pub case: String,
    /// What is wrong.
    pub what: String,
    /// In how many further cases.
    pub more: usize,
}

impl Failure {
    pub(super) fn of(rule: Rule, definition: &str, what: impl Into<String>) -> Self {
        Self {
            rule,
            definition: definition.to_owned(),
            language: None,
            field: None,
            case: String::new(),
            what: what.into(),
            more: 0,
        }
    }

    pub(super) fn in_language(mut self, language: &str) -> Self {
        self.language = Some(language.to_owned());
        self
    }
}

impl fmt::Display for Failure {
    /// On one line, such as `holes: definition faulty, language it, field count, missing: ...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule.as_str())?;
        let mut places = Vec::new();
        if !self.definition.is_empty() {
            places.push(format!("definition {}", self.definition));
        }
        if let Some(language) = &self.language {
            places.push(format!("language {language}"));
        }
        if let Some(field) = &self.field {
            places.push(format!("field {field}"));
        }
        if !self.case.is_empty() {
            places.push(self.case.clone());
        }
        if !places.is_empty() {
            write!(f, ": {}", places.join(", "))?;
        }
        write!(f, ": {}", self.what)?;
        if self.more > 0 {
            write!(f, " (and in {} more cases)", self.more)?;
        }
        Ok(())
    }
}

/// What was found so far: the same in another case is counted, not listed.
#[derive(Debug, Default)]
pub(super) struct Failures(Vec<Failure>);

impl Failures {
    pub(super) fn add(&mut self, failure: Failure) {
        let place = |failure: &Failure| {
            (
                failure.rule,
                failure.definition.clone(),
                failure.language.clone(),
                failure.field.clone(),
                failure.what.clone(),
            )
        };
        match self
            .0
            .iter_mut()
            .find(|known| place(known) == place(&failure))
        {
            Some(known) => known.more += 1,
            None => self.0.push(failure),
        }
    }

    pub(super) fn all(self) -> Vec<Failure> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_failure_in_another_case_is_counted_and_in_another_place_is_another() {
        let mut failures = Failures::default();
        let failure = |case: &str, language: &str| Failure {
            case: case.to_owned(),
            field: Some(String::from("count")),
            ..Failure::of(Rule::Holes, "flood", "it has a hole").in_language(language)
        };
        failures.add(failure("missing", "en"));
        failures.add(failure("null", "en"));
        failures.add(failure("missing", "it"));
        failures.add(Failure::of(Rule::Installs, "", "no formatter"));
        let lines: Vec<String> = failures.all().iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "holes: definition flood, language en, field count, missing: it has a hole (and in 1 more cases)",
                "holes: definition flood, language it, field count, missing: it has a hole",
                "installs: no formatter",
            ]
        );
    }
}
