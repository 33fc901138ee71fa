//! Alerts as syslog lines of RFC 5424, to a server of the user's own.

#[cfg(test)]
mod tests;

use campanile_guest::text::{arg, translate, within};
use campanile_guest::{
    Action, Batch, Endpoint, Failure, Markup, Message, Notification, Queue, Recipient, Syslog,
};

/// The endpoint.
#[derive(Debug)]
pub struct Component;

campanile_guest::export_endpoint!(Component);

/// Bytes of a value: a datagram of 2 KiB has room for all of them, even where each of their bytes is escaped.
const VALUE: usize = 60;

/// Bytes of an address. Half of one would lead elsewhere, so a longer one is left out.
const URL: usize = 120;

impl Endpoint for Component {
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure> {
        Ok(queue.each(budget, |alert| Ok(vec![line(recipient, alert).into()])))
    }

    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure> {
        let name = [arg("recipient", recipient.name())];
        let words = translate("syslog.test", &name, &Markup::Plain);
        let line = header(recipient).message_id("test").message(words);
        Ok(vec![line.into()])
    }

    fn format_recipient_params(recipient: &Recipient) -> String {
        recipient.param("server").unwrap_or_default().to_owned()
    }
}

/// What all lines of a recipient have in common.
fn header(recipient: &Recipient) -> Syslog {
    let number = recipient.integer("facility").unwrap_or_default();
    Syslog::to(recipient.param("server").unwrap_or_default())
        .facility(u8::try_from(number).unwrap_or_default())
        .hostname(recipient.param("hostname").unwrap_or_default())
        .app_name(recipient.param("app_name").unwrap_or_default())
}

/// One alert: words for people, and data by which programs find and join lines.
fn line(recipient: &Recipient, alert: &Notification) -> Syslog {
    let entity = alert.entity();
    let number = |number: Option<u32>| number.map(|it| it.to_string()).unwrap_or_default();
    let repeats = Some(alert.suppressed()).filter(|count| *count > 0);
    let data = [
        ("id", alert.id()),
        ("fingerprint", alert.fingerprint()),
        ("action", alert.action().name().to_owned()),
        ("entity_kind", entity.kind),
        ("entity", entity.value),
        ("source", alert.source()),
        ("category", alert.category().unwrap_or_default()),
        ("score", number(alert.score())),
        ("suppressed", number(repeats)),
    ];
    let short = |value: String| within(VALUE, &Markup::Plain, |_| value.clone()).0;
    let data = data.map(|(name, value)| (name, short(value)));
    let url = alert.web_url().filter(|url| url.len() <= URL);
    let data = data.into_iter().chain(url.map(|url| ("url", url)));
    let ended = alert
        .ends_at()
        .filter(|_| alert.action() == Action::Released);
    header(recipient)
        .severity(alert.severity())
        .timestamp(ended.unwrap_or_else(|| alert.starts_at()))
        .message_id(alert.kind())
        .element(recipient.param("sd_id").unwrap_or_default(), data)
        .message(words(alert))
}

/// `Flood (host 10.0.0.1): 300 flows a second`; of what is over, that it is.
fn words(alert: &Notification) -> String {
    let args = [
        arg("title", alert.title(&Markup::Plain)),
        arg("entity", alert.entity_label(&Markup::Plain)),
    ];
    let key = match alert.action() {
        Action::Released => "syslog.line_released",
        _ => "syslog.line",
    };
    let head = translate(key, &args, &Markup::Plain);
    let message = alert.message(&Markup::Plain);
    if message.is_empty() {
        return head;
    }
    [head, message].join(": ")
}
