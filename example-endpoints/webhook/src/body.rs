//! What a request carries: one form of alerts, as its consumers expect it.

mod alertmanager;
mod cloudevents;
mod native;
mod ntopng;

use campanile_guest::{Notification, Params, Recipient, Request};

/// The forms, by the values of the parameter `body`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Native,
    Ntopng02,
    Ntopng,
    Alertmanager,
    CloudEvents,
    CloudEventsBinary,
}

impl Form {
    /// The one that was chosen.
    pub(crate) fn of(params: &Params) -> Self {
        match params.param("body") {
            Some("ntopng-0.2") => Self::Ntopng02,
            Some("ntopng") => Self::Ntopng,
            Some("alertmanager") => Self::Alertmanager,
            Some("cloudevents") => Self::CloudEvents,
            Some("cloudevents-binary") => Self::CloudEventsBinary,
            _ => Self::Native,
        }
    }

    /// Whether its requests are ntopng's, which carry a secret in their body.
    pub(crate) fn is_ntopngs(self) -> bool {
        matches!(self, Self::Ntopng02 | Self::Ntopng)
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
            Self::Native => request.json(native::body(alerts)),
            Self::Ntopng02 => request.json(ntopng::body_02(recipient, alerts)),
            Self::Ntopng => request.json(ntopng::body(recipient, alerts)),
            Self::Alertmanager => request.json(alertmanager::body(recipient, alerts)),
            Self::CloudEvents => cloudevents::structured(request, alerts),
            Self::CloudEventsBinary => cloudevents::binary(request, alerts.first()),
        }
    }
}
