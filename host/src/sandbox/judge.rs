//! What a batch must be before anything is made of it. Pure, and run by who asked, not by who answered.

use crate::message::{Batch, Message};
use crate::outcome::Reason;

use super::boundary::Fault;
use super::limits::Limits;

/// Checks a batch against what was given out: positions, contradictions, counts and sizes.
///
/// # Errors
///
/// A fault that names the first rule that is broken. Nothing of such a batch is used.
pub fn judge(batch: Batch, given: usize, limits: &Limits) -> Result<Batch, Fault> {
    if batch.deliveries.len() > limits.deliveries {
        return Err(Fault::new(
            Reason::AnswerTooLarge,
            format!(
                "{} deliveries in one answer, {} are allowed",
                batch.deliveries.len(),
                limits.deliveries
            ),
        ));
    }
    let mut named = vec![false; given];
    let mut name = |alert: u32| match named.get_mut(alert as usize) {
        None => Err(Fault::new(
            Reason::UnknownAlert,
            format!("alert {alert} is named, but {given} were given out, counted from 0"),
        )),
        Some(named) if *named => Err(Fault::new(
            Reason::Contradiction,
            format!("alert {alert} is named twice in one answer"),
        )),
        Some(named) => {
            *named = true;
            Ok(())
        }
    };
    for (position, delivery) in batch.deliveries.iter().enumerate() {
        if delivery.alerts.is_empty() || delivery.messages.is_empty() {
            let what = if delivery.alerts.is_empty() {
                "alerts"
            } else {
                "messages"
            };
            return Err(Fault::new(
                Reason::EmptyDelivery,
                format!("delivery {position} has no {what}"),
            ));
        }
        check_messages(&delivery.messages, limits)?;
        check_name("the tag", &delivery.tag, limits)?;
        delivery.alerts.iter().try_for_each(|alert| name(*alert))?;
    }
    for refusal in &batch.refused {
        check_name("the reason of a refusal", &refusal.reason, limits)?;
        name(refusal.alert)?;
    }
    Ok(batch)
}

/// Checks how many messages there are.
///
/// # Errors
///
/// Where there are none, or too many.
pub fn check_messages(messages: &[Message], limits: &Limits) -> Result<(), Fault> {
    match messages.len() {
        0 => Err(Fault::new(Reason::EmptyDelivery, "there is no message")),
        count if count > limits.messages => Err(Fault::new(
            Reason::AnswerTooLarge,
            format!(
                "{count} messages in one delivery, {} are allowed",
                limits.messages
            ),
        )),
        _ => Ok(()),
    }
}

fn check_name(what: &str, name: &str, limits: &Limits) -> Result<(), Fault> {
    if name.len() > limits.name {
        return Err(Fault::new(
            Reason::AnswerTooLarge,
            format!(
                "{what} has {} bytes, {} are allowed",
                name.len(),
                limits.name
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Body, Delivery, HttpRequest, Refusal};

    fn delivery(alerts: &[u32]) -> Delivery {
        let request = HttpRequest {
            method: String::from("POST"),
            url: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            auth: Vec::new(),
            body: Body::None,
        };
        Delivery {
            alerts: alerts.to_vec(),
            messages: vec![Message::Http(request)],
            tag: String::new(),
        }
    }

    fn refused(alert: u32) -> Refusal {
        Refusal {
            alert,
            reason: String::from("no"),
        }
    }

    fn verdict(deliveries: Vec<Delivery>, refused: Vec<Refusal>) -> Option<Reason> {
        let limits = Limits {
            deliveries: 3,
            ..Limits::default()
        };
        judge(
            Batch {
                deliveries,
                refused,
            },
            3,
            &limits,
        )
        .err()
        .map(|fault| fault.reason)
    }

    #[test]
    fn a_batch_names_each_alert_that_was_given_at_most_once() {
        let rows = [
            ("nothing at all", vec![], vec![], None),
            (
                "each alone",
                vec![delivery(&[0]), delivery(&[1]), delivery(&[2])],
                vec![],
                None,
            ),
            (
                "all together, in any order",
                vec![delivery(&[2, 0, 1])],
                vec![],
                None,
            ),
            (
                "some sent, some refused",
                vec![delivery(&[1])],
                vec![refused(0)],
                None,
            ),
            (
                "the first that was not given",
                vec![delivery(&[3])],
                vec![],
                Some(Reason::UnknownAlert),
            ),
            (
                "far off",
                vec![delivery(&[u32::MAX])],
                vec![],
                Some(Reason::UnknownAlert),
            ),
            (
                "refuses what was not given",
                vec![],
                vec![refused(3)],
                Some(Reason::UnknownAlert),
            ),
            (
                "twice in one delivery",
                vec![delivery(&[1, 1])],
                vec![],
                Some(Reason::Contradiction),
            ),
            (
                "in two deliveries",
                vec![delivery(&[1]), delivery(&[1])],
                vec![],
                Some(Reason::Contradiction),
            ),
            (
                "sent and refused",
                vec![delivery(&[1])],
                vec![refused(1)],
                Some(Reason::Contradiction),
            ),
            (
                "a delivery of no alert",
                vec![delivery(&[])],
                vec![],
                Some(Reason::EmptyDelivery),
            ),
            (
                "a delivery of no message",
                vec![Delivery {
                    messages: Vec::new(),
                    ..delivery(&[0])
                }],
                vec![],
                Some(Reason::EmptyDelivery),
            ),
            (
                "too many deliveries",
                vec![
                    delivery(&[0]),
                    delivery(&[1]),
                    delivery(&[2]),
                    delivery(&[0]),
                ],
                vec![],
                Some(Reason::AnswerTooLarge),
            ),
            (
                "a tag over the limit",
                vec![Delivery {
                    tag: "x".repeat(1025),
                    ..delivery(&[0])
                }],
                vec![],
                Some(Reason::AnswerTooLarge),
            ),
            (
                "a tag at the limit",
                vec![Delivery {
                    tag: "x".repeat(1024),
                    ..delivery(&[0])
                }],
                vec![],
                None,
            ),
        ];
        for (name, deliveries, refused, expected) in rows {
            assert_eq!(verdict(deliveries, refused), expected, "{name}");
        }
    }
}
