//! Step 7, how a hole's value is written, and how it is recognised when it comes back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::byte_serialize;

use crate::message::Encoding;
use crate::secret::Secret;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `value` as `encoding` says.
pub(super) fn encode(out: &mut String, value: &str, encoding: Encoding) {
    match encoding {
        Encoding::Raw => out.push_str(value),
        Encoding::JsonString => json_string(out, value),
        Encoding::Percent => percent(out, value),
        Encoding::Form => out.extend(byte_serialize(value.as_bytes())),
        Encoding::Base64 => STANDARD.encode_string(value, out),
    }
}

fn percent(out: &mut String, value: &str) {
    for byte in value.bytes() {
        // A colon means nothing in a path or query, and a bot's token is known with it.
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn json_string(out: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control < ' ' => {
                let code = control as usize;
                out.push_str("\\u00");
                out.push(char::from(HEX[code >> 4]));
                out.push(char::from(HEX[code & 15]));
            }
            other => out.push(other),
        }
    }
}

/// `%XX` undone, once. What is no escape stays.
pub(super) fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let digits = if *first == b'%' { hex(tail, 2) } else { None };
        match digits.and_then(|code| u8::try_from(code).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &tail[2..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// The same, of a form: a plus is a space.
pub(super) fn form_decoded(bytes: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = bytes
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decoded(&spaced)
}

/// JSON's escapes undone, once, anywhere. What is no escape stays; halves of a surrogate pair are joined.
pub(super) fn json_unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let (character, used) = match tail {
            [b'u', digits @ ..] if *first == b'\\' => unicode_escape(digits),
            [next, ..] if *first == b'\\' => (Some(plain_escape(*next)), 1),
            _ => (None, 0),
        };
        match character {
            Some(character) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &tail[used..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

fn plain_escape(byte: u8) -> char {
    match byte {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        other => char::from(other),
    }
}

/// The character behind `\u`, and how many bytes behind the backslash it takes.
fn unicode_escape(digits: &[u8]) -> (Option<char>, usize) {
    let Some(first) = hex(digits, 4) else {
        return (None, 0);
    };
    let second = match digits.get(4..) {
        Some([b'\\', b'u', low @ ..]) => hex(low, 4).filter(|low| (0xdc00..0xe000).contains(low)),
        _ => None,
    };
    match second {
        Some(low) if (0xd800..0xdc00).contains(&first) => (
            char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)),
            11,
        ),
        _ => (char::from_u32(first), 5),
    }
}

fn hex(bytes: &[u8], count: usize) -> Option<u32> {
    bytes.get(..count)?.iter().try_fold(0, |code, byte| {
        Some(code << 4 | char::from(*byte).to_digit(16)?)
    })
}

/// HTML's escapes undone, once: the five that every library writes, and characters by their numbers.
pub(super) fn html_unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'&') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        // The longest is `#x10FFFF`; some write zeros before it.
        let end = rest.iter().take(16).position(|byte| *byte == b';');
        let named = end.and_then(|end| Some((entity(&rest[..end])?, end)));
        match named {
            Some((character, end)) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[end + 1..];
            }
            None => out.push(b'&'),
        }
    }
    out.extend_from_slice(rest);
    out
}

