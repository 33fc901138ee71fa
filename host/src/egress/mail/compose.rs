//! The mail as bytes, with the headers that are the host's. The same mail has the same bytes, but for its
//! date. Pure.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{MessageBuilder, MultiPart, SinglePart};
use sha2::{Digest, Sha256};

use super::encoded::encoded;
use crate::egress::failure::Failure;
use crate::egress::fill::Attempt;
use crate::egress::sender::Sender;
use crate::message::Mail;
use crate::outcome::Reason;

/// Puts a judged mail together.
pub(super) fn compose(
    sender: &Sender,
    mail: &Mail,
    number: u32,
    attempt: Attempt<'_>,
) -> Result<Vec<u8>, Failure> {
    let number = mail.repeat.as_ref().map_or(number, |repeat| repeat.message);
    let domain = mail.from.rsplit('@').next().unwrap_or_default();
    let own = format!("{}.{number}", attempt.delivery_id);
    let at = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_millis(attempt.now))
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let builder = MessageBuilder::new().from(mailbox(mail.from_name.as_deref(), &mail.from)?);
    let subject = mail.subject.clone();
    let builder = match encoded(&subject) {
        None => builder.subject(subject),
        Some(words) => {
            let name = HeaderName::new_from_ascii_str("Subject");
            builder.raw_header(HeaderValue::dangerous_new_pre_encoded(name, subject, words))
        }
    };
    let mut builder = builder
        .date(at)
        .message_id(Some(format!("<{own}@{domain}>")));
    for address in &mail.to {
        builder = builder.to(mailbox(None, address)?);
    }
    for address in &mail.cc {
        builder = builder.cc(mailbox(None, address)?);
    }
    let mut threads: Vec<String> = Vec::new();
    for fingerprint in &mail.threads {
        let thread = format!("<{}@{domain}>", sender.thread(fingerprint));
        if !threads.contains(&thread) {
            threads.push(thread);
        }
    }
    if let [thread] = threads.as_slice() {
        builder = builder.in_reply_to(thread.clone());
    }
    if !threads.is_empty() {
        builder = builder.references(threads.join(" "));
    }
    builder = header(builder, "Auto-Submitted", "auto-generated")?;
    for (name, value) in &mail.headers {
        builder = header(builder, name, value)?;
    }
    let text = part(ContentType::TEXT_PLAIN, &mail.text);
    let composed = match &mail.html {
        None => builder.singlepart(text),
        Some(html) => builder.multipart(
            // No component knows the delivery's id, so none can write this boundary.
            MultiPart::alternative()
                .boundary(boundary(&own))
                .singlepart(text)
                .singlepart(part(ContentType::TEXT_HTML, html)),
        ),
    };
    let composed = composed
        .map_err(|_| Failure::new(Reason::MailAddress, "the mail cannot be put together"))?;
    let mut bytes = composed.formatted();
    // The end of the mail is written with a line end of its own.
    while bytes.ends_with(b"\r\n") {
        bytes.truncate(bytes.len() - 2);
    }
    Ok(bytes)
}

/// Quoted-printable, whatever the text: lines of any length, and characters of any kind, arrive as they are.
fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder()
        .header(kind)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(with_crlf(text))
}

/// Every line end as CRLF: the client doubles a dot only behind one.
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\n', "\r\n")
}

fn mailbox(name: Option<&str>, address: &str) -> Result<lettre::message::Mailbox, Failure> {
    let address = address.parse().map_err(|_| {
        Failure::new(
            Reason::MailAddress,
            format!("{} is no mail address", address.escape_debug()),
        )
    })?;
    Ok(lettre::message::Mailbox::new(
        name.map(str::to_owned),
        address,
    ))
}

fn header(builder: MessageBuilder, name: &str, value: &str) -> Result<MessageBuilder, Failure> {
    let name = HeaderName::new_from_ascii(name.to_owned())
        .map_err(|_| Failure::new(Reason::HeaderName, "a header has no name"))?;
    Ok(builder.raw_header(HeaderValue::new(name, value.to_owned())))
}

fn boundary(own: &str) -> String {
    let digest = Sha256::digest(own.as_bytes());
    let digits: String = digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("campanile-{digits}")
}
