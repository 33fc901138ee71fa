//! Whether a mail may be sent, before anything of it is filled in or anybody is dialled. Pure.

use campanile_contract::params::{MOST_ADDRESSES, MailServer};

use crate::egress::failure::Failure;
use crate::egress::sender::Sender;
use crate::egress::{MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADERS};
use crate::message::Mail;
use crate::outcome::Reason;

/// The longest line of a mail, RFC 5322, section 2.1.1: more is no subject.
pub const MAX_SUBJECT_BYTES: usize = 998;

/// The longest name of a sender: programs show less.
const MAX_NAME_BYTES: usize = 256;

/// The most conditions that one mail refers to: as many as one call is given by default.
pub const MAX_THREADS: usize = 100;

/// Headers that say who wrote to whom, when and about what, how the mail is built, and what servers on the
/// way put there.
const OWNED: [&str; 20] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "auto-submitted",
    "return-path",
    "received",
    "delivered-to",
    "disposition-notification-to",
    "return-receipt-to",
    "errors-to",
    "apparently-to",
];

/// The same, by how they begin.
const OWNED_PREFIXES: [&str; 5] = ["content-", "resent-", "dkim-", "arc-", "authentication-"];

/// The server, if sender, addresses, headers and sizes are allowed.
pub(super) fn judge(sender: &Sender, mail: &Mail) -> Result<MailServer, Failure> {
    let nowhere = || {
        Failure::new(
            Reason::Route,
            format!(
                "no route leads to the mail server {}",
                mail.server.escape_debug()
            ),
        )
    };
    let server = MailServer::parse(&mail.server).ok_or_else(nowhere)?;
    if sender.routes.leading_mail(&mail.server).next().is_none() {
        return Err(nowhere());
    }
    addresses(sender, mail)?;
    headers(mail)?;
    if mail.subject.chars().any(char::is_control) {
        return Err(Failure::new(
            Reason::HeaderValue,
            "the subject has a line end or another control character",
        ));
    }
    let name = mail.from_name.as_deref().unwrap_or_default();
    if name.chars().any(char::is_control) {
        return Err(Failure::new(
            Reason::HeaderValue,
            "the sender's name has a line end or another control character",
        ));
    }
    let body = mail.text.len() + mail.html.as_ref().map_or(0, String::len);
    for (what, size, limit) in [
        ("bytes of subject", mail.subject.len(), MAX_SUBJECT_BYTES),
        ("bytes of the sender's name", name.len(), MAX_NAME_BYTES),
        ("bytes of text and HTML", body, MAX_BODY_BYTES),
        ("threads", mail.threads.len(), MAX_THREADS),
        ("addresses", mail.addresses().count(), MOST_ADDRESSES),
    ] {
        if size > limit {
            return Err(Failure::new(
                Reason::RequestTooLarge,
                format!("{size} {what}, {limit} are allowed"),
            ));
        }
    }
    Ok(server)
}

fn addresses(sender: &Sender, mail: &Mail) -> Result<(), Failure> {
    if mail.addresses().next().is_none() {
        return Err(Failure::new(
            Reason::MailAddress,
            "the mail has no recipient",
        ));
    }
    let repeated = mail.repeat.iter().flat_map(|repeat| &repeat.to);
    let all = std::iter::once(mail.from.as_str())
        .chain(mail.addresses())
        .chain(repeated.map(String::as_str));
    for address in all {
        if !sender.may_write_to(address) {
            return Err(Failure::new(
                Reason::MailAddress,
                format!("no parameter holds the address {}", address.escape_debug()),
            ));
        }
    }
    Ok(())
}

fn headers(mail: &Mail) -> Result<(), Failure> {
    let refused = |reason, what: &str, name: &str| {
        Err(Failure::new(
            reason,
            format!("the header `{}` {what}", name.escape_debug()),
        ))
    };
    let mut names: Vec<String> = Vec::new();
    let mut size = 0;
    for (name, value) in &mail.headers {
        let lower = name.to_ascii_lowercase();
        // RFC 5322, section 3.6.8, without what only confuses.
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let owned = OWNED.contains(&lower.as_str())
            || OWNED_PREFIXES
                .iter()
                .any(|prefix| lower.starts_with(prefix));
        if !is_name || owned {
            return refused(Reason::HeaderName, "is not a component's to set", name);
        }
        if names.contains(&lower) {
            return refused(Reason::HeaderName, "is set twice", name);
        }
        if !value
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            return refused(Reason::HeaderValue, "has more than printable ASCII", name);
        }
        size += name.len() + value.len();
        names.push(lower);
    }
    if names.len() > MAX_HEADERS || size > MAX_HEADER_BYTES {
        return Err(Failure::new(
            Reason::RequestTooLarge,
            format!("more than {MAX_HEADERS} headers or {MAX_HEADER_BYTES} bytes of them"),
        ));
    }
    Ok(())
}
