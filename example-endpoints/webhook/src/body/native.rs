//! The host's own documents.

use campanile_guest::Notification;
use campanile_guest::json::{Array, Object};

/// The version of the format. Members may be added to it without a new one.
const VERSION: &str = "1";

pub(super) fn body(alerts: &[Notification]) -> Object {
    let documents = alerts
        .iter()
        .fold(Array::new(), |array, alert| array.raw(&alert.document()));
    Object::new()
        .text("version", VERSION)
        .value("alerts", documents)
}
