//! What is wrong with a manifest, in words for its author: the key, the line, what stands there and what
//! should.

use std::fmt;

/// The most characters of a foreign text that a message repeats: enough to recognise it.
const LONGEST_QUOTE: usize = 200;

/// The most characters of each part of a message.
const LONGEST_LINE: usize = 800;

/// The most mistakes that are told at once: more than an author reads, and what a foreign manifest can
/// fill a log with.
const MOST_MISTAKES: usize = 100;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// A path such as `endpoint-param[1].uses[0].place`; empty for the document as a whole.
    pub key: String,
    /// Counted from 1, in `manifest.toml`; absent for a JSON document.
    pub line: Option<usize>,
    /// What stands there.
    pub what: String,
    /// What should; may be empty.
    pub expected: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "manifest.toml:{line}: ")?,
            None => f.write_str("manifest: ")?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected)?;
        }
        Ok(())
    }
}

/// All mistakes of a manifest, at most a hundred; never empty. Displayed one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Where checks put what they find. Lines are added when all is found.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Mistake>);

impl Findings {
    pub(super) fn add(&mut self, key: &str, what: &str, expected: &str) {
        if self.0.len() == MOST_MISTAKES {
            return;
        }
        self.0.push(Mistake {
            key: printable(key),
            line: None,
            what: printable(what),
            expected: printable(expected),
        });
    }

    /// Adds a mistake unless `good`.
    pub(super) fn require(&mut self, good: bool, key: &str, what: &str, expected: &str) {
        if !good {
            self.add(key, what, expected);
        }
    }

    /// Adds a mistake for each text that stands a second time; `key` makes the path of an index.
    pub(super) fn require_unique<'a>(
        &mut self,
        texts: impl IntoIterator<Item = &'a str>,
        key: impl Fn(usize) -> String,
    ) {
        let mut seen = std::collections::BTreeSet::new();
        for (at, text) in texts.into_iter().enumerate() {
            if !seen.insert(text) {
                self.add(
                    &key(at),
                    &format!("`{text}` stands here a second time"),
                    "it once",
                );
            }
        }
    }
}

/// Cuts a foreign text, and spells out what would steer a terminal or turn the reading direction.
fn printable(text: &str) -> String {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == LONGEST_LINE {
            shown.push_str(" ...");
            break;
        }
        if c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A foreign text between backquotes, cut to a length that a line can hold.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_reads_as_one_line_with_file_line_key_and_remedy() {
        let mistake = Mistake {
            key: "endpoint-param[1].kind".into(),
            line: Some(12),
            what: "`secrt` is not a kind".into(),
            expected: "text or secret".into(),
        };
        assert_eq!(
            mistake.to_string(),
            "manifest.toml:12: endpoint-param[1].kind: `secrt` is not a kind; expected text or secret"
        );
        let bare = Mistake {
            key: String::new(),
            line: None,
            what: "x".into(),
            expected: String::new(),
        };
        assert_eq!(Mistakes(vec![bare, mistake]).to_string().lines().count(), 2);
    }

    #[test]
    fn foreign_text_cannot_steer_a_terminal() {
        let mut findings = Findings::default();
        findings.add("a\u{1b}[2J", &quoted("x\u{202e}y\n"), "");
        let shown = findings.0[0].to_string();
        assert_eq!(shown, "manifest: a\\u{1b}[2J: `x\\u{202e}y\\u{a}`");
        findings.add("", &quoted(&"é".repeat(100_000)), "");
        assert!(findings.0[1].to_string().len() < 2_000);
        for _ in 0..1_000 {
            findings.add("", "x", "");
        }
        assert_eq!(findings.0.len(), MOST_MISTAKES);
    }
}
