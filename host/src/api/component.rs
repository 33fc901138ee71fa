//! Components: the operator's are everybody's, another tenant's administrator has its own.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::admin::Answer;
use super::auth::Administrator;
use crate::app::{App, Enough, InstallError, RemoveError};
use crate::directory::{Component, Installations, Snapshot};

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
    /// Tenants that installed it for themselves, as far as who asks may know; none: it is everybody's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<String>,
    /// How many endpoints use it.
    pub endpoints: usize,
    /// Whether it was not there before this request; a list never says so.
    #[serde(default)]
    pub new: bool,
    /// What it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<serde_json::Value>,
}

/// As this administrator may see it.
fn view(
    snapshot: &Snapshot,
    administrator: &Administrator,
    component: &Component,
    whole: bool,
) -> ComponentView {
    let sees = |tenant: &str| administrator.sees(tenant);
    let mut endpoints: Vec<_> = snapshot
        .recipients
        .values()
        .filter(|recipient| recipient.component.digest == component.digest)
        .filter(|recipient| sees(&recipient.tenant))
        .map(|recipient| (&recipient.tenant, &recipient.seen.endpoint))
        .collect();
    endpoints.sort_unstable();
    endpoints.dedup();
    let tenants = component.owners().filter(|tenant| sees(tenant));
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
        tenants: tenants.map(str::to_owned).collect(),
        endpoints: endpoints.len(),
        new: false,
        manifest: whole.then(|| serde_json::to_value(&*component.manifest).unwrap_or_default()),
    }
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    administrator: Administrator,
) -> Answer<Vec<ComponentView>> {
    let snapshot = app.directory.now();
    let mut views: Vec<_> = snapshot
        .components
        .values()
        .filter(|component| {
            component.is_everybodys() || component.owners().any(|tenant| administrator.sees(tenant))
        })
        .map(|component| view(&snapshot, &administrator, component, false))
        .collect();
    views.sort_by(|one, other| (&one.name, &one.digest).cmp(&(&other.name, &other.digest)));
    Ok(Json(views))
}

pub(super) async fn inspect(
    State(app): State<Arc<App>>,
    administrator: Administrator,
    Path(name): Path<String>,
) -> Answer<ComponentView> {
    let snapshot = app.directory.now();
    let component = snapshot.component(&administrator.0.tenant, &name);
    let component = component.ok_or_else(|| {
        let none = RemoveError::NotThere(name);
        Problem::new(StatusCode::NOT_FOUND, "no-component", none.to_string())
    })?;
    Ok(Json(view(&snapshot, &administrator, component, true)))
}

/// How to install.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Installing {
    /// Whether to look only: a dry run of `apply` may then name the component by its digest.
    #[serde(default)]
    dry_run: bool,
    /// For whom alone, where the operator says so.
    tenant: Option<String>,
}

pub(super) async fn install(
    State(app): State<Arc<App>>,
    administrator: Administrator,
    installing: Result<Query<Installing>, QueryRejection>,
    wasm: Bytes,
) -> Answer<ComponentView> {
    let Query(Installing { dry_run, tenant }) = installing.map_err(|error| unread(&error))?;
    let owner = owner(&administrator, tenant.as_deref())?;
    let seen_by = owner.unwrap_or(&administrator.0.tenant);
    let known = app.directory.now();
    let result = if dry_run {
        app.look_at(owner, &wasm).await
    } else {
        app.install_for(owner, wasm.to_vec()).await
    };
    let installed = result.map_err(refused)?;
    let new = known.component(seen_by, &installed.digest).is_none();
    if dry_run {
        let component = Component::of(&installed, false, Installations::default());
        return Ok(Json(ComponentView {
            new,
            ..view(&known, &administrator, &component, true)
        }));
    }
    let snapshot = app.directory.now();
    let component = snapshot.component(seen_by, &installed.digest);
    let component = component.ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "component-removed",
            "the component was removed at the same moment",
        )
    })?;
    Ok(Json(ComponentView {
        new,
        ..view(&snapshot, &administrator, component, true)
    }))
}

fn unread(error: &QueryRejection) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "query", error.body_text())
}

/// Whose component is meant: everybody's where there is none. Only the operator may name another's.
fn owner<'a>(
    administrator: &'a Administrator,
    named: Option<&'a str>,
) -> Result<Option<&'a str>, Problem> {
    if named.is_some_and(|tenant| !administrator.sees(tenant)) {
        administrator.as_operator()?;
    }
    Ok(named.or(administrator.of_one()))
}

fn refused(error: InstallError) -> Problem {
    let says = error.to_string();
    match error {
        InstallError::Unfit(_) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "component-unfit", says)
        }
        InstallError::Enough(enough) => {
            let again = match enough {
                Enough::Compiling => 5_000,
                Enough::Compiled { again } => again,
            };
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "compile-quota", says).again_in(again)
        }
        InstallError::TooMany(_) => Problem::new(StatusCode::CONFLICT, "too-many-components", says),
        InstallError::NameTaken { .. } => Problem::new(StatusCode::CONFLICT, "name-taken", says),
        InstallError::KindTaken { .. } => Problem::new(StatusCode::CONFLICT, "kind-taken", says),
        InstallError::Store(error) => error.into(),
    }
}

/// Whose component to remove.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removing {
    /// A tenant's own, which the operator may remove too.
    tenant: Option<String>,
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    administrator: Administrator,
    Path(name): Path<String>,
    removing: Result<Query<Removing>, QueryRejection>,
) -> Answer<ComponentView> {
    let Query(Removing { tenant }) = removing.map_err(|error| unread(&error))?;
    let owner = owner(&administrator, tenant.as_deref())?;
    let known = app.directory.now();
    let removed = app.remove(owner, &name).await.map_err(|error| {
        let says = error.to_string();
        match error {
            RemoveError::NotThere(_) => Problem::new(StatusCode::NOT_FOUND, "no-component", says),
            RemoveError::BuiltIn(_) => Problem::new(StatusCode::CONFLICT, "built-in", says),
            RemoveError::Everybodys(_) => {
                Problem::new(StatusCode::FORBIDDEN, "operator-only", says)
            }
            RemoveError::Used(_) | RemoveError::Pending => {
                Problem::new(StatusCode::CONFLICT, "component-in-use", says)
            }
            RemoveError::Store(error) => error.into(),
        }
    })?;
    Ok(Json(view(&known, &administrator, &removed, false)))
}
