//! Components: those that came with the program, and those that were installed.

use std::collections::HashMap;
use std::sync::Arc;

use campanile_contract::text::Catalog;

use super::{App, InstallError};
use crate::directory::Component;
use crate::sandbox::{Installed, digest};
use crate::store::{ComponentRow, Configuration, StoreError};

/// The example components, by name.
pub const BUILTIN: &[(&str, &[u8])] = &[
    ("telegram", include_bytes!(env!("CAMPANILE_TELEGRAM"))),
    ("webhook", include_bytes!(env!("CAMPANILE_WEBHOOK"))),
    ("flows", include_bytes!(env!("CAMPANILE_FLOWS"))),
];

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
                    tracing::error!(%unfit, "a stored component does not fit")
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
        let sandbox = self.sandbox.clone();
        let (wasm, installed) = tokio::task::spawn_blocking(move || {
            let installed = sandbox.install(&wasm);
            (wasm, installed)
        })
        .await
        .map_err(|_| StoreError::Closed)?;
        let installed = Arc::new(installed?);
        self.keep(&installed, wasm, builtin).await?;
        self.installed
            .lock()
            .await
            .insert(installed.digest.clone(), installed.clone());
        Ok(installed)
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
                .unwrap_or_else(|| {
                    // It parsed when it was installed.
                    let catalog = Catalog::parse(&ready.manifest.locales).unwrap_or_default();
                    Arc::new(Component {
                        digest: row.digest.clone(),
                        manifest: Arc::new(ready.manifest.clone()),
                        catalog,
                        builtin: row.builtin,
                        installed_at: row.installed_at,
                    })
                });
            components.insert(row.digest.clone(), component);
        }
        components
    }
}
