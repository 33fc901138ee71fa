//! The manifest: the facts of a component. `manifest.toml` beside a component's source, or the JSON
//! document that `describe` returns. An unknown key, kind, place or feature refuses the component by
//! name: nothing is ever ignored.

mod check;
mod document;
pub mod duration;
pub mod feature;
pub(crate) mod grammar;
mod mistake;
mod place;
mod rate;
#[cfg(test)]
mod sample;
mod schema;
mod shape;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use check::{DOCUMENT_LIMIT, LANGUAGE_LIMIT, MANIFEST_LIMIT};
pub use feature::FEATURES;
pub use mistake::{Mistake, Mistakes};
pub use place::Place;
pub use rate::Rate;
pub use schema::SCHEMA;

/// What a component says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The version of this format: 1.
    pub manifest: u32,
    /// Lower-case letters, digits and hyphens; how configuration names the component.
    pub name: String,
    /// Locale key, or text as it is.
    pub title: String,
    /// Locale key, or text as it is. One line that says what the component is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Semantic version of the component.
    pub version: String,
    /// People or organisations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Where users read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// A Font Awesome 5 name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// What the component may use of the machine.
    #[serde(default, skip_serializing_if = "Tier::is_default")]
    pub limits: Tier,
    /// Features of the host that the component cannot do without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// What an administrator fills in once for an endpoint.
    #[serde(
        default,
        rename = "endpoint-param",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub endpoint_params: Vec<ParamSpec>,
    /// What is filled in for each recipient.
    #[serde(
        default,
        rename = "recipient-param",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub recipient_params: Vec<ParamSpec>,
    /// Ways out that the component asks for.
    #[serde(default, rename = "route", skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// What `read-response` is given, and when.
    #[serde(default, skip_serializing_if = "Reads::is_default")]
    pub reads: Reads,
    /// How fast a destination wants to be served.
    #[serde(default, skip_serializing_if = "Pacing::is_default")]
    pub pacing: Pacing,
    /// A formatter's alert definitions. A component has either these or parameters and routes.
    #[serde(default, rename = "definition", skip_serializing_if = "Vec::is_empty")]
    pub definitions: Vec<Definition>,
    /// Messages by language: nested tables with string leaves. In the JSON document only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub locales: BTreeMap<String, serde_json::Value>,
}

/// What a component may use of the machine: the README has the figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Enough for what is compiled.
    #[default]
    Standard,
    /// Enough for an interpreter, such as JavaScript's or Python's. An operator has to allow it.
    Large,
}

impl Tier {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde wants"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One parameter: the form, the check and the API's schema are made from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ParamSpec {
    /// Lower-case letters, digits and underscores; unique over both levels.
    pub name: String,
    /// What is filled in.
    pub kind: ParamKind,
    /// Locale key, or text as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Locale key, or text as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// The value where none is given. A secret has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Rust's regex syntax, over the whole value (of a `list`: each line), with ASCII classes unless it
    /// says `(?u)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// In characters; the host's own maximum holds besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// The values of a `choice`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Where a secret may stand; it stands nowhere else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
}

/// One value of a `choice`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The value as the component reads it.
    pub value: String,
    /// Locale key, or text as it is.
    pub label: String,
}

/// What sort of value a parameter has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParamKind {
    /// One line.
    Text,
    /// Several lines.
    Multiline,
    /// An http or https address.
    Url,
    /// One mail address.
    Email,
    /// Mail addresses, one a line.
    Emails,
    /// A mail server: `smtps://host:465`, `smtp+starttls://host:587`, `smtp://host:25`.
    MailServer,
    /// A syslog server: `syslog+tls://host:6514`, `syslog+tcp://host:port`, `syslog+udp://host:514`.
    SyslogServer,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A decimal number.
    Decimal,
    /// A number with a unit: `500ms`, `30s`, `5m`, `2h`, `1d`.
    Duration,
    /// One of `choices`.
    Choice,
    /// One value a line.
    List,
    /// Rows of a key and a value.
    Pairs,
    /// A value that components never see.
    Secret,
    /// Rows of a key and a secret value.
    SecretPairs,
    /// An address that is itself a secret.
    SecretUrl,
    /// A secret that only signs.
    SigningKey,
}

