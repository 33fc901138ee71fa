//! What the store needs now and then.

use tokio::sync::watch;

use crate::clock::{Clock, Millis};
use crate::config::Keep;
use crate::store::{Store, StoreError};

/// Between two passes: what comes due in a minute is removed in a few steps.
const EVERY: Millis = 60_000;

/// Forgets what is over and old, until `shutdown` turns true.
pub(super) async fn run(
    store: Store,
    clock: Clock,
    keep: Keep,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut crowded = false;
    while !*shutdown.borrow() {
        match pass(&store, &clock, keep, &shutdown, &mut crowded).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "what was over and old is forgotten"),
            // What may pass was said when it began, and the next pass comes soon.
            Err(error) if error.may_pass() => {}
            Err(error) => tracing::error!(%error, "what is old cannot be forgotten"),
        }
        tokio::select! {
            () = clock.sleep_until(clock.now().saturating_add(EVERY)) => {}
            _ = shutdown.changed() => {}
        }
    }
}

/// Step by step, each in its turn among all others' commands. `crowded` is whether what cannot be forgotten
/// was more than may be kept of what can: that is said once. Returns how many rows went.
async fn pass(
    store: &Store,
    clock: &Clock,
    keep: Keep,
    shutdown: &watch::Receiver<bool>,
    crowded: &mut bool,
) -> Result<u64, StoreError> {
    let needed = store.needed(keep.bytes).await?;
    let was = std::mem::replace(crowded, needed > keep.bytes);
    if *crowded && !was {
        tracing::warn!(
            needed,
            keep_bytes = keep.bytes,
            "what waits to be sent, dead letters and components take more room than history may: see \
             `campanile store check`"
        );
    }
    let keep = Keep {
        bytes: keep.bytes.saturating_add(needed),
        ..keep
    };
    let mut rows = 0;
    while !*shutdown.borrow() {
        let step = store.prune(keep, clock.now()).await?;
        rows += step.rows;
        if !step.more {
            break;
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Alert;
    use crate::store::tests::pruning::deliver;
    use crate::store::tests::{Home, alert, store_with};
    use crate::store::{Acceptance, Accepted, DeliveryFilter};

    /// So many deliveries: more bytes than the estimate of what waits is wrong by.
    const HISTORY: u32 = 100;

    async fn backlog(store: &Store, alerts: u32) {
        let large = |number| Alert {
            message: Some("m".repeat(4_000)),
            ..alert(&format!("waits-{number}"), &format!("waits-{number}"))
        };
        let acceptance = Acceptance {
            tenant: "default".to_owned(),
            token: "token".to_owned(),
            alerts: (0..alerts).map(|number| (large(number), vec![2])).collect(),
            told: Vec::new(),
            idempotency: None,
            now: 1,
        };
        assert_eq!(store.accept(acceptance).await, Ok(Accepted::Stored));
    }

    #[tokio::test]
    async fn what_waits_costs_nobody_history_and_too_much_history_goes() {
        // How much waits, how many bytes of history may be kept, whether that is less than what waits, and
        // whether history stays.
        let rows = [
            (0, 1 << 20, false, true),
            (0, 1 << 10, false, false),
            (300, 1 << 20, true, true),
            (300, 1 << 10, true, false),
            (300, 1 << 30, false, true),
        ];
        for (waiting, bytes, crowding, stays) in rows {
            let home = Home::fast();
            let store = store_with(&home, 2).await;
            let names: Vec<_> = (0..HISTORY).map(|number| format!("n{number}")).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            deliver(&store, &names, 1).await;
            backlog(&store, waiting).await;
            let keep = Keep {
                history: 1_000,
                dead_letters: 1_000,
                bytes,
            };
            let shutdown = watch::Sender::new(false).subscribe();
            let mut crowded = false;
            let clock = Clock::manual(2);
            let rows = pass(&store, &clock, keep, &shutdown, &mut crowded);
            let rows = rows.await.unwrap();
            let case = format!("{waiting} {bytes}");
            assert_eq!(crowded, crowding, "{case}");
            assert_eq!(
                rows,
                if stays { 0 } else { 2 * u64::from(HISTORY) },
                "{case}"
            );
            let filter = DeliveryFilter {
                limit: 1,
                ..Default::default()
            };
            let left = store.deliveries(filter).await.unwrap();
            assert_eq!(left.len(), usize::from(stays), "{case}");
            assert_eq!(store.counts().await.unwrap().queued, u64::from(waiting));
        }
    }
}
