//! Secrets, as the master key changes: each opened with the old one and sealed again, to the same.

use campanile_contract::manifest::Manifest;
use campanile_contract::params::Param;

use super::json;
use crate::directory::SealedParam;
use crate::secret::{Binding, Vault, with_origins};
use crate::store::EndpointRow;

/// An endpoint with its secrets sealed again, how many these are, and the names of those that did not open:
/// they are left out, and must be entered again, as they had to before.
///
/// # Errors
///
/// Where what is stored cannot be read, or the system has no random bytes.
pub fn reseal(
    row: &EndpointRow,
    manifest: Option<&Manifest>,
    old: &Vault,
    new: &Vault,
) -> anyhow::Result<(EndpointRow, usize, Vec<String>)> {
    let params: Vec<Param> = serde_json::from_str(&row.params)?;
    let stored: Vec<SealedParam> = serde_json::from_str(&row.sealed)?;
    let rows: Vec<_> = stored
        .iter()
        .map(|param| (param.name.clone(), param.key.clone(), param.value.clone()))
        .collect();
    let origins = with_origins(&params, &rows);
    let mut sealed = Vec::with_capacity(stored.len());
    let mut lost = Vec::new();
    for param in stored {
        let opened = manifest.and_then(|manifest| {
            let spec = manifest
                .endpoint_params
                .iter()
                .find(|spec| spec.name == param.name)?;
            let key = param.key.as_deref();
            let binding = Binding::of(&row.tenant, &row.name, manifest, spec, key, &origins);
            let secret = old.open(&binding, &param.value).ok()?;
            Some((binding, secret))
        });
        match opened {
            Some((binding, secret)) => {
                let value = new.seal(&binding, &secret)?;
                sealed.push(SealedParam { value, ..param });
            }
            None => lost.push(param.shown()),
        }
    }
    let resealed = EndpointRow {
        sealed: json(&sealed),
        ..row.clone()
    };
    Ok((resealed, sealed.len(), lost))
}
