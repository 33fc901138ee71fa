//! Alerts as messages of a Discord webhook: <https://docs.discord.com/developers/resources/webhook>.

mod answer;
mod embed;

#[cfg(test)]
mod tests;

use campanile_guest::json::{Array, Object};
use campanile_guest::{
    Action, Batch, Endpoint, Failure, Message, Notification, Queue, Recipient, Request, Response,
    Verdict, secret, template,
};
use embed::{Embed, fit};

/// The endpoint.
#[derive(Debug)]
pub struct Discord;

campanile_guest::export_endpoint!(Discord);

impl Endpoint for Discord {
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure> {
        let channel = Channel::of(recipient);
        let alerts = queue.chunk(budget);
        let mut batch = Batch::with_capacity(alerts.len());
        let mut group: Vec<(&Notification, Embed)> = Vec::new();
        for alert in &alerts {
            let mut parts = embed::of(alert);
            let edited = channel.edited(alert);
            if edited.is_none() && parts.len() == 1 {
                let together = || group.iter().map(|(_, embed)| embed).chain(&parts);
                if !fit(together()) {
                    channel.deliver(&mut batch, std::mem::take(&mut group));
                }
                group.extend(parts.pop().map(|embed| (alert, embed)));
                continue;
            }
            channel.deliver(&mut batch, std::mem::take(&mut group));
            let mut messages = Vec::with_capacity(parts.len());
            for part in parts {
                let id = edited.as_deref().filter(|_| messages.is_empty());
                messages.push(channel.message(Array::new().value(part.json), id));
            }
            let tag = answer::tag(alert);
            batch.deliver_tagged([alert], messages, tag.to_owned());
        }
        channel.deliver(&mut batch, group);
        Ok(batch)
    }

    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure> {
        let embeds = Array::new().value(embed::test(recipient));
        Ok(vec![Channel::of(recipient).message(embeds, None)])
    }

    fn format_recipient_params(recipient: &Recipient) -> String {
        let thread = recipient.param("thread");
        thread.unwrap_or_else(|| recipient.name()).to_owned()
    }

    fn read_response(_recipient: &Recipient, response: &Response) -> Verdict {
        answer::read(response)
    }
}

/// Where a recipient's messages go, and how.
struct Channel<'a> {
    thread: Option<&'a str>,
    edits: bool,
}

impl<'a> Channel<'a> {
    fn of(recipient: &'a Recipient) -> Self {
        Self {
            thread: recipient.param("thread"),
            edits: recipient.param("on_release") != Some("message"),
        }
    }

    /// The message that announced the condition which this alert ends. A webhook cannot answer messages.
    fn edited(&self, alert: &Notification) -> Option<String> {
        let ends = self.edits && alert.action() == Action::Released;
        let id = alert.receipt().filter(|_| ends)?;
        // It becomes a part of the address.
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        is_id.then_some(id)
    }

    /// One message for all of these alerts. What one alert alone announced can be edited later.
    fn deliver(&self, batch: &mut Batch, group: Vec<(&Notification, Embed)>) {
        let tag = match group.as_slice() {
            [] => return,
            [(alert, _)] => answer::tag(alert),
            _ => "",
        };
        let (mut alerts, mut embeds) = (Vec::with_capacity(group.len()), Array::new());
        for (alert, embed) in group {
            alerts.push(alert);
            embeds = embeds.value(embed.json);
        }
        batch.deliver_tagged(alerts, vec![self.message(embeds, None)], tag.to_owned());
    }

    /// A new message, or another text of one. Nobody is called, whatever the text says:
    /// <https://docs.discord.com/developers/resources/message#allowed-mentions-object>.
    fn message(&self, embeds: Array, edited: Option<&str>) -> Message {
        let nobody = Object::new().value("parse", Array::new());
        let body = Object::with_capacity(2048)
            .value("embeds", embeds)
            .value("allowed_mentions", nobody);
        let mut request = match edited {
            None => Request::post(secret("webhook")).query("wait", "true"),
            Some(id) => Request::patch(template![secret("webhook"), ["/messages/", id].concat()]),
        };
        if let Some(thread) = self.thread {
            request = request.query("thread_id", thread);
        }
        request.json(body).into()
    }
}
