//! Words that the contract and the host share about alerts.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// Syslog order, least urgent first, so that severities compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Of use to who develops the producer.
    Debug,
    /// Nothing to do.
    Info,
    /// Normal, but worth knowing.
    Notice,
    /// May become a failure.
    Warning,
    /// Something failed.
    Error,
    /// A part that matters failed.
    Critical,
    /// Act at once.
    Alert,
    /// Unusable.
    Emergency,
}

impl Severity {
    /// All severities, least urgent first.
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// The name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where an alert is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A one-off event, such as a flow alert.
    #[default]
    Stored,
    /// A condition that began and still holds.
    Engaged,
    /// News of a condition that still holds.
    Updated,
    /// A condition that still holds, told again.
    Reminded,
    /// Somebody has seen it.
    Acknowledged,
    /// An engaged condition that ended.
    Released,
}

impl Action {
    /// The name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Engaged => "engaged",
            Self::Updated => "updated",
            Self::Reminded => "reminded",
            Self::Acknowledged => "acknowledged",
            Self::Released => "released",
        }
    }
}

/// What an alert is about: `host` `192.168.1.10@0`, `interface` `eth0`, `flow` ...
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// What sort of thing it is; `alert_messages.<kind>_entity` is its label's locale key.
    pub kind: String,
    /// Its identity.
    pub value: String,
    /// A name that a person would use, when one is known.
    #[serde(default)]
    pub name: Option<String>,
}

/// People see no empty name; a compact format has a place for each field.
impl Serialize for Entity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = !serializer.is_human_readable() || self.name.is_some();
        let mut entity = serializer.serialize_struct("Entity", 2 + usize::from(named))?;
        entity.serialize_field("kind", &self.kind)?;
        entity.serialize_field("value", &self.value)?;
        if named {
            entity.serialize_field("name", &self.name)?;
        }
        entity.end()
    }
}
