//! What is expected of a queue, too simple to be wrong.

use std::collections::BTreeSet;

use super::*;

/// How long a lease lasts.
pub(super) const LEASE: Millis = 50;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    Queued {
        due: Millis,
        batch: Option<u64>,
    },
    Carried,
    Dead,
    Gone,
    /// A dead letter that was too old.
    Forgotten,
}

#[derive(Debug)]
pub(super) struct ModelJob {
    pub(super) alert: String,
    pub(super) print: u8,
    pub(super) recipient: RecipientId,
    /// When it was accepted.
    pub(super) at: Millis,
    pub(super) place: Place,
}

#[derive(Debug)]
pub(super) struct ModelDelivery {
    pub(super) id: String,
    pub(super) recipient: RecipientId,
    pub(super) jobs: Vec<usize>,
    /// When it was made.
    pub(super) at: Millis,
    pub(super) due: Millis,
    pub(super) pending: bool,
    pub(super) forgotten: bool,
}

/// A lease that was granted; kept after its end, so that a late holder is played, too.
#[derive(Debug)]
pub(super) struct ModelLease {
    pub(super) token: u64,
    pub(super) recipient: RecipientId,
    pub(super) until: Millis,
    pub(super) jobs: Vec<(usize, Job)>,
    pub(super) deliveries: BTreeSet<usize>,
    pub(super) live: bool,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) now: Millis,
    /// In the order of acceptance.
    pub(super) jobs: Vec<ModelJob>,
    pub(super) deliveries: Vec<ModelDelivery>,
    pub(super) leases: Vec<ModelLease>,
    pub(super) paused: BTreeSet<RecipientId>,
    pub(super) alerts: u64,
}

impl Model {
    pub(super) fn expire(&mut self) {
        for lease in &mut self.leases {
            lease.live &= lease.until > self.now;
        }
    }

    pub(super) fn job_is_held(&self, job: usize) -> bool {
        let holds = |lease: &ModelLease| lease.jobs.iter().any(|(held, _)| *held == job);
        self.leases.iter().any(|lease| lease.live && holds(lease))
    }

    pub(super) fn delivery_is_held(&self, delivery: usize) -> bool {
        self.leases
            .iter()
            .any(|lease| lease.live && lease.deliveries.contains(&delivery))
    }

    /// When a job may be given out, if nothing but time keeps it.
    pub(super) fn job_due(&self, at: usize) -> Option<(Millis, Option<u64>)> {
        let job = &self.jobs[at];
        let same = |other: &ModelJob| (other.recipient, other.print) == (job.recipient, job.print);
        let unfinished =
            |other: &ModelJob| !matches!(other.place, Place::Dead | Place::Gone | Place::Forgotten);
        let waits = self.jobs[..at]
            .iter()
            .any(|other| same(other) && unfinished(other));
        match job.place {
            Place::Queued { due, batch } if !waits && !self.job_is_held(at) => Some((due, batch)),
            _ => None,
        }
    }

    pub(super) fn expected_lease(&self, recipient: RecipientId, max: usize) -> Vec<usize> {
        if self.paused.contains(&recipient) {
            return Vec::new();
        }
        let mine = |at: &usize| self.jobs[*at].recipient == recipient;
        let due: Vec<(usize, Option<u64>)> = (0..self.jobs.len())
            .filter(mine)
            .filter_map(|at| Some((at, self.job_due(at)?)))
            .filter(|(_, (due, _))| *due <= self.now)
            .map(|(at, (_, batch))| (at, batch))
            .collect();
        let first = due.first().and_then(|(_, batch)| *batch);
        due.into_iter()
            .filter(|(_, batch)| *batch == first)
            .map(|(at, _)| at)
            .take(max)
            .collect()
    }

    pub(super) fn delivery_due(&self, at: usize) -> Option<Millis> {
        let delivery = &self.deliveries[at];
        (delivery.pending && !self.delivery_is_held(at)).then_some(delivery.due)
    }

    pub(super) fn expected_retries(&self, recipient: RecipientId, max: usize) -> Vec<usize> {
        (0..self.deliveries.len())
            .filter(|at| self.deliveries[*at].recipient == recipient)
            .filter(|_| !self.paused.contains(&recipient))
            .filter(|at| self.delivery_due(*at).is_some_and(|due| due <= self.now))
            .take(max)
            .collect()
    }

    pub(super) fn expected_due(&self) -> Due {
        let jobs = (0..self.jobs.len())
            .filter_map(|at| Some((self.job_due(at)?.0, self.jobs[at].recipient)));
        let deliveries = (0..self.deliveries.len())
            .filter_map(|at| Some((self.delivery_due(at)?, self.deliveries[at].recipient)));
        let open: Vec<(Millis, RecipientId)> = jobs
            .chain(deliveries)
            .filter(|(_, recipient)| !self.paused.contains(recipient))
            .collect();
        let due: BTreeSet<RecipientId> = open
            .iter()
            .filter(|(due, _)| *due <= self.now)
            .map(|(_, recipient)| *recipient)
            .collect();
        let later = open
            .iter()
            .filter(|(_, recipient)| !due.contains(recipient))
            .map(|(due, _)| *due);
        let ends = self.leases.iter().filter(|lease| lease.live);
        Due {
            next: later.chain(ends.map(|lease| lease.until)).min(),
            recipients: due.into_iter().collect(),
        }
    }

    /// Deliveries that are shown, newest first.
    pub(super) fn expected_deliveries(&self) -> Vec<&str> {
        let kept = self.deliveries.iter().rev().filter(|one| !one.forgotten);
        kept.map(|delivery| delivery.id.as_str()).collect()
    }

    pub(super) fn forget(&mut self, age: Millis) {
        let before = |age: Millis| self.now.saturating_sub(age);
        let (history, dead) = (before(age), before(2 * age));
        for delivery in &mut self.deliveries {
            delivery.forgotten |= !delivery.pending && delivery.at < history;
        }
        for job in &mut self.jobs {
            if job.place == Place::Dead && job.at < dead {
                job.place = Place::Forgotten;
            }
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let jobs = |wanted: fn(&Place) -> bool| {
            self.jobs.iter().filter(|job| wanted(&job.place)).count() as u64
        };
        Counts {
            alerts: self.alerts,
            queued: jobs(|place| matches!(place, Place::Queued { .. })),
            pending: self.deliveries.iter().filter(|one| one.pending).count() as u64,
            delivered: jobs(|place| *place == Place::Gone),
            dead: jobs(|place| *place == Place::Dead),
        }
    }
}
