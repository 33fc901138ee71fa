//! Step 7, why a message was not sent or its answer did not come.

use std::fmt;

use crate::outcome::Reason;

/// A refusal of the policy, or a failure of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The named reason.
    pub reason: Reason,
    /// For the operator's log: never with a secret, nor with a filled URL.
    pub detail: String,
    /// The status, where a head came and its body did not.
    pub status: Option<u16>,
}

impl Failure {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            status: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}

impl std::error::Error for Failure {}
