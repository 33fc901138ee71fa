//! Step 7, how a request is shown to people: unfilled, so that it can be printed, stored and passed on.

use std::fmt::Write;

use url::form_urlencoded::byte_serialize;

use crate::alert::time;
use crate::message::{Body, Fact, Field, HttpRequest, Mail, Message, Part, Scheme, Syslog};

/// Request line, headers and body, with `⟨secret token⟩` in place of secrets. Control characters, and
/// those that turn text around, are escaped: it may be printed on a terminal.
#[must_use]
pub fn shown(message: &Message) -> String {
    let mut out = String::new();
    match message {
        Message::Http(request) => show_request(&mut out, request),
        Message::Mail(mail) => show_mail(&mut out, mail),
        Message::Syslog(line) => show_line(&mut out, line),
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Server, headers and both bodies. What the host adds is not shown: it is made as the mail is sent.
fn show_mail(out: &mut String, mail: &Mail) {
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{}: {}", escaped(name, false), escaped(value, false));
    };
    line("mail by", &mail.server);
    if let Some(repeat) = &mail.repeat {
        line("once more to", &repeat.to.join(", "));
    }
    match &mail.from_name {
        Some(name) => line("From", &format!("{name} <{}>", mail.from)),
        None => line("From", &mail.from),
    }
    line("To", &mail.to.join(", "));
    if !mail.cc.is_empty() {
        line("Cc", &mail.cc.join(", "));
    }
    line("Subject", &mail.subject);
    for (name, value) in &mail.headers {
        line(name, value);
    }
    if let Some(login) = &mail.login {
        let (scheme, [(user, its), (secret, other)]) = login.fields();
        let (its, other) = (template(its), template(other));
        let _ = writeln!(out, "login: {scheme}, {user} {its}, {secret} {other}");
    }
    if !mail.threads.is_empty() {
        let _ = writeln!(out, "References: ⟨{} threads⟩", mail.threads.len());
    }
    let _ = write!(out, "\n{}", escaped(&mail.text, true));
    if let Some(html) = &mail.html {
        if !out.ends_with('\n') {
            out.push('\n');
        }
        let _ = write!(out, "\n⟨html⟩\n{}", escaped(html, true));
    }
}

/// Field by field: the host escapes and puts them together as the line is sent.
fn show_line(out: &mut String, given: &Syslog) {
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{}: {}", escaped(name, false), escaped(value, false));
    };
    line("syslog to", &given.server);
    line("facility", &given.facility.to_string());
    line("severity", &given.severity.to_string());
    line("timestamp", &time::format(given.timestamp));
    line("hostname", &given.hostname);
    line("app-name", &given.app_name);
    if let Some(id) = &given.message_id {
        line("message-id", id);
    }
    for element in &given.structured_data {
        for (name, value) in &element.params {
            line(&format!("{} {name}", element.id), value);
        }
    }
    let _ = write!(out, "\n{}", escaped(&given.message, true));
}

fn show_request(out: &mut String, request: &HttpRequest) {
    request_line(out, request);
    for (name, value) in &request.headers {
        let _ = writeln!(out, "{}: {}", escaped(name, false), template(value));
    }
    for scheme in &request.auth {
        out.push_str(&scheme_lines(scheme));
    }
    match &request.body {
        Body::None => {}
        Body::Text(parts) => {
            let _ = write!(out, "\n{}", body_template(parts));
        }
        Body::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => {
                let _ = write!(out, "\n{}", escaped(text, true));
            }
            Err(_) => {
                let _ = write!(out, "\n⟨{} bytes⟩", bytes.len());
            }
        },
        Body::Form(fields) => {
            let _ = write!(out, "\n{}", form(fields));
        }
    }
}

fn request_line(out: &mut String, request: &HttpRequest) {
    let _ = write!(
        out,
        "{} {}",
        escaped(&request.method, false),
        template(&request.url)
    );
    if !request.query.is_empty() {
        let has_query = request
            .url
            .iter()
            .any(|part| matches!(part, Part::Text(text) if text.contains('?')));
        let _ = write!(
            out,
            "{}{}",
            if has_query { '&' } else { '?' },
            form(&request.query)
        );
    }
    out.push('\n');
}

fn scheme_lines(scheme: &Scheme) -> String {
    match scheme {
        Scheme::Authorization { value } => format!("authorization: {}\n", template(value)),
        Scheme::Basic { user, password } => {
            format!(
                "authorization: Basic ⟨base64 of {}:{}⟩\n",
                template(user),
                template(password)
            )
        }
        Scheme::StandardWebhooks { key } => {
            let key = escaped(key, false);
            format!(
                "webhook-id: ⟨delivery-id⟩\nwebhook-timestamp: ⟨unix-seconds⟩\nwebhook-signature: ⟨signature by {key}⟩\n"
            )
        }
        Scheme::HmacSha256 {
            key,
            header,
            prefix,
        } => {
            let [header, prefix, key] = [header, prefix, key].map(|text| escaped(text, false));
            format!("{header}: {prefix}⟨signature by {key}⟩\n")
        }
    }
}

