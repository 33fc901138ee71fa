//! Step 8: what a component may say of a response. Judged before anything is made of it, as a batch is.

use campanile_contract::manifest::Manifest;
use campanile_contract::params;

use crate::job::Stored;
use crate::message::{Message, Part, Template, Verdict};
use crate::outcome::Reason;
use crate::sandbox::Fault;

/// Follow-up messages of one delivery.
const FOLLOW_UPS: usize = 16;

/// A receipt or a tag that a component may leave, in bytes.
const NAME: usize = 1 << 10;

/// What a verdict must be before anything is made of it.
///
/// # Errors
///
/// A fault that names what is not allowed: an alert that the delivery does not carry or that is named twice,
/// a receipt or tag over the limit, a follow-up to another origin or one too many, or a change of a
/// parameter that is not the recipient's own.
pub(super) fn allowed(
    verdict: &Verdict,
    manifest: &Manifest,
    delivery: &Stored,
) -> Result<(), Fault> {
    positions(verdict, delivery)?;
    if let Some((next, tag)) = &verdict.next {
        short("a tag", tag)?;
        if delivery.messages.len() > FOLLOW_UPS {
            return Err(Fault::new(
                Reason::FollowUp,
                format!("more than {FOLLOW_UPS} follow-up messages"),
            ));
        }
        let Some(before) = delivery.messages.get(delivery.progress as usize) else {
            return Err(Fault::new(
                Reason::FollowUp,
                "there is no message to follow",
            ));
        };
        if destination(next).is_none() || destination(next) != destination(before) {
            return Err(Fault::new(
                Reason::FollowUp,
                "a follow-up goes to where the response came from",
            ));
        }
    }
    for changed in &verdict.changed {
        let own = manifest
            .recipient_params
            .iter()
            .find(|spec| spec.name == changed.name);
        let problems = own
            .map(|spec| params::check(std::slice::from_ref(spec), std::slice::from_ref(changed)));
        if own.is_none_or(|spec| spec.kind.is_secret())
            || problems.is_some_and(|problems| !problems.is_empty())
        {
            return Err(Fault::new(
                Reason::InvalidParameters,
                format!(
                    "the component may not change the parameter `{}` to this value",
                    changed.name
                ),
            ));
        }
    }
    Ok(())
}

/// Checks which alerts a verdict names, and what it leaves for them.
fn positions(verdict: &Verdict, delivery: &Stored) -> Result<(), Fault> {
    let carried = delivery.jobs.len();
    let named = verdict.exceptions.iter().map(|(alert, ..)| *alert);
    let left = verdict.receipts.iter().map(|(alert, _)| *alert);
    if let Some(alert) = named.chain(left).find(|alert| *alert as usize >= carried) {
        return Err(Fault::new(
            Reason::UnknownAlert,
            format!("alert {alert} is named, but the delivery carries {carried}, counted from 0"),
        ));
    }
    let mut seen = vec![false; carried];
    for (alert, ..) in &verdict.exceptions {
        if std::mem::replace(&mut seen[*alert as usize], true) {
            return Err(Fault::new(
                Reason::Contradiction,
                format!("alert {alert} is named twice in one verdict"),
            ));
        }
    }
    verdict
        .receipts
        .iter()
        .try_for_each(|(_, receipt)| short("a receipt", receipt))
}

fn short(what: &str, text: &str) -> Result<(), Fault> {
    if text.len() > NAME {
        return Err(Fault::new(
            Reason::AnswerTooLarge,
            format!("{what} has {} bytes, {NAME} are allowed", text.len()),
        ));
    }
    Ok(())
}

/// Where a message goes: scheme, host and port, or the secret that holds them, or a mail or syslog server.
#[derive(PartialEq, Eq)]
enum Origin {
    Secret(String),
    Of(url::Origin),
    Mail(String),
    Syslog(String),
}

fn destination(message: &Message) -> Option<Origin> {
    match message {
        Message::Http(request) => origin(&request.url),
        Message::Mail(mail) => Some(Origin::Mail(mail.server.clone())),
        Message::Syslog(line) => Some(Origin::Syslog(line.server.clone())),
    }
}

/// Stands for a hole while an origin is looked for.
const HOLE: &str = "hole";

/// Where an unfilled URL leads, by the parser that the way out uses too: a spelling such as `http:/host`, or
/// an address in pieces, leads where it leads there. `None` where nobody can tell.
fn origin(url: &Template) -> Option<Origin> {
    // A secret URL is one hole, with or without a path behind it, and its origin that of the parameter.
    if let [Part::Secret(name, _), ..] = url.as_slice() {
        return Some(Origin::Secret(name.clone()));
    }
    let text: String = url
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_str(),
            // A hole in scheme or host makes another origin of it, and none is allowed there.
            Part::Secret(..) | Part::Fact(..) => HOLE,
        })
        .collect();
    let origin = url::Url::parse(&text).ok()?.origin();
    origin.is_tuple().then_some(Origin::Of(origin))
}
