//! Alerts as messages in a Slack channel, by an incoming webhook or a bot: <https://docs.slack.dev/messaging/>.

mod answer;
mod blocks;

#[cfg(test)]
mod tests;

use blocks::Card;
use campanile_guest::json::Object;
use campanile_guest::{
    Action, Batch, Endpoint, Failure, Message, Notification, Params, Problem, Queue, Recipient,
    Request, Response, Scheme, Verdict, secret,
};

/// The endpoint.
#[derive(Debug)]
pub struct Slack;

campanile_guest::export_endpoint!(Slack);

/// So many alerts of a queue in one message at most: more is not read.
const TOGETHER: usize = 10;

impl Endpoint for Slack {
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure> {
        let way = Way::of(recipient)?;
        let alerts = queue.chunk(budget);
        let mut batch = Batch::with_capacity(alerts.len());
        let mut group: Vec<(&Notification, Card)> = Vec::new();
        for alert in &alerts {
            let card = blocks::card(alert);
            let thread = way.thread(alert);
            let alone = thread.is_some() || !card.fits_with(&[]);
            let full = group.len() == TOGETHER
                || !card.fits_with(
                    group
                        .iter()
                        .map(|(_, card)| card)
                        .collect::<Vec<_>>()
                        .as_slice(),
                );
            if alone || full {
                way.deliver(&mut batch, std::mem::take(&mut group), None);
            }
            group.push((alert, card));
            if alone {
                way.deliver(&mut batch, std::mem::take(&mut group), thread.as_deref());
            }
        }
        way.deliver(&mut batch, group, None);
        Ok(batch)
    }

    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure> {
        let way = Way::of(recipient)?;
        let text = blocks::test(recipient);
        Ok(vec![way.message(&text, None, None)])
    }

    fn lint(params: &Params, complete: bool) -> Vec<Problem> {
        let (webhook, token) = (params.is_set("webhook"), params.is_set("token"));
        let channel = params.param("channel").is_some();
        let problem = match (webhook, token) {
            (true, true) | (false, false) => Problem::of("webhook", "slack.one_way"),
            (false, true) if complete && !channel => {
                Problem::of("channel", "slack.channel_missing")
            }
            (true, false) if channel => Problem::of("channel", "slack.channel_of_webhook"),
            _ => return Vec::new(),
        };
        vec![problem]
    }

    fn format_recipient_params(recipient: &Recipient) -> String {
        let channel = recipient.param("channel");
        channel.unwrap_or_else(|| recipient.name()).to_owned()
    }

    fn read_response(recipient: &Recipient, response: &Response) -> Verdict {
        answer::read(response, recipient.is_set("token"))
    }
}

/// How messages get there.
enum Way<'a> {
    /// To the channel that the webhook is for. It tells no message's id, so there are no threads.
    Webhook,
    /// <https://docs.slack.dev/reference/methods/chat.postMessage>.
    Bot {
        api: &'a str,
        channel: &'a str,
        broadcast: bool,
    },
}

impl<'a> Way<'a> {
    fn of(recipient: &'a Recipient) -> Result<Self, Problem> {
        if let Some(problem) = Slack::lint(recipient.params(), true).pop() {
            return Err(problem);
        }
        let Some(channel) = recipient.param("channel") else {
            return Ok(Self::Webhook);
        };
        let api = recipient.param("api").unwrap_or("https://slack.com/api");
        Ok(Self::Bot {
            api: api.trim_end_matches('/'),
            channel,
            broadcast: recipient.flag("broadcast"),
        })
    }

    /// The message that announced an alert's condition, by its `ts`.
    fn thread(&self, alert: &Notification) -> Option<String> {
        let known = matches!(self, Self::Bot { .. }) && alert.action() != Action::Stored;
        alert.receipt().filter(|_| known)
    }

    /// One delivery of these alerts. What a message cannot hold goes on in further ones.
    fn deliver(&self, batch: &mut Batch, group: Vec<(&Notification, Card)>, thread: Option<&str>) {
        if group.is_empty() {
            return;
        }
        let tag = match (self, thread) {
            (Self::Bot { .. }, None) => answer::ANNOUNCES,
            _ => "",
        };
        // A thread is for what goes on in it; its end may be shown to all.
        let shown = group
            .iter()
            .any(|(alert, _)| alert.action() == Action::Released);
        let thread = thread.map(|ts| (ts, shown));
        let alerts: Vec<&Notification> = group.iter().map(|(alert, _)| *alert).collect();
        let (text, pages) = blocks::pages(group.into_iter().map(|(_, card)| card));
        let messages = pages
            .into_iter()
            .map(|blocks| self.message(&text, Some(blocks), thread))
            .collect();
        batch.deliver_tagged(alerts, messages, tag.to_owned());
    }

    /// `text` is what a phone's notification shows. Slack would otherwise fetch the alert's link to show
    /// what is there.
    fn message(
        &self,
        text: &str,
        blocks: Option<campanile_guest::json::Array>,
        thread: Option<(&str, bool)>,
    ) -> Message {
        let mut body = Object::with_capacity(2048);
        if let Self::Bot { channel, .. } = self {
            body = body.text("channel", channel);
        }
        body = body.text("text", text);
        if let Some(blocks) = blocks {
            body = body.value("blocks", blocks);
        }
        body = body.flag("unfurl_links", false).flag("unfurl_media", false);
        match self {
            Self::Webhook => Request::post(secret("webhook")).json(body).into(),
            Self::Bot { api, broadcast, .. } => {
                if let Some((ts, ends)) = thread {
                    body = body.text("thread_ts", ts);
                    if *broadcast && ends {
                        body = body.flag("reply_broadcast", true);
                    }
                }
                Request::post([api, "/chat.postMessage"].concat())
                    .auth(Scheme::bearer(secret("token")))
                    .json(body)
                    .into()
            }
        }
    }
}
