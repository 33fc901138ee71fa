//! The store against a model of it that is too simple to be wrong: random sequences of everything that
//! happens to a queue, with time, stale leases and restarts.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::job::{JobId, State};

/// What happens. Indices are taken modulo what there is.
#[derive(Debug, Clone)]
enum Step {
    /// An alert of a fingerprint, for the recipients in a bit set.
    Accept(u8, u8),
    Lease(RecipientId, u32),
    /// What becomes of the jobs of a lease.
    Begin(usize, Vec<Plan>),
    Release(usize),
    Retry(RecipientId, u32),
    /// What becomes of a delivery.
    Settle(usize, End),
    Wait(Millis),
    Redrive(RecipientId),
    /// Pauses a recipient, or ends its pause.
    Pause(RecipientId),
    Restart,
}

#[derive(Debug, Clone, Copy)]
enum Plan {
    /// A delivery of its own.
    Send,
    /// In the delivery before, where there is one.
    Join,
    Later(Millis, Option<u64>),
    Die,
    Unnamed,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Deliver,
    Again(Millis),
    Die,
    /// Its jobs go back into the queue, in halves.
    Halve(u64),
    /// The first job dies, the others arrive.
    Mixed,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Mostly one recipient and two fingerprints, so that jobs meet.
    let recipient = || prop_oneof![5 => Just(1_i64), 1 => Just(2_i64)];
    let wait = || prop_oneof![Just(0_u64), 1..60_u64];
    let plan = prop_oneof![
        4 => Just(Plan::Send),
        2 => Just(Plan::Join),
        2 => (wait(), prop::option::of(1..3_u64)).prop_map(|(due, batch)| Plan::Later(due, batch)),
        2 => Just(Plan::Die),
        1 => Just(Plan::Unnamed),
    ];
    let end = prop_oneof![
        3 => Just(End::Deliver),
        2 => wait().prop_map(End::Again),
        1 => Just(End::Die),
        2 => (1..9_u64).prop_map(End::Halve),
        1 => Just(End::Mixed),
    ];
    let step = prop_oneof![
        8 => (prop_oneof![3 => 0..2_u8, 2 => 0..9_u8], prop_oneof![6 => Just(1_u8), 1 => 0..4_u8]).prop_map(|(print, to)| Step::Accept(print, to)),
        5 => (recipient(), prop_oneof![1 => 0..3_u32, 2 => 3..6_u32]).prop_map(|(to, max)| Step::Lease(to, max)),
        5 => (0..9_usize, prop::collection::vec(plan, 5)).prop_map(|(at, plan)| Step::Begin(at, plan)),
        1 => (0..9_usize).prop_map(Step::Release),
        2 => (recipient(), 0..4_u32).prop_map(|(to, max)| Step::Retry(to, max)),
        6 => (0..9_usize, end).prop_map(|(at, end)| Step::Settle(at, end)),
        2 => (1..80_u64).prop_map(Step::Wait),
        2 => recipient().prop_map(Step::Redrive),
        1 => recipient().prop_map(Step::Pause),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..80)
}

/// How long a lease lasts.
const LEASE: Millis = 50;

#[derive(Debug, Clone, PartialEq)]
enum Place {
    Queued { due: Millis, batch: Option<u64> },
    Carried,
    Dead,
    Gone,
}

#[derive(Debug)]
struct ModelJob {
    alert: String,
    print: u8,
    recipient: RecipientId,
    place: Place,
}

#[derive(Debug)]
struct ModelDelivery {
    id: String,
    recipient: RecipientId,
    jobs: Vec<usize>,
    due: Millis,
    pending: bool,
}

/// A lease that was granted; kept after its end, so that a late holder is played, too.
#[derive(Debug)]
struct ModelLease {
    token: u64,
    recipient: RecipientId,
    until: Millis,
    jobs: Vec<(usize, Job)>,
    deliveries: BTreeSet<usize>,
    live: bool,
}

#[derive(Debug, Default)]
struct Model {
    now: Millis,
    /// In the order of acceptance.
    jobs: Vec<ModelJob>,
    deliveries: Vec<ModelDelivery>,
    leases: Vec<ModelLease>,
    paused: BTreeSet<RecipientId>,
    alerts: u64,
}

impl Model {
    fn expire(&mut self) {
        for lease in &mut self.leases {
            lease.live &= lease.until > self.now;
        }
    }

