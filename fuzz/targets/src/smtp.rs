//! All that a mail server says, spoken to in clear and before STARTTLS.

use std::sync::{Arc, LazyLock};

use campanile::egress::{Failure, Received, Sender};
use campanile::message::{Encoding, Login, Mail, Message, Part};

use crate::NOW;
use crate::destination::Destination;
use crate::sender::sender;

/// The most of a server's words that is kept.
const WORDS: usize = 512;

struct Server {
    destination: Destination,
    sender: Arc<Sender>,
    mail: Message,
}

static CLEAR: LazyLock<Server> = LazyLock::new(|| server("smtp", "smtp"));
static START_TLS: LazyLock<Server> = LazyLock::new(|| server("smtps", "smtp+starttls"));

/// Only addresses that were asked for are accepted or refused, in words of one short line; and without TLS,
/// where it is wanted, the server hears neither login nor mail.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(said: &[u8]) -> bool {
    let (received, heard) = START_TLS.send(said);
    assert!(received.is_err(), "a mail was sent without TLS");
    let heard = String::from_utf8_lossy(&heard);
    for line in ["AUTH", "MAIL", "RCPT", "DATA"] {
        assert!(!heard.contains(line), "{heard}");
    }
    let (Ok(Some(received)), _) = CLEAR.send(said) else {
        return false;
    };
    assert!(received.status < 1000, "{}", received.status);
    let report = received.mail.expect("a mail's report");
    let refused = report.refused.iter().map(|refused| &refused.address);
    for address in report.accepted.iter().chain(refused) {
        assert!(["a@a.example", "b@b.example"].contains(&address.as_str()));
    }
    let replies = report.refused.iter().map(|refused| &refused.reply);
    for reply in replies.chain([&report.reply]) {
        let short = reply.len() <= WORDS && !reply.contains(char::is_control);
        assert!(short, "{reply:?}");
    }
    (200..300).contains(&received.status)
}

impl Server {
    fn send(&self, said: &[u8]) -> (Result<Option<Received>, Failure>, Vec<u8>) {
        let Self {
            destination,
            sender,
            mail,
        } = self;
        let send = destination
            .egress
            .send(sender, mail, "id", 0, NOW, |_| true);
        destination.saying(said, send)
    }
}

fn server(protocol: &str, scheme: &str) -> Server {
    let destination = Destination::new(protocol, None);
    let server = format!("{scheme}://127.0.0.1:{}", destination.port);
    Server {
        sender: sender("https://api.example", &server),
        mail: Message::Mail(Mail {
            server,
            login: Some(Login::Basic {
                user: vec![Part::Text(String::from("noc"))],
                password: vec![Part::Secret(String::from("password"), Encoding::Raw)],
            }),
            from: String::from("alerts@a.example"),
            from_name: None,
            to: vec![String::from("a@a.example"), String::from("b@b.example")],
            cc: Vec::new(),
            headers: Vec::new(),
            subject: String::from("Flood"),
            text: String::from("A flood."),
            html: None,
            threads: Vec::new(),
            repeat: None,
        }),
        destination,
    }
}
