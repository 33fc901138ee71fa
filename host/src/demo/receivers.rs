//! Loopback servers that stand for Telegram's Bot API and for a webhook's receiver.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The bot's token: Telegram's form, and nobody's.
pub(super) const TOKEN: &str = "123456789:demo-token-of-nobody-abcdefghijklmn";

/// The webhook's signing key: 32 bytes.
pub(super) const SIGNING_KEY: &str = "whsec_ZGVtby1zaWduaW5nLWtleS1vZi1ub2JvZHkhISE=";

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Request {
    /// The path with the token as a hole: a demo's output is pasted into tickets.
    fn shown_path(&self) -> String {
        let path = self.path.replace(TOKEN, "⟨secret token⟩");
        path.replace(super::chats::WEBHOOK, "/⟨secret webhook⟩")
    }

    pub(super) fn to_json(&self) -> Value {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| json!([name.as_str(), shown_value(value)]))
            .collect();
        json!({
            "method": self.method.as_str(), "path": self.shown_path(), "headers": headers,
            "body": String::from_utf8_lossy(&self.body),
        })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} HTTP/1.1", self.method, self.shown_path())?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", shown_value(value))?;
        }
        writeln!(f, "\n{}", String::from_utf8_lossy(&self.body))
    }
}

/// A header's value, with the token as a hole.
fn shown_value(value: &axum::http::HeaderValue) -> String {
    let value = String::from_utf8_lossy(value.as_bytes());
    value.replace(super::chats::BOT_TOKEN, "⟨secret token⟩")
}

pub(super) type Received = Arc<Mutex<Vec<Request>>>;

/// Both receivers.
pub(super) struct Receivers {
    pub(super) telegram: SocketAddr,
    pub(super) webhook: SocketAddr,
    received: [Received; 2],
}

impl Receivers {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let received = [Received::default(), Received::default()];
        let telegram = serve(
            Router::new()
                .fallback(bot_api)
                .with_state(received[0].clone()),
        )
        .await?;
        let webhook = serve(
            Router::new()
                .fallback(webhook)
                .with_state(received[1].clone()),
        )
        .await?;
        Ok(Self {
            telegram,
            webhook,
            received,
        })
    }

    /// What the Bot API server and the webhook's receiver got so far.
    pub(super) fn received(&self) -> (Vec<Request>, Vec<Request>) {
        (all(&self.received[0]), all(&self.received[1]))
    }
}

pub(super) async fn serve(router: Router) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// All that was kept so far.
pub(super) fn all(received: &Received) -> Vec<Request> {
    received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Keeps a request, and returns its number.
pub(super) fn keep(
    received: &Received,
    method: Method,
    uri: &Uri,
    headers: HeaderMap,
    body: Bytes,
) -> usize {
    let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
    received.push(Request {
        method,
        path: uri.to_string(),
        headers,
        body,
    });
    received.len()
}

/// Answers as the Bot API does: <https://core.telegram.org/bots/api#making-requests>.
async fn bot_api(
    State(received): State<Received>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let known = uri.path() == format!("/bot{TOKEN}/sendMessage");
    let number = keep(&received, method, &uri, headers, body);
    if known {
        let answer =
            json!({"ok": true, "result": {"message_id": number, "date": 0, "chat": {"id": -1001}}});
        (StatusCode::OK, answer.to_string())
    } else {
        let answer = json!({"ok": false, "error_code": 404, "description": "Not Found"});
        (StatusCode::NOT_FOUND, answer.to_string())
    }
}

async fn webhook(
    State(received): State<Received>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    keep(&received, method, &uri, headers, body);
    StatusCode::NO_CONTENT
}
