//! Steps 4 to 6: from the store's queue to stored deliveries. What the component says is judged before
//! anything is made of it, and only what fails alone is blamed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::settler::give_back;
use super::{Deliverer, Pause, format, random};
use crate::alert::Alert;
use crate::clock::Millis;
use crate::directory::{Recipient, Snapshot};
use crate::job::{Carried, Fate, Job, Lease, Settlement, State, Stored, Then, Unsent};
use crate::message::{Batch, Delivery};
use crate::outcome::Reason;
use crate::sandbox::{self, Answered, Call, Fault, Level, LogLine};
use crate::store::StoreError;

/// How long leased jobs may take to become deliveries: far more than a call's wall time.
pub(super) const LEASE: Millis = 60_000;

/// How long a delivery may wait for its destination's pace: it is in this process's hands until it is
/// settled, or until the process ends and all leases with it.
const HELD: Millis = 365 * 24 * 3600 * 1000;

/// Unfinished deliveries that are fetched at once.
const RESUMED: u32 = 64;

/// An alert that was given out so often and never named counts as a failed attempt.
const GIVEN: u32 = 3;

/// Alerts of one endpoint that fail alone, one after the other, before the endpoint is paused: a
/// component that fails each alert would turn the whole queue into dead letters.
const POISONED: u32 = 3;

/// What there is to send.
pub(super) struct Next {
    /// What settles them.
    pub(super) token: u64,
    pub(super) deliveries: Vec<Stored>,
    /// When to look again, though something is due.
    pub(super) not_before: Option<Millis>,
}

impl Next {
    fn nothing(not_before: Option<Millis>) -> Self {
        Self {
            token: 0,
            deliveries: Vec::new(),
            not_before,
        }
    }
}

/// Endpoints whose alerts failed alone, in a row, by tenant and name.
#[derive(Debug, Default)]
pub struct Quarantine {
    failed: Mutex<HashMap<(String, String), u32>>,
}

impl Quarantine {
    fn key(recipient: &Recipient) -> (String, String) {
        (recipient.tenant.clone(), recipient.seen.endpoint.clone())
    }

    /// Notes a failure; says whether it was one too many.
    fn failed(&self, recipient: &Recipient) -> bool {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failed.entry(Self::key(recipient)).or_default();
        *count += 1;
        let too_many = *count >= POISONED;
        if too_many {
            *count = 0;
        }
        too_many
    }

    fn worked(&self, recipient: &Recipient) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if !failed.is_empty() {
            failed.remove(&Self::key(recipient));
        }
    }
}

/// Whether a call that failed so may succeed later, as it is: nothing is to blame.
fn is_passing(reason: Reason) -> bool {
    matches!(reason, Reason::ComponentFailed | Reason::NoSandbox)
}

/// A number for jobs that must stay together; unique in this process, and unlikely to meet another's.
pub(super) fn batch_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let start = uuid::Uuid::now_v7().as_u64_pair().0 >> 16;
    (start << 12) ^ (next & 0xfff)
}

/// Writes what a component logged to the log, marked as the component's.
pub(super) fn log_lines(recipient: &Recipient, lines: &[LogLine]) {
    for LogLine { level, text } in lines {
        let (component, tenant) = (&recipient.component.manifest.name, &recipient.tenant);
        // Printed as a debug string, so that control characters are escaped.
        match level {
            Level::Debug => {
                tracing::debug!(target: "campanile::component", %component, %tenant, ?text);
            }
            Level::Info => {
                tracing::info!(target: "campanile::component", %component, %tenant, ?text);
            }
            Level::Warn => {
                tracing::warn!(target: "campanile::component", %component, %tenant, ?text);
            }
            Level::Error => {
                tracing::error!(target: "campanile::component", %component, %tenant, ?text);
            }
        }
    }
}

