//! What pruning adds to what is configured.

use crate::clock::Millis;

/// Receipts, conditions and idempotency keys are kept so long at least, whatever the age of history: who repeats
/// an alert or a request does it within hours, and a forgotten condition is announced a second time.
pub(super) const REMEMBERED: Millis = 7 * 24 * 60 * 60 * 1_000;

/// What one step of pruning did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Rows that went, without what went with them.
    pub rows: u64,
    /// Whether the next step may find more at once.
    pub more: bool,
}
