//! What a call makes of the alerts that it dequeued.

use crate::Message;
use crate::{Batch, Delivery, Notification, Refusal};

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// An empty batch with room for so many deliveries.
    #[must_use]
    pub fn with_capacity(deliveries: usize) -> Self {
        Self {
            deliveries: Vec::with_capacity(deliveries),
            refused: Vec::new(),
        }
    }

    /// Adds one delivery: `messages`, sent in this order, carry `alerts`.
    pub fn deliver<'a>(
        &mut self,
        alerts: impl IntoIterator<Item = &'a Notification>,
        messages: Vec<Message>,
    ) {
        self.deliver_tagged(alerts, messages, String::new());
    }

    /// As [`Batch::deliver`]; `tag`, at most 1 KiB, comes back as [`Response::tag`](crate::Response::tag).
    pub fn deliver_tagged<'a>(
        &mut self,
        alerts: impl IntoIterator<Item = &'a Notification>,
        messages: Vec<Message>,
        tag: String,
    ) {
        let alerts = alerts.into_iter().map(Notification::position).collect();
        self.deliveries.push(Delivery {
            alerts,
            messages,
            tag,
        });
    }

    /// This alert can never be sent; the others go on.
    pub fn refuse(&mut self, alert: &Notification, reason: impl Into<String>) {
        self.refused.push(Refusal {
            alert: alert.position(),
            reason: reason.into(),
        });
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}
