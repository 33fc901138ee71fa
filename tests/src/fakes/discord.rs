//! Discord: one webhook of a channel, and threads of that channel.

mod limits;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use campanile::clock::{Clock, Millis};
use serde_json::{Value, json};

use super::lock;
use crate::{Behaviour, Receiver, Request};

pub use limits::invalid;

/// <https://docs.discord.com/developers/resources/webhook#webhook-object-example-incoming-webhook>
const WEBHOOK_ID: &str = "223704706495545344";
const TOKEN: &str = "3d89bb7572e0fb30d8128367b3b1b44fecd1726de135cbe28a41f8b2f777c372ba2939e72279b94526ff5d1bd4358d65cf11";
const CHANNEL: &str = "199737254929760256";

/// A message that was taken, as it is now.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// In which thread.
    pub thread: Option<String>,
    /// What it says.
    pub payload: Value,
    /// How often it was edited.
    pub edits: usize,
}

/// So many requests in so many milliseconds: it tells the numbers, and nobody may know them before.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// How many.
    pub limit: u64,
    /// In what time.
    pub window: Millis,
}

struct State {
    token: String,
    threads: Vec<String>,
    messages: BTreeMap<u64, Message>,
    taken: u64,
    refused: Vec<i64>,
    void: bool,
    gone: bool,
    bucket: Bucket,
    /// When the window began, and what it has seen.
    window: (Millis, u64),
    global: Option<f64>,
}

/// A channel with a webhook. It ends when it is dropped.
pub struct Discord {
    receiver: Receiver,
    state: Arc<Mutex<State>>,
}

impl Discord {
    /// A channel with these threads.
    pub async fn start(clock: &Clock, bucket: Bucket, threads: &[&str]) -> Self {
        let state = Arc::new(Mutex::new(State::new(bucket, threads, TOKEN)));
        let receiver = Receiver::start([], Behaviour::Hang).await;
        let started = Self { receiver, state };
        started.renew(clock, bucket, threads, TOKEN);
        started
    }

    /// The same place anew, as if nothing had been, with a webhook of this token.
    pub fn renew(&self, clock: &Clock, bucket: Bucket, threads: &[&str], token: &str) {
        *lock(&self.state) = State::new(bucket, threads, token);
        let (shared, clock) = (self.state.clone(), clock.clone());
        let answer = move |request: &Request| lock(&shared).answer(request, clock.now());
        self.receiver.otherwise(Behaviour::choose(answer));
    }

    /// Where it listens, and what arrived there.
    #[must_use]
    pub fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// The parameters of an endpoint that uses the webhook.
    #[must_use]
    pub fn webhook(&self) -> Value {
        let path = format!("/api/webhooks/{WEBHOOK_ID}/{}", lock(&self.state).token);
        json!({"webhook": self.receiver.url(&path)})
    }

    /// The messages that are in the channel and its threads, in their order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.state).messages.values().cloned().collect()
    }

    /// What it refused, by the error's code; 429 for too many requests.
    #[must_use]
    pub fn refused(&self) -> Vec<i64> {
        lock(&self.state).refused.clone()
    }

    /// The webhook gets another token.
    pub fn revoke(&self) {
        lock(&self.state).void = true;
    }

    /// The webhook is deleted.
    pub fn delete_webhook(&self) {
        lock(&self.state).gone = true;
    }

    /// Somebody deletes all messages.
    pub fn delete_all(&self) {
        lock(&self.state).messages.clear();
    }

    /// The next request is one too many of all, for so many seconds.
    pub fn refuse_next_globally(&self, seconds: f64) {
        lock(&self.state).global = Some(seconds);
    }
}

/// Status, code and words: <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>.
struct Error(u16, i64, String);

impl Error {
    fn new(status: u16, code: i64, words: &str) -> Self {
        Self(status, code, words.to_owned())
    }
}

impl State {
    fn new(bucket: Bucket, threads: &[&str], token: &str) -> Self {
        Self {
            token: token.to_owned(),
            threads: threads.iter().map(|thread| (*thread).to_owned()).collect(),
            messages: BTreeMap::new(),
            taken: 0,
            refused: Vec::new(),
            void: false,
            gone: false,
            bucket,
            window: (0, 0),
            global: None,
        }
    }

    fn answer(&mut self, request: &Request, now: Millis) -> Behaviour {
        // <https://docs.discord.com/developers/topics/rate-limits#exceeding-a-rate-limit>
        if let Some(seconds) = self.global.take() {
            self.refused.push(429);
            let headers = vec![
                (String::from("x-ratelimit-global"), String::from("true")),
                (String::from("x-ratelimit-scope"), String::from("global")),
            ];
            return busy(headers, seconds, true);
        }
        let headers = match self.count(now) {
            Ok(headers) => headers,
            Err((headers, wait)) => {
                self.refused.push(429);
                return busy(headers, seconds(wait), false);
            }
        };
        let (status, body) = match self.carry_out(request) {
            Ok(Some(message)) => (200, message),
            Ok(None) => {
                let head = String::from("HTTP/1.1 204 No Content\r\n\r\n");
                return Behaviour::Raw(head.into_bytes());
            }
            Err(Error(status, code, words)) => {
                self.refused.push(code);
                (status, json!({"message": words, "code": code}))
            }
        };
        Behaviour::Answer(status, headers, body.to_string().into_bytes())
    }

