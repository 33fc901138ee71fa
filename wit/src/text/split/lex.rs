//! Written text, taken apart into what must stay whole.

use unicode_segmentation::UnicodeSegmentation;

use super::super::Markup;
use super::pair;

/// Elements within elements; deeper ones lose their formatting. Nobody writes so many, and every piece
/// pays for closing and opening them.
const MAX_DEPTH: usize = 16;

/// A stretch of the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An extended grapheme.
    Grapheme,
    /// An escape, an entity or the like, which is nothing without one of its letters.
    Whole,
    /// Space within a line.
    Space,
    /// A line's end.
    Newline,
    /// A sign that may begin or end an element: [`pair`] decides.
    Sign(Sign),
    /// The beginning of an element.
    Open(usize),
    /// The end of an element.
    Close(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    TwoStars,
    Star,
    TwoLines,
    Line,
    Tilde,
    LinkStart,
    LinkEnd,
}

/// What can be closed and opened again.
#[derive(Debug, Clone)]
pub(super) struct Element<'a> {
    pub(super) open: &'a str,
    pub(super) close: String,
}

/// The tokens of `text`, whole and in order, and its elements. They are well nested.
pub(super) fn lex(text: &str, markup: Markup) -> (Vec<Token>, Vec<Element<'_>>) {
    let mut lexer = Lexer {
        text,
        markup,
        tokens: Vec::new(),
        elements: Vec::new(),
        open: Vec::new(),
        unclosed: Vec::new(),
    };
    let mut at = 0;
    while at < text.len() {
        let special = text[at..]
            .bytes()
            .position(|byte| is_special(markup, byte))
            .map_or(text.len(), |next| at + next);
        lexer.graphemes(at, special);
        at = if special < text.len() {
            lexer.special(special)
        } else {
            special
        };
    }
    let Lexer {
        mut tokens,
        mut elements,
        ..
    } = lexer;
    pair::pair(text, markup, &mut tokens, &mut elements);
    (tokens, elements)
}

fn is_special(markup: Markup, byte: u8) -> bool {
    match markup {
        Markup::Plain => false,
        Markup::Html | Markup::Telegram => matches!(byte, b'<' | b'&'),
        Markup::Markdown => matches!(
            byte,
            b'\\' | b'`' | b'*' | b'_' | b'~' | b'[' | b']' | b'<' | b'&'
        ),
        Markup::Slack => matches!(byte, b'<' | b'>' | b'&' | b'`' | b'*' | b'_' | b'~'),
    }
}

struct Lexer<'a> {
    text: &'a str,
    markup: Markup,
    tokens: Vec<Token>,
    elements: Vec<Element<'a>>,
    /// Elements that are open, with their names (HTML) and ends (Slack).
    open: Vec<(usize, &'a str)>,
    /// Lengths of backquote runs that nothing closes in the rest of the text.
    unclosed: Vec<usize>,
}

impl<'a> Lexer<'a> {
    fn graphemes(&mut self, start: usize, end: usize) {
        let text = self.text;
        for (offset, grapheme) in text[start..end].grapheme_indices(true) {
            let kind = match grapheme {
                "\n" | "\r\n" | "\r" => Kind::Newline,
                // No-break spaces are there to hold words together.
                "\u{a0}" | "\u{202f}" => Kind::Grapheme,
                _ if grapheme.chars().all(char::is_whitespace) => Kind::Space,
                _ => Kind::Grapheme,
            };
            self.push(start + offset, start + offset + grapheme.len(), kind);
        }
    }

    /// Graphemes go on across what is special: an accent after `&amp;` belongs to it.
    fn push(&mut self, start: usize, end: usize, kind: Kind) {
        let text = self.text;
        if let Some(last) = self.tokens.last_mut()
            && matches!(last.kind, Kind::Grapheme | Kind::Whole | Kind::Sign(_))
            && matches!(kind, Kind::Grapheme | Kind::Whole | Kind::Sign(_))
            && last.end == start
            && is_joined(&text[last.start..start], &text[start..end])
        {
            last.end = end;
            last.kind = if last.kind == Kind::Grapheme && kind == Kind::Grapheme {
                kind
            } else {
                Kind::Whole
            };
            return;
        }
        self.tokens.push(Token { start, end, kind });
    }

