//! The configuration as the path uses it: resolved once when it changes, immutable while it is used.

mod component;
mod endpoint;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use campanile_contract::manifest::Definition;
use campanile_contract::params::{Param, SET};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::egress::{Owner, Sender};
use crate::grant::{Ask, Ceilings, Permit};
use crate::job::RecipientId;
use crate::route::Filter;
use crate::sandbox;
use crate::schedule::pacing::Key;
use crate::secret::Vault;
use crate::store::{Configuration, EndpointRow, RecipientRow};
use crate::template::Texts;

pub use component::{Component, Installations};
pub use endpoint::{SealedParam, StoredEndpoint};

/// A recipient with all that serving it takes.
pub struct Recipient {
    /// Its row.
    pub id: RecipientId,
    /// Whose.
    pub tenant: String,
    /// As components see it; secrets read `set`.
    pub seen: sandbox::Recipient,
    /// Its endpoint's component.
    pub component: Arc<Component>,
    /// What `egress` needs to send for it.
    pub sender: Arc<Sender>,
    /// What it wants to hear of.
    pub filter: Filter,
    /// Its own title and message, where it has any.
    pub texts: Texts,
    /// A digest of the parameters that deliveries are built from.
    pub params: String,
    /// The key of its destination's pace.
    pub destination: Key,
    /// Why nothing is sent to it, if so.
    pub paused: Option<String>,
    /// Whether other parameters are stored than these.
    outdated: AtomicBool,
}

impl Recipient {
    /// Notes that its destination renamed parameters: nothing more is built from these, and the
    /// configuration has to be read again.
    pub fn outdate(&self) {
        self.outdated.store(true, Ordering::SeqCst);
    }

    /// Whether other parameters are stored than these.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::SeqCst)
    }
}

/// Who may post, or administer.
#[derive(Debug, Clone)]
pub struct Token {
    /// Whose.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// What it opens.
    pub role: Role,
}

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Posting alerts.
    Ingest,
    /// Everything.
    Admin,
}

/// The configuration at one moment.
#[derive(Default)]
pub struct Snapshot {
    /// By digest.
    pub components: HashMap<String, Arc<Component>>,
    /// Formatters by alert kind.
    definitions: HashMap<String, Vec<Arc<Component>>>,
    /// By row.
    pub recipients: HashMap<RecipientId, Arc<Recipient>>,
    /// By tenant.
    by_tenant: HashMap<String, Vec<Arc<Recipient>>>,
    /// By hash.
    tokens: HashMap<String, Token>,
}

/// The configuration, replaced as a whole.
#[derive(Clone, Default)]
pub struct Directory {
    current: Arc<RwLock<Arc<Snapshot>>>,
}

impl Directory {
    /// The configuration now.
    #[must_use]
    pub fn now(&self) -> Arc<Snapshot> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces it.
    pub fn replace(&self, snapshot: Snapshot) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }
}

/// How tokens are stored: by a hash that does not give them back.
#[must_use]
pub fn token_hash(token: &str) -> String {
    sandbox::digest(token.as_bytes())
}

