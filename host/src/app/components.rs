//! Components: those that came with the program, and those that were installed.

use std::collections::HashMap;
use std::sync::Arc;

use super::{App, InstallError};
use crate::directory::{Component, Snapshot};
use crate::sandbox::{Installed, digest};
use crate::store::{ComponentRow, Configuration, Store, StoreError};

/// The example components, by name, in alphabetical order: one for each crate in `example-endpoints`.
pub const BUILTIN: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// The example component of this name.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static [u8]> {
    let (_, wasm) = BUILTIN.iter().find(|(known, _)| *known == name)?;
    Some(wasm)
}

/// The file of a component, wherever it came from.
pub(super) async fn file(store: &Store, digest: &str) -> Option<Vec<u8>> {
    let own = BUILTIN
        .iter()
        .find(|(_, wasm)| super::sandbox::digest(wasm) == digest);
    match own {
        Some((_, wasm)) => Some(wasm.to_vec()),
        None => store.component_wasm(digest).await.ok()?,
    }
}

impl App {
    /// Installs what came with the program and what is stored. A stored component that does not fit any
    /// more is left out; its alerts stay queued.
    pub(super) async fn install_all(&self) -> anyhow::Result<()> {
        let stored = self.store.configuration().await?.components;
        let mut files: Vec<(Vec<u8>, bool)> = BUILTIN
            .iter()
            .map(|(_, wasm)| (wasm.to_vec(), true))
            .collect();
        for row in stored
            .iter()
            .filter(|row| BUILTIN.iter().all(|(_, wasm)| digest(wasm) != row.digest))
        {
            if let Some(wasm) = self.store.component_wasm(row.digest.as_str()).await? {
                files.push((wasm, row.builtin));
            }
        }
        let installs = files
            .into_iter()
            .map(|(wasm, builtin)| self.install_component(wasm, builtin));
        for result in futures_util::future::join_all(installs).await {
            match result {
                Ok(_) => {}
                Err(InstallError::Unfit(unfit)) => {
                    tracing::error!(%unfit, "a stored component does not fit");
                }
                Err(InstallError::Store(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Compiles, checks and stores a component.
    pub(super) async fn install_component(
        &self,
        wasm: Vec<u8>,
        builtin: bool,
    ) -> Result<Arc<Installed>, InstallError> {
        let (wasm, installed) = self.compile(wasm).await?;
        self.keep(&installed, wasm, builtin).await?;
        Ok(installed)
    }

    /// Compiles and checks a component without installing it. A dry run finds it by its digest for as long
    /// as this process runs; nothing else does.
    ///
    /// # Errors
    ///
    /// What does not fit.
    pub async fn look_at(&self, wasm: Vec<u8>) -> Result<Arc<Installed>, InstallError> {
        Ok(self.compile(wasm).await?.1)
    }

    async fn compile(&self, wasm: Vec<u8>) -> Result<(Vec<u8>, Arc<Installed>), InstallError> {
        let vouched =
            BUILTIN.iter().any(|(_, own)| *own == wasm) || self.vouched.contains(&digest(&wasm));
        let installed = self.sandboxes.install(&wasm, vouched).await?;
        let installed = Arc::new(installed);
        self.installed
            .lock()
            .await
            .insert(installed.digest.clone(), installed.clone());
        Ok((wasm, installed))
    }

    /// The configuration as it would be with the components that were looked at. No name leads to those:
    /// they are older than any.
    pub(super) async fn with_looked_at(&self, configuration: &Configuration) -> Snapshot {
        let mut all = configuration.clone();
        for installed in self.installed.lock().await.values() {
            if all
                .components
                .iter()
                .all(|row| row.digest != installed.digest)
            {
                all.components.push(ComponentRow {
                    digest: installed.digest.clone(),
                    name: installed.manifest.name.clone(),
                    tenant: None,
                    builtin: false,
                    manifest: installed.description.clone(),
                    wasm: None,
                    installed_at: 0,
                });
            }
        }
        let components = self.resolved_components(&all).await;
        Snapshot::resolve(&all, components, &self.vault, &self.ceilings).0
    }

    async fn keep(
        &self,
        installed: &Installed,
        wasm: Vec<u8>,
        builtin: bool,
    ) -> Result<(), StoreError> {
        let stored = self.store.configuration().await?.components;
        if stored.iter().any(|row| row.digest == installed.digest) {
            return Ok(());
        }
        self.store
            .put_component(ComponentRow {
                digest: installed.digest.clone(),
                name: installed.manifest.name.clone(),
                tenant: None,
                builtin,
                manifest: installed.description.clone(),
                wasm: Some(wasm),
                installed_at: self.clock.now(),
            })
            .await
    }

    /// The components of the configuration that are ready to be called.
    pub(super) async fn resolved_components(
        &self,
        configuration: &Configuration,
    ) -> HashMap<String, Arc<Component>> {
        let installed = self.installed.lock().await;
        let current = self.directory.now();
        let mut components = HashMap::new();
        for row in &configuration.components {
            let Some(ready) = installed.get(&row.digest) else {
                continue;
            };
            let component = current
                .components
                .get(&row.digest)
                .cloned()
                .unwrap_or_else(|| Arc::new(Component::of(ready, row.builtin, row.installed_at)));
            components.insert(row.digest.clone(), component);
        }
        components
    }
}