fn form(fields: &[Field]) -> String {
    let pair = |(name, value): &Field| {
        let name: String = byte_serialize(name.as_bytes()).collect();
        format!(
            "{name}={}",
            parts(value, |text| byte_serialize(text.as_bytes()).collect())
        )
    };
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn template(value: &[Part]) -> String {
    parts(value, |text| escaped(text, false))
}

fn body_template(value: &[Part]) -> String {
    parts(value, |text| escaped(text, true))
}

fn parts(value: &[Part], text: impl Fn(&str) -> String) -> String {
    let part = |part: &Part| match part {
        Part::Text(inner) => text(inner),
        Part::Secret(name, _) => format!("⟨secret {}⟩", escaped(name, false)),
        Part::Fact(Fact::DeliveryId, _) => "⟨delivery-id⟩".to_owned(),
        Part::Fact(Fact::UnixSeconds, _) => "⟨unix-seconds⟩".to_owned(),
        Part::Fact(Fact::Rfc3339, _) => "⟨rfc3339⟩".to_owned(),
    };
    value.iter().map(part).collect()
}

/// Text that a terminal or page shows as it is, and nothing else does. The brackets of holes are escaped
/// too, so that no text can pass for one.
fn escaped(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let plain = lines && matches!(character, '\n' | '\t');
        if !plain && (character.is_control() || is_deceptive(character)) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// Bidirectional controls (Unicode 3.9.1 of UAX 9), invisible separators, and our own brackets.
fn is_deceptive(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '⟨' | '⟩'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Encoding;

    fn text(text: &str) -> Part {
        Part::Text(text.into())
    }

    #[test]
    fn a_request_is_shown_with_its_holes() {
        let secret = || Part::Secret("token".into(), Encoding::Percent);
        let mut request = HttpRequest {
            method: "POST".into(),
            url: vec![text("https://api.example/bot"), secret(), text("/send")],
            query: vec![
                ("a b".into(), vec![text("c&d")]),
                ("k".into(), vec![secret()]),
            ],
            headers: vec![(
                "X-Id".into(),
                vec![Part::Fact(Fact::DeliveryId, Encoding::Raw)],
            )],
            auth: vec![Scheme::Authorization {
                value: vec![text("Bearer "), secret()],
            }],
            body: Body::Text(vec![text("{\n\t\"a\": \""), secret(), text("\"}")]),
        };
        assert_eq!(
            shown(&Message::Http(request.clone())),
            "POST https://api.example/bot⟨secret token⟩/send?a+b=c%26d&k=⟨secret token⟩\n\
             X-Id: ⟨delivery-id⟩\nauthorization: Bearer ⟨secret token⟩\n\n\
             {\n\t\"a\": \"⟨secret token⟩\"}\n"
        );
        request.url = vec![
            Part::Secret("hook".into(), Encoding::Raw),
            text("/messages/1"),
        ];
        assert!(
            shown(&Message::Http(request.clone()))
                .starts_with("POST ⟨secret hook⟩/messages/1?a+b=c%26d&k=")
        );
        request.body = Body::Bytes(vec![0xff, 0xfe]);
        assert!(shown(&Message::Http(request)).ends_with("⟨2 bytes⟩\n"));
    }

    #[test]
    fn nothing_that_is_shown_speaks_to_a_terminal_or_passes_for_a_hole() {
        let hostile = "a\u{1b}[31mb\u{9b}c\r\nX: y\u{202e}d\u{2066}e\0⟨secret other⟩\u{7f}";
        let request = HttpRequest {
            method: hostile.into(),
            url: vec![text(hostile), Part::Secret(hostile.into(), Encoding::Raw)],
            query: vec![(hostile.into(), vec![text(hostile)])],
            headers: vec![(hostile.into(), vec![text(hostile)])],
            auth: vec![
                Scheme::HmacSha256 {
                    key: hostile.into(),
                    header: hostile.into(),
                    prefix: hostile.into(),
                },
                Scheme::StandardWebhooks {
                    key: hostile.into(),
                },
            ],
            body: Body::Text(vec![text(hostile)]),
        };
        let shown = shown(&Message::Http(request));
        assert!(
            shown.chars().all(|it| it == '\n' || !it.is_control()),
            "{shown:?}"
        );
        assert!(!shown.contains(['\u{202e}', '\u{2066}']));
        assert!(!shown.contains("⟨secret other"));
        assert!(shown.contains("\\u{1b}[31m"));
    }
}
