//! Deliveries as text, for golden files: one line a fact, holes as `<secret token percent>`.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::bindings::endpoint::campanile::alerts::delivery::{Mail, Syslog};
use crate::time::rfc3339;
use crate::{Batch, Body, Delivery, Encoding, Field, HttpRequest, Message, Part, Scheme};

impl Display for Batch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for delivery in &self.deliveries {
            writeln!(f, "{delivery}")?;
        }
        for refusal in &self.refused {
            writeln!(f, "refused {}: {}", refusal.alert, refusal.reason)?;
        }
        Ok(())
    }
}

impl Display for Delivery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "delivery of {:?}", self.alerts)?;
        if !self.tag.is_empty() {
            write!(f, " tagged {}", self.tag)?;
        }
        writeln!(f)?;
        for message in &self.messages {
            writeln!(f, "{message}")?;
        }
        Ok(())
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(request) => write!(f, "{request}"),
            Self::Mail(mail) => write!(f, "{mail}"),
            Self::Syslog(line) => write!(f, "{line}"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Display for HttpRequest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.method)?;
        template(f, &self.url)?;
        for (index, field) in self.query.iter().enumerate() {
            f.write_char(if index == 0 { '?' } else { '&' })?;
            pair(f, field, "=")?;
        }
        writeln!(f)?;
        for header in &self.headers {
            pair(f, header, ": ")?;
            writeln!(f)?;
        }
        for scheme in &self.auth {
            writeln!(f, "{scheme}")?;
        }
        match &self.body {
            Body::None => Ok(()),
            Body::Text(text) => {
                writeln!(f)?;
                template(f, text)?;
                writeln!(f)
            }
            Body::Bytes(bytes) => writeln!(f, "\n<{} bytes>", bytes.len()),
            Body::Form(fields) => {
                writeln!(f)?;
                for field in fields {
                    pair(f, field, "=")?;
                    writeln!(f)?;
                }
                Ok(())
            }
            other => writeln!(f, "\n{other:?}"),
        }
    }
}

impl Display for Mail {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "MAIL {}", self.server)?;
        for scheme in &self.auth {
            writeln!(f, "{scheme}")?;
        }
        match &self.from_name {
            Some(name) => writeln!(f, "From: {name} <{}>", self.from)?,
            None => writeln!(f, "From: {}", self.from)?,
        }
        writeln!(f, "To: {}", self.to.join(", "))?;
        if !self.cc.is_empty() {
            writeln!(f, "Cc: {}", self.cc.join(", "))?;
        }
        writeln!(f, "Subject: {}", self.subject)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        for thread in &self.threads {
            writeln!(f, "Thread: {thread}")?;
        }
        writeln!(f, "\n{}", self.text)?;
        if let Some(html) = &self.html {
            writeln!(f, "\n--- html\n{html}")?;
        }
        Ok(())
    }
}

impl Display for Syslog {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("SYSLOG ")?;
        template(f, &self.server)?;
        writeln!(f, "\nPRI: {}.{}", self.facility, self.severity)?;
        writeln!(f, "TIMESTAMP: {}", rfc3339(self.timestamp))?;
        writeln!(f, "HOSTNAME: {}", self.hostname)?;
        writeln!(f, "APP-NAME: {}", self.app_name)?;
        if let Some(id) = &self.message_id {
            writeln!(f, "MSGID: {id}")?;
        }
        for (id, params) in &self.structured_data {
            for (name, value) in params {
                writeln!(f, "{id} {name}: {value}")?;
            }
        }
        writeln!(f, "\n{}", self.message)
    }
}

impl Display for Scheme {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "({}", self.name)?;
        for field in &self.fields {
            f.write_str(", ")?;
            pair(f, field, " = ")?;
        }
        f.write_char(')')
    }
}

impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (what, name, encoding) = match self {
            Self::Text(text) => return f.write_str(text),
            Self::Secret((name, encoding)) => ("secret", name, encoding),
            Self::Fact((name, encoding)) => ("fact", name, encoding),
        };
        write!(f, "<{what} {name}")?;
        match encoding {
            Encoding::Raw => {}
            Encoding::JsonString => f.write_str(" json-string")?,
            Encoding::Percent => f.write_str(" percent")?,
            Encoding::Form => f.write_str(" form")?,
            Encoding::Base64 => f.write_str(" base64")?,
            Encoding::Other(other) => write!(f, " {other}")?,
        }
        f.write_char('>')
    }
}

fn pair(f: &mut Formatter<'_>, (name, value): &Field, between: &str) -> fmt::Result {
    write!(f, "{name}{between}")?;
    template(f, value)
}

fn template(f: &mut Formatter<'_>, parts: &[Part]) -> fmt::Result {
    parts.iter().try_for_each(|part| write!(f, "{part}"))
}

#[cfg(test)]
mod tests {
    use crate::json::Object;
    use crate::{Mail, Message, Request, Scheme, Severity, Syslog, delivery_id, secret, template};

    #[test]
    fn a_mail_is_shown_with_its_holes() {
        let mail = Mail::via("smtps://mail.example:465")
            .basic("noc", secret("password"))
            .from("alerts@a.example")
            .from_name("NOC")
            .to_all(["b@c.example", "d@e.example"])
            .cc("f@g.example")
            .subject("Flood")
            .header("X-Priority", "1")
            .thread("42")
            .text("A flood.")
            .html("<p>A flood.");
        assert_eq!(
            Message::from(mail).to_string(),
            "MAIL smtps://mail.example:465\n\
             (basic, user = noc, password = <secret password>)\n\
             From: NOC <alerts@a.example>\n\
             To: b@c.example, d@e.example\n\
             Cc: f@g.example\n\
             Subject: Flood\n\
             X-Priority: 1\n\
             Thread: 42\n\
             \n\
             A flood.\n\
             \n\
             --- html\n\
             <p>A flood.\n"
        );
    }

    #[test]
    fn a_syslog_line_is_shown_field_by_field() {
        let line = Syslog::to("syslog+tls://log.example:6514")
            .facility(16)
            .severity(Severity::Warning)
            .timestamp(1_720_517_073_250)
            .hostname("sensor")
            .app_name("campanile")
            .message_id("flood")
            .element("x@32473", [("kind", "flood")])
            .message("A flood.");
        assert_eq!(
            Message::from(line).to_string(),
            "SYSLOG syslog+tls://log.example:6514\n\
             PRI: 16.4\n\
             TIMESTAMP: 2024-07-09T09:24:33.250Z\n\
             HOSTNAME: sensor\n\
             APP-NAME: campanile\n\
             MSGID: flood\n\
             x@32473 kind: flood\n\
             \n\
             A flood.\n"
        );
    }

    #[test]
    fn a_request_is_shown_with_its_holes() {
        let request = Request::post(template![
            "https://x/bot",
            secret("token").percent(),
            "/send"
        ])
        .query("a", "b")
        .header("Idempotency-Key", delivery_id())
        .auth(Scheme::bearer(secret("bearer")))
        .json(Object::new().text("text", "\"").hole("key", secret("key")));
        assert_eq!(
            Message::from(request).to_string(),
            "POST https://x/bot<secret token percent>/send?a=b\n\
             Idempotency-Key: <fact delivery-id>\n\
             Content-Type: application/json\n\
             (authorization, value = Bearer <secret bearer>)\n\
             \n\
             {\"text\":\"\\\"\",\"key\":\"<secret key json-string>\"}\n"
        );
    }
}
