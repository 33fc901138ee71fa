//! Text with structure, before it is written in a markup.

use serde::{Deserialize, Serialize};

use super::{Markup, escape, link};

/// A stretch of text. What it holds is raw: it is escaped when it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Span {
    /// As it is.
    Plain(String),
    /// Bold.
    Strong(String),
    /// In letters of one width, exactly.
    Code(String),
    /// Leads to an address.
    Link {
        /// What is shown.
        text: String,
        /// Where it leads: http, https or mailto; with another scheme the text stands alone.
        url: String,
    },
}

/// Text for people, not yet in any markup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rich(pub Vec<Span>);

impl Rich {
    /// Text without structure.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::default()
        } else {
            Self(vec![Span::Plain(text)])
        }
    }

    /// Whether a reader would see nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|span| match span {
            Span::Plain(text) | Span::Strong(text) | Span::Code(text) => text.is_empty(),
            Span::Link { text, url } => text.is_empty() && link::address(url).is_none(),
        })
    }

    /// Adds a span. Plain text joins plain text.
    pub fn push(&mut self, span: Span) {
        match span {
            Span::Plain(text) => self.push_plain(&text),
            span => self.0.push(span),
        }
    }

    /// Adds plain text, without another allocation where some stands there already.
    pub fn push_plain(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(Span::Plain(last)) => last.push_str(text),
            _ => self.0.push(Span::Plain(text.to_owned())),
        }
    }

    /// The text in a markup, escaped for it.
    #[must_use]
    pub fn render(&self, markup: Markup) -> String {
        let size: usize = self.0.iter().map(Span::size).sum();
        let mut out = String::with_capacity(size + size / 8 + 16);
        for span in &self.0 {
            span.render(markup, &mut out);
        }
        out
    }
}

impl Extend<Span> for Rich {
    fn extend<I: IntoIterator<Item = Span>>(&mut self, spans: I) {
        for span in spans {
            self.push(span);
        }
    }
}

impl FromIterator<Span> for Rich {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut rich = Self::default();
        rich.extend(spans);
        rich
    }
}

