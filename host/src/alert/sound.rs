//! What JSON text may contain that parsers disagree about: nesting without end, repeated keys, and
//! halves of surrogate pairs. Details are passed on as text, so they are looked through for these first.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::cursor::Cursor;

/// How deep a producer's details may be nested. Half of what `serde_json` and many other parsers read by
/// default (128), as the document and then a request's body are built around them.
pub const MAX_DEPTH: usize = 64;

/// Whether well-formed JSON `text` is nested deeper than [`MAX_DEPTH`].
#[must_use]
pub fn too_deep(text: &str) -> bool {
    // Most alerts have not even so many brackets.
    if text
        .bytes()
        .filter(|byte| matches!(byte, b'{' | b'['))
        .count()
        <= MAX_DEPTH
    {
        return false;
    }
    let mut cursor = Cursor::new(text);
    let mut depth = 0_usize;
    while let Some((first, _)) = next(&mut cursor) {
        match first {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// The first key found that stands twice in one object of well-formed JSON `text`.
#[must_use]
pub fn repeated_key(text: &str) -> Option<String> {
    let mut cursor = Cursor::new(text);
    let mut keys: Vec<Cow<'_, str>> = Vec::new();
    // Where the keys of each open object begin; an array has none of its own.
    let mut open: Vec<usize> = Vec::new();
    while let Some((first, token)) = next(&mut cursor) {
        match first {
            b'{' | b'[' => open.push(keys.len()),
            b'}' | b']' => {
                let from = open.pop()?;
                let mine = keys.get_mut(from..)?;
                mine.sort_unstable();
                if let Some(pair) = mine.windows(2).find(|pair| pair[0] == pair[1]) {
                    return Some(pair[0].as_ref().to_owned());
                }
                keys.truncate(from);
            }
            // Only a key is followed by a colon.
            b'"' if cursor.peek() == Some(b':') => keys.push(plain(token)),
            _ => {}
        }
    }
    None
}

/// The next token, until there is none or the text is no JSON.
fn next<'a>(cursor: &mut Cursor<'a>) -> Option<(u8, &'a str)> {
    cursor.token().filter(|(_, token)| !token.is_empty())
}

fn plain(quoted: &str) -> Cow<'_, str> {
    if quoted.contains('\\') {
        serde_json::from_str::<String>(quoted).map_or(Cow::Borrowed(quoted), Cow::Owned)
    } else {
        Cow::Borrowed(quoted.trim_matches('"'))
    }
}

/// The same JSON without line ends and tabs, which stand between values only: a document is one line in
/// whatever it is written to.
#[must_use]
pub fn one_line(raw: &RawValue) -> Box<RawValue> {
    let text = raw.get();
    if !text
        .bytes()
        .any(|byte| matches!(byte, b'\n' | b'\r' | b'\t'))
    {
        return raw.to_owned();
    }
    RawValue::from_string(text.replace(['\n', '\r', '\t'], "")).unwrap_or_else(|_| raw.to_owned())
}

/// Where the first escape stands that is half of a surrogate pair: valid JSON, but no character.
#[must_use]
pub fn lone_surrogate(text: &str) -> Option<usize> {
    lone_from(text, 0)
}

/// The text with U+FFFD in the place of every half of a surrogate pair.
#[must_use]
pub fn repaired(text: Cow<'_, str>) -> Cow<'_, str> {
    let Some(first) = lone_surrogate(&text) else {
        return text;
    };
    let mut whole = String::with_capacity(text.len());
    let mut from = 0;
    let mut lone = Some(first);
    while let Some(at) = lone {
        whole.push_str(&text[from..at]);
        whole.push_str("\\ufffd");
        from = at + "\\uXXXX".len();
        lone = lone_from(&text, from);
    }
    whole.push_str(&text[from..]);
    Cow::Owned(whole)
}

fn lone_from(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        // A backslash stands in strings only, and `\\` is no beginning of an escape.
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'\\')?;
        match unit(bytes, at) {
            Some(0xd800..=0xdbff) => match unit(bytes, at + 6) {
                Some(0xdc00..=0xdfff) => at += 12,
                _ => return Some(at),
            },
            Some(0xdc00..=0xdfff) => return Some(at),
            Some(_) => at += 6,
            None => at += 2,
        }
    }
}

/// The code unit of the escape `\uXXXX` at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0_u16, |unit, digit| {
        Some(unit << 4 | u16::try_from(char::from(*digit).to_digit(16)?).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_strings_and_never_by_recursion() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!too_deep(&nested(MAX_DEPTH)));
        assert!(too_deep(&nested(MAX_DEPTH + 1)));
        assert!(too_deep(&nested(100_000)));
        assert!(!too_deep(&format!("\"{}\"", nested(MAX_DEPTH + 1))));
        assert!(!too_deep(&format!("[{}1]", "[],{},".repeat(MAX_DEPTH))));
    }

    #[test]
    fn repeated_keys_are_found_in_any_object_and_only_within_one() {
        for (text, key) in [
            (r#"{"a":1,"b":2}"#, None),
            (r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#, None),
            (r#"{"a":"a","b":"a","c":["a","a"]}"#, None),
            (r#"{"a":1,"A":2}"#, None),
            (r#"{"a":1,"b":2,"a":3}"#, Some("a")),
            (r#"{"x":[{"a":1,"\u0061":2}]}"#, Some("a")),
            (r#"{"a":{"b":1},"a":{}}"#, Some("a")),
            (r#"{"":1,"":2}"#, Some("")),
            (r#"[1,"a","a"]"#, None),
        ] {
            assert_eq!(repeated_key(text).as_deref(), key, "{text}");
        }
    }

    #[test]
    fn details_become_one_line_and_keep_their_strings() {
        let pretty =
            RawValue::from_string("{\r\n\t\"a\": \"x\\n\\ty\",\n \"b\": 1\n}".into()).unwrap();
        assert_eq!(one_line(&pretty).get(), "{\"a\": \"x\\n\\ty\", \"b\": 1}");
    }

    #[test]
    fn halves_of_surrogate_pairs_are_found_and_replaced() {
        for (text, repair) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""\u00e9\n\"""#, r#""\u00e9\n\"""#),
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""\uDC00x""#, r#""\ufffdx""#),
            (r#""\ud800\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud800\n\udfff""#, r#""\ufffd\n\ufffd""#),
            (r#""\\\ud800é""#, r#""\\\ufffdé""#),
        ] {
            assert_eq!(lone_surrogate(text).is_some(), text != repair, "{text}");
            assert_eq!(repaired(Cow::Borrowed(text)), repair);
            assert!(serde_json::from_str::<String>(repair).is_ok());
        }
        for broken in ["\\", "\\u", "\\ud8", "\\ud800\\u", "\\ud800é", "\\é"] {
            let _ = repaired(Cow::Borrowed(broken));
        }
    }
}
