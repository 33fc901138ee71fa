//! Alerts as messages of a Discord webhook: <https://docs.discord.com/developers/resources/webhook>.

mod answer;
mod embed;

#[cfg(test)]
mod tests;

use campanile_guest::json::{Array, Object};
use campanile_guest::{
    Action, Batch, Block, Endpoint, Failure, Message, Notification, Queue, Recipient, Request,
    Response, Verdict, secret, template, together,
};

/// The endpoint.
#[derive(Debug)]
pub struct Discord;

campanile_guest::export_endpoint!(Discord);

impl Endpoint for Discord {
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure> {
        let alerts = queue.chunk(budget);
        let mut batch = Batch::with_capacity(alerts.len());
        let cards = alerts.iter().map(|alert| Card::of(alert, recipient));
        for group in together(cards, Card::join) {
            let messages = Card::messages(&group, recipient);
            let alerts = group.iter().map(|card| card.alert);
            // What several alerts share cannot be edited for one of them.
            match group.len() {
                1 => batch.announce(alerts, messages),
                _ => batch.deliver(alerts, messages),
            }
        }
        Ok(batch)
    }

    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure> {
        let embeds = Array::from_iter([embed::test(recipient)]);
        Ok(vec![message(recipient, embeds, None)])
    }

    fn format_recipient_params(recipient: &Recipient) -> String {
        let thread = recipient.param("thread");
        thread.unwrap_or_else(|| recipient.name()).to_owned()
    }

    fn read_response(_recipient: &Recipient, response: &Response) -> Verdict {
        answer::read(response)
    }
}

/// An alert as embeds, which may become another text of an earlier message.
struct Card<'a> {
    alert: &'a Notification,
    embeds: Vec<Block>,
    edited: Option<String>,
}

impl<'a> Card<'a> {
    fn of(alert: &'a Notification, recipient: &Recipient) -> Self {
        Self {
            alert,
            embeds: embed::of(alert),
            edited: edited(alert, recipient),
        }
    }

    /// Whether they fit into one message. What edits one, or needs several, goes alone.
    fn join(group: &[Self], next: &Self) -> bool {
        let mut all = group.iter().chain([next]);
        let room = embed::ROOM.holds(all.clone().flat_map(|card| &card.embeds));
        room && all.all(|card| card.edited.is_none() && card.embeds.len() == 1)
    }

    /// Several alerts are one message. One alone is a message for each of its embeds, of which the first may
    /// be another text of an earlier one.
    fn messages(group: &[Self], recipient: &Recipient) -> Vec<Message> {
        let embeds = group.iter().flat_map(|card| &card.embeds);
        let [alone] = group else {
            return vec![message(recipient, embeds.collect(), None)];
        };
        let mut edited = alone.edited.as_deref();
        embeds
            .map(|embed| message(recipient, Array::from_iter([embed]), edited.take()))
            .collect()
    }
}

/// The message that announced the condition which this alert ends. A webhook cannot answer messages.
fn edited(alert: &Notification, recipient: &Recipient) -> Option<String> {
    let wanted = recipient.param("on_release") != Some("message");
    let ends = wanted && alert.action() == Action::Released;
    let id = alert.announced().filter(|_| ends)?;
    // It becomes a part of the address.
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(id)
}

/// A new message, or another text of one. Nobody is called, whatever the text says:
/// <https://docs.discord.com/developers/resources/message#allowed-mentions-object>.
fn message(recipient: &Recipient, embeds: Array, edited: Option<&str>) -> Message {
    let nobody = Object::new().value("parse", Array::new());
    let body = Object::with_capacity(2048)
        .value("embeds", embeds)
        .value("allowed_mentions", nobody);
    let mut request = match edited {
        None => Request::post(secret("webhook")).query("wait", "true"),
        Some(id) => Request::patch(template![secret("webhook"), ["/messages/", id].concat()]),
    };
    if let Some(thread) = recipient.param("thread") {
        request = request.query("thread_id", thread);
    }
    request.json(body).into()
}
