//! From the state that somebody wants to changes of the store: everything is checked before anything is
//! stored, and nothing is stored where anything is wrong.

mod consent;
mod plan;
mod reseal;
mod seal;
mod texts;
mod upgrade;

use std::collections::{BTreeMap, HashSet};

use campanile_contract::manifest::ParamSpec;
use campanile_contract::params::{self, Param, Problem};
use campanile_contract::text::{Catalog, Localizer, Value};
use serde::{Deserialize, Serialize};

use crate::desired::{Desired, Endpoint, Recipient, Token, flatten};
use crate::directory::{Component, Snapshot, StoredEndpoint, set, token_hash};
use crate::grant::Ceilings;
use crate::sandbox::{Answered, Call, Sandboxes};
use crate::secret::Vault;
use crate::store::{Change, Configuration, EndpointRow, RecipientRow, TokenRow};

use seal::{Wiped, apart};

pub use consent::{Consent, grant, weakened};
pub use plan::{Line, Plan};
pub use reseal::reseal;
pub use upgrade::upgraded;

/// A mistake in what somebody wants, in that person's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// Such as `recipient noc`.
    pub item: String,
    /// Its owner.
    pub tenant: String,
    /// The field, where it is one field's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.item)?;
        if self.tenant != "default" {
            write!(f, " of {}", self.tenant)?;
        }
        if let Some(param) = &self.param {
            write!(f, ": {param}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A name has at most this many characters: it stands in every list, log line and URL.
const NAME: usize = 64;

/// What a plan is made from.
pub struct Planner<'a> {
    /// What is stored.
    pub configuration: &'a Configuration,
    /// What is installed.
    pub snapshot: &'a Snapshot,
    /// Asked for what no single field can express.
    pub sandboxes: &'a Sandboxes,
    /// Seals secrets.
    pub vault: &'a Vault,
    /// What the operator allows tenants at most.
    pub ceilings: &'a Ceilings,
    /// Of the person who asks.
    pub language: &'a str,
    /// The time.
    pub now: u64,
}

/// An endpoint that is fit to be used by recipients.
struct Ready<'a> {
    component: &'a Component,
    params: Vec<Param>,
}