    /// <https://docs.discord.com/developers/topics/rate-limits#header-format>
    #[expect(clippy::type_complexity, reason = "headers, and those of a refusal")]
    fn count(
        &mut self,
        now: Millis,
    ) -> Result<Vec<(String, String)>, (Vec<(String, String)>, Millis)> {
        let Bucket { limit, window } = self.bucket;
        if now >= self.window.0 + window {
            self.window = (now, 0);
        }
        let allowed = self.window.1 < limit;
        self.window.1 += u64::from(allowed);
        let reset = self.window.0 + window;
        let headers = [
            ("x-ratelimit-limit", limit.to_string()),
            ("x-ratelimit-remaining", (limit - self.window.1).to_string()),
            ("x-ratelimit-reset", seconds(reset).to_string()),
            ("x-ratelimit-reset-after", seconds(reset - now).to_string()),
            ("x-ratelimit-bucket", String::from("abcd1234")),
        ];
        let mut headers = headers
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec();
        if allowed {
            return Ok(headers);
        }
        headers.push((String::from("x-ratelimit-scope"), String::from("user")));
        Err((headers, reset - now))
    }

    fn carry_out(&mut self, request: &Request) -> Result<Option<Value>, Error> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let field = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let ["api", "webhooks", id, token, below @ ..] = segments.as_slice() else {
            return Err(Error::new(404, 0, "404: Not Found"));
        };
        if *id != WEBHOOK_ID || self.gone {
            return Err(Error::new(404, 10_015, "Unknown Webhook"));
        }
        if *token != self.token || self.void {
            return Err(Error::new(401, 50_027, "Invalid Webhook Token"));
        }
        let thread = field("thread_id").map(str::to_owned);
        if thread
            .as_ref()
            .is_some_and(|thread| !self.threads.contains(thread))
        {
            return Err(Error::new(404, 10_003, "Unknown Channel"));
        }
        let payload: Value = serde_json::from_slice(&request.body)
            .map_err(|_| Error::new(400, 50_109, "The request body contains invalid JSON."))?;
        let number = match (request.method.as_str(), below) {
            ("POST", []) => {
                let empty = payload["embeds"].as_array().is_none_or(Vec::is_empty);
                if empty && payload["content"].as_str().unwrap_or_default().is_empty() {
                    return Err(Error::new(400, 50_006, "Cannot send an empty message"));
                }
                check(&payload)?;
                self.taken += 1;
                let number = 1_000_000_000_000_000_000 + self.taken;
                let id = number.to_string();
                let message = Message {
                    id,
                    thread,
                    payload,
                    edits: 0,
                };
                self.messages.insert(number, message);
                number
            }
            ("PATCH", ["messages", id]) => {
                let number = id.parse().unwrap_or_default();
                let known = self.messages.get_mut(&number);
                let Some(message) = known.filter(|message| message.thread == thread) else {
                    return Err(Error::new(404, 10_008, "Unknown Message"));
                };
                check(&payload)?;
                message.payload = payload;
                message.edits += 1;
                number
            }
            _ => return Err(Error::new(405, 0, "405: Method Not Allowed")),
        };
        // "When false a message that is not saved does not return an error."
        let shown = request.method == "PATCH" || field("wait") == Some("true");
        let message = &self.messages[&number];
        Ok(shown.then(|| {
            json!({
                "id": message.id, "type": 0, "channel_id": CHANNEL, "webhook_id": WEBHOOK_ID,
                "content": "", "embeds": message.payload["embeds"],
                "author": {"bot": true, "id": WEBHOOK_ID, "username": "Campanile"},
            })
        }))
    }
}

fn check(payload: &Value) -> Result<(), Error> {
    match invalid(payload) {
        None => Ok(()),
        Some(what) => Err(Error(400, 50_035, format!("Invalid Form Body: {what}"))),
    }
}

fn busy(mut headers: Vec<(String, String)>, seconds: f64, global: bool) -> Behaviour {
    headers.push((String::from("retry-after"), seconds.ceil().to_string()));
    let body = json!({
        "message": "You are being rate limited.", "retry_after": seconds, "global": global,
    });
    Behaviour::Answer(429, headers, body.to_string().into_bytes())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 milliseconds")]
fn seconds(milliseconds: Millis) -> f64 {
    milliseconds as f64 / 1000.0
}
