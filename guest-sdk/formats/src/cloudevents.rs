//! CloudEvents 1.0 over HTTP: an event an alert, with the host's own document as its data.
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md>

use campanile_guest::json::{Array, Json, Object};
use campanile_guest::time::rfc3339;
use campanile_guest::{Action, IntoTemplate, Notification, Request, delivery_id, percent};

/// Structured: one event, or a batch of several; without alerts an event of type `campanile.test`.
pub fn structured(request: Request, alerts: &[Notification]) -> Request {
    let (kind, body): (_, Json) = match alerts {
        [] => ("application/cloudevents+json", test().into()),
        [alert] => ("application/cloudevents+json", event(alert).into()),
        several => (
            "application/cloudevents-batch+json",
            several
                .iter()
                .fold(Array::new(), |batch, alert| batch.value(event(alert)))
                .into(),
        ),
    };
    let kind = [kind, "; charset=UTF-8"].concat();
    request
        .header("Content-Type", kind)
        .text(body.into_template())
}

/// Binary: the data is the body, and all else stands in headers. Without an alert, as [`structured`].
pub fn binary(request: Request, alert: Option<&Notification>) -> Request {
    let request = request.header("ce-specversion", "1.0");
    let Some(alert) = alert else {
        let request = request.header("ce-id", delivery_id());
        return TEST
            .iter()
            .fold(request, |request, (name, value)| {
                request.header(["ce-", name].concat(), *value)
            })
            .json(Object::new());
    };
    attributes(alert)
        .into_iter()
        .fold(request, |request, (name, value)| {
            request.header(["ce-", name].concat(), in_header(&value))
        })
        .header("Content-Type", "application/json")
        .text(alert.document())
}

/// What an event has beside its version and data. `severity` and `action` are extensions, to route by.
fn attributes(alert: &Notification) -> [(&'static str, String); 7] {
    let (entity, action) = (alert.entity(), alert.action());
    let at = match action {
        Action::Released => alert.ends_at().unwrap_or(alert.starts_at()),
        _ => alert.starts_at(),
    };
    [
        ("id", alert.id()),
        (
            "source",
            ["/campanile/", &percent(&alert.source())].concat(),
        ),
        ("type", ["campanile.alert.", &alert.kind()].concat()),
        ("subject", [entity.kind, entity.value].join("/")),
        ("time", rfc3339(at)),
        ("severity", alert.severity().name().to_owned()),
        ("action", action.name().to_owned()),
    ]
}

fn event(alert: &Notification) -> Object {
    attributes(alert)
        .iter()
        .fold(
            Object::new().text("specversion", "1.0"),
            |event, (name, value)| event.text(name, value),
        )
        .text("datacontenttype", "application/json")
        .raw("data", &alert.document())
}

/// The test's attributes but its id, which is the delivery's.
const TEST: [(&str, &str); 2] = [("source", "/campanile/"), ("type", "campanile.test")];

fn test() -> Object {
    TEST.iter()
        .fold(
            Object::new()
                .text("specversion", "1.0")
                .hole("id", delivery_id()),
            |event, (name, value)| event.text(name, value),
        )
        .text("datacontenttype", "application/json")
        .value("data", Object::new())
}

/// Section 3.1.3.2: blanks, quotes, percent signs and all that is not printable ASCII are percent-encoded.
fn in_header(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'"' | b'%' | 0..=b' ' | 0x7f.. => out.push_str(&format!("%{byte:02X}")),
            plain => out.push(char::from(plain)),
        }
    }
    out
}
