//! Installing and removing components: the operator's are everybody's, a tenant's are its own.

use std::sync::Arc;

use super::App;
use super::share::Enough;
use crate::directory::{Component, Snapshot};
use crate::sandbox::{Installed, Unfit, digest};
use crate::store::{Removal, StoreError};

/// Components that were looked at and are kept for a dry run, by tenant: those of one configuration, and no more
/// memory than that takes.
const LOOKED_AT: usize = 64;

/// Why a component was not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It does not fit.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The tenant has had its share of compiling.
    #[error(transparent)]
    Enough(#[from] Enough),
    /// The tenant has as many as it may.
    #[error(
        "this tenant has {0} components of its own, which is all it may have: remove one that no endpoint uses"
    )]
    TooMany(usize),
    /// It is called as another is.
    #[error(
        "the component is called `{name}`, as one that {whose} has ({digest}): give it a name of its own"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// `everybody`, or `this tenant` where only the worlds differ.
        whose: &'static str,
        /// The other's digest.
        digest: String,
    },
    /// It is a formatter of what another formats.
    #[error(
        "the alert kind `{kind}` is defined by the formatter `{other}` ({digest}) already: remove that one, or leave this kind out"
    )]
    KindTaken {
        /// The alert kind.
        kind: String,
        /// The other formatter's name.
        other: String,
        /// The other formatter's digest.
        digest: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a component was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// There is none.
    #[error("no component `{0}` is installed; `campanile component list` shows those that are")]
    NotThere(String),
    /// It comes with the program.
    #[error("the component `{0}` comes with the program, and is always there")]
    BuiltIn(String),
    /// It is another's to remove.
    #[error("the component `{0}` is everybody's; ask the operator to remove it")]
    Everybodys(String),
    /// Endpoints use it.
    #[error("endpoints use the component: {}; remove or change them first", .0.join(", "))]
    Used(Vec<String>),
    /// Deliveries that it built are not at their end.
    #[error("deliveries that the component built are not at their end; try again when they are")]
    Pending,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Installs a component for everybody.
    ///
    /// # Errors
    ///
    /// What does not fit, or the store's.
    pub async fn install(&self, wasm: Vec<u8>) -> Result<Arc<Installed>, InstallError> {
        self.install_for(None, wasm).await
    }

    /// Installs a component for this tenant alone, or for everybody.
    ///
    /// # Errors
    ///
    /// What does not fit, a quota, or the store's.
    pub async fn install_for(
        &self,
        tenant: Option<&str>,
        wasm: Vec<u8>,
    ) -> Result<Arc<Installed>, InstallError> {
        let installed = self.compile_for(tenant, &wasm).await?;
        let _alone = self.changing.lock().await;
        // Somebody may have let go of it meanwhile.
        if !self.installed.lock().await.contains_key(&installed.digest) {
            self.compile(&wasm).await?;
        }
        if let Err(error) = self.fits_in(tenant, &installed) {
            self.forget_unused(&installed.digest).await;
            return Err(error);
        }
        self.keep(tenant, &installed, wasm, false).await?;
        self.upgrade(tenant).await?;
        self.reload().await?;
        Ok(installed)
    }

    /// Compiles and checks a component without installing it. A dry run finds it by its digest for a while;
    /// nothing else does.
    ///
    /// # Errors
    ///
    /// As [`install_for`](Self::install_for).
    pub async fn look_at(
        &self,
        tenant: Option<&str>,
        wasm: &[u8],
    ) -> Result<Arc<Installed>, InstallError> {
        let installed = self.compile_for(tenant, wasm).await?;
        let _alone = self.changing.lock().await;
        if let Err(error) = self.fits_in(tenant, &installed) {
            self.forget_unused(&installed.digest).await;
            return Err(error);
        }
        let oldest = {
            let mut all = self.looked_at.lock().await;
            let own = all.entry(tenant.map(str::to_owned)).or_default();
            own.retain(|digest| *digest != installed.digest);
            own.push_back(installed.digest.clone());
            (own.len() > LOOKED_AT).then(|| own.pop_front()).flatten()
        };
        if let Some(oldest) = oldest {
            self.forget_unused(&oldest).await;
        }
        Ok(installed)
    }

    /// Compiles a component, if there is room for another and its tenant has not had its share.
    async fn compile_for(
        &self,
        tenant: Option<&str>,
        wasm: &[u8],
    ) -> Result<Arc<Installed>, InstallError> {
        let Some(tenant) = tenant else {
            return Ok(self.compile(wasm).await?);
        };
        self.room(tenant, &digest(wasm))?;
        let _turn = self.shares.turn(tenant, self.clock.now()).await?;
        Ok(self.compile(wasm).await?)
    }

    /// Whether a tenant may have another component.
    fn room(&self, tenant: &str, digest: &str) -> Result<(), InstallError> {
        let snapshot = self.directory.now();
        let all = snapshot.components.values();
        let own = all.filter(|other| other.is_own(tenant) && other.digest != digest);
        if own.count() >= self.tenant_components {
            return Err(InstallError::TooMany(self.tenant_components));
        }
        Ok(())
    }

    /// Whether there is room for a component beside those that the same see.
    fn fits_in(&self, tenant: Option<&str>, installed: &Installed) -> Result<(), InstallError> {
        if let Some(tenant) = tenant {
            self.room(tenant, &installed.digest)?;
        }
        let snapshot = self.directory.now();
        let visible = snapshot
            .components
            .values()
            .filter(|other| other.digest != installed.digest)
            .filter(|other| match tenant {
                Some(tenant) => other.serves(tenant),
                None => other.is_everybodys(),
            });
        for other in visible {
            beside(tenant, installed, other)?;
        }
        Ok(())
    }

    /// Removes a component of this tenant, or one of everybody's.
    ///
    /// # Errors
    ///
    /// Why it stays.
    pub async fn remove(
        &self,
        tenant: Option<&str>,
        reference: &str,
    ) -> Result<Arc<Component>, RemoveError> {
        let _alone = self.changing.lock().await;
        let snapshot = self.directory.now();
        let component = find(&snapshot, tenant, reference)?;
        let configuration = self.store.configuration().await?;
        let leaves = |of: &str| match tenant {
            Some(tenant) => of == tenant && !component.is_everybodys(),
            None => !component.is_own(of),
        };
        let users = configuration
            .endpoints
            .iter()
            .filter(|row| row.component == component.digest && leaves(&row.tenant));
        let users: Vec<_> = users.map(|row| row.name.clone()).collect();
        if !users.is_empty() {
            return Err(RemoveError::Used(users));
        }
        let owner = tenant.map(str::to_owned);
        match self
            .store
            .remove_component(component.digest.as_str(), owner)
            .await?
        {
            Removal::Removed => {}
            Removal::NotThere => return Err(RemoveError::NotThere(reference.to_owned())),
            Removal::Pending => return Err(RemoveError::Pending),
        }
        self.reload().await?;
        self.forget_unused(&component.digest).await;
        Ok(component)
    }

    /// Lets go of what was compiled of a component that is neither installed nor looked at.
    async fn forget_unused(&self, digest: &str) {
        let looked_at = self.looked_at.lock().await;
        let mut wanted = looked_at.values().flatten();
        if wanted.any(|wanted| wanted == digest)
            || self.directory.now().components.contains_key(digest)
        {
            return;
        }
        self.installed.lock().await.remove(digest);
        self.sandboxes.forget(digest);
    }
}