impl Deliverer {
    /// Deliveries to send now: those that are due again, else new ones.
    pub(super) async fn next(
        &self,
        snapshot: &Snapshot,
        recipient: &Arc<Recipient>,
    ) -> Result<Next, StoreError> {
        let now = self.clock.now();
        let (token, due) = self
            .store
            .due_deliveries(recipient.id, now, RESUMED, now + HELD)
            .await?;
        if !due.is_empty() {
            let (deliveries, changed): (Vec<_>, Vec<_>) = due
                .into_iter()
                .partition(|delivery| delivery.params == recipient.params);
            if !changed.is_empty() {
                let again = changed
                    .iter()
                    .map(|delivery| rebuilt(delivery, now))
                    .collect::<Vec<_>>();
                if let Err(error) = self.store.settle(token, again, now).await {
                    give_back(&self.store, token).await;
                    return Err(error);
                }
            }
            return Ok(Next {
                token,
                deliveries,
                not_before: None,
            });
        }
        let pacing = &recipient.component.manifest.pacing;
        let budget = pacing.alerts.min(self.alerts_per_call);
        let lease = self
            .store
            .lease(recipient.id, budget, now, now + LEASE)
            .await?;
        let Some(oldest) = lease.jobs.first() else {
            return Ok(Next::nothing(None));
        };
        if recipient.is_outdated() {
            self.store.release(lease.token).await?;
            return Ok(Next::nothing(None));
        }
        let full_at =
            oldest.accepted_at + u64::try_from(pacing.linger.as_millis()).unwrap_or(u64::MAX);
        if full_at > now && lease.jobs.len() < budget as usize {
            self.store.release(lease.token).await?;
            return Ok(Next::nothing(Some(full_at)));
        }
        let token = lease.token;
        let built = self.build(snapshot, recipient, lease, now).await;
        if built.is_err() {
            give_back(&self.store, token).await;
        }
        built
    }

    /// Has the component make deliveries of leased jobs, and stores them before anything is sent.
    async fn build(
        &self,
        snapshot: &Snapshot,
        recipient: &Arc<Recipient>,
        lease: Lease,
        now: Millis,
    ) -> Result<Next, StoreError> {
        let Lease { token, jobs } = lease;
        let notifications =
            format::notifications(&self.sandboxes, snapshot, recipient, &jobs, now).await;
        let call = Call::Dequeue {
            recipient: recipient.seen.clone(),
            budget: u32::try_from(jobs.len()).unwrap_or(u32::MAX),
            notifications,
        };
        let answer = self
            .sandboxes
            .call(&recipient.tenant, &recipient.component.digest, now, call)
            .await;
        log_lines(recipient, &answer.log);
        let batch = match answer.result {
            Ok(Answered::Batch(batch)) => {
                sandbox::judge(batch, jobs.len(), self.sandboxes.limits())
            }
            Ok(Answered::Invalid(problems)) => {
                let words: Vec<_> = problems
                    .iter()
                    .map(|problem| problem.message.as_str())
                    .collect();
                tracing::warn!(recipient = %recipient.seen.name, problems = ?words, "the set-up cannot work");
                self.store.release(token).await?;
                self.pause_for(recipient, Pause::Recipient, Reason::InvalidParameters)
                    .await;
                return Ok(Next::nothing(None));
            }
            Ok(_) => Err(Fault::new(Reason::Trap, "another function's answer")),
            Err(fault) => Err(fault),
        };
        match batch {
            Ok(batch) => {
                self.quarantine.worked(recipient);
                let (deliveries, unsent) = self.divide(recipient, &jobs, batch, now);
                let token = self
                    .store
                    .begin(token, deliveries.clone(), unsent, now, now + HELD)
                    .await?;
                Ok(Next {
                    token,
                    deliveries,
                    not_before: None,
                })
            }
            Err(fault) => {
                tracing::warn!(
                    recipient = %recipient.seen.name, endpoint = %recipient.seen.endpoint, alerts = jobs.len(),
                    reason = %fault.reason, detail = ?fault.detail, "the call came to nothing"
                );
                let alone = jobs.len() == 1;
                let unsent = self.blame(&jobs, &fault, now);
                self.store
                    .begin(token, Vec::new(), unsent, now, now + HELD)
                    .await?;
                if fault.reason == Reason::ComponentMissing
                    || (alone && !is_passing(fault.reason) && self.quarantine.failed(recipient))
                {
                    self.pause_for(recipient, Pause::Endpoint, fault.reason)
                        .await;
                }
                // Jobs that were given back are due at once.
                Ok(Next::nothing(Some(now)))
            }
        }
    }

