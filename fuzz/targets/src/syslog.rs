//! The fields of a syslog line in text, with `|` between them: facility, severity, time, HOSTNAME, APP-NAME and MSGID,
//! then an SD-ID, a name and a value as often as wanted, and the message.

mod reader;

use std::sync::{Arc, LazyLock};

use campanile::egress::{MAX_DATAGRAM_BYTES, MAX_LINE_BYTES, Sender, rehearse, shown};
use campanile::message::{Element, Message, Syslog};

use crate::NOW;
use crate::destination::Destination;
use crate::request::is_fit_to_print;
use crate::sender::logger;

const BY_DATAGRAM: &str = "syslog+udp://log.example:514";

struct Server {
    destination: Destination,
    sender: Arc<Sender>,
    url: String,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    // It says nothing, for no line has a NUL.
    let destination = Destination::new("syslog", Some(b"\0"));
    let url = format!("syslog+tcp://127.0.0.1:{}", destination.port);
    Server {
        sender: logger(&url),
        destination,
        url,
    }
});

static DATAGRAMS: LazyLock<Arc<Sender>> = LazyLock::new(|| logger(BY_DATAGRAM));

/// What is sent is one frame and one line, no longer than is allowed, and reads as what was meant; in a datagram it
/// is the same line.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let given = std::str::from_utf8(data).ok().and_then(line);
    let Some(mut given) = given else {
        return false;
    };
    let Server {
        destination,
        sender,
        url,
    } = &*SERVER;
    given.server.clone_from(url);
    let message = Message::Syslog(given.clone());
    is_fit_to_print(&shown(&message));
    let send = destination
        .egress
        .send(sender, &message, "id", 0, NOW, |_| true);
    let (sent, heard) = destination.saying(b"", send);
    if sent.is_err() {
        assert_eq!(heard, b"", "something was sent of what is refused");
        return false;
    }
    let heard = String::from_utf8(heard).expect("a line is UTF-8");
    let (octets, line) = heard.split_once(' ').expect("a frame");
    assert_eq!(octets, line.len().to_string());
    assert!(line.len() <= MAX_LINE_BYTES, "{octets}");
    assert!(!line.contains(char::is_control), "{line:?}");
    let read = reader::read(line).unwrap_or_else(|| panic!("no reader takes {line:?}"));
    assert_eq!(read, meant(given.clone()), "{line:?}");
    given.server = BY_DATAGRAM.to_owned();
    let by_datagram = rehearse(&DATAGRAMS, &Message::Syslog(given), NOW);
    match by_datagram {
        Ok(rehearsed) => assert_eq!(rehearsed.body, line.len()),
        Err(failure) => assert!(line.len() > MAX_DATAGRAM_BYTES, "{failure}"),
    }
    true
}

/// What is not known reads as a hyphen, and a hyphen as not known.
fn meant(given: Syslog) -> Syslog {
    let known = |text: String| Some(text).filter(|text| text != "-").unwrap_or_default();
    Syslog {
        server: String::new(),
        hostname: known(given.hostname),
        app_name: known(given.app_name),
        message_id: given.message_id.map(known).filter(|id| !id.is_empty()),
        ..given
    }
}

fn line(text: &str) -> Option<Syslog> {
    let fields: Vec<&str> = text.split('|').collect();
    let [
        facility,
        severity,
        timestamp,
        hostname,
        app_name,
        id,
        data @ ..,
        message,
    ] = &fields[..]
    else {
        return None;
    };
    let mut structured_data: Vec<Element> = Vec::new();
    for element in data.chunks(3) {
        let [id, name, value] = element else {
            return None;
        };
        let param = ((*name).to_owned(), (*value).to_owned());
        match structured_data.last_mut() {
            Some(last) if last.id == *id => last.params.push(param),
            _ => structured_data.push(Element {
                id: (*id).to_owned(),
                params: vec![param],
            }),
        }
    }
    Some(Syslog {
        server: String::new(),
        facility: facility.parse().ok()?,
        severity: severity.parse().ok()?,
        timestamp: timestamp.parse().ok()?,
        hostname: (*hostname).to_owned(),
        app_name: (*app_name).to_owned(),
        message_id: Some((*id).to_owned()),
        structured_data,
        message: (*message).to_owned(),
    })
}
