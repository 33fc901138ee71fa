//! Step 4: which recipient is served next. A recipient has a task only while it has something due; all
//! others cost nothing.

pub mod pacing;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::sync::{Notify, Semaphore, watch};

use crate::clock::{Clock, Millis};
use crate::deliver::{Deliverer, Served};
use crate::job::RecipientId;
use crate::store::Due;

/// Recipients that are served at once. Each has at most a batch in memory.
const AT_ONCE: usize = 64;

/// Wakes the scheduler: something may be due that was not before.
#[derive(Clone, Default)]
pub struct Waker {
    shared: Arc<Woken>,
}

#[derive(Default)]
struct Woken {
    notify: Notify,
    recipients: Mutex<HashSet<RecipientId>>,
    all: std::sync::atomic::AtomicBool,
}

impl Waker {
    /// There is news for these recipients.
    pub fn wake(&self, recipients: impl IntoIterator<Item = RecipientId>) {
        self.shared
            .recipients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(recipients);
        self.shared.notify.notify_one();
    }

    /// There may be news for anybody.
    pub fn wake_all(&self) {
        self.shared
            .all
            .store(true, std::sync::atomic::Ordering::SeqCst);
        self.shared.notify.notify_one();
    }
}

/// What the scheduler knows of recipients that the store calls due.
#[derive(Default)]
struct Table {
    /// Being served, each with its bell.
    active: HashMap<RecipientId, Arc<Notify>>,
    /// Due, but not to be served before this time, such as a batch that is yet to fill.
    waiting: HashMap<RecipientId, Millis>,
}

/// Serves recipients until `shutdown` turns true; returns when all that was begun has ended.
pub async fn run(
    deliverer: Arc<Deliverer>,
    waker: Waker,
    clock: Clock,
    mut shutdown: watch::Receiver<bool>,
) {
    let table = Arc::new(Mutex::new(Table::default()));
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = tokio::task::JoinSet::new();
    while !*shutdown.borrow() {
        let news = std::mem::take(
            &mut *waker
                .shared
                .recipients
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        let all = waker
            .shared
            .all
            .swap(false, std::sync::atomic::Ordering::SeqCst);
        {
            let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
            if all {
                table.waiting.clear();
                table.active.values().for_each(|bell| bell.notify_one());
            }
            for recipient in &news {
                table.waiting.remove(recipient);
                if let Some(bell) = table.active.get(recipient) {
                    bell.notify_one();
                }
            }
        }
        let now = clock.now();
        let Due {
            recipients,
            mut next,
        } = deliverer.due(now).await.unwrap_or_else(|error| {
            // What may pass was said when it began.
            if !error.may_pass() {
                tracing::error!(%error, "the store cannot say what is due");
            }
            Due {
                recipients: Vec::new(),
                next: Some(now + 1_000),
            }
        });
        for recipient in recipients {
            let bell = Arc::new(Notify::new());
            {
                let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
                if table.active.contains_key(&recipient) {
                    continue;
                }
                if let Some(until) = table
                    .waiting
                    .get(&recipient)
                    .copied()
                    .filter(|until| *until > now)
                {
                    next = Some(next.map_or(until, |next| next.min(until)));
                    continue;
                }
                table.active.insert(recipient, bell.clone());
            }
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let (deliverer, table, waker) = (deliverer.clone(), table.clone(), waker.clone());
            let shutdown = shutdown.clone();
            tasks.spawn(async move {
                let Served { not_before } = deliverer.serve(recipient, &bell, shutdown).await;
                {
                    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
                    table.active.remove(&recipient);
                    // A bell that rang after its last look means that there is news yet.
                    let rang = bell.notified().now_or_never().is_some();
                    match not_before {
                        Some(until) if !rang => table.waiting.insert(recipient, until),
                        _ => table.waiting.remove(&recipient),
                    };
                }
                drop(place);
                waker.shared.notify.notify_one();
            });
        }
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            () = waker.shared.notify.notified() => {}
            () = clock.sleep_until(next.unwrap_or(Millis::MAX)) => {}
            _ = shutdown.changed() => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}
