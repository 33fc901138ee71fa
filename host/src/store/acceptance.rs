//! What intake hands to the store.

use crate::alert::Alert;
use crate::clock::Millis;
use crate::condition::Condition;
use crate::job::RecipientId;

/// Alerts of one request, with the recipients that each is routed to.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// Whose.
    pub tenant: String,
    /// The name of the token that sent them.
    pub token: String,
    /// Each alert and its recipients; without recipients it is stored, and no job is made.
    pub alerts: Vec<(Alert, Vec<RecipientId>)>,
    /// What they tell of conditions, where their producer tells states again and again.
    pub told: Vec<Told>,
    /// Where the request had an idempotency key.
    pub idempotency: Option<Idempotency>,
    /// The time of acceptance.
    pub now: Millis,
}

/// What is told of a condition, by its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It holds, and this is what is told of it.
    Holds(String, Condition),
    /// It ended.
    Ended(String),
}

/// What makes a repeated request safe. Keys belong to the token that sent them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The request's key.
    pub key: String,
    /// A hash of the request's body.
    pub body_hash: String,
    /// What the request is answered, now and when it is repeated.
    pub answer: String,
}

/// What became of an acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It lasts: answer 2xx.
    Stored,
    /// The same request was stored earlier, and was answered this.
    Replayed(String),
    /// The key was used with another body: answer 422.
    Conflict,
}
