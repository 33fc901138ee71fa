//! Reads one member of the flat JSON object that the host makes of a response. It accepts more than
//! JSON and never panics; what it cannot follow is absent.

use std::str::FromStr;

/// The raw JSON of the member `name`.
pub(crate) fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    members(object).find_map(|(key, value)| (key == name).then_some(value))
}

/// The members of a JSON object, such as [`Notification::detail`](crate::Notification::detail) gives, in
/// their order: name and raw JSON. None where it is no object.
pub fn members(object: &str) -> impl Iterator<Item = (String, &str)> {
    let mut rest = object.trim_start().strip_prefix('{').unwrap_or_default();
    std::iter::from_fn(move || {
        let from = rest.trim_start();
        let key_end = string_end(from)?;
        let key = string(&from[..key_end])?;
        let value = from[key_end..].trim_start().strip_prefix(':')?.trim_start();
        let end = value_end(value)?;
        let left = value[end..].trim_start();
        rest = left.strip_prefix(',').unwrap_or(left);
        Some((key, value[..end].trim_end()))
    })
}

/// The raw JSON of each item of an array.
pub(crate) fn items(array: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut rest = array.trim_start().strip_prefix('[').unwrap_or_default();
    loop {
        rest = rest.trim_start();
        match value_end(rest) {
            Some(end) if end > 0 => {
                items.push(rest[..end].trim_end());
                rest = rest[end..].trim_start();
                rest = rest.strip_prefix(',').unwrap_or(rest);
            }
            _ => return items,
        }
    }
}

/// The text of a JSON string.
pub(crate) fn string(json: &str) -> Option<String> {
    let inside = json.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        out.push(match escape {
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let (character, left) = unicode(rest)?;
                rest = left;
                character
            }
            other => char::from(other),
        });
    }
    out.push_str(rest);
    Some(out)
}

/// A number or boolean.
pub(crate) fn scalar<T: FromStr>(json: &str) -> Option<T> {
    json.parse().ok()
}

fn unicode(text: &str) -> Option<(char, &str)> {
    let (high, rest) = hex(text)?;
    if let Some(character) = char::from_u32(high) {
        return Some((character, rest));
    }
    let paired = rest
        .strip_prefix("\\u")
        .and_then(hex)
        .and_then(|(low, left)| {
            let in_pair = (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low);
            let code = 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF);
            in_pair
                .then(|| char::from_u32(code))
                .flatten()
                .map(|character| (character, left))
        });
    Some(paired.unwrap_or((char::REPLACEMENT_CHARACTER, rest)))
}

fn hex(text: &str) -> Option<(u32, &str)> {
    Some((
        u32::from_str_radix(text.get(..4)?, 16).ok()?,
        text.get(4..)?,
    ))
}

fn string_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn value_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => at += string_end(text.get(at..)?)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
                continue;
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                at += 1;
            }
            b',' | b'}' | b']' if depth == 0 => return Some(at),
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#" {"/ok":true, "/error_code" : 429,"/a~1b":"x\"y\\ \u00e8\ud83d\udd14\n",
        "/parameters":{"list":[1,{"}":"]"}],"s":"\\"},"/last":-1.5e3} "#;

    #[test]
    fn members_are_found_whatever_stands_between_them() {
        assert_eq!(member(BODY, "/ok"), Some("true"));
        assert_eq!(member(BODY, "/error_code"), Some("429"));
        assert_eq!(
            member(BODY, "/parameters"),
            Some(r#"{"list":[1,{"}":"]"}],"s":"\\"}"#)
        );
        assert_eq!(member(BODY, "/last").and_then(scalar::<f64>), Some(-1500.0));
        assert_eq!(
            member(BODY, "/a~1b").and_then(string).as_deref(),
            Some("x\"y\\ è\u{1F514}\n")
        );
        assert_eq!(member(BODY, "list"), None);
        assert_eq!(member("{}", "/ok"), None);
    }

    #[test]
    fn an_array_has_its_items_whatever_stands_in_them() {
        for (array, expected) in [
            (
                r#"[1, {"a":"],"} ,[2,3],"x"]"#,
                &["1", r#"{"a":"],"}"#, "[2,3]", "\"x\""][..],
            ),
            ("[ ]", &[]),
            ("{}", &[]),
            ("", &[]),
            ("[1,", &["1"]),
            ("[\"", &[]),
        ] {
            assert_eq!(items(array), expected, "{array}");
        }
    }

    #[test]
    fn members_come_in_their_order() {
        let all = |object: &'static str| members(object).collect::<Vec<_>>();
        let named = |name: &str, value: &'static str| (name.to_owned(), value);
        assert_eq!(
            all(r#"{ "a.b" : {"x":[",}"]} , "\u0022":1 ,"c":"d" } "#),
            [
                named("a.b", r#"{"x":[",}"]}"#),
                named("\"", "1"),
                named("c", "\"d\"")
            ]
        );
        for none in ["{}", "{ }", "", "[1]", "17", "{\"a\"}"] {
            assert_eq!(all(none), [], "{none}");
        }
    }

    #[test]
    fn a_value_of_another_kind_is_absent() {
        assert_eq!(member(BODY, "/ok").and_then(scalar::<i64>), None);
        assert_eq!(member(BODY, "/error_code").and_then(string), None);
        assert_eq!(scalar::<bool>("\"true\""), None);
    }

    #[test]
    fn what_is_no_json_is_absent_and_never_panics() {
        for broken in [
            "",
            "[",
            "{",
            "{\"",
            "{\"a",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":\"",
            "{\"a\":\"\\",
            "{a:1}",
            "null",
            "{\"é\":",
        ] {
            assert_eq!(member(broken, "a"), None, "{broken}");
        }
        for cut in (0..BODY.len()).filter(|at| BODY.is_char_boundary(*at)) {
            let _ = member(&BODY[..cut], "/last").map(string);
        }
        for broken in [
            "\"",
            "\"\\\"",
            "\"\\u12\"",
            "\"\\ud83d\"",
            "\"\\ud83d\\u0041\"",
        ] {
            let _ = string(broken);
        }
        assert_eq!(string(r#""\ud83dA""#).as_deref(), Some("\u{FFFD}A"));
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let deep = format!(
            "{{\"d\":{}{},\"x\":1}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert_eq!(member(&deep, "x"), Some("1"));
    }
}
