//! All that an HTTP destination answers.

use std::sync::{Arc, LazyLock};

use campanile::egress::{Limits, Sender};
use campanile::message::{Body, HttpRequest, Message, Part};

use crate::NOW;
use crate::destination::Destination;
use crate::sender::sender;

struct Server {
    destination: Destination,
    sender: Arc<Sender>,
    request: Message,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let destination = Destination::new("http", Some(b"\r\n\r\n"));
    let api = format!("http://127.0.0.1:{}", destination.port);
    Server {
        sender: sender(&api, "smtps://mail.example"),
        request: Message::Http(HttpRequest {
            method: String::from("POST"),
            url: vec![Part::Text(format!("{api}/send"))],
            query: Vec::new(),
            headers: Vec::new(),
            auth: Vec::new(),
            body: Body::None,
        }),
        destination,
    }
});

/// A response has a final status and no more body than is read.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(said: &[u8]) -> bool {
    let Server {
        destination,
        sender,
        request,
    } = &*SERVER;
    let send = destination
        .egress
        .send(sender, request, "id", 0, NOW, |_| true);
    let (received, _) = destination.saying(said, send);
    if let Ok(Some(received)) = &received {
        // 101 ends an exchange too.
        let is_final = matches!(received.status, 101 | 200..=999);
        assert!(is_final, "{}", received.status);
        assert!(received.body.len() <= Limits::default().response);
        assert!(!received.encoded || received.body.is_empty());
    }
    received.is_ok()
}
