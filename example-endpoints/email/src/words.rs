//! What a mail says: its subject, its text, and what text and HTML have in common.

use campanile_guest::text::{arg, escape, split, translate};
use campanile_guest::{Action, Markup, Notification, Recipient, Severity, Unit};

/// Bytes of all messages of one mail: Gmail shows no more than 102 KB of a page without a click, and names,
/// links and tables need room too.
const MESSAGES: usize = 48 << 10;

/// Bytes of a title, and of what an alert is about.
const NAME: usize = 300;

/// Bytes of the same in a subject: of a longer one programs show the beginning only.
const SUBJECT: usize = 120;

/// Bytes of a link. Browsers and gateways refuse longer ones, and a hundred of them would not fit.
const LINK: usize = 2 << 10;

const RULE: &str = "\n\n----------------------------------------\n\n";

/// An alert in words, each written in the same markup; what does not apply is empty.
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) message: String,
    pub(crate) about: String,
    pub(crate) state: String,
    pub(crate) repeats: String,
    pub(crate) link: String,
}

impl Words {
    /// Of one of `count` alerts in a mail.
    pub(crate) fn of(alert: &Notification, markup: &Markup, count: usize) -> Self {
        let (title, _) = within(NAME, markup, |markup| alert.title(markup));
        let room = MESSAGES / count.max(1);
        let (mut message, cut) = within(room, markup, |markup| alert.message(markup));
        if cut {
            let note = translate("email.cut", &[], markup);
            message = [&message, "\n\n", &note].concat();
        }
        let (entity, _) = within(NAME, markup, |markup| alert.entity_label(markup));
        let (source, _) = within(NAME, markup, |markup| escape(&alert.source(), markup));
        let severity = escape(&alert.severity_label(), markup);
        let action = match alert.action() {
            Action::Stored | Action::Other(_) => String::new(),
            known => translate(&["action.", known.name()].concat(), &[], markup),
        };
        let repeats = match alert.suppressed() {
            0 => String::new(),
            count => translate("alert.suppressed", &[arg("count", count)], markup),
        };
        let link = alert
            .url()
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
            .map(|url| escape(&url, markup))
            .filter(|url| url.len() <= LINK);
        Self {
            title,
            message,
            about: joined([entity, source]),
            state: joined([severity, action, escape(&alert.time(), markup)]),
            repeats,
            link: link.unwrap_or_default(),
        }
    }
}

/// The text part.
pub(crate) fn text(alerts: &[Notification]) -> String {
    let texts: Vec<String> = alerts
        .iter()
        .map(|alert| {
            let words = Words::of(alert, &Markup::Plain, alerts.len());
            let link = if words.link.is_empty() {
                String::new()
            } else {
                let open = translate("email.open", &[], &Markup::Plain);
                [&open, ": ", &words.link].concat()
            };
            let facts = lines([words.about, words.state, words.repeats, link]);
            [lines([words.title, words.message]), facts].join("\n\n")
        })
        .collect();
    texts.join(RULE) + "\n"
}

/// The subject. A mail about several is as urgent as the most urgent of them.
pub(crate) fn subject(recipient: &Recipient, alerts: &[Notification]) -> String {
    let prefix = recipient.param("subject").unwrap_or_default();
    let subject = match alerts {
        [alert] => about_one(alert),
        _ => {
            let worst = alerts.iter().max_by_key(|alert| alert.severity());
            let severity = worst.map(Notification::severity_label).unwrap_or_default();
            let count = u32::try_from(alerts.len()).unwrap_or(u32::MAX);
            let args = [arg("count", count), arg("severity", severity)];
            translate("email.subject_many", &args, &Markup::Plain)
        }
    };
    [prefix, &subject].join(" ").trim().to_owned()
}

fn about_one(alert: &Notification) -> String {
    let (title, _) = within(SUBJECT, &Markup::Plain, |markup| alert.title(markup));
    let (entity, _) = within(SUBJECT, &Markup::Plain, |markup| alert.entity_label(markup));
    let args = [
        arg("severity", alert.severity_label()),
        arg("title", title),
        arg("entity", entity),
    ];
    let key = match alert.action() {
        Action::Released => "email.subject_released",
        _ => "email.subject",
    };
    translate(key, &args, &Markup::Plain)
}

/// Subject and text of the test mail.
pub(crate) fn test(recipient: &Recipient) -> (String, String) {
    let name = [arg("recipient", recipient.name())];
    let subject = translate("email.test_subject", &name, &Markup::Plain);
    (subject, translate("email.test", &name, &Markup::Plain))
}

/// The colour of an alert's bar: legible on white and on black.
pub(crate) fn colour(alert: &Notification) -> &'static str {
    if alert.action() == Action::Released {
        return "#2da44e";
    }
    match alert.severity() {
        Severity::Debug | Severity::Info => "#8c959f",
        Severity::Notice => "#218bff",
        Severity::Warning => "#d4a72c",
        Severity::Error => "#e5534b",
        Severity::Critical | Severity::Alert | Severity::Emergency => "#b83280",
    }
}

/// What `get` says in this markup; where that is too long, the beginning of it without any markup of its own,
/// and true.
fn within(limit: usize, markup: &Markup, get: impl Fn(&Markup) -> String) -> (String, bool) {
    let text = get(&Markup::Plain);
    if text.len() <= limit {
        return match markup {
            Markup::Plain => (text, false),
            _ => (get(markup), false),
        };
    }
    // What is far behind the end need not be looked through.
    let near = &text[..text.floor_char_boundary(2 * limit)];
    let pieces = split(near, &Markup::Plain, limit as u32, Unit::Bytes);
    let first = pieces.into_iter().next().unwrap_or_default();
    (escape(&[&first, "\u{2026}"].concat(), markup), true)
}

fn joined<const N: usize>(words: [String; N]) -> String {
    filled(words).join(" \u{B7} ")
}

fn lines<const N: usize>(words: [String; N]) -> String {
    filled(words).join("\n")
}

fn filled<const N: usize>(words: [String; N]) -> Vec<String> {
    words.into_iter().filter(|word| !word.is_empty()).collect()
}