impl Snapshot {
    /// Resolves what is stored. What cannot be resolved is left out and said in words.
    #[must_use]
    pub fn resolve(
        configuration: &Configuration,
        components: HashMap<String, Arc<Component>>,
        vault: &Vault,
        ceilings: &Ceilings,
    ) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut snapshot = Self {
            components,
            ..Self::default()
        };
        for component in snapshot.components.values() {
            for definition in &component.manifest.definitions {
                let formatters = snapshot.definitions.entry(definition.kind.clone());
                formatters.or_default().push(component.clone());
            }
        }
        let endpoints: HashMap<_, _> = configuration
            .endpoints
            .iter()
            .map(|row| ((row.tenant.as_str(), row.name.as_str()), row))
            .collect();
        for row in &configuration.recipients {
            let Some(endpoint) = endpoints.get(&(row.tenant.as_str(), row.endpoint.as_str()))
            else {
                problems.push(format!(
                    "recipient {}: there is no endpoint {}",
                    row.name, row.endpoint
                ));
                continue;
            };
            match snapshot.recipient(row, endpoint, vault, ceilings) {
                Ok(recipient) => {
                    let recipient = Arc::new(recipient);
                    snapshot
                        .by_tenant
                        .entry(row.tenant.clone())
                        .or_default()
                        .push(recipient.clone());
                    snapshot.recipients.insert(row.id, recipient);
                }
                Err(problem) => problems.push(format!("recipient {}: {problem}", row.name)),
            }
        }
        for row in &configuration.tokens {
            let role = if row.role == "admin" {
                Role::Admin
            } else {
                Role::Ingest
            };
            let token = Token {
                tenant: row.tenant.clone(),
                name: row.name.clone(),
                role,
            };
            snapshot.tokens.insert(row.hash.clone(), token);
        }
        (snapshot, problems)
    }

    fn recipient(
        &self,
        row: &RecipientRow,
        endpoint: &EndpointRow,
        vault: &Vault,
        ceilings: &Ceilings,
    ) -> anyhow::Result<Recipient> {
        let component = self
            .components
            .get(&endpoint.component)
            .filter(|component| component.serves(&row.tenant))
            .ok_or_else(|| {
                anyhow::anyhow!("the component {} is not installed", endpoint.component)
            })?
            .clone();
        let stored = StoredEndpoint::read(endpoint)?;
        let ask = stored.ask(&component);
        let StoredEndpoint {
            mut params,
            sealed,
            granted,
        } = stored;
        // Who was asked for nothing allowed nothing.
        let granted = granted.unwrap_or_else(|| Ask {
            component: ask.component.clone(),
            permissions: BTreeSet::new(),
        });
        let ceiling = ceilings.over(&row.tenant).cloned();
        let permit = Permit::new(&ask, &component.digest, granted, ceiling);
        params.extend(serde_json::from_str::<Vec<Param>>(&row.params)?);
        let digest = Sha256::digest(serde_json::to_vec(&params)?);
        let named = &component.manifest.pacing.destination;
        let destination = if named.is_empty() {
            row.name.clone()
        } else {
            let values = params.iter().filter(|param| named.contains(&param.name));
            values
                .map(|param| format!("{}={}\n", param.name, param.value))
                .collect()
        };
        Ok(Recipient {
            id: row.id,
            tenant: row.tenant.clone(),
            sender: Arc::new(Sender::new(
                Owner {
                    tenant: &row.tenant,
                    endpoint: &endpoint.name,
                    recipient: &row.name,
                },
                &component.manifest,
                &params,
                &sealed,
                vault,
                permit,
            )),
            filter: serde_json::from_str(&row.filter)?,
            texts: Texts::stored(row.title.as_deref(), row.message.as_deref()),
            params: digest
                .iter()
                .take(16)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            destination: Key {
                tenant: row.tenant.clone(),
                endpoint: endpoint.name.clone(),
                destination: Some(destination),
            },
            paused: row.paused.clone().or_else(|| endpoint.paused.clone()),
            outdated: AtomicBool::new(false),
            seen: sandbox::Recipient {
                endpoint: endpoint.name.clone(),
                name: row.name.clone(),
                language: row.language.clone(),
                time_zone: row.time_zone.clone(),
                params,
            },
            component,
        })
    }

    /// The formatter that defines an alert kind for a tenant, and its definition: the tenant's own, or everybody's.
    #[must_use]
    pub fn definition(&self, tenant: &str, kind: &str) -> Option<(&Arc<Component>, &Definition)> {
        let formatters = self.definitions.get(kind)?.iter();
        let component = preferred(tenant, formatters)?;
        Some((component, component.manifest.definition(kind)?))
    }

    /// Who a token is.
    #[must_use]
    pub fn token(&self, token: &str) -> Option<&Token> {
        self.tokens.get(&token_hash(token))
    }

    /// A tenant's recipients.
    #[must_use]
    pub fn of_tenant(&self, tenant: &str) -> &[Arc<Recipient>] {
        self.by_tenant.get(tenant).map_or(&[], Vec::as_slice)
    }

    /// A tenant's recipient by name.
    #[must_use]
    pub fn recipient_named(&self, tenant: &str, name: &str) -> Option<&Arc<Recipient>> {
        self.of_tenant(tenant)
            .iter()
            .find(|recipient| recipient.seen.name == name)
    }

    /// What a tenant means by a digest, or by a name: the newest of its own, or of everybody's. A digest leads to a
    /// component that was looked at, too.
    #[must_use]
    pub fn component(&self, tenant: &str, reference: &str) -> Option<&Arc<Component>> {
        let exactly = self.components.get(reference);
        exactly
            .filter(|component| component.serves(tenant) || component.was_looked_at())
            .or_else(|| {
                let all = self.components.values();
                preferred(
                    tenant,
                    all.filter(|component| component.manifest.name == reference),
                )
            })
    }
}

/// The one of these that a tenant gets: its own before everybody's, and the newest of those.
fn preferred<'a>(
    tenant: &str,
    components: impl Iterator<Item = &'a Arc<Component>>,
) -> Option<&'a Arc<Component>> {
    components
        .filter(|component| component.serves(tenant))
        .max_by_key(|component| component.rank(tenant))
}

/// A secret parameter as components and files see it.
#[must_use]
pub fn set(name: &str, key: Option<&str>) -> Param {
    Param {
        name: name.to_owned(),
        key: key.map(str::to_owned),
        value: SET.to_owned(),
    }
}
