//! What a message says, in Telegram's HTML: <https://core.telegram.org/bots/api#html-style>.

use campanile_guest::text::{arg, escape, split, translate};
use campanile_guest::{Action, Markup, Notification, Recipient, Severity, Unit};

/// <https://core.telegram.org/bots/api#sendmessage>: 1 to 4096 characters, which Telegram counts in
/// UTF-16 units.
const LIMIT: u32 = 4096;

/// An alert, in as many texts as it needs.
pub(crate) fn alert(alert: &Notification) -> Vec<String> {
    let mut text = String::with_capacity(512);
    text.push_str(emoji(alert));
    text.push_str(" <b>");
    text.push_str(&alert.title(&Markup::Telegram));
    text.push_str("</b>");
    line(&mut text, &alert.message(&Markup::Telegram));
    text.push('\n');
    let source = escape(&alert.source(), &Markup::Telegram);
    line(
        &mut text,
        &joined(&[alert.entity_label(&Markup::Telegram), source]),
    );
    let severity = escape(&alert.severity_label(), &Markup::Telegram);
    let time = escape(&alert.time(), &Markup::Telegram);
    line(
        &mut text,
        &joined(&[severity, action(&alert.action()), time]),
    );
    let suppressed = alert.suppressed();
    if suppressed > 0 {
        line(
            &mut text,
            &translate(
                "telegram.suppressed",
                &[arg("count", suppressed)],
                &Markup::Telegram,
            ),
        );
    }
    if let Some(url) = alert
        .url()
        .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
    {
        let open = translate("telegram.open", &[], &Markup::Telegram);
        line(
            &mut text,
            &[
                "<a href=\"",
                &escape(&url, &Markup::Telegram),
                "\">",
                &open,
                "</a>",
            ]
            .concat(),
        );
    }
    if text.len() <= LIMIT as usize {
        return vec![text];
    }
    split(&text, &Markup::Telegram, LIMIT, Unit::Utf16)
}

/// The test message.
pub(crate) fn test(recipient: &Recipient) -> String {
    let text = translate(
        "telegram.test",
        &[arg("recipient", recipient.name())],
        &Markup::Telegram,
    );
    ["\u{1F514} ", &text].concat()
}

fn action(action: &Action) -> String {
    match action {
        Action::Stored | Action::Other(_) => String::new(),
        known => translate(&["action.", known.name()].concat(), &[], &Markup::Telegram),
    }
}

fn line(text: &mut String, line: &str) {
    if !line.is_empty() {
        text.push('\n');
        text.push_str(line);
    }
}

fn joined<const N: usize>(words: &[String; N]) -> String {
    let mut text = String::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        if !text.is_empty() {
            text.push_str(" \u{B7} ");
        }
        text.push_str(word);
    }
    text
}

fn emoji(alert: &Notification) -> &'static str {
    if alert.action() == Action::Released {
        return "\u{2705}";
    }
    match alert.severity() {
        Severity::Debug | Severity::Info => "\u{2139}\u{FE0F}",
        Severity::Notice => "\u{1F535}",
        Severity::Warning => "\u{26A0}\u{FE0F}",
        Severity::Error => "\u{1F534}",
        Severity::Critical | Severity::Alert | Severity::Emergency => "\u{1F6A8}",
    }
}
