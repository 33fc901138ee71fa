//! What a request carries: one form of alerts, as its consumers expect it.

use campanile_guest::json::{Array, Object};
use campanile_guest::{Notification, Params, Recipient, Request, secret};
use campanile_guest_formats::{alertmanager, cloudevents, ntopng};

/// The version of the native form. Members may be added to it without a new one.
const VERSION: &str = "1";

/// The forms, by the values of the parameter `body`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Native,
    Ntopng(ntopng::Version),
    Alertmanager,
    CloudEvents,
    CloudEventsBinary,
}

impl Form {
    /// The one that was chosen.
    pub(crate) fn of(params: &Params) -> Self {
        match params.param("body") {
            Some("ntopng-0.2") => Self::Ntopng(ntopng::Version::V02),
            Some("ntopng") => Self::Ntopng(ntopng::Version::Since2024),
            Some("alertmanager") => Self::Alertmanager,
            Some("cloudevents") => Self::CloudEvents,
            Some("cloudevents-binary") => Self::CloudEventsBinary,
            _ => Self::Native,
        }
    }

    /// Whether its requests are ntopng's, which carry a secret in their body.
    pub(crate) fn is_ntopngs(self) -> bool {
        matches!(self, Self::Ntopng(_))
    }

    /// How many alerts a request can carry.
    pub(crate) fn most(self) -> u32 {
        match self {
            Self::CloudEventsBinary => 1,
            _ => u32::MAX,
        }
    }

    /// The request with its body. Without alerts it is a test.
    pub(crate) fn write(
        self,
        request: Request,
        recipient: &Recipient,
        alerts: &[Notification],
    ) -> Request {
        match self {
            Self::Native => request.json(native(alerts)),
            Self::Ntopng(version) => {
                let is_set = recipient.is_set("shared_secret");
                let shared_secret = is_set.then(|| secret("shared_secret"));
                request.json(ntopng::document(version, shared_secret, alerts))
            }
            Self::Alertmanager => {
                let external_url = recipient.param("external_url").unwrap_or_default();
                let group = alertmanager::group(recipient.name(), external_url, alerts);
                request.json(group)
            }
            Self::CloudEvents => cloudevents::structured(request, alerts),
            Self::CloudEventsBinary => cloudevents::binary(request, alerts.first()),
        }
    }
}

/// The host's own documents.
fn native(alerts: &[Notification]) -> Object {
    let documents = alerts
        .iter()
        .fold(Array::new(), |array, alert| array.raw(&alert.document()));
    Object::new()
        .text("version", VERSION)
        .value("alerts", documents)
}
