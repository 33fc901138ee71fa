//! Steps 4 to 8 on one screen: what `schedule` found due is leased, formatted, built, stored, sent and
//! settled. Every value passes from one stage to the next by type; nothing else is shared.

mod build;
pub(crate) mod format;
mod guard;
mod mail;
mod own;
mod reading;
pub(crate) mod rehearse;
mod settle;
mod settler;
mod verdict;

use std::sync::Arc;

use campanile_contract::manifest::Manifest;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::clock::{Clock, Millis};
use crate::directory::{Directory, Recipient};
use crate::egress::{Egress, Failure, Received};
use crate::job::{RecipientId, Settlement, Stored};
use crate::message::{Mail, Message};
use crate::outcome::{Outcome, Reason, Schedule, judge_failure, judge_status, retry_after};
use crate::sandbox::{Answered, Call, Sandboxes};
use crate::schedule::pacing::{Key, Pacing};
use crate::store::{Change, Due, Store, StoreError};

use build::Next;
pub use build::Quarantine;
use guard::guarded;
pub use settle::Pause;
use settle::{Judged, Made};
use settler::{Attempted, Settler};

/// Settled deliveries whose commit is awaited, of one recipient: so many can be in one group.
const UNSETTLED: usize = 512;

/// What delivering takes.
pub struct Deliverer {
    /// Jobs, deliveries, receipts.
    pub store: Store,
    /// Foreign code.
    pub sandboxes: Arc<Sandboxes>,
    /// The way out.
    pub egress: Arc<Egress>,
    /// The configuration.
    pub directory: Directory,
    /// How fast.
    pub pacing: Pacing,
    /// How patiently.
    pub schedule: Schedule,
    /// Time.
    pub clock: Clock,
    /// Alerts that one call is given at most.
    pub alerts_per_call: u32,
    /// Calls that failed in a row, by endpoint.
    pub quarantine: Quarantine,
    /// Where news of paused recipients goes.
    pub changed: Arc<Notify>,
}

/// What is known once a recipient was served.
pub struct Served {
    /// Not to be served before, though something is due.
    pub not_before: Option<Millis>,
}