    /// Reads what begins at `at`; gives where it ends.
    fn special(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let bytes = rest.as_bytes();
        let next = bytes.get(1).copied().unwrap_or_default();
        let length = match (bytes[0], self.markup) {
            (b'&', _) => entity(rest),
            (b'<', Markup::Html | Markup::Telegram) => return self.tag(at),
            (b'<', Markup::Slack) => return self.slack_angle(at),
            (b'<', _) => angle(rest)
                .filter(|inner| !inner.is_empty())
                .map(|inner| inner.len() + 2),
            (b'\\', _) if next == b'\n' => {
                self.push(at, at + 2, Kind::Newline);
                return at + 2;
            }
            (b'\\', _) => next.is_ascii_punctuation().then_some(2),
            (b'`', _) => return self.code(at),
            (b'>', _) => return self.slack_end(at),
            _ => return self.sign(at),
        };
        let kind = if length.is_some() {
            Kind::Whole
        } else {
            Kind::Grapheme
        };
        let end = at + length.unwrap_or(1);
        self.push(at, end, kind);
        end
    }

    fn sign(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let markdown = self.markup == Markup::Markdown;
        let (sign, length) = match rest.as_bytes()[0] {
            b'*' if markdown && rest.starts_with("**") => (Some(Sign::TwoStars), 2),
            b'*' => (Some(Sign::Star), 1),
            b'_' if markdown && rest.starts_with("__") => (Some(Sign::TwoLines), 2),
            b'_' => (Some(Sign::Line), 1),
            b'~' if markdown && rest.starts_with("~~") => (Some(Sign::Tilde), 2),
            b'~' if !markdown => (Some(Sign::Tilde), 1),
            b'[' => (Some(Sign::LinkStart), 1),
            b']' => match link_end(rest) {
                Some(length) => (Some(Sign::LinkEnd), length),
                None => (None, 1),
            },
            _ => (None, 1),
        };
        self.push(at, at + length, sign.map_or(Kind::Grapheme, Kind::Sign));
        at + length
    }

