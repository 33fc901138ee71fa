//! What the command line and the API show of the store.

use serde::Serialize;

use crate::clock::Millis;
use crate::job::{Carried, JobId, RecipientId, State};
use crate::message::Message;
use crate::outcome::Reason;

/// Which deliveries to show; what is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Of this tenant.
    pub tenant: Option<String>,
    /// To this recipient.
    pub recipient: Option<RecipientId>,
    /// In this state.
    pub state: Option<State>,
    /// Stored before the delivery with this id: the last of the page before.
    pub before: Option<String>,
    /// At most so many; capped at [`PAGE`].
    pub limit: u32,
}

/// Which dead letters to show, or to send again; what is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct DeadLetterFilter {
    /// Of this tenant.
    pub tenant: Option<String>,
    /// To this recipient.
    pub recipient: Option<RecipientId>,
    /// Of jobs before this one: the last of the page before.
    pub before: Option<JobId>,
    /// At most so many; capped at [`PAGE`].
    pub limit: u32,
}

/// The most that one call shows or sends again: about 10 ms of the writer's time, so that nobody waits long
/// for it.
pub const PAGE: u32 = 1_000;

/// Which dead letters to send again.
#[derive(Debug, Clone)]
pub enum Redrive {
    /// These. What is no dead letter is passed over.
    Jobs(Vec<JobId>),
    /// All that the filter finds, newest first, up to its limit.
    Matching(DeadLetterFilter),
}

/// A delivery, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeliveryView {
    /// `UUIDv7`.
    pub id: String,
    /// Whose.
    pub tenant: String,
    /// For whom.
    pub recipient: RecipientId,
    /// The recipient's name.
    pub recipient_name: String,
    /// The digest of the component that built it.
    pub component: String,
    /// How it stands.
    pub state: State,
    /// Why its last attempt ended as it did.
    pub reason: Option<Reason>,
    /// The jobs that it carries, or carried.
    pub jobs: Vec<Carried>,
    /// The next message to send.
    pub progress: u32,
    /// Failed attempts at that message.
    pub attempts: u32,
    /// When it was built.
    pub created_at: Millis,
    /// When its oldest alert was accepted.
    pub accepted_at: Millis,
    /// Not to be tried before.
    pub due: Millis,
    /// When it was over.
    pub ended_at: Option<Millis>,
    /// Its messages, unfilled. Left out, and empty, in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
}

/// A dead letter, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// The job.
    pub job: JobId,
    /// The alert's id.
    pub alert: String,
    /// The alert's kind.
    pub kind: String,
    /// For whom.
    pub recipient: RecipientId,
    /// The recipient's name; empty if there never was such a recipient.
    pub recipient_name: String,
    /// Whose.
    pub tenant: String,
    /// Why.
    pub reason: Reason,
    /// For the operator.
    pub detail: Option<String>,
    /// Since when.
    pub died_at: Millis,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Alerts ever accepted.
    pub alerts: u64,
    /// Jobs that no delivery carries yet, also those that wait for an earlier one.
    pub queued: u64,
    /// Pending deliveries.
    pub pending: u64,
    /// Jobs ever delivered.
    pub delivered: u64,
    /// Dead letters.
    pub dead: u64,
}

/// When recipients are due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Those with a job or delivery that is due and not leased.
    pub recipients: Vec<RecipientId>,
    /// Nothing else becomes due before, unless the store is written to.
    pub next: Option<Millis>,
}
