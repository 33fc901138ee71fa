//! Step 1 over HTTP: a body in, alerts stored, and only then an answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Problem;
use super::auth::{self, Producer};
use crate::app::App;
use crate::condition::News;
use crate::directory::Token;
use crate::intake::alertmanager::Webhook;
use crate::intake::{self, Arrival, BodyError, Parsed, Refused};
use crate::sandbox::digest;
use crate::store::{Accepted, Idempotency};

/// What a producer is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// What is stored, and will be delivered.
    pub accepted: Vec<Taken>,
    /// What is not.
    pub refused: Vec<Refused>,
    /// How many more alerts the producer left out by a limit of its own; nothing is known of them here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub truncated: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// An alert that was accepted.
#[derive(Debug, Serialize, Deserialize)]
pub struct Taken {
    /// Its position in the body.
    pub index: usize,
    /// Its id from now on.
    pub id: String,
}

/// An idempotency key has at most this many bytes, as with other implementations of the draft.
const KEY: usize = 255;

pub(super) async fn native(
    State(app): State<Arc<App>>,
    Producer(token): Producer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let arrival = Arrival {
        scope: &scope(&token),
        now: app.clock.now(),
    };
    let parsed = intake::native::parse(&body, arrival).map_err(|error| unreadable(&error))?;
    accept(&app, &token, &headers, &body, parsed.into()).await
}

/// What a post came to.
struct Posted {
    parsed: Parsed,
    news: News,
    truncated: u64,
}

impl From<Parsed> for Posted {
    fn from(parsed: Parsed) -> Self {
        Self {
            parsed,
            news: News::Changes,
            truncated: 0,
        }
    }
}

pub(super) async fn alertmanager(
    State(app): State<Arc<App>>,
    Producer(token): Producer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    group(&app, &token, &headers, &body, intake::alertmanager::parse).await
}

pub(super) async fn grafana(
    State(app): State<Arc<App>>,
    Producer(token): Producer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    group(&app, &token, &headers, &body, intake::grafana::parse).await
}

/// A group of alerts, of which the producer tells the state again and again.
async fn group(
    app: &App,
    token: &Token,
    headers: &HeaderMap,
    body: &Bytes,
    parse: fn(&[u8], Arrival<'_>) -> Result<Webhook, BodyError>,
) -> Result<Response, Problem> {
    let arrival = Arrival {
        scope: &scope(token),
        now: app.clock.now(),
    };
    let webhook = parse(body, arrival).map_err(|error| unreadable(&error))?;
    if webhook.truncated > 0 {
        tracing::warn!(
            token = %token.name,
            receiver = %webhook.receiver,
            truncated = webhook.truncated,
            "the producer left alerts out; raise `max_alerts` of its webhook, or set it to 0"
        );
    }
    let posted = Posted {
        parsed: webhook.parsed,
        news: News::States,
        truncated: webhook.truncated,
    };
    accept(app, token, headers, body, posted).await
}

pub(super) async fn ntopng(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let token = if headers.contains_key(header::AUTHORIZATION) {
        auth::producer(&app, &headers, None)?
    } else {
        // ntopng can also send its secret in the body, so the body has to be read to know who asks.
        let webhook = intake::ntopng::parse(&body, Arrival { scope: "", now })
            .map_err(|error| unreadable(&error))?;
        auth::producer(
            &app,
            &headers,
            webhook
                .shared_secret
                .as_ref()
                .map(intake::ntopng::SharedSecret::reveal),
        )?
    };
    let webhook = intake::ntopng::parse(
        &body,
        Arrival {
            scope: &scope(&token),
            now,
        },
    )
    .map_err(|error| unreadable(&error))?;
    accept(&app, &token, &headers, &body, webhook.parsed.into()).await
}

/// Fingerprints and idempotency keys belong to the token that sent them.
fn scope(token: &Token) -> String {
    format!("{}/{}", token.tenant, token.name)
}

fn unreadable(error: &BodyError) -> Problem {
    let status = match error {
        BodyError::TooLarge { .. } | BodyError::TooMany { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    Problem::new(status, error.code(), error.to_string())
}

async fn accept(
    app: &App,
    token: &Token,
    headers: &HeaderMap,
    body: &Bytes,
    posted: Posted,
) -> Result<Response, Problem> {
    let Posted {
        parsed,
        news,
        truncated,
    } = posted;
    if parsed.accepted.is_empty() && !parsed.refused.is_empty() {
        let first = parsed
            .refused
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        return Err(
            Problem::new(StatusCode::BAD_REQUEST, "no-alert-accepted", first).with(&parsed.refused),
        );
    }
    // Some taken, some not: 207, so that a producer that looks at the status alone sees that not all is well.
    let status = if parsed.refused.is_empty() {
        StatusCode::ACCEPTED
    } else {
        StatusCode::MULTI_STATUS
    };
    let receipt = Receipt {
        accepted: parsed
            .accepted
            .iter()
            .map(|(index, alert)| Taken {
                index: *index,
                id: alert.id.clone(),
            })
            .collect(),
        refused: parsed.refused,
        truncated,
    };
    let answer = serde_json::to_string(&receipt).unwrap_or_default();
    let idempotency = idempotency(headers, body, status, &answer)?;
    let alerts = parsed
        .accepted
        .into_iter()
        .map(|(_, alert)| alert)
        .collect();
    match app.accept(token, alerts, news, idempotency).await {
        Ok(Accepted::Stored) => Ok(json(status, answer)),
        Ok(Accepted::Replayed(stored)) => {
            let (status, answer) = stored.split_once(' ').unwrap_or(("202", &stored));
            let status = status
                .parse()
                .ok()
                .and_then(|code| StatusCode::from_u16(code).ok());
            Ok(json(
                status.unwrap_or(StatusCode::ACCEPTED),
                answer.to_owned(),
            ))
        }
        Ok(Accepted::Conflict) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "this Idempotency-Key came with another body before; use a new key for new alerts",
        )),
        Err(error) => Err(error.into()),
    }
}

fn idempotency(
    headers: &HeaderMap,
    body: &Bytes,
    status: StatusCode,
    answer: &str,
) -> Result<Option<Idempotency>, Problem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=KEY).contains(&key.len()))
        .ok_or_else(|| {
            let detail = format!("an Idempotency-Key has 1 to {KEY} visible ASCII characters");
            Problem::new(StatusCode::BAD_REQUEST, "idempotency-key", detail)
        })?;
    Ok(Some(Idempotency {
        key: key.to_owned(),
        body_hash: digest(body),
        answer: format!("{} {answer}", status.as_u16()),
    }))
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
