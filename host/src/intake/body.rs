//! A body, cut into the texts of its alerts; no alert is looked into.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{BodyError, Code, Fault, limits};

/// One alert's JSON text.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// Its position, counted from 0.
    pub(super) index: usize,
    /// The path of the array that it stands in, unless it is the whole body.
    array: Option<&'static str>,
    pub(super) text: &'a str,
}

impl Item<'_> {
    /// Its path in the body: `$`, `$[2]`, `$.alerts[2]`.
    pub(super) fn path(&self) -> String {
        match self.array {
            Some(array) => format!("{array}[{}]", self.index),
            None => "$".to_owned(),
        }
    }

    /// What must hold before it is parsed.
    pub(super) fn checked(&self) -> Result<(), Fault> {
        if self.text.len() > limits::ALERT {
            let detail = format!(
                "{} bytes; at most {} are taken",
                self.text.len(),
                limits::ALERT
            );
            return Err(Fault::new("", Code::TooLong, detail));
        }
        if !self.text.starts_with('{') {
            return Err(Fault::new(
                "",
                Code::NotAnObject,
                "an alert is a JSON object",
            ));
        }
        Ok(())
    }
}

/// The body as text.
pub(super) fn text(body: &[u8]) -> Result<&str, BodyError> {
    within(body)?;
    std::str::from_utf8(body).map_err(|error| BodyError::NotUtf8 {
        at: error.valid_up_to(),
    })
}

/// The body as text, with U+FFFD for what is no UTF-8. For producers that pass on bytes which strangers
/// chose: one host's name must not hide the alerts that came with it.
pub(super) fn text_lossy(body: &[u8]) -> Result<Cow<'_, str>, BodyError> {
    within(body)?;
    Ok(String::from_utf8_lossy(body))
}

fn within(body: &[u8]) -> Result<(), BodyError> {
    if body.len() > limits::BODY {
        return Err(BodyError::TooLarge { bytes: body.len() });
    }
    Ok(())
}

/// The body's outermost value.
pub(super) fn value(text: &str) -> Result<&str, BodyError> {
    serde_json::from_str::<&RawValue>(text)
        .map(RawValue::get)
        .map_err(|error| not_json(&error))
}

/// The items of JSON text that is one array; `path` is the array's own.
pub(super) fn items<'a>(array: &'a str, path: &'static str) -> Result<Vec<Item<'a>>, BodyError> {
    let Items { texts, count } = serde_json::from_str(array).map_err(|error| not_json(&error))?;
    if count > limits::ALERTS {
        return Err(BodyError::TooMany { count });
    }
    let item = |(index, text): (usize, &'a RawValue)| Item {
        index,
        array: Some(path),
        text: text.get(),
    };
    Ok(texts.into_iter().enumerate().map(item).collect())
}

/// The one alert of a body without an array.
pub(super) fn single(text: &str) -> Vec<Item<'_>> {
    vec![Item {
        index: 0,
        array: None,
        text,
    }]
}

/// An array's items, not more of them than are taken: a body of commas is not to become a list of them.
struct Items<'a> {
    texts: Vec<&'a RawValue>,
    count: usize,
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seq;

        impl<'de> Visitor<'de> for Seq {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of alerts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while texts.len() < limits::ALERTS {
                    let Some(text) = seq.next_element()? else {
                        return Ok(Items {
                            count: texts.len(),
                            texts,
                        });
                    };
                    texts.push(text);
                }
                let mut count = texts.len();
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Items { texts, count })
            }
        }

        deserializer.deserialize_seq(Seq)
    }
}

pub(super) fn not_json(error: &serde_json::Error) -> BodyError {
    let detail = words(error);
    BodyError::NotJson {
        line: error.line(),
        column: error.column(),
        detail: limits::shortened(&detail, limits::DETAIL).to_owned(),
    }
}

/// The error without the place, which is told apart.
pub(super) fn words(error: &serde_json::Error) -> String {
    let mut words = error.to_string();
    if let Some(place) = words.rfind(" at line ") {
        words.truncate(place);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_refused_with_its_line_and_column() {
        for (body, place) in [
            ("", (1, 0)),
            ("{\n  \"a\": nan}", (2, 9)),
            ("[1,]", (1, 4)),
            ("{} {}", (1, 4)),
            ("NaN", (1, 1)),
            ("\"\n\"", (1, 1)),
        ] {
            let Err(BodyError::NotJson { line, column, .. }) = value(body) else {
                panic!("{body} was read");
            };
            assert_eq!((line, column), place, "{body}");
        }
        let open = "[".repeat(100_000);
        assert!(matches!(value(&open), Err(BodyError::NotJson { .. })));
    }

    #[test]
    fn bytes_that_are_no_characters_are_refused_or_replaced() {
        assert_eq!(text(b"\"a\xff\""), Err(BodyError::NotUtf8 { at: 2 }));
        assert_eq!(text_lossy(b"\"a\xff\"").unwrap(), "\"a\u{fffd}\"");
        let large = vec![b' '; limits::BODY + 1];
        assert_eq!(
            text(&large),
            Err(BodyError::TooLarge {
                bytes: limits::BODY + 1
            })
        );
        assert_eq!(text_lossy(&large).unwrap_err().code(), "body-too-large");
        assert!(text(&large[1..]).is_ok());
    }

    #[test]
    fn an_array_is_cut_at_its_items_and_counted_beyond_the_limit() {
        let cut = items(r#"[{"a":[1]}, 2,"x"]"#, "$.alerts").unwrap();
        let texts: Vec<_> = cut
            .iter()
            .map(|item| (item.index, item.path(), item.text))
            .collect();
        assert_eq!(
            texts,
            [
                (0, "$.alerts[0]".to_owned(), r#"{"a":[1]}"#),
                (1, "$.alerts[1]".to_owned(), "2"),
                (2, "$.alerts[2]".to_owned(), "\"x\"")
            ]
        );
        let many = |count: usize| format!("[{}]", vec!["0"; count].join(","));
        assert_eq!(
            items(&many(limits::ALERTS), "$").unwrap().len(),
            limits::ALERTS
        );
        let over = items(&many(limits::ALERTS + 7), "$").unwrap_err();
        assert_eq!(
            over,
            BodyError::TooMany {
                count: limits::ALERTS + 7
            }
        );
    }
}
