//! Syslog lines as data.

use crate::bindings::endpoint::campanile::alerts::delivery::Syslog as Raw;
use crate::{Message, Part, Severity};

/// The longest line that the host sends over TCP or TLS, in bytes.
const LINE: usize = 8192;

/// The longest that it sends over UDP.
const DATAGRAM: usize = 2048;

/// What the host adds to the fields at most: `<191>1 2026-01-31T12:00:00.000Z `, the process that there is none of,
/// what stands between, and the mark of a message in UTF-8.
const ADDED: usize = 48;

const ELLIPSIS: &str = "\u{2026}";

/// Builds a syslog line (RFC 5424). The host puts the fields together, escapes values and counts octets.
///
/// The server must be a parameter's, of kind `syslog-server`. No secret can stand in a line.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Syslog(Raw);

impl Syslog {
    /// A line to the server that a parameter of kind `syslog-server` names; give the value as it is. Without
    /// more it is of the facility `user` (1), of the severity `info`, from 1970 and empty.
    pub fn to(server: impl Into<String>) -> Self {
        let line = Raw {
            server: vec![Part::Text(server.into())],
            facility: 1,
            severity: 0,
            timestamp: 0,
            hostname: String::new(),
            app_name: String::new(),
            message_id: None,
            structured_data: Vec::new(),
            message: String::new(),
            extra: Vec::new(),
        };
        Self(line).severity(Severity::Info)
    }

    /// Syslog's number of the facility, 0 to 23: RFC 5424, section 6.2.1.
    pub fn facility(mut self, facility: u8) -> Self {
        self.0.facility = facility;
        self
    }

    /// How urgent it is.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.0.severity = match severity {
            Severity::Emergency => 0,
            Severity::Alert => 1,
            Severity::Critical => 2,
            Severity::Error => 3,
            Severity::Warning => 4,
            Severity::Notice => 5,
            Severity::Info => 6,
            Severity::Debug => 7,
        };
        self
    }

    /// When it happened, in milliseconds since the Unix epoch.
    pub fn timestamp(mut self, milliseconds: u64) -> Self {
        self.0.timestamp = milliseconds;
        self
    }

    /// HOSTNAME. What is no visible ASCII character becomes `_`, and what is behind 255 of them is left out; so
    /// below. An empty one is none.
    pub fn hostname(mut self, name: impl AsRef<str>) -> Self {
        self.0.hostname = visible(name.as_ref(), 255);
        self
    }

    /// APP-NAME, of at most 48 characters.
    pub fn app_name(mut self, name: impl AsRef<str>) -> Self {
        self.0.app_name = visible(name.as_ref(), 48);
        self
    }

    /// MSGID, of at most 32 characters: what sort of line it is.
    pub fn message_id(mut self, id: impl AsRef<str>) -> Self {
        self.0.message_id = Some(visible(id.as_ref(), 32)).filter(|id| !id.is_empty());
        self
    }

    /// Adds structured data: an SD-ID of one's own, such as `name@32473`, and names with their values. Control
    /// characters in values become spaces; empty values are left out.
    pub fn element<N: Into<String>, V: AsRef<str>>(
        mut self,
        id: impl Into<String>,
        params: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let params = params
            .into_iter()
            .map(|(name, value)| (name.into(), one_line(value.as_ref())))
            .filter(|(_, value)| !value.is_empty());
        self.0.structured_data.push((id.into(), params.collect()));
        self
    }

    /// The message. Control characters become spaces, for it is one line; where the line would be longer than
    /// the host sends it, the message ends in an ellipsis.
    pub fn message(mut self, message: impl AsRef<str>) -> Self {
        self.0.message = one_line(message.as_ref());
        self
    }

    /// How much of the message has room.
    fn room(&self) -> usize {
        let Raw {
            server,
            hostname,
            app_name,
            message_id,
            structured_data,
            ..
        } = &self.0;
        let datagram = matches!(&server[..], [Part::Text(text)] if text.starts_with("syslog+udp:"));
        let escaped = |value: &String| {
            let escapes = value.bytes().filter(|byte| b"\"\\]".contains(byte)).count();
            value.len() + escapes
        };
        let param = |(name, value): &(String, String)| name.len() + escaped(value) + " =\"\"".len();
        let data = structured_data.iter().map(|(id, params)| {
            let params: usize = params.iter().map(param).sum();
            id.len() + params + "[]".len()
        });
        let id = message_id.as_ref().map_or(0, String::len);
        let taken = hostname.len() + app_name.len() + id + data.sum::<usize>() + ADDED;
        if datagram { DATAGRAM } else { LINE }.saturating_sub(taken)
    }
}

fn visible(text: &str, most: usize) -> String {
    let seen = |c: char| if c.is_ascii_graphic() { c } else { '_' };
    text.chars().take(most).map(seen).collect()
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

impl From<Syslog> for Message {
    fn from(mut line: Syslog) -> Self {
        let room = line.room();
        let message = &mut line.0.message;
        if message.len() > room {
            message.truncate(message.floor_char_boundary(room.saturating_sub(ELLIPSIS.len())));
            message.push_str(ELLIPSIS);
        }
        Self::Syslog(line.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(line: Syslog) -> Raw {
        let Message::Syslog(line) = line.into() else {
            panic!("not a line")
        };
        line
    }

    #[test]
    fn fields_have_only_what_syslog_allows() {
        let line = raw(Syslog::to("syslog+tls://log.example")
            .severity(Severity::Emergency)
            .hostname("p\u{e9}ter's host\n")
            .app_name("x".repeat(49))
            .message_id("")
            .element(
                "a@32473",
                [("k", "one\r\ntwo\0"), ("none", ""), ("q", "\"]\\")],
            )
            .message("a\nb\u{85}c"));
        assert_eq!(line.severity, 0);
        assert_eq!(line.hostname, "p_ter's_host_");
        assert_eq!(line.app_name.len(), 48);
        assert_eq!(line.message_id, None);
        assert_eq!(
            line.structured_data,
            [(
                String::from("a@32473"),
                vec![
                    (String::from("k"), String::from("one  two ")),
                    (String::from("q"), String::from("\"]\\")),
                ]
            )]
        );
        assert_eq!(line.message, "a b c");
        assert_eq!(raw(Syslog::to("s").severity(Severity::Debug)).severity, 7);
    }

    #[test]
    fn a_message_is_cut_to_what_the_host_sends() {
        for (server, limit) in [
            ("syslog+tls://log.example", LINE),
            ("syslog+tcp://log.example:601", LINE),
            ("syslog+udp://log.example", DATAGRAM),
        ] {
            let of = |text: &str| {
                let line = Syslog::to(server).hostname("h").app_name("a");
                raw(line.element("x@1", [("k", "]")]).message(text)).message
            };
            let room = limit - "ha[x@1 k=\"\\]\"]".len() - ADDED;
            let fits = "x".repeat(room);
            assert_eq!(of(&fits), fits, "{server}");
            let long = of(&"\u{e9}".repeat(limit));
            assert!(long.ends_with("\u{e9}\u{2026}"), "{server}");
            assert!((room - 1..=room).contains(&long.len()), "{server}");
        }
    }
}
