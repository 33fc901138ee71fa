//! An installed component, and who may use it.

use std::collections::BTreeMap;
use std::sync::Arc;

use campanile_contract::manifest::Manifest;
use campanile_contract::text::Catalog;

use crate::clock::Millis;
use crate::sandbox;
use crate::store::ComponentRow;

/// An installed component.
#[derive(Debug)]
pub struct Component {
    /// Its identity.
    pub digest: String,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// Its messages.
    pub catalog: Catalog,
    /// Whether it came with the program.
    pub builtin: bool,
    /// For whom it was installed.
    pub installed: Installations,
}

/// For whom a component was installed, and when: by the operator for everybody, and by tenants for themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installations {
    everybody: Option<Millis>,
    own: BTreeMap<String, Millis>,
}

impl Installations {
    /// Notes what is stored.
    pub fn add(&mut self, row: &ComponentRow) {
        match &row.tenant {
            None => self.everybody = Some(row.installed_at),
            Some(tenant) => {
                self.own.insert(tenant.clone(), row.installed_at);
            }
        }
    }
}

impl Component {
    /// What a compiled component says of itself, resolved.
    #[must_use]
    pub fn of(compiled: &sandbox::Installed, builtin: bool, installed: Installations) -> Self {
        Self {
            digest: compiled.digest.clone(),
            manifest: Arc::new(compiled.manifest.clone()),
            // It parsed when it was compiled.
            catalog: Catalog::parse(&compiled.manifest.locales).unwrap_or_default(),
            builtin,
            installed,
        }
    }

    /// Whether it is installed for nobody: it was looked at, for a dry run.
    #[must_use]
    pub fn was_looked_at(&self) -> bool {
        self.installed == Installations::default()
    }

    /// Whether every tenant may use it.
    #[must_use]
    pub fn is_everybodys(&self) -> bool {
        self.installed.everybody.is_some()
    }

    /// Whether a tenant installed it for itself.
    #[must_use]
    pub fn is_own(&self, tenant: &str) -> bool {
        self.installed.own.contains_key(tenant)
    }

    /// Tenants that installed it for themselves.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.installed.own.keys().map(String::as_str)
    }

    /// Whether a tenant may use it.
    #[must_use]
    pub fn serves(&self, tenant: &str) -> bool {
        self.rank(tenant).is_some()
    }

    /// How it stands among components of one name, or of one alert kind, that a tenant may use: its own before
    /// everybody's, newer before older, and one before the other in any case.
    #[must_use]
    pub fn rank(&self, tenant: &str) -> Option<(bool, Millis, &str)> {
        let Installations { everybody, own } = &self.installed;
        let own = own.get(tenant).map(|at| (true, *at, self.digest.as_str()));
        own.or_else(|| Some((false, (*everybody)?, self.digest.as_str())))
    }
}
