//! The words of the queue: jobs, deliveries, attempts.

use campanile_contract::params::Param;
use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::clock::Millis;
use crate::message::Message;
use crate::outcome::Reason;

/// A recipient's row; never reused.
pub type RecipientId = i64;

/// A job's row; never reused, and in the order of acceptance.
pub type JobId = i64;

/// A job that was given out under a lease. It stays stored; when the lease ends it is given out again.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// The alert that it carries.
    pub alert: Alert,
    /// When the alert was accepted.
    pub accepted_at: Millis,
    /// How often it was given out and not named.
    pub given: u32,
    /// How often it failed before a delivery was built.
    pub attempts: u32,
    /// What an earlier delivery of the same condition left.
    pub receipt: Option<String>,
}

/// Jobs that belong together, oldest first, until the lease ends.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The fence: grows with every lease, and what holds an older one can finish nothing.
    pub token: u64,
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// A job as a delivery carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Which job.
    pub job: JobId,
    /// The alert's id.
    pub alert: String,
    /// The alert's fingerprint.
    pub fingerprint: String,
    /// Whether the alert ends its condition.
    pub releases: bool,
    /// Whether it was built with a receipt that an earlier delivery of its condition left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answers: bool,
}

/// A delivery as it is stored before its first message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// `UUIDv7`; the idempotency key of all its attempts.
    pub id: String,
    /// Whose.
    pub tenant: String,
    /// For whom.
    pub recipient: RecipientId,
    /// The digest of the component that built it, and reads its responses.
    pub component: String,
    /// A digest of the parameters that it was built from.
    pub params: String,
    /// Its jobs, in the order in which the component named them.
    pub jobs: Vec<Carried>,
    /// Its messages, unfilled.
    pub messages: Vec<Message>,
    /// The next message to send.
    pub progress: u32,
    /// Given back to `read-response`.
    pub tag: String,
    /// How often the message at `progress` was tried and failed; the store starts anew when `progress` grows.
    pub attempts: u32,
    /// When it was built.
    pub created_at: Millis,
    /// When its oldest alert was accepted.
    pub accepted_at: Millis,
    /// Not to be tried before.
    pub due: Millis,
}

/// The state of a stored delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// To be sent, or to be tried again.
    Pending,
    /// All its messages were accepted.
    Delivered,
    /// It will not be tried again.
    Dead,
    /// Its jobs went back into the queue, to be built anew.
    Superseded,
}

/// One try at one message, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which of the delivery's messages.
    pub message: u32,
    /// When it began.
    pub started_at: Millis,
    /// How long it took.
    pub duration_ms: u64,
    /// `delivered`, `retry`, `rejected`, `gone`, `expired`.
    pub outcome: String,
    /// Why.
    pub reason: Reason,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// For the operator; never with a secret in it.
    pub detail: Option<String>,
    /// When it is tried again.
    pub retry_at: Option<Millis>,
}

/// What becomes of one job of a delivery that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It arrived: the job leaves.
    Delivered,
    /// Back into the queue.
    Queued {
        /// Not before.
        due: Millis,
        /// Jobs of one batch are given out together and with no others.
        batch: Option<u64>,
    },
    /// A dead letter.
    Dead(Reason, Option<String>),
}

/// What an attempt changes, in one transaction.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Which delivery.
    pub delivery: String,
    /// The attempt that was made, if one was.
    pub attempt: Option<Attempt>,
    /// What comes next.
    pub then: Then,
    /// Receipts by fingerprint: kept, or forgotten where `None`.
    pub receipts: Vec<(String, Option<String>)>,
    /// Recipient parameters that the destination renamed.
    pub changed: Vec<Param>,
}

/// What comes next for a delivery.
#[derive(Debug, Clone)]
pub enum Then {
    /// It goes on at message `progress`, not before `due`.
    Again {
        /// The next message to send.
        progress: u32,
        /// Not before.
        due: Millis,
        /// The messages, where a follow-up was added.
        messages: Option<Vec<Message>>,
        /// The tag, where a follow-up changed it.
        tag: Option<String>,
    },
    /// It is over.
    Over {
        /// How.
        state: State,
        /// What becomes of its jobs, in their order.
        fates: Vec<Fate>,
    },
}

/// What becomes of a leased job that no delivery carries.
#[derive(Debug, Clone)]
pub struct Unsent {
    /// Which.
    pub job: JobId,
    /// What becomes of it. `Delivered` cannot occur.
    pub fate: Fate,
    /// The new count of times that it was given out and not named.
    pub given: u32,
    /// The new count of failures.
    pub attempts: u32,
}
