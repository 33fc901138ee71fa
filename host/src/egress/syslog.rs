//! Step 7, a syslog line: judged, written by the host, and handed to the server over a connection of its own. A
//! server of syslog answers nothing: a line is delivered once it is written to its end and nothing says otherwise.
//!
//! | file | knows |
//! |---|---|
//! | `judge` | which fields a line may have |
//! | `line` | the line as text: RFC 5424 |

mod judge;
mod line;

use std::io;
use std::time::Duration;

use campanile_contract::params::{SyslogServer, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::Limits;
use super::dial::{Dialler, Stream};
use super::failure::Failure;
use super::fill::{self, Attempt};
use super::sender::Sender;
use crate::message::Syslog;
use crate::network::Protocol;
use crate::outcome::Reason;

/// The longest line over TCP or TLS: servers should take as much (RFC 5425, section 4.3.1).
pub const MAX_LINE_BYTES: usize = 8192;

/// The longest line in a datagram: servers should take as much (RFC 5426, section 3.2).
pub const MAX_DATAGRAM_BYTES: usize = 2048;

/// How long a datagram's sender listens whether nobody is there, which ICMP tells where anything does: longer than a
/// network's way there and back, and short beside a pace of some lines a second.
const ECHO: Duration = Duration::from_millis(50);

/// Judges and writes a line, and lets it go: its size in bytes.
pub(super) fn rehearse(
    sender: &Sender,
    given: &Syslog,
    attempt: Attempt<'_>,
) -> Result<usize, Failure> {
    prepared(sender, given, attempt).map(|(_, line)| line.len())
}

/// Where it goes and what is written, if all of that is allowed.
fn prepared(
    sender: &Sender,
    given: &Syslog,
    attempt: Attempt<'_>,
) -> Result<(SyslogServer, String), Failure> {
    fill::allow_line(sender, &given.server, attempt)?;
    let server = SyslogServer::parse(&given.server)
        .ok_or_else(|| Failure::new(Reason::Route, "the syslog server is none"))?;
    judge::judge(given)?;
    let line = line::line(given);
    let limit = match server.transport {
        Transport::Tls | Transport::Tcp => MAX_LINE_BYTES,
        Transport::Udp => MAX_DATAGRAM_BYTES,
    };
    if line.len() > limit {
        return Err(Failure::new(
            Reason::RequestTooLarge,
            format!("a line of {} bytes, {limit} are allowed", line.len()),
        ));
    }
    Ok((server, line))
}

/// Sends a line.
pub(super) async fn send(
    dialler: &Dialler,
    sender: &Sender,
    given: &Syslog,
    attempt: Attempt<'_>,
    limits: &Limits,
) -> Result<(), Failure> {
    let (server, line) = prepared(sender, given, attempt)?;
    let (host, port) = (server.host.to_string(), server.port);
    let all = async {
        let protocol = match server.transport {
            Transport::Tls => Protocol::Syslogs,
            Transport::Tcp => Protocol::Syslog,
            Transport::Udp => {
                let socket = dialler.dial_udp(&host, port, Protocol::Syslog).await?;
                return by_datagram(socket, &line).await;
            }
        };
        let stream = dialler.dial(&host, port, protocol).await?;
        by_stream(stream, &line, limits).await
    };
    let late = |_| Failure::new(Reason::TotalTimeout, "the attempt as a whole took too long");
    timeout(limits.total, all).await.map_err(late)?
}

/// Octets are counted (RFC 5425, section 4.3; RFC 6587, section 3.4.1), so that no line can hold another. Then our
/// side is closed, and the server's is waited for: one that broke the connection may not have read the line.
async fn by_stream(mut stream: Stream, line: &str, limits: &Limits) -> Result<(), Failure> {
    let frame = format!("{} {line}", line.len());
    let written = async {
        stream.write_all(frame.as_bytes()).await?;
        stream.flush().await?;
        stream.shutdown().await
    };
    written.await.map_err(|error| broken(&error))?;
    let mut word = [0];
    match timeout(limits.between_bytes, stream.read(&mut word)).await {
        // It keeps its side open, as it may.
        Err(_) => Ok(()),
        Ok(Ok(0)) => stream.broken().map_or(Ok(()), |error| Err(broken(&error))),
        Ok(Ok(_)) => Err(answered()),
        // It closed without TLS's own farewell, as many do.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        Ok(Err(error)) => Err(broken(&error)),
    }
}

/// One datagram a line: RFC 5426, section 3.1.
async fn by_datagram(socket: UdpSocket, line: &str) -> Result<(), Failure> {
    let refused = |error: io::Error| Failure::new(Reason::ConnectionRefused, error.to_string());
    socket.send(line.as_bytes()).await.map_err(refused)?;
    let mut word = [0];
    match timeout(ECHO, socket.recv(&mut word)).await {
        Err(_) => match socket.take_error() {
            Ok(None) => Ok(()),
            Ok(Some(error)) | Err(error) => Err(refused(error)),
        },
        Ok(Ok(_)) => Err(answered()),
        Ok(Err(error)) => Err(refused(error)),
    }
}

fn broken(error: &io::Error) -> Failure {
    // What TLS finds wrong is wrapped so: a server may want a certificate that we do not have.
    let reason = match error.kind() {
        io::ErrorKind::InvalidData => Reason::Tls,
        _ => Reason::AnswerLost,
    };
    Failure::new(reason, format!("the server broke the connection: {error}"))
}

fn answered() -> Failure {
    Failure::new(
        Reason::BadResponse,
        "the server answered, which no server of syslog does",
    )
}

#[cfg(test)]
mod tests;
