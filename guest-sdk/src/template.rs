//! Text with holes that the host fills as it sends.

use crate::{Encoding, Part, Template};

/// A hole for the value of the secret parameter `name`. The manifest's `uses` say where it may stand.
///
/// It is filled in as it is, unless an encoding is asked for.
#[must_use]
pub fn secret(name: impl Into<String>) -> Hole {
    Hole {
        name: name.into(),
        encoding: Encoding::Raw,
        fact: false,
    }
}

/// A hole for one row of the parameter `name`, which is of kind `secret-pairs`.
#[must_use]
pub fn row(name: &str, key: &str) -> Hole {
    secret([name, "/", key].concat())
}

/// A hole for what only the host knows: `delivery-id`, `unix-seconds`, `rfc3339`.
#[must_use]
pub fn fact(name: impl Into<String>) -> Hole {
    Hole {
        name: name.into(),
        encoding: Encoding::Raw,
        fact: true,
    }
}

/// The delivery's id, the same over all its retries: an idempotency key.
#[must_use]
pub fn delivery_id() -> Hole {
    fact("delivery-id")
}

/// A hole, and how its value is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Hole {
    name: String,
    encoding: Encoding,
    fact: bool,
}

impl Hole {
    /// As one segment of a path, or one value of a query.
    #[must_use]
    pub fn percent(self) -> Self {
        self.encoded(Encoding::Percent)
    }

    /// As the inside of a JSON string. [`json::Object`](crate::json::Object) does this by itself.
    #[must_use]
    pub fn json_string(self) -> Self {
        self.encoded(Encoding::JsonString)
    }

    /// As a value of `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn form(self) -> Self {
        self.encoded(Encoding::Form)
    }

    /// As base64, with padding.
    #[must_use]
    pub fn base64(self) -> Self {
        self.encoded(Encoding::Base64)
    }

    fn encoded(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }
}

impl From<Hole> for Part {
    fn from(hole: Hole) -> Self {
        if hole.fact {
            Self::Fact((hole.name, hole.encoding))
        } else {
            Self::Secret((hole.name, hole.encoding))
        }
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What can stand where a template is wanted: text, a hole, or [`template!`](crate::template).
pub trait IntoTemplate {
    /// The parts.
    fn into_template(self) -> Template;
}

impl IntoTemplate for Template {
    fn into_template(self) -> Template {
        self
    }
}

impl IntoTemplate for &str {
    fn into_template(self) -> Template {
        vec![self.into()]
    }
}

impl IntoTemplate for String {
    fn into_template(self) -> Template {
        vec![self.into()]
    }
}

impl IntoTemplate for Hole {
    fn into_template(self) -> Template {
        vec![self.into()]
    }
}

/// Text and holes, one after the other: `template![api, "/bot", secret("token").percent(), "/sendMessage"]`.
///
/// Nothing is searched for holes, so whatever an alert says stays text.
#[macro_export]
macro_rules! template {
    ($($part:expr),+ $(,)?) => {
        ::std::vec![$($crate::Part::from($part)),+]
    };
}

/// `text` as one segment of a path, or one value of a query: all but RFC 3986's unreserved characters
/// are percent-encoded.
#[must_use]
pub fn percent(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_keeps_text_and_holes_apart() {
        let hostile = "%{token} secret(token)";
        let template = template![
            "https://x/",
            hostile,
            secret("token").percent(),
            delivery_id()
        ];
        assert_eq!(
            template,
            [
                Part::Text("https://x/".into()),
                Part::Text(hostile.into()),
                Part::Secret(("token".into(), Encoding::Percent)),
                Part::Fact(("delivery-id".into(), Encoding::Raw)),
            ]
        );
    }

    #[test]
    fn a_row_is_named_by_parameter_and_key() {
        assert_eq!(
            Part::from(row("headers", "X-Key")),
            Part::Secret(("headers/X-Key".into(), Encoding::Raw))
        );
    }

    #[test]
    fn percent_leaves_only_unreserved_characters() {
        for (given, expected) in [
            ("abc-._~09AZ", "abc-._~09AZ"),
            ("a b", "a%20b"),
            ("../x", "..%2Fx"),
            ("?&=#%", "%3F%26%3D%23%25"),
            ("è", "%C3%A8"),
            ("\n", "%0A"),
        ] {
            assert_eq!(percent(given), expected);
        }
    }
}
