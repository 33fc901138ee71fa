//! What logs in to a mail server: filled where its places allow it, into a type that does not print.

use campanile_contract::manifest::Place;
use zeroize::Zeroizing;

use super::{Attempt, Filler};
use crate::egress::failure::Failure;
use crate::egress::sender::{MAX_SECRET_BYTES, Sender};
use crate::message::{Login, Mail};
use crate::outcome::Reason;

/// A user, and what proves it.
pub(in crate::egress) struct Credentials {
    pub(in crate::egress) user: Zeroizing<String>,
    pub(in crate::egress) secret: Zeroizing<String>,
    /// Whether that is an OAuth 2.0 token, and no password.
    pub(in crate::egress) is_token: bool,
}

/// Fills a mail's login, if it has one, and if one route to the server allows the mail and every secret
/// of that in its place.
pub(in crate::egress) fn login(
    sender: &Sender,
    mail: &Mail,
    attempt: Attempt<'_>,
) -> Result<Option<Credentials>, Failure> {
    let routes: Vec<_> = sender.routes.leading_mail(&mail.server).collect();
    let shown = || format!("mail through {}", mail.server.escape_debug());
    let mut filler = Filler::new(sender, attempt);
    let Some(login) = &mail.login else {
        return filler.allow_places(&routes, &shown).map(|()| None);
    };
    let (_, [(_, user), (_, secret)]) = login.fields();
    let user = filler.render(user, &Place::MailUser)?;
    let secret = filler.render(secret, &Place::MailPassword)?;
    filler.allow_places(&routes, &shown)?;
    for field in [&user, &secret] {
        // What frames the two in every mechanism is a control character.
        if field.value.chars().any(char::is_control) {
            let reason = if field.sensitive {
                Reason::EnterSecretAgain
            } else {
                Reason::HeaderValue
            };
            return Err(Failure::new(
                reason,
                "a mail's user or password has control characters",
            ));
        }
        if field.size > MAX_SECRET_BYTES {
            return Err(Failure::new(
                Reason::RequestTooLarge,
                format!("a mail's user or password has more than {MAX_SECRET_BYTES} bytes"),
            ));
        }
    }
    Ok(Some(Credentials {
        user: user.value,
        secret: secret.value,
        is_token: matches!(login, Login::Xoauth2 { .. }),
    }))
}