impl Planner<'_> {
    /// Compares what is wanted with what is there. With `prune`, what is not wanted is removed.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub async fn plan(&self, desired: &Desired, prune: bool) -> Result<Plan, Vec<Mistake>> {
        let mut plan = Plan::default();
        let mut mistakes = Vec::new();
        let mut ready = BTreeMap::new();
        for endpoint in &desired.endpoints {
            match self.endpoint(endpoint, &mut plan).await {
                Ok(checked) => {
                    let key = (endpoint.tenant.clone(), endpoint.name.clone());
                    if ready.insert(key, checked).is_some() {
                        mistakes.push(self.mistake(
                            "endpoint",
                            &endpoint.tenant,
                            &endpoint.name,
                            "apply.twice",
                        ));
                    }
                }
                Err(found) => mistakes.extend(found),
            }
        }
        let mut seen = HashSet::new();
        for recipient in &desired.recipients {
            if !seen.insert((&recipient.tenant, &recipient.name)) {
                mistakes.push(self.mistake(
                    "recipient",
                    &recipient.tenant,
                    &recipient.name,
                    "apply.twice",
                ));
            }
            let goes = prune
                && desired.endpoints.iter().all(|endpoint| {
                    (&endpoint.tenant, &endpoint.name) != (&recipient.tenant, &recipient.endpoint)
                });
            if goes
                && self
                    .stored_endpoint(&recipient.tenant, &recipient.endpoint)
                    .is_some()
            {
                mistakes.push(self.mistake(
                    "recipient",
                    &recipient.tenant,
                    &recipient.name,
                    "apply.pruned",
                ));
                continue;
            }
            let broken = mistakes
                .iter()
                .any(|mistake| mistake.item == format!("endpoint {}", recipient.endpoint));
            if let Err(found) = self.recipient(recipient, &ready, broken, &mut plan).await {
                mistakes.extend(found);
            }
        }
        plan.networks(self.configuration, &desired.networks);
        self.tokens(&desired.tokens, &mut plan, &mut mistakes);
        if prune {
            plan.prune(self.configuration, desired);
        }
        if mistakes.is_empty() {
            Ok(plan)
        } else {
            Err(mistakes)
        }
    }

    fn say(&self, key: &str, args: &[(String, Value)]) -> String {
        Localizer::new(None, self.language, "UTC").text(key, args)
    }

    fn mistake(&self, kind: &str, tenant: &str, name: &str, key: &str) -> Mistake {
        Mistake {
            item: format!("{kind} {name}"),
            tenant: tenant.to_owned(),
            param: None,
            message: self.say(key, &[]),
        }
    }

    /// A component's problems, in the words of the component, then of the host.
    fn mistakes(
        &self,
        item: &str,
        tenant: &str,
        catalog: &Catalog,
        specs: &[ParamSpec],
        problems: Vec<Problem>,
    ) -> Vec<Mistake> {
        let localizer = Localizer::new(Some(catalog), self.language, "UTC");
        let spoken = |problem: Problem| {
            let label = problem.param.as_ref().map(|name| {
                let spec = specs.iter().find(|spec| spec.name == *name);
                spec.and_then(|spec| spec.label.as_deref())
                    .map_or_else(|| name.clone(), |key| localizer.text(key, &[]))
            });
            let mut args: Vec<_> = problem
                .args
                .into_iter()
                .filter(|(name, _)| name != "label")
                .map(|(name, value)| (name, Value::Text(value)))
                .collect();
            args.extend(label.map(|label| (String::from("label"), Value::Text(label))));
            Mistake {
                item: item.to_owned(),
                tenant: tenant.to_owned(),
                param: problem.param,
                message: localizer.text(&problem.message, &args),
            }
        };
        problems.into_iter().map(spoken).collect()
    }

    async fn lint(
        &self,
        tenant: &str,
        component: &Component,
        params: Vec<Param>,
        complete: bool,
    ) -> Result<Vec<Problem>, String> {
        let call = Call::Lint { params, complete };
        let answer = self
            .sandboxes
            .call(tenant, &component.digest, self.now, call)
            .await;
        match answer.result {
            Ok(Answered::Problems(problems)) => Ok(problems),
            Ok(_) => Err(String::from("another function's answer")),
            Err(fault) => Err(fault.to_string()),
        }
    }

    async fn endpoint(
        &self,
        wanted: &Endpoint,
        plan: &mut Plan,
    ) -> Result<Ready<'_>, Vec<Mistake>> {
        let item = format!("endpoint {}", wanted.name);
        if let Some(mistake) = self.check_names("endpoint", &wanted.tenant, &wanted.name) {
            return Err(vec![mistake]);
        }
        let component = self
            .snapshot
            .component(&wanted.tenant, &wanted.component)
            .filter(|component| !component.manifest.is_formatter());
        let Some(component) = component else {
            let args = [(
                String::from("component"),
                Value::Text(wanted.component.clone()),
            )];
            let message = self.say("apply.no_component", &args);
            return Err(vec![Mistake {
                item,
                tenant: wanted.tenant.clone(),
                param: None,
                message,
            }]);
        };
        let specs = &component.manifest.endpoint_params;
        let given = Wiped(flatten(&wanted.params, specs));
        let mut problems = params::check(specs, &given.0);
        problems.extend(seal::not_entered(specs, &given.0));
        let (secrets, clear) = apart(specs, params::complete(specs, &given.0));
        let mut shown = clear.clone();
        shown.extend(
            secrets
                .iter()
                .map(|secret| set(&secret.name, secret.key.as_deref())),
        );
        if problems.is_empty() {
            match self
                .lint(&wanted.tenant, component, shown.clone(), false)
                .await
            {
                Ok(found) => problems = found,
                Err(message) => {
                    return Err(vec![Mistake {
                        item,
                        tenant: wanted.tenant.clone(),
                        param: None,
                        message,
                    }]);
                }
            }
        }
        if !problems.is_empty() {
            return Err(self.mistakes(&item, &wanted.tenant, &component.catalog, specs, problems));
        }
        let old = self
            .configuration
            .endpoints
            .iter()
            .find(|row| row.tenant == wanted.tenant && row.name == wanted.name);
        let weakened = self.weakened(wanted, component, old);
        if !weakened.is_empty() {
            return Err(weakened);
        }
        let sealed = self
            .seal(wanted, component, &clear, secrets, old)
            .map_err(|message| {
                vec![Mistake {
                    item: item.clone(),
                    tenant: wanted.tenant.clone(),
                    param: None,
                    message,
                }]
            })?;
        let mut row = EndpointRow {
            tenant: wanted.tenant.clone(),
            name: wanted.name.clone(),
            component: component.digest.clone(),
            params: json(&shown),
            sealed,
            granted: None,
            follows: wanted.component != component.digest,
            paused: None,
        };
        let ask = StoredEndpoint::read(&row).map(|stored| stored.ask(component));
        let ask = ask.map_err(|error| {
            vec![Mistake {
                item: item.clone(),
                tenant: wanted.tenant.clone(),
                param: None,
                message: error.to_string(),
            }]
        })?;
        let over = self.over_ceiling(wanted, component, &ask);
        if !over.is_empty() {
            return Err(over);
        }
        let (granted, consent) = self.consent(wanted, component, ask, old);
        row.granted = Some(json(&granted));
        plan.put(
            old,
            &row,
            &item,
            &wanted.tenant,
            Change::PutEndpoint(row.clone()),
        );
        plan.needs(consent);
        Ok(Ready {
            component,
            params: shown,
        })
    }

    async fn recipient(
        &self,
        wanted: &Recipient,
        ready: &BTreeMap<(String, String), Ready<'_>>,
        endpoint_is_broken: bool,
        plan: &mut Plan,
    ) -> Result<(), Vec<Mistake>> {
        let item = format!("recipient {}", wanted.name);
        let fail = |message: String| {
            vec![Mistake {
                item: item.clone(),
                tenant: wanted.tenant.clone(),
                param: None,
                message,
            }]
        };
        if let Some(mistake) = self.check_names("recipient", &wanted.tenant, &wanted.name) {
            return Err(vec![mistake]);
        }
        let key = (wanted.tenant.clone(), wanted.endpoint.clone());
        let stored = self.stored_endpoint(&wanted.tenant, &wanted.endpoint);
        let (component, mut params) = match (ready.get(&key), stored) {
            (Some(ready), _) => (ready.component, ready.params.clone()),
            // The endpoint's own mistakes are said already.
            (None, _) if endpoint_is_broken => return Ok(()),
            (None, Some((component, params))) => (component, params),
            (None, None) => {
                let args = [(
                    String::from("endpoint"),
                    Value::Text(wanted.endpoint.clone()),
                )];
                return Err(fail(self.say("apply.no_endpoint", &args)));
            }
        };
        if jiff::tz::TimeZone::get(&wanted.time_zone).is_err() {
            let args = [(
                String::from("time_zone"),
                Value::Text(wanted.time_zone.clone()),
            )];
            return Err(fail(self.say("apply.no_time_zone", &args)));
        }
        let tag = wanted.language.len() <= 35
            && wanted.language.split('-').all(|part| {
                (1..=8).contains(&part.len())
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        if !tag {
            let args = [(
                String::from("language"),
                Value::Text(wanted.language.clone()),
            )];
            return Err(fail(self.say("apply.no_language", &args)));
        }
        let mistakes = self.texts(wanted);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let specs = &component.manifest.recipient_params;
        let given = flatten(&wanted.params, specs);
        let mut problems = params::check(specs, &given);
        let own = params::complete(specs, &given);
        params.extend(own.iter().cloned());
        if problems.is_empty() {
            problems = self
                .lint(&wanted.tenant, component, params, true)
                .await
                .map_err(fail)?;
        }
        if !problems.is_empty() {
            return Err(self.mistakes(&item, &wanted.tenant, &component.catalog, specs, problems));
        }
        let old = self
            .configuration
            .recipients
            .iter()
            .find(|row| row.tenant == wanted.tenant && row.name == wanted.name);
        let row = RecipientRow {
            id: old.map_or(0, |old| old.id),
            tenant: wanted.tenant.clone(),
            name: wanted.name.clone(),
            endpoint: wanted.endpoint.clone(),
            params: json(&own),
            language: wanted.language.clone(),
            time_zone: wanted.time_zone.clone(),
            filter: json(&wanted.filter),
            title: wanted.title.clone(),
            message: wanted.message.clone(),
            paused: None,
        };
        plan.put(
            old,
            &row,
            &item,
            &wanted.tenant,
            Change::PutRecipient(row.clone()),
        );
        Ok(())
    }

    fn stored_endpoint(&self, tenant: &str, name: &str) -> Option<(&Component, Vec<Param>)> {
        let row = self
            .configuration
            .endpoints
            .iter()
            .find(|row| row.tenant == tenant && row.name == name)?;
        Some((
            self.snapshot.components.get(&row.component)?,
            serde_json::from_str(&row.params).ok()?,
        ))
    }

    fn check_names(&self, kind: &str, tenant: &str, name: &str) -> Option<Mistake> {
        let fits = |name: &str| {
            (1..=NAME).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        (!fits(tenant) || !fits(name)).then(|| self.mistake(kind, tenant, name, "apply.name"))
    }

    fn tokens(&self, wanted: &[Token], plan: &mut Plan, mistakes: &mut Vec<Mistake>) {
        for token in wanted {
            if let Some(mistake) = self.check_names("token", &token.tenant, &token.name) {
                mistakes.push(mistake);
                continue;
            }
            if token.name.starts_with('_') {
                mistakes.push(self.mistake("token", &token.tenant, &token.name, "apply.own_name"));
                continue;
            }
            let row = TokenRow {
                tenant: token.tenant.clone(),
                name: token.name.clone(),
                role: json(&token.role).trim_matches('"').to_owned(),
                hash: token_hash(&token.value),
            };
            let old = self
                .configuration
                .tokens
                .iter()
                .find(|row| row.tenant == token.tenant && row.name == token.name);
            plan.put(
                old,
                &row,
                &format!("token {}", token.name),
                &token.tenant,
                Change::PutToken(row.clone()),
            );
        }
    }
}

/// JSON of a value that has no maps with other keys than text, so that it always succeeds.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
