//! Outcomes on their way to the store. Those that come while a commit is awaited share the next one, so
//! that a fast destination costs a commit for many deliveries and not one for each.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc, watch};

use crate::clock::{Clock, Millis};
use crate::job::Settlement;
use crate::store::{Store, StoreError};

/// Outcomes of one group: as many as the store's own groups are worth.
const GROUP: usize = 256;

/// Between two tries to store outcomes that the store did not take: a disk is not freed faster.
const PAUSE: Millis = 1_000;

/// What one attempt came to.
pub(super) struct Attempted {
    /// Of the lease that holds the delivery.
    pub(super) token: u64,
    pub(super) settlement: Settlement,
    pub(super) ended_at: Millis,
    /// Given back once the outcome lasts.
    pub(super) place: OwnedSemaphorePermit,
}

/// Where outcomes go.
pub(super) struct Settler {
    pub(super) store: Store,
    pub(super) clock: Clock,
    /// Once it is true, what the store does not take is left for the next start.
    pub(super) shutdown: watch::Receiver<bool>,
}

/// Settles what comes, until nobody can send any more. `settled` rings after each group, `changed` where
/// recipients' parameters were renamed.
pub(super) async fn run(
    settler: Settler,
    mut outcomes: mpsc::UnboundedReceiver<Attempted>,
    settled: Arc<Notify>,
    changed: Arc<Notify>,
) {
    let mut ready = Vec::new();
    while outcomes.recv_many(&mut ready, GROUP).await > 0 {
        let mut groups: BTreeMap<u64, (Millis, Vec<Settlement>)> = BTreeMap::new();
        let mut places = Vec::with_capacity(ready.len());
        let mut renamed = false;
        for Attempted {
            token,
            settlement,
            ended_at,
            place,
        } in ready.drain(..)
        {
            renamed |= !settlement.changed.is_empty();
            let (now, settlements) = groups.entry(token).or_default();
            *now = ended_at.max(*now);
            settlements.push(settlement);
            places.push(place);
        }
        let groups = groups
            .into_iter()
            .map(|(token, (now, settlements))| settler.settle(token, settlements.into(), now));
        futures_util::future::join_all(groups).await;
        if renamed {
            changed.notify_one();
        }
        drop(places);
        settled.notify_one();
    }
}

impl Settler {
    /// What was sent must not be sent again because a disk is full: its outcome is kept until it is stored.
    async fn settle(&self, token: u64, settlements: Arc<[Settlement]>, now: Millis) {
        let mut shutdown = self.shutdown.clone();
        loop {
            match self.store.settle(token, settlements.clone(), now).await {
                Ok(fenced) if fenced.is_empty() => return,
                Ok(fenced) => {
                    tracing::warn!(deliveries = ?fenced, "outcomes came after their lease had ended");
                    return;
                }
                Err(error) if error.may_pass() && !*shutdown.borrow() => {
                    tokio::select! {
                        () = self.clock.sleep_until(self.clock.now() + PAUSE) => {}
                        _ = shutdown.changed() => {}
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "outcomes could not be stored; their deliveries are tried again");
                    give_back(&self.store, token).await;
                    return;
                }
            }
        }
    }
}

/// What could not be gone on with must not wait for the end of a lease that nobody holds.
pub(super) async fn give_back(store: &Store, token: u64) {
    match store.release(token).await {
        // With the store its leases have ended.
        Ok(()) | Err(StoreError::Closed) => {}
        Err(error) => tracing::error!(%error, "the lease could not be given back"),
    }
}
