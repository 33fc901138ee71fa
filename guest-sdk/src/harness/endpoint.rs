//! An endpoint, its recipient, and the alerts that wait for it.

use std::marker::PhantomData;

use campanile_contract::manifest::{Manifest, ParamSpec};
use campanile_contract::notification::Notification;
use campanile_contract::params::SET;

use super::{description, reads};
use crate::bindings::endpoint::exports::campanile::alerts::endpoint as raw;
use crate::platform::native;
use crate::{
    Batch, Endpoint, Failure, Message, Param, Params, Problem, Queue, Recipient, Response, Verdict,
};

/// An endpoint on the author's desk. Parameters have the manifest's defaults, and required secrets are
/// set.
#[derive(Debug)]
#[must_use]
pub struct Harness<E> {
    params: Vec<Param>,
    language: String,
    time_zone: String,
    budget: u32,
    alerts: Vec<Notification>,
    sent: Vec<Sent>,
    endpoint: PhantomData<E>,
}

/// A delivery of the last call.
#[derive(Debug)]
struct Sent {
    tag: String,
    alerts: u32,
    messages: Vec<Message>,
}

impl<E: Endpoint> Default for Harness<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Endpoint> Harness<E> {
    /// The endpoint `endpoint` with the recipient `recipient`, in English and UTC, and no alerts.
    pub fn new() -> Self {
        let mut params = Vec::new();
        for spec in manifest::<E>().params() {
            let required_secret = spec.required && spec.kind.is_secret() && !spec.kind.has_rows();
            let value = spec
                .default
                .clone()
                .or_else(|| required_secret.then(|| SET.to_owned()));
            if let Some(value) = value {
                params.push(Param {
                    name: spec.name.clone(),
                    key: None,
                    value,
                });
            }
        }
        Self {
            params,
            language: "en".into(),
            time_zone: "UTC".into(),
            budget: manifest::<E>().pacing.alerts,
            alerts: Vec::new(),
            sent: Vec::new(),
            endpoint: PhantomData,
        }
    }

    /// Fills in a parameter. A secret's value does not matter: the component reads `set`.
    ///
    /// # Panics
    /// Where the manifest has no such parameter.
    pub fn param(mut self, name: &str, value: &str) -> Self {
        let value = if spec::<E>(name).kind.is_secret() {
            SET
        } else {
            value
        };
        self.params.retain(|param| param.name != name);
        self.params.push(Param {
            name: name.into(),
            key: None,
            value: value.into(),
        });
        self
    }

    /// Adds a row to a parameter with rows.
    ///
    /// # Panics
    /// Where the manifest has no such parameter, or it has no rows.
    pub fn row(mut self, name: &str, key: &str, value: &str) -> Self {
        let kind = spec::<E>(name).kind;
        assert!(kind.has_rows(), "the parameter `{name}` has no rows");
        let value = if kind.is_secret() { SET } else { value };
        self.params.push(Param {
            name: name.into(),
            key: Some(key.into()),
            value: value.into(),
        });
        self
    }

    /// Leaves a parameter unset, also where the manifest has a default.
    pub fn without(mut self, name: &str) -> Self {
        self.params.retain(|param| param.name != name);
        self
    }

