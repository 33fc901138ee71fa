//! How much of each thing is taken in, and the checks of texts. All lengths are in bytes of UTF-8.

use std::borrow::Cow;

use super::{Code, Fault};

/// A body: a thousand alerts of 16 KiB, ten times the size of ntopng's flow alerts.
pub const BODY: usize = 16 << 20;

/// Alerts in one body: at 200 000 rows a second, these and a job for each hold the store's one writer for
/// about 10 ms.
pub const ALERTS: usize = 1000;

/// One alert as JSON text. An alert is copied into the document of each notification and crosses into the
/// sandbox, whose whole answer may have 4 MiB.
pub const ALERT: usize = 1 << 20;

/// An alert kind; it names a definition and stands in locale keys.
pub const KIND: usize = 128;

/// Names: of entities, sources, categories, labels. The contract's own limit for names.
pub const NAME: usize = 1 << 10;

/// A title; the longest that a destination shows is far below.
pub const TITLE: usize = 4 << 10;

/// A message; as much as one language's messages of a component may have.
pub const MESSAGE: usize = 256 << 10;

/// Labels of one alert: they are looked through one by one, here and in every endpoint.
pub const LABELS: usize = 64;

/// A URL; the contract's own limit.
pub const URL: usize = 8 << 10;

/// What a refusal says, so that a producer's megabyte does not come back to it.
pub const DETAIL: usize = 300;

/// The beginning of the text, at most `max` bytes, cut between characters.
pub(super) fn shortened(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Letters, digits and `_ . : -`: what an alert kind is made of.
pub(super) fn is_kind_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | ':' | '-')
}

fn length(path: &str, text: &str, max: usize) -> Result<(), Fault> {
    if text.len() > max {
        let detail = format!("{} bytes; at most {max} are taken", text.len());
        return Err(Fault::new(path, Code::TooLong, detail));
    }
    Ok(())
}

fn not_empty(path: &str, text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::new(path, Code::Empty, "must not be empty"));
    }
    Ok(())
}

/// A kind: not empty, and of its few characters.
pub(super) fn kind(path: &str, text: &str) -> Result<(), Fault> {
    not_empty(path, text)?;
    length(path, text, KIND)?;
    match text.chars().find(|char| !is_kind_char(*char)) {
        Some(char) => {
            let detail =
                format!("{char:?} is neither a letter of ASCII, a digit, nor one of _ . : -");
            Err(Fault::new(path, Code::Malformed, detail))
        }
        None => Ok(()),
    }
}

/// One line: no control characters. It may be empty.
pub(super) fn line(path: &str, text: &str) -> Result<(), Fault> {
    length(path, text, NAME)?;
    match control(text) {
        Some(char) => {
            let detail = format!("has the control character {char:?}");
            Err(Fault::new(path, Code::BadCharacter, detail))
        }
        None => Ok(()),
    }
}

/// The first control character. Bytes are looked at first, as hardly any text has one: those of ASCII are
/// below 0x20 and 0x7f, the others begin with 0xc2.
fn control(text: &str) -> Option<char> {
    if !text
        .bytes()
        .any(|byte| matches!(byte, 0..0x20 | 0x7f | 0xc2))
    {
        return None;
    }
    text.chars().find(|char| char.is_control())
}

/// One line that is not empty.
pub(super) fn name(path: &str, text: &str) -> Result<(), Fault> {
    not_empty(path, text)?;
    line(path, text)
}

/// Any text but NUL, at which too many programs stop reading.
pub(super) fn text(path: &str, text: &str, max: usize) -> Result<(), Fault> {
    length(path, text, max)?;
    if text.contains('\0') {
        return Err(Fault::new(
            path,
            Code::BadCharacter,
            "has the character NUL",
        ));
    }
    Ok(())
}

/// An http or https address.
pub(super) fn url(path: &str, text: &str) -> Result<(), Fault> {
    length(path, text, URL)?;
    let fault = |detail: &str| Fault::new(path, Code::Malformed, detail);
    // The parser would drop tabs and line ends and trim blanks; this is shown as it came.
    if text
        .chars()
        .any(|char| char.is_control() || char.is_whitespace() || is_invisible(char))
    {
        return Err(fault("has blanks, control or invisible characters"));
    }
    let parsed = url::Url::parse(text).map_err(|error| fault(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(fault("neither http nor https"));
    }
    Ok(())
}

/// What nobody sees in an address, or what turns it around (UAX 9, section 3.9.1): there it only deceives. An
/// address that needs such a character has it percent-encoded.
fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// One line of at most [`NAME`] bytes out of any text: control characters become U+FFFD, and what is too
/// long is cut. For producers that pass on names which strangers chose.
pub(super) fn cleaned(text: &str) -> String {
    let clean: Cow<'_, str> = if control(text).is_some() {
        Cow::Owned(text.replace(char::is_control, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    };
    shortened(&clean, NAME).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<(), Fault>) -> Option<Code> {
        result.err().map(|fault| fault.code)
    }

    #[test]
    fn kinds_have_few_characters_and_a_limit() {
        let long = "k".repeat(KIND);
        for good in ["flows_flood", "a.b:c-d_9", "A", long.as_str()] {
            assert_eq!(code(kind(".kind", good)), None, "{good}");
        }
        for (bad, expected) in [
            ("", Code::Empty),
            ("a b", Code::Malformed),
            ("é", Code::Malformed),
            ("a\0", Code::Malformed),
            ("a/b", Code::Malformed),
            (&format!("{long}k"), Code::TooLong),
        ] {
            assert_eq!(code(kind(".kind", bad)), Some(expected), "{bad}");
        }
    }

    #[test]
    fn names_are_one_line_and_messages_are_any_text_but_nul() {
        let long = "é".repeat(NAME / 2);
        assert_eq!(code(name(".x", &long)), None);
        assert_eq!(code(name(".x", &format!("{long}x"))), Some(Code::TooLong));
        assert_eq!(code(name(".x", "")), Some(Code::Empty));
        assert_eq!(code(line(".x", "")), None);
        for bad in ["a\nb", "\0", "\u{7f}", "\u{85}"] {
            assert_eq!(code(name(".x", bad)), Some(Code::BadCharacter), "{bad:?}");
        }
        assert_eq!(code(text(".x", "a\nb\u{7f}", 8)), None);
        assert_eq!(code(text(".x", "a\0", 8)), Some(Code::BadCharacter));
        assert_eq!(code(text(".x", "123456789", 8)), Some(Code::TooLong));
    }

    #[test]
    fn urls_are_http_or_https_and_clean() {
        for good in [
            "https://a.example/x?y#z",
            "http://[::1]:3000",
            "HTTPS://a.example",
            "https://a.example/%E2%80%AEx/\u{e9}",
        ] {
            assert_eq!(code(url(".url", good)), None, "{good}");
        }
        for bad in [
            "",
            "a.example",
            "/lua/x",
            "javascript:alert(1)",
            "ftp://a.example",
            "https://",
            " https://a.example",
            "https://a\n.example",
            "java\tscript:alert(1)",
            "https://a.example/\u{202e}gpj.exe",
            "https://a\u{200b}.example/",
        ] {
            assert_eq!(code(url(".url", bad)), Some(Code::Malformed), "{bad}");
        }
    }

    #[test]
    fn names_from_strangers_are_cleaned_and_cut_between_characters() {
        assert_eq!(cleaned("host.lan"), "host.lan");
        assert_eq!(cleaned("a\0b\nc"), "a\u{fffd}b\u{fffd}c");
        let long = cleaned(&format!("x{}", "é".repeat(NAME)));
        assert_eq!(long.len(), NAME - 1);
    }
}
