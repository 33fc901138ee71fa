//! What an administrator filled in, and the checks that need no component.

mod pattern;
mod server;
mod syslog;
mod value;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::manifest::grammar::is_token;
use crate::manifest::{ParamSpec, Place};

pub(crate) use pattern::Pattern;
pub use server::{MailServer, Security};
pub use syslog::{SyslogServer, Transport};
pub(crate) use value::{Fault, is_url, judge, longest};
pub use value::{LONGEST_LINE, LONGEST_TEXT, MOST_ADDRESSES, is_address};

/// One value, or one row of a parameter with rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// The parameter's name.
    pub name: String,
    /// The row's key, in a parameter with rows.
    #[serde(default)]
    pub key: Option<String>,
    /// The value. A secret's reads [`SET`].
    pub value: String,
}

/// What a component reads in place of a secret.
pub const SET: &str = "set";

/// The most rows of one parameter: as many as a request may have headers, with room.
pub const MOST_ROWS: usize = 100;

/// The longest key of a row, in bytes.
pub const LONGEST_KEY: usize = 1024;

/// What is wrong with a set of parameters, in words that are yet to be localised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Absent where it is not one field's.
    pub param: Option<String>,
    /// A locale key.
    pub message: String,
    /// The arguments of that message.
    pub args: Vec<(String, String)>,
}

impl Problem {
    fn new(name: &str, label: &str, fault: &Fault) -> Self {
        let label = ("label".to_owned(), label.to_owned());
        let arg = fault.arg().map(|(name, value)| (name.to_owned(), value));
        Self {
            param: Some(name.to_owned()),
            message: fault.message().to_owned(),
            args: std::iter::once(label).chain(arg).collect(),
        }
    }
}

/// What no component is needed for: each problem names its parameter, and has the argument `label`, which
/// is the parameter's label key, or its name where it has none; a caller that shows it localises it.
///
/// An empty value is one that was not filled in. Secrets are judged by their real value; one that reads
/// [`SET`] was judged when it was entered.
#[must_use]
pub fn check<'a>(specs: impl IntoIterator<Item = &'a ParamSpec>, given: &[Param]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut known = BTreeSet::new();
    for spec in specs {
        known.insert(spec.name.as_str());
        let rows: Vec<&Param> = given
            .iter()
            .filter(|param| param.name == spec.name)
            .collect();
        let faults = if spec.kind.has_rows() {
            rows_faults(spec, &rows)
        } else {
            faults(spec, &rows)
        };
        let label = spec.label.as_deref().unwrap_or(&spec.name);
        problems.extend(
            faults
                .iter()
                .map(|fault| Problem::new(&spec.name, label, fault)),
        );
    }
    for param in given {
        if known.insert(&param.name) {
            problems.push(Problem::new(&param.name, &param.name, &Fault::Unknown));
        }
    }
    problems
}

fn faults(spec: &ParamSpec, rows: &[&Param]) -> Vec<Fault> {
    match rows {
        [] if spec.required && spec.default.is_none() => vec![Fault::Required],
        [] => Vec::new(),
        [param] if param.key.is_some() => {
            vec![Fault::Malformed {
                expected: "a value without a key".to_owned(),
            }]
        }
        [param] if param.value.is_empty() => faults(spec, &[]),
        [param] if spec.kind.is_secret() && param.value == SET => Vec::new(),
        [param] => judge(spec, &param.value).err().into_iter().collect(),
        _ => vec![Fault::DuplicateKey],
    }
}

