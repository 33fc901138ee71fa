//! RFC 6901 pointers into JSON text: the value's own text is found without building a tree, so that
//! numbers keep every digit.

use std::borrow::Cow;

use super::cursor::{Cursor, reads};

/// The text of the value that `pointer` leads to, in well-formed JSON `text`. The empty pointer is all of
/// it. `None` for what is not there, for a pointer that is none, and for `-`, the place after an array's
/// end. Of repeated keys the first is taken. Takes time in proportion to the text for each segment.
#[must_use]
pub fn find<'a>(text: &'a str, pointer: &str) -> Option<&'a str> {
    let mut value = Cursor::new(text).value()?;
    if pointer.is_empty() {
        return Some(value);
    }
    for segment in pointer.strip_prefix('/')?.split('/') {
        value = step(value, &unescaped(segment)?)?;
    }
    Some(value)
}

fn step<'a>(text: &'a str, segment: &str) -> Option<&'a str> {
    let mut cursor = Cursor::new(text);
    if cursor.eat(b'{') {
        loop {
            let key = cursor.string()?;
            if !cursor.eat(b':') {
                return None;
            }
            let value = cursor.value()?;
            if reads(key, segment) {
                return Some(value);
            }
            if !cursor.eat(b',') {
                return None;
            }
        }
    }
    if cursor.eat(b'[') {
        for _ in 0..index(segment)? {
            cursor.value()?;
            if !cursor.eat(b',') {
                return None;
            }
        }
        return cursor.value().filter(|value| !value.is_empty());
    }
    None
}

/// Section 4 of RFC 6901: digits without a leading zero.
fn index(segment: &str) -> Option<usize> {
    let digits = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let plain = segment == "0" || !segment.starts_with('0');
    (digits && plain).then(|| segment.parse().ok()).flatten()
}

/// Section 3 of RFC 6901: `~1` is a slash, `~0` a tilde, any other tilde an error.
fn unescaped(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('~') {
        return Some(Cow::Borrowed(segment));
    }
    let mut plain = String::with_capacity(segment.len());
    let mut chars = segment.chars();
    while let Some(char) = chars.next() {
        plain.push(match char {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_6901_hold() {
        let text = r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        for (pointer, value) in [
            ("", text),
            ("/foo", r#"["bar","baz"]"#),
            ("/foo/0", "\"bar\""),
            ("/foo/1", "\"baz\""),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ] {
            assert_eq!(find(text, pointer), Some(value), "{pointer}");
        }
    }

    #[test]
    fn near_misses_lead_nowhere() {
        let text = r#"{"foo":["bar","baz"],"a":{"b":1},"e":[],"o":{},"m~n":8}"#;
        for pointer in [
            "foo",
            "/foo/2",
            "/foo/-",
            "/foo/00",
            "/foo/01",
            "/foo/+1",
            "/foo/1/x",
            "/foo/",
            "/a/b/c",
            "/a.b",
            "/a/",
            "//",
            "/e/0",
            "/o/0",
            "/o/",
            "/m~n",
            "/m~2n",
            "/m~",
            "/foo/99999999999999999999999",
        ] {
            assert_eq!(find(text, pointer), None, "{pointer}");
        }
        for text in ["", "{", "[", "{\"a\"", "{\"a\":", "[1", "nul", "\""] {
            let _ = find(text, "/a");
            let _ = find(text, "/0");
        }
        assert_eq!(find("[ ]", "/0"), None);
    }

    #[test]
    fn white_space_escapes_and_digits_are_no_obstacle() {
        let text = "{\n \"a\" : [ 1 , { \"\\u0062\" : 18446744073709551616.000e-7 } ] }";
        assert_eq!(find(text, "/a/1/b"), Some("18446744073709551616.000e-7"));
        assert_eq!(find(text, "/a/0"), Some("1"));
    }

    #[test]
    fn a_hundred_thousand_brackets_are_passed_by() {
        let text = format!(
            r#"{{"deep":{}{},"next":1}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert_eq!(find(&text, "/next"), Some("1"));
    }
}
