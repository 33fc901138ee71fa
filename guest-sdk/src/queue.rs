//! The recipient's queue, open for the length of one call.

use crate::{Batch, Message, Notification, platform};

/// The recipient's alerts, oldest first. What is taken and named in no delivery stays queued.
#[derive(Debug)]
#[non_exhaustive]
pub struct Queue {}

impl Queue {
    pub(crate) fn open() -> Self {
        Self {}
    }

    /// At most `max` of the oldest alerts that were not yet taken in this call; empty when there are
    /// no more. One call of the host, whatever `max` is.
    pub fn chunk(&mut self, max: u32) -> Vec<Notification> {
        platform::dequeue(max)
    }

    /// One delivery an alert: `build` gives its messages, which are sent in their order, or the reason
    /// why this alert can never be sent. One bad alert does not hold up the others.
    pub fn each<F>(&mut self, budget: u32, mut build: F) -> Batch
    where
        F: FnMut(&Notification) -> Result<Vec<Message>, String>,
    {
        let alerts = self.chunk(budget);
        let mut batch = Batch::with_capacity(alerts.len());
        for alert in &alerts {
            match build(alert) {
                Ok(messages) => batch.deliver([alert], messages),
                Err(reason) => batch.refuse(alert, reason),
            }
        }
        batch
    }

    /// One delivery for each `size` alerts, the last with what is left: `build` gives its messages, which are
    /// sent in their order.
    pub fn groups<F>(&mut self, budget: u32, size: u32, mut build: F) -> Batch
    where
        F: FnMut(&[Notification]) -> Vec<Message>,
    {
        let alerts = self.chunk(budget);
        let mut batch = Batch::new();
        for group in alerts.chunks(size.max(1) as usize) {
            batch.deliver(group, build(group));
        }
        batch
    }
}

/// One alert at a time; [`Queue::chunk`] is faster.
impl Iterator for Queue {
    type Item = Notification;

    fn next(&mut self) -> Option<Notification> {
        self.chunk(1).pop()
    }
}
