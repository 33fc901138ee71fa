//! What the command line asks for. All of it needs an administrator's token, and shows its tenant alone.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::auth::Administrator;
use super::{Problem, problem};
use crate::app::{App, ApplyError, TestError};
use crate::apply::Line;
use crate::desired::Desired;
use crate::egress;
use crate::template::Text;

pub(super) type Answer<T> = Result<Json<T>, Problem>;

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
    administrator: Administrator,
    headers: HeaderMap,
    application: Result<Json<Application>, JsonRejection>,
) -> Answer<Vec<Line>> {
    let Json(application) = application.map_err(|error| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "desired-state",
            problem::of_form_alone(&error.body_text()),
        )
    })?;
    // Networks are opened by the operator, and what is pruned may be anybody's.
    if application.prune || !application.desired.is_of(&administrator.0.tenant) {
        administrator.as_operator()?;
    }
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
        Err(error @ ApplyError::Consent(_)) => {
            let problem = Problem::new(StatusCode::CONFLICT, "consent-needed", error.to_string());
            let ApplyError::Consent(lines) = error else {
                return Err(problem);
            };
            Err(problem.with(&lines))
        }
        Err(ApplyError::Store(error)) => Err(error.into()),
    }
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
    /// A title of its own, with holes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A message of its own, with holes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why nothing is sent to it.
    pub paused: Option<String>,
}

fn typed(text: Option<&Text>) -> Option<String> {
    text.map(|text| text.typed.clone())
}

pub(super) async fn recipients(
    State(app): State<Arc<App>>,
    Administrator(token): Administrator,
) -> Answer<Vec<RecipientView>> {
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
            title: typed(recipient.texts.title.as_ref()),
            message: typed(recipient.texts.message.as_ref()),
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
    Administrator(token): Administrator,
    Path(name): Path<String>,
) -> Answer<Vec<TestView>> {
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
        let delivered = tested.is_delivered();
        match tested.result {
            Ok(Some(received)) => {
                let body = String::from_utf8_lossy(&received.body);
                TestView {
                    request,
                    status: Some(received.status),
                    body: (!received.secret_shown)
                        .then(|| body[..body.floor_char_boundary(SHOWN)].to_owned()),
                    failure: None,
                    delivered,
                }
            }
            unanswered => TestView {
                request,
                status: None,
                body: None,
                failure: unanswered.err().map(|failure| failure.reason.to_string()),
                delivered,
            },
        }
    };
    Ok(Json(tested.into_iter().map(view).collect()))
}

pub(super) async fn healthy() -> &'static str {
    "ok\n"
}

/// Ready, what of the lock-down this machine lacks, and what waits for somebody. Not ready where the store can
/// keep nothing, with the reason.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<String, Problem> {
    if let Some(trouble) = app.store.trouble() {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        return Err(Problem::new(
            unavailable,
            trouble.code(),
            trouble.to_string(),
        ));
    }
    let lacks = app.sandboxes.missing().iter().map(|missing| {
        format!(
            "only components that are vouched for run here: {missing} ({})
",
            missing.as_str()
        )
    });
    // Whoever asks here shows no token: how many, and no names.
    let waiting = app.waiting();
    let mut reasons: Vec<_> = waiting.iter().map(|waiting| waiting.reason).collect();
    reasons.sort_unstable();
    let lines = reasons.chunk_by(|one, other| one == other).map(|same| {
        format!(
            "{}: {} of the endpoints
",
            same[0],
            same.len()
        )
    });
    let all = std::iter::once(String::from(
        "ok
",
    ))
    .chain(lacks)
    .chain(lines);
    Ok(all.collect())
}
