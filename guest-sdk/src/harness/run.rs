//! One call, with nothing around it.

use campanile_contract::notification::Notification;

use super::description;
use crate::platform::native;
use crate::{Batch, Endpoint, Failure, Queue, Recipient};

/// Calls [`Endpoint::dequeue`] with these alerts in its queue. Nothing is copied that a component in a
/// sandbox would not copy too, so the time that it takes is the one to compare with.
///
/// # Errors
/// What the endpoint says.
pub fn run<E: Endpoint>(
    recipient: &Recipient,
    alerts: Vec<Notification>,
    budget: u32,
) -> Result<Batch, Failure> {
    let localizer = description::localizer::<E>(recipient.language(), "UTC");
    native::call(alerts, localizer, || {
        E::dequeue(&mut Queue::open(), recipient, budget)
    })
    .0
}
