//! What the command line asks for. All of it needs an administrator's token, and shows its tenant alone.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::{Problem, auth};
use crate::app::{App, ApplyError, InstallError, TestError};
use crate::apply::Line;
use crate::desired::Desired;
use crate::directory::{Component, Snapshot};
use crate::egress;
use crate::job::{Attempt, State as DeliveryState};
use crate::outcome::Class;
use crate::store::{DeadLetter, DeadLetterFilter, DeliveryFilter, DeliveryView, Redrive};

type Answer<T> = Result<Json<T>, Problem>;

/// What to apply, and how.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// What is wanted.
    pub desired: Desired,
    /// Whether what is not wanted is removed.
    #[serde(default)]
    pub prune: bool,
    /// Whether to show the difference only.
    #[serde(default)]
    pub dry_run: bool,
}

pub(super) async fn apply(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    application: Result<Json<Application>, JsonRejection>,
) -> Answer<Vec<Line>> {
    auth::administrator(&app, &headers)?;
    let Json(application) = application.map_err(|error| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "desired-state",
            error.body_text(),
        )
    })?;
    let language = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("en");
    let Application {
        desired,
        prune,
        dry_run,
    } = application;
    match app.apply(&desired, prune, dry_run, language).await {
        Ok(lines) => Ok(Json(lines)),
        Err(error @ ApplyError::Mistakes(_)) => {
            let problem = Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "mistakes",
                error.to_string(),
            );
            let ApplyError::Mistakes(mistakes) = error else {
                return Err(problem);
            };
            Err(problem.with(&mistakes))
        }
        Err(ApplyError::Store(error)) => Err(error.into()),
    }
}

/// A component, as it is listed.
#[derive(Debug, Serialize, Deserialize)]
pub struct ComponentView {
    /// How configuration names it.
    pub name: String,
    /// `endpoint` or `formatter`.
    pub world: String,
    /// Its author's version.
    pub version: String,
    /// Its identity.
    pub digest: String,
    /// Whether it came with the program.
    pub builtin: bool,
    /// How many endpoints use it.
    pub endpoints: usize,
    /// What it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<serde_json::Value>,
}

fn view(snapshot: &Snapshot, component: &Component, whole: bool) -> ComponentView {
    let mut endpoints: Vec<_> = snapshot
        .recipients
        .values()
        .filter(|recipient| recipient.component.digest == component.digest)
        .map(|recipient| (&recipient.tenant, &recipient.seen.endpoint))
        .collect();
    endpoints.sort_unstable();
    endpoints.dedup();
    ComponentView {
        name: component.manifest.name.clone(),
        world: String::from(if component.manifest.is_formatter() {
            "formatter"
        } else {
            "endpoint"
        }),
        version: component.manifest.version.clone(),
        digest: component.digest.clone(),
        builtin: component.builtin,
        endpoints: endpoints.len(),
        manifest: whole.then(|| serde_json::to_value(&*component.manifest).unwrap_or_default()),
    }
}

pub(super) async fn components(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Answer<Vec<ComponentView>> {
    auth::administrator(&app, &headers)?;
    let snapshot = app.directory.now();
    let mut views: Vec<_> = snapshot
        .components
        .values()
        .map(|component| view(&snapshot, component, false))
        .collect();
    views.sort_by(|one, other| (&one.name, &one.digest).cmp(&(&other.name, &other.digest)));
    Ok(Json(views))
}

pub(super) async fn component(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Answer<ComponentView> {
    auth::administrator(&app, &headers)?;
    let snapshot = app.directory.now();
    let component = snapshot.component(&name).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-component",
            format!("no component `{name}` is installed"),
        )
    })?;
    Ok(Json(view(&snapshot, component, true)))
}

