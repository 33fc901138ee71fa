//! What the mail server says of what it got.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};

/// A line of its output.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    Port(u16),
    Changed(()),
    Login(Login),
    Mail(Box<Mail>),
}

/// All that it said so far.
#[derive(Clone, Default)]
pub(super) struct Kept {
    pub(super) mails: Vec<Mail>,
    pub(super) logins: Vec<Login>,
    pub(super) changes: usize,
}

impl Kept {
    pub(super) fn add(&mut self, line: Line) {
        match line {
            Line::Mail(mail) => self.mails.push(*mail),
            Line::Login(login) => self.logins.push(login),
            Line::Changed(()) => self.changes += 1,
            // It is said once, at the start.
            Line::Port(_) => {}
        }
    }
}

/// Somebody logged in, or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Login {
    /// `PLAIN`, `LOGIN` or `XOAUTH2`.
    pub mechanism: String,
    /// The user's name.
    pub user: String,
    /// Whether user and password, or token, were right.
    pub known: bool,
}

/// A mail as it arrived, and as Python's `email` reads it with all its strictness.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// The envelope's sender.
    pub sender: String,
    /// The envelope's recipients that were not refused.
    pub recipients: Vec<String>,
    /// Who was logged in.
    pub login: Option<String>,
    /// Whether it came through TLS.
    pub tls: bool,
    /// What the server answered; empty where it hung up.
    pub answer: String,
    /// Every byte, with the dots that the transport doubled taken out.
    #[serde(deserialize_with = "from_base64")]
    pub raw: Vec<u8>,
    /// All that a strict reader minds.
    pub mistakes: Vec<String>,
    /// Its headers, decoded, in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Names and addresses in `From`.
    #[serde(default)]
    pub from: Vec<(String, String)>,
    /// In `To`.
    #[serde(default)]
    pub to: Vec<(String, String)>,
    /// In `Cc`.
    #[serde(default)]
    pub cc: Vec<(String, String)>,
    /// The whole and its parts, outermost first.
    #[serde(default)]
    pub parts: Vec<Part>,
}

/// Part of a mail: its media type, and where it has no parts itself, its transfer encoding and decoded text,
/// with the line ends that it came with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Part(pub String, pub Option<String>, pub Option<String>);

impl Mail {
    /// The first header of this name, decoded; a name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The decoded text of the first part of this media type, with LF at line ends.
    #[must_use]
    pub fn text(&self, media_type: &str) -> Option<String> {
        let part = self.parts.iter().find(|part| part.0 == media_type)?;
        Some(part.2.as_ref()?.replace("\r\n", "\n"))
    }
}

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}
