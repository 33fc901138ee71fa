//! Labels: an object of strings in JSON, pairs in their order in memory. Serde's `with` module.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;

/// Writes an object.
///
/// # Errors
///
/// The serializer's own.
pub fn serialize<S: Serializer>(
    labels: &[(String, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(labels.iter().map(|(key, value)| (key, value)))
}

/// Reads an object of strings. Repeated keys are kept: who reads from strangers must look for them.
///
/// # Errors
///
/// What is no object, or has a value that is no string.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, String)>, D::Error> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }

    deserializer.deserialize_any(Pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_other_forms_are_refused() {
        let read = |text: &str| deserialize(&mut serde_json::Deserializer::from_str(text));
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            read(r#"{"b":"1","a":"2"}"#).unwrap(),
            [pair("b", "1"), pair("a", "2")]
        );
        assert_eq!(
            read(r#"{"a":"1","a":"2"}"#).unwrap(),
            [pair("a", "1"), pair("a", "2")]
        );
        assert_eq!(read("{}").unwrap(), []);
        assert_eq!(read("null").unwrap(), []);
        for wrong in [r#"{"a":1}"#, r#"["a","b"]"#, r#""a""#, r#"{"a":null}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
