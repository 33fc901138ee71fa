//! Step 8, a mail that not every address took. Those that refused it for a while are sent it again by the
//! host, for a while; no component is asked about that, and nothing of it undoes what others already have.

use std::fmt::Write;
use std::time::Duration;

use super::settle::Judged;
use crate::clock::Millis;
use crate::egress::{Failure, Received, Report};
use crate::job::Stored;
use crate::message::{Mail, Message, Repeat};
use crate::outcome::{Outcome, Reason, judge_failure, judge_reply};

/// How long an address that says "not now" is tried again: grey lists want some minutes, a quarter of an
/// hour at most. Later news of the same condition wait behind it, so it is no longer.
const PATIENCE: Duration = Duration::from_secs(40 * 60);

/// Messages that may follow the first, as for a component's own.
const FOLLOW_UPS: usize = 16;

/// An attempt's detail, in bytes.
const DETAIL: usize = 1 << 10;

/// What the host says of a mail server's answer.
pub(super) fn judge(status: u16, report: &Report) -> Judged {
    let (outcome, reason) = judge_reply(status, !report.refused.is_empty());
    Judged::host(outcome, reason, Some(status), detail(status, report))
}

/// Adds what the host does of its own accord to what host and component made of a mail: who refused it is
/// told, and those that may take it later get it later, unless the component has other plans.
pub(super) fn for_the_refused(
    mut judged: Judged,
    mail: &Mail,
    delivery: &Stored,
    report: &Report,
    now: Millis,
) -> Judged {
    if report.refused.is_empty() {
        return judged;
    }
    let told = judged.status.and_then(|status| detail(status, report));
    judged.detail = match (told, judged.detail) {
        (Some(told), Some(words)) if words != told => Some(cut(format!("{words}; {told}"))),
        (told, words) => told.or(words),
    };
    let until = now + u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
    if judged.outcome == Outcome::Delivered && judged.next.is_none() {
        again(
            &mut judged,
            mail,
            delivery,
            report,
            delivery.progress,
            until,
        );
    }
    judged
}

/// What a repeat comes to. Others have the mail already, so nothing makes it a failure.
pub(super) fn repeated(
    mail: &Mail,
    repeat: &Repeat,
    delivery: &Stored,
    sent: Result<Received, Failure>,
    now: Millis,
) -> Judged {
    let report = match &sent {
        Ok(received) => received.mail.clone().unwrap_or_default(),
        Err(_) => Report::default(),
    };
    let mut judged = match sent {
        Ok(received) => judge(received.status, &report),
        Err(failure) => {
            let outcome = judge_failure(failure.reason);
            Judged::host(outcome, failure.reason, None, Some(failure.detail))
        }
    };
    match judged.outcome {
        Outcome::Delivered if now < repeat.until => {
            again(
                &mut judged,
                mail,
                delivery,
                &report,
                repeat.message,
                repeat.until,
            );
        }
        Outcome::Delivered => {}
        Outcome::Retry { .. } if now < repeat.until => {}
        _ => {
            (judged.outcome, judged.reason) = (Outcome::Delivered, Reason::SomeRefused);
        }
    }
    judged
}

/// The same mail once more, for those that may take it later.
fn again(
    judged: &mut Judged,
    mail: &Mail,
    delivery: &Stored,
    report: &Report,
    message: u32,
    until: Millis,
) {
    let to: Vec<String> = report.later().map(str::to_owned).collect();
    if to.is_empty() || delivery.messages.len() > FOLLOW_UPS {
        return;
    }
    let repeat = Some(Repeat { message, to, until });
    let mail = Mail {
        repeat,
        ..mail.clone()
    };
    judged.next = Some((Message::Mail(mail), delivery.tag.clone()));
    judged.later = true;
}

/// Who refused it, or the server's last word where it was no success.
fn detail(status: u16, report: &Report) -> Option<String> {
    let mut text = String::new();
    for refused in &report.refused {
        let between = if text.is_empty() { "refused: " } else { ", " };
        let _ = write!(
            text,
            "{between}{} ({} {})",
            refused.address, refused.code, refused.reply
        );
    }
    if text.is_empty() && !(200..300).contains(&status) {
        text = format!("{status} {}", report.reply);
    }
    let text = cut(text.trim_end().to_owned());
    (!text.is_empty()).then_some(text)
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(DETAIL));
    text
}

#[cfg(test)]
mod tests;
