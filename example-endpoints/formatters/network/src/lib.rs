//! Titles and descriptions of common alerts about hosts, flows and the monitoring itself. What is not
//! computed here stands in the manifest alone.

mod fields;

#[cfg(test)]
mod tests;

use campanile_guest::text::arg;
use campanile_guest::{Arg, Event, Formatter, Piece, Value};
use fields::Fields;

/// The formatter.
#[derive(Debug)]
pub struct Network;

campanile_guest::export_formatter!(Network);

impl Formatter for Network {
    fn format(event: &Event) -> Result<Vec<Piece>, String> {
        match event.kind.as_str() {
            "syn_flood" | "syn_scan" | "icmp_flood" => Ok(vec![counted(event)]),
            "elephant_flow" => Ok(elephant(event)),
            "longlived" => Ok(longlived(event)),
            "tls_certificate_expired" => Ok(vec![expired(event)]),
            other => Err(["there is nothing to compute for `", other, "`"].concat()),
        }
    }
}

/// How many packets of which a host sends or receives too many. `count` chooses the plural form.
fn counted(event: &Event) -> Piece {
    let side = if Fields(event).flag("attacker") {
        "_attacker"
    } else {
        "_victim"
    };
    Piece::key(
        ["alert_messages.", &event.kind, side].concat(),
        [
            entity(event),
            arg("count", whole(event.value)),
            arg("threshold", whole(event.threshold)),
        ],
    )
}

/// Bytes in both directions, and how many were expected, where the producer tells.
fn elephant(event: &Event) -> Vec<Piece> {
    let fields = Fields(event);
    let bytes = |names: &[&str]| names.iter().find_map(|name| fields.number(name));
    let (Some(sent), Some(received)) = (
        bytes(&["sent", "client_bytes"]),
        bytes(&["received", "server_bytes"]),
    ) else {
        return vec![Piece::key(
            "flow_details.elephant_flow_descr",
            [entity(event)],
        )];
    };
    let figures = |sent, received| {
        [
            arg("sent", Value::Bytes(sent)),
            arg("received", Value::Bytes(received)),
        ]
    };
    let [sent, received] = figures(sent, received);
    let mut pieces = vec![Piece::key(
        "flow_details.elephant_exceeded",
        [entity(event), sent, received],
    )];
    let limit = |name: &str| fields.number(name).filter(|limit| *limit > 0);
    if let (Some(sent), Some(received)) = (limit("sent_limit"), limit("received_limit")) {
        pieces.push(Piece::plain(" "));
        pieces.push(Piece::key(
            "flow_details.elephant_limits",
            figures(sent, received),
        ));
    }
    pieces
}

/// How long a flow has lasted, and how long was expected. ntopng's times are seconds.
fn longlived(event: &Event) -> Vec<Piece> {
    let fields = Fields(event);
    let times = fields.number("first_seen").zip(fields.number("tstamp"));
    let lasted = times.and_then(|(from, now)| now.checked_sub(from));
    let mut pieces = vec![match lasted {
        Some(seconds) => Piece::key(
            "flow_details.longlived_lasted",
            [
                entity(event),
                arg("duration", Value::Duration(milliseconds(seconds))),
            ],
        ),
        None => Piece::key("flow_details.longlived_flow_descr", [entity(event)]),
    }];
    if let Some(seconds) = fields.number("limit").filter(|limit| *limit > 0) {
        let amount = arg("amount", Value::Duration(milliseconds(seconds)));
        pieces.push(Piece::plain(" "));
        pieces.push(Piece::key("flow_details.longlived_exceeded", [amount]));
    }
    pieces
}

/// From when until when a certificate is valid.
fn expired(event: &Event) -> Piece {
    let fields = Fields(event);
    let time = |name: &str| {
        let seconds = fields.number(name).filter(|seconds| *seconds > 0)?;
        Some(arg(name, Value::Instant(milliseconds(seconds))))
    };
    match (time("from"), time("until")) {
        (Some(from), Some(until)) => Piece::key(
            "flow_details.tls_certificate_validity",
            [entity(event), from, until],
        ),
        (None, Some(until)) => {
            Piece::key("flow_details.tls_certificate_until", [entity(event), until])
        }
        (_, None) => Piece::key(
            "flow_details.tls_certificate_expired_descr",
            [entity(event)],
        ),
    }
}

fn entity(event: &Event) -> Arg {
    arg("entity", event.entity.clone())
}

/// Packets come in whole numbers; a rate of them is rounded up, and none is 0.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast to an integer saturates, and NaN is 0"
)]
fn whole(number: Option<f64>) -> i64 {
    number.map_or(0, |number| number.ceil() as i64)
}

fn milliseconds(seconds: u64) -> u64 {
    seconds.saturating_mul(1000)
}
