//! Step 8: what an attempt means for its delivery and its jobs. Pure: time and random numbers are handed in.

use std::time::Duration;

use campanile_contract::params::Param;

use crate::clock::Millis;
use crate::job::{Attempt, Fate, Settlement, State, Stored, Then};
use crate::message::{Judgement, Message, Verdict};
use crate::outcome::{LONGEST_WAIT, Outcome, Reason, Schedule};

/// What is kept of a component's reasons, in bytes: what an administrator reads.
const WORDS: usize = 1 << 10;

/// What became of one attempt, as host and component see it together.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// Of the message.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The HTTP status, or SMTP's code.
    pub status: Option<u16>,
    /// For the operator.
    pub detail: Option<String>,
    /// Whether all messages are sent again.
    pub restart: bool,
    /// What pauses.
    pub pause: Option<Pause>,
    /// Alerts that fared otherwise, by position in the delivery.
    pub exceptions: Vec<(u32, Outcome, Reason, String)>,
    /// Receipts by position in the delivery.
    pub receipts: Vec<(u32, String)>,
    /// One more message, and the tag from then on.
    pub next: Option<(Message, String)>,
    /// Whether that waits, as a retry does.
    pub later: bool,
    /// How long the destination, and the endpoint, are left alone.
    pub quiet: (Option<Duration>, Option<Duration>),
    /// Recipient parameters that the destination renamed.
    pub changed: Vec<Param>,
}

/// What stops until somebody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// The recipient.
    Recipient,
    /// The endpoint, and with it all its recipients.
    Endpoint,
}

impl Judged {
    /// The host's own judgement.
    #[must_use]
    pub(super) fn host(
        outcome: Outcome,
        reason: Reason,
        status: Option<u16>,
        detail: Option<String>,
    ) -> Self {
        Self {
            outcome,
            reason,
            status,
            detail,
            restart: false,
            // 410 says of itself that the address is no more.
            pause: (reason == Reason::Gone).then_some(Pause::Recipient),
            exceptions: Vec::new(),
            receipts: Vec::new(),
            next: None,
            later: false,
            quiet: (None, None),
            changed: Vec::new(),
        }
    }

    /// The component's reading on top of it. It may refine what the host says of a 4xx, but a 5xx is no
    /// success, and no wait is longer than the host's longest.
    #[must_use]
    pub(super) fn refined(mut self, verdict: Verdict) -> Self {
        let refine = |judgement: Judgement, host: (Outcome, Reason)| match judgement {
            Judgement::Agree => host,
            Judgement::Delivered if host.0 == Outcome::Delivered => host,
            Judgement::Delivered
                if matches!(
                    host.1,
                    Reason::ServerError | Reason::MailLater | Reason::MailRefused
                ) =>
            {
                (host.0, Reason::Overruled)
            }
            Judgement::Delivered => (Outcome::Delivered, Reason::ComponentSaysDelivered),
            Judgement::Retry(after) | Judgement::Restart(after) => {
                let asked = after.map(|ms| Duration::from_millis(u64::from(ms)).min(LONGEST_WAIT));
                let reason = if matches!(host.0, Outcome::Retry { .. }) {
                    host.1
                } else {
                    Reason::ComponentSaysRetry
                };
                let before = if let Outcome::Retry { after } = host.0 {
                    after
                } else {
                    None
                };
                (
                    Outcome::Retry {
                        after: asked.max(before),
                    },
                    reason,
                )
            }
            Judgement::Rejected => (Outcome::Rejected, Reason::ComponentSaysRejected),
            Judgement::RecipientGone => (Outcome::Gone, Reason::RecipientGone),
            Judgement::EndpointGone => (Outcome::Gone, Reason::EndpointGone),
        };
        let host = (self.outcome, self.reason);
        (self.outcome, self.reason) = refine(verdict.outcome, host);
        self.restart = matches!(verdict.outcome, Judgement::Restart(_));
        self.pause = match self.reason {
            Reason::RecipientGone | Reason::Gone => Some(Pause::Recipient),
            Reason::EndpointGone => Some(Pause::Endpoint),
            _ => None,
        };
        if !verdict.reason.is_empty() {
            self.detail = Some(words(verdict.reason));
        }
        self.exceptions = verdict
            .exceptions
            .into_iter()
            .map(|(alert, judgement, reason)| {
                let (outcome, why) = refine(judgement, host);
                (alert, outcome, why, words(reason))
            })
            .collect();
        self.receipts = verdict.receipts;
        self.next = verdict.next;
        let quiet =
            |ms: Option<u32>| ms.map(|ms| Duration::from_millis(u64::from(ms)).min(LONGEST_WAIT));
        self.quiet = (
            quiet(verdict.pause_destination),
            quiet(verdict.pause_endpoint),
        );
        self.changed = verdict.changed;
        self
    }
}

/// An attempt that was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    /// When it began.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Millis,
}

