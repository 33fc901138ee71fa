//! Lines for the operator's log. The host keeps at most 100 lines of 4 KiB a call; never write a
//! parameter's or a person's data that a log has no use for.

use crate::bindings::endpoint::campanile::alerts::log::Level;
use crate::platform;

/// Of use to the component's author.
pub fn debug(message: &str) {
    platform::log(Level::Debug, message);
}

/// Normal, and worth knowing.
pub fn info(message: &str) {
    platform::log(Level::Info, message);
}

/// May become a failure.
pub fn warn(message: &str) {
    platform::log(Level::Warn, message);
}

/// Something failed.
pub fn error(message: &str) {
    platform::log(Level::Error, message);
}