impl ParamKind {
    /// Whether the value is sealed and never shown.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(
            self,
            Self::Secret | Self::SecretPairs | Self::SecretUrl | Self::SigningKey
        )
    }

    /// Whether the parameter has rows with keys.
    #[must_use]
    pub fn has_rows(self) -> bool {
        matches!(self, Self::Pairs | Self::SecretPairs)
    }
}

/// A place, by the route that it is allowed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// A route's name.
    pub route: String,
    /// Where in a request by that route.
    pub place: Place,
}

/// A way out that a component asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// How `uses` names it.
    pub name: String,
    /// To where.
    pub origin: Origin,
    /// HTTP methods, in capitals. None on a route to a mail or syslog server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// `*` within a segment or one whole segment, `**` for the rest. Below the origin parameter's own path.
    /// None on a route to a mail or syslog server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

/// What is sent by a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// HTTP requests.
    Requests,
    /// Mails.
    Mails,
    /// Syslog lines.
    Lines,
}

/// An origin: fixed, or taken from a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Origin {
    /// `https://api.example.com`.
    At(String),
    /// The name of a parameter of kind `url`, `secret-url`, `mail-server` or `syslog-server`.
    Param(String),
}

/// What of a response a component is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// When `read-response` is called.
    #[serde(default)]
    pub when: When,
    /// Header names, in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// JSON pointers, or `*` for the whole body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<String>,
}

impl Reads {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// When `read-response` is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The host's judgement by status is enough.
    #[default]
    Never,
    /// After a status other than 2xx, and a mail that was not accepted for every address.
    Failures,
    /// After every response.
    Always,
}

/// How fast a destination wants to be served; kept by the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pacing {
    /// How long to wait so that a batch fills.
    #[serde(default, with = "duration")]
    pub linger: Duration,
    /// What one call may dequeue: 1 to 1000.
    #[serde(default = "Pacing::default_alerts")]
    pub alerts: u32,
    /// Deliveries to one destination at once: 1 to 64.
    #[serde(default = "Pacing::default_in_flight")]
    pub in_flight: u32,
    /// All must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_endpoint: Vec<Rate>,
    /// All must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_destination: Vec<Rate>,
    /// Parameters whose values name the destination; without them a recipient is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destination: Vec<String>,
}

impl Pacing {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    fn default_alerts() -> u32 {
        100
    }

    fn default_in_flight() -> u32 {
        4
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            linger: Duration::ZERO,
            alerts: Self::default_alerts(),
            in_flight: Self::default_in_flight(),
            per_endpoint: Vec::new(),
            per_destination: Vec::new(),
            destination: Vec::new(),
        }
    }
}

/// Title, description and icon of an alert kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The alert kind.
    pub kind: String,
    /// Locale key: the component's, the host's, then verbatim.
    pub title: String,
    /// `computed`, a locale key that is filled in from the fields, or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A Font Awesome 5 name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// For alerts whose producer names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// ATT&CK technique identifiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mitre: Vec<String>,
    /// Names, and JSON pointers into the producer's own JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

/// The `description` of a definition whose component computes it.
pub const COMPUTED: &str = "computed";

impl Manifest {
    /// Whether it is a formatter's.
    #[must_use]
    pub fn is_formatter(&self) -> bool {
        !self.definitions.is_empty()
    }

    /// All parameters, the endpoint's first.
    pub fn params(&self) -> impl Iterator<Item = &ParamSpec> {
        self.endpoint_params.iter().chain(&self.recipient_params)
    }

    /// The route with this name.
    #[must_use]
    pub fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.name == name)
    }

    /// What is sent by this route, as the kind of its origin says.
    #[must_use]
    pub fn carries(&self, route: &Route) -> Carries {
        let Origin::Param(name) = &route.origin else {
            return Carries::Requests;
        };
        let origin = self.params().find(|param| param.name == *name);
        match origin.map(|param| param.kind) {
            Some(ParamKind::MailServer) => Carries::Mails,
            Some(ParamKind::SyslogServer) => Carries::Lines,
            _ => Carries::Requests,
        }
    }

    /// The definition of this alert kind.
    #[must_use]
    pub fn definition(&self, kind: &str) -> Option<&Definition> {
        self.definitions
            .iter()
            .find(|definition| definition.kind == kind)
    }
}
