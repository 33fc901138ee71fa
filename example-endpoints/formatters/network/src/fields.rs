//! The producer's fields, which the manifest names. ntopng writes numbers as strings now and then, and
//! whole numbers as floats: Lua has one type for both.

use campanile_guest::{Event, Value};

/// An event's fields.
pub(crate) struct Fields<'a>(pub(crate) &'a Event);

impl Fields<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        let found = self.0.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    /// A whole number of at least 0, cut from one with decimals.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast to an integer saturates, and what is below 0 is none"
    )]
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        let float = |number: f64| (number >= 0.0).then_some(number as u64);
        match self.get(name)? {
            Value::Integer(number) => u64::try_from(*number).ok(),
            Value::Number(number) => float(*number),
            Value::Text(text) => text.parse().ok().or_else(|| {
                text.parse()
                    .ok()
                    .filter(|n: &f64| n.is_finite())
                    .and_then(float)
            }),
            _ => None,
        }
    }

    /// Whether a field says yes: `true`, or a number that is not 0.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Text(text)) => text == "true" || text.parse().is_ok_and(|n: i64| n != 0),
            Some(Value::Integer(number)) => *number != 0,
            _ => false,
        }
    }
}
