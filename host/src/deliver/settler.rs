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

/// Tries to store outcomes that the database refused: what another did that shared their transaction is in
/// another one by then.
const TRIES: u32 = 5;

/// How long deliveries wait whose outcomes could not be stored at all. Nothing tells then how often they were
/// sent, so that they must not be sent again and again; one that was not noted may still be of use.
const SET_ASIDE: Millis = 60 * 60 * 1_000;

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
        let mut refused = 0;
        loop {
            match self.store.settle(token, settlements.clone(), now).await {
                Ok(fenced) if fenced.is_empty() => return,
                Ok(fenced) => {
                    tracing::warn!(deliveries = ?fenced, "outcomes came after their lease had ended");
                    return;
                }
                Err(error) if !*shutdown.borrow() && worth_another(&error, &mut refused) => {
                    tokio::select! {
                        () = self.clock.sleep_until(self.clock.now() + PAUSE) => {}
                        _ = shutdown.changed() => {}
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "outcomes could not be stored; their deliveries are tried again later");
                    let later = self.clock.now().saturating_add(SET_ASIDE);
                    ended(self.store.release_at(token, later).await);
                    return;
                }
            }
        }
    }
}

/// What could not be gone on with must not wait for the end of a lease that nobody holds.
pub(super) async fn give_back(store: &Store, token: u64) {
    ended(store.release(token).await);
}

/// Whether outcomes may be stored the next time; counts how often they were refused.
fn worth_another(error: &StoreError, refused: &mut u32) -> bool {
    *refused += u32::from(matches!(error, StoreError::Database(_)));
    match error {
        StoreError::Database(_) => *refused < TRIES,
        _ => error.may_pass(),
    }
}

fn ended(lease: Result<(), StoreError>) {
    match lease {
        // With the store its leases have ended.
        Ok(()) | Err(StoreError::Closed) => {}
        Err(error) => tracing::error!(%error, "the lease could not be given back"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Fate, State};
    use crate::store::tests::{Home, accept, delivery, lease, over, settlement, store_with};

    #[tokio::test]
    async fn what_was_sent_and_cannot_be_noted_is_not_sent_again_at_once() {
        let delivered = || settlement("d1", over(State::Delivered, vec![Fate::Delivered]));
        let mut refused = delivered();
        refused.attempt.as_mut().unwrap().retry_at = Some(Millis::MAX);
        let rows = [
            (delivered(), 0, true),
            (settlement("d1", over(State::Delivered, vec![])), 0, false),
            (refused, PAUSE * Millis::from(TRIES - 1), false),
        ];
        for (settlement, took, stored) in rows {
            let home = Home::new();
            let store = store_with(&home, 1).await;
            accept(&store, 1, &[("a", "1")], 0).await;
            let leased = lease(&store, 1, 1, 0).await;
            let deliveries = vec![delivery("d1", 1, &leased.jobs, 0)];
            let token = store
                .begin(leased.token, deliveries, vec![], 0, Millis::MAX)
                .await
                .unwrap();
            let clock = Clock::manual(0);
            let shutdown = watch::Sender::new(false);
            let settler = Settler {
                store: store.clone(),
                clock: clock.clone(),
                shutdown: shutdown.subscribe(),
            };
            let settling = settler.settle(token, [settlement].into(), 0);
            let mut settling = std::pin::pin!(settling);
            loop {
                tokio::select! {
                    biased;
                    () = &mut settling => break,
                    () = tokio::task::yield_now() => clock.advance(std::time::Duration::from_millis(1)),
                }
            }
            let now = clock.now();
            assert!(now >= took, "{now}");
            let due = async |at| {
                store
                    .due_deliveries(1, at, 9, at + 1)
                    .await
                    .unwrap()
                    .1
                    .len()
            };
            assert_eq!(store.counts().await.unwrap().delivered, u64::from(stored));
            assert_eq!(due(now).await, 0);
            assert_eq!(due(now + SET_ASIDE).await, usize::from(!stored));
        }
    }
}
