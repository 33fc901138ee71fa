//! What a secret is sealed to: whose it is, what it may be used for, and where it goes.

use campanile_contract::manifest::{Manifest, Origin, ParamKind, ParamSpec};
use campanile_contract::params::Param;

use super::Sealed;

/// What a secret is sealed to. It opens for an equal binding alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub(super) bytes: Vec<u8>,
    pub(super) is_url: bool,
}

impl Binding {
    /// Of one secret value: tenant, endpoint, parameter and row, kind, places, and what names the origins
    /// of the routes that it may be used on. `params` are the endpoint's, completed; where one of kind
    /// `secret-url` names an origin, it must be filled in by [`with_origins`].
    #[must_use]
    pub fn of(
        tenant: &str,
        endpoint: &str,
        manifest: &Manifest,
        spec: &ParamSpec,
        key: Option<&str>,
        params: &[Param],
    ) -> Self {
        let mut bytes = Vec::new();
        let mut add = |field: &str| {
            // Lengths, so that no two lists of fields are written alike.
            bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field.as_bytes());
        };
        add("campanile secret 1");
        add(tenant);
        add(endpoint);
        add(&spec.name);
        add(key.map_or("", |_| "row"));
        add(key.unwrap_or_default());
        add(&format!("{:?}", spec.kind));
        // The order in a manifest means nothing.
        let mut uses: Vec<_> = spec
            .uses
            .iter()
            .map(|entry| (entry.route.as_str(), entry.place.to_string()))
            .collect();
        uses.sort();
        for (route, place) in &uses {
            add("use");
            add(route);
            add(place);
        }
        for route in &manifest.routes {
            // A signing key has no places: it may sign on every route.
            let used = spec.kind == ParamKind::SigningKey
                || uses.iter().any(|(name, _)| *name == route.name);
            if !used {
                continue;
            }
            add("origin");
            add(&route.name);
            match &route.origin {
                Origin::At(origin) => add(origin),
                // A secret-url is its own destination: the sealed value says where it goes.
                Origin::Param(name) if *name == spec.name => add("itself"),
                Origin::Param(name) => {
                    add(params
                        .iter()
                        .find(|param| param.name == *name)
                        .map_or("", |param| &param.value));
                }
            }
        }
        Self {
            bytes,
            is_url: spec.kind == ParamKind::SecretUrl,
        }
    }
}

/// The parameters, each `secret-url` reading its origin: what [`Binding::of`] wants.
#[must_use]
pub fn with_origins(params: &[Param], sealed: &[(String, Option<String>, Sealed)]) -> Vec<Param> {
    let mut all: Vec<Param> = params.to_vec();
    for (name, key, secret) in sealed {
        let Some(origin) = secret.origin() else {
            continue;
        };
        all.retain(|param| param.name != *name);
        all.push(Param {
            name: name.clone(),
            key: key.clone(),
            value: origin.to_owned(),
        });
    }
    all
}
