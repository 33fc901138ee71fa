//! Consent: what an endpoint asks, compared with what it was granted and with the ceiling over its tenant.

use campanile_contract::manifest::{Manifest, ParamKind};
use campanile_contract::text::Value;
use serde::{Deserialize, Serialize};

use super::{Line, Mistake, Planner};
use crate::desired::{Desired, Endpoint};
use crate::directory::{Component, StoredEndpoint};
use crate::grant::{Ask, Clause, Over, clauses};
use crate::store::EndpointRow;

/// What somebody has to allow before an endpoint is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What names the ask: whoever allows it says this, so that nothing else than what was shown is allowed.
    pub grant: String,
    /// The component's name.
    pub component: String,
    /// Its author's version.
    pub version: String,
    /// Its identity.
    pub digest: String,
    /// All that the endpoint may do then, in the host's words.
    pub may: Vec<Clause>,
    /// The same as data.
    pub ask: Ask,
}

/// Allows what these lines ask, in the state that they came of.
pub fn grant(desired: &mut Desired, lines: &[Line]) {
    for line in lines {
        let (Some(consent), Some(name)) = (&line.consent, line.item.strip_prefix("endpoint "))
        else {
            continue;
        };
        let mut endpoints = desired.endpoints.iter_mut();
        let asking =
            endpoints.find(|endpoint| endpoint.name == name && endpoint.tenant == line.tenant);
        if let Some(endpoint) = asking {
            endpoint.grant = Some(consent.grant.clone());
        }
    }
}

impl Planner<'_> {
    /// What an endpoint is granted from now on, and the consent that this still needs.
    pub(super) fn consent(
        &self,
        wanted: &Endpoint,
        component: &Component,
        ask: Ask,
        old: Option<&EndpointRow>,
    ) -> (Ask, Option<Consent>) {
        let granted = old
            .and_then(|row| StoredEndpoint::read(row).ok())
            .and_then(|stored| stored.granted);
        let digest = ask.digest();
        match granted {
            Some(granted) if granted.covers(&ask) => (granted, None),
            _ if wanted.grant.as_ref() == Some(&digest) => (ask, None),
            granted => {
                let consent = Consent {
                    grant: digest,
                    component: component.manifest.name.clone(),
                    version: component.manifest.version.clone(),
                    digest: component.digest.clone(),
                    may: clauses(&ask, granted.as_ref(), self.language),
                    ask: ask.clone(),
                };
                (ask, Some(consent))
            }
        }
    }

    /// What is over the ceiling that the operator put over a tenant.
    pub(super) fn over_ceiling(
        &self,
        wanted: &Endpoint,
        component: &Component,
        ask: &Ask,
    ) -> Vec<Mistake> {
        let ceiling = self.ceilings.over(&wanted.tenant);
        let over = ceiling.map(|ceiling| ceiling.refuses(&component.digest, ask));
        let mistake = |over: Over<'_>| {
            let (key, hole, value) = match over {
                Over::Component => ("component", "digest", component.digest.as_str()),
                Over::Address(address) => ("address", "address", address),
            };
            let args = [(hole.to_owned(), Value::Text(value.to_owned()))];
            Mistake {
                item: format!("endpoint {}", wanted.name),
                tenant: wanted.tenant.clone(),
                param: None,
                message: self.say(&format!("apply.over_ceiling.{key}"), &args),
            }
        };
        over.into_iter().flatten().map(mistake).collect()
    }

    /// Secrets that another component would read in clear, or send where the old one only signed.
    pub(super) fn weakened(
        &self,
        wanted: &Endpoint,
        component: &Component,
        old: Option<&EndpointRow>,
    ) -> Vec<Mistake> {
        let Some(row) = old else { return Vec::new() };
        let Ok(stored) = StoredEndpoint::read(row) else {
            return Vec::new();
        };
        let before = self.snapshot.components.get(&row.component);
        let before = before.map(|component| &*component.manifest);
        weakened(&stored, before, &component.manifest)
            .into_iter()
            .map(|name| Mistake {
                item: format!("endpoint {}", wanted.name),
                tenant: wanted.tenant.clone(),
                param: Some(name.to_owned()),
                message: self.say("apply.weakened", &[]),
            })
            .collect()
    }
}

/// The secrets of an endpoint whose kind is weaker in another manifest than in the one that they were
/// entered for.
#[must_use]
pub fn weakened<'a>(
    stored: &'a StoredEndpoint,
    before: Option<&Manifest>,
    after: &Manifest,
) -> Vec<&'a str> {
    let kind = |manifest: &Manifest, name: &str| {
        let mut params = manifest.params();
        params.find(|spec| spec.name == name).map(|spec| spec.kind)
    };
    let is_weaker = |name: &str| {
        let only_signed =
            before.is_some_and(|before| kind(before, name) == Some(ParamKind::SigningKey));
        kind(after, name)
            .is_some_and(|kind| !kind.is_secret() || (only_signed && kind != ParamKind::SigningKey))
    };
    let mut names: Vec<&str> = stored
        .sealed
        .iter()
        .map(|(name, ..)| name.as_str())
        .filter(|name| is_weaker(name))
        .collect();
    names.dedup();
    names
}
