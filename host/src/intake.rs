//! Step 1, intake: what a producer posted becomes alerts. Bytes in, values out; one parser a producer.
//! Each alert of an array is judged apart, so that a bad one costs its neighbours nothing.

pub mod alertmanager;
mod body;
mod details;
mod explain;
mod fingerprint;
pub mod grafana;
mod identity;
pub mod limits;
pub mod native;
pub mod ntopng;

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::alert::Alert;
use crate::clock::Millis;

/// What the parsers need beside the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The id of the token that sent the body: fingerprints belong to it, so that no producer can
    /// release or suppress another's alerts.
    pub scope: &'a str,
    /// When it came: the start of alerts that name none.
    pub now: Millis,
}

/// A body that could be read. Every alert in it is either accepted or refused.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// The good ones, with their positions in the body, counted from 0.
    pub accepted: Vec<(usize, Alert)>,
    /// The others.
    pub refused: Vec<Refused>,
}

/// Why one alert of a body is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{path}: {detail} ({code})")]
pub struct Refused {
    /// Its position in the body, counted from 0.
    pub index: usize,
    /// Where the fault is, such as `$[2].entity.kind`.
    pub path: String,
    /// What sort of fault.
    pub code: Code,
    /// The fault in words, at most [`limits::DETAIL`] bytes of them.
    pub detail: String,
}

/// The sorts of fault of one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The alert is no JSON object.
    NotAnObject,
    /// A field is missing that must be there.
    MissingField,
    /// A field that is not known; mostly a typing error.
    UnknownField,
    /// A key stands twice in one object, and readers disagree about which one holds.
    DuplicateField,
    /// A value of another type than the field has.
    WrongType,
    /// A word that is not among those that the field takes.
    UnknownValue,
    /// A number or date that the field cannot hold.
    OutOfRange,
    /// A text that does not have the form that the field has.
    Malformed,
    /// A text that is empty and must not be.
    Empty,
    /// A text with NUL, other control characters where none may be, or half of a surrogate pair.
    BadCharacter,
    /// A text or the alert as a whole is over its limit in bytes.
    TooLong,
    /// More entries than are taken.
    TooMany,
    /// Nested deeper than is taken.
    TooDeep,
}

impl Code {
    /// The stable name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAnObject => "not-an-object",
            Self::MissingField => "missing-field",
            Self::UnknownField => "unknown-field",
            Self::DuplicateField => "duplicate-field",
            Self::WrongType => "wrong-type",
            Self::UnknownValue => "unknown-value",
            Self::OutOfRange => "out-of-range",
            Self::Malformed => "malformed",
            Self::Empty => "empty",
            Self::BadCharacter => "bad-character",
            Self::TooLong => "too-long",
            Self::TooMany => "too-many",
            Self::TooDeep => "too-deep",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a body as a whole cannot be read. Nothing of it is taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BodyError {
    /// Over [`limits::BODY`].
    #[error("the body has {bytes} bytes; at most {max} are taken", max = limits::BODY)]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// No UTF-8.
    #[error("the body is not UTF-8: byte {at} begins no character")]
    NotUtf8 {
        /// The first byte that belongs to no character, counted from 0.
        at: usize,
    },
    /// No JSON.
    #[error("the body is not JSON: {detail} at line {line}, column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
        /// The parser's words.
        detail: String,
    },
    /// JSON, but no form that this producer's alerts have.
    #[error("{path}: {detail}")]
    Shape {
        /// Where.
        path: String,
        /// What was expected.
        detail: String,
    },
    /// Over [`limits::ALERTS`].
    #[error("the body has {count} alerts; at most {max} are taken", max = limits::ALERTS)]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

impl BodyError {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "body-too-large",
            Self::NotUtf8 { .. } => "body-not-utf8",
            Self::NotJson { .. } => "body-not-json",
            Self::Shape { .. } => "body-shape",
            Self::TooMany { .. } => "too-many-alerts",
        }
    }
}

/// What is wrong with an alert, and where below it: `.entity.kind`, or nothing for the alert itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    path: String,
    code: Code,
    detail: String,
}

impl Fault {
    fn new(path: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            code,
            detail: detail.into(),
        }
    }

    fn refuse(self, item: &body::Item<'_>) -> Refused {
        Refused {
            index: item.index,
            path: limits::shortened(&format!("{}{}", item.path(), self.path), limits::DETAIL)
                .to_owned(),
            code: self.code,
            detail: limits::shortened(&self.detail, limits::DETAIL).to_owned(),
        }
    }
}

impl Parsed {
    /// Judges every item apart.
    fn collect<'a>(
        items: Vec<body::Item<'a>>,
        mut read: impl FnMut(&body::Item<'a>) -> Result<Alert, Fault>,
    ) -> Self {
        let mut parsed = Self {
            accepted: Vec::with_capacity(items.len()),
            refused: Vec::new(),
        };
        for item in items {
            match item.checked().and_then(|()| read(&item)) {
                Ok(alert) => parsed.accepted.push((item.index, alert)),
                Err(fault) => parsed.refused.push(fault.refuse(&item)),
            }
        }
        parsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_one_name_everywhere() {
        for code in [
            Code::NotAnObject,
            Code::MissingField,
            Code::UnknownField,
            Code::DuplicateField,
            Code::WrongType,
            Code::UnknownValue,
            Code::OutOfRange,
            Code::Malformed,
            Code::Empty,
            Code::BadCharacter,
            Code::TooLong,
            Code::TooMany,
            Code::TooDeep,
        ] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
