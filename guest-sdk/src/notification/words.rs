//! What messages for people say of an alert, wherever they go.

use crate::text::{arg, escape, joined, translate};
use crate::{Action, Markup, Notification, Severity, percent};

impl Notification {
    /// A sign for how urgent it is, or that it is over.
    #[must_use]
    pub fn emoji(&self) -> &'static str {
        if self.action() == Action::Released {
            return "\u{2705}";
        }
        match self.severity() {
            Severity::Debug | Severity::Info => "\u{2139}\u{FE0F}",
            Severity::Notice => "\u{1F535}",
            Severity::Warning => "\u{26A0}\u{FE0F}",
            Severity::Error => "\u{1F534}",
            Severity::Critical | Severity::Alert | Severity::Emergency => "\u{1F6A8}",
        }
    }

    /// A colour for the same, as 0xRRGGBB: legible on white and on black.
    #[must_use]
    pub fn colour(&self) -> u32 {
        if self.action() == Action::Released {
            return 0x2D_A4_4E;
        }
        match self.severity() {
            Severity::Debug | Severity::Info => 0x8C_95_9F,
            Severity::Notice => 0x21_8B_FF,
            Severity::Warning => 0xD4_A7_2C,
            Severity::Error => 0xE5_53_4B,
            Severity::Critical | Severity::Alert | Severity::Emergency => 0xB8_32_80,
        }
    }

    /// What it is about and the sensor that raised it, escaped for `markup`: `host 10.0.0.1 · eth0`.
    #[must_use]
    pub fn names(&self, markup: &Markup) -> String {
        let source = escape(&self.source(), markup);
        joined(&[self.entity_label(markup), source])
    }

    /// How urgent it is and where it is in its life, in the recipient's language, escaped for `markup`:
    /// `Error · Engaged`. An event has no life.
    #[must_use]
    pub fn state(&self, markup: &Markup) -> String {
        let severity = escape(&self.severity_label(), markup);
        let action = match self.action() {
            Action::Stored | Action::Other(_) => String::new(),
            known => translate(&["action.", known.name()].concat(), &[], markup),
        };
        joined(&[severity, action])
    }

    /// The same, and when it started: `Error · Engaged · 10/22/2024 4:00:00 PM UTC`.
    #[must_use]
    pub fn state_and_time(&self, markup: &Markup) -> String {
        joined(&[self.state(markup), escape(&self.time(), markup)])
    }

    /// That repeats were held back, and how many, in the recipient's language, escaped for `markup`; empty
    /// where none were.
    #[must_use]
    pub fn repeats(&self, markup: &Markup) -> String {
        match self.suppressed() {
            0 => String::new(),
            count => translate("alert.suppressed", &[arg("count", count)], markup),
        }
    }

    /// [`Notification::url`] where it is an address that a browser opens: a link to anything else would
    /// mislead. Not escaped.
    #[must_use]
    pub fn web_url(&self) -> Option<String> {
        self.url()
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
    }

    /// A link to [`Notification::web_url`], as `markup` writes one: `<https://x/|Show details>` in Slack's. Its
    /// text is the message `label`, a locale key.
    #[must_use]
    pub fn link(&self, label: &str, markup: &Markup) -> Option<String> {
        let url = self.web_url()?;
        let label = translate(label, &[], markup);
        Some(match markup {
            Markup::Html | Markup::Telegram => {
                ["<a href=\"", &escape(&url, markup), "\">", &label, "</a>"].concat()
            }
            Markup::Slack => {
                let url = shielded(&url).replace('&', "&amp;");
                ["<", &url, "|", &label, ">"].concat()
            }
            Markup::Markdown => ["[", &label, "](", &shielded(&url), ")"].concat(),
            Markup::Plain | Markup::Other(_) => [&label, ": ", &escape(&url, markup)].concat(),
        })
    }
}

