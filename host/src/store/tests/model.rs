//! The store against a model of it that is too simple to be wrong: random sequences of everything that
//! happens to a queue, with time, stale leases, restarts, and a disk that is full at times.

mod expected;
mod steps;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::job::{JobId, State};
use expected::{LEASE, Model, ModelDelivery, ModelJob, ModelLease, Place};
use steps::{End, Plan, Step, steps};

/// Sequences in each run; `PROPTEST_CASES` asks for more.
const CASES: u32 = 1_000;

/// The store and its model, side by side.
struct Pair {
    home: Home,
    store: Option<Store>,
    model: Model,
    full: bool,
}

impl Pair {
    fn store(&self) -> &Store {
        self.store.as_ref().expect("the store is open")
    }

    /// What was done; nothing where the disk was too full for it, and then nothing changed.
    fn done<T: std::fmt::Debug>(&self, result: Result<T, StoreError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(StoreError::Full) if self.full => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Accept(print, to) => self.accept(*print, *to).await,
            Step::Lease(recipient, max) => self.lease(*recipient, *max).await,
            Step::Begin(at, plan) => self.begin(*at, plan).await,
            Step::Release(at) => self.release(*at).await,
            Step::Retry(recipient, max) => self.retry(*recipient, *max).await,
            Step::Settle(at, end) => self.settle(*at, *end).await,
            Step::Wait(time) => self.model.now += time,
            Step::Redrive(recipient) => self.redrive(*recipient).await,
            Step::Pause(recipient) => self.pause(*recipient).await,
            Step::Restart => self.restart().await,
            Step::Forget(age) => self.forget(*age).await,
            Step::Full(full) => self.fill(*full).await,
        }
        self.compare().await;
    }

    async fn compare(&mut self) {
        self.model.expire();
        let mut due = self.store().due_recipients(self.model.now).await.unwrap();
        due.recipients.sort_unstable();
        assert_eq!(due, self.model.expected_due());
        assert_eq!(self.store().counts().await.unwrap(), self.model.counts());
        let filter = DeliveryFilter {
            limit: PAGE,
            ..Default::default()
        };
        let deliveries = self.store().deliveries(filter).await.unwrap();
        let deliveries: Vec<_> = deliveries.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(deliveries, self.model.expected_deliveries());
    }

    async fn accept(&mut self, print: u8, to: u8) {
        let id = format!("a{}", self.model.alerts);
        let recipients: Vec<RecipientId> =
            (1..=2).filter(|bit| to & bit != 0).map(i64::from).collect();
        let acceptance = Acceptance {
            tenant: "default".to_owned(),
            token: "token".to_owned(),
            alerts: vec![(alert(&id, &print.to_string()), recipients.clone())],
            told: Vec::new(),
            idempotency: None,
            now: self.model.now,
        };
        if self.done(self.store().accept(acceptance).await).is_none() {
            return;
        }
        let at = self.model.now;
        self.model.alerts += 1;
        self.model
            .jobs
            .extend(recipients.into_iter().map(|recipient| ModelJob {
                alert: id.clone(),
                print,
                recipient,
                at,
                place: Place::Queued {
                    due: 0,
                    batch: None,
                },
            }));
    }

    async fn lease(&mut self, recipient: RecipientId, max: u32) {
        self.model.expire();
        let (now, until) = (self.model.now, self.model.now + LEASE);
        let lease = self.store().lease(recipient, max, now, until).await;
        let Some(lease) = self.done(lease) else {
            return;
        };
        let expected = self.model.expected_lease(recipient, max as usize);
        let names: Vec<&str> = expected
            .iter()
            .map(|at| self.model.jobs[*at].alert.as_str())
            .collect();
        assert_eq!(ids(&lease.jobs), names);
        self.grant(
            lease.token,
            recipient,
            expected.into_iter().zip(lease.jobs).collect(),
            BTreeSet::new(),
        );
    }

    fn grant(
        &mut self,
        token: u64,
        recipient: RecipientId,
        jobs: Vec<(usize, Job)>,
        deliveries: BTreeSet<usize>,
    ) {
        if !jobs.is_empty() || !deliveries.is_empty() {
            let until = self.model.now + LEASE;
            let live = true;
            self.model.leases.push(ModelLease {
                token,
                recipient,
                until,
                jobs,
                deliveries,
                live,
            });
        }
    }

    async fn begin(&mut self, at: usize, plans: &[Plan]) {
        let model = &self.model;
        let with_jobs: Vec<usize> = (0..model.leases.len())
            .filter(|at| !model.leases[*at].jobs.is_empty())
            .collect();
        let Some(&at) = with_jobs.get(at % with_jobs.len().max(1)) else {
            return;
        };
        let (now, until) = (model.now, model.now + LEASE);
        let lease = &model.leases[at];
        let (token, recipient, live) = (lease.token, lease.recipient, lease.live);
        let mut groups: Vec<Vec<(usize, Job)>> = Vec::new();
        let mut unsent = Vec::new();
        let mut places = Vec::new();
        for ((index, job), plan) in lease.jobs.iter().cloned().zip(plans) {
            let fate = match plan {
                Plan::Join if !groups.is_empty() => {
                    groups.last_mut().expect("there is one").push((index, job));
                    continue;
                }
                Plan::Send | Plan::Join => {
                    groups.push(vec![(index, job)]);
                    continue;
                }
                Plan::Unnamed => continue,
                Plan::Later(wait, batch) => {
                    let due = now + wait;
                    places.push((index, Place::Queued { due, batch: *batch }));
                    Fate::Queued { due, batch: *batch }
                }
                Plan::Die => {
                    places.push((index, Place::Dead));
                    Fate::Dead(Reason::Refused, None)
                }
            };
            unsent.push(Unsent {
                job: job.id,
                fate,
                given: 1,
                attempts: 1,
            });
        }
        let mut deliveries = Vec::new();
        let mut built = Vec::new();
        for (number, group) in groups.iter().enumerate() {
            let id = format!("d{}", model.deliveries.len() + number);
            let jobs: Vec<Job> = group.iter().map(|(_, job)| job.clone()).collect();
            deliveries.push(delivery(&id, recipient, &jobs, now));
            let jobs = group.iter().map(|(index, _)| *index).collect();
            built.push(ModelDelivery {
                id,
                recipient,
                jobs,
                at: now,
                due: now,
                pending: true,
                forgotten: false,
            });
        }
        let result = self
            .store()
            .begin(token, deliveries, unsent, now, until)
            .await;
        if !live {
            assert_eq!(result, Err(StoreError::Fenced));
            return;
        }
        let Some(token) = self.done(result) else {
            return;
        };
        for (index, place) in places {
            self.model.jobs[index].place = place;
        }
        for index in built.iter().flat_map(|delivery| &delivery.jobs) {
            self.model.jobs[*index].place = Place::Carried;
        }
        self.model.leases[at].live = false;
        let first = self.model.deliveries.len();
        self.model.deliveries.extend(built);
        let held = (first..self.model.deliveries.len()).collect();
        self.grant(token, recipient, Vec::new(), held);
    }

    async fn release(&mut self, at: usize) {
        let count = self.model.leases.len().max(1);
        if let Some(lease) = self.model.leases.get_mut(at % count) {
            lease.live = false;
            let token = lease.token;
            self.store().release(token).await.unwrap();
        }
    }

    async fn retry(&mut self, recipient: RecipientId, max: u32) {
        self.model.expire();
        let (now, until) = (self.model.now, self.model.now + LEASE);
        let found = self.store().due_deliveries(recipient, now, max, until);
        let Some((token, found)) = self.done(found.await) else {
            return;
        };
        let expected = self.model.expected_retries(recipient, max as usize);
        let names: Vec<&str> = expected
            .iter()
            .map(|at| self.model.deliveries[*at].id.as_str())
            .collect();
        let found: Vec<&str> = found.iter().map(|delivery| delivery.id.as_str()).collect();
        assert_eq!(found, names);
        self.grant(token, recipient, Vec::new(), expected.into_iter().collect());
    }

    async fn settle(&mut self, at: usize, end: End) {
        let model = &self.model;
        let given: Vec<(usize, usize)> = (0..model.leases.len())
            .flat_map(|lease| {
                model.leases[lease]
                    .deliveries
                    .iter()
                    .map(move |held| (lease, *held))
            })
            .collect();
        let Some(&(lease, at)) = given.get(at % given.len().max(1)) else {
            return;
        };
        let now = model.now;
        let (token, live) = (model.leases[lease].token, model.leases[lease].live);
        let jobs = model.deliveries[at].jobs.clone();
        let dead = || Fate::Dead(Reason::Expired, None);
        let fates: Vec<Fate> = (0..jobs.len())
            .map(|number| match end {
                End::Deliver | End::Again(_) => Fate::Delivered,
                End::Die => dead(),
                End::Mixed if number == 0 => dead(),
                End::Mixed => Fate::Delivered,
                End::Halve(batch) => {
                    let half = u64::from(number * 2 >= jobs.len());
                    Fate::Queued {
                        due: now,
                        batch: Some(batch * 2 + half),
                    }
                }
            })
            .collect();
        let then = match end {
            End::Again(wait) => Then::Again {
                progress: 1,
                due: now + wait,
                messages: None,
                tag: None,
            },
            End::Die => over(State::Dead, fates.clone()),
            End::Halve(_) => over(State::Superseded, fates.clone()),
            End::Deliver | End::Mixed => over(State::Delivered, fates.clone()),
        };
        let id = model.deliveries[at].id.clone();
        let fenced = self
            .store()
            .settle(token, vec![settlement(&id, then)], now)
            .await;
        let Some(fenced) = self.done(fenced) else {
            return;
        };
        if !live {
            assert_eq!(fenced, [id]);
            return;
        }
        assert_eq!(fenced, [""; 0]);
        self.model.leases[lease].deliveries.remove(&at);
        self.model.leases[lease].live = !self.model.leases[lease].deliveries.is_empty();
        if let End::Again(wait) = end {
            self.model.deliveries[at].due = now + wait;
            return;
        }
        self.model.deliveries[at].pending = false;
        for (job, fate) in jobs.into_iter().zip(fates) {
            self.model.jobs[job].place = match fate {
                Fate::Delivered => Place::Gone,
                Fate::Queued { due, batch } => Place::Queued { due, batch },
                Fate::Dead(..) => Place::Dead,
            };
        }
    }

    async fn redrive(&mut self, recipient: RecipientId) {
        let filter = DeadLetterFilter {
            recipient: Some(recipient),
            limit: 1_000,
            ..Default::default()
        };
        let letters = self.store().dead_letters(filter).await.unwrap();
        let jobs: Vec<JobId> = letters.iter().map(|letter| letter.job).collect();
        let redriven = self.store().redrive(Redrive::Jobs(jobs)).await;
        let Some(redriven) = self.done(redriven) else {
            return;
        };
        let mut revived = 0;
        for job in &mut self.model.jobs {
            if job.recipient == recipient && job.place == Place::Dead {
                job.place = Place::Queued {
                    due: 0,
                    batch: None,
                };
                revived += 1;
            }
        }
        assert_eq!(redriven, revived);
    }

    async fn pause(&mut self, recipient: RecipientId) {
        let pauses = !self.model.paused.contains(&recipient);
        let why = pauses.then(|| "by hand".to_owned());
        let change = Change::PauseRecipient(recipient, why);
        let applied = self.store().apply(vec![change], self.model.now).await;
        if self.done(applied).is_none() {
            return;
        }
        if pauses {
            self.model.paused.insert(recipient);
        } else {
            self.model.paused.remove(&recipient);
        }
    }

    async fn forget(&mut self, age: Millis) {
        let keep = Keep {
            history: age,
            dead_letters: 2 * age,
            bytes: u64::MAX,
        };
        let pruned = self.store().prune(keep, self.model.now).await;
        if let Some(pruned) = self.done(pruned) {
            assert!(!pruned.more, "there is too little for two steps");
            self.model.forget(age);
        }
    }

    async fn fill(&mut self, full: bool) {
        self.full = full;
        self.store().fill(full).await;
    }

    /// The process is killed and started: what was stored stays, and nobody holds anything.
    async fn restart(&mut self) {
        let after = self.home.crashed();
        // The killed one's folder goes only after it has been closed.
        drop(self.store.take());
        self.home = after;
        self.store = Some(self.home.open().await);
        self.full = false;
        for lease in &mut self.model.leases {
            lease.live = false;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(CASES),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_does_what_its_model_does(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let home = Home::fast();
            let store = Some(store_with(&home, 2).await);
            let mut pair = Pair { home, store, model: Model::default(), full: false };
            for step in &steps {
                pair.step(step).await;
            }
        });
    }
}