    /// Splits a judged batch into deliveries and what becomes of the alerts that none carries.
    fn divide(
        &self,
        recipient: &Recipient,
        jobs: &[Job],
        batch: Batch,
        now: Millis,
    ) -> (Vec<Stored>, Vec<Unsent>) {
        let mut named = vec![false; jobs.len()];
        let mut deliveries = Vec::with_capacity(batch.deliveries.len());
        for delivery in batch.deliveries {
            delivery
                .alerts
                .iter()
                .for_each(|alert| named[*alert as usize] = true);
            deliveries.push(stored(recipient, jobs, delivery, now));
        }
        let mut unsent = Vec::new();
        for refusal in batch.refused {
            named[refusal.alert as usize] = true;
            let job = &jobs[refusal.alert as usize];
            unsent.push(Unsent {
                job: job.id,
                fate: Fate::Dead(Reason::Refused, Some(refusal.reason)),
                given: job.given,
                attempts: job.attempts,
            });
        }
        for (job, _) in jobs.iter().zip(named).filter(|(_, named)| !named) {
            let given = job.given + 1;
            let failed = given.is_multiple_of(GIVEN);
            unsent.push(Unsent {
                job: job.id,
                fate: if failed {
                    self.again(job, Reason::NoProgress, "given out and not named", now)
                } else {
                    Fate::Queued {
                        due: now,
                        batch: None,
                    }
                },
                given,
                attempts: job.attempts + u32::from(failed),
            });
        }
        (deliveries, unsent)
    }

    /// What a failed call means for its jobs: halves, until one alert fails alone.
    fn blame(&self, jobs: &[Job], fault: &Fault, now: Millis) -> Vec<Unsent> {
        let unsent = |job: &Job, fate: Fate, attempts: u32| Unsent {
            job: job.id,
            fate,
            given: job.given,
            attempts,
        };
        match (fault.reason, jobs) {
            (Reason::ComponentMissing, jobs) => jobs
                .iter()
                .map(|job| {
                    unsent(
                        job,
                        Fate::Queued {
                            due: now,
                            batch: None,
                        },
                        job.attempts,
                    )
                })
                .collect(),
            (reason, jobs) if is_passing(reason) => jobs
                .iter()
                .map(|job| {
                    unsent(
                        job,
                        self.again(job, fault.reason, &fault.detail, now),
                        job.attempts + 1,
                    )
                })
                .collect(),
            (_, [job]) => {
                vec![unsent(
                    job,
                    Fate::Dead(Reason::Poison, Some(fault.to_string())),
                    job.attempts + 1,
                )]
            }
            (_, jobs) => {
                let (first, second) = (batch_number(), batch_number());
                let half = jobs.len() / 2;
                let halves = jobs.iter().enumerate().map(|(at, job)| {
                    let batch = Some(if at < half { first } else { second });
                    unsent(job, Fate::Queued { due: now, batch }, job.attempts)
                });
                halves.collect()
            }
        }
    }

    /// Another try by the schedule, or its end.
    fn again(&self, job: &Job, reason: Reason, detail: &str, now: Millis) -> Fate {
        match self.schedule.wait(job.attempts + 1, None, random()) {
            Some(wait) => Fate::Queued {
                due: now + u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                batch: None,
            },
            None => Fate::Dead(reason, Some(detail.to_owned())),
        }
    }
}

/// A delivery whose parameters changed: its jobs go back, to be built anew.
fn rebuilt(delivery: &Stored, now: Millis) -> Settlement {
    let fates = vec![
        Fate::Queued {
            due: now,
            batch: None
        };
        delivery.jobs.len()
    ];
    Settlement {
        delivery: delivery.id.clone(),
        attempt: None,
        then: Then::Over {
            state: State::Superseded,
            fates,
        },
        receipts: Vec::new(),
        changed: Vec::new(),
    }
}

fn stored(recipient: &Recipient, jobs: &[Job], delivery: Delivery, now: Millis) -> Stored {
    let carried = |at: &u32| {
        let Job {
            id, alert, receipt, ..
        } = &jobs[*at as usize];
        let Alert {
            id: alert_id,
            fingerprint,
            action,
            ..
        } = alert;
        Carried {
            job: *id,
            alert: alert_id.clone(),
            fingerprint: fingerprint.clone(),
            releases: *action == campanile_contract::alert::Action::Released,
            answers: receipt.is_some(),
        }
    };
    let accepted = delivery
        .alerts
        .iter()
        .map(|at| jobs[*at as usize].accepted_at)
        .min();
    Stored {
        id: uuid::Uuid::now_v7().to_string(),
        tenant: recipient.tenant.clone(),
        recipient: recipient.id,
        component: recipient.component.digest.clone(),
        params: recipient.params.clone(),
        jobs: delivery.alerts.iter().map(carried).collect(),
        messages: delivery.messages,
        progress: 0,
        tag: delivery.tag,
        attempts: 0,
        created_at: now,
        accepted_at: accepted.unwrap_or(now),
        due: now,
    }
}
