//! How destinations write text.

use serde::{Deserialize, Serialize};

use super::escape;

/// How a destination writes text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Markup {
    /// No markup at all.
    #[default]
    Plain,
    /// HTML, as in mails.
    Html,
    /// CommonMark and its relatives (Discord, Mattermost, GitHub).
    Markdown,
    /// [Slack's mrkdwn](https://docs.slack.dev/messaging/formatting-message-text).
    Slack,
    /// [The HTML of Telegram's Bot API](https://core.telegram.org/bots/api#html-style).
    Telegram,
}

impl Markup {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Plain,
        Self::Html,
        Self::Markdown,
        Self::Slack,
        Self::Telegram,
    ];

    /// The markup with this name; `None` where there is none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|markup| markup.name() == name)
    }

    /// The name, as in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Slack => "slack",
            Self::Telegram => "telegram",
        }
    }

    /// Text that a reader sees as `text`, whatever is in it. In every markup control characters other
    /// than newline and tab are dropped, and bidirectional embeddings end with the text.
    ///
    /// Line breaks stay line breaks: HTML shows them as spaces unless its style says otherwise.
    /// Where a markup has no escape for something, a zero-width space (U+200B) breaks it: after `@` in
    /// Markdown, and around `*`, `_`, `~` and backquotes in Slack where they would take effect.
    #[must_use]
    pub fn escape(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + text.len() / 8);
        escape::text(self, text, &mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_markups() {
        for markup in Markup::ALL {
            assert_eq!(Markup::from_name(markup.name()), Some(markup));
        }
        assert_eq!(Markup::from_name("HTML"), None);
        assert_eq!(Markup::from_name(""), None);
    }
}
