//! The master key, replaced or lost: what an operator does while the server stands still.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use campanile_contract::manifest::Manifest;

use super::aside::stored;
use super::key::KeyPlace;
use super::unlock::{Locked, unlock};
use crate::apply::reseal;
use crate::clock::Millis;
use crate::secret::Vault;
use crate::store::{Change, EndpointRow, NO_SECRETS, Store};

/// What became of an endpoint's secrets.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Gone {
    /// Whose.
    pub tenant: String,
    /// The endpoint.
    pub endpoint: String,
    /// The secrets that must be entered again.
    pub secrets: Vec<String>,
}

/// What a rotation did.
#[derive(Debug, serde::Serialize)]
pub struct Rotated {
    /// How many secrets are sealed with the new key.
    pub sealed: usize,
    /// Those that did not open before either.
    pub lost: Vec<Gone>,
    /// Where the new key stands.
    pub key: PathBuf,
}

/// Seals all secrets with a new master key, and leaves nothing behind that the old one opens. The new key is
/// made beside the old one and takes its place at the end; or it is read from, or made at, `to`, and stays
/// there.
///
/// Cut off at any moment, it is either undone or ended by the next start with the old place.
///
/// # Errors
///
/// In words for the person who does it. While a server runs, nothing is done.
pub async fn rotate(
    data: &Path,
    place: &KeyPlace,
    to: Option<PathBuf>,
    now: Millis,
) -> anyhow::Result<Rotated> {
    let store = open(data, place).await?;
    let old = unlock(place, &store, now).await?;
    let stays = to.is_some();
    let next = match (to, place) {
        (Some(path), _) => KeyPlace::File(path),
        (None, KeyPlace::File(_)) => place.next(),
        (None, KeyPlace::Credential(_)) => anyhow::bail!(
            "a credential cannot be replaced here: name a file for the new key with --to, and make it the credential"
        ),
    };
    let at = next.path().display().to_string();
    next.refuse_inside(data).with_context(|| at.clone())?;
    let new = match next.load().with_context(|| at.clone())? {
        Some(key) => key,
        None => next.create().with_context(|| at.clone())?,
    };
    anyhow::ensure!(
        new.check() != old.check(),
        "{at}: this is the key that is in use: name another file with --to"
    );
    let (old, vault) = (Vault::new(&old), Vault::new(&new));
    let configuration = store.configuration().await?;
    let manifests: HashMap<_, _> = configuration
        .components
        .iter()
        .filter_map(|row| Some((&row.digest, Manifest::from_json(&row.manifest).ok()?)))
        .collect();
    let mut rotated = Rotated {
        sealed: 0,
        lost: Vec::new(),
        key: if stays { next.path() } else { place.path() }.to_owned(),
    };
    let mut changes = vec![Change::PutKeyCheck(Some(new.check()))];
    for row in configuration
        .endpoints
        .iter()
        .filter(|row| row.has_secrets())
    {
        let manifest = manifests.get(&row.component);
        let (resealed, count, secrets) = reseal(row, manifest, &old, &vault)
            .with_context(|| format!("endpoint {} of {}", row.name, row.tenant))?;
        rotated.sealed += count;
        if !secrets.is_empty() {
            rotated.lost.push(gone(row, secrets));
        }
        changes.push(Change::PutEndpoint(resealed));
    }
    // From here on it is the new key that fits.
    store.apply(changes, now).await?;
    store.vacuum().await?;
    if !stays {
        place.advance().with_context(|| at)?;
    }
    store.close().await?;
    Ok(rotated)
}

/// Lets go of all secrets, because the key that they were sealed with is lost. Endpoints, recipients and
/// alerts stay.
///
/// # Errors
///
/// Where the key is there and fits, so that nothing is lost.
pub async fn forget(data: &Path, place: &KeyPlace, now: Millis) -> anyhow::Result<Vec<Gone>> {
    let store = open(data, place).await?;
    match unlock(place, &store, now).await {
        Err(error) if error.is::<Locked>() => {}
        Err(error) => return Err(error),
        Ok(_) => anyhow::bail!(
            "{}: the master key fits, and no secret is lost: nothing was changed",
            place.path().display()
        ),
    }
    let configuration = store.configuration().await?;
    let mut forgotten = Vec::new();
    let mut changes = vec![Change::PutKeyCheck(None)];
    for row in configuration
        .endpoints
        .iter()
        .filter(|row| row.has_secrets())
    {
        let names: Vec<crate::directory::SealedParam> =
            serde_json::from_str(&row.sealed).unwrap_or_default();
        forgotten.push(gone(
            row,
            names.into_iter().map(|param| param.shown()).collect(),
        ));
        changes.push(Change::PutEndpoint(EndpointRow {
            sealed: NO_SECRETS.to_owned(),
            ..row.clone()
        }));
    }
    store.apply(changes, now).await?;
    store.close().await?;
    Ok(forgotten)
}

async fn open(data: &Path, place: &KeyPlace) -> anyhow::Result<Store> {
    place
        .refuse_inside(data)
        .with_context(|| place.path().display().to_string())?;
    Ok(Store::open(stored(data)?).await?)
}

pub(super) fn gone(row: &EndpointRow, secrets: Vec<String>) -> Gone {
    Gone {
        tenant: row.tenant.clone(),
        endpoint: row.name.clone(),
        secrets,
    }
}