/// Whether a component may stand beside another that is seen by the same.
fn beside(
    tenant: Option<&str>,
    installed: &Installed,
    other: &Component,
) -> Result<(), InstallError> {
    let poses = tenant.is_some() && other.is_everybodys();
    let (manifest, others) = (&installed.manifest, &*other.manifest);
    let same_world = manifest.is_formatter() == others.is_formatter();
    if manifest.name == others.name && (poses || !same_world) {
        return Err(InstallError::NameTaken {
            name: manifest.name.clone(),
            whose: if poses { "everybody" } else { "this tenant" },
            digest: other.digest.clone(),
        });
    }
    if manifest.name == others.name {
        // Another version of the same, which takes its place.
        return Ok(());
    }
    let mut kinds = manifest.definitions.iter();
    match kinds.find(|definition| others.definition(&definition.kind).is_some()) {
        None => Ok(()),
        Some(definition) => Err(InstallError::KindTaken {
            kind: definition.kind.clone(),
            other: others.name.clone(),
            digest: other.digest.clone(),
        }),
    }
}

/// The component that is meant, if it is this tenant's, or the operator's, to remove.
fn find(
    snapshot: &Snapshot,
    tenant: Option<&str>,
    reference: &str,
) -> Result<Arc<Component>, RemoveError> {
    let mut all: Vec<_> = snapshot
        .components
        .values()
        .filter(|component| component.digest == reference || component.manifest.name == reference)
        .collect();
    let whose = |component: &Component| match tenant {
        Some(tenant) => component.is_own(tenant),
        None => component.is_everybodys(),
    };
    if all.iter().any(|component| whose(component)) {
        all.retain(|component| whose(component) && !component.builtin);
        let newest = all.into_iter().max_by_key(|component| {
            component
                .rank(tenant.unwrap_or_default())
                .map(|(_, at, digest)| (at, digest.to_owned()))
        });
        return newest
            .cloned()
            .ok_or_else(|| RemoveError::BuiltIn(reference.to_owned()));
    }
    let seen = |component: &&&Arc<Component>| component.is_everybodys();
    match all.iter().find(seen) {
        Some(component) => Err(RemoveError::Everybodys(component.manifest.name.clone())),
        None => Err(RemoveError::NotThere(reference.to_owned())),
    }
}
