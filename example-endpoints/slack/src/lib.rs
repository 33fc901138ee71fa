//! Alerts as messages in a Slack channel, by an incoming webhook or a bot: <https://docs.slack.dev/messaging/>.

mod answer;
mod blocks;

#[cfg(test)]
mod tests;

use campanile_guest::json::{Array, Object};
use campanile_guest::{
    Action, Batch, Block, Endpoint, Failure, Message, Notification, Params, Problem, Queue,
    Recipient, Request, Response, Scheme, Verdict, secret, together,
};

/// The endpoint.
#[derive(Debug)]
pub struct Slack;

campanile_guest::export_endpoint!(Slack);

/// So many alerts of a queue in one message at most: more is not read.
const TOGETHER: usize = 10;

impl Endpoint for Slack {
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure> {
        Problem::none(Self::lint(recipient.params(), true))?;
        let alerts = queue.chunk(budget);
        let mut batch = Batch::with_capacity(alerts.len());
        let cards = alerts.iter().map(|alert| Card::of(alert, recipient));
        for group in together(cards, Card::join) {
            let alerts = group.iter().map(|card| card.alert);
            batch.announce(alerts, Card::messages(&group, recipient));
        }
        Ok(batch)
    }

    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure> {
        Problem::none(Self::lint(recipient.params(), true))?;
        let text = &blocks::test(recipient);
        Ok(vec![message(recipient, text, None, None)])
    }

    fn lint(params: &Params, complete: bool) -> Vec<Problem> {
        let channel = params.param("channel").is_some();
        let problem = match (params.is_set("webhook"), params.is_set("token")) {
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

/// An alert as blocks, which may go on in an earlier message's thread.
struct Card<'a> {
    alert: &'a Notification,
    blocks: Vec<Block>,
    thread: Option<Thread>,
}

/// What goes on below a message, by its `ts`, is shown there alone, or in the channel too.
struct Thread {
    ts: String,
    shown: bool,
}

impl<'a> Card<'a> {
    /// A webhook tells no message's `ts`: it has no threads.
    fn of(alert: &'a Notification, recipient: &Recipient) -> Self {
        let announced = alert.announced().filter(|_| recipient.is_set("token"));
        let shown = recipient.flag("broadcast") && alert.action() == Action::Released;
        Self {
            alert,
            blocks: blocks::of(alert),
            thread: announced.map(|ts| Thread { ts, shown }),
        }
    }

    /// Whether they fit into one message. What goes into a thread goes alone.
    fn join(group: &[Self], next: &Self) -> bool {
        let mut all = group.iter().chain([next]);
        let room = blocks::ROOM.holds(all.clone().flat_map(|card| &card.blocks));
        room && group.len() < TOGETHER && all.all(|card| card.thread.is_none())
    }

    /// What one message cannot hold goes on in further ones.
    fn messages(group: &[Self], recipient: &Recipient) -> Vec<Message> {
        let text = blocks::titles(group.iter().map(|card| card.alert));
        let thread = group.first().and_then(|card| card.thread.as_ref());
        let pages = blocks::ROOM.pages(group.iter().flat_map(|card| &card.blocks));
        let message = |page| message(recipient, &text, Some(page), thread);
        pages.into_iter().map(message).collect()
    }
}

/// To a webhook, or by <https://docs.slack.dev/reference/methods/chat.postMessage>. `text` is what a phone's
/// notification shows. Slack would otherwise fetch the alert's link to show what is there.
fn message(
    recipient: &Recipient,
    text: &str,
    blocks: Option<Array>,
    thread: Option<&Thread>,
) -> Message {
    let channel = recipient.param("channel");
    let shown = thread.is_some_and(|thread| thread.shown);
    let body = Object::with_capacity(2048)
        .maybe("channel", channel)
        .text("text", text)
        .maybe("blocks", blocks)
        .flag("unfurl_links", false)
        .flag("unfurl_media", false)
        .maybe("thread_ts", thread.map(|thread| thread.ts.as_str()))
        .maybe("reply_broadcast", shown.then_some(true));
    if channel.is_none() {
        return Request::post(secret("webhook")).json(body).into();
    }
    let api = recipient.param("api").unwrap_or("https://slack.com/api");
    Request::post([api.trim_end_matches('/'), "/chat.postMessage"].concat())
        .auth(Scheme::bearer(secret("token")))
        .json(body)
        .into()
}
