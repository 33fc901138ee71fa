//! The fields of one ntopng alert, each as its own JSON text, and what a text says as a number or words.
//! ntopng writes numbers as strings now and then, and whole numbers as floats: Lua has one type for both.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::intake::{Code, Fault, body};

/// In the order in which they stand.
pub(super) struct Fields<'a>(pub(super) Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Fields<'a> {
    /// Reads an object.
    pub(super) fn of(text: &'a str) -> Result<Self, Fault> {
        let fields: Self = serde_json::from_str(text)
            .map_err(|error| Fault::new("", Code::Malformed, body::words(&error)))?;
        let mut keys: Vec<&str> = fields.0.iter().map(|(key, _)| key.as_ref()).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                let detail = format!("the key `{}` stands twice", pair[0]);
                Err(Fault::new(
                    format!(".{}", pair[0]),
                    Code::DuplicateField,
                    detail,
                ))
            }
            None => Ok(fields),
        }
    }

    /// The text of a field; `null` is the same as absence.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, text)| *text)
            .filter(|text| *text != "null")
    }

    /// The first of these fields that is there, with its name.
    pub(super) fn first(&self, keys: &[&'static str]) -> Option<(&'static str, &'a str)> {
        keys.iter().find_map(|key| Some((*key, self.get(key)?)))
    }

    /// The words of the first of these fields that has any.
    pub(super) fn words(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| words(self.get(key)?))
    }

    /// The first of these fields that is there, as a whole number.
    pub(super) fn whole(
        &self,
        keys: &[&'static str],
    ) -> Result<Option<(&'static str, i64)>, Fault> {
        let Some((key, text)) = self.first(keys) else {
            return Ok(None);
        };
        match whole(text) {
            Ok(number) => Ok(Some((key, number))),
            Err(code) => Err(Fault::new(
                format!(".{key}"),
                code,
                "expected a whole number that fits",
            )),
        }
    }

    /// Whether a field says yes.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(flag)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    fields.push((key, value.get()));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// What a string or number says; nothing where it is empty or another type.
pub(super) fn words(text: &str) -> Option<String> {
    let words = match text.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(text).ok()?,
        b'-' | b'0'..=b'9' => text.to_owned(),
        _ => return None,
    };
    (!words.is_empty()).then_some(words)
}

/// The whole number that a number or string says.
pub(super) fn whole(text: &str) -> Result<i64, Code> {
    /// Up to here doubles have no gaps.
    const EXACT: f64 = 9_007_199_254_740_992.0;

    let words = words(text).ok_or(Code::WrongType)?;
    if let Ok(number) = words.parse() {
        return Ok(number);
    }
    match words.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() <= EXACT => Ok(number as i64),
        Ok(number) if number.is_nan() => Err(Code::WrongType),
        Ok(_) => Err(Code::OutOfRange),
        Err(_) => Err(Code::WrongType),
    }
}

/// The number that a number or string says, where it is finite.
pub(super) fn number(text: &str) -> Option<f64> {
    words(text)?
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// `true`, a number that is not 0, or either in a string.
pub(super) fn flag(text: &str) -> bool {
    let inside = text.trim_matches('"');
    inside == "true" || inside.parse::<i64>().is_ok_and(|number| number != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_from_numbers_strings_and_floats_without_a_fraction() {
        for (text, number) in [
            ("4", Ok(4)),
            ("\"4\"", Ok(4)),
            ("4.0", Ok(4)),
            ("1.720517073e9", Ok(1_720_517_073)),
            ("-1", Ok(-1)),
            ("9007199254740993", Ok(9_007_199_254_740_993)),
            ("9223372036854775808", Err(Code::OutOfRange)),
            ("1e400", Err(Code::OutOfRange)),
            ("4.5", Err(Code::OutOfRange)),
            ("\"\"", Err(Code::WrongType)),
            ("\"NaN\"", Err(Code::WrongType)),
            ("\"four\"", Err(Code::WrongType)),
            ("true", Err(Code::WrongType)),
            ("[4]", Err(Code::WrongType)),
        ] {
            assert_eq!(whole(text), number, "{text}");
        }
        assert_eq!(number("1081.5"), Some(1081.5));
        assert_eq!(number("\"1081\""), Some(1081.0));
        for text in ["1e400", "\"NaN\"", "\"inf\"", "null", "{}", "\"\""] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn flags_are_booleans_or_numbers() {
        for (text, is) in [
            ("true", true),
            ("1", true),
            ("\"1\"", true),
            ("false", false),
            ("0", false),
            ("null", false),
        ] {
            assert_eq!(flag(text), is, "{text}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_named() {
        let fault = Fields::of(r#"{"a":1,"b":2,"\u0061":3}"#).err().unwrap();
        assert_eq!(
            (fault.path.as_str(), fault.code),
            (".a", Code::DuplicateField)
        );
        let fields = Fields::of(r#"{"a":null,"a.b":"x"}"#).unwrap();
        assert_eq!(fields.get("a"), None);
        assert_eq!(fields.words(&["a", "a.b"]).as_deref(), Some("x"));
    }
}
