//! The store looked at from aside: what an operator asks of its file, whether a server runs or not.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use campanile_contract::manifest::Manifest;

use super::STORE;
use super::key::KeyPlace;
use super::rotate::{Gone, gone};
use crate::apply::reseal;
use crate::secret::Vault;
use crate::store::{Aside, Checked, Configuration, Store};

/// What was found.
#[derive(Debug, serde::Serialize)]
pub struct Inspected {
    /// The file.
    pub file: PathBuf,
    /// Whether all is well with it.
    pub passed: bool,
    /// The file and its rows.
    #[serde(flatten)]
    pub checked: Checked,
    /// The secrets in it; nothing where the master key is not there.
    pub secrets: Option<Secrets>,
}

/// What opens with the master key.
#[derive(Debug, Default, serde::Serialize)]
pub struct Secrets {
    /// How many do.
    pub opened: usize,
    /// Those that do not.
    pub lost: Vec<Gone>,
}

/// The store's file in a data directory.
///
/// # Errors
///
/// Where there is none.
pub fn stored(data: &Path) -> anyhow::Result<PathBuf> {
    let path = data.join(STORE);
    anyhow::ensure!(
        path.exists(),
        "no server has run in {}: name another place with --data",
        data.display()
    );
    Ok(path)
}

/// Looks through a store's file, and tries its secrets where the master key is there.
///
/// # Errors
///
/// Where it cannot be looked at.
pub fn inspect(file: &Path, key: &KeyPlace) -> anyhow::Result<Inspected> {
    let at = || file.display().to_string();
    let aside = Aside::open(file).with_context(at)?;
    let checked = aside.check().with_context(at)?;
    let key = key
        .load()
        .with_context(|| key.path().display().to_string())?;
    let configuration = if checked.damage.is_empty() {
        aside.configuration().with_context(at)?
    } else {
        None
    };
    let secrets = match (key, configuration) {
        (Some(key), Some(configuration)) => Some(open_all(&configuration, &Vault::new(&key))?),
        _ => None,
    };
    let lost = secrets.iter().any(|secrets| !secrets.lost.is_empty());
    Ok(Inspected {
        file: file.to_owned(),
        passed: checked.damage.is_empty() && checked.broken.is_empty() && !lost,
        checked,
        secrets,
    })
}

fn open_all(configuration: &Configuration, vault: &Vault) -> anyhow::Result<Secrets> {
    let manifests: HashMap<_, _> = configuration
        .components
        .iter()
        .filter_map(|row| Some((&row.digest, Manifest::from_json(&row.manifest).ok()?)))
        .collect();
    let mut secrets = Secrets::default();
    let sealed = configuration.endpoints.iter();
    for row in sealed.filter(|row| row.has_secrets()) {
        let (_, opened, lost) = reseal(row, manifests.get(&row.component), vault, vault)?;
        secrets.opened += opened;
        if !lost.is_empty() {
            secrets.lost.push(gone(row, lost));
        }
    }
    Ok(secrets)
}

/// Writes a store's file anew, without what is free in it, while no server runs.
///
/// # Errors
///
/// Where a server runs, or where there is no room for the new file.
pub async fn compact(file: &Path) -> anyhow::Result<()> {
    let store = Store::open(file).await?;
    store.vacuum().await?;
    store.close().await?;
    Ok(())
}
