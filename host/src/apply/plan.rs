//! What has to be done: changes for the store, and the same as lines for people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Consent, json};
use crate::desired::{Desired, Networks};
use crate::store::{Change, Configuration, NetworkRow};

/// One line of what changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// `created`, `changed` or `removed`.
    pub change: String,
    /// Such as `recipient noc`.
    pub item: String,
    /// Its owner.
    pub tenant: String,
    /// What has to be allowed before it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
}

/// What has to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// For the store, in order.
    pub changes: Vec<Change>,
    /// For people.
    pub lines: Vec<Line>,
}

impl Plan {
    pub(super) fn put<Row: PartialEq>(
        &mut self,
        old: Option<&Row>,
        new: &Row,
        item: &str,
        tenant: &str,
        change: Change,
    ) {
        if old == Some(new) {
            return;
        }
        let verb = if old.is_some() { "changed" } else { "created" };
        self.lines.push(Line {
            change: verb.to_owned(),
            item: item.to_owned(),
            tenant: tenant.to_owned(),
            consent: None,
        });
        self.changes.push(change);
    }

    /// Says what the item that was put last needs: without it, it changes.
    pub(super) fn needs(&mut self, consent: Option<Consent>) {
        if let (Some(consent), Some(line)) = (consent, self.lines.last_mut()) {
            line.consent = Some(consent);
        }
    }

    fn remove(&mut self, item: &str, tenant: &str, change: Change) {
        self.lines.push(Line {
            change: String::from("removed"),
            item: item.to_owned(),
            tenant: tenant.to_owned(),
            consent: None,
        });
        self.changes.push(change);
    }

    pub(super) fn networks(&mut self, configuration: &Configuration, wanted: &[Networks]) {
        let mut by_tenant: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for networks in wanted {
            let rules = by_tenant.entry(&networks.tenant).or_default();
            rules.extend(networks.allow.iter().map(ToString::to_string));
        }
        for (tenant, rules) in by_tenant {
            let row = NetworkRow {
                tenant: tenant.to_owned(),
                allow: json(&rules),
            };
            let old = configuration
                .networks
                .iter()
                .find(|row| row.tenant == tenant);
            self.put(
                old,
                &row,
                "network",
                tenant,
                Change::PutNetworks(row.clone()),
            );
        }
    }

    /// Removes what is not wanted. Tokens and networks that no file names are somebody's way in: those
    /// with a leading `_` are the program's own and stay.
    pub(super) fn prune(&mut self, configuration: &Configuration, desired: &Desired) {
        for row in &configuration.recipients {
            let wanted = desired
                .recipients
                .iter()
                .any(|one| one.tenant == row.tenant && one.name == row.name);
            if !wanted {
                let change = Change::RemoveRecipient(row.tenant.clone(), row.name.clone());
                self.remove(&format!("recipient {}", row.name), &row.tenant, change);
            }
        }
        for row in &configuration.endpoints {
            let wanted = desired
                .endpoints
                .iter()
                .any(|one| one.tenant == row.tenant && one.name == row.name);
            if !wanted {
                let change = Change::RemoveEndpoint(row.tenant.clone(), row.name.clone());
                self.remove(&format!("endpoint {}", row.name), &row.tenant, change);
            }
        }
        for row in configuration
            .tokens
            .iter()
            .filter(|row| !row.name.starts_with('_'))
        {
            let wanted = desired
                .tokens
                .iter()
                .any(|one| one.tenant == row.tenant && one.name == row.name);
            if !wanted {
                let change = Change::RemoveToken(row.tenant.clone(), row.name.clone());
                self.remove(&format!("token {}", row.name), &row.tenant, change);
            }
        }
        for row in configuration
            .networks
            .iter()
            .filter(|row| row.allow != "[]")
        {
            if !desired.networks.iter().any(|one| one.tenant == row.tenant) {
                let none = NetworkRow {
                    tenant: row.tenant.clone(),
                    allow: String::from("[]"),
                };
                self.remove("network", &row.tenant, Change::PutNetworks(none));
            }
        }
    }
}