impl Deliverer {
    /// Recipients with something due, and when others will have.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn due(&self, now: Millis) -> Result<Due, StoreError> {
        self.store.due_recipients(now).await
    }

    /// Serves a recipient until nothing of it is due. `news` rings when something may be.
    pub async fn serve(
        self: &Arc<Self>,
        id: RecipientId,
        news: &Notify,
        mut shutdown: watch::Receiver<bool>,
    ) -> Served {
        let mut sending = JoinSet::new();
        let unsettled = Arc::new(Semaphore::new(UNSETTLED));
        let (outcomes, settling) = mpsc::unbounded_channel();
        let settled = Arc::new(Notify::new());
        let settler = Settler {
            store: self.store.clone(),
            clock: self.clock.clone(),
            shutdown: shutdown.clone(),
        };
        let settler = tokio::spawn(settler::run(
            settler,
            settling,
            settled.clone(),
            self.changed.clone(),
        ));
        let mut in_flight: Option<Arc<Semaphore>> = None;
        let mut wait = None;
        while !*shutdown.borrow() {
            let snapshot = self.directory.now();
            let Some(recipient) = snapshot
                .recipients
                .get(&id)
                .filter(|recipient| recipient.paused.is_none() && !recipient.is_outdated())
            else {
                // Another configuration wakes everybody.
                wait = Some(Millis::MAX);
                break;
            };
            let in_flight = in_flight.get_or_insert_with(|| {
                Arc::new(Semaphore::new(
                    recipient.component.manifest.pacing.in_flight as usize,
                ))
            });
            let (token, deliveries) = match guarded(self.next(&snapshot, recipient)).await {
                None => {
                    // What it held is given out again when its lease ends.
                    wait = Some(self.clock.now() + build::LEASE);
                    break;
                }
                Some(Ok(Next {
                    token,
                    deliveries,
                    not_before,
                })) => {
                    wait = not_before;
                    (token, deliveries)
                }
                Some(Err(error)) => {
                    if !error.may_pass() {
                        tracing::error!(recipient = %recipient.seen.name, %error, "the store failed");
                    }
                    wait = Some(self.clock.now() + 1_000);
                    break;
                }
            };
            if deliveries.is_empty() {
                if unsettled.available_permits() == UNSETTLED {
                    break;
                }
                tokio::select! {
                    () = settled.notified() => {}
                    () = news.notified() => {}
                    _ = shutdown.changed() => {}
                }
            }
            for delivery in deliveries {
                let Ok(place) = in_flight.clone().acquire_owned().await else {
                    break;
                };
                let Ok(unsettled) = unsettled.clone().acquire_owned().await else {
                    break;
                };
                let (deliverer, recipient) = (self.clone(), recipient.clone());
                let (outcomes, shutdown) = (outcomes.clone(), shutdown.clone());
                sending.spawn(async move {
                    let sent = deliverer.send(&recipient, &delivery, place, shutdown).await;
                    if let Some((settlement, ended_at)) = sent {
                        let place = unsettled;
                        // The settler outlives all senders.
                        let _ = outcomes.send(Attempted {
                            token,
                            settlement,
                            ended_at,
                            place,
                        });
                    }
                });
            }
            while sending.try_join_next().is_some() {}
        }
        while sending.join_next().await.is_some() {}
        drop(outcomes);
        if let Err(error) = settler.await {
            tracing::error!(%error, "the settler failed");
        }
        Served { not_before: wait }
    }

    /// Sends a delivery's next message, and says what that comes to. The place in flight is free as soon as
    /// the destination has answered. `None` where the program ends first.
    async fn send(
        &self,
        recipient: &Recipient,
        delivery: &Stored,
        place: OwnedSemaphorePermit,
        mut shutdown: watch::Receiver<bool>,
    ) -> Option<(Settlement, Millis)> {
        if !self.await_pace(recipient, &mut shutdown).await {
            return None;
        }
        let started_at = self.clock.now();
        let judged = guarded(self.attempt(recipient, delivery, started_at)).await;
        let judged = judged.unwrap_or_else(broke_off);
        self.pause(recipient, &judged).await;
        drop(place);
        let made = Made {
            started_at,
            ended_at: self.clock.now(),
        };
        tracing::info!(
            delivery = %delivery.id, recipient = %recipient.seen.name, endpoint = %recipient.seen.endpoint,
            tenant = %recipient.tenant, alerts = delivery.jobs.len(), part = delivery.progress,
            outcome = judged.outcome.as_str(), reason = %judged.reason, status = judged.status,
            detail = judged.detail, ms = made.ended_at.saturating_sub(made.started_at), "attempt"
        );
        let settlement = settle::settle(
            delivery,
            judged,
            made,
            &self.schedule,
            random(),
            build::batch_number,
        );
        if !settlement.changed.is_empty() {
            recipient.outdate();
        }
        Some((settlement, made.ended_at))
    }

    /// Waits for the destination's pace; `false` where the program ends first.
    async fn await_pace(
        &self,
        recipient: &Recipient,
        shutdown: &mut watch::Receiver<bool>,
    ) -> bool {
        let pacing = &recipient.component.manifest.pacing;
        let endpoint = Key {
            destination: None,
            ..recipient.destination.clone()
        };
        let keys = [
            (endpoint, pacing.per_endpoint.as_slice()),
            (
                recipient.destination.clone(),
                pacing.per_destination.as_slice(),
            ),
        ];
        loop {
            let at = self.pacing.book(&keys, self.clock.now());
            if *shutdown.borrow() {
                return false;
            }
            if at <= self.clock.now() {
                return true;
            }
            tokio::select! {
                () = self.clock.sleep_until(at) => {}
                _ = shutdown.changed() => return false,
            }
            // Another message's answer may have asked for quiet since the place was booked.
            if !self.pacing.is_paused(&keys, self.clock.now()) {
                return true;
            }
        }
    }

    /// One message out, and what host and component make of the answer.
    async fn attempt(&self, recipient: &Recipient, delivery: &Stored, now: Millis) -> Judged {
        let Some(message) = delivery.messages.get(delivery.progress as usize) else {
            return Judged::host(Outcome::Delivered, Reason::Accepted, None, None);
        };
        let sent = self
            .egress
            .send(
                &recipient.sender,
                message,
                &delivery.id,
                delivery.progress,
                now,
                |status| reading::wanted(&recipient.component.manifest, status, false),
            )
            .await;
        match (message, sent.transpose()) {
            (_, None) => Judged::host(Outcome::Delivered, Reason::Written, None, None),
            (
                Message::Mail(
                    again @ Mail {
                        repeat: Some(repeat),
                        ..
                    },
                ),
                Some(sent),
            ) => mail::repeated(again, repeat, delivery, sent, now),
            (_, Some(Err(failure))) => failed(&recipient.component.manifest, failure),
            (Message::Mail(mail), Some(Ok(received))) => {
                let judged = self.judge(recipient, delivery, &received, now).await;
                let report = received.mail.unwrap_or_default();
                mail::for_the_refused(judged, mail, delivery, &report, now)
            }
            (_, Some(Ok(received))) => self.judge(recipient, delivery, &received, now).await,
        }
    }

    /// What host and component make of an answer.
    async fn judge(
        &self,
        recipient: &Recipient,
        delivery: &Stored,
        received: &Received,
        now: Millis,
    ) -> Judged {
        let judged = host_judges(received, now);
        let manifest = &recipient.component.manifest;
        let some_refused = judged.reason == Reason::SomeRefused;
        if !reading::wanted(manifest, received.status, some_refused) {
            return judged;
        }
        let withheld = reading::unread(received).map(|reason| reason.to_string());
        let judged = Judged {
            detail: withheld.or(judged.detail.clone()),
            ..judged
        };
        let call = Call::ReadResponse {
            recipient: recipient.seen.clone(),
            tag: delivery.tag.clone(),
            alerts: u32::try_from(delivery.jobs.len()).unwrap_or(u32::MAX),
            response: reading::declared(manifest, delivery.progress, received),
        };
        let answer = self
            .sandboxes
            .call(&recipient.tenant, &delivery.component, now, call)
            .await;
        build::log_lines(recipient, &answer.log);
        match answer.result {
            Ok(Answered::Verdict(verdict)) => {
                match verdict::allowed(&verdict, manifest, delivery) {
                    Ok(()) => judged.refined(verdict),
                    Err(fault) => Judged::host(
                        Outcome::Rejected,
                        fault.reason,
                        judged.status,
                        Some(fault.detail),
                    ),
                }
            }
            Ok(_) => unread(judged, "another function's answer"),
            Err(fault) => unread(judged, &fault.to_string()),
        }
    }

    /// Keeps destinations quiet for as long as was asked, and pauses what is no more.
    async fn pause(&self, recipient: &Recipient, judged: &Judged) {
        let until = |wait: std::time::Duration| {
            self.clock.now() + u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
        };
        if let Some(wait) = judged.quiet.0 {
            self.pacing
                .pause(recipient.destination.clone(), until(wait));
        }
        if let Some(wait) = judged.quiet.1 {
            self.pacing.pause(
                Key {
                    destination: None,
                    ..recipient.destination.clone()
                },
                until(wait),
            );
        }
        let Some(pause) = judged.pause else { return };
        self.pause_for(recipient, pause, judged.reason).await;
    }

    /// Stops a recipient or an endpoint until somebody looks.
    async fn pause_for(&self, recipient: &Recipient, pause: Pause, reason: Reason) {
        let (tenant, endpoint) = (recipient.tenant.clone(), recipient.seen.endpoint.clone());
        let why = Some(reason.to_string());
        let change = match pause {
            Pause::Recipient => Change::PauseRecipient(recipient.id, why),
            Pause::Endpoint => Change::PauseEndpoint(tenant, endpoint, why),
        };
        tracing::warn!(recipient = %recipient.seen.name, endpoint = %recipient.seen.endpoint, %reason, ?pause, "paused");
        if let Err(error) = self.store.apply(vec![change], self.clock.now()).await {
            tracing::error!(%error, "the pause could not be stored");
        }
        self.changed.notify_one();
    }
}