    fn job_is_held(&self, job: usize) -> bool {
        let holds = |lease: &ModelLease| lease.jobs.iter().any(|(held, _)| *held == job);
        self.leases.iter().any(|lease| lease.live && holds(lease))
    }

    fn delivery_is_held(&self, delivery: usize) -> bool {
        self.leases
            .iter()
            .any(|lease| lease.live && lease.deliveries.contains(&delivery))
    }

    /// When a job may be given out, if nothing but time keeps it.
    fn job_due(&self, at: usize) -> Option<(Millis, Option<u64>)> {
        let job = &self.jobs[at];
        let same = |other: &ModelJob| (other.recipient, other.print) == (job.recipient, job.print);
        let unfinished = |other: &ModelJob| !matches!(other.place, Place::Dead | Place::Gone);
        let waits = self.jobs[..at]
            .iter()
            .any(|other| same(other) && unfinished(other));
        match job.place {
            Place::Queued { due, batch } if !waits && !self.job_is_held(at) => Some((due, batch)),
            _ => None,
        }
    }

    fn expected_lease(&self, recipient: RecipientId, max: usize) -> Vec<usize> {
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

    fn delivery_due(&self, at: usize) -> Option<Millis> {
        let delivery = &self.deliveries[at];
        (delivery.pending && !self.delivery_is_held(at)).then_some(delivery.due)
    }

    fn expected_retries(&self, recipient: RecipientId, max: usize) -> Vec<usize> {
        (0..self.deliveries.len())
            .filter(|at| self.deliveries[*at].recipient == recipient)
            .filter(|_| !self.paused.contains(&recipient))
            .filter(|at| self.delivery_due(*at).is_some_and(|due| due <= self.now))
            .take(max)
            .collect()
    }

    fn expected_due(&self) -> Due {
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

    fn counts(&self) -> Counts {
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

/// The store and its model, side by side.
struct Pair {
    home: Home,
    store: Option<Store>,
    model: Model,
}

impl Pair {
    fn store(&self) -> &Store {
        self.store.as_ref().expect("the store is open")
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
        }
        self.compare().await;
    }

    async fn compare(&mut self) {
        self.model.expire();
        let mut due = self.store().due_recipients(self.model.now).await.unwrap();
        due.recipients.sort_unstable();
        assert_eq!(due, self.model.expected_due());
        assert_eq!(self.store().counts().await.unwrap(), self.model.counts());
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
        self.store().accept(acceptance).await.unwrap();
        self.model.alerts += 1;
        self.model
            .jobs
            .extend(recipients.into_iter().map(|recipient| ModelJob {
                alert: id.clone(),
                print,
                recipient,
                place: Place::Queued {
                    due: 0,
                    batch: None,
                },
            }));
    }

    async fn lease(&mut self, recipient: RecipientId, max: u32) {
        self.model.expire();
        let (now, until) = (self.model.now, self.model.now + LEASE);
        let lease = self
            .store()
            .lease(recipient, max, now, until)
            .await
            .unwrap();
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
                due: now,
                pending: true,
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
        self.grant(result.unwrap(), recipient, Vec::new(), held);
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
        let (token, found) = self
            .store()
            .due_deliveries(recipient, now, max, until)
            .await
            .unwrap();
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
            .await
            .unwrap();
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
        assert_eq!(self.store().redrive(Redrive::Jobs(jobs)).await, Ok(revived));
    }

    async fn pause(&mut self, recipient: RecipientId) {
        let paused = self.model.paused.insert(recipient);
        if !paused {
            self.model.paused.remove(&recipient);
        }
        let why = paused.then(|| "by hand".to_owned());
        let change = Change::PauseRecipient(recipient, why);
        self.store()
            .apply(vec![change], self.model.now)
            .await
            .unwrap();
    }

    /// The process is killed and started: what was stored stays, and nobody holds anything.
    async fn restart(&mut self) {
        let after = self.home.crashed();
        // The killed one's folder goes only after it has been closed.
        drop(self.store.take());
        self.home = after;
        self.store = Some(self.home.open().await);
        for lease in &mut self.model.leases {
            lease.live = false;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_does_what_its_model_does(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let home = Home::new();
            let store = Some(store_with(&home, 2).await);
            let mut pair = Pair { home, store, model: Model::default() };
            for step in &steps {
                pair.step(step).await;
            }
        });
    }
}
