//! Limits on foreign code in tests.

use std::time::Duration;

use campanile::sandbox;

use crate::wait::PATIENCE;

/// The default limits, but for time: host functions are not optimised here, and the tests beside this one
/// keep the machine busy. What is about time sets its own.
#[must_use]
pub fn unhurried() -> sandbox::Limits {
    sandbox::Limits {
        cpu: Duration::from_secs(5),
        wall: PATIENCE,
        ..sandbox::Limits::default()
    }
}
