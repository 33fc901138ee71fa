//! `[store]`: how much is kept of what is over, in words for people: `"30d"`, `"4GiB"`.

use serde::Deserialize;

use super::units::{Size, Time};
use crate::clock::Millis;

const DAY: Millis = 24 * 60 * 60 * 1_000;

/// What is kept, and for how long. What a job still needs is kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Deliveries that are over, with their attempts, and alerts: so many milliseconds.
    pub history: Millis,
    /// Dead letters: so many milliseconds after their alert came.
    pub dead_letters: Millis,
    /// Bytes of history. Beyond them it goes before its time, oldest first. What waits to be sent, dead letters
    /// and components stay, however much they are, and cost no history.
    pub bytes: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            // Last month's report can still be written.
            history: 30 * DAY,
            // Nobody has seen them yet: a quarter, which outlasts everybody's holidays.
            dead_letters: 90 * DAY,
            // Two million deliveries of 2 KB; no disk of today is filled by it.
            bytes: 4 << 30,
        }
    }
}

/// The table; what it leaves out has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreTable {
    #[serde(default)]
    keep: Option<Time>,
    #[serde(default)]
    keep_dead_letters: Option<Time>,
    #[serde(default)]
    keep_bytes: Option<Size>,
}

impl StoreTable {
    pub(super) fn keep(&self) -> Keep {
        let default = Keep::default();
        Keep {
            history: self.keep.map_or(default.history, |time| time.0),
            dead_letters: self
                .keep_dead_letters
                .map_or(default.dead_letters, |time| time.0),
            bytes: self.keep_bytes.map_or(default.bytes, |size| size.0),
        }
    }
}
