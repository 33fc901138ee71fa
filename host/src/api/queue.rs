//! What became of alerts: deliveries with their attempts, and dead letters. An administrator's, of the
//! token's tenant alone.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Problem;
use super::admin::Answer;
use super::auth::Administrator;
use crate::app::App;
use crate::egress;
use crate::job::{Attempt, State as DeliveryState};
use crate::outcome::Class;
use crate::store::{DeadLetter, DeadLetterFilter, DeliveryFilter, DeliveryView, Redrive};

/// Which page of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    recipient: Option<String>,
    state: Option<DeliveryState>,
    before: Option<String>,
    limit: Option<u32>,
}

/// Entries of a list where no number is asked for.
const LIMIT: u32 = 50;

fn page(query: Result<Query<Page>, QueryRejection>) -> Result<Page, Problem> {
    let Query(page) =
        query.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "query", error.body_text()))?;
    Ok(page)
}

fn recipient_id(app: &App, tenant: &str, name: Option<&String>) -> Result<Option<i64>, Problem> {
    let Some(name) = name else { return Ok(None) };
    let snapshot = app.directory.now();
    let recipient = snapshot.recipient_named(tenant, name).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-recipient",
            format!("there is no recipient `{name}`"),
        )
    })?;
    Ok(Some(recipient.id))
}

pub(super) async fn deliveries(
    State(app): State<Arc<App>>,
    Administrator(token): Administrator,
    query: Result<Query<Page>, QueryRejection>,
) -> Answer<Vec<DeliveryView>> {
    let page = page(query)?;
    let filter = DeliveryFilter {
        recipient: recipient_id(&app, &token.tenant, page.recipient.as_ref())?,
        tenant: Some(token.tenant),
        state: page.state,
        before: page.before,
        limit: page.limit.unwrap_or(LIMIT),
    };
    Ok(Json(app.store.deliveries(filter).await?))
}

/// A delivery with its attempts, and its messages as people read them.
#[derive(Debug, Serialize)]
pub(super) struct WholeDelivery {
    /// As it is listed.
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// What is sent, secrets as holes.
    pub shown: Vec<String>,
    /// Oldest first.
    pub attempt_list: Vec<AttemptView>,
}

/// An attempt, and what its tenant is told of it.
#[derive(Debug, Serialize)]
pub(super) struct AttemptView {
    /// As it was recorded.
    #[serde(flatten)]
    pub attempt: Attempt,
    /// One of the few classes.
    pub class: Class,
}

pub(super) async fn delivery(
    State(app): State<Arc<App>>,
    Administrator(token): Administrator,
    Path(id): Path<String>,
) -> Answer<WholeDelivery> {
    let found = app
        .store
        .delivery(id.as_str())
        .await?
        .filter(|(delivery, _)| delivery.tenant == token.tenant);
    let (delivery, attempts) = found.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-delivery",
            format!("there is no delivery `{id}`"),
        )
    })?;
    Ok(Json(WholeDelivery {
        shown: delivery.messages.iter().map(egress::shown).collect(),
        delivery,
        attempt_list: attempts
            .into_iter()
            .map(|attempt| AttemptView {
                class: attempt.reason.class(),
                attempt,
            })
            .collect(),
    }))
}

pub(super) async fn dead_letters(
    State(app): State<Arc<App>>,
    Administrator(token): Administrator,
    query: Result<Query<Page>, QueryRejection>,
) -> Answer<Vec<DeadLetter>> {
    let page = page(query)?;
    let before = page
        .before
        .map(|before| before.parse())
        .transpose()
        .map_err(|_| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "query",
                "`before` is the number of a job",
            )
        })?;
    let filter = DeadLetterFilter {
        recipient: recipient_id(&app, &token.tenant, page.recipient.as_ref())?,
        tenant: Some(token.tenant),
        before,
        limit: page.limit.unwrap_or(LIMIT),
    };
    Ok(Json(app.store.dead_letters(filter).await?))
}

/// What to send again.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedriveRequest {
    /// These; empty for all.
    #[serde(default)]
    pub jobs: Vec<i64>,
    /// Only this recipient's.
    #[serde(default)]
    pub recipient: Option<String>,
}

/// How many were sent back into the queue.
#[derive(Debug, Serialize, Deserialize)]
pub struct Redriven {
    /// How many.
    pub redriven: u64,
}

pub(super) async fn redrive(
    State(app): State<Arc<App>>,
    Administrator(token): Administrator,
    request: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Answer<Redriven> {
    let wrong = |detail| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "redrive", detail);
    // An object only: an empty array would read as a request for all.
    let Json(request) = request.map_err(|error| wrong(error.body_text()))?;
    let request: RedriveRequest =
        serde_json::from_value(Value::Object(request)).map_err(|error| wrong(error.to_string()))?;
    let filter = DeadLetterFilter {
        recipient: recipient_id(&app, &token.tenant, request.recipient.as_ref())?,
        tenant: Some(token.tenant),
        before: None,
        limit: crate::store::PAGE,
    };
    let mut redriven = 0;
    if request.jobs.is_empty() {
        loop {
            let moved = app.store.redrive(Redrive::Matching(filter.clone())).await?;
            redriven += moved;
            if moved == 0 {
                break;
            }
        }
    } else {
        // Only the caller's own: a number is easily guessed.
        let mut own = Vec::new();
        let mut page = filter;
        loop {
            let letters = app.store.dead_letters(page.clone()).await?;
            let Some(last) = letters.last() else { break };
            page.before = Some(last.job);
            own.extend(
                letters
                    .iter()
                    .map(|letter| letter.job)
                    .filter(|job| request.jobs.contains(job)),
            );
        }
        redriven = app.store.redrive(Redrive::Jobs(own)).await?;
    }
    app.wake_all();
    Ok(Json(Redriven { redriven }))
}
