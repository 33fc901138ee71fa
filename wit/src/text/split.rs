//! Written text, cut to what a destination takes.

mod lex;
mod pair;

use lex::{Element, Kind, Token};

use super::Markup;

/// What a destination counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Unicode scalar values.
    Characters,
    /// UTF-16 code units, as Telegram and JavaScript count.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

impl Unit {
    fn count(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Characters => text.chars().count(),
            Self::Utf16 => text.chars().map(char::len_utf16).sum(),
        }
    }
}

/// Cuts text that is written in `markup` into pieces of at most `limit` units each, counted with their
/// markup. (Telegram counts after reading it: then pieces are shorter than they could be.)
///
/// No tag, entity, escape or extended grapheme is torn; elements that are open where a piece ends are
/// closed there and opened again in the next one. A piece ends at a paragraph, else a line, else a word,
/// of those that leave it a quarter full at least; else at the last of them; else anywhere. The space at
/// such an end goes; nothing else does, but:
///
/// - elements that would take more than half of a piece, such as a link with a very long address, and
///   those more than 16 deep lose their formatting and keep their text;
/// - a grapheme larger than a piece is cut between its characters, and a character, entity or escape
///   larger than a piece is dropped.
///
/// Text that fits is one piece as it is; empty text has no pieces. The work is linear in the text.
#[must_use]
pub fn split(text: &str, markup: Markup, limit: usize, unit: Unit) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    if text.len() <= limit || unit.count(text) <= limit {
        return vec![text.to_owned()];
    }
    let (tokens, elements) = lex::lex(text, markup);
    let costs = elements
        .iter()
        .map(|element| (unit.count(element.open), unit.count(&element.close)))
        .collect();
    let mut cutter = Cutter {
        text,
        tokens: &tokens,
        elements: &elements,
        costs,
        limit,
        unit,
        pieces: Vec::new(),
        piece: Piece::default(),
    };
    cutter.run();
    cutter.pieces
}

struct Cutter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    elements: &'a [Element<'a>],
    /// Units of each element's opening and closing.
    costs: Vec<(usize, usize)>,
    limit: usize,
    unit: Unit,
    pieces: Vec<String>,
    piece: Piece,
}

/// A piece as it grows.
#[derive(Default)]
struct Piece {
    text: String,
    /// In units, without what is yet to be closed.
    size: usize,
    /// Whether something but space is in it.
    is_visible: bool,
    /// Elements around what comes next, outermost first.
    stack: Vec<usize>,
    /// How many of them are open in this piece: they open when something follows.
    opened: usize,
    /// Where it could end: the last paragraph, line and word.
    ends: [Option<End>; 3],
}

/// Where a piece could end.
#[derive(Clone)]
struct End {
    length: usize,
    size: usize,
    stack: Vec<usize>,
    opened: usize,
    /// The token that the next piece begins with.
    next: usize,
}

