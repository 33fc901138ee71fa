//! Newer components: endpoints that follow a name move by themselves where nobody has to be asked; the
//! others stay with the older one, which goes on, until somebody is.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use super::App;
use crate::apply::upgraded;
use crate::directory::{Component, StoredEndpoint};
use crate::outcome::{Class, Reason};
use crate::sandbox::{Answered, Call};
use crate::store::{Change, Configuration, EndpointRow, StoreError};

/// An endpoint that stays with its component, though there is a newer one of that name.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Whose.
    pub tenant: String,
    /// The endpoint.
    pub endpoint: String,
    /// The newer component.
    pub component: Arc<Component>,
    /// Why it stays.
    pub reason: Reason,
}

impl App {
    /// Endpoints that stay with an older component until somebody applies them again.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        self.waiting
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Endpoints that were made before there were grants go on with what they do.
    pub(super) async fn grant_what_there_was(&self) -> Result<(), StoreError> {
        let configuration = self.store.configuration().await?;
        let components = self.resolved_components(&configuration).await;
        let granted = |row: &EndpointRow| {
            let component = components.get(&row.component)?;
            let ask = StoredEndpoint::read(row).ok()?.ask(component);
            Some(Change::PutEndpoint(EndpointRow {
                granted: serde_json::to_string(&ask).ok(),
                ..row.clone()
            }))
        };
        let rows = configuration.endpoints.iter();
        let changes: Vec<_> = rows
            .filter(|row| row.granted.is_none())
            .filter_map(granted)
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        self.store.apply(changes, self.clock.now()).await
    }

    /// Moves what may move, of this tenant or of all, and notes what waits. One change of the configuration at a
    /// time: the caller sees to that.
    pub(super) async fn upgrade(&self, tenant: Option<&str>) -> Result<(), StoreError> {
        let configuration = self.store.configuration().await?;
        let components = self.resolved_components(&configuration).await;
        let concerned = |of: &str| tenant.is_none_or(|tenant| tenant == of);
        let (mut changes, mut waiting) = (Vec::new(), self.waiting());
        waiting.retain(|waiting| !concerned(&waiting.tenant));
        // What fails for one endpoint of a tenant is not asked for the next: nobody waits for that again and again.
        let mut failed: HashMap<(&str, &str), Reason> = HashMap::new();
        let follow = configuration.endpoints.iter().filter(|row| row.follows);
        for row in follow.filter(|row| concerned(&row.tenant)) {
            let Some(older) = components.get(&row.component) else {
                continue;
            };
            let Some(newer) = newer(&row.tenant, older, &components) else {
                continue;
            };
            let of = (row.tenant.as_str(), newer.digest.as_str());
            let moved = match failed.get(&of) {
                Some(reason) => Err(*reason),
                None => self.moved(&configuration, row, older, newer).await,
            };
            match moved {
                Ok(moved) => {
                    tracing::info!(
                        tenant = row.tenant,
                        endpoint = row.name,
                        component = newer.manifest.name,
                        version = newer.manifest.version,
                        digest = newer.digest,
                        "upgraded"
                    );
                    changes.push(Change::PutEndpoint(moved));
                }
                Err(reason) => {
                    if reason.class() == Class::Component && reason != Reason::InvalidParameters {
                        failed.insert(of, reason);
                    }
                    tracing::warn!(
                        tenant = row.tenant, endpoint = row.name, component = newer.manifest.name,
                        version = newer.manifest.version, digest = newer.digest, %reason,
                        "a newer component waits, and the older one goes on: apply the endpoint again"
                    );
                    waiting.push(Waiting {
                        tenant: row.tenant.clone(),
                        endpoint: row.name.clone(),
                        component: newer.clone(),
                        reason,
                    });
                }
            }
        }
        *self.waiting.write().unwrap_or_else(PoisonError::into_inner) = waiting;
        if changes.is_empty() {
            return Ok(());
        }
        self.store.apply(changes, self.clock.now()).await
    }

    async fn moved(
        &self,
        configuration: &Configuration,
        row: &EndpointRow,
        older: &Component,
        newer: &Component,
    ) -> Result<EndpointRow, Reason> {
        let recipients: Vec<_> = configuration
            .recipients
            .iter()
            .filter(|recipient| {
                (&recipient.tenant, &recipient.endpoint) == (&row.tenant, &row.name)
            })
            .collect();
        let ceiling = self.ceilings.over(&row.tenant).map(|ceiling| &**ceiling);
        let (moved, params) = upgraded(row, &recipients, older, newer, ceiling)?;
        let call = Call::Lint {
            params,
            complete: false,
        };
        let answer = self
            .sandboxes
            .call(&row.tenant, &newer.digest, self.clock.now(), call)
            .await;
        match answer.result {
            Ok(Answered::Problems(problems)) if problems.is_empty() => Ok(moved),
            Ok(_) => Err(Reason::InvalidParameters),
            Err(fault) => Err(fault.reason),
        }
    }
}

/// What a tenant gets by the name of an older component, if that is another one.
fn newer<'a>(
    tenant: &str,
    older: &Component,
    components: &'a HashMap<String, Arc<Component>>,
) -> Option<&'a Arc<Component>> {
    components
        .values()
        .filter(|component| component.manifest.name == older.manifest.name)
        .filter(|component| component.rank(tenant) > older.rank(tenant))
        .max_by_key(|component| component.rank(tenant))
}