fn rows_faults(spec: &ParamSpec, rows: &[&Param]) -> Vec<Fault> {
    if rows.is_empty() && spec.required {
        return vec![Fault::Required];
    }
    if rows.len() > MOST_ROWS {
        return vec![Fault::TooLong { limit: MOST_ROWS }];
    }
    let names_headers = spec
        .uses
        .iter()
        .any(|allowed| allowed.place == Place::HeaderByKey);
    let mut keys = BTreeSet::new();
    let mut found = Vec::new();
    for param in rows {
        let key = param.key.as_deref().unwrap_or_default();
        let same = if names_headers {
            key.to_ascii_lowercase()
        } else {
            key.to_owned()
        };
        if key.is_empty() {
            found.push(Fault::Malformed {
                expected: "a key in each row".to_owned(),
            });
        } else if key.len() > LONGEST_KEY {
            found.push(Fault::TooLong { limit: LONGEST_KEY });
        } else if key.chars().any(char::is_control) {
            found.push(Fault::ControlCharacters);
        } else if names_headers && !is_token(key) {
            found.push(Fault::Malformed {
                expected: "a header's name".to_owned(),
            });
        } else if !keys.insert(same) {
            found.push(Fault::DuplicateKey);
        } else if spec.kind.is_secret() && param.value.is_empty() {
            found.push(Fault::Required);
        } else if !(spec.kind.is_secret() && param.value == SET) {
            found.extend(judge(spec, &param.value).err());
        }
    }
    found.dedup();
    found
}

