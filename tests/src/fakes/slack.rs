//! Slack: an incoming webhook and `chat.postMessage` of the Web API.

mod limits;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use campanile::clock::{Clock, Millis};
use serde_json::{Value, json};

use super::lock;
use crate::{Behaviour, Receiver, Request};

pub use limits::invalid;

/// Slack's form, and nobody's: <https://docs.slack.dev/authentication/tokens#bot>.
const TOKEN: &str = "xoxb-1234567890-demo-token-of-nobody";

/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#advanced_message_formatting>
const WEBHOOK: &str = "/services/T00000000/B00000000/demoWebhookOfNobodyXXXXX";

/// "Generally allows posting one message per second per channel":
/// <https://docs.slack.dev/apis/web-api/rate-limits#overview>. Short bursts are allowed there, and are not here.
const PACE: Millis = 1000;

/// Where the webhook posts to.
const CHANNEL_OF_WEBHOOK: &str = "C0WEBHOOK";

/// A message that was taken.
#[derive(Debug, Clone)]
pub struct Posted {
    /// In which channel.
    pub channel: String,
    /// Its id: <https://docs.slack.dev/messaging/retrieving-messages#individual_messages>.
    pub ts: String,
    /// In whose thread.
    pub thread_ts: Option<String>,
    /// All of it.
    pub payload: Value,
}

#[derive(Default)]
struct State {
    token: String,
    webhook: String,
    channels: BTreeMap<String, Option<Millis>>,
    archived: Vec<String>,
    posted: Vec<Posted>,
    refused: Vec<String>,
    void: bool,
    refuse: Vec<u64>,
}

/// A workspace with a bot and a webhook. It ends when it is dropped.
pub struct Slack {
    receiver: Receiver,
    state: Arc<Mutex<State>>,
}

impl Slack {
    /// A workspace with these channels, which the bot is in, and the webhook's own.
    pub async fn start(clock: &Clock, channels: &[&str]) -> Self {
        let state = Arc::default();
        let receiver = Receiver::start([], Behaviour::Hang).await;
        let started = Self { receiver, state };
        started.renew(clock, channels, TOKEN, WEBHOOK);
        started
    }

    /// The same place anew, as if nothing had been, with a bot of this token and a webhook of this path.
    pub fn renew(&self, clock: &Clock, channels: &[&str], token: &str, webhook: &str) {
        let all = channels.iter().copied().chain([CHANNEL_OF_WEBHOOK]);
        *lock(&self.state) = State {
            token: token.to_owned(),
            webhook: webhook.to_owned(),
            channels: all.map(|name| (name.to_owned(), None)).collect(),
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

    /// The parameters of an endpoint that uses the webhook.
    #[must_use]
    pub fn webhook(&self) -> Value {
        json!({"webhook": self.receiver.url(&lock(&self.state).webhook)})
    }

    /// The parameters of an endpoint that uses the bot.
    #[must_use]
    pub fn bot(&self) -> Value {
        json!({"token": lock(&self.state).token, "api": self.receiver.url("/api")})
    }

    /// The messages that it took.
    #[must_use]
    pub fn posted(&self) -> Vec<Posted> {
        lock(&self.state).posted.clone()
    }

    /// What it refused, by the error's word.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        lock(&self.state).refused.clone()
    }

    /// The token is revoked, and the webhook removed.
    pub fn revoke(&self) {
        lock(&self.state).void = true;
    }

    /// The channel is archived.
    pub fn archive(&self, channel: &str) {
        lock(&self.state).archived.push(channel.to_owned());
    }

    /// Somebody deletes all messages.
    pub fn delete_all(&self) {
        lock(&self.state).posted.clear();
    }

    /// The next request is one too many, for so many seconds.
    pub fn refuse_next(&self, seconds: u64) {
        lock(&self.state).refuse.push(seconds);
    }
}

/// Why a message is not taken.
enum Refused {
    /// An error's word.
    Error(&'static str),
    /// Too many requests: seconds to wait.
    Busy(u64),
}

impl State {
    fn answer(&mut self, request: &Request, now: Millis) -> Behaviour {
        let webhook = request.path == self.webhook;
        let taken = if webhook {
            self.by_webhook(request, now)
        } else if request.path == "/api/chat.postMessage" {
            self.by_bot(request, now)
        } else {
            Err(Refused::Error("unknown_method"))
        };
        match taken {
            Ok(ts) => {
                if webhook {
                    return Behaviour::Answer(200, Vec::new(), b"ok".to_vec());
                }
                let posted = self.posted.last();
                let channel = posted.map(|posted| posted.channel.clone());
                Behaviour::json(200, &json!({"ok": true, "channel": channel, "ts": ts}))
            }
            Err(Refused::Busy(seconds)) => {
                self.refused.push(String::from("ratelimited"));
                // <https://docs.slack.dev/apis/web-api/rate-limits#responding>
                let body = json!({"ok": false, "error": "ratelimited"}).to_string();
                let wait = (String::from("retry-after"), seconds.to_string());
                Behaviour::Answer(429, vec![wait], body.into_bytes())
            }
            Err(Refused::Error(word)) => {
                self.refused.push(word.to_owned());
                if webhook {
                    return Behaviour::Answer(status(word), Vec::new(), word.into());
                }
                // "All Web API responses contain a JSON object, which always contains a top-level boolean
                // property ok": <https://docs.slack.dev/apis/web-api/#responses>
                Behaviour::json(200, &json!({"ok": false, "error": word}))
            }
        }
    }

