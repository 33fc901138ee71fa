//! One line of the table.

use serde::Serialize;

/// What came of one attack.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// Its name, or the file's.
    pub(crate) attack: String,
    /// Whether it was stopped, or there was nothing to stop.
    pub(crate) contained: bool,
    /// What stopped it, in the host's own words; otherwise what went wrong.
    pub(crate) stopped_by: String,
    /// Milliseconds from when it was set off to when it was stopped.
    pub(crate) stopped_after_ms: f64,
    /// Deliveries of the bystander.
    pub(crate) bystander: usize,
    /// Those that did not arrive, or were not taken in.
    pub(crate) lost: usize,
    /// Those that took more than a tenth longer than the yardstick's 99th percentile.
    pub(crate) late: usize,
    /// Milliseconds that 99 of 100 of them took at most.
    pub(crate) p99_ms: f64,
}
