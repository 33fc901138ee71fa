//! Step 7 up to the door and no further: a message is judged and filled as it would be sent, and let go.

use campanile_contract::manifest::Place;

use super::Failure;
use super::fill::{Attempt, filled_with_places};
use super::sender::Sender;
use crate::clock::Millis;
use crate::message::{Login, Message, Part, Template};

/// What would have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// Every secret that stands in it, as a hole names it, with its place.
    pub stands: Vec<(String, Place)>,
    /// Bytes of its body, or of a syslog line.
    pub body: usize,
}

/// Judges and fills a message; nothing is dialled. Plain `http` counts as granted: whether it is decides the
/// operator.
///
/// # Errors
///
/// The policy's refusal.
pub fn rehearse(sender: &Sender, message: &Message, now: Millis) -> Result<Rehearsed, Failure> {
    let attempt = Attempt {
        delivery_id: "01a20121-3f93-7e8c-9662-000000000000",
        now,
        clear: true,
    };
    match message {
        Message::Http(request) => {
            let (filled, stands) = filled_with_places(sender, request, attempt)?;
            Ok(Rehearsed {
                stands,
                body: filled.body.len(),
            })
        }
        Message::Mail(mail) => Ok(Rehearsed {
            body: super::mail::rehearse(sender, mail, attempt)?,
            stands: mail.login.as_ref().map(logged_in).unwrap_or_default(),
        }),
        Message::Syslog(line) => Ok(Rehearsed {
            body: super::syslog::rehearse(sender, line, attempt)?,
            stands: Vec::new(),
        }),
    }
}

/// The secrets of a login, which its judge let stand there.
fn logged_in(login: &Login) -> Vec<(String, Place)> {
    let (user, password) = match login {
        Login::Basic { user, password } => (user, password),
        Login::Xoauth2 { user, token } => (user, token),
    };
    let of = |template: &Template, place: Place| {
        let secrets = template.iter().filter_map(|part| match part {
            Part::Secret(name, _) => Some(name.clone()),
            Part::Text(_) | Part::Fact(..) => None,
        });
        secrets
            .map(|name| (name, place.clone()))
            .collect::<Vec<_>>()
    };
    [of(user, Place::MailUser), of(password, Place::MailPassword)].concat()
}
