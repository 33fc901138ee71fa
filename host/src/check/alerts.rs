//! The alerts that a component is given, and that each becomes a delivery that can be sent.

mod cases;

use campanile_contract::alert::{Action, Severity};
use campanile_contract::notification::Notification;

use super::answers;
use super::report::Finding;
use super::rule::Rule;
use super::stand::Stand;
use crate::message::Delivery;
use crate::sandbox::{self, Answered, Call, Fault};

/// As many as come in a bad hour; and as many as the default budget of one call.
const MANY: u32 = 100;

/// Every one that there is.
const ACTIONS: [Action; 6] = [
    Action::Stored,
    Action::Engaged,
    Action::Updated,
    Action::Reminded,
    Action::Acknowledged,
    Action::Released,
];

/// A delivery of one call, and the alerts that it carries.
#[derive(Debug, Clone)]
pub(super) struct Built {
    pub(super) delivery: Delivery,
    pub(super) alerts: Vec<Notification>,
}

/// Tries all cases. What a plain alert, and a batch, became is what responses are tried with.
pub(super) fn check(stand: &mut Stand<'_>) -> Vec<Built> {
    let plain = cases::alert(&stand.localizer(), 0);
    let mut built = stand.deliver(Rule::Alerts, "a plain alert", vec![plain.clone()]);
    for severity in Severity::ALL {
        let mut alert = plain.clone();
        alert.severity = severity;
        alert.severity_label = stand.localizer().severity(severity);
        stand.deliver(
            Rule::Alerts,
            &format!("severity `{severity:?}`").to_lowercase(),
            vec![alert],
        );
    }
    for action in ACTIONS {
        let mut alert = plain.clone();
        alert.action = action;
        stand.deliver(
            Rule::Alerts,
            &format!("action `{}`", action.as_str()),
            vec![alert],
        );
    }
    let languages: Vec<String> = stand.catalog.languages().map(str::to_owned).collect();
    let own = stand.recipient.language.clone();
    for language in languages.into_iter().chain([own]) {
        stand.recipient.language = language.clone();
        let alert = cases::alert(&stand.localizer(), 0);
        stand.deliver(Rule::Alerts, &format!("in `{language}`"), vec![alert]);
    }
    for (name, alert) in cases::texts(&plain) {
        stand.deliver(Rule::Texts, name, vec![alert]);
    }
    let many: Vec<_> = (0..MANY)
        .map(|number| cases::alert(&stand.localizer(), number))
        .collect();
    let batch = stand.deliver(Rule::Named, "100 alerts", many);
    built.extend(batch.into_iter().max_by_key(|built| built.alerts.len()));
    conditions(stand);
    built
}

/// A condition that begins and ends: its end is sent with the receipt that its beginning left, with none,
/// and with one that an older version may have left.
fn conditions(stand: &mut Stand<'_>) {
    let mut begins = cases::alert(&stand.localizer(), 1);
    begins.action = Action::Engaged;
    let mut ends = begins.clone();
    ends.action = Action::Released;
    ends.ends_at = Some(begins.starts_at + 60_000);
    ends.id = String::from("01a20121-3f93-7e8c-9662-ffffffffffff");
    let built = stand.deliver(Rule::Conditions, "a condition begins", vec![begins]);
    let receipt = built
        .first()
        .and_then(|built| answers::arrived(stand, built));
    let mut known = vec![
        ("without a receipt", None),
        ("with an older receipt", Some("v0:?\"{")),
    ];
    if let Some(receipt) = &receipt {
        known.push(("with its receipt", Some(receipt)));
    }
    for (name, receipt) in known {
        let mut ends = ends.clone();
        ends.receipt = receipt.map(str::to_owned);
        let case = format!("a condition ends, {name}");
        let built = stand.deliver(Rule::Conditions, &case, vec![ends]);
        for built in built {
            answers::arrived(stand, &built);
        }
    }
}

impl Stand<'_> {
    /// Has the component take these alerts, in as many calls as it needs. Each message is judged; each alert
    /// has to be named once.
    pub(super) fn deliver(
        &mut self,
        rule: Rule,
        case: &str,
        alerts: Vec<Notification>,
    ) -> Vec<Built> {
        let mut left = alerts;
        let mut all = Vec::new();
        while !left.is_empty() {
            let budget = (self.manifest.pacing.alerts as usize).min(left.len());
            let given: Vec<_> = left.iter().take(budget).cloned().collect();
            let call = Call::Dequeue {
                recipient: self.recipient.clone(),
                budget: u32::try_from(budget).unwrap_or(u32::MAX),
                notifications: given.clone(),
            };
            let Some(answered) = self.call(rule, case, call) else {
                return all;
            };
            let Some(built) = self.judged(rule, case, answered, &given, &mut left) else {
                return all;
            };
            all.extend(built);
        }
        all
    }

    /// Judges one answer, and takes what it names out of `left`. `None` where it cannot go on.
    fn judged(
        &mut self,
        rule: Rule,
        case: &str,
        answered: Answered,
        given: &[Notification],
        left: &mut Vec<Notification>,
    ) -> Option<Vec<Built>> {
        const FUNCTION: &str = "dequeue-recipient-alerts";
        self.ledger.look(Rule::Named);
        let batch = match answered {
            Answered::Batch(batch) => batch,
            Answered::Invalid(problems) => {
                self.invalid(rule, FUNCTION, case, &problems);
                return None;
            }
            _ => return None,
        };
        let batch = match sandbox::judge(batch, given.len(), self.sandbox.limits()) {
            Ok(batch) => batch,
            Err(fault) => {
                self.misnamed(case, &fault);
                return None;
            }
        };
        let mut named = vec![false; given.len()];
        for refusal in &batch.refused {
            named[refusal.alert as usize] = true;
            let finding = Finding::failure(
                FUNCTION,
                format!("it refuses the alert: {}", refusal.reason),
                "a refused alert is a dead letter at once",
                "send what can be sent of it: cut, split or leave out what does not fit",
            );
            self.ledger.add(rule, finding.of(self.case(case)));
        }
        let mut built = Vec::new();
        for delivery in batch.deliveries {
            for (at, message) in delivery.messages.iter().enumerate() {
                self.message(case, at, message);
            }
            let alerts = delivery.alerts.iter().map(|alert| *alert as usize);
            let alerts = alerts.inspect(|alert| named[*alert] = true);
            let alerts = alerts.map(|alert| given[alert].clone()).collect();
            built.push(Built { delivery, alerts });
        }
        let count = named.iter().filter(|named| **named).count();
        if count == 0 {
            let finding = Finding::failure(
                FUNCTION,
                format!(
                    "{} alerts were given out, and none of them is named",
                    given.len()
                ),
                "after three such calls each counts as a failed attempt, and at last is a dead letter",
                "put each alert that was dequeued into a delivery, or into `refused`",
            );
            self.ledger.add(Rule::Named, finding.of(self.case(case)));
            return None;
        }
        let mut position = 0;
        left.retain(|_| {
            let keep = !named.get(position).copied().unwrap_or(false);
            position += 1;
            keep
        });
        Some(built)
    }

    fn misnamed(&mut self, case: &str, fault: &Fault) {
        self.failed(Rule::Named, "dequeue-recipient-alerts", case, fault);
    }
}
