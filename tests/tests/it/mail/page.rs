//! The HTML part as a parser of HTML sees it, and stricter: only the tags and attributes that it is made of,
//! properly nested and closed, so that nothing a stranger wrote can be one.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// Tags with their attributes.
const TAGS: [(&str, &[&str]); 13] = [
    ("a", &["href"]),
    ("b", &[]),
    ("body", &["style"]),
    ("br", &[]),
    ("code", &[]),
    ("head", &[]),
    ("html", &["lang"]),
    ("meta", &["charset", "name", "content"]),
    ("p", &["style"]),
    ("strong", &[]),
    ("table", &["role", "cellpadding", "cellspacing", "style"]),
    ("td", &["style"]),
    ("tr", &[]),
];

/// Those that are never closed.
const VOID: [&str; 2] = ["br", "meta"];

/// What a reader sees.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The text, a line for each line and paragraph.
    pub(crate) text: String,
    /// Where links lead, in order.
    pub(crate) links: Vec<String>,
    /// Everything that is wrong.
    pub(crate) mistakes: Vec<String>,
}

#[derive(Default)]
struct Reading {
    seen: Seen,
    open: Vec<String>,
}

impl Reading {
    fn tag(&mut self, tag: &Tag) {
        let name = tag.name.to_string();
        let known = TAGS.iter().find(|(known, _)| *known == name);
        let Some((_, attributes)) = known else {
            self.seen.mistakes.push(format!("<{name}>"));
            return;
        };
        for attribute in &tag.attrs {
            let (key, value) = (
                attribute.name.local.to_string(),
                attribute.value.to_string(),
            );
            if !attributes.contains(&key.as_str()) {
                self.seen.mistakes.push(format!("{key} of <{name}>"));
            }
            if key == "href" {
                self.seen.links.push(value);
            } else if value.contains("url(") || value.contains("//") {
                self.seen.mistakes.push(format!("{value} is fetched"));
            }
        }
        if name == "br" || (name == "p" && tag.kind == TagKind::EndTag) {
            self.seen.text.push('\n');
        }
        match tag.kind {
            _ if VOID.contains(&name.as_str()) => {}
            TagKind::StartTag => self.open.push(name),
            TagKind::EndTag => {
                let open = self.open.pop();
                if open.as_deref() != Some(&name) {
                    self.seen
                        .mistakes
                        .push(format!("</{name}> closes {open:?}"));
                }
            }
        }
    }
}

struct Sink(RefCell<Reading>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reading = self.0.borrow_mut();
        match token {
            // The source's own line ends are no reader's; those of texts are `<br>`.
            Token::CharacterTokens(text) => reading.seen.text.push_str(&text.replace('\n', "")),
            Token::TagToken(tag) => reading.tag(&tag),
            Token::DoctypeToken(_) | Token::EOFToken => {}
            other => reading.seen.mistakes.push(format!("{other:?}")),
        }
        TokenSinkResult::Continue
    }
}

/// What a reader sees of a page.
pub(crate) fn read(page: &str) -> Seen {
    let options = TokenizerOpts {
        exact_errors: true,
        ..TokenizerOpts::default()
    };
    let tokenizer = Tokenizer::new(Sink(RefCell::default()), options);
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(page));
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    let mut reading = tokenizer.sink.0.into_inner();
    if !reading.open.is_empty() {
        let open = reading.open;
        reading.seen.mistakes.push(format!("{open:?} stay open"));
    }
    reading.seen
}

#[test]
fn a_page_is_read_as_a_program_shows_it_and_every_mistake_is_found() {
    let seen =
        read("<!DOCTYPE html>\n<p>a &lt;b&gt;<br>\nc</p>\n<a href=\"https://x/?a&amp;b\">d</a>");
    assert_eq!(seen.text, "a <b>\nc\nd");
    assert_eq!(seen.links, ["https://x/?a&b"]);
    assert_eq!(seen.mistakes, [""; 0]);
    for (page, mistake) in [
        ("<script>x</script>", "<script>"),
        ("<img src=x>", "<img>"),
        ("<p onclick=\"x\">a</p>", "onclick of <p>"),
        (
            "<p style=\"background: url(https://x)\">a</p>",
            "is fetched",
        ),
        ("<p>a", "stay open"),
        ("<p><b>a</p></b>", "closes"),
        ("a</p>", "closes None"),
        ("<!-- a -->", "Comment"),
        ("<p class=a class=b>a</p>", "class"),
    ] {
        let mistakes = read(page).mistakes.join("; ");
        assert!(mistakes.contains(mistake), "{page}: {mistakes}");
    }
}
