//! An endpoint as it is stored, read.

use campanile_contract::params::Param;
use serde::{Deserialize, Serialize};

use super::Component;
use crate::grant::Ask;
use crate::secret::{Sealed, with_origins};
use crate::store::EndpointRow;

/// A sealed parameter, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SealedParam {
    /// The parameter.
    pub name: String,
    /// The row's key, in a parameter with rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value.
    pub value: Sealed,
}

impl SealedParam {
    /// As a hole names it: the parameter, or the parameter and the row.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.key {
            None => self.name.clone(),
            Some(key) => format!("{}/{key}", self.name),
        }
    }
}

/// What stands in an endpoint's row.
#[derive(Debug)]
pub struct StoredEndpoint {
    /// Its parameters; secrets read `set`.
    pub params: Vec<Param>,
    /// Its secrets, by parameter and row.
    pub sealed: Vec<(String, Option<String>, Sealed)>,
    /// What it was granted.
    pub granted: Option<Ask>,
}

impl StoredEndpoint {
    /// Reads a row.
    ///
    /// # Errors
    ///
    /// Where it holds what this program never wrote.
    pub fn read(row: &EndpointRow) -> serde_json::Result<Self> {
        let sealed: Vec<SealedParam> = serde_json::from_str(&row.sealed)?;
        let granted = row.granted.as_deref().map(serde_json::from_str);
        Ok(Self {
            params: serde_json::from_str(&row.params)?,
            sealed: sealed
                .into_iter()
                .map(|param| (param.name, param.key, param.value))
                .collect(),
            granted: granted.transpose()?,
        })
    }

    /// The parameters, each `secret-url` reading its origin.
    #[must_use]
    pub fn with_origins(&self) -> Vec<Param> {
        with_origins(&self.params, &self.sealed)
    }

    /// What it asks, with this component.
    #[must_use]
    pub fn ask(&self, component: &Component) -> Ask {
        let params = self.with_origins();
        Ask::of(&component.manifest, component.builtin, &params)
    }
}