fn entity(name: &[u8]) -> Option<char> {
    Some(match std::str::from_utf8(name).ok()? {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        other => {
            let number = other.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

/// Every way in which a request writes `value`, and what of each shows in the base64 of any text that contains it.
pub(super) fn spellings(value: &str) -> Vec<Secret> {
    let all = [
        Encoding::Raw,
        Encoding::JsonString,
        Encoding::Percent,
        Encoding::Form,
        Encoding::Base64,
    ];
    let mut written: Vec<_> = all
        .into_iter()
        .map(|encoding| {
            // No encoding makes more than six of a byte; growing would leave copies.
            let mut out = String::with_capacity(value.len() * 6 + 4);
            encode(&mut out, value, encoding);
            Secret::new(out)
        })
        .collect();
    written.sort_unstable_by(|one, other| one.expose().cmp(other.expose()));
    written.dedup_by(|one, other| one.expose() == other.expose());
    let traces: Vec<_> = written
        .iter()
        .flat_map(|written| base64_traces(written.expose()))
        .collect();
    written.extend(traces);
    written
}

/// What of `value` shows in the base64 of any text that contains it, by position modulo 3, in both
/// alphabets. Of a short value that is little, which other texts may have by chance; none of it is empty.
fn base64_traces(value: &str) -> Vec<Secret> {
    let mut traces = Vec::new();
    for (before, mixed) in [(0, 0), (1, 2), (2, 3)] {
        let shifted = zeroize::Zeroizing::new([&[0; 2][..before], value.as_bytes()].concat());
        let text = Secret::new(STANDARD.encode(&*shifted));
        let whole = shifted.len() * 8 / 6;
        let trace = &text.expose()[mixed..whole];
        if trace.is_empty() {
            // The one byte is spread over two characters, and both depend on its neighbours.
            continue;
        }
        let url: String = trace
            .chars()
            .map(|letter| match letter {
                '+' => '-',
                '/' => '_',
                other => other,
            })
            .collect();
        if url != trace {
            traces.push(Secret::new(url));
        }
        traces.push(Secret::new(trace.to_owned()));
    }
    traces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: &str, encoding: Encoding) -> String {
        let mut out = String::new();
        encode(&mut out, value, encoding);
        out
    }

    #[test]
    fn values_are_encoded_for_where_they_stand() {
        let table = [
            (Encoding::Raw, "a/b \"é", "a/b \"é"),
            (Encoding::Percent, "aZ09-._~", "aZ09-._~"),
            (
                Encoding::Percent,
                "a/b?c#d%e é+",
                "a%2Fb%3Fc%23d%25e%20%C3%A9%2B",
            ),
            (Encoding::Form, "a b&c=d+é", "a+b%26c%3Dd%2B%C3%A9"),
            (Encoding::Base64, "user:pass", "dXNlcjpwYXNz"),
            (Encoding::Base64, "a", "YQ=="),
            (
                Encoding::JsonString,
                "a\"b\\c\n\u{1f}é/",
                "a\\\"b\\\\c\\u000A\\u001Fé/",
            ),
        ];
        for (encoding, value, expected) in table {
            assert_eq!(encoded(value, encoding), expected, "{encoding:?}");
        }
        for value in ["a\"b\\c\n\u{1f}é", "\u{7f}\u{2028}𝄞"] {
            let text = format!("\"{}\"", encoded(value, Encoding::JsonString));
            assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
        }
    }

    #[test]
    fn escapes_are_undone_and_what_is_none_stays() {
        for (text, expected) in [
            ("%41%2f%2F", "A//"),
            ("%4", "%4"),
            ("%", "%"),
            ("%zz%41", "%zzA"),
            ("", ""),
        ] {
            assert_eq!(
                percent_decoded(text.as_bytes()),
                expected.as_bytes(),
                "{text}"
            );
        }
        for (text, expected) in [
            (r#"a\"b\\c\/d\n"#, "a\"b\\c/d\n"),
            (r"\u0041\u00e9", "Aé"),
            (r"\ud834\udd1e", "𝄞"),
            (r"\ud834x", r"\ud834x"),
            (r"\u00", r"\u00"),
            ("\\", "\\"),
        ] {
            assert_eq!(
                json_unescaped(text.as_bytes()),
                expected.as_bytes(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_value_leaves_a_trace_in_any_base64_that_contains_it() {
        for value in ["s3cret?>~token", "short", "pin", "p2"] {
            let traces = base64_traces(value);
            assert!(traces.iter().all(|trace| !trace.expose().is_empty()));
            for before in ["", "u", "us", "use", "user:"] {
                for after in ["", "x", "xy", "xyz"] {
                    let text = STANDARD.encode(format!("{before}{value}{after}"));
                    assert!(
                        traces.iter().any(|trace| text.contains(trace.expose())),
                        "{value}: {before} {after}"
                    );
                }
            }
        }
    }

    #[test]
    fn escapes_of_html_are_undone_and_what_is_none_stays() {
        for (text, expected) in [
            ("a&amp;b&lt;&gt;&quot;&apos;", "a&b<>\"'"),
            ("&#39;&#x27;&#X2f;&#0000233;", "''/é"),
            ("&amp;lt;", "&lt;"),
            ("&", "&"),
            ("a&b;c", "a&b;c"),
            ("&#;&#x;&#xd800;&#1114112;", "&#;&#x;&#xd800;&#1114112;"),
            ("& amp;&&amp;", "& amp;&&"),
            ("&amp", "&amp"),
        ] {
            let undone = html_unescaped(text.as_bytes());
            assert_eq!(undone, expected.as_bytes(), "{text}");
        }
    }
}
