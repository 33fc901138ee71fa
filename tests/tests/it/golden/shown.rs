//! Messages as a component returned them, secrets as holes.

use std::fmt::Write;

use campanile::message::{Body, HttpRequest, Message, Part, Scheme};

use super::requests::{lines, visible};

/// Messages, one after the other.
pub(super) fn messages(messages: &[Message]) -> String {
    let shown: Vec<_> = messages
        .iter()
        .map(|message| match message {
            Message::Http(request) => http(request),
            Message::Mail(_) | Message::Syslog(_) => campanile::egress::shown(message),
        })
        .collect();
    shown.join("\n------\n\n")
}

/// The body of a message, with a number for each hole: it may stand in a string or alone.
pub(super) fn body(message: &Message) -> String {
    let request = match message {
        Message::Http(request) => request,
        Message::Mail(mail) => return mail.text.clone(),
        Message::Syslog(line) => return line.message.clone(),
    };
    let Body::Text(parts) = &request.body else {
        panic!("no text in {request:?}")
    };
    let filled = parts.iter().map(|part| match part {
        Part::Text(text) => text.as_str(),
        Part::Secret(..) | Part::Fact(..) => "17",
    });
    filled.collect()
}

fn http(request: &HttpRequest) -> String {
    let mut out = format!("{} {}\n", request.method, template(&request.url));
    assert!(request.query.is_empty(), "no component has a query yet");
    for (name, value) in &request.headers {
        let _ = writeln!(out, "{name}: {}", template(value));
    }
    for scheme in &request.auth {
        out.push_str(&match scheme {
            Scheme::Authorization { value } => format!("({})\n", template(value)),
            Scheme::Basic { user, password } => {
                format!("(basic {}:{})\n", template(user), template(password))
            }
            Scheme::StandardWebhooks { key } => format!("(standard-webhooks by {key})\n"),
            Scheme::HmacSha256 {
                key,
                header,
                prefix,
            } => format!("(hmac-sha256 by {key}: {header}: {prefix})\n"),
        });
    }
    let Body::Text(parts) = &request.body else {
        panic!("no text in {request:?}")
    };
    out.push('\n');
    out.push_str(&visible(&lines(&template(parts))));
    out.push('\n');
    out
}

fn template(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Secret(name, encoding) => format!("{{secret {name} {encoding:?}}}"),
            Part::Fact(fact, encoding) => format!("{{{fact:?} {encoding:?}}}"),
        })
        .collect()
}
