//! How much compiling a tenant may ask for: one component at a time, and so much time of each hour.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::clock::Millis;

/// How long a tenant's components may be compiled for, of each [`PERIOD`]: twenty that take as long as one may.
const TIME: Duration = Duration::from_secs(600);

/// In milliseconds.
const PERIOD: Millis = 3_600_000;

/// What each tenant has had compiled.
pub(super) struct Shares {
    spent: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Spent>>>>,
    /// One tenant's at a time, so that the operator's never wait for it.
    place: Arc<Semaphore>,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            spent: Mutex::default(),
            place: Arc::new(Semaphore::new(1)),
        }
    }
}

#[derive(Default)]
struct Spent {
    since: Millis,
    time: Duration,
}

/// Why nothing is compiled for a tenant now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Enough {
    /// Something else is.
    #[error("another component of this tenant is being compiled; send this one when that is done")]
    Compiling,
    /// It had its share.
    #[error(
        "this tenant's components were compiled for {} s in the last hour, which is all they may; send this one in {} s",
        TIME.as_secs(), .again.div_ceil(1000)
    )]
    Compiled {
        /// Until it gets the next, in milliseconds.
        again: Millis,
    },
}

/// A tenant's turn: the time until it is dropped is what the tenant has spent.
pub(super) struct Turn {
    spent: OwnedMutexGuard<Spent>,
    begin: Instant,
    _place: Option<OwnedSemaphorePermit>,
}

impl Shares {
    /// Gives a tenant its turn, at `now`, once it is; waiting for it costs nothing.
    pub(super) async fn turn(&self, tenant: &str, now: Millis) -> Result<Turn, Enough> {
        let spent = self.left(tenant, now)?;
        let place = self.place.clone().acquire_owned().await;
        Ok(Turn {
            spent,
            begin: Instant::now(),
            _place: place.ok(),
        })
    }

    fn left(&self, tenant: &str, now: Millis) -> Result<OwnedMutexGuard<Spent>, Enough> {
        let mut all = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let share = all.entry(tenant.to_owned()).or_default().clone();
        let mut spent = share.try_lock_owned().map_err(|_| Enough::Compiling)?;
        let age = now.saturating_sub(spent.since);
        if age >= PERIOD {
            *spent = Spent {
                since: now,
                time: Duration::ZERO,
            };
        } else if spent.time >= TIME {
            let again = PERIOD - age;
            return Err(Enough::Compiled { again });
        }
        Ok(spent)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.spent.time += self.begin.elapsed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_has_one_component_compiled_at_a_time_and_others_wait_without_paying() {
        let shares = Shares::default();
        let turn = shares.turn("first", 0).await.expect("its turn");
        assert_eq!(shares.turn("first", 0).await.err(), Some(Enough::Compiling));
        let second = shares.turn("second", 0);
        let second = async { (second.await.expect("its turn").begin, Instant::now()) };
        let first = async {
            tokio::task::yield_now().await;
            drop(turn);
            Instant::now()
        };
        let ((begin, _), ended) = tokio::join!(second, first);
        assert!(begin >= ended, "it begins when the first has ended");
        assert!(shares.turn("first", 0).await.is_ok());
    }

    #[tokio::test]
    async fn what_was_compiled_for_its_time_waits_for_the_next_hour() {
        let shares = Shares::default();
        let start = 1_767_323_045_000;
        for (used, refused) in [(TIME - Duration::from_secs(60), false), (TIME, true)] {
            let mut turn = shares.turn("first", start).await.expect("its turn");
            turn.spent.time = used;
            drop(turn);
            let later = start + 1_000;
            let again = PERIOD - 1_000;
            assert_eq!(
                shares.turn("first", later).await.err(),
                refused.then_some(Enough::Compiled { again }),
                "{used:?}"
            );
        }
        assert!(shares.turn("second", start).await.is_ok());
        assert!(shares.turn("first", start + PERIOD).await.is_ok());
        let said = Enough::Compiled { again: 1_001 }.to_string();
        assert!(said.ends_with("send this one in 2 s"), "{said}");
    }
}
