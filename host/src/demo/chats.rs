//! Slack and Discord in the demo: servers that stand for their APIs, the configuration that leads to them, and
//! what they got.

mod check;

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

use super::receivers::{Received, Request, all, keep, serve};

/// Slack's form of a bot's token, and nobody's.
pub(super) const BOT_TOKEN: &str = "xoxb-1234567890-demo-token-of-nobody";

/// Discord's form of a webhook's path, and nobody's.
pub(super) const WEBHOOK: &str =
    "/api/webhooks/223704706495545344/demo-token-of-nobody-abcdefghijklmnopqrstuvwxyz0123456789";

/// Languages with their time zone, channel in Slack and thread in Discord.
const PLACES: [(&str, &str, &str, &str); 2] = [
    ("en", "Europe/London", "C0001", "1001"),
    ("it", "Europe/Rome", "C0002", "1002"),
];

/// Both servers.
pub(super) struct Chats {
    slack: SocketAddr,
    discord: SocketAddr,
    received: [Received; 2],
}

impl Chats {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let received = [Received::default(), Received::default()];
        let web_api = Router::new().fallback(web_api);
        let webhooks = Router::new().fallback(webhooks);
        Ok(Self {
            slack: serve(web_api.with_state(received[0].clone())).await?,
            discord: serve(webhooks.with_state(received[1].clone())).await?,
            received,
        })
    }

    /// How many recipients are there.
    pub(super) fn recipients() -> usize {
        2 * PLACES.len()
    }

    /// Adds endpoints and recipients.
    pub(super) fn configure(&self, desired: &mut Value) {
        let mut add = |list: &str, item: Value| {
            if let Some(list) = desired[list].as_array_mut() {
                list.push(item);
            }
        };
        let (slack, discord) = (self.slack, self.discord);
        let params = json!({"token": BOT_TOKEN, "api": format!("http://{slack}/api")});
        add(
            "endpoints",
            json!({"name": "demo-slack", "component": "slack", "params": params}),
        );
        let params = json!({"webhook": format!("http://{discord}{WEBHOOK}")});
        add(
            "endpoints",
            json!({"name": "demo-discord", "component": "discord", "params": params}),
        );
        for (language, time_zone, channel, thread) in PLACES {
            for (chat, params) in [
                ("slack", json!({"channel": channel})),
                ("discord", json!({"thread": thread})),
            ] {
                let recipient = json!({"name": format!("{chat}-{language}"), "params": params,
                    "endpoint": format!("demo-{chat}"), "language": language, "time_zone": time_zone});
                add("recipients", recipient);
            }
        }
        let opened = json!({"allow": [format!("{slack}/http"), format!("{discord}/http")]});
        add("networks", opened);
    }

    /// What each got so far, by its name.
    pub(super) fn received(&self) -> [(&'static str, Vec<Request>); 2] {
        let [slack, discord] = &self.received;
        [
            ("Slack server", all(slack)),
            ("Discord server", all(discord)),
        ]
    }
}

/// Everything that is wrong with what they got.
pub(super) fn mistakes(received: &[(&'static str, Vec<Request>); 2]) -> Vec<String> {
    let [(_, slack), (_, discord)] = received;
    let mut mistakes = check::slack(slack);
    mistakes.extend(check::discord(discord));
    mistakes
}

/// Answers as Slack's Web API does: <https://docs.slack.dev/apis/web-api/#responses>.
async fn web_api(
    State(received): State<Received>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let known = headers
        .get("authorization")
        .is_some_and(|given| given.as_bytes() == format!("Bearer {BOT_TOKEN}").as_bytes());
    let number = keep(&received, method, &uri, headers, body);
    let answer = if known {
        json!({"ok": true, "ts": check::ts(number)})
    } else {
        json!({"ok": false, "error": "invalid_auth"})
    };
    (StatusCode::OK, answer.to_string())
}

/// Answers as Discord does: <https://docs.discord.com/developers/resources/webhook#execute-webhook>.
async fn webhooks(
    State(received): State<Received>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let known = uri.path().starts_with(WEBHOOK);
    let number = keep(&received, method, &uri, headers, body);
    if known {
        let answer = json!({"id": number.to_string(), "webhook_id": "223704706495545344"});
        (StatusCode::OK, answer.to_string())
    } else {
        let answer = json!({"code": 10_015, "message": "Unknown Webhook"});
        (StatusCode::NOT_FOUND, answer.to_string())
    }
}
