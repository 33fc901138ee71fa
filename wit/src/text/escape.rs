//! Text of strangers, made into text of a markup.

use super::Markup;
use super::bidi;

/// Breaks what a markup has no escape for, and is not seen.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// Four columns or a tab begin a code block in CommonMark (section 4.4), where escapes are not read.
const CODE_BLOCK_INDENT: usize = 4;

/// Appends `text` so that a reader sees it as it is. What stands in `out` already says whether a line
/// begins here.
pub(super) fn text(markup: Markup, text: &str, out: &mut String) {
    let text = bidi::contained(text);
    match markup {
        Markup::Plain => replace(&text, out, |_| None),
        Markup::Html => replace(&text, out, html),
        Markup::Telegram => replace(&text, out, telegram),
        Markup::Markdown => markdown(&text, out),
        Markup::Slack => slack(&text, out),
    }
}

/// Whether a character is never sent. (U+2028 and other separators are none.)
fn is_dropped(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

/// Whole stretches are copied: most text has nothing to replace, and is looked through byte by byte.
fn replace(text: &str, out: &mut String, entity: fn(char) -> Option<&'static str>) {
    // The controls U+0080 to U+009F begin with C2.
    let may_be_replaced = |byte: u8| matches!(byte, 0x00..=0x08 | 0x0b..=0x1f | 0x7f | 0xc2 | b'&' | b'<' | b'>' | b'"' | b'\'');
    if !text.bytes().any(may_be_replaced) {
        out.push_str(text);
        return;
    }
    let mut copied = 0;
    for (at, c) in text.char_indices() {
        let replacement = if is_dropped(c) { Some("") } else { entity(c) };
        if let Some(replacement) = replacement {
            out.push_str(&text[copied..at]);
            out.push_str(replacement);
            copied = at + c.len_utf8();
        }
    }
    out.push_str(&text[copied..]);
}

fn html(c: char) -> Option<&'static str> {
    match c {
        '\'' => Some("&#39;"),
        _ => telegram(c),
    }
}

fn telegram(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        _ => None,
    }
}

fn line_begins(out: &str) -> bool {
    out.is_empty() || out.ends_with('\n')
}

/// Backslashes before all ASCII punctuation that some dialect reads. An escaped `@` may still call
/// people where mentions are looked for in the raw text (Discord) or after escapes (GitHub's mail
/// links), so it is also parted from the name.
fn markdown(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if line_begins(out) {
            let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let spaces = &rest[..indent];
            if indent >= CODE_BLOCK_INDENT || spaces.contains('\t') {
                out.extend(spaces.chars().map(|_| '\u{a0}'));
                rest = &rest[indent..];
                continue;
            }
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '@' => {
                out.push_str("\\@");
                if rest
                    .chars()
                    .next()
                    .is_some_and(|next| !next.is_whitespace())
                {
                    out.push(ZERO_WIDTH_SPACE);
                }
            }
            ',' | ';' | '\'' | '"' | '%' | '?' | '/' => out.push(c),
            _ if c.is_ascii_punctuation() => out.extend(['\\', c]),
            _ if is_dropped(c) => {}
            _ => out.push(c),
        }
    }
}

/// Slack knows only three escapes. Its other signs take effect at the edges of words, so they stay as
/// they are within words (`flow_flood_attacker`) and between spaces (`2 * 3`), and have a zero-width
/// space on both sides elsewhere: whether a client takes that for a letter or for a space, one of the two
/// breaks the sign. A `>` at the start of a line quotes even when escaped.
fn slack(text: &str, out: &mut String) {
    let mut previous: Option<char> = None;
    let mut chars = text.chars().filter(|c| !is_dropped(*c)).peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => {
                if line_begins(out) {
                    out.push(ZERO_WIDTH_SPACE);
                }
                out.push_str("&gt;");
            }
            '*' | '_' | '~' | '`' if takes_effect(previous, c, next) => {
                out.extend([ZERO_WIDTH_SPACE, c, ZERO_WIDTH_SPACE]);
            }
            _ => out.push(c),
        }
        previous = Some(c);
    }
}

fn takes_effect(previous: Option<char>, sign: char, next: Option<char>) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_space = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let within_word = is_letter(previous) && is_letter(next);
    let between_spaces = is_space(previous) && is_space(next);
    sign == '`' || !(within_word || between_spaces)
}

/// Appends `code` as the inside of an element that shows it letter by letter, delimiters included.
pub(super) fn code(markup: Markup, code: &str, out: &mut String) {
    match markup {
        Markup::Plain => text(markup, code, out),
        Markup::Html | Markup::Telegram => {
            out.push_str("<code>");
            text(markup, code, out);
            out.push_str("</code>");
        }
        Markup::Markdown => markdown_code(code, out),
        Markup::Slack => slack_code(code, out),
    }
}

