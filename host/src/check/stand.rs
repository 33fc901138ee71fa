//! One sample on the stand: a recipient with its secrets sealed as they would be, and calls that are measured
//! and repeated.

use std::collections::BTreeSet;
use std::sync::Arc;

use campanile_contract::manifest::Manifest;
use campanile_contract::params::{self, Param, SET};
use campanile_contract::text::{Catalog, Localizer};

use super::report::{Finding, Ledger};
use super::rule::Rule;
use super::sample::{Given, Sample};
use super::seal::seal;
use super::used::Use;
use crate::clock::Millis;
use crate::desired::flatten;
use crate::egress::{Owner, Sender};
use crate::grant::Permit;
use crate::outcome::Reason;
use crate::sandbox::{Answered, Call, Fault, Installed, Recipient, Sandbox};
use crate::secret::{MasterKey, Vault};

/// When all of it happens: 2026-01-02 01:04:05 UTC.
pub(super) const NOW: Millis = 1_767_315_845_000;

/// Whose it is.
pub(super) const TENANT: &str = "check";

/// A component with one sample.
pub(super) struct Stand<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) manifest: Arc<Manifest>,
    pub(super) sample: &'a Sample,
    pub(super) recipient: Recipient,
    pub(super) sender: Sender,
    pub(super) catalog: Catalog,
    pub(super) ledger: &'a mut Ledger,
    /// Secrets and the places where they stood, over all samples.
    pub(super) stands: &'a mut BTreeSet<(String, String)>,
    digest: &'a str,
    used: &'a mut Use,
}

impl<'a> Stand<'a> {
    /// Puts a sample up. `None` where its parameters are not what the manifest asks for.
    pub(super) fn new(
        sandbox: &'a Sandbox,
        installed: &'a Installed,
        sample: &'a Sample,
        ledger: &'a mut Ledger,
        used: &'a mut Use,
        stands: &'a mut BTreeSet<(String, String)>,
    ) -> Option<Self> {
        let manifest = Arc::new(installed.manifest.clone());
        ledger.look(Rule::Parameters);
        let values = |given: &std::collections::BTreeMap<String, Given>| {
            let values = given
                .iter()
                .map(|(name, given)| (name.clone(), given.value()));
            values.collect::<std::collections::BTreeMap<_, _>>()
        };
        let mut fits = true;
        let mut clear = Vec::new();
        let mut secrets = Vec::new();
        for (level, given, specs) in [
            ("endpoint", &sample.endpoint, &manifest.endpoint_params),
            ("recipient", &sample.recipient, &manifest.recipient_params),
        ] {
            let flat = flatten(&values(given), specs);
            for problem in params::check(specs, &flat) {
                fits = false;
                let name = problem.param.clone().unwrap_or_default();
                let words = in_words(None, &problem.message, &problem.args);
                ledger.add(
                    Rule::Parameters,
                    Finding::failure(
                        format!("{level}.{name} of the sample `{}`", sample.name),
                        words,
                        "the component would never be called with these",
                        "correct the sample, or the manifest",
                    ),
                );
            }
            let (hidden, open): (Vec<_>, Vec<_>) = params::complete(specs, &flat)
                .into_iter()
                .partition(|param| {
                    specs
                        .iter()
                        .any(|spec| spec.name == param.name && spec.kind.is_secret())
                });
            clear.extend(open);
            secrets.extend(hidden);
        }
        if !fits {
            return None;
        }
        let vault = Vault::new(&MasterKey::new(&[7; 32]));
        let sealed = match seal(&manifest, &vault, &clear, &secrets) {
            Ok(sealed) => sealed,
            Err((name, words)) => {
                let finding = Finding::failure(
                    format!("endpoint.{name}"),
                    words,
                    "a secret is sealed to where it goes",
                    "correct the sample",
                );
                ledger.add(Rule::Parameters, finding.of(sample.name.as_str()));
                return None;
            }
        };
        let owner = Owner {
            tenant: TENANT,
            endpoint: "endpoint",
            recipient: "night shift",
        };
        // What an author's component asks, its author grants.
        let permit = Permit::all();
        let sender = Sender::new(owner, &manifest, &clear, &sealed, &vault, permit);
        let seen = secrets.into_iter().map(|param| Param {
            value: SET.to_owned(),
            ..param
        });
        clear.extend(seen);
        Some(Self {
            sandbox,
            recipient: Recipient {
                endpoint: String::from("endpoint"),
                name: String::from("night shift"),
                language: sample.language.clone(),
                time_zone: String::from("Europe/Rome"),
                params: clear,
            },
            sample,
            sender,
            catalog: Catalog::parse(&manifest.locales).unwrap_or_default(),
            manifest,
            ledger,
            stands,
            digest: &installed.digest,
            used,
        })
    }

