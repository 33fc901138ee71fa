//! The world's imports.

use crate::Notification;
use crate::bindings::endpoint::campanile::alerts::notifications;

pub(crate) use crate::bindings::endpoint::campanile::alerts::host::has;
pub(crate) use crate::bindings::endpoint::campanile::alerts::log::write as log;
pub(crate) use crate::bindings::endpoint::campanile::alerts::notifications::Notification as Handle;
pub(crate) use crate::bindings::endpoint::campanile::alerts::text::{escape, split, translate};

pub(crate) fn dequeue(max: u32) -> Vec<Notification> {
    notifications::dequeue(max)
        .into_iter()
        .map(Notification::new)
        .collect()
}
