//! Step 8: what an attempt means for its delivery and its jobs. Pure: time and random numbers are handed in.

use std::time::Duration;

use campanile_contract::manifest::Manifest;
use campanile_contract::params::{self, Param};

use crate::clock::Millis;
use crate::job::{Attempt, Fate, Settlement, State, Stored, Then};
use crate::message::{Judgement, Message, Part, Template, Verdict};
use crate::outcome::{LONGEST_WAIT, Outcome, Reason, Schedule};
use crate::sandbox::Fault;

/// Follow-up messages of one delivery.
pub(super) const FOLLOW_UPS: u32 = 16;

/// A receipt or a tag that a component may leave, and what is kept of its reasons, in bytes.
const NAME: usize = 1 << 10;

/// What became of one attempt, as host and component see it together.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// Of the message.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The HTTP status.
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
            Judgement::Delivered if host.1 == Reason::ServerError => (host.0, Reason::Overruled),
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
            let messages = follow_up.as_ref().map(|(message, _)| {
                let mut messages = delivery.messages.clone();
                messages.insert(delivery.progress as usize + 1, message.clone());
                messages
            });
            Then::Again {
                progress: delivery.progress + 1,
                due: now,
                messages,
                tag: follow_up.map(|(_, tag)| tag),
            }
        }
        Outcome::Delivered => Then::Over {
            state: State::Delivered,
            fates: fates(delivery, Fate::Delivered, &judged, now, schedule, random),
        },
        // What was renamed is built again with the new name.
        Outcome::Retry { .. } if judged.restart && !judged.changed.is_empty() => {
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

/// Receipts to keep; those of conditions that ended are forgotten once their release is delivered.
fn receipts(delivery: &Stored, judged: &Judged) -> Vec<(String, Option<String>)> {
    if judged.outcome != Outcome::Delivered {
        return Vec::new();
    }
    let mut receipts = Vec::new();
    for (alert, receipt) in &judged.receipts {
        if let Some(carried) = delivery.jobs.get(*alert as usize)
            && !carried.releases
        {
            receipts.push((carried.fingerprint.clone(), Some(receipt.clone())));
        }
    }
    let last = delivery.progress as usize + 1 >= delivery.messages.len() && judged.next.is_none();
    if last {
        let released = delivery.jobs.iter().filter(|carried| carried.releases);
        receipts.extend(released.map(|carried| (carried.fingerprint.clone(), None)));
    }
    receipts
}

/// What a verdict must be before anything is made of it.
///
/// # Errors
///
/// A fault that names what is not allowed: an alert that the delivery does not carry or that is named twice,
/// a receipt or tag over the limit, a follow-up to another origin or one too many, or a change of a
/// parameter that is not the recipient's own.
pub(super) fn allowed(
    verdict: &Verdict,
    manifest: &Manifest,
    delivery: &Stored,
) -> Result<(), Fault> {
    positions(verdict, delivery)?;
    if let Some((Message::Http(next), tag)) = &verdict.next {
        short("a tag", tag)?;
        if delivery.messages.len() >= FOLLOW_UPS as usize + 1 {
            return Err(Fault::new(
                Reason::FollowUp,
                format!("more than {FOLLOW_UPS} follow-up messages"),
            ));
        }
        let Some(Message::Http(before)) = delivery.messages.get(delivery.progress as usize) else {
            return Err(Fault::new(
                Reason::FollowUp,
                "there is no message to follow",
            ));
        };
        if origin(&next.url).is_none() || origin(&next.url) != origin(&before.url) {
            return Err(Fault::new(
                Reason::FollowUp,
                "a follow-up goes to where the response came from",
            ));
        }
    }
    for changed in &verdict.changed {
        let own = manifest
            .recipient_params
            .iter()
            .find(|spec| spec.name == changed.name);
        let problems = own
            .map(|spec| params::check(std::slice::from_ref(spec), std::slice::from_ref(changed)));
        if own.is_none_or(|spec| spec.kind.is_secret())
            || problems.is_some_and(|problems| !problems.is_empty())
        {
            return Err(Fault::new(
                Reason::InvalidParameters,
                format!(
                    "the component may not change the parameter `{}` to this value",
                    changed.name
                ),
            ));
        }
    }
    Ok(())
}

/// Checks which alerts a verdict names, and what it leaves for them.
fn positions(verdict: &Verdict, delivery: &Stored) -> Result<(), Fault> {
    let carried = delivery.jobs.len();
    let named = verdict.exceptions.iter().map(|(alert, ..)| *alert);
    let left = verdict.receipts.iter().map(|(alert, _)| *alert);
    if let Some(alert) = named.chain(left).find(|alert| *alert as usize >= carried) {
        return Err(Fault::new(
            Reason::UnknownAlert,
            format!("alert {alert} is named, but the delivery carries {carried}, counted from 0"),
        ));
    }
    let mut seen = vec![false; carried];
    for (alert, ..) in &verdict.exceptions {
        if std::mem::replace(&mut seen[*alert as usize], true) {
            return Err(Fault::new(
                Reason::Contradiction,
                format!("alert {alert} is named twice in one verdict"),
            ));
        }
    }
    verdict
        .receipts
        .iter()
        .try_for_each(|(_, receipt)| short("a receipt", receipt))
}

fn short(what: &str, text: &str) -> Result<(), Fault> {
    if text.len() > NAME {
        return Err(Fault::new(
            Reason::AnswerTooLarge,
            format!("{what} has {} bytes, {NAME} are allowed", text.len()),
        ));
    }
    Ok(())
}

/// Words for the administrator, cut to what is kept of them.
fn words(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(NAME));
    text
}

/// Where an unfilled URL leads, by the parser that the way out uses too: a spelling such as `http:/host`, or
/// an address in pieces, leads where it leads there. `None` where nobody can tell.
fn origin(url: &Template) -> Option<Origin> {
    // A secret URL is one hole, and its origin that of the parameter.
    if let [Part::Secret(name, _)] = url.as_slice() {
        return Some(Origin::Secret(name.clone()));
    }
    let text: String = url
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_str(),
            // A hole in scheme or host makes another origin of it, and none is allowed there.
            Part::Secret(..) | Part::Fact(..) => HOLE,
        })
        .collect();
    let origin = url::Url::parse(&text).ok()?.origin();
    origin.is_tuple().then_some(Origin::Of(origin))
}

/// Stands for a hole while an origin is looked for.
const HOLE: &str = "hole";

#[derive(PartialEq, Eq)]
enum Origin {
    Secret(String),
    Of(url::Origin),
}