    /// The words of this sample's language.
    pub(super) fn localizer(&self) -> Localizer<'_> {
        Localizer::new(
            Some(&self.catalog),
            &self.recipient.language,
            &self.recipient.time_zone,
        )
    }

    /// Calls the component, twice, and notes what it used. `None` where it failed, which is noted under
    /// `rule`, or under the limit that it broke.
    pub(super) fn call(&mut self, rule: Rule, case: &str, call: Call) -> Option<Answered> {
        let function = function(&call);
        self.ledger.look(rule);
        self.ledger.look(Rule::Repeatable);
        self.ledger.look(Rule::Limits);
        let invocation = self.sandbox.invocation(self.digest, NOW, call);
        let (answer, used) = self.sandbox.measure(invocation.clone());
        self.used.note(used);
        let again = |invocation| self.sandbox.call(invocation).result;
        if answer.result.is_ok() && again(invocation) != answer.result {
            let finding = Finding::failure(
                function,
                "the same call gave two different answers",
                "a retry or a replay would send something else",
                "make the answer of the arguments alone; keep no state, and sort what comes out of a hash table",
            );
            self.ledger
                .add(Rule::Repeatable, finding.of(self.case(case)));
        }
        match answer.result {
            Ok(answered) => Some(answered),
            Err(fault) => {
                self.failed(rule, function, case, &fault);
                None
            }
        }
    }

    /// Notes the size of a body.
    pub(super) fn used_body(&mut self, size: usize) {
        self.used.note_body(size);
    }

    /// A case, with the sample's name.
    pub(super) fn case(&self, case: &str) -> String {
        format!("{}: {case}", self.sample.name)
    }

    /// Notes a failed call.
    pub(super) fn failed(&mut self, rule: Rule, function: &str, case: &str, fault: &Fault) {
        let (rule, fix) = match fault.reason {
            Reason::Memory | Reason::Deadline | Reason::HostCalls | Reason::AnswerTooLarge => (
                Rule::Limits,
                "do less in one call, ask only for what is used, or have `pacing.alerts` be lower; an interpreter \
                 asks for `limits = \"large\"`",
            ),
            Reason::UnknownName => (
                rule,
                "use a name of the lists in wit/README.md, or ask host.has first",
            ),
            Reason::ComponentFailed => (
                rule,
                "handle this case: what is refused here is a lost alert",
            ),
            Reason::UnknownAlert | Reason::Contradiction | Reason::EmptyDelivery => (
                rule,
                "name each alert once, by the position that it has in this call",
            ),
            _ => (
                rule,
                "handle this case; the words in brackets are the component's own last ones",
            ),
        };
        let finding = Finding::failure(
            function,
            fault.to_string(),
            "no host uses such an answer: the alerts would be tried again and then be dead letters",
            fix,
        );
        self.ledger.add(rule, finding.of(self.case(case)));
    }

    /// Notes that the set-up is called wrong though lint accepted it.
    pub(super) fn invalid(
        &mut self,
        rule: Rule,
        function: &str,
        case: &str,
        problems: &[params::Problem],
    ) {
        let words: Vec<_> = problems
            .iter()
            .map(|problem| in_words(Some(&self.catalog), &problem.message, &problem.args))
            .collect();
        let finding = Finding::failure(
            function,
            format!("it says that the set-up cannot work: {}", words.join("; ")),
            "lint accepted the same parameters, and the recipient would be paused",
            "say it in lint, where an administrator sees it at once",
        );
        self.ledger.add(rule, finding.of(self.case(case)));
    }
}

/// The function that a call calls.
fn function(call: &Call) -> &'static str {
    match call {
        Call::Lint { .. } => "lint",
        Call::FormatRecipientParams(_) => "format-recipient-params",
        Call::Dequeue { .. } => "dequeue-recipient-alerts",
        Call::RunTest(_) => "run-test",
        Call::ReadResponse { .. } => "read-response",
        Call::Format(_) => "format",
    }
}

/// A problem in words, in English.
pub(super) fn in_words(
    catalog: Option<&Catalog>,
    message: &str,
    args: &[(String, String)],
) -> String {
    let args: Vec<_> = args
        .iter()
        .map(|(name, value)| {
            (
                name.clone(),
                campanile_contract::text::Value::Text(value.clone()),
            )
        })
        .collect();
    Localizer::new(catalog, "en", "UTC").text(message, &args)
}
