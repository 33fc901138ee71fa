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
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            greeting: b"",
            heard: 0,
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
        self.heard += buffer.filled().len() - before;
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
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
