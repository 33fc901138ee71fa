//! Secrets, as they are entered: each sealed to where it goes.

use campanile_contract::manifest::{ParamKind, ParamSpec};
use campanile_contract::params::{Param, Problem, SET};
use zeroize::Zeroize;

use super::{Planner, json};
use crate::desired::Endpoint;
use crate::directory::{Component, SealedParam};
use crate::secret::{Binding, Secret, with_origins};
use crate::store::EndpointRow;

/// A secret, as somebody entered it.
pub(super) struct Entered {
    pub(super) name: String,
    pub(super) key: Option<String>,
    secret: Secret,
}

/// Parameters that may be secrets: wiped when they are dropped.
pub(super) struct Wiped(pub(super) Vec<Param>);

impl Drop for Wiped {
    fn drop(&mut self) {
        for param in &mut self.0 {
            param.value.zeroize();
        }
    }
}

/// Secrets, and what is none.
pub(super) fn apart(specs: &[ParamSpec], params: Vec<Param>) -> (Vec<Entered>, Vec<Param>) {
    let is_secret = |param: &Param| {
        specs
            .iter()
            .any(|spec| spec.name == param.name && spec.kind.is_secret())
    };
    let (secrets, clear): (Vec<_>, Vec<_>) = params.into_iter().partition(is_secret);
    let entered = secrets.into_iter().map(|param| Entered {
        name: param.name,
        key: param.key,
        secret: Secret::new(param.value),
    });
    (entered.collect(), clear)
}

impl Planner<'_> {
    /// Seals secrets to where they go. One that is stored already and still opens to the same value is
    /// kept as it is, so that applying twice changes nothing.
    pub(super) fn seal(
        &self,
        wanted: &Endpoint,
        component: &Component,
        clear: &[Param],
        mut secrets: Vec<Entered>,
        old: Option<&EndpointRow>,
    ) -> Result<String, String> {
        let manifest = &component.manifest;
        let stored: Vec<SealedParam> = old
            .and_then(|row| serde_json::from_str(&row.sealed).ok())
            .unwrap_or_default();
        let mut sealed: Vec<SealedParam> = Vec::with_capacity(secrets.len());
        // Secret URLs first: others may be sealed to where these lead.
        let spec_of = |name: &str| {
            manifest
                .endpoint_params
                .iter()
                .find(|spec| spec.name == name)
        };
        secrets.sort_by_key(|secret| {
            spec_of(&secret.name).is_none_or(|spec| spec.kind != ParamKind::SecretUrl)
        });
        for Entered { name, key, secret } in secrets {
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
