//! JSON bodies in which values are escaped and secrets stay holes.
//!
//! A writer of its own, because a component's size and speed count and nothing else of JSON is needed.

pub(crate) mod read;

pub use read::members;

use crate::{Encoding, Hole, IntoTemplate, Part, Template};

/// A finished JSON value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Json {
    done: Template,
    text: String,
}

impl Json {
    fn plain(text: String) -> Self {
        Self {
            done: Vec::new(),
            text,
        }
    }

    fn value(&mut self, value: &Json) {
        if value.done.is_empty() {
            self.text.push_str(&value.text);
            return;
        }
        for part in &value.done {
            match part {
                Part::Text(text) => self.text.push_str(text),
                hole => self.hole(hole.clone()),
            }
        }
        self.text.push_str(&value.text);
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        escape(text, &mut self.text);
        self.text.push('"');
    }

    fn hole(&mut self, hole: Part) {
        if !self.text.is_empty() {
            self.done.push(Part::Text(std::mem::take(&mut self.text)));
        }
        self.done.push(hole);
    }

    fn quoted(&mut self, hole: Hole) {
        self.text.push('"');
        self.hole(hole.json_string().into());
        self.text.push('"');
    }
}

impl IntoTemplate for Json {
    fn into_template(self) -> Template {
        let mut template = self.done;
        if !self.text.is_empty() {
            template.push(Part::Text(self.text));
        }
        template
    }
}

/// Builds a JSON object. A name that is given twice stands twice: give it once.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Object(Json);

impl Object {
    /// An empty object.
    pub fn new() -> Self {
        Self::with_capacity(64)
    }

