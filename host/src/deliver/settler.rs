//! Outcomes on their way to the store. Those that come while a commit is awaited share the next one, so
//! that a fast destination costs a commit for many deliveries and not one for each.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc};

use crate::clock::Millis;
use crate::job::Settlement;
use crate::store::{Store, StoreError};

/// Outcomes of one group: as many as the store's own groups are worth.
const GROUP: usize = 256;

/// What one attempt came to.
pub(super) struct Attempted {
    /// Of the lease that holds the delivery.
    pub(super) token: u64,
    pub(super) settlement: Settlement,
    pub(super) ended_at: Millis,
    /// Given back once the outcome lasts.
    pub(super) place: OwnedSemaphorePermit,
}

/// Settles what comes, until nobody can send any more. `settled` rings after each group, `changed` where
/// recipients' parameters were renamed.
pub(super) async fn run(
    store: Store,
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
            .map(|(token, (now, settlements))| settle(&store, token, settlements, now));
        futures_util::future::join_all(groups).await;
        if renamed {
            changed.notify_one();
        }
        drop(places);
        settled.notify_one();
    }
}

async fn settle(store: &Store, token: u64, settlements: Vec<Settlement>, now: Millis) {
    match store.settle(token, settlements, now).await {
        Ok(fenced) if fenced.is_empty() => {}
        Ok(fenced) => {
            tracing::warn!(deliveries = ?fenced, "outcomes came after their lease had ended");
        }
        Err(error) => {
            tracing::error!(%error, "outcomes could not be stored; their deliveries are tried again");
            give_back(store, token, &error).await;
        }
    }
}

/// Deliveries whose outcome was lost must not wait for the end of a lease that nobody holds.
async fn give_back(store: &Store, token: u64, error: &StoreError) {
    if !matches!(error, StoreError::Closed)
        && let Err(error) = store.release(token).await
    {
        tracing::error!(%error, "the lease could not be given back");
    }
}