impl Cutter<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            match token.kind {
                Kind::Open(element) => self.open(element),
                Kind::Close(element) => self.close(element),
                Kind::Space | Kind::Newline => {
                    if !self.is_after_cut() {
                        self.note_end(at);
                        if !self.put(&self.text[token.start..token.end]) {
                            at = self.cut(at);
                            continue;
                        }
                    }
                }
                _ => {
                    let atom = &self.text[token.start..token.end];
                    if self.put(atom) {
                        self.piece.is_visible = true;
                    } else if self.piece.is_visible {
                        at = self.cut(at);
                        continue;
                    } else if !self.piece.text.is_empty() {
                        self.restart();
                        continue;
                    } else if token.kind == Kind::Grapheme {
                        self.put_characters(atom);
                    }
                }
            }
            at += 1;
        }
        if self.piece.is_visible {
            self.finish();
        }
    }

    /// Space at the start of a piece goes, but for the first one's.
    fn is_after_cut(&self) -> bool {
        !self.pieces.is_empty() && !self.piece.is_visible
    }

    /// Elements may take half of a piece, so that every piece brings the text on.
    fn open(&mut self, element: usize) {
        let around: usize = self.piece.stack.iter().map(|open| self.cost(*open)).sum();
        if around + self.cost(element) <= self.limit / 2 {
            self.piece.stack.push(element);
        }
    }

    fn cost(&self, element: usize) -> usize {
        let (open, close) = self.costs[element];
        open + close
    }

    fn close(&mut self, element: usize) {
        if self.piece.stack.last() != Some(&element) {
            return;
        }
        if self.piece.opened == self.piece.stack.len() {
            self.piece.text.push_str(&self.elements[element].close);
            self.piece.size += self.costs[element].1;
            self.piece.opened -= 1;
        }
        self.piece.stack.pop();
    }

    /// Appends an atom, and what must open before it; `false` where it does not fit.
    fn put(&mut self, atom: &str) -> bool {
        let opening: usize = self.piece.stack[self.piece.opened..]
            .iter()
            .map(|element| self.costs[*element].0)
            .sum();
        let closing: usize = self
            .piece
            .stack
            .iter()
            .map(|element| self.costs[*element].1)
            .sum();
        let size = self.piece.size + opening + self.unit.count(atom);
        if size + closing > self.limit {
            return false;
        }
        for element in &self.piece.stack[self.piece.opened..] {
            self.piece.text.push_str(self.elements[*element].open);
        }
        self.piece.opened = self.piece.stack.len();
        self.piece.text.push_str(atom);
        self.piece.size = size;
        true
    }

    fn put_characters(&mut self, grapheme: &str) {
        for c in grapheme.chars() {
            let mut buffer = [0; 4];
            let c = &*c.encode_utf8(&mut buffer);
            let fits = self.put(c)
                || (self.piece.is_visible && {
                    self.finish();
                    self.put(c)
                });
            self.piece.is_visible |= fits;
        }
    }

    /// Notes that the piece could end before a run of space that begins at this token.
    fn note_end(&mut self, at: usize) {
        let is_space = |token: &Token| matches!(token.kind, Kind::Space | Kind::Newline);
        if !self.piece.is_visible || (at > 0 && is_space(&self.tokens[at - 1])) {
            return;
        }
        let run = self.tokens[at..].iter().take_while(|token| is_space(token));
        let (length, newlines) = run.fold((0, 0), |(length, newlines), token| {
            (
                length + 1,
                newlines + usize::from(token.kind == Kind::Newline),
            )
        });
        self.piece.ends[2_usize.saturating_sub(newlines)] = Some(End {
            length: self.piece.text.len(),
            size: self.piece.size,
            stack: self.piece.stack.clone(),
            opened: self.piece.opened,
            next: at + length,
        });
    }

    /// Ends the piece where it ends best; gives the token that the next one begins with.
    fn cut(&mut self, at: usize) -> usize {
        let ends = std::mem::take(&mut self.piece.ends);
        let best = ends.iter().flatten().find(|end| end.size >= self.limit / 4);
        let Some(end) = best.or(ends.iter().flatten().max_by_key(|end| end.size)) else {
            if self.piece.is_visible {
                self.finish();
            } else {
                self.restart();
            }
            // Space that does not fit in a piece of its own is dropped.
            let is_space = matches!(self.tokens[at].kind, Kind::Space | Kind::Newline);
            return if is_space { at + 1 } else { at };
        };
        self.piece.text.truncate(end.length);
        self.piece.stack.clone_from(&end.stack);
        self.piece.opened = end.opened;
        self.finish();
        end.next
    }

    /// Closes what is open and begins another piece inside the same elements.
    fn finish(&mut self) {
        let Piece {
            mut text,
            stack,
            opened,
            ..
        } = std::mem::take(&mut self.piece);
        for element in stack[..opened].iter().rev() {
            text.push_str(&self.elements[*element].close);
        }
        self.pieces.push(text);
        self.piece.stack = stack;
    }

    /// Begins the piece again without the space in it.
    fn restart(&mut self) {
        let stack = std::mem::take(&mut self.piece.stack);
        self.piece = Piece {
            stack,
            ..Piece::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    use super::super::{Rich, Span};
    use super::*;

    const UNITS: [Unit; 3] = [Unit::Characters, Unit::Utf16, Unit::Bytes];

    fn check(markup: Markup, limit: usize, text: &str, expected: &[&str]) {
        assert_eq!(
            split(text, markup, limit, Unit::Characters),
            expected,
            "{markup:?} {limit} {text:?}"
        );
    }

    #[test]
    fn text_that_fits_is_one_piece_as_it_is() {
        check(Markup::Html, 9, " <b>a</i>", &[" <b>a</i>"]);
        check(Markup::Plain, 0, "", &[]);
        assert_eq!(split("éé", Markup::Plain, 2, Unit::Characters), ["éé"]);
        assert_eq!(split("éé", Markup::Plain, 2, Unit::Bytes), ["é", "é"]);
        assert_eq!(split("😀😀", Markup::Plain, 2, Unit::Utf16), ["😀", "😀"]);
        assert_eq!(split("😀😀", Markup::Plain, 4, Unit::Utf16), ["😀😀"]);
    }

    #[test]
    fn pieces_end_at_paragraphs_then_lines_then_words() {
        check(
            Markup::Plain,
            14,
            "aa bb\n\ncc dd ee ff",
            &["aa bb", "cc dd ee ff"],
        );
        check(
            Markup::Plain,
            14,
            "aa bb\ncc dd ee ff",
            &["aa bb", "cc dd ee ff"],
        );
        check(Markup::Plain, 8, "aa bb cc dd", &["aa bb cc", "dd"]);
        check(
            Markup::Plain,
            20,
            "a\n\nbb cc dd ee ff gg hh",
            &["a\n\nbb cc dd ee ff gg", "hh"],
        );
        check(Markup::Plain, 4, "abcdefghij", &["abcd", "efgh", "ij"]);
        check(Markup::Plain, 5, "abcde    \n  ", &["abcde"]);
        check(Markup::Html, 9, "aaaa<br>bbbb cc", &["aaaa", "bbbb cc"]);
    }

    #[test]
    fn open_elements_are_closed_and_opened_again() {
        check(
            Markup::Telegram,
            14,
            "<b>aaaa bbbb cccc</b>",
            &["<b>aaaa</b>", "<b>bbbb</b>", "<b>cccc</b>"],
        );
        check(
            Markup::Html,
            48,
            "<a href=\"http://e/\">aaaa bbbb cccc dddd eeee ffff</a> g",
            &[
                "<a href=\"http://e/\">aaaa bbbb cccc dddd eeee</a>",
                "<a href=\"http://e/\">ffff</a> g",
            ],
        );
        check(
            Markup::Markdown,
            9,
            "x **aaaa bb** y",
            &["x", "**aaaa**", "**bb** y"],
        );
        check(
            Markup::Markdown,
            20,
            "[aaaa bbbb](http://e) cc",
            &["aaaa bbbb cc"],
        );
        check(
            Markup::Slack,
            11,
            "*aaaa bbbb cccc*",
            &["*aaaa bbbb*", "*cccc*"],
        );
        check(Markup::Slack, 9, "`aaaa bbbb cc`", &["`aaaa`", "`bbbb cc`"]);
        check(
            Markup::Slack,
            24,
            "<http://e|aaaa bbbb cccc>",
            &["<http://e|aaaa bbbb>", "<http://e|cccc>"],
        );
        check(
            Markup::Markdown,
            20,
            "```json\naaaa\nbbbb\n```",
            &["aaaa\nbbbb"],
        );
        check(
            Markup::Markdown,
            32,
            "```json\naaaa bbbb\ncccc dddd eeee\n```",
            &["```json\naaaa bbbb\n```", "```json\ncccc dddd eeee\n```"],
        );
    }

    #[test]
    fn nothing_that_must_stay_whole_is_torn() {
        check(Markup::Html, 6, "abc&amp;d", &["abc", "&amp;d"]);
        check(Markup::Html, 5, "&amp;&#39;", &["&amp;", "&#39;"]);
        check(
            Markup::Html,
            6,
            "a&amp;\u{301}b",
            &["a", "&amp;\u{301}", "b"],
        );
        check(Markup::Markdown, 3, "ab\\*c", &["ab", "\\*c"]);
        check(Markup::Plain, 3, "ab🇮🇹c", &["ab", "🇮🇹c"]);
        check(Markup::Plain, 5, "ab👨‍👩‍👧", &["ab", "👨‍👩‍👧"]);
        check(
            Markup::Slack,
            12,
            "aaaa bb <@U123456>",
            &["aaaa bb", "<@U123456>"],
        );
        check(Markup::Html, 4, "a < b > c", &["a <", "b >", "c"]);
    }

    #[test]
    fn what_cannot_fit_is_cut_or_dropped() {
        check(Markup::Html, 4, "ab&amp;cd", &["ab", "cd"]);
        check(
            Markup::Plain,
            2,
            "e\u{301}\u{302}x",
            &["e\u{301}", "\u{302}x"],
        );
        assert_eq!(split("a😀b", Markup::Plain, 3, Unit::Bytes), ["a", "b"]);
        for unit in UNITS {
            assert_eq!(split("<b>abc</b>", Markup::Html, 0, unit), [""; 0]);
        }
        check(Markup::Html, 6, "<b>abc</b>", &["abc"]);
    }

    #[test]
    fn signs_without_a_partner_are_letters() {
        check(
            Markup::Markdown,
            8,
            "* aa ** bb _cc",
            &["* aa **", "bb _cc"],
        );
        check(Markup::Slack, 8, "a_b_c *d e", &["a_b_c *d", "e"]);
        check(Markup::Markdown, 6, "`aa bb cc", &["`aa bb", "cc"]);
        check(Markup::Html, 6, "</b>aa bb</i> cc", &["aa bb", "cc"]);
    }

    #[test]
    fn hostile_text_takes_linear_time_and_space() {
        let size = 100_000;
        for unit in [
            "<", "<b>", "</b>", "<b", "`", "` ``", "*a ", "[a](", "](", "&", "&amp", "\\", " ",
            "\n\n", "a", "e\u{301}", "\u{301}", "\u{202e}", "<a|", "<b>a",
        ] {
            let text = unit.repeat(size / unit.len());
            for markup in Markup::ALL {
                let pieces = split(&text, markup, 4096, Unit::Utf16);
                assert!(
                    pieces.iter().map(String::len).sum::<usize>() <= 3 * size,
                    "{markup:?} {unit:?}"
                );
            }
        }
        let text = format!("<a href=\"{}\">{}</a>", "x".repeat(4000), "b".repeat(size));
        assert_eq!(
            split(&text, Markup::Html, 4096, Unit::Bytes).len(),
            size.div_ceil(4096)
        );
    }

    fn visible(markup: Markup, piece: &str) -> String {
        let mut out = String::new();
        let mut rest = piece;
        while let Some(c) = rest.chars().next() {
            let mut length = c.len_utf8();
            let mut shown = c;
            match (markup, c) {
                (Markup::Html | Markup::Telegram, '<') => {
                    rest = rest.split_once('>').expect("a tag is whole").1;
                    continue;
                }
                (Markup::Html | Markup::Telegram, '&') => {
                    let table = [
                        ("&amp;", '&'),
                        ("&lt;", '<'),
                        ("&gt;", '>'),
                        ("&quot;", '"'),
                        ("&#39;", '\''),
                    ];
                    let (entity, letter) = table
                        .iter()
                        .find(|(entity, _)| rest.starts_with(entity))
                        .expect("an entity is whole");
                    (length, shown) = (entity.len(), *letter);
                }
                (Markup::Markdown, '\\') => {
                    shown = rest[1..].chars().next().expect("an escape is whole");
                    length = 2;
                }
                _ => {}
            }
            out.push(shown);
            rest = &rest[length..];
        }
        out
    }

    fn solid(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }

    /// Whether each tag is closed in its order.
    fn is_balanced(piece: &str) -> bool {
        let mut open = Vec::new();
        for tag in piece.split('<').skip(1) {
            let name = tag.split(['>', ' ']).next().unwrap_or_default();
            match name.strip_prefix('/') {
                Some(name) if open.pop() != Some(name) => return false,
                Some(_) => {}
                None => open.push(name),
            }
        }
        open.is_empty()
    }

    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[a-z]{1,9}",
            "[ \n]{1,3}",
            "[<>&\"'*_`~@\\[\\]()\\\\]{1,3}",
            Just("e\u{301}\u{302}".to_owned()),
            Just("👨‍👩‍👧".to_owned()),
            Just("🇮🇹🇫🇷".to_owned()),
            "\\PC{1,3}",
        ];
        proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
    }

    fn rich() -> impl Strategy<Value = Rich> {
        let span = (text(), 0..4).prop_map(|(text, kind)| match kind {
            0 => Span::Plain(text),
            1 => Span::Strong(text),
            2 => Span::Code(text),
            _ => Span::Link {
                text,
                url: "https://e/".to_owned(),
            },
        });
        proptest::collection::vec(span, 0..5).prop_map(Rich)
    }

    proptest! {
        #[test]
        fn any_text_comes_through_whole(text in text(), limit in 64..200_usize, unit in 0..3_usize) {
            for markup in [Markup::Plain, Markup::Html, Markup::Telegram, Markup::Markdown] {
                let source = markup.escape(&text);
                let pieces = split(&source, markup, limit, UNITS[unit]);
                let whole: String = pieces.iter().map(|piece| visible(markup, piece)).collect();
                prop_assert_eq!(solid(&whole), solid(&visible(markup, &source)));
                prop_assert!(pieces.iter().all(|piece| UNITS[unit].count(piece) <= limit));
            }
        }

        #[test]
        fn any_markup_stays_well_formed(rich in rich(), limit in 100..300_usize, unit in 0..3_usize) {
            for markup in [Markup::Html, Markup::Telegram] {
                let source = rich.render(markup);
                let pieces = split(&source, markup, limit, UNITS[unit]);
                let whole: String = pieces.iter().map(|piece| visible(markup, piece)).collect();
                prop_assert_eq!(solid(&whole), solid(&visible(markup, &source)));
                for piece in pieces {
                    prop_assert!(is_balanced(&piece), "{}", piece);
                    prop_assert!(UNITS[unit].count(&piece) <= limit);
                }
            }
        }

        #[test]
        fn no_grapheme_is_torn(text in text(), limit in 64..100_usize) {
            let pieces = split(&text, Markup::Plain, limit, Unit::Bytes);
            let boundaries: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            let mut from = 0;
            for piece in pieces {
                let at = from + text[from..].find(&*piece).expect("a piece is a stretch of the text");
                prop_assert!(boundaries.contains(&at));
                from = at + piece.len();
            }
        }

        #[test]
        fn garbage_and_small_limits_do_no_harm(rich in rich(), raw in text(), limit in 0..40_usize) {
            for markup in Markup::ALL {
                for source in [rich.render(markup), raw.clone()] {
                    for unit in UNITS {
                        let pieces = split(&source, markup, limit, unit);
                        prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && unit.count(piece) <= limit));
                    }
                }
            }
        }
    }
}