    /// An empty object, with room for so many bytes of JSON.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        Self(Json::plain(text))
    }

    /// A string.
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.0.string(value);
        self
    }

    /// A whole number.
    pub fn integer(mut self, name: &str, value: i64) -> Self {
        self.name(name);
        self.0.text.push_str(&value.to_string());
        self
    }

    /// A number; `null` where it is infinite or not a number, which JSON cannot say.
    pub fn number(mut self, name: &str, value: f64) -> Self {
        self.name(name);
        if value.is_finite() {
            self.0.text.push_str(&value.to_string());
        } else {
            self.0.text.push_str("null");
        }
        self
    }

    /// A boolean.
    pub fn flag(mut self, name: &str, value: bool) -> Self {
        self.name(name);
        self.0.text.push_str(if value { "true" } else { "false" });
        self
    }

    /// A string that is a hole, such as `secret("token")`, or has text around it in
    /// [`Object::template`].
    pub fn hole(mut self, name: &str, hole: Hole) -> Self {
        self.name(name);
        self.0.quoted(hole);
        self
    }

    /// A value that is a hole without quotes around it, for a fact that is a number. A secret has none.
    pub fn bare_hole(mut self, name: &str, hole: Hole) -> Self {
        self.name(name);
        self.0.hole(hole.into());
        self
    }

    /// A string of text and holes. Text is escaped; holes are written as the inside of a JSON string.
    pub fn template(mut self, name: &str, template: Template) -> Self {
        self.name(name);
        self.0.text.push('"');
        for part in template {
            match part {
                Part::Text(text) => escape(&text, &mut self.0.text),
                Part::Secret((name, _)) => self.0.hole(Part::Secret((name, Encoding::JsonString))),
                Part::Fact((name, _)) => self.0.hole(Part::Fact((name, Encoding::JsonString))),
            }
        }
        self.0.text.push('"');
        self
    }

    /// Any value, such as an object or array.
    pub fn value(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.name(name);
        self.0.value(&value.into());
        self
    }

    /// Any value, where there is one.
    pub fn maybe(self, name: &str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.value(name, value),
            None => self,
        }
    }

    /// JSON as it is, such as [`Notification::document`](crate::Notification::document). It is not
    /// checked.
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.0.text.push_str(json);
        self
    }

    fn name(&mut self, name: &str) {
        if !(self.0.done.is_empty() && self.0.text == "{") {
            self.0.text.push(',');
        }
        self.0.string(name);
        self.0.text.push(':');
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Object> for Json {
    fn from(mut object: Object) -> Self {
        object.0.text.push('}');
        object.0
    }
}

/// Builds a JSON array.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Array(Json);

impl Array {
    /// An empty array.
    pub fn new() -> Self {
        Self(Json::plain("[".to_owned()))
    }

    /// Appends a string.
    pub fn text(mut self, value: &str) -> Self {
        self.comma();
        self.0.string(value);
        self
    }

    /// Appends any value, such as an object or array.
    pub fn value(mut self, value: impl Into<Json>) -> Self {
        self.comma();
        self.0.value(&value.into());
        self
    }

    /// Appends JSON as it is. It is not checked.
    pub fn raw(mut self, json: &str) -> Self {
        self.comma();
        self.0.text.push_str(json);
        self
    }

    fn comma(&mut self) {
        if !(self.0.done.is_empty() && self.0.text == "[") {
            self.0.text.push(',');
        }
    }
}

impl Default for Array {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Array> for Json {
    fn from(mut array: Array) -> Self {
        array.0.text.push(']');
        array.0
    }
}

impl<T: Into<Json>> FromIterator<T> for Array {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().fold(Self::new(), Self::value)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        let mut json = Self::default();
        json.string(text);
        json
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::plain(number.to_string())
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Self::plain(flag.to_string())
    }
}

/// Appends `text` to `out` as the inside of a JSON string, RFC 8259, section 7.
pub fn escape(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.reserve(text.len());
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => {
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(other >> 4)]));
                out.push(char::from(HEX[usize::from(other & 15)]));
            }
        }
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{secret, template};

    fn plain(json: impl Into<Json>) -> String {
        let template = json.into().into_template();
        let [Part::Text(text)] = template.as_slice() else {
            panic!("holes in {template:?}")
        };
        text.clone()
    }

    #[test]
    fn what_is_written_is_what_a_json_parser_reads() {
        let long = "\u{1F514}\u{202E}x".repeat(10_000);
        for hostile in [
            "",
            "\"}{",
            "\\",
            "a\u{0}\u{1f}b\n\r\t",
            "%{x} `<&>`",
            "\u{2028}\u{202E}\u{5D0}",
            &long,
        ] {
            let text = plain(
                Object::new()
                    .text(hostile, hostile)
                    .integer("i", i64::MIN)
                    .number("n", 0.5)
                    .number("inf", f64::INFINITY)
                    .flag("t", true)
                    .value(
                        "a",
                        Array::new()
                            .text(hostile)
                            .raw("{\"r\":1}")
                            .value(Object::new()),
                    )
                    .maybe("here", Some(hostile))
                    .maybe("absent", None::<i64>)
                    .value("all", Array::from_iter([1, -2])),
            );
            let read: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
            assert_eq!(
                read,
                serde_json::json!({
                    hostile: hostile, "i": i64::MIN, "n": 0.5, "inf": null, "t": true,
                    "a": [hostile, {"r": 1}, {}], "here": hostile, "all": [1, -2],
                })
            );
        }
    }

    #[test]
    fn an_empty_object_and_array_are_empty() {
        assert_eq!(plain(Object::new()), "{}");
        assert_eq!(plain(Array::new()), "[]");
    }

    #[test]
    fn a_secret_is_a_hole_inside_a_json_string_also_when_nested() {
        let inner = Object::new()
            .bare_hole("at", crate::fact("unix-seconds"))
            .hole("key", secret("token"))
            .text("after", "\"");
        let template = Json::from(
            Object::new()
                .value("inner", inner)
                .template("bearer", template!["Bearer \"", secret("token").base64()])
                .flag("end", true),
        )
        .into_template();
        let hole = || Part::Secret(("token".into(), Encoding::JsonString));
        assert_eq!(
            template,
            [
                Part::Text("{\"inner\":{\"at\":".into()),
                Part::Fact(("unix-seconds".into(), Encoding::Raw)),
                Part::Text(",\"key\":\"".into()),
                hole(),
                Part::Text("\",\"after\":\"\\\"\"},\"bearer\":\"Bearer \\\"".into()),
                hole(),
                Part::Text("\",\"end\":true}".into()),
            ]
        );
    }
}
