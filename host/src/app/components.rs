//! Components: those that came with the program, and those that were installed.

use std::collections::HashMap;
use std::sync::Arc;

use super::App;
use crate::directory::{Component, Installations, Snapshot};
use crate::sandbox::{Installed, Unfit, digest};
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
    /// Installs what came with the program, and has ready what is stored of everybody's. Of tenants' own nobody
    /// waits for what has to be compiled first. What does not fit any more is left out; its alerts stay queued.
    pub(super) async fn install_all(&self) -> Result<(), StoreError> {
        let builtin = BUILTIN.iter().map(|(_, wasm)| self.install_builtin(wasm));
        let all = futures_util::future::join_all(builtin).await;
        all.into_iter().collect::<Result<Vec<_>, _>>()?;
        let stored = self.store.configuration().await?.components;
        let mut first = stored;
        first.retain(|row| row.tenant.is_none() || self.sandboxes.is_compiled(&row.digest));
        self.ready_all(&first).await?;
        Ok(())
    }

    /// Has ready what of tenants' own has to be compiled first, such as after the engine was replaced.
    pub(super) async fn compile_the_rest(self: Arc<Self>) {
        let rest = async {
            let stored = self.store.configuration().await?.components;
            if self.ready_all(&stored).await? {
                self.reload().await?;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = rest.await {
            tracing::error!(%error, "components of tenants' own cannot be read: they are served after the next start");
        }
    }

    /// Whether any was not ready before.
    async fn ready_all(&self, rows: &[ComponentRow]) -> Result<bool, StoreError> {
        let mut new = false;
        // One after the other: each is read as a whole.
        for row in rows {
            new |= self.ready(&row.digest).await?;
        }
        Ok(new)
    }

    async fn install_builtin(&self, wasm: &[u8]) -> Result<(), StoreError> {
        match self.compile(wasm).await {
            Ok(installed) => self.keep(None, &installed, wasm.to_vec(), true).await,
            Err(unfit) => {
                tracing::error!(%unfit, "a component that came with the program does not fit");
                Ok(())
            }
        }
    }

    /// Whether it was not before.
    async fn ready(&self, digest: &str) -> Result<bool, StoreError> {
        if self.installed.lock().await.contains_key(digest) {
            return Ok(false);
        }
        if let Some(wasm) = self.store.component_wasm(digest).await?
            && let Err(unfit) = self.compile(&wasm).await
        {
            tracing::error!(digest, %unfit, "a stored component does not fit");
        }
        Ok(true)
    }

    /// Compiles and checks a component.
    pub(super) async fn compile(&self, wasm: &[u8]) -> Result<Arc<Installed>, Unfit> {
        let own = |(_, own): &(&str, &[u8])| *own == wasm;
        let vouched = BUILTIN.iter().any(own) || self.vouched.contains(&digest(wasm));
        let installed = Arc::new(self.sandboxes.install(wasm, vouched).await?);
        self.installed
            .lock()
            .await
            .insert(installed.digest.clone(), installed.clone());
        Ok(installed)
    }

    /// The configuration as it would be with the components that were looked at.
    pub(super) async fn with_looked_at(&self, configuration: &Configuration) -> Snapshot {
        let mut components = self.resolved_components(configuration).await;
        for (digest, installed) in &*self.installed.lock().await {
            let nobody = || Arc::new(Component::of(installed, false, Installations::default()));
            components.entry(digest.clone()).or_insert_with(nobody);
        }
        Snapshot::resolve(configuration, components, &self.vault, &self.ceilings).0
    }

    /// Stores a component, for this tenant or for everybody, unless it has it.
    pub(super) async fn keep(
        &self,
        tenant: Option<&str>,
        installed: &Installed,
        wasm: Vec<u8>,
        builtin: bool,
    ) -> Result<(), StoreError> {
        let stored = self.store.configuration().await?.components;
        let has = |row: &ComponentRow| {
            row.digest == installed.digest
                && (row.tenant.is_none() || row.tenant.as_deref() == tenant)
        };
        if stored.iter().any(has) {
            return Ok(());
        }
        self.store
            .put_component(ComponentRow {
                digest: installed.digest.clone(),
                name: installed.manifest.name.clone(),
                tenant: tenant.map(str::to_owned),
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
        let mut installations: HashMap<&str, (bool, Installations)> = HashMap::new();
        for row in &configuration.components {
            let (builtin, of) = installations.entry(&row.digest).or_default();
            *builtin |= row.builtin;
            of.add(row);
        }
        let installed = self.installed.lock().await;
        let current = self.directory.now();
        let mut components = HashMap::new();
        for (digest, (builtin, of)) in installations {
            let Some(ready) = installed.get(digest) else {
                continue;
            };
            let known = current.components.get(digest);
            let component = known.filter(|component| component.installed == of).cloned();
            let component =
                component.unwrap_or_else(|| Arc::new(Component::of(ready, builtin, of)));
            components.insert(digest.to_owned(), component);
        }
        components
    }
}
