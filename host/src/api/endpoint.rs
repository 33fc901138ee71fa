//! Endpoints, and what they may do.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::admin::Answer;
use super::auth::Administrator;
use crate::app::{App, Waiting};
use crate::directory::StoredEndpoint;
use crate::grant::{Ask, Mode};

/// An endpoint, as it is listed.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndpointView {
    /// Its owner.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// The component's name.
    pub component: String,
    /// Its author's version.
    pub version: String,
    /// Its identity.
    pub digest: String,
    /// What it was granted.
    pub granted: Option<Ask>,
    /// Why nothing is sent through it.
    pub paused: Option<String>,
    /// A newer component of that name, and why the endpoint is not moved to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<WaitView>,
}

/// A newer component that waits.
#[derive(Debug, Serialize, Deserialize)]
pub struct WaitView {
    /// Such as `consent-needed`.
    pub reason: String,
    /// Its author's version.
    pub version: String,
    /// Its identity.
    pub digest: String,
}

pub(super) async fn endpoints(
    State(app): State<Arc<App>>,
    Administrator(token): Administrator,
) -> Answer<Vec<EndpointView>> {
    let rows = app.store.configuration().await?.endpoints;
    let snapshot = app.directory.now();
    let waiting = app.waiting();
    let view = |row: crate::store::EndpointRow| {
        let component = snapshot.components.get(&row.component);
        let manifest = component.map(|component| &component.manifest);
        let own =
            |waiting: &&Waiting| (&waiting.tenant, &waiting.endpoint) == (&row.tenant, &row.name);
        EndpointView {
            component: manifest.map(|it| it.name.clone()).unwrap_or_default(),
            version: manifest.map(|it| it.version.clone()).unwrap_or_default(),
            granted: StoredEndpoint::read(&row).ok().and_then(|it| it.granted),
            waits: waiting.iter().find(own).map(|waiting| WaitView {
                reason: waiting.reason.to_string(),
                version: waiting.component.manifest.version.clone(),
                digest: waiting.component.digest.clone(),
            }),
            digest: row.component,
            tenant: row.tenant,
            name: row.name,
            paused: row.paused,
        }
    };
    let own = rows.into_iter().filter(|row| row.tenant == token.tenant);
    Ok(Json(own.map(view).collect()))
}

/// What the operator allows a tenant at most.
#[derive(Debug, Serialize, Deserialize)]
pub struct CeilingView {
    /// Where to; absent: anywhere that the host's own rules allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origins: Option<Vec<String>>,
    /// Whether components of the standard limits alone may be used.
    pub standard_only: bool,
    /// Digests of the components that may be used; absent: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<String>>,
    /// What becomes of the rest.
    pub mode: Mode,
    /// What was let through because it is only reported, since the server started.
    pub reported: u64,
}

pub(super) async fn ceiling(
    State(app): State<Arc<App>>,
    Administrator(token): Administrator,
) -> Answer<Option<CeilingView>> {
    let ceiling = app.ceilings.over(&token.tenant);
    Ok(Json(ceiling.map(|ceiling| {
        let origins = ceiling.origins.as_ref();
        CeilingView {
            origins: origins.map(|all| all.iter().map(ToString::to_string).collect()),
            standard_only: ceiling.standard_only,
            components: ceiling
                .components
                .as_ref()
                .map(|all| all.iter().cloned().collect()),
            mode: ceiling.mode,
            reported: ceiling.reported.load(Ordering::Relaxed),
        }
    })))
}
