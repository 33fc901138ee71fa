//! Text that was put into other text must not reorder it: what it opens, it closes.

use std::borrow::Cow;

/// Embeddings within embeddings; the Unicode Bidirectional Algorithm (UAX #9, BD2) follows no more.
const MAX_DEPTH: usize = 125;

const PDF: char = '\u{202c}';
const PDI: char = '\u{2069}';

#[derive(Clone, Copy, PartialEq)]
enum Opened {
    Embedding,
    Isolate,
}

impl Opened {
    fn closer(self) -> char {
        match self {
            Self::Embedding => PDF,
            Self::Isolate => PDI,
        }
    }
}

/// The text, with every embedding, override and isolate closed in the paragraph that opens it, and
/// without closers that would end what stands around it. Letters of right-to-left scripts and the marks
/// U+200E and U+200F stay.
pub(super) fn contained(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + PDI.len_utf8());
    let mut open: Vec<Opened> = Vec::new();
    for c in text.chars() {
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => {
                enter(Opened::Embedding, c, &mut open, &mut out);
            }
            '\u{2066}'..='\u{2068}' => enter(Opened::Isolate, c, &mut open, &mut out),
            PDF => {
                if open.last() == Some(&Opened::Embedding) {
                    open.pop();
                    out.push(c);
                }
            }
            PDI => {
                if let Some(at) = open.iter().rposition(|opened| *opened == Opened::Isolate) {
                    open.truncate(at);
                    out.push(c);
                }
            }
            '\n' | '\u{2029}' => {
                close_all(&mut open, &mut out);
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    close_all(&mut open, &mut out);
    Cow::Owned(out)
}

fn is_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn enter(opened: Opened, c: char, open: &mut Vec<Opened>, out: &mut String) {
    if open.len() < MAX_DEPTH {
        open.push(opened);
        out.push(c);
    }
}

fn close_all(open: &mut Vec<Opened>, out: &mut String) {
    out.extend(open.drain(..).rev().map(Opened::closer));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_opens_it_closes_and_no_more() {
        let table = [
            ("plain", "plain"),
            (
                "\u{5d0}\u{5d1} \u{200f}\u{200e}",
                "\u{5d0}\u{5d1} \u{200f}\u{200e}",
            ),
            ("a\u{202e}b", "a\u{202e}b\u{202c}"),
            ("a\u{202e}b\u{202c}c", "a\u{202e}b\u{202c}c"),
            ("a\u{202c}b\u{2069}c", "abc"),
            ("\u{2067}a\u{202b}b", "\u{2067}a\u{202b}b\u{202c}\u{2069}"),
            ("\u{2067}a\u{202b}b\u{2069}c", "\u{2067}a\u{202b}b\u{2069}c"),
            ("\u{2067}a\u{202c}b", "\u{2067}ab\u{2069}"),
            ("\u{202b}a\u{2069}b", "\u{202b}ab\u{202c}"),
            ("\u{202b}a\nb\u{202c}c", "\u{202b}a\u{202c}\nbc"),
        ];
        for (text, expected) in table {
            assert_eq!(contained(text), expected, "{text:?}");
            assert_eq!(contained(expected), expected, "{text:?} twice");
        }
    }

    #[test]
    fn a_flood_of_openers_stays_bounded() {
        let flood = "\u{202e}".repeat(100_000);
        assert_eq!(contained(&flood).chars().count(), 2 * MAX_DEPTH);
    }
}
