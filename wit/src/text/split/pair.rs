//! Which signs of Markdown and Slack begin and end an element, and which are only letters.

use super::super::Markup;
use super::lex::{Element, Kind, Sign, Token};

/// A sign that may begin an element: its token, and how many elements were open around it.
type Candidate = Option<(usize, usize)>;

/// One candidate for each sign but [`Sign::LinkEnd`]: a newer one takes the place of an older.
const SIGNS: usize = 6;

/// Turns signs into the beginnings and ends of elements; those without a partner become graphemes.
pub(super) fn pair<'a>(
    text: &'a str,
    markup: Markup,
    tokens: &mut [Token],
    elements: &mut Vec<Element<'a>>,
) {
    let mut candidates: [Candidate; SIGNS] = [None; SIGNS];
    let mut depth = 0;
    let mut newlines = 0;
    for at in 0..tokens.len() {
        let token = tokens[at];
        newlines = if token.kind == Kind::Newline {
            newlines + 1
        } else {
            newlines
        };
        match token.kind {
            Kind::Newline if newlines > 1 || markup == Markup::Slack => candidates = [None; SIGNS],
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => {
                forget(&mut candidates, |(_, around)| around >= depth);
                depth -= 1;
            }
            Kind::Sign(sign) => {
                let (may_open, may_close) = edges(text, markup, token, sign);
                let slot = slot(sign);
                match candidates[slot].filter(|(_, around)| may_close && *around == depth) {
                    Some((start, _)) => {
                        let element = elements.len();
                        elements.push(Element {
                            open: &text[tokens[start].start..tokens[start].end],
                            close: text[token.start..token.end].to_owned(),
                        });
                        tokens[start].kind = Kind::Open(element);
                        tokens[at].kind = Kind::Close(element);
                        forget(&mut candidates, |(opened, _)| opened >= start);
                    }
                    None if may_open => candidates[slot] = Some((at, depth)),
                    None => {}
                }
            }
            _ => {}
        }
        if !matches!(token.kind, Kind::Newline | Kind::Space) {
            newlines = 0;
        }
    }
    for token in tokens {
        if matches!(token.kind, Kind::Sign(_)) {
            token.kind = Kind::Whole;
        }
    }
}

fn forget(candidates: &mut [Candidate; SIGNS], is_over: impl Fn((usize, usize)) -> bool) {
    for candidate in candidates {
        *candidate = candidate.filter(|found| !is_over(*found));
    }
}

fn slot(sign: Sign) -> usize {
    match sign {
        Sign::TwoStars => 0,
        Sign::Star => 1,
        Sign::TwoLines => 2,
        Sign::Line => 3,
        Sign::Tilde => 4,
        Sign::LinkStart | Sign::LinkEnd => 5,
    }
}

/// Whether a sign may begin and may end an element: no space within, and for Slack and for `_` no letter
/// without.
fn edges(text: &str, markup: Markup, token: Token, sign: Sign) -> (bool, bool) {
    match sign {
        Sign::LinkStart => return (true, false),
        Sign::LinkEnd => return (false, true),
        _ => {}
    }
    let before = text[..token.start].chars().next_back();
    let after = text[token.end..].chars().next();
    let is_solid = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let at_words = markup == Markup::Slack || matches!(sign, Sign::Line | Sign::TwoLines);
    (
        is_solid(after) && !(at_words && is_letter(before)),
        is_solid(before) && !(at_words && is_letter(after)),
    )
}