pub(super) async fn install(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    wasm: Bytes,
) -> Answer<ComponentView> {
    auth::administrator(&app, &headers)?;
    let installed = app
        .install(wasm.to_vec())
        .await
        .map_err(|error| match error {
            InstallError::Unfit(unfit) => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "component-unfit",
                unfit.to_string(),
            ),
            InstallError::Store(error) => error.into(),
        })?;
    let snapshot = app.directory.now();
    let component = snapshot.component(&installed.digest).ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "component-removed",
            "the component was removed at the same moment",
        )
    })?;
    Ok(Json(view(&snapshot, component, true)))
}

/// A recipient, as it is listed.
#[derive(Debug, Serialize, Deserialize)]
pub struct RecipientView {
    /// Its owner.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// Its endpoint's name.
    pub endpoint: String,
    /// The component's name.
    pub component: String,
    /// Its language.
    pub language: String,
    /// Why nothing is sent to it.
    pub paused: Option<String>,
}

pub(super) async fn recipients(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Answer<Vec<RecipientView>> {
    let token = auth::administrator(&app, &headers)?;
    let snapshot = app.directory.now();
    let views = snapshot
        .of_tenant(&token.tenant)
        .iter()
        .map(|recipient| RecipientView {
            tenant: recipient.tenant.clone(),
            name: recipient.seen.name.clone(),
            endpoint: recipient.seen.endpoint.clone(),
            component: recipient.component.manifest.name.clone(),
            language: recipient.seen.language.clone(),
            paused: recipient.paused.clone(),
        });
    Ok(Json(views.collect()))
}

/// What came of a test.
#[derive(Debug, Serialize, Deserialize)]
pub struct TestView {
    /// What was sent, secrets as holes.
    pub request: String,
    /// The response's status.
    pub status: Option<u16>,
    /// The response's body; nothing of one in which a secret shows.
    pub body: Option<String>,
    /// What kept it from being sent, or from being answered.
    pub failure: Option<String>,
    /// Whether it arrived.
    pub delivered: bool,
}

/// What is shown of a response.
const SHOWN: usize = 4 << 10;

pub(super) async fn test(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Answer<Vec<TestView>> {
    let token = auth::administrator(&app, &headers)?;
    let tested = app.test(&token.tenant, &name).await.map_err(|error| {
        let (status, code) = match error {
            TestError::NoRecipient(_) => (StatusCode::NOT_FOUND, "no-recipient"),
            TestError::Fault(_) => (StatusCode::UNPROCESSABLE_ENTITY, "component-failed"),
            TestError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-parameters"),
        };
        Problem::new(status, code, error.to_string())
    })?;
    let view = |tested: crate::app::Tested| {
        let request = egress::shown(&tested.message);
        match tested.result {
            Ok(received) => {
                let body = String::from_utf8_lossy(&received.body);
                TestView {
                    request,
                    status: Some(received.status),
                    body: (!received.secret_shown)
                        .then(|| body[..body.floor_char_boundary(SHOWN)].to_owned()),
                    failure: None,
                    delivered: (200..300).contains(&received.status),
                }
            }
            Err(failure) => TestView {
                request,
                status: None,
                body: None,
                failure: Some(failure.reason.to_string()),
                delivered: false,
            },
        }
    };
    Ok(Json(tested.into_iter().map(view).collect()))
}

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
    headers: HeaderMap,
    query: Result<Query<Page>, QueryRejection>,
) -> Answer<Vec<DeliveryView>> {
    let token = auth::administrator(&app, &headers)?;
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
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Answer<WholeDelivery> {
    let token = auth::administrator(&app, &headers)?;
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
    headers: HeaderMap,
    query: Result<Query<Page>, QueryRejection>,
) -> Answer<Vec<DeadLetter>> {
    let token = auth::administrator(&app, &headers)?;
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
    headers: HeaderMap,
    request: Result<Json<RedriveRequest>, JsonRejection>,
) -> Answer<Redriven> {
    let token = auth::administrator(&app, &headers)?;
    let Json(request) = request.map_err(|error| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "redrive",
            error.body_text(),
        )
    })?;
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

pub(super) async fn healthy() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    app.store.counts().await?;
    Ok("ok\n")
}