impl IntoIterator for Rich {
    type Item = Span;
    type IntoIter = std::vec::IntoIter<Span>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Span {
    fn size(&self) -> usize {
        match self {
            Self::Plain(text) | Self::Strong(text) | Self::Code(text) => text.len(),
            Self::Link { text, url } => text.len() + url.len(),
        }
    }

    fn render(&self, markup: Markup, out: &mut String) {
        match self {
            Self::Plain(text) => escape::text(markup, text, out),
            Self::Strong(text) => strong(markup, text, out),
            Self::Code(text) if text.is_empty() => {}
            Self::Code(text) => escape::code(markup, text, out),
            Self::Link { text, url } => match link::address(url) {
                Some(address) => anchor(markup, text, &address, out),
                None => escape::text(markup, text, out),
            },
        }
    }
}

/// Markdown and Slack take no space beside a sign for one that ends or begins bold text: spaces at the
/// edges stand outside.
fn strong(markup: Markup, text: &str, out: &mut String) {
    let (open, close) = match markup {
        Markup::Plain => ("", ""),
        Markup::Html => ("<strong>", "</strong>"),
        Markup::Telegram => ("<b>", "</b>"),
        Markup::Markdown => ("**", "**"),
        Markup::Slack => ("*", "*"),
    };
    let inner = text.trim();
    if inner.is_empty() {
        escape::text(markup, text, out);
        return;
    }
    let start = text.len() - text.trim_start().len();
    escape::text(markup, &text[..start], out);
    out.push_str(open);
    escape::text(markup, inner, out);
    out.push_str(close);
    escape::text(markup, &text[start + inner.len()..], out);
}

fn anchor(markup: Markup, text: &str, address: &str, out: &mut String) {
    let shown = if text.trim().is_empty() {
        address
    } else {
        text
    };
    match markup {
        Markup::Plain => {
            escape::text(markup, shown, out);
            if shown != address {
                out.push_str(" (");
                out.push_str(address);
                out.push(')');
            }
        }
        Markup::Html | Markup::Telegram => {
            out.push_str("<a href=\"");
            escape::text(markup, address, out);
            out.push_str("\">");
            escape::text(markup, shown, out);
            out.push_str("</a>");
        }
        Markup::Markdown => {
            out.push('[');
            escape::text(markup, shown, out);
            out.push_str("](");
            out.push_str(&link::shielded(address));
            out.push(')');
        }
        Markup::Slack => {
            out.push('<');
            out.push_str(&link::shielded(address).replace('&', "&amp;"));
            out.push('|');
            escape::text(markup, shown, out);
            out.push('>');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(text: &str, url: &str) -> Rich {
        Rich(vec![Span::Link {
            text: text.to_owned(),
            url: url.to_owned(),
        }])
    }

    #[test]
    fn spans_are_written_in_each_markup() {
        let rich = Rich(vec![
            Span::Plain("a<".to_owned()),
            Span::Strong("b&".to_owned()),
            Span::Code("c".to_owned()),
            Span::Link {
                text: "d>".to_owned(),
                url: "https://e/?f=g&h=(i)".to_owned(),
            },
        ]);
        let table = [
            (Markup::Plain, "a<b&cd> (https://e/?f=g&h=(i))"),
            (
                Markup::Html,
                "a&lt;<strong>b&amp;</strong><code>c</code><a href=\"https://e/?f=g&amp;h=(i)\">d&gt;</a>",
            ),
            (
                Markup::Telegram,
                "a&lt;<b>b&amp;</b><code>c</code><a href=\"https://e/?f=g&amp;h=(i)\">d&gt;</a>",
            ),
            (
                Markup::Markdown,
                "a\\<**b\\&**`c`[d\\>](https://e/?f=g&h=%28i%29)",
            ),
            (
                Markup::Slack,
                "a&lt;*b&amp;*`c`<https://e/?f=g&amp;h=%28i%29|d&gt;>",
            ),
        ];
        for (markup, expected) in table {
            assert_eq!(rich.render(markup), expected, "{markup:?}");
        }
    }

    #[test]
    fn a_link_elsewhere_is_its_text_alone() {
        for markup in Markup::ALL {
            assert_eq!(link("text", "javascript:alert(1)").render(markup), "text");
        }
    }

    #[test]
    fn an_address_cannot_leave_its_attribute() {
        let hostile = "https://e/\"><script>|x> )['";
        assert_eq!(
            link("t", hostile).render(Markup::Html),
            "<a href=\"https://e/%22%3E%3Cscript%3E|x%3E%20)[&#39;\">t</a>"
        );
        assert_eq!(
            link("t", hostile).render(Markup::Slack),
            "<https://e/%22%3E%3Cscript%3E%7Cx%3E%20%29[%27|t>"
        );
        assert_eq!(
            link("t", "https://e/\"><b>").render(Markup::Html),
            "<a href=\"https://e/&quot;&gt;&lt;b&gt;\">t</a>"
        );
    }

    #[test]
    fn a_link_without_text_shows_its_address_once() {
        assert_eq!(link("", "https://e/").render(Markup::Plain), "https://e/");
        assert_eq!(
            link("", "https://e/").render(Markup::Telegram),
            "<a href=\"https://e/\">https://e/</a>"
        );
    }

    #[test]
    fn spaces_at_the_edges_of_bold_text_stand_outside() {
        let bold = Rich(vec![
            Span::Strong(" a b ".to_owned()),
            Span::Strong("  ".to_owned()),
        ]);
        assert_eq!(bold.render(Markup::Markdown), " **a b**   ");
        assert_eq!(bold.render(Markup::Slack), " *a b*   ");
    }

    #[test]
    fn plain_text_joins_plain_text() {
        let mut rich = Rich::plain("a");
        rich.push(Span::Plain("b".to_owned()));
        rich.extend([
            Span::Strong("c".to_owned()),
            Span::Plain("d".to_owned()),
            Span::Plain("e".to_owned()),
        ]);
        assert_eq!(
            rich,
            Rich(vec![
                Span::Plain("ab".into()),
                Span::Strong("c".into()),
                Span::Plain("de".into())
            ])
        );
        assert!(Rich::plain("").is_empty() && Rich::default().is_empty());
        assert!(!rich.is_empty());
    }

    #[test]
    fn structure_survives_json() {
        let json = r#"[{"plain":"a"},{"link":{"text":"b","url":"https://e/"}}]"#;
        let rich: Rich = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&rich).unwrap(), json);
    }
}