    fn by_webhook(&mut self, request: &Request, now: Millis) -> Result<String, Refused> {
        if self.void {
            return Err(Refused::Error("no_service"));
        }
        let payload = payload(request).ok_or(Refused::Error("invalid_payload"))?;
        match self.take(CHANNEL_OF_WEBHOOK, None, payload, now) {
            Err(Refused::Error("is_archived")) => Err(Refused::Error("channel_is_archived")),
            Err(Refused::Error(word)) if word.starts_with("invalid") => {
                Err(Refused::Error("invalid_payload"))
            }
            taken => taken,
        }
    }

    fn by_bot(&mut self, request: &Request, now: Millis) -> Result<String, Refused> {
        // <https://docs.slack.dev/reference/methods/chat.postMessage#errors>
        match request.header("authorization") {
            None => return Err(Refused::Error("not_authed")),
            Some(given) if given != format!("Bearer {}", self.token) => {
                return Err(Refused::Error("invalid_auth"));
            }
            Some(_) if self.void => return Err(Refused::Error("token_revoked")),
            Some(_) => {}
        }
        let payload = payload(request).ok_or(Refused::Error("json_not_object"))?;
        let channel = payload["channel"].as_str().unwrap_or_default().to_owned();
        let thread = payload["thread_ts"].as_str().map(str::to_owned);
        self.take(&channel, thread, payload, now)
    }

    fn take(
        &mut self,
        channel: &str,
        thread_ts: Option<String>,
        payload: Value,
        now: Millis,
    ) -> Result<String, Refused> {
        let Some(last) = self.channels.get_mut(channel) else {
            return Err(Refused::Error("channel_not_found"));
        };
        if self.archived.iter().any(|archived| archived == channel) {
            return Err(Refused::Error("is_archived"));
        }
        if let Some(seconds) = self.refuse.pop() {
            return Err(Refused::Busy(seconds));
        }
        if last.is_some_and(|last| now < last + PACE) {
            return Err(Refused::Busy(1));
        }
        if let Some(word) = invalid(&payload) {
            return Err(Refused::Error(word));
        }
        let parent = |posted: &Posted| {
            // "Avoid using a reply's ts value; use its parent instead."
            posted.channel == channel
                && posted.thread_ts.is_none()
                && Some(&posted.ts) == thread_ts.as_ref()
        };
        if thread_ts.is_some() && !self.posted.iter().any(parent) {
            return Err(Refused::Error("cannot_reply_to_message"));
        }
        *last = Some(now);
        let ts = format!("{}.{:06}", now / 1000, self.posted.len() + 1);
        self.posted.push(Posted {
            channel: channel.to_owned(),
            ts: ts.clone(),
            thread_ts,
            payload,
        });
        Ok(ts)
    }
}

/// <https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks>
fn status(word: &str) -> u16 {
    match word {
        "action_prohibited" => 403,
        "channel_not_found" | "no_service" | "no_team" => 404,
        "channel_is_archived" => 410,
        "rollup_error" => 500,
        _ => 400,
    }
}

fn payload(request: &Request) -> Option<Value> {
    let json = request
        .header("content-type")?
        .starts_with("application/json");
    let payload: Value = serde_json::from_slice(&request.body).ok()?;
    (json && request.method == "POST" && payload.is_object()).then_some(payload)
}
