//! The connection as the SMTP client sees it. An answer has an end: a line, and all lines together, that a
//! server sends without being asked again are bounded before the client keeps them.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::egress::dial::Stream;

/// What a server may say until it is spoken to again. Common answers have a few hundred bytes; the client
/// would keep a line of any length.
pub(super) const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// After STARTTLS a server does not greet again, but the client waits for it.
const GREETING: &[u8] = b"220 \r\n";

/// A connection whose answers have an end.
pub(super) struct Wire {
    stream: Stream,
    greeting: &'static [u8],
    heard: usize,
    /// What came of a line so far, until the answer to EHLO is over. Who is impatient sends it with the greeting.
    offer: Option<Vec<u8>>,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            greeting: b"",
            heard: 0,
            offer: Some(Vec::new()),
        }
    }

    /// One whose greeting is over.
    pub(super) fn greeted(stream: Stream) -> Self {
        Self {
            greeting: GREETING,
            ..Self::new(stream)
        }
    }
}

/// Whether the client can read what `came` behind `line`: it takes the first word of every offer that is not
/// empty, and panics where there is none.
fn can_be_read(line: &mut Vec<u8>, came: &[u8]) -> bool {
    for byte in came {
        line.push(*byte);
        let Some(whole) = line.strip_suffix(b"\r\n") else {
            continue;
        };
        // Behind the code and what separates it.
        let offer = std::str::from_utf8(whole)
            .ok()
            .and_then(|whole| whole.get(4..));
        if offer.is_some_and(|offer| !offer.is_empty() && offer.trim().is_empty()) {
            return false;
        }
        line.clear();
    }
    true
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.greeting.is_empty() {
            let (now, later) = self
                .greeting
                .split_at(self.greeting.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.greeting = later;
            return Poll::Ready(Ok(()));
        }
        if self.heard > MAX_ANSWER_BYTES {
            let endless = io::Error::new(io::ErrorKind::InvalidData, "an answer without end");
            return Poll::Ready(Err(endless));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let came = &buffer.filled()[before..];
        self.heard += came.len();
        if let Some(line) = &mut self.offer
            && !can_be_read(line, came)
        {
            let blank = io::Error::new(io::ErrorKind::InvalidData, "an offer of blanks alone");
            return Poll::Ready(Err(blank));
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.heard = 0;
        if bytes.starts_with(b"AUTH") || bytes.starts_with(b"MAIL") {
            self.offer = None;
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
