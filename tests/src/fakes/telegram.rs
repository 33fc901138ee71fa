//! Telegram: a Bot API server with one bot.

mod html;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use campanile::clock::{Clock, Millis};
use serde_json::{Value, json};

use super::lock;
use crate::{Behaviour, Receiver, Request};

pub use html::seen;

/// Telegram's form, and nobody's: <https://core.telegram.org/bots/api#authorizing-your-bot>.
const TOKEN: &str = "123456789:demo-token-of-nobody-abcdefghijklmn";

/// "1-4096 characters after entities parsing", in UTF-16 units: <https://core.telegram.org/bots/api#sendmessage>.
const TEXT: usize = 4096;

/// A message that was taken, as it is now.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its number.
    pub id: i64,
    /// In which chat.
    pub chat: String,
    /// Which message it answers.
    pub answers: Option<i64>,
    /// What people read.
    pub text: String,
    /// How often it was edited.
    pub edits: usize,
}

#[derive(Default)]
struct State {
    token: String,
    chats: BTreeSet<String>,
    /// Seconds to wait, of the next requests.
    busy: Vec<u64>,
    kicked: bool,
    moved: Option<(String, i64)>,
    void: bool,
    last: i64,
    sent: Vec<Sent>,
    refused: Vec<String>,
}

/// A Bot API server. It ends when it is dropped.
pub struct Telegram {
    receiver: Receiver,
    state: Arc<Mutex<State>>,
}

impl Telegram {
    /// A server whose bot is in these chats.
    pub async fn start(clock: &Clock, chats: &[&str]) -> Self {
        let state = Arc::default();
        let receiver = Receiver::start([], Behaviour::Hang).await;
        let started = Self { receiver, state };
        started.renew(clock, chats, TOKEN);
        started
    }

    /// The same place anew, as if nothing had been, with a bot of this token.
    pub fn renew(&self, clock: &Clock, chats: &[&str], token: &str) {
        *lock(&self.state) = State {
            token: token.to_owned(),
            chats: chats.iter().map(|chat| (*chat).to_owned()).collect(),
            ..State::default()
        };
        let (shared, clock) = (self.state.clone(), clock.clone());
        let answer = move |request: &Request| lock(&shared).answer(request, clock.now());
        self.receiver.otherwise(Behaviour::choose(answer));
    }

    /// Where it listens, and what arrived there.
    #[must_use]
    pub fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// The parameters of an endpoint that uses the bot.
    #[must_use]
    pub fn bot(&self) -> Value {
        json!({"token": lock(&self.state).token, "api": self.receiver.url("")})
    }

    /// The messages that are in the chats, in their order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.state).sent.clone()
    }

    /// What it refused, by its description.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        lock(&self.state).refused.clone()
    }

    /// The token is revoked.
    pub fn revoke(&self) {
        lock(&self.state).void = true;
    }

    /// The bot is kicked from all chats.
    pub fn kick(&self) {
        lock(&self.state).kicked = true;
    }

    /// A group becomes a supergroup.
    pub fn upgrade(&self, chat: &str, to: i64) {
        let mut state = lock(&self.state);
        state.chats.insert(to.to_string());
        state.moved = Some((chat.to_owned(), to));
    }

    /// The next request is one too many, for so many seconds.
    pub fn refuse_next(&self, seconds: u64) {
        lock(&self.state).busy.push(seconds);
    }

    /// Somebody deletes all messages.
    pub fn delete_all(&self) {
        lock(&self.state).sent.clear();
    }
}

/// Code, description and parameters: <https://core.telegram.org/bots/api#making-requests>.
struct Refused(u16, String, Value);

fn bad(what: &str) -> Refused {
    Refused(400, format!("Bad Request: {what}"), Value::Null)
}

impl State {
    fn answer(&mut self, request: &Request, now: Millis) -> Behaviour {
        match self.carry_out(request) {
            Ok(id) => {
                let result = json!({"message_id": id, "date": now / 1000});
                Behaviour::json(200, &json!({"ok": true, "result": result}))
            }
            Err(Refused(code, description, parameters)) => {
                self.refused.push(description.clone());
                let mut body = json!({"ok": false, "error_code": code, "description": description});
                if !parameters.is_null() {
                    body["parameters"] = parameters;
                }
                Behaviour::json(code, &body)
            }
        }
    }

    fn carry_out(&mut self, request: &Request) -> Result<i64, Refused> {
        let refused = |code, words: &str| Refused(code, words.to_owned(), Value::Null);
        let bot = request.path.strip_prefix("/bot");
        let Some((token, method)) = bot.and_then(|rest| rest.split_once('/')) else {
            return Err(refused(404, "Not Found"));
        };
        if token != self.token || self.void {
            return Err(refused(401, "Unauthorized"));
        }
        let body: Value =
            serde_json::from_slice(&request.body).map_err(|_| bad("can't parse JSON object"))?;
        let chat = body["chat_id"].as_str().unwrap_or_default().to_owned();
        // <https://core.telegram.org/bots/api#responseparameters>
        if let Some((_, to)) = self.moved.as_ref().filter(|(from, _)| *from == chat) {
            let words = String::from("Bad Request: group chat was upgraded to a supergroup chat");
            return Err(Refused(400, words, json!({"migrate_to_chat_id": to})));
        }
        if !self.chats.contains(&chat) {
            return Err(bad("chat not found"));
        }
        if self.kicked {
            return Err(refused(
                403,
                "Forbidden: bot was kicked from the supergroup chat",
            ));
        }
        // <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>
        if let Some(seconds) = self.busy.pop() {
            let words = format!("Too Many Requests: retry after {seconds}");
            return Err(Refused(429, words, json!({"retry_after": seconds})));
        }
        if body["parse_mode"] != "HTML" {
            return Err(bad("no parse_mode, so that all markup would be shown"));
        }
        let text = seen(body["text"].as_str().unwrap_or_default())
            .map_err(|what| bad(&format!("can't parse entities: {what}")))?;
        if text.trim().is_empty() {
            return Err(bad("message text is empty"));
        }
        if text.encode_utf16().count() > TEXT {
            return Err(bad("message is too long"));
        }
        match method {
            "sendMessage" => self.send(chat, &body["reply_parameters"], text),
            "editMessageText" => self.edit(&chat, body["message_id"].as_i64(), text),
            _ => Err(refused(404, "Not Found")),
        }
    }

    fn send(&mut self, chat: String, reply: &Value, text: String) -> Result<i64, Refused> {
        let answers = reply["message_id"].as_i64();
        let known = answers.filter(|id| self.sent.iter().any(|it| it.id == *id && it.chat == chat));
        // <https://core.telegram.org/bots/api#replyparameters>
        if answers.is_some() && known.is_none() && reply["allow_sending_without_reply"] != true {
            return Err(bad("message to be replied not found"));
        }
        self.last += 1;
        self.sent.push(Sent {
            id: self.last,
            chat,
            answers: known,
            text,
            edits: 0,
        });
        Ok(self.last)
    }

    fn edit(&mut self, chat: &str, id: Option<i64>, text: String) -> Result<i64, Refused> {
        let sent = self.sent.iter_mut();
        let known = sent
            .into_iter()
            .find(|it| Some(it.id) == id && it.chat == chat);
        let Some(message) = known else {
            return Err(bad("message to edit not found"));
        };
        if message.text == text {
            return Err(bad("message is not modified"));
        }
        message.text = text;
        message.edits += 1;
        Ok(message.id)
    }
}
