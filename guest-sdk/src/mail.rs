//! Mails as data.

use crate::bindings::endpoint::campanile::alerts::delivery::Mail as Raw;
use crate::{IntoTemplate, Message, Scheme};

/// Builds a mail. The host adds the date, an id that is the same over all retries, and what mail programs
/// need to show text and HTML.
///
/// The server, the sender and every address must be a parameter's: of kind `mail-server`, and `email` or
/// `emails`. The host refuses a mail to anybody else.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Mail(Raw);

impl Mail {
    /// A mail by the server that a parameter of kind `mail-server` names; give the value as it is.
    pub fn via(server: impl Into<String>) -> Self {
        Self(Raw {
            server: server.into(),
            auth: Vec::new(),
            from: String::new(),
            from_name: None,
            to: Vec::new(),
            cc: Vec::new(),
            headers: Vec::new(),
            subject: String::new(),
            text: String::new(),
            html: None,
            threads: Vec::new(),
            extra: Vec::new(),
        })
    }

    /// Logs in with a user and a password.
    pub fn basic(self, user: impl IntoTemplate, password: impl IntoTemplate) -> Self {
        self.auth(Scheme::basic(user, password))
    }

    /// Logs in with a user and an OAuth 2.0 access token.
    pub fn xoauth2(self, user: impl IntoTemplate, token: impl IntoTemplate) -> Self {
        self.auth(Scheme::xoauth2(user, token))
    }

    /// How to log in: [`Scheme::basic`] or [`Scheme::xoauth2`]. A mail has one at most.
    pub fn auth(mut self, scheme: Scheme) -> Self {
        self.0.auth.push(scheme);
        self
    }

    /// The sender's address.
    pub fn from(mut self, address: impl Into<String>) -> Self {
        self.0.from = address.into();
        self
    }

    /// The name that mail programs show beside it; an empty one is none. Control characters become spaces, for
    /// it is one line.
    pub fn from_name(mut self, name: impl Into<String>) -> Self {
        let name = name.into().replace(char::is_control, " ");
        self.0.from_name = Some(name).filter(|name| !name.is_empty());
        self
    }

    /// Adds an address.
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.0.to.push(address.into());
        self
    }

    /// Adds addresses, such as `recipient.lines("to")`.
    pub fn to_all<A: Into<String>>(mut self, addresses: impl IntoIterator<Item = A>) -> Self {
        self.0.to.extend(addresses.into_iter().map(Into::into));
        self
    }

    /// Adds an address that gets a copy.
    pub fn cc(mut self, address: impl Into<String>) -> Self {
        self.0.cc.push(address.into());
        self
    }

    /// Adds addresses that get a copy.
    pub fn cc_all<A: Into<String>>(mut self, addresses: impl IntoIterator<Item = A>) -> Self {
        self.0.cc.extend(addresses.into_iter().map(Into::into));
        self
    }

    /// Adds a header in printable ASCII, such as `X-Priority`. Many are the host's own.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// The subject. Line ends and other control characters become spaces, for it is one line.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.0.subject = subject.into().replace(char::is_control, " ");
        self
    }

    /// The body for programs that show no HTML.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.text = text.into();
        self
    }

    /// The body in HTML. What comes from an alert is escaped: [`Markup::Html`](crate::Markup::Html).
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.0.html = Some(html.into());
        self
    }

    /// Joins the thread of a condition, by the alert's fingerprint.
    pub fn thread(mut self, fingerprint: impl Into<String>) -> Self {
        let fingerprint = fingerprint.into();
        if !self.0.threads.contains(&fingerprint) {
            self.0.threads.push(fingerprint);
        }
        self
    }
}

impl From<Mail> for Message {
    fn from(mail: Mail) -> Self {
        Self::Mail(mail.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Encoding, Part, secret};

    fn raw(mail: Mail) -> Raw {
        let Message::Mail(mail) = mail.into() else {
            panic!("not a mail")
        };
        mail
    }

    #[test]
    fn addresses_gather_and_a_thread_is_joined_once() {
        let mail = raw(Mail::via("smtps://mail.example")
            .to("a@b.example")
            .to_all(["c@d.example", "e@f.example"])
            .cc("g@h.example")
            .cc_all(vec!["i@j.example".to_owned()])
            .thread("1")
            .thread("2")
            .thread("1"));
        assert_eq!(mail.to, ["a@b.example", "c@d.example", "e@f.example"]);
        assert_eq!(mail.cc, ["g@h.example", "i@j.example"]);
        assert_eq!(mail.threads, ["1", "2"]);
    }

    #[test]
    fn a_subject_is_one_line() {
        let mail = raw(Mail::via("smtps://mail.example").subject("a\r\nBcc: x@y.example\0\u{85}b"));
        assert_eq!(mail.subject, "a  Bcc: x@y.example  b");
    }

    #[test]
    fn a_senders_name_is_one_line_and_an_empty_one_none() {
        for (name, expected) in [("", None), ("a\nb", Some("a b")), (" ", Some(" "))] {
            let mail = raw(Mail::via("smtps://mail.example").from_name(name));
            assert_eq!(mail.from_name.as_deref(), expected);
        }
    }

    #[test]
    fn a_password_or_token_stays_a_hole() {
        for (mail, scheme, field) in [
            (
                Mail::via("smtps://mail.example").basic("noc", secret("password")),
                "basic",
                "password",
            ),
            (
                Mail::via("smtps://mail.example").xoauth2("noc", secret("password")),
                "xoauth2",
                "token",
            ),
        ] {
            let mail = raw(mail);
            assert_eq!(mail.auth.len(), 1);
            assert_eq!(mail.auth[0].name, scheme);
            let hole = vec![Part::Secret(("password".into(), Encoding::Raw))];
            assert_eq!(mail.auth[0].fields[1], (field.to_owned(), hole));
        }
    }
}
