//! The secrets of a sample, sealed to where they go as those of a configuration are, so that the real way out
//! opens them.

use campanile_contract::manifest::{Manifest, ParamKind};
use campanile_contract::params::Param;

use super::stand::TENANT;
use crate::secret::{Binding, Sealed, Secret, Vault, with_origins};

/// A sealed secret, by parameter and row.
type SealedRow = (String, Option<String>, Sealed);

/// Seals a sample's secrets as those of a configuration are.
///
/// # Errors
///
/// The parameter's name, and what is wrong with it.
pub(super) fn seal(
    manifest: &Manifest,
    vault: &Vault,
    clear: &[Param],
    secrets: &[Param],
) -> Result<Vec<SealedRow>, (String, String)> {
    let mut sealed: Vec<SealedRow> = Vec::new();
    // Secret URLs first: others may be sealed to where these lead.
    let is_url = |param: &&Param| {
        let mut specs = manifest.params();
        specs.any(|spec| spec.name == param.name && spec.kind == ParamKind::SecretUrl)
    };
    let (urls, others): (Vec<_>, Vec<_>) = secrets.iter().partition(is_url);
    for param in urls.into_iter().chain(others) {
        let Some(spec) = manifest.params().find(|spec| spec.name == param.name) else {
            continue;
        };
        let bound = with_origins(clear, &sealed);
        let binding = Binding::of(
            TENANT,
            "endpoint",
            manifest,
            spec,
            param.key.as_deref(),
            &bound,
        );
        let value = vault
            .seal(&binding, &Secret::new(param.value.clone()))
            .map_err(|error| (param.name.clone(), error.to_string()))?;
        sealed.push((param.name.clone(), param.key.clone(), value));
    }
    Ok(sealed)
}
