//! What a mail says: its subject, its text, and what text and HTML have in common.

use campanile_guest::text::{add_line, arg, translate, within};
use campanile_guest::{Action, Markup, Notification, Recipient};

/// Bytes of all messages of one mail: Gmail shows no more than 102 KB of a page without a click, and names,
/// links and tables need room too.
const MESSAGES: usize = 48 << 10;

/// Bytes of a title.
const TITLE: usize = 300;

/// Bytes of what an alert is about and what raised it.
const NAMES: usize = 600;

/// Bytes of a title, and of what it is about, in a subject: of a longer one programs show the beginning only.
const SUBJECT: usize = 120;

/// Bytes of a link. Browsers and gateways refuse longer ones, and a hundred of them would not fit.
const LINK: usize = 2 << 10;

const RULE: &str = "\n\n----------------------------------------\n\n";

/// An alert in words, all in the same markup; what does not apply is empty.
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) message: String,
    pub(crate) facts: String,
    pub(crate) link: String,
}

impl Words {
    /// Of one of `count` alerts in a mail.
    pub(crate) fn of(alert: &Notification, markup: &Markup, count: usize) -> Self {
        let (title, _) = within(TITLE, markup, |markup| alert.title(markup));
        let room = MESSAGES / count.max(1);
        let (mut message, cut) = within(room, markup, |markup| alert.message(markup));
        if cut {
            message = [&message, "\n\n", &translate("email.cut", &[], markup)].concat();
        }
        let (mut facts, _) = within(NAMES, markup, |markup| alert.names(markup));
        add_line(&mut facts, &alert.state_and_time(markup));
        add_line(&mut facts, &alert.repeats(markup));
        let is_short = alert.web_url().is_some_and(|url| url.len() <= LINK);
        let link = is_short.then(|| alert.link("email.open", markup)).flatten();
        Self {
            title,
            message,
            facts,
            link: link.unwrap_or_default(),
        }
    }
}

/// The text part.
pub(crate) fn text(alerts: &[Notification]) -> String {
    let one = |alert| {
        let mut words = Words::of(alert, &Markup::Plain, alerts.len());
        add_line(&mut words.title, &words.message);
        add_line(&mut words.facts, &words.link);
        [words.title, words.facts].join("\n\n")
    };
    alerts.iter().map(one).collect::<Vec<_>>().join(RULE) + "\n"
}

/// The subject. A mail about several is as urgent as the most urgent of them.
pub(crate) fn subject(recipient: &Recipient, alerts: &[Notification]) -> String {
    let subject = match alerts {
        [alert] => about_one(alert),
        _ => {
            let worst = alerts.iter().max_by_key(|alert| alert.severity());
            let severity = worst.map(Notification::severity_label).unwrap_or_default();
            let args = [arg("count", alerts.len()), arg("severity", severity)];
            translate("email.subject_many", &args, &Markup::Plain)
        }
    };
    let prefix = recipient.param("subject").unwrap_or_default();
    [prefix, &subject].join(" ").trim().to_owned()
}

fn about_one(alert: &Notification) -> String {
    let (title, _) = within(SUBJECT, &Markup::Plain, |markup| alert.title(markup));
    let (entity, _) = within(SUBJECT, &Markup::Plain, |markup| alert.entity_label(markup));
    let severity = arg("severity", alert.severity_label());
    let key = match alert.action() {
        Action::Released => "email.subject_released",
        _ => "email.subject",
    };
    let args = [severity, arg("title", title), arg("entity", entity)];
    translate(key, &args, &Markup::Plain)
}

/// Subject and text of the test mail.
pub(crate) fn test(recipient: &Recipient) -> (String, String) {
    let name = [arg("recipient", recipient.name())];
    let subject = translate("email.test_subject", &name, &Markup::Plain);
    (subject, translate("email.test", &name, &Markup::Plain))
}
