//! What finds the message again that announced a condition, so that later news can answer, edit or end it:
//! [`Batch::announce`] says which message that is, [`Verdict::remember`] what it is called, and
//! [`Notification::announced`] gives that back.

use crate::{Action, Batch, Message, Notification, Response, Verdict};

/// Of a delivery with the first news of a condition.
const TAG: &str = "announces";

impl Notification {
    /// What [`Verdict::remember`] kept of the message that announced this alert's condition. An event has
    /// no condition.
    #[must_use]
    pub fn announced(&self) -> Option<String> {
        self.receipt().filter(|_| self.action() != Action::Stored)
    }

    fn is_first_news(&self) -> bool {
        self.action() != Action::Stored && self.receipt().is_none()
    }
}

impl Batch {
    /// As [`Batch::deliver`], by messages of which the first can be found again, where one of the alerts is
    /// the first news of its condition.
    pub fn announce<'a>(
        &mut self,
        alerts: impl IntoIterator<Item = &'a Notification, IntoIter: Clone>,
        messages: Vec<Message>,
    ) {
        let alerts = alerts.into_iter();
        let announces = alerts.clone().any(Notification::is_first_news);
        let tag = if announces { TAG } else { "" };
        self.deliver_tagged(alerts, messages, tag.to_owned());
    }
}

impl Verdict {
    /// Keeps what the message that was just answered is called, for all alerts of a delivery that
    /// [`Batch::announce`] made; at most 1 KiB. Of other deliveries and messages nothing is kept.
    #[must_use]
    pub fn remember(mut self, response: &Response, message: Option<impl ToString>) -> Self {
        let announces = response.tag() == TAG && response.message() == 0;
        if let Some(message) = message.filter(|_| announces) {
            let message = message.to_string();
            let receipts = (0..response.alerts()).map(|alert| (alert, message.clone()));
            self.receipts.extend(receipts);
        }
        self
    }

    /// The message that announced the condition is no more, or takes no answer or edit: the alert is given
    /// out again, and goes as a message of its own.
    #[must_use]
    pub fn announce_again() -> Self {
        Self::restart(None).forget(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::endpoint::exports::campanile::alerts::endpoint::Response as Raw;
    use crate::harness::Alert;

    fn tag(alerts: Vec<Alert>) -> String {
        let alerts: Vec<_> = alerts.into_iter().map(Alert::given_out).collect();
        let mut batch = Batch::new();
        batch.announce(&alerts, Vec::new());
        batch.deliveries.remove(0).tag
    }

    #[test]
    fn what_has_first_news_announces() {
        let event = || Alert::new("x");
        let begun = || Alert::new("x").engaged();
        for (alerts, expected) in [
            (vec![event()], ""),
            (vec![begun()], TAG),
            (vec![begun().receipt("1")], ""),
            (vec![event().receipt("1")], ""),
            (vec![Alert::new("x").released()], TAG),
            (vec![event(), begun().receipt("1"), begun()], TAG),
        ] {
            assert_eq!(tag(alerts), expected);
        }
    }

    #[test]
    fn a_condition_is_found_by_what_announced_it_and_an_event_by_nothing() {
        let announced = |alert: Alert| alert.given_out().announced();
        let receipt = Some("1".to_owned());
        assert_eq!(announced(Alert::new("x").engaged().receipt("1")), receipt);
        assert_eq!(announced(Alert::new("x").released().receipt("1")), receipt);
        assert_eq!(announced(Alert::new("x").released()), None);
        assert_eq!(announced(Alert::new("x").receipt("1")), None);
    }

    #[test]
    fn only_the_first_message_of_what_announces_is_remembered_and_for_every_alert() {
        let remembered = |tag: &str, message, id: Option<i64>| {
            let raw = Raw {
                message,
                status: 200,
                headers: Vec::new(),
                body: String::new(),
                truncated: false,
                extra: Vec::new(),
            };
            let response = Response::new(tag.to_owned(), 2, raw);
            Verdict::delivered().remember(&response, id).receipts
        };
        let both = [(0, "7".to_owned()), (1, "7".to_owned())];
        assert_eq!(remembered(TAG, 0, Some(7)), both);
        for (tag, message, id) in [("", 0, Some(7)), (TAG, 1, Some(7)), (TAG, 0, None)] {
            assert_eq!(remembered(tag, message, id), []);
        }
    }
}
