//! Secrets, as they are entered: each sealed to where it goes.

use campanile_contract::manifest::{ParamKind, ParamSpec};
use campanile_contract::params::{Param, Problem, SET};

use super::{Planner, json};
use crate::desired::Endpoint;
use crate::directory::{Component, SealedParam};
use crate::secret::{Binding, Secret, with_origins};
use crate::store::EndpointRow;

impl Planner<'_> {
    /// Seals secrets to where they go. One that is stored already and still opens to the same value is
    /// kept as it is, so that applying twice changes nothing.
    pub(super) fn seal(
        &self,
        wanted: &Endpoint,
        component: &Component,
        clear: &[Param],
        secrets: Vec<Param>,
        old: Option<&EndpointRow>,
    ) -> Result<String, String> {
        let manifest = &component.manifest;
        let stored: Vec<SealedParam> = old
            .and_then(|row| serde_json::from_str(&row.sealed).ok())
            .unwrap_or_default();
        let mut sealed: Vec<SealedParam> = Vec::with_capacity(secrets.len());
        // Secret URLs first: others may be sealed to where these lead.
        let mut secrets = secrets;
        let spec_of = |name: &str| {
            manifest
                .endpoint_params
                .iter()
                .find(|spec| spec.name == name)
        };
        secrets.sort_by_key(|secret| {
            spec_of(&secret.name).is_none_or(|spec| spec.kind != ParamKind::SecretUrl)
        });
        for Param { name, key, value } in secrets {
            let Some(spec) = spec_of(&name) else { continue };
            let so_far: Vec<_> = sealed
                .iter()
                .map(|param| (param.name.clone(), param.key.clone(), param.value.clone()))
                .collect();
            let origins = with_origins(clear, &so_far);
            let binding = Binding::of(
                &wanted.tenant,
                &wanted.name,
                manifest,
                spec,
                key.as_deref(),
                &origins,
            );
            let secret = Secret::new(value);
            let kept = stored
                .iter()
                .find(|param| param.name == name && param.key == key)
                .filter(|param| {
                    self.vault
                        .open(&binding, &param.value)
                        .is_ok_and(|old| old.expose() == secret.expose())
                });
            let value = match kept {
                Some(param) => param.value.clone(),
                None => self
                    .vault
                    .seal(&binding, &secret)
                    .map_err(|error| format!("{name}: {error}"))?,
            };
            sealed.push(SealedParam { name, key, value });
        }
        Ok(json(&sealed))
    }
}

/// Secrets that read as components and lists show them: a value was wanted, and what is stored is kept
/// nowhere where it could be taken from.
pub(super) fn not_entered(specs: &[ParamSpec], given: &[Param]) -> Vec<Problem> {
    let is_secret = |name: &str| {
        specs
            .iter()
            .any(|spec| spec.name == name && spec.kind.is_secret())
    };
    let problem = |param: &Param| Problem {
        param: Some(param.name.clone()),
        message: String::from("params.required"),
        args: Vec::new(),
    };
    given
        .iter()
        .filter(|param| param.value == SET && is_secret(&param.name))
        .map(problem)
        .collect()
}
