//! Alerts as messages of a Telegram bot: <https://core.telegram.org/bots/api>.

mod answer;
mod words;

#[cfg(test)]
mod tests;

use campanile_guest::json::Object;
use campanile_guest::{
    Action, Batch, Endpoint, Failure, Message, Notification, Params, Problem, Queue, Recipient,
    Request, Response, Severity, Verdict, secret, template,
};

/// The endpoint.
#[derive(Debug)]
pub struct Telegram;

campanile_guest::export_endpoint!(Telegram);

impl Endpoint for Telegram {
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure> {
        let chat = Chat::of(recipient)?;
        let mut batch = Batch::new();
        for alert in &queue.chunk(budget) {
            batch.announce([alert], chat.messages(alert));
        }
        Ok(batch)
    }

    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure> {
        let chat = Chat::of(recipient)?;
        Ok(vec![chat.sent(&words::test(recipient), None, false)])
    }

    fn lint(params: &Params, _complete: bool) -> Vec<Problem> {
        params
            .param("chat")
            .and_then(wrong_chat)
            .into_iter()
            .collect()
    }

    fn read_response(_recipient: &Recipient, response: &Response) -> Verdict {
        answer::read(response)
    }
}

/// Where a recipient's messages go, and how.
struct Chat<'a> {
    api: &'a str,
    id: &'a str,
    topic: Option<i64>,
    silent_below: Option<Severity>,
    edits: bool,
}

impl<'a> Chat<'a> {
    fn of(recipient: &'a Recipient) -> Result<Self, Problem> {
        let id = recipient.param("chat").unwrap_or_default();
        if let Some(problem) = wrong_chat(id) {
            return Err(problem);
        }
        Ok(Self {
            api: recipient
                .param("api")
                .unwrap_or("https://api.telegram.org")
                .trim_end_matches('/'),
            id,
            topic: recipient.integer("topic"),
            silent_below: recipient.param("silent_below").and_then(Severity::named),
            edits: recipient.param("on_release") == Some("edit"),
        })
    }

    /// The first message answers or replaces the one that announced the condition; a long text goes on
    /// in further ones.
    fn messages(&self, alert: &Notification) -> Vec<Message> {
        let announced = alert.announced().and_then(|id| id.parse::<i64>().ok());
        let edits = self.edits && alert.action() == Action::Released;
        let silent = self
            .silent_below
            .is_some_and(|limit| alert.severity() < limit);
        let texts = words::alert(alert).into_iter().enumerate();
        let message = |(part, text): (usize, String)| match announced.filter(|_| part == 0) {
            Some(id) if edits => self.edited(&text, id),
            answered => self.sent(&text, answered, silent),
        };
        texts.map(message).collect()
    }

    /// A new message, in answer to another where there is one.
    fn sent(&self, text: &str, answered: Option<i64>, silent: bool) -> Message {
        let answered = answered.map(|id| {
            Object::new()
                .integer("message_id", id)
                .flag("allow_sending_without_reply", true)
        });
        let body = self
            .body(text)
            .maybe("reply_parameters", answered)
            .maybe("message_thread_id", self.topic)
            .maybe("disable_notification", silent.then_some(true));
        self.request("sendMessage", body)
    }

    /// Another text of a message.
    fn edited(&self, text: &str, id: i64) -> Message {
        self.request("editMessageText", self.body(text).integer("message_id", id))
    }

    /// What every message has. Telegram would otherwise fetch the alert's link to preview it.
    fn body(&self, text: &str) -> Object {
        let no_preview = Object::new().flag("is_disabled", true);
        Object::with_capacity(text.len() + 256)
            .text("chat_id", self.id)
            .text("text", text)
            .text("parse_mode", "HTML")
            .value("link_preview_options", no_preview)
    }

    fn request(&self, method: &str, body: Object) -> Message {
        let url = template![
            [self.api, "/bot"].concat(),
            secret("token").percent(),
            ["/", method].concat()
        ];
        Request::post(url).json(body).into()
    }
}

fn wrong_chat(chat: &str) -> Option<Problem> {
    let number = chat.parse::<i64>().is_ok_and(|id| id != 0);
    let name = chat.strip_prefix('@').is_some_and(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    (!number && !name).then(|| Problem::of("chat", "telegram.chat_wrong").arg("chat", chat))
}