    /// The recipient's language, a BCP 47 tag.
    pub fn language(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// The recipient's time zone, an IANA name.
    pub fn time_zone(mut self, time_zone: &str) -> Self {
        time_zone.clone_into(&mut self.time_zone);
        self
    }

    /// What one call may dequeue; by default the manifest's `pacing.alerts`.
    pub fn budget(mut self, alerts: u32) -> Self {
        self.budget = alerts;
        self
    }

    /// Adds an alert to the queue.
    pub fn alert(mut self, alert: impl Into<Notification>) -> Self {
        self.alerts.push(alert.into());
        self
    }

    /// The recipient as the component sees it.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient::new(
            "endpoint",
            "recipient",
            self.language.clone(),
            self.params(),
        )
    }

    /// Calls [`Endpoint::dequeue`]. Alerts that it does not take stay for the next call.
    ///
    /// # Errors
    /// What the endpoint says.
    ///
    /// # Panics
    /// Where the batch breaks the contract: a delivery without alerts or messages, an alert that was not
    /// given out, or one that is named twice.
    pub fn dequeue(&mut self) -> Result<Batch, Failure> {
        let alerts = std::mem::take(&mut self.alerts);
        let given = alerts.len();
        let recipient = self.recipient();
        let (batch, left) = native::call(alerts, self.localizer(), || {
            E::dequeue(&mut Queue::open(), &recipient, self.budget)
        });
        let taken = given - left.len();
        self.alerts = left;
        let batch = batch?;
        check(&batch, taken);
        self.sent = batch
            .deliveries
            .iter()
            .map(|sent| Sent {
                tag: sent.tag.clone(),
                alerts: count(&sent.alerts),
                messages: sent.messages.clone(),
            })
            .collect();
        Ok(batch)
    }

    /// Calls [`Endpoint::run_test`].
    ///
    /// # Errors
    /// What the endpoint says.
    pub fn run_test(&mut self) -> Result<Vec<Message>, Failure> {
        let recipient = self.recipient();
        let messages = native::call(Vec::new(), self.localizer(), || E::run_test(&recipient)).0?;
        self.sent = vec![Sent {
            tag: String::new(),
            alerts: 0,
            messages: messages.clone(),
        }];
        Ok(messages)
    }

    /// Calls [`Endpoint::lint`] with everything that is filled in.
    #[must_use]
    pub fn lint(&self) -> Vec<Problem> {
        native::call(Vec::new(), self.localizer(), || {
            E::lint(&self.params(), true)
        })
        .0
    }

    /// Calls [`Endpoint::lint`] with the endpoint's own parameters only, as before there is a recipient.
    #[must_use]
    pub fn lint_endpoint(&self) -> Vec<Problem> {
        let own = |param: &&Param| {
            manifest::<E>()
                .endpoint_params
                .iter()
                .any(|spec| spec.name == param.name)
        };
        let params = Params::from(self.params.iter().filter(own).cloned().collect::<Vec<_>>());
        native::call(Vec::new(), self.localizer(), || E::lint(&params, false)).0
    }

    /// Calls [`Endpoint::format_recipient_params`].
    #[must_use]
    pub fn format_recipient_params(&self) -> String {
        let recipient = self.recipient();
        native::call(Vec::new(), self.localizer(), || {
            E::format_recipient_params(&recipient)
        })
        .0
    }

    /// Answers the first message of the first delivery that the last call gave.
    #[must_use]
    pub fn respond(&self, status: u16, headers: &[(&str, &str)], body: &str) -> Verdict {
        self.respond_to(0, 0, status, headers, body)
    }

    /// Answers the message `message` of the delivery `delivery`, both counted from 0, of the last call.
    /// The component reads what the manifest declares; where it declares nothing, the verdict is to agree.
    /// Of a mail, `status` is SMTP's code and `body` such as
    /// `{"accepted": ["a@b.example"], "refused": [], "reply": "2.0.0 queued"}`.
    ///
    /// # Panics
    /// Where the last call gave no such delivery.
    #[must_use]
    pub fn respond_to(
        &self,
        delivery: usize,
        message: u32,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Verdict {
        let Some(sent) = self.sent.get(delivery) else {
            panic!("the last call gave {} deliveries", self.sent.len())
        };
        let declared = &manifest::<E>().reads;
        let is_mail = matches!(sent.messages.get(message as usize), Some(Message::Mail(_)));
        if !reads::wanted(declared, status, is_mail && reads::some_refused(body)) {
            return Verdict::agree();
        }
        let (body, truncated) = reads::body(declared, body);
        let headers = reads::headers(declared, headers);
        let given = raw::Response {
            message,
            status,
            headers,
            body,
            truncated,
            extra: Vec::new(),
        };
        let response = Response::new(sent.tag.clone(), sent.alerts, given);
        let recipient = self.recipient();
        native::call(Vec::new(), self.localizer(), || {
            E::read_response(&recipient, &response)
        })
        .0
    }

    /// The lines that the component logged since the last time.
    #[must_use]
    pub fn logged(&self) -> Vec<String> {
        native::logged()
    }

    fn params(&self) -> Params {
        Params::from(self.params.clone())
    }

    fn localizer(&self) -> campanile_contract::text::Localizer<'static> {
        description::localizer::<E>(&self.language, &self.time_zone)
    }
}

fn manifest<E: Endpoint>() -> &'static Manifest {
    description::of::<E>().manifest
}

fn spec<E: Endpoint>(name: &str) -> &'static ParamSpec {
    manifest::<E>()
        .params()
        .find(|spec| spec.name == name)
        .unwrap_or_else(|| panic!("the manifest has no parameter `{name}`"))
}

fn count(alerts: &[u32]) -> u32 {
    u32::try_from(alerts.len()).unwrap_or(u32::MAX)
}

fn check(batch: &Batch, taken: usize) {
    let mut named = vec![false; taken];
    let alerts = batch
        .deliveries
        .iter()
        .flat_map(|delivery| &delivery.alerts);
    for alert in alerts
        .copied()
        .chain(batch.refused.iter().map(|refusal| refusal.alert))
    {
        let Some(named) = named.get_mut(alert as usize) else {
            panic!("alert {alert} was not given out in this call")
        };
        assert!(
            !std::mem::replace(named, true),
            "alert {alert} is named twice"
        );
    }
    for delivery in &batch.deliveries {
        assert!(!delivery.alerts.is_empty(), "a delivery carries no alert");
        assert!(!delivery.messages.is_empty(), "a delivery has no message");
    }
}
