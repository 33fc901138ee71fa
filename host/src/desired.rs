//! Words: the state that somebody wants, as `apply` and the API carry it. Values only: references to
//! environment and files were resolved by who read them, and never come over the network.

use std::collections::BTreeMap;

use campanile_contract::manifest::ParamSpec;
use campanile_contract::params::Param;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::directory::Role;
use crate::network::Opening;
use crate::route::Filter;

/// The owner of what names none.
#[must_use]
pub fn default_tenant() -> String {
    String::from("default")
}

/// Everything that is to be there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// Endpoints.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// Recipients.
    #[serde(default)]
    pub recipients: Vec<Recipient>,
    /// Private targets that are opened.
    #[serde(default)]
    pub networks: Vec<Networks>,
    /// Who may post.
    #[serde(default)]
    pub tokens: Vec<Token>,
}

impl Desired {
    /// Whether all of it is this tenant's own, and opens nothing of the network.
    #[must_use]
    pub fn is_of(&self, tenant: &str) -> bool {
        let endpoints = self.endpoints.iter().map(|it| &it.tenant);
        let recipients = self.recipients.iter().map(|it| &it.tenant);
        let tokens = self.tokens.iter().map(|it| &it.tenant);
        let mut owners = endpoints.chain(recipients).chain(tokens);
        self.networks.is_empty() && owners.all(|owner| owner == tenant)
    }

    /// Puts the digest of a component that was installed in place of the file that named it.
    pub fn use_component(&mut self, file: &str, digest: &str) {
        for endpoint in self
            .endpoints
            .iter_mut()
            .filter(|endpoint| endpoint.component == file)
        {
            digest.clone_into(&mut endpoint.component);
        }
    }
}

/// A configured instance of an endpoint component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Its owner.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// The component's name or digest.
    pub component: String,
    /// Endpoint parameters, secrets in clear; wiped when dropped.
    #[serde(default)]
    pub params: BTreeMap<String, ParamValue>,
    /// What names the ask that is granted, as a [dry run](crate::apply::Consent) shows it. What was granted
    /// before needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        for value in self.params.values_mut() {
            match value {
                ParamValue::One(text) => text.zeroize(),
                ParamValue::List(texts) => texts.zeroize(),
                ParamValue::Rows(rows) => rows.values_mut().for_each(Zeroize::zeroize),
            }
        }
    }
}

/// A destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Its owner.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// Recipient parameters.
    #[serde(default)]
    pub params: BTreeMap<String, ParamValue>,
    /// BCP 47.
    pub language: String,
    /// IANA name.
    pub time_zone: String,
    /// What it wants to hear of.
    #[serde(default)]
    pub filter: Filter,
    /// A title of its own in place of the definition's, with [holes](crate::template::Hole).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A message of its own in place of the definition's, with holes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Private targets that the operator opens for a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// For whom.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// What.
    pub allow: Vec<Opening>,
}

/// A token, in clear: it is hashed before it is stored, and wiped when dropped.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Its owner.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What it opens.
    pub role: Role,
    /// The token itself.
    pub value: String,
}

impl Drop for Token {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The value of a parameter.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// One value.
    One(String),
    /// A `list`.
    List(Vec<String>),
    /// `pairs` or `secret-pairs`.
    Rows(BTreeMap<String, String>),
}

impl std::fmt::Debug for ParamValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may be a secret: nothing here knows.
        f.write_str(match self {
            Self::One(_) => "One(..)",
            Self::List(_) => "List(..)",
            Self::Rows(_) => "Rows(..)",
        })
    }
}

/// Parameters as components read them: a row each, a list one value a line.
#[must_use]
pub fn flatten(params: &BTreeMap<String, ParamValue>, specs: &[ParamSpec]) -> Vec<Param> {
    let mut flat = Vec::new();
    // In the manifest's order, then what it does not know, so that the check can name it.
    let known = specs.iter().map(|spec| spec.name.as_str());
    let unknown = params
        .keys()
        .map(String::as_str)
        .filter(|name| !specs.iter().any(|spec| spec.name == *name));
    for name in known.chain(unknown) {
        let Some(value) = params.get(name) else {
            continue;
        };
        match value {
            ParamValue::One(value) => {
                flat.push(Param {
                    name: name.to_owned(),
                    key: None,
                    value: value.clone(),
                });
            }
            ParamValue::List(values) => {
                flat.push(Param {
                    name: name.to_owned(),
                    key: None,
                    value: values.join("\n"),
                });
            }
            ParamValue::Rows(rows) => flat.extend(rows.iter().map(|(key, value)| Param {
                name: name.to_owned(),
                key: Some(key.clone()),
                value: value.clone(),
            })),
        }
    }
    flat
}
