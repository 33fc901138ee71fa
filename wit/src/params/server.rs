//! A mail server as a parameter names it: how it is secured, host and port, in one spelling.

use std::fmt;

use url::{Host, Url};

/// How a connection to a mail server is secured. There is nothing between: where TLS is wanted and cannot
/// be had, nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Security {
    /// TLS from the first byte: `smtps`.
    Implicit,
    /// TLS after `STARTTLS`, which the server must offer: `smtp+starttls`.
    StartTls,
    /// In clear, where it was granted: `smtp`.
    Clear,
}

impl Security {
    /// The scheme, and the port where none is given: RFC 8314, sections 3.3 and 7.3; RFC 5321, section 4.5.4.2.
    const ALL: [(Self, &str, u16); 3] = [
        (Self::Implicit, "smtps", 465),
        (Self::StartTls, "smtp+starttls", 587),
        (Self::Clear, "smtp", 25),
    ];

    /// The scheme of an address.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        let found = Self::ALL.iter().find(|(security, ..)| *security == self);
        found.map_or("smtps", |(_, scheme, _)| scheme)
    }
}

/// A mail server: `smtps://host:465`, `smtp+starttls://host:587` or `smtp://host:25`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailServer {
    /// How it is secured.
    pub security: Security,
    /// A name in lower case, or an address.
    pub host: Host<String>,
    /// The scheme's own where none was given.
    pub port: u16,
}

impl MailServer {
    /// Reads a value: a scheme of the three, a host in one spelling, perhaps a port, and nothing else.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = value.split_once("://")?;
        let (security, _, default) = Security::ALL
            .into_iter()
            .find(|(_, known, _)| *known == scheme)?;
        let (host, port) = host_and_port(rest, Some(default))?;
        Some(Self {
            security,
            host,
            port,
        })
    }
}

/// A host in one spelling, perhaps a port, and nothing else; `default` is the port where none is given.
pub(super) fn host_and_port(text: &str, default: Option<u16>) -> Option<(Host<String>, u16)> {
    // As an http address, so that hosts have the one spelling that they have there. Port 80 is
    // dropped by that parser, so it is asked as https, and 443 is put back.
    let url = Url::parse(&["https://", text].concat()).ok()?;
    let host = url.host()?.to_owned();
    let bare = host.to_string();
    let port = match url.port() {
        Some(port) => port,
        None if text == format!("{bare}:443") => 443,
        None => default?,
    };
    let spelled = [bare.clone(), format!("{bare}:{port}")];
    let plain = !bare.contains('*') && !bare.ends_with('.');
    (plain && port != 0 && spelled.iter().any(|spelled| spelled == text)).then_some((host, port))
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}:{}",
            self.security.scheme(),
            self.host,
            self.port
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_scheme_host_and_port_in_one_spelling() {
        for (value, whole) in [
            ("smtps://mail.example", "smtps://mail.example:465"),
            ("smtps://mail.example:465", "smtps://mail.example:465"),
            ("smtps://mail.example:443", "smtps://mail.example:443"),
            (
                "smtp+starttls://mail.example",
                "smtp+starttls://mail.example:587",
            ),
            ("smtp+starttls://10.0.0.1:25", "smtp+starttls://10.0.0.1:25"),
            ("smtp://localhost:8025", "smtp://localhost:8025"),
            ("smtp://[::1]", "smtp://[::1]:25"),
            ("smtp://mail.example:80", "smtp://mail.example:80"),
            ("smtps://xn--mnchen-3ya.de", "smtps://xn--mnchen-3ya.de:465"),
        ] {
            let server = MailServer::parse(value);
            assert_eq!(
                server.map(|server| server.to_string()).as_deref(),
                Some(whole)
            );
        }
        for value in [
            "",
            "mail.example",
            "mail.example:465",
            "smtps:mail.example",
            "smtps://",
            "smtps:///mail.example",
            "smtps://mail.example/",
            "smtps://mail.example:",
            "smtps://mail.example:0",
            "smtps://mail.example:0465",
            "smtps://mail.example:99999",
            "smtps://mail.example:465/",
            "smtps://mail.example?x",
            "smtps://mail.example#x",
            "smtps://user@mail.example",
            "smtps://user:password@mail.example",
            "smtps://Mail.example",
            "SMTPS://mail.example",
            "smtps://mail.example.",
            "smtps://*.example",
            "smtps://m\u{fc}nchen.de",
            "smtps://0x7f.1",
            "smtps://::1",
            "smtps://mail example",
            " smtps://mail.example",
            "smtps://mail.example\n",
            "smtp+tls://mail.example",
            "smtp-starttls://mail.example",
            "https://mail.example",
            "smtps://mail\\example",
        ] {
            assert_eq!(MailServer::parse(value), None, "{value:?}");
        }
    }
}
