//! What formatters and components put into text.

use serde::{Deserialize, Serialize};

use super::Rich;
use crate::alert::Entity;

/// A typed value: the host writes it in the recipient's language and time zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// As it is.
    Text(String),
    /// With the language's grouping of digits.
    Integer(i64),
    /// With at most three decimals.
    Number(f64),
    /// A number of bytes, in powers of 1000: `1.2 GB`.
    Bytes(u64),
    /// Milliseconds.
    Duration(u64),
    /// Milliseconds since the Unix epoch, UTC.
    Instant(u64),
    /// With its label: `host 192.168.1.10 [name]`.
    Entity(Entity),
    /// A message of its own, without arguments; text as it is where no message has this key.
    Key(String),
}

/// A value and the hole that it fills.
pub type Arg = (String, Value);

/// What fills a hole of a text that is in no catalog.
#[derive(Debug, Clone, PartialEq)]
pub enum Filling<'a> {
    /// A value.
    Value(Value),
    /// Text that was made before; it keeps its structure.
    Rich(&'a Rich),
    /// An address that is shown and leads to itself.
    Address(&'a str),
}

/// What a formatter returns: text to be made in every recipient's language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Piece {
    /// A message with its arguments.
    Key(String, Vec<Arg>),
    /// Text as it is.
    Plain(String),
    /// Bold text as it is.
    Strong(String),
    /// Text of one letter width as it is.
    Code(String),
    /// A text and the address that it leads to.
    Link(String, String),
    /// What the alert is about, with its label.
    Entity(Entity),
}