/// A fence longer than any run of backquotes within (CommonMark, section 6.1). Nothing is escaped in it.
fn markdown_code(code: &str, out: &mut String) {
    let code = one_line(code);
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let padding = if code.starts_with(['`', ' ']) || code.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    out.push_str(&fence);
    out.push_str(padding);
    for c in code.chars() {
        out.push(c);
        if c == '@' {
            out.push(ZERO_WIDTH_SPACE);
        }
    }
    out.push_str(padding);
    out.push_str(&fence);
}

/// A backquote ends Slack's code and cannot be escaped: the letter that looks like it stands for it.
fn slack_code(code: &str, out: &mut String) {
    out.push('`');
    for c in one_line(code).chars() {
        match c {
            '`' => out.push('\u{2cb}'),
            _ => replace(c.encode_utf8(&mut [0; 4]), out, |c| {
                telegram(c).filter(|_| c != '"')
            }),
        }
    }
    out.push('`');
}

fn one_line(code: &str) -> String {
    bidi::contained(code)
        .chars()
        .map(|c| if c == '\n' { ' ' } else { c })
        .filter(|c| !is_dropped(*c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markup: Markup, table: &[(&str, &str)]) {
        for (raw, expected) in table {
            assert_eq!(markup.escape(raw), *expected, "{markup:?} {raw:?}");
        }
    }

    #[test]
    fn control_characters_are_dropped_in_every_markup() {
        for markup in Markup::ALL {
            assert_eq!(
                markup
                    .escape("a\0b\u{1b}[c\r\nd\te\u{7f}f\u{9b}g\u{85}h")
                    .replace('\\', ""),
                "ab[c\nd\tefgh"
            );
        }
    }

    #[test]
    fn overrides_end_with_the_text_in_every_markup() {
        for markup in Markup::ALL {
            assert_eq!(markup.escape("x\u{202e}y"), "x\u{202e}y\u{202c}");
            assert_eq!(markup.escape("\u{2066}y\u{202c}"), "\u{2066}y\u{2069}");
        }
    }

    #[test]
    fn plain_text_stays() {
        check(Markup::Plain, &[("<b>*a*</b> & @x `", "<b>*a*</b> & @x `")]);
    }

    #[test]
    fn html_and_telegram_take_entities() {
        check(
            Markup::Html,
            &[(
                "<a href='x'>\"&amp;\"",
                "&lt;a href=&#39;x&#39;&gt;&quot;&amp;amp;&quot;",
            )],
        );
        check(
            Markup::Telegram,
            &[("<b>'\"&\"'</b>", "&lt;b&gt;'&quot;&amp;&quot;'&lt;/b&gt;")],
        );
    }

    #[test]
    fn markdown_comes_not_to_life() {
        check(
            Markup::Markdown,
            &[
                (
                    "plain, words; \"as they\" are?",
                    "plain, words; \"as they\" are?",
                ),
                (
                    "**a** _b_ `c` ~~d~~",
                    "\\*\\*a\\*\\* \\_b\\_ \\`c\\` \\~\\~d\\~\\~",
                ),
                ("[x](http://e)", "\\[x\\]\\(http\\://e\\)"),
                ("www.example.com", "www\\.example\\.com"),
                ("@everyone", "\\@\u{200b}everyone"),
                ("at @ work@", "at \\@ work\\@"),
                ("<@&1> &amp;", "\\<\\@\u{200b}\\&1\\> \\&amp;"),
                (
                    "a\n    code\n\tcode\n  no",
                    "a\n\u{a0}\u{a0}\u{a0}\u{a0}code\n\u{a0}code\n  no",
                ),
                (
                    "1. a\n- b\n# c\n> d\n=== |",
                    "1\\. a\n\\- b\n\\# c\n\\> d\n\\=\\=\\= \\|",
                ),
                ("a    b", "a    b"),
                ("\\*", "\\\\\\*"),
            ],
        );
    }

    #[test]
    fn slack_signs_are_broken_only_where_they_take_effect() {
        check(
            Markup::Slack,
            &[
                ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
                ("flow_flood_attacker 2 * 3", "flow_flood_attacker 2 * 3"),
                ("*a*", "\u{200b}*\u{200b}a\u{200b}*\u{200b}"),
                ("a`b", "a\u{200b}`\u{200b}b"),
                ("> a > b", "\u{200b}&gt; a &gt; b"),
                ("a\n> b", "a\n\u{200b}&gt; b"),
            ],
        );
    }

    #[test]
    fn code_is_shown_letter_by_letter() {
        let table = [
            (Markup::Plain, "a<b`", "a<b`"),
            (Markup::Html, "a<b", "<code>a&lt;b</code>"),
            (Markup::Telegram, "a<b", "<code>a&lt;b</code>"),
            (Markup::Markdown, "a*b\nc", "`a*b c`"),
            (Markup::Markdown, "a``b`", "``` a``b` ```"),
            (Markup::Slack, "a`<\"b", "`a\u{2cb}&lt;\"b`"),
        ];
        for (markup, raw, expected) in table {
            let mut out = String::new();
            code(markup, raw, &mut out);
            assert_eq!(out, expected, "{markup:?} {raw:?}");
        }
    }
}
