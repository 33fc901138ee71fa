//! Who has what in hand. Leases live in memory alone: one process has the store, so when it dies its leases
//! die with it, and what they held is given out again. No write is spent on them.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::clock::Millis;
use crate::job::{JobId, RecipientId};

/// A job, and the hash of its fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) id: JobId,
    pub(super) condition: i64,
}

/// A delivery in somebody's hands, with what settling it needs, so that nothing has to be read then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) seq: i64,
    pub(super) progress: u32,
    pub(super) attempts: u32,
    pub(super) jobs: Vec<Ticket>,
}

/// What one lease holds: jobs, or deliveries by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) recipient: RecipientId,
    pub(super) until: Millis,
    pub(super) jobs: Vec<Ticket>,
    pub(super) deliveries: HashMap<String, Held>,
}

/// What takes a change back.
#[derive(Debug)]
enum Undo {
    Granted(u64),
    Ended(u64, Grant),
    Taken(u64, String, Held),
}

/// All leases.
#[derive(Debug)]
pub(super) struct Leases {
    last: u64,
    /// The changes since the last commit.
    changes: Vec<Undo>,
    grants: HashMap<u64, Grant>,
    ends: BTreeSet<(Millis, u64)>,
    jobs: HashSet<JobId>,
    deliveries: HashSet<i64>,
}

impl Leases {
    /// No leases. Tokens start in a range of their own for each `opening` of the store, so that a token
    /// from before fences nothing now.
    pub(super) fn new(opening: u64) -> Self {
        Self {
            // 2^32 leases at 10 000 a second last for five days of nothing else; the ranges may then meet,
            // but what held the other's tokens has long ended.
            last: opening << 32,
            changes: Vec::new(),
            grants: HashMap::new(),
            ends: BTreeSet::new(),
            jobs: HashSet::new(),
            deliveries: HashSet::new(),
        }
    }

    /// Grants a lease and returns its token.
    pub(super) fn grant(&mut self, grant: Grant) -> u64 {
        self.last += 1;
        self.put(self.last, grant);
        self.changes.push(Undo::Granted(self.last));
        self.last
    }

    fn put(&mut self, token: u64, grant: Grant) {
        self.jobs.extend(grant.jobs.iter().map(|ticket| ticket.id));
        self.deliveries
            .extend(grant.deliveries.values().map(|held| held.seq));
        self.ends.insert((grant.until, token));
        self.grants.insert(token, grant);
    }

    /// The changes so far last.
    pub(super) fn commit(&mut self) {
        self.changes.clear();
    }

    /// Takes back all changes since the last commit; tokens go on growing.
    pub(super) fn roll_back(&mut self) {
        while let Some(change) = self.changes.pop() {
            match change {
                Undo::Granted(token) => drop(self.remove(token)),
                Undo::Ended(token, grant) => self.put(token, grant),
                Undo::Taken(token, delivery, held) => {
                    // It may have been released since.
                    if let Some(grant) = self.grants.get_mut(&token) {
                        self.deliveries.insert(held.seq);
                        grant.deliveries.insert(delivery, held);
                    }
                }
            }
        }
    }

    /// What a token holds.
    pub(super) fn get(&self, token: u64) -> Option<&Grant> {
        self.grants.get(&token)
    }

    /// Whether a lease holds the job.
    pub(super) fn holds_job(&self, job: JobId) -> bool {
        self.jobs.contains(&job)
    }

    /// Whether a lease holds the delivery with this row.
    pub(super) fn holds_delivery(&self, seq: i64) -> bool {
        self.deliveries.contains(&seq)
    }

    /// Ends a lease and returns what it held.
    pub(super) fn end(&mut self, token: u64) -> Option<Grant> {
        let grant = self.remove(token)?;
        self.changes.push(Undo::Ended(token, grant.clone()));
        Some(grant)
    }

    /// Ends a lease for good, whatever becomes of the transaction: nobody would give it back a second time.
    pub(super) fn release(&mut self, token: u64) -> Option<Grant> {
        self.remove(token)
    }

    /// Has a lease end at `until`, where that is sooner, whatever becomes of the transaction.
    pub(super) fn shorten(&mut self, token: u64, until: Millis) {
        if let Some(grant) = self.grants.get_mut(&token)
            && until < grant.until
        {
            self.ends.remove(&(grant.until, token));
            self.ends.insert((until, token));
            grant.until = until;
        }
    }

    fn remove(&mut self, token: u64) -> Option<Grant> {
        let grant = self.grants.remove(&token)?;
        self.ends.remove(&(grant.until, token));
        for ticket in &grant.jobs {
            self.jobs.remove(&ticket.id);
        }
        for held in grant.deliveries.values() {
            self.deliveries.remove(&held.seq);
        }
        Some(grant)
    }

    /// Takes one delivery out of a lease, which ends with its last one.
    pub(super) fn take(&mut self, token: u64, delivery: &str) -> Option<Held> {
        let grant = self.grants.get_mut(&token)?;
        let held = grant.deliveries.remove(delivery)?;
        self.deliveries.remove(&held.seq);
        let change = Undo::Taken(token, delivery.to_owned(), held.clone());
        self.changes.push(change);
        if grant.deliveries.is_empty() {
            self.end(token);
        }
        Some(held)
    }

