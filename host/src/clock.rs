//! Time, handed in: the system's, or a test's that stands still until it is moved.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = u64;

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's.
    System,
    /// A test's: time passes only by [`Clock::advance`].
    Manual(watch::Sender<Millis>),
}

impl Clock {
    /// A clock that stands still at `now`.
    #[must_use]
    pub fn manual(now: Millis) -> Self {
        Self::Manual(watch::Sender::new(now))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Millis {
        match self {
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| {
                    since.as_millis().try_into().unwrap_or(Millis::MAX)
                }),
            Self::Manual(now) => *now.borrow(),
        }
    }

    /// Waits until `at`; at once when it has passed.
    pub async fn sleep_until(&self, at: Millis) {
        match self {
            Self::System => {
                // Slept in slices, so that a clock that is set forward is noticed.
                while let Some(left) = at.checked_sub(self.now()).filter(|left| *left > 0) {
                    tokio::time::sleep(Duration::from_millis(left.min(60_000))).await;
                }
            }
            Self::Manual(now) => {
                // The sender lives in `self`, so waiting cannot fail.
                let _ = now.subscribe().wait_for(|now| *now >= at).await;
            }
        }
    }

    /// Moves a manual clock forward.
    ///
    /// # Panics
    ///
    /// On the system's clock.
    pub fn advance(&self, by: Duration) {
        match self {
            Self::System => panic!("the system's clock cannot be moved"),
            Self::Manual(now) => {
                now.send_modify(|now| *now += u64::try_from(by.as_millis()).unwrap_or(u64::MAX));
            }
        }
    }
}