/// The host's own judgement: by HTTP's status, or by a mail server's code.
fn host_judges(received: &Received, now: Millis) -> Judged {
    if let Some(report) = &received.mail {
        return mail::judge(received.status, report);
    }
    let asked = received
        .headers
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let (outcome, reason) = judge_status(
        received.status,
        asked.and_then(|value| retry_after(value, now)),
    );
    Judged::host(outcome, reason, Some(received.status), None)
}

/// No whole response. Where its head came and the component would not have read it, the head decides;
/// otherwise it may have arrived, and is tried again under the same key.
fn failed(manifest: &Manifest, failure: Failure) -> Judged {
    let Failure {
        reason,
        detail,
        status,
    } = failure;
    match status.map(|status| (status, judge_status(status, None))) {
        Some((status, (outcome, decided))) if !reading::wanted(manifest, status, false) => {
            Judged::host(outcome, decided, Some(status), Some(detail))
        }
        Some((status, (outcome @ Outcome::Retry { .. }, _))) => {
            Judged::host(outcome, reason, Some(status), Some(detail))
        }
        _ => Judged::host(judge_failure(reason), reason, status, Some(detail)),
    }
}

/// A fault of this program: the message may have been sent before it.
fn broke_off() -> Judged {
    let detail = "this program failed while it sent: please report this, with its log";
    let retry = judge_failure(Reason::AnswerLost);
    Judged::host(retry, Reason::AnswerLost, None, Some(detail.to_owned()))
}

/// A success that could not be read may still have arrived, so it has a reason of its own.
fn unread(judged: Judged, why: &str) -> Judged {
    if judged.outcome == Outcome::Delivered {
        let detail = Some(why.to_owned());
        return Judged::host(
            Outcome::Retry { after: None },
            Reason::UnreadResponse,
            judged.status,
            detail,
        );
    }
    Judged {
        detail: Some(format!("the response could not be read: {why}")),
        ..judged
    }
}

/// A number in 0..1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    // Without random numbers there is no jitter, which harms nothing.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
