//! What the store needs now and then.

use tokio::sync::watch;

use crate::clock::{Clock, Millis};
use crate::config::Keep;
use crate::store::Store;

/// Between two passes: what comes due in a minute is removed in a few steps.
const EVERY: Millis = 60_000;

/// Forgets what is over and old, until `shutdown` turns true.
pub(super) async fn run(
    store: Store,
    clock: Clock,
    keep: Keep,
    mut shutdown: watch::Receiver<bool>,
) {
    while !*shutdown.borrow() {
        pass(&store, &clock, keep, &shutdown).await;
        tokio::select! {
            () = clock.sleep_until(clock.now().saturating_add(EVERY)) => {}
            _ = shutdown.changed() => {}
        }
    }
}

/// Step by step, each in its turn among all others' commands.
async fn pass(store: &Store, clock: &Clock, keep: Keep, shutdown: &watch::Receiver<bool>) {
    let mut rows = 0;
    while !*shutdown.borrow() {
        match store.prune(keep, clock.now()).await {
            Ok(step) => {
                rows += step.rows;
                if !step.more {
                    break;
                }
            }
            Err(error) => {
                // What may pass was said when it began, and the next pass comes soon.
                if !error.may_pass() {
                    tracing::error!(%error, "what is old cannot be forgotten");
                }
                break;
            }
        }
    }
    if rows > 0 {
        tracing::info!(rows, "what was over and old is forgotten");
    }
}