/// The parameters as a component is given them: in the order of the specs, with defaults for what was not
/// filled in. What no spec knows is left out; [`check`] names it.
#[must_use]
pub fn complete<'a>(specs: impl IntoIterator<Item = &'a ParamSpec>, given: &[Param]) -> Vec<Param> {
    let mut completed = Vec::new();
    for spec in specs {
        let before = completed.len();
        let filled = |param: &&Param| {
            param.name == spec.name && (spec.kind.has_rows() || !param.value.is_empty())
        };
        completed.extend(given.iter().filter(filled).cloned());
        if completed.len() == before
            && let Some(default) = &spec.default
        {
            completed.push(Param {
                name: spec.name.clone(),
                key: None,
                value: default.clone(),
            });
        }
    }
    completed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn manifest() -> Manifest {
        Manifest::from_toml(
            r#"
manifest = 1
name = "x"
title = "X"
version = "1.0.0"
[[endpoint-param]]
name = "token"
kind = "secret"
label = "x.token"
required = true
pattern = "[a-z]{3,}"
uses = [{ route = "r", place = "path" }]
[[endpoint-param]]
name = "api"
kind = "url"
required = true
default = "https://a.b"
[[endpoint-param]]
name = "headers"
kind = "secret-pairs"
uses = [{ route = "r", place = "header:*" }]
[[recipient-param]]
name = "chat"
kind = "text"
required = true
[[recipient-param]]
name = "fields"
kind = "pairs"
[[route]]
name = "r"
origin = { param = "api" }
methods = ["POST"]
paths = ["/*"]
"#,
        )
        .unwrap()
    }

    fn param(name: &str, key: Option<&str>, value: &str) -> Param {
        Param {
            name: name.into(),
            key: key.map(Into::into),
            value: value.into(),
        }
    }

    fn found(given: &[Param]) -> Vec<(String, String)> {
        let good = [param("token", None, "abc"), param("chat", None, "1")];
        let untouched = good
            .into_iter()
            .filter(|good| given.iter().all(|given| given.name != good.name));
        let all: Vec<Param> = given.iter().cloned().chain(untouched).collect();
        check(manifest().params(), &all)
            .into_iter()
            .map(|problem| (problem.param.unwrap(), problem.message))
            .collect()
    }

    #[test]
    fn what_is_filled_in_right_has_no_problem() {
        for given in [
            vec![],
            vec![param("token", None, SET)],
            vec![
                param("api", None, "http://localhost:1/x"),
                param("fields", Some("a"), ""),
                param("fields", Some("A"), "1"),
            ],
            vec![
                param("headers", Some("X-A"), "s"),
                param("headers", Some("X-B"), SET),
            ],
            vec![param("api", None, "")],
        ] {
            assert_eq!(found(&given), [], "{given:?}");
        }
    }

    #[test]
    fn each_problem_names_its_parameter_and_message() {
        let long = "k".repeat(LONGEST_KEY + 1);
        let rows: Vec<Param> = (0..=MOST_ROWS)
            .map(|at| param("fields", Some(&at.to_string()), ""))
            .collect();
        for (given, name, message) in [
            (vec![param("token", None, "")], "token", "params.required"),
            (
                vec![param("token", None, "ab")],
                "token",
                "params.malformed",
            ),
            (
                vec![param("token", None, "SET")],
                "token",
                "params.malformed",
            ),
            (
                vec![param("token", None, "abc"), param("token", None, "abd")],
                "token",
                "params.duplicate_key",
            ),
            (
                vec![param("token", Some("k"), "abc")],
                "token",
                "params.malformed",
            ),
            (vec![param("tokn", None, "abc")], "tokn", "params.unknown"),
            (vec![param("api", None, "a.b")], "api", "params.not_a_url"),
            (vec![param("api", None, SET)], "api", "params.not_a_url"),
            (
                vec![param("fields", None, "x")],
                "fields",
                "params.malformed",
            ),
            (
                vec![param("fields", Some(""), "x")],
                "fields",
                "params.malformed",
            ),
            (
                vec![
                    param("fields", Some("a"), "x"),
                    param("fields", Some("a"), "y"),
                ],
                "fields",
                "params.duplicate_key",
            ),
            (
                vec![param("fields", Some("a\n"), "x")],
                "fields",
                "params.control_characters",
            ),
            (
                vec![param("fields", Some(&long), "x")],
                "fields",
                "params.too_long",
            ),
            (rows, "fields", "params.too_long"),
            (
                vec![param("headers", Some("a b"), "x")],
                "headers",
                "params.malformed",
            ),
            (
                vec![
                    param("headers", Some("X-A"), "x"),
                    param("headers", Some("x-a"), "y"),
                ],
                "headers",
                "params.duplicate_key",
            ),
            (
                vec![param("headers", Some("X-A"), "")],
                "headers",
                "params.required",
            ),
            (
                vec![param("headers", Some("X-A"), "a\r\nb: c")],
                "headers",
                "params.control_characters",
            ),
        ] {
            assert_eq!(
                found(&given),
                [(name.to_owned(), message.to_owned())],
                "{given:?}"
            );
        }
    }

    #[test]
    fn a_problem_has_the_label_and_what_was_expected_as_arguments() {
        let given = [param("token", None, "ab"), param("chat", None, "x\u{7}")];
        let problems = check(manifest().params(), &given);
        let args = |at: usize| {
            problems[at]
                .args
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect::<Vec<_>>()
        };
        assert_eq!(args(0), [("label", "x.token"), ("expected", "[a-z]{3,}")]);
        assert_eq!(args(1), [("label", "chat")]);
    }

    #[test]
    fn a_secret_value_is_in_no_problem() {
        let problems = check(
            manifest().params(),
            &[
                param("token", None, "Hush9"),
                param("headers", Some("a"), "Hush9\n"),
            ],
        );
        assert!(problems.len() >= 2);
        assert!(!format!("{problems:?}").contains("Hush9"));
    }

    #[test]
    fn defaults_are_filled_in_and_the_order_is_that_of_the_specs() {
        let manifest = manifest();
        let given = [
            param("fields", Some("b"), "2"),
            param("chat", None, "7"),
            param("fields", Some("a"), ""),
            param("nobody", None, "x"),
            param("token", None, ""),
        ];
        assert_eq!(
            complete(manifest.params(), &given),
            [
                param("api", None, "https://a.b"),
                param("chat", None, "7"),
                param("fields", Some("b"), "2"),
                param("fields", Some("a"), ""),
            ]
        );
        assert_eq!(
            complete(
                &manifest.endpoint_params,
                &[param("api", None, "https://c.d")]
            ),
            [param("api", None, "https://c.d")]
        );
    }
}
