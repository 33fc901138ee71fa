//! Text as it is put together, from catalogs and from strangers, within a limit.

use super::bidi;
use super::{Rich, Span};

/// Bytes of one message with all its values. A message body may have as many; without a limit a message
/// of many holes and an argument of a megabyte would make gigabytes.
pub const MAX_TEXT: usize = 1024 * 1024;

/// Text as it grows, up to its limit: what goes beyond is cut.
#[derive(Debug)]
pub(super) struct Writer {
    rich: Rich,
    written: usize,
    limit: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self::within(MAX_TEXT)
    }
}

impl Writer {
    /// With a limit in bytes.
    pub(super) fn within(limit: usize) -> Self {
        Self {
            rich: Rich::default(),
            written: 0,
            limit,
        }
    }

    pub(super) fn into_rich(self) -> Rich {
        self.rich
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.written >= self.limit
    }

    /// Text of the host or of a catalog.
    pub(super) fn text(&mut self, text: &str) {
        let text = self.cut(text);
        self.rich.push_plain(text);
        self.written += text.len();
    }

    /// Text of strangers.
    pub(super) fn value(&mut self, text: &str) {
        let text = bidi::contained(self.cut(text));
        self.rich.push_plain(&text);
        self.written += text.len();
    }

    /// A hole that nothing fills: it stays, so that the mistake is seen.
    pub(super) fn hole(&mut self, name: &str) {
        self.text("%{");
        self.text(name);
        self.text("}");
    }

    pub(super) fn span(&mut self, text: &str, span: fn(String) -> Span) {
        let text = self.cut(text).to_owned();
        if !text.is_empty() {
            self.written += text.len();
            self.rich.push(span(text));
        }
    }

    /// An address is not cut: one that does not fit leaves its text alone.
    pub(super) fn link(&mut self, text: &str, url: &str) {
        if self.written + text.len() + url.len() > self.limit {
            self.value(text);
            return;
        }
        self.written += text.len() + url.len();
        self.rich.push(Span::Link {
            text: text.to_owned(),
            url: url.to_owned(),
        });
    }

    /// Text that was made before, perhaps of strangers' texts.
    pub(super) fn rich(&mut self, rich: &Rich) {
        for span in &rich.0 {
            match span {
                Span::Plain(text) => self.value(text),
                Span::Strong(text) => self.span(text, Span::Strong),
                Span::Code(text) => self.span(text, Span::Code),
                Span::Link { text, url } => self.link(text, url),
            }
        }
    }

    pub(super) fn capitalised(&mut self, text: &str) {
        let mut chars = text.chars();
        if let Some(c) = chars.next() {
            self.text(&c.to_uppercase().to_string());
            self.text(chars.as_str());
        }
    }

    fn cut<'t>(&self, text: &'t str) -> &'t str {
        &text[..text.floor_char_boundary(self.limit.saturating_sub(self.written))]
    }
}
