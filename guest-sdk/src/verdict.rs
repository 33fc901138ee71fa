//! How a component reads a response.

use crate::{Exception, FollowUp, Message, Outcome, Param, Verdict};

impl Verdict {
    /// A verdict with this outcome and nothing else.
    #[must_use]
    pub fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            reason: String::new(),
            exceptions: Vec::new(),
            receipts: Vec::new(),
            next: None,
            pause_destination: None,
            pause_endpoint: None,
            changed: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// The host's own judgement, by status.
    #[must_use]
    pub fn agree() -> Self {
        Self::new(Outcome::Agree)
    }

    /// It arrived.
    #[must_use]
    pub fn delivered() -> Self {
        Self::new(Outcome::Delivered)
    }

    /// Again at the message that failed, after so many milliseconds where the destination said so.
    #[must_use]
    pub fn retry(after: Option<u32>) -> Self {
        Self::new(Outcome::Retry(after))
    }

    /// Again from the first message, after so many milliseconds where the destination said so.
    #[must_use]
    pub fn restart(after: Option<u32>) -> Self {
        Self::new(Outcome::Restart(after))
    }

    /// The destination asks for fewer messages: again after so many milliseconds, where it said so, and
    /// nothing else is sent there until then.
    #[must_use]
    pub fn slow_down(wait: Option<u32>) -> Self {
        Self {
            pause_destination: wait,
            ..Self::retry(wait)
        }
    }

    /// Never again.
    #[must_use]
    pub fn rejected() -> Self {
        Self::new(Outcome::Rejected)
    }

    /// The chat, channel or address is no more: the recipient is paused.
    #[must_use]
    pub fn recipient_gone() -> Self {
        Self::new(Outcome::RecipientGone)
    }

    /// The credential is void: the endpoint is paused.
    #[must_use]
    pub fn endpoint_gone() -> Self {
        Self::new(Outcome::EndpointGone)
    }

    /// The destination's own words, for the administrator; at most 1 KiB.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// One alert fared otherwise; `alert` is its position in the delivery.
    #[must_use]
    pub fn except(mut self, alert: u32, outcome: Outcome, reason: impl Into<String>) -> Self {
        self.exceptions.push(Exception {
            alert,
            outcome,
            reason: reason.into(),
        });
        self
    }

    /// Given back as [`Notification::receipt`](crate::Notification::receipt) with later news of the same
    /// condition; at most 1 KiB. `alert` is its position in the delivery.
    #[must_use]
    pub fn receipt(mut self, alert: u32, receipt: impl Into<String>) -> Self {
        self.receipts.push((alert, receipt.into()));
        self
    }

    /// What an earlier delivery left for this alert is no more, such as a message that somebody deleted.
    /// With [`Verdict::restart`] the alert is given out again without it.
    #[must_use]
    pub fn forget(self, alert: u32) -> Self {
        self.receipt(alert, "")
    }

    /// One more message is needed, to where this response came from; `tag` comes back with its response.
    #[must_use]
    pub fn then(mut self, message: impl Into<Message>, tag: impl Into<String>) -> Self {
        self.next = Some(FollowUp {
            message: message.into(),
            tag: tag.into(),
        });
        self
    }

    /// Nothing more is sent to this destination for so many milliseconds.
    #[must_use]
    pub fn pause_destination(mut self, milliseconds: u32) -> Self {
        self.pause_destination = Some(milliseconds);
        self
    }

    /// Nothing more is sent by this endpoint for so many milliseconds.
    #[must_use]
    pub fn pause_endpoint(mut self, milliseconds: u32) -> Self {
        self.pause_endpoint = Some(milliseconds);
        self
    }

    /// The destination renamed what this recipient parameter names: the new value is kept.
    #[must_use]
    pub fn changed(mut self, param: impl Into<String>, value: impl Into<String>) -> Self {
        self.changed.push(Param {
            name: param.into(),
            key: None,
            value: value.into(),
        });
        self
    }
}
