//! Text in a header that a reader would decode though nobody encoded it: `=?utf-8?q?=0D=0A?=` in an alert's
//! title must arrive as these characters. The library encodes only what is not ASCII. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of text in one encoded word: 48 of base64 and 12 around them, so that the first stands on a line
/// with the header's name, of 76 characters at most (RFC 2047, section 2).
const WORD: usize = 36;

/// The text as encoded words, a line each; `None` where it has nothing that reads as one.
pub(super) fn encoded(text: &str) -> Option<String> {
    if !text.contains("=?") {
        return None;
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        // No character is torn: each word is decoded by itself.
        let (word, after) = rest.split_at(rest.floor_char_boundary(WORD));
        words.push(format!("=?utf-8?b?{}?=", STANDARD.encode(word)));
        rest = after;
    }
    Some(words.join("\r\n "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoded: &str) -> String {
        let words = encoded.split("\r\n ").map(|word| {
            assert!(word.len() <= 75 - "Subject: ".len(), "{word}");
            let base64 = word
                .strip_prefix("=?utf-8?b?")
                .and_then(|word| word.strip_suffix("?="));
            let bytes = STANDARD
                .decode(base64.expect("an encoded word"))
                .expect("base64");
            String::from_utf8(bytes).expect("whole characters")
        });
        words.collect()
    }

    #[test]
    fn what_looks_encoded_is_encoded_and_reads_as_it_was() {
        let long = "\u{1F514}=?".repeat(100);
        for text in [
            "=?utf-8?q?=0D=0ABcc:_x@y.example?=",
            "a =? b",
            "\u{e8}=?",
            &long,
        ] {
            let encoded = encoded(text).expect("encoded words");
            assert!(encoded.is_ascii());
            assert_eq!(decoded(&encoded), text);
        }
        for text in ["", "a = ? b", "?= =", "\u{e8}"] {
            assert_eq!(encoded(text), None, "{text}");
        }
    }
}