    /// HTML. What closes nothing is left out.
    fn tag(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let Some(inner) = angle(rest) else {
            self.push(at, at + 1, Kind::Grapheme);
            return at + 1;
        };
        let closing = inner.starts_with('/');
        let named = inner.trim_start_matches('/');
        let name = &named[..named
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'-')
            .count()];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.push(at, at + 1, Kind::Grapheme);
            return at + 1;
        }
        let end = at + inner.len() + 2;
        if closing {
            if let Some(depth) = self
                .open
                .iter()
                .rposition(|(_, open)| open.eq_ignore_ascii_case(name))
            {
                for (element, _) in self.open.split_off(depth).into_iter().rev() {
                    self.tokens.push(Token {
                        start: at,
                        end,
                        kind: Kind::Close(element),
                    });
                }
            }
        } else if ["br", "hr", "img", "wbr"]
            .iter()
            .any(|void| name.eq_ignore_ascii_case(void))
            || inner.ends_with('/')
        {
            let kind = if name.eq_ignore_ascii_case("br") {
                Kind::Newline
            } else {
                Kind::Whole
            };
            self.tokens.push(Token {
                start: at,
                end,
                kind,
            });
        } else if self.open.len() < MAX_DEPTH {
            let element = self.begin(at, end, format!("</{name}>"));
            self.open.push((element, name));
        }
        end
    }

    fn begin(&mut self, start: usize, end: usize, close: String) -> usize {
        let element = self.elements.len();
        self.elements.push(Element {
            open: &self.text[start..end],
            close,
        });
        self.tokens.push(Token {
            start,
            end,
            kind: Kind::Open(element),
        });
        element
    }

    /// `<address|text>` is an element; mentions, dates and bare addresses stay whole.
    fn slack_angle(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let inner = angle(rest).filter(|inner| !inner.contains('\n'));
        let Some(inner) = inner else {
            self.push(at, at + 1, Kind::Grapheme);
            return at + 1;
        };
        match inner.find('|') {
            Some(bar) if !inner.starts_with(['!', '@', '#']) && self.open.is_empty() => {
                let end = at + 1 + bar + 1;
                let element = self.begin(at, end, ">".to_owned());
                self.open.push((element, ""));
                end
            }
            _ => {
                let end = at + inner.len() + 2;
                self.push(at, end, Kind::Whole);
                end
            }
        }
    }

    fn slack_end(&mut self, at: usize) -> usize {
        match self.open.pop() {
            Some((element, _)) => self.tokens.push(Token {
                start: at,
                end: at + 1,
                kind: Kind::Close(element),
            }),
            None => self.push(at, at + 1, Kind::Grapheme),
        }
        at + 1
    }

    /// A run of backquotes up to the next run of the same length; nothing within is special. A fence is
    /// opened again with its first line.
    fn code(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let run = rest.bytes().take_while(|byte| *byte == b'`').count();
        let Some(inside) = self.code_length(at + run, run) else {
            self.push(at, at + run, Kind::Whole);
            return at + run;
        };
        let mut start = at + run;
        let close = start + inside;
        let content = &self.text[start..close];
        let is_fence = self.markup == Markup::Markdown
            && run >= 3
            && (at == 0 || self.text[..at].ends_with('\n'));
        let first_line = content.find('\n').filter(|_| is_fence);
        let fence = "`".repeat(run);
        let closing = if first_line.is_some() {
            format!("\n{fence}")
        } else {
            fence
        };
        start += first_line.map_or(0, |line| line + 1);
        let end = if first_line.is_some() && content.ends_with('\n') {
            (close - 1).max(start)
        } else {
            close
        };
        let element = self.begin(at, start, closing);
        self.graphemes(start, end);
        self.tokens.push(Token {
            start: end,
            end: close + run,
            kind: Kind::Close(element),
        });
        close + run
    }

    fn code_length(&mut self, from: usize, run: usize) -> Option<usize> {
        if self.unclosed.contains(&run) || !self.open.is_empty() {
            return None;
        }
        let rest = &self.text[from..];
        let mut at = 0;
        while let Some(next) = rest[at..].find('`') {
            let start = at + next;
            let length = rest[start..]
                .bytes()
                .take_while(|byte| *byte == b'`')
                .count();
            if length == run {
                return Some(start);
            }
            at = start + length;
        }
        self.unclosed.push(run);
        None
    }
}

/// What stands between `<` and `>`, up to the next `<`: no writer leaves one bare inside, and looking
/// no further keeps the work linear.
fn angle(rest: &str) -> Option<&str> {
    let inner = &rest[1..];
    let end = inner.find(['<', '>'])?;
    inner[end..].starts_with('>').then(|| &inner[..end])
}

/// The length of `&name;` or `&#number;`: the longest name of HTML has 31 letters.
fn entity(rest: &str) -> Option<usize> {
    let end = rest.bytes().take(34).position(|byte| byte == b';')?;
    let name = &rest[1..end];
    let name = name.strip_prefix('#').unwrap_or(name);
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(end + 1)
}

/// The length of `](address)`.
fn link_end(rest: &str) -> Option<usize> {
    let address = rest.strip_prefix("](")?;
    let end = address.find(|c: char| matches!(c, '(' | ')' | '[' | ']') || c.is_whitespace())?;
    address[end..].starts_with(')').then_some(end + 3)
}

/// Whether two stretches are one grapheme where they meet.
fn is_joined(before: &str, after: &str) -> bool {
    let (Some(last), Some(first)) = (before.chars().next_back(), after.chars().next()) else {
        return false;
    };
    if last.is_ascii() && first.is_ascii() {
        return false;
    }
    let mut both = String::with_capacity(8);
    both.extend([last, first]);
    both.graphemes(true).nth(1).is_none()
}