/// Decides what becomes of a delivery after an attempt. `random` in 0..1 is the jitter; `batch` makes
/// numbers for halves.
pub(super) fn settle(
    delivery: &Stored,
    judged: Judged,
    made: Made,
    schedule: &Schedule,
    random: f64,
    mut batch: impl FnMut() -> u64,
) -> Settlement {
    let mut judged = judged;
    let now = made.ended_at;
    let receipts = receipts(delivery, &judged);
    let last = delivery.progress as usize + 1 >= delivery.messages.len();
    let mut retry_at = None;
    let then = match judged.outcome {
        Outcome::Delivered if judged.next.is_some() || !last => {
            let follow_up = judged.next.take();
            let wait = if judged.later {
                schedule.wait(1, None, random)
            } else {
                None
            };
            let due = wait.map_or(now, |wait| {
                now + u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
            });
            retry_at = wait.map(|_| due);
            let messages = follow_up.as_ref().map(|(message, _)| {
                let mut messages = delivery.messages.clone();
                messages.insert(delivery.progress as usize + 1, message.clone());
                messages
            });
            Then::Again {
                progress: delivery.progress + 1,
                due,
                messages,
                tag: follow_up.map(|(_, tag)| tag),
            }
        }
        Outcome::Delivered => Then::Over {
            state: State::Delivered,
            fates: fates(delivery, Fate::Delivered, &judged, now, schedule, random),
        },
        // What was renamed is built again with the new name, and what answers an earlier message that is no
        // more, without it. That is once: nothing is left then to be forgotten.
        Outcome::Retry { .. }
            if judged.restart && !(judged.changed.is_empty() && receipts.is_empty()) =>
        {
            judged.reason = Reason::Rebuilt;
            Then::Over {
                state: State::Superseded,
                fates: vec![
                    Fate::Queued {
                        due: now,
                        batch: None
                    };
                    delivery.jobs.len()
                ],
            }
        }
        Outcome::Retry { after } => match schedule.wait(delivery.attempts + 1, after, random) {
            Some(wait) => {
                let due = now + u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                retry_at = Some(due);
                let progress = if judged.restart { 0 } else { delivery.progress };
                Then::Again {
                    progress,
                    due,
                    messages: None,
                    tag: None,
                }
            }
            None => {
                judged.outcome = Outcome::Expired;
                let fate = Fate::Dead(Reason::Expired, Some(judged.reason.to_string()));
                Then::Over {
                    state: State::Dead,
                    fates: fates(delivery, fate, &judged, now, schedule, random),
                }
            }
        },
        // Somebody has to look: it waits, unfinished, until the pause ends.
        Outcome::Gone => Then::Again {
            progress: delivery.progress,
            due: now,
            messages: None,
            tag: None,
        },
        Outcome::Rejected | Outcome::Expired
            if delivery.jobs.len() > 1 && judged.exceptions.is_empty() =>
        {
            let (first, second) = (batch(), batch());
            let half = delivery.jobs.len() / 2;
            let fates = (0..delivery.jobs.len())
                .map(|at| Fate::Queued {
                    due: now,
                    batch: Some(if at < half { first } else { second }),
                })
                .collect();
            judged.detail = Some(format!(
                "{}{}: tried again in halves",
                judged.reason,
                judged
                    .detail
                    .map_or(String::new(), |detail| format!(" ({detail})"))
            ));
            judged.reason = Reason::Halved;
            Then::Over {
                state: State::Superseded,
                fates,
            }
        }
        Outcome::Rejected | Outcome::Expired => {
            let fate = Fate::Dead(judged.reason, judged.detail.clone());
            Then::Over {
                state: State::Dead,
                fates: fates(delivery, fate, &judged, now, schedule, random),
            }
        }
    };
    let attempt = Attempt {
        message: delivery.progress,
        started_at: made.started_at,
        duration_ms: now.saturating_sub(made.started_at),
        outcome: judged.outcome.as_str().to_owned(),
        reason: judged.reason,
        status: judged.status,
        detail: judged.detail,
        retry_at,
    };
    Settlement {
        delivery: delivery.id.clone(),
        attempt: Some(attempt),
        then,
        receipts,
        changed: judged.changed,
    }
}

/// The fate of every job: the delivery's, but for the exceptions.
fn fates(
    delivery: &Stored,
    fate: Fate,
    judged: &Judged,
    now: Millis,
    schedule: &Schedule,
    random: f64,
) -> Vec<Fate> {
    let mut fates = vec![fate; delivery.jobs.len()];
    for (alert, outcome, reason, words) in &judged.exceptions {
        let Some(fate) = fates.get_mut(*alert as usize) else {
            continue;
        };
        *fate = match outcome {
            Outcome::Delivered => Fate::Delivered,
            Outcome::Retry { after } => schedule
                .wait(delivery.attempts + 1, *after, random)
                .map_or(Fate::Dead(Reason::Expired, Some(words.clone())), |wait| {
                    Fate::Queued {
                        due: now + u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                        batch: None,
                    }
                }),
            Outcome::Rejected | Outcome::Gone | Outcome::Expired => {
                Fate::Dead(*reason, Some(words.clone()))
            }
        };
    }
    fates
}

/// Receipts to keep; those of conditions that ended are forgotten once their release is delivered, and empty
/// ones when a delivery starts again.
fn receipts(delivery: &Stored, judged: &Judged) -> Vec<(String, Option<String>)> {
    let mut receipts = Vec::new();
    for (alert, receipt) in &judged.receipts {
        let Some(carried) = delivery.jobs.get(*alert as usize) else {
            continue;
        };
        if judged.restart && receipt.is_empty() && carried.answers {
            receipts.push((carried.fingerprint.clone(), None));
        } else if judged.outcome == Outcome::Delivered && !carried.releases {
            receipts.push((carried.fingerprint.clone(), Some(receipt.clone())));
        }
    }
    if judged.outcome != Outcome::Delivered {
        return receipts;
    }
    let last = delivery.progress as usize + 1 >= delivery.messages.len() && judged.next.is_none();
    if last {
        let released = delivery.jobs.iter().filter(|carried| carried.releases);
        receipts.extend(released.map(|carried| (carried.fingerprint.clone(), None)));
    }
    receipts
}

/// Words for the administrator, cut to what is kept of them.
fn words(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(WORDS));
    text
}
