//! Whether an endpoint moves to a newer component of the same name by itself: only where that wants nothing
//! that was not granted, and nothing has to be entered again. Pure.

use campanile_contract::manifest::{Manifest, ParamSpec};
use campanile_contract::params::{self, Param};

use super::{json, weakened};
use crate::directory::{Component, StoredEndpoint, set};
use crate::grant::Ceiling;
use crate::outcome::Reason;
use crate::secret::Binding;
use crate::store::{EndpointRow, RecipientRow};

/// The endpoint with the newer component in place of the older, and its parameters as that completes them.
///
/// # Errors
///
/// Why it stays as it is.
pub fn upgraded(
    row: &EndpointRow,
    recipients: &[&RecipientRow],
    older: &Component,
    newer: &Component,
    ceiling: Option<&Ceiling>,
) -> Result<(EndpointRow, Vec<Param>), Reason> {
    let stored = StoredEndpoint::read(row).map_err(|_| Reason::InvalidParameters)?;
    let (before, after) = (&*older.manifest, &*newer.manifest);
    if !weakened(&stored, Some(before), after).is_empty() {
        return Err(Reason::EnterSecretAgain);
    }
    let params = completed(&stored, after)?;
    let moved = StoredEndpoint {
        params: params.clone(),
        ..stored
    };
    let ask = moved.ask(newer);
    let granted = moved.granted.as_ref();
    if !granted.is_some_and(|granted| granted.covers(&ask)) {
        return Err(Reason::ConsentNeeded);
    }
    if !opens(row, &moved, before, after) {
        return Err(Reason::EnterSecretAgain);
    }
    let over = ceiling.map(|ceiling| ceiling.refuses(&newer.digest, &ask));
    if over.is_some_and(|over| !over.is_empty()) {
        return Err(Reason::OverCeiling);
    }
    for recipient in recipients {
        let own: Vec<Param> =
            serde_json::from_str(&recipient.params).map_err(|_| Reason::InvalidParameters)?;
        if !params::check(&after.recipient_params, &own).is_empty() {
            return Err(Reason::InvalidParameters);
        }
    }
    let row = EndpointRow {
        component: newer.digest.clone(),
        params: json(&params),
        ..row.clone()
    };
    Ok((row, params))
}

/// The parameters as another manifest completes them.
fn completed(stored: &StoredEndpoint, manifest: &Manifest) -> Result<Vec<Param>, Reason> {
    let specs = &manifest.endpoint_params;
    let (hidden, open): (Vec<&ParamSpec>, Vec<&ParamSpec>) =
        specs.iter().partition(|spec| spec.kind.is_secret());
    let is_sealed = |name: &str| stored.sealed.iter().any(|(sealed, ..)| sealed == name);
    let clear: Vec<Param> = stored
        .params
        .iter()
        .filter(|param| !is_sealed(&param.name))
        .cloned()
        .collect();
    let missing = hidden
        .iter()
        .any(|spec| spec.required && !is_sealed(&spec.name));
    if missing || !params::check(open.iter().copied(), &clear).is_empty() {
        return Err(Reason::InvalidParameters);
    }
    let mut all = params::complete(open.iter().copied(), &clear);
    let kept = stored
        .sealed
        .iter()
        .filter(|(name, ..)| hidden.iter().any(|spec| spec.name == *name));
    all.extend(kept.map(|(name, key, _)| set(name, key.as_deref())));
    Ok(all)
}

/// Whether every secret that the newer component knows opens for it too.
fn opens(row: &EndpointRow, stored: &StoredEndpoint, before: &Manifest, after: &Manifest) -> bool {
    let params = stored.with_origins();
    stored.sealed.iter().all(|(name, key, _)| {
        let binding = |manifest: &Manifest| {
            let spec = manifest.params().find(|spec| spec.name == *name)?;
            let (tenant, endpoint) = (&row.tenant, &row.name);
            Some(Binding::of(
                tenant,
                endpoint,
                manifest,
                spec,
                key.as_deref(),
                &params,
            ))
        };
        binding(after).is_none_or(|binding_after| binding(before) == Some(binding_after))
    })
}