/// What could end an address in a link is percent-encoded, which no address needs to have bare.
fn shielded(url: &str) -> String {
    let mut address = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' | '>' | '(' | ')' | '|' | '"' | '\'' | '`' | '\\' | '\0'..=' ' | '\u{7f}'.. => {
                address.push_str(&percent(c.encode_utf8(&mut [0; 4])));
            }
            c => address.push(c),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::harness::Alert;

    #[test]
    fn signs_and_colours_tell_how_urgent_it_is_and_what_is_over() {
        let looks = |alert: Alert| {
            let alert = alert.given_out();
            (alert.emoji(), alert.colour())
        };
        let of = |severity| looks(Alert::new("x").severity(severity));
        let ranks = [
            Severity::Info,
            Severity::Notice,
            Severity::Warning,
            Severity::Error,
            Severity::Critical,
        ];
        let mut all: BTreeSet<_> = ranks.into_iter().map(of).collect();
        for severity in Severity::ALL {
            assert!(all.contains(&of(severity)), "{severity:?}");
            let over = Alert::new("x").severity(severity).released();
            all.insert(looks(over));
        }
        assert_eq!(all.len(), ranks.len() + 1);
    }

    #[test]
    fn names_and_states_leave_out_what_is_not_there() {
        let names = |entity, source| {
            let alert = Alert::new("x").entity_label(entity).source(source);
            alert.given_out().names(&Markup::Html)
        };
        assert_eq!(names("<a>", "b&c"), "&lt;a&gt; \u{B7} b&amp;c");
        assert_eq!(names("a", ""), "a");
        assert_eq!(names("", "b"), "b");
        let state = |alert: Alert| alert.given_out().state(&Markup::Plain);
        assert_eq!(state(Alert::new("x")), "Error");
        assert_eq!(state(Alert::new("x").engaged()), "Error \u{B7} Engaged");
        let event = Alert::new("x").given_out();
        let at = "Error \u{B7} 2024-10-22 16:00:00 UTC";
        assert_eq!(event.state_and_time(&Markup::Plain), at);
        assert_eq!(state(Alert::new("x").released()), "Error \u{B7} Released");
    }

    #[test]
    fn repeats_are_told_where_there_were_any() {
        let repeats = |count| {
            let alert = Alert::new("x").suppressed(count);
            alert.given_out().repeats(&Markup::Plain)
        };
        assert_eq!(repeats(0), "");
        assert_eq!(repeats(1), "1 repeat was held back.");
        assert_eq!(repeats(3), "3 repeats were held back.");
    }

    #[test]
    fn only_an_address_of_the_web_is_one() {
        for (url, expected) in [
            ("https://x/", true),
            ("http://10.0.0.1:3000/", true),
            ("httpsx://x/", false),
            ("javascript:alert(1)//https://", false),
            ("ftp://x/", false),
            ("", false),
        ] {
            let found = Alert::new("x").url(url).given_out().web_url();
            assert_eq!(found.is_some(), expected, "{url}");
        }
    }

    #[test]
    fn nothing_breaks_out_of_a_link() {
        let alert = || Alert::new("x").url("https://x/?a&b=(c) |<d>\"'`\\\u{e9}");
        let link = |markup| alert().given_out().link("action.engaged", &markup);
        let shielded = |and: &str| {
            [
                "https://x/?a",
                and,
                "b=%28c%29%20%7C%3Cd%3E%22%27%60%5C%C3%A9",
            ]
            .concat()
        };
        assert_eq!(
            link(Markup::Slack),
            Some(format!("<{}|Engaged>", shielded("&amp;")))
        );
        assert_eq!(
            link(Markup::Markdown),
            Some(format!("[Engaged]({})", shielded("&")))
        );
        let telegram = "<a href=\"https://x/?a&amp;b=(c) |&lt;d&gt;&quot;'`\\\u{e9}\">Engaged</a>";
        assert_eq!(link(Markup::Telegram).as_deref(), Some(telegram));
        let html = telegram.replace('\'', "&#39;");
        assert_eq!(link(Markup::Html), Some(html));
        let script = Alert::new("x").url("javascript:alert(1)");
        assert_eq!(script.given_out().link("x", &Markup::Html), None);
    }
}
