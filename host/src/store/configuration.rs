//! Configuration as it is stored. What stands in the JSON columns is the caller's business.

use crate::clock::Millis;
use crate::job::RecipientId;

/// A component that was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentRow {
    /// SHA-256 of the file.
    pub digest: String,
    /// What it is called.
    pub name: String,
    /// The tenant that alone may use it; `None`: every tenant.
    pub tenant: Option<String>,
    /// Whether it comes with the program.
    pub builtin: bool,
    /// The manifest, as JSON.
    pub manifest: String,
    /// The file; `None` in what [`configuration`](super::Store::configuration) returns.
    pub wasm: Option<Vec<u8>>,
    /// When it was installed.
    pub installed_at: Millis,
}

/// What came of removing a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// It was not there.
    NotThere,
    /// It stays: deliveries that it built are not at their end.
    Pending,
}

/// A configured endpoint; its key is the tenant and the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRow {
    /// Whose.
    pub tenant: String,
    /// What it is called.
    pub name: String,
    /// The component's digest.
    pub component: String,
    /// Its parameters, as JSON.
    pub params: String,
    /// Its sealed secrets, as JSON.
    pub sealed: String,
    /// What it was granted, as JSON; `None` where it was made before there were grants.
    pub granted: Option<String>,
    /// Whether a newer component of the same name takes the place of its own.
    pub follows: bool,
    /// Why nothing is sent through it at present.
    pub paused: Option<String>,
}

/// A configured recipient; its key is the tenant and the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientRow {
    /// Given by the store when the recipient is first put, and never again to another; not read by a change.
    pub id: RecipientId,
    /// Whose.
    pub tenant: String,
    /// What it is called.
    pub name: String,
    /// The name of the tenant's endpoint.
    pub endpoint: String,
    /// Its parameters: a JSON array of [`Param`](campanile_contract::params::Param).
    pub params: String,
    /// A BCP 47 tag.
    pub language: String,
    /// An IANA time zone.
    pub time_zone: String,
    /// Its filter, as JSON.
    pub filter: String,
    /// A title of its own, with holes.
    pub title: Option<String>,
    /// A message of its own, with holes.
    pub message: Option<String>,
    /// Why nothing is sent to it at present.
    pub paused: Option<String>,
}

/// A token of the API; its key is the tenant and the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Whose.
    pub tenant: String,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// A hash of it; the token itself is not stored.
    pub hash: String,
}

impl EndpointRow {
    /// Whether any secret is sealed in it.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.sealed != NO_SECRETS
    }
}

/// What an endpoint without secrets has in `sealed`.
pub const NO_SECRETS: &str = "[]";

/// Private targets that the operator opened for a tenant; its key is the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRow {
    /// For whom.
    pub tenant: String,
    /// What is allowed, as JSON.
    pub allow: String,
}

/// Everything that is configured, each list in the order of its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Without the files.
    pub components: Vec<ComponentRow>,
    /// All endpoints.
    pub endpoints: Vec<EndpointRow>,
    /// All recipients that were not removed.
    pub recipients: Vec<RecipientRow>,
    /// All tokens.
    pub tokens: Vec<TokenRow>,
    /// All private targets.
    pub networks: Vec<NetworkRow>,
    /// The check value of the master key that secrets are sealed with.
    pub key_check: Option<String>,
}

/// One change of the configuration. What a change removes or pauses may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Adds or replaces an endpoint.
    PutEndpoint(EndpointRow),
    /// Removes an endpoint, by tenant and name.
    RemoveEndpoint(String, String),
    /// Adds or replaces a recipient; one that is replaced keeps its id and its jobs.
    PutRecipient(RecipientRow),
    /// Removes a recipient, by tenant and name. Its jobs become dead letters.
    RemoveRecipient(String, String),
    /// Adds or replaces a token.
    PutToken(TokenRow),
    /// Removes a token, by tenant and name.
    RemoveToken(String, String),
    /// Replaces a tenant's private targets.
    PutNetworks(NetworkRow),
    /// Replaces the check value of the master key that secrets are sealed with; nothing where none are.
    PutKeyCheck(Option<String>),
    /// Pauses a recipient for a reason, or sends to it again.
    PauseRecipient(RecipientId, Option<String>),
    /// Pauses an endpoint, by tenant and name, for a reason, or sends through it again.
    PauseEndpoint(String, String, Option<String>),
}

impl Change {
    /// Whether a sealed secret may be stored no more after it.
    pub(super) fn may_replace_secrets(&self) -> bool {
        matches!(self, Self::PutEndpoint(_) | Self::RemoveEndpoint(..))
    }
}
