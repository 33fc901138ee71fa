//! How much compiling a tenant may ask for: one component at a time, and so much time of each hour.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OwnedMutexGuard;

use crate::clock::Millis;

/// How long a tenant's components may be compiled for, of each [`PERIOD`]: twenty that take as long as one may.
const TIME: Duration = Duration::from_secs(600);

/// In milliseconds.
const PERIOD: Millis = 3_600_000;

/// What each tenant has had compiled.
#[derive(Default)]
pub(super) struct Shares(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Spent>>>>);

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
}

impl Shares {
    /// Gives a tenant its turn, at `now`.
    pub(super) fn turn(&self, tenant: &str, now: Millis) -> Result<Turn, Enough> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let begin = Instant::now();
        Ok(Turn { spent, begin })
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

    #[test]
    fn a_tenant_has_one_component_compiled_at_a_time_and_others_do_not_wait_for_it() {
        let shares = Shares::default();
        let turn = shares.turn("first", 0).expect("its turn");
        assert_eq!(shares.turn("first", 0).err(), Some(Enough::Compiling));
        assert!(shares.turn("second", 0).is_ok());
        drop(turn);
        assert!(shares.turn("first", 0).is_ok());
    }

    #[test]
    fn what_was_compiled_for_its_time_waits_for_the_next_hour() {
        let shares = Shares::default();
        let start = 1_767_323_045_000;
        for (used, refused) in [(TIME - Duration::from_secs(60), false), (TIME, true)] {
            let mut turn = shares.turn("first", start).expect("its turn");
            turn.spent.time = used;
            drop(turn);
            let later = start + 1_000;
            let again = PERIOD - 1_000;
            assert_eq!(
                shares.turn("first", later).err(),
                refused.then_some(Enough::Compiled { again }),
                "{used:?}"
            );
        }
        assert!(shares.turn("second", start).is_ok());
        assert!(shares.turn("first", start + PERIOD).is_ok());
        let said = Enough::Compiled { again: 1_001 }.to_string();
        assert!(said.ends_with("send this one in 2 s"), "{said}");
    }
}
