//! Telegram's texts as a parser of HTML sees them, and by the Bot API's stricter rules
//! (<https://core.telegram.org/bots/api#html-style>): only its tags, properly nested and closed, and only
//! its four named entities.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// <https://core.telegram.org/bots/api#sendmessage>, in UTF-16 units.
pub const LIMIT: usize = 4096;

/// The tags that we write, of those that Telegram knows.
const TAGS: [&str; 6] = ["a", "b", "code", "i", "pre", "u"];

/// What a reader sees.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The text.
    pub text: String,
    /// Where links lead, in order.
    pub links: Vec<String>,
}

#[derive(Default)]
struct Reading {
    seen: Seen,
    open: Vec<String>,
    mistakes: Vec<String>,
}

struct Sink(RefCell<Reading>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reading = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => reading.seen.text.push_str(&text),
            Token::TagToken(tag) => {
                let name = tag.name.to_string();
                if !TAGS.contains(&name.as_str()) || tag.self_closing {
                    reading
                        .mistakes
                        .push(format!("Telegram knows no <{name}> so written"));
                }
                for attribute in &tag.attrs {
                    if (name.as_str(), &*attribute.name.local) == ("a", "href") {
                        reading.seen.links.push(attribute.value.to_string());
                    } else {
                        reading.mistakes.push(format!(
                            "the attribute {} of <{name}>",
                            attribute.name.local
                        ));
                    }
                }
                match tag.kind {
                    TagKind::StartTag => reading.open.push(name),
                    TagKind::EndTag => {
                        let open = reading.open.pop();
                        if open.as_deref() != Some(&name) {
                            reading.mistakes.push(format!("</{name}> closes {open:?}"));
                        }
                    }
                }
            }
            Token::EOFToken => {}
            other => reading.mistakes.push(format!("{other:?}")),
        }
        TokenSinkResult::Continue
    }
}

/// What a reader sees of a text; everything that is wrong with it, where anything is.
pub fn read(source: &str) -> Result<Seen, Vec<String>> {
    let options = TokenizerOpts {
        exact_errors: true,
        ..TokenizerOpts::default()
    };
    let tokenizer = Tokenizer::new(Sink(RefCell::default()), options);
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(source));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let Reading {
        seen,
        open,
        mut mistakes,
    } = tokenizer.sink.0.into_inner();
    if !open.is_empty() {
        mistakes.push(format!("{open:?} stay open"));
    }
    for (at, _) in source.match_indices('&') {
        let known = ["&lt;", "&gt;", "&amp;", "&quot;"];
        if !known.iter().any(|entity| source[at..].starts_with(entity)) {
            mistakes.push(format!("the & at {at} begins no entity of Telegram's"));
        }
    }
    for (what, text) in [("source", source), ("text", seen.text.as_str())] {
        let units = text.encode_utf16().count();
        if !(1..=LIMIT).contains(&units) {
            mistakes.push(format!("the {what} has {units} units"));
        }
    }
    if mistakes.is_empty() {
        Ok(seen)
    } else {
        Err(mistakes)
    }
}

/// What a reader sees.
///
/// # Panics
///
/// Where anything is wrong with it.
pub fn seen(source: &str) -> Seen {
    match read(source) {
        Ok(seen) => seen,
        Err(mistakes) => panic!("{mistakes:?} in {source:.300}"),
    }
}

/// Whether the parts, one after the other, are the whole; between two of them white space may have gone.
pub fn joins(whole: &str, parts: &[String]) -> Result<(), String> {
    let mut rest = whole;
    for (at, part) in parts.iter().enumerate() {
        rest = rest
            .strip_prefix(part.as_str())
            .or_else(|| rest.trim_start().strip_prefix(part.as_str()))
            .ok_or_else(|| {
                format!(
                    "part {at} begins with {:?}, not {:?}",
                    part.chars().take(40).collect::<String>(),
                    rest.chars().take(40).collect::<String>()
                )
            })?;
    }
    if rest.trim().is_empty() {
        Ok(())
    } else {
        Err(format!("{} bytes are in no part", rest.len()))
    }
}

#[test]
fn only_what_telegram_would_take_is_read() {
    let text = |text: &str, links: &[&str]| {
        Some(Seen {
            text: text.to_owned(),
            links: links.iter().map(|&link| link.to_owned()).collect(),
        })
    };
    let rows = [
        (
            "a <b>b</b>\n&lt;c&gt; &amp;amp; &quot;'",
            text("a b\n<c> &amp; \"'", &[]),
        ),
        (
            "<a href=\"https://x/?a=1&amp;b=2\">x</a>",
            text("x", &["https://x/?a=1&b=2"]),
        ),
        ("<b><code>x</code></b>", text("x", &[])),
        ("", None),
        ("a & b", None),
        ("&nbsp;", None),
        ("&apos;", None),
        ("&#39;", None),
        ("<b>a", None),
        ("a</b>", None),
        ("<b><i>a</b></i>", None),
        ("<script>a</script>", None),
        ("<br/>", None),
        ("<b onclick=\"x\">a</b>", None),
        ("<!-- a -->", None),
        ("a < b", None),
        ("a <", None),
        ("a\u{1}b", None),
        ("a\0b", None),
    ];
    for (source, expected) in rows {
        assert_eq!(read(source).ok(), expected, "{source:?}");
    }
    let full = "\u{1F514}".repeat(LIMIT / 2);
    assert!(read(&full).is_ok());
    assert!(read(&format!("{full}x")).is_err());
}

#[test]
fn parts_are_the_whole_only_where_nothing_but_space_is_missing() {
    let rows: [(&[&str], bool); 7] = [
        (&["a b", "c d"], true),
        (&["a", "b\nc d"], true),
        (&["a b\nc d"], true),
        (&["a b", "d"], false),
        (&["a b c"], false),
        (&["a b", "c d", "d"], false),
        (&["b c d"], false),
    ];
    for (parts, good) in rows {
        let parts: Vec<String> = parts.iter().map(|&part| part.to_owned()).collect();
        assert_eq!(joins("a b\nc d\n", &parts).is_ok(), good, "{parts:?}");
    }
}
