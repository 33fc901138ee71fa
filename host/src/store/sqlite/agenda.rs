//! When each recipient has something to do, so that nobody has to ask the tables of 10^6 jobs for it. Only
//! recipients that were touched since are looked up again.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::clock::Millis;
use crate::job::RecipientId;

/// A time for each recipient that has any, and who has to be looked up anew.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    touched: HashSet<RecipientId>,
    times: HashMap<RecipientId, Millis>,
    order: BTreeSet<(Millis, RecipientId)>,
}

impl Agenda {
    /// Notes that what is known of a recipient holds no longer.
    pub(super) fn touch(&mut self, recipient: RecipientId) {
        self.touched.insert(recipient);
    }

    /// Who has to be looked up.
    pub(super) fn touched(&self) -> Vec<RecipientId> {
        self.touched.iter().copied().collect()
    }

    /// Notes what was looked up: the time of the first thing that is not leased.
    pub(super) fn set(&mut self, recipient: RecipientId, at: Option<Millis>) {
        self.touched.remove(&recipient);
        let before = match at {
            Some(at) => self.times.insert(recipient, at),
            None => self.times.remove(&recipient),
        };
        if let Some(before) = before {
            self.order.remove(&(before, recipient));
        }
        if let Some(at) = at {
            self.order.insert((at, recipient));
        }
    }

    /// Who is due, longest first.
    pub(super) fn due(&self, now: Millis) -> Vec<RecipientId> {
        self.order
            .range(..=(now, RecipientId::MAX))
            .map(|(_, recipient)| *recipient)
            .collect()
    }

    /// The first time after `now`.
    pub(super) fn next(&self, now: Millis) -> Option<Millis> {
        self.order
            .range((now.saturating_add(1), RecipientId::MIN)..)
            .next()
            .map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Agenda {
        /// All that is kept of times.
        pub(in crate::store) fn len(&self) -> usize {
            let Self {
                touched,
                times,
                order,
            } = self;
            touched.len() + times.len() + order.len()
        }
    }

    #[test]
    fn a_recipient_is_due_from_its_time_on() {
        let mut agenda = Agenda::default();
        for (recipient, at) in [(1, 20), (2, 10), (3, 11)] {
            agenda.set(recipient, Some(at));
        }
        assert_eq!(agenda.due(9), Vec::<RecipientId>::new());
        assert_eq!(agenda.due(11), [2, 3]);
        assert_eq!(agenda.next(9), Some(10));
        assert_eq!(agenda.next(11), Some(20));
        assert_eq!(agenda.next(20), None);
        agenda.set(2, None);
        agenda.set(1, Some(5));
        assert_eq!(agenda.due(11), [1, 3]);
    }
}