    /// Ends all leases whose time is over; returns whose they were.
    pub(super) fn expire(&mut self, now: Millis) -> Vec<RecipientId> {
        let mut ended = Vec::new();
        while let Some(&(until, token)) = self.ends.first()
            && until <= now
        {
            ended.extend(self.end(token).map(|grant| grant.recipient));
        }
        ended
    }

    /// Ends all leases on what is a recipient's.
    pub(super) fn end_recipient(&mut self, recipient: RecipientId) {
        let tokens: Vec<u64> = self
            .grants
            .iter()
            .filter(|(_, grant)| grant.recipient == recipient)
            .map(|(token, _)| *token)
            .collect();
        for token in tokens {
            self.end(token);
        }
    }

    /// When the first lease ends.
    pub(super) fn next_end(&self) -> Option<Millis> {
        self.ends.first().map(|(until, _)| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Leases {
        /// All that is kept of leases.
        pub(in crate::store) fn len(&self) -> usize {
            let Self {
                last: _,
                changes,
                grants,
                ends,
                jobs,
                deliveries,
            } = self;
            changes.len() + grants.len() + ends.len() + jobs.len() + deliveries.len()
        }
    }

    fn jobs(recipient: RecipientId, until: Millis, ids: &[JobId]) -> Grant {
        Grant {
            recipient,
            until,
            jobs: ids.iter().map(|&id| Ticket { id, condition: 0 }).collect(),
            deliveries: HashMap::new(),
        }
    }

    #[test]
    fn a_lease_holds_its_jobs_until_its_time_is_over() {
        let mut leases = Leases::new(1);
        let token = leases.grant(jobs(7, 100, &[1, 2]));
        assert_eq!(leases.expire(99), Vec::<RecipientId>::new());
        assert!(leases.holds_job(2) && leases.get(token).is_some());
        assert_eq!(leases.expire(100), [7]);
        assert!(!leases.holds_job(2) && leases.get(token).is_none());
        assert_eq!(leases.next_end(), None);
    }

    #[test]
    fn a_lease_is_made_shorter_and_never_longer() {
        let mut leases = Leases::new(1);
        let token = leases.grant(jobs(7, 100, &[1]));
        leases.shorten(token, 101);
        assert_eq!(leases.next_end(), Some(100));
        leases.shorten(token, 50);
        leases.shorten(token + 1, 10);
        assert_eq!(leases.expire(49), Vec::<RecipientId>::new());
        assert_eq!(leases.expire(50), [7]);
        assert_eq!(leases.next_end(), None);
    }

    #[test]
    fn tokens_grow_over_leases_and_openings() {
        let mut leases = Leases::new(1);
        let first = leases.grant(jobs(7, 100, &[1]));
        leases.roll_back();
        let second = leases.grant(jobs(7, 100, &[1]));
        assert!(second > first);
        assert!(Leases::new(2).grant(jobs(7, 100, &[1])) > second);
    }

    #[test]
    fn what_was_not_committed_is_taken_back_whole() {
        let held = |seq| Held {
            seq,
            progress: 1,
            attempts: 2,
            jobs: Vec::new(),
        };
        let deliveries = |until| Grant {
            deliveries: [("a".to_owned(), held(1)), ("b".to_owned(), held(2))].into(),
            ..jobs(7, until, &[])
        };
        let mut leases = Leases::new(1);
        let (first, second) = (
            leases.grant(deliveries(100)),
            leases.grant(jobs(8, 50, &[5])),
        );
        leases.commit();
        leases.take(first, "b");
        leases.take(first, "a");
        leases.end(second);
        let third = leases.grant(jobs(8, 60, &[5, 6]));
        assert!(leases.get(first).is_none() && !leases.holds_delivery(1));
        leases.roll_back();
        assert_eq!(leases.get(first), Some(&deliveries(100)));
        assert_eq!(leases.get(second), Some(&jobs(8, 50, &[5])));
        assert!(leases.get(third).is_none() && !leases.holds_job(6));
        assert!([1, 2].iter().all(|seq| leases.holds_delivery(*seq)));
        assert_eq!(leases.expire(50), [8]);
        assert!(!leases.holds_job(5));
        assert_eq!(leases.next_end(), Some(100));
        leases.commit();
        leases.take(first, "a");
        leases.release(first);
        leases.roll_back();
        assert!(leases.get(first).is_none());
        assert!([1, 2].iter().all(|seq| !leases.holds_delivery(*seq)));
    }

    #[test]
    fn a_lease_of_deliveries_ends_with_its_last_one() {
        let held = |seq| Held {
            seq,
            progress: 0,
            attempts: 0,
            jobs: Vec::new(),
        };
        let mut leases = Leases::new(1);
        let token = leases.grant(Grant {
            recipient: 7,
            until: 100,
            jobs: Vec::new(),
            deliveries: [("a".to_owned(), held(1)), ("b".to_owned(), held(2))].into(),
        });
        assert!(leases.take(token, "c").is_none());
        assert_eq!(leases.take(token, "a").map(|held| held.seq), Some(1));
        assert!(leases.take(token, "a").is_none());
        assert!(!leases.holds_delivery(1) && leases.holds_delivery(2));
        assert!(leases.take(token, "b").is_some());
        assert!(leases.get(token).is_none());
        assert_eq!(leases.next_end(), None);
    }
}
