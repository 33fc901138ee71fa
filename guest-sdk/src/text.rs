//! Text for people, localised and escaped by the host.

use crate::{Arg, Entity, Markup, Unit, Value, platform};

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
