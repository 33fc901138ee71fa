//! Steps through JSON text that a parser has already found well-formed, without building anything and
//! without recursion. On other text the answers mean nothing, but there is always one, and no panic.

/// A place in a JSON text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not white space, which stays to be read.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blank = rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))?;
        self.at += blank;
        rest.get(blank).copied()
    }

    /// Reads `byte` if it is next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Reads a string, and gives it with its quotes and escapes.
    pub(super) fn string(&mut self) -> Option<&'a str> {
        if self.peek()? != b'"' {
            return None;
        }
        let from = self.at;
        self.at = end_of_string(self.text.as_bytes(), from);
        self.text.get(from..self.at)
    }

    /// Reads any value, and gives its text.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let from = self.at;
        let bytes = self.text.as_bytes();
        match first {
            b'"' => self.at = end_of_string(bytes, from),
            b'{' | b'[' => {
                let mut open = 0_usize;
                while let Some(byte) = bytes.get(self.at) {
                    match byte {
                        b'"' => {
                            self.at = end_of_string(bytes, self.at);
                            continue;
                        }
                        b'{' | b'[' => open += 1,
                        b'}' | b']' => open = open.saturating_sub(1),
                        _ => {}
                    }
                    self.at += 1;
                    if open == 0 {
                        break;
                    }
                }
            }
            _ => {
                let ends =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                let rest = &bytes[from..];
                self.at += rest.iter().position(ends).unwrap_or(rest.len());
            }
        }
        self.text.get(from..self.at)
    }

    /// Reads one token that opens, closes or parts values, or one scalar, and gives its first byte and
    /// its text.
    pub(super) fn token(&mut self) -> Option<(u8, &'a str)> {
        let first = self.peek()?;
        if matches!(first, b'{' | b'}' | b'[' | b']' | b',' | b':') {
            let from = self.at;
            self.at += 1;
            return Some((first, self.text.get(from..self.at)?));
        }
        let text = self.value()?;
        Some((first, text))
    }
}

/// The index after the string's closing quote, where `from` is its opening one.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Whether a string with quotes and escapes reads `plain`.
pub(super) fn reads(quoted: &str, plain: &str) -> bool {
    if quoted.contains('\\') {
        serde_json::from_str::<String>(quoted).is_ok_and(|text| text == plain)
    } else {
        quoted
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            == Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_whole_and_no_further() {
        for (text, value, next) in [
            (r#" {"a":"}"} , 1"#, r#"{"a":"}"}"#, Some(b',')),
            (r#"[[1,"]"],2],"#, r#"[[1,"]"],2]"#, Some(b',')),
            (r#""a\"b\\":1"#, r#""a\"b\\""#, Some(b':')),
            ("-1.5e400]", "-1.5e400", Some(b']')),
            ("true", "true", None),
        ] {
            let mut cursor = Cursor::new(text);
            assert_eq!(cursor.value(), Some(value), "{text}");
            assert_eq!(cursor.peek(), next, "{text}");
        }
    }

    #[test]
    fn text_that_is_not_json_ends_without_a_panic() {
        for text in [
            "",
            "\"",
            "\"\\",
            "{",
            "[\"a",
            "}",
            ",",
            "]",
            "\u{fffd}",
            "\"\\\u{fffd}\"x",
            "{\"\\",
        ] {
            let mut cursor = Cursor::new(text);
            while cursor.token().is_some_and(|(_, text)| !text.is_empty()) {}
            let _ = Cursor::new(text).value();
            let _ = Cursor::new(text).string();
        }
    }

    #[test]
    fn keys_are_compared_after_their_escapes() {
        assert!(reads(r#""proto.ndpi""#, "proto.ndpi"));
        assert!(reads(r#""\u0061""#, "a"));
        assert!(!reads(r#""a""#, "a\""));
        assert!(!reads(r#""\ud800""#, "\u{fffd}"));
        assert!(!reads("\"", ""));
    }
}
