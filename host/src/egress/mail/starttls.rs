//! From a connection in clear to one over TLS, or nothing. Nothing that is said before TLS is believed: not
//! the greeting, not what the server can do, not a refusal. All that it can do here is to fail.

use lettre::transport::smtp::extension::ClientId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::MAX_ANSWER_BYTES;
use crate::egress::failure::Failure;
use crate::outcome::Reason;

/// Asks for TLS. The connection comes back with nothing read beyond the server's consent: what somebody put
/// behind that line is the first of the handshake, which then fails.
pub(super) async fn ask(mut tcp: TcpStream, hello: &ClientId) -> Result<TcpStream, Failure> {
    let greeting = answer(&mut tcp).await?;
    if greeting.code != *b"220" {
        return Err(refused("it does not greet"));
    }
    say(&mut tcp, &format!("EHLO {hello}\r\n")).await?;
    let offers = answer(&mut tcp).await?;
    if offers.code != *b"250" {
        return Err(refused("it refuses EHLO"));
    }
    let offered = offers
        .lines
        .iter()
        .any(|line| line.trim_ascii().eq_ignore_ascii_case(b"STARTTLS"));
    if !offered {
        return Err(refused("it does not offer STARTTLS"));
    }
    say(&mut tcp, "STARTTLS\r\n").await?;
    if answer(&mut tcp).await?.code != *b"220" {
        return Err(refused("it refuses STARTTLS"));
    }
    Ok(tcp)
}

struct Answer {
    code: [u8; 3],
    /// What stands behind code and separator.
    lines: Vec<Vec<u8>>,
}

/// One answer, a byte at a time: some 200 of them, and none of what follows.
async fn answer(tcp: &mut TcpStream) -> Result<Answer, Failure> {
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for _ in 0..MAX_ANSWER_BYTES {
        let byte = tcp.read_u8().await.map_err(|_| {
            Failure::new(
                Reason::BadResponse,
                "the mail server hung up before STARTTLS",
            )
        })?;
        if byte != b'\n' {
            line.push(byte);
            continue;
        }
        let Some((code, rest)) = line.split_first_chunk::<3>() else {
            break;
        };
        let code = *code;
        let more = rest.first() == Some(&b'-');
        lines.push(rest.get(1..).unwrap_or_default().to_vec());
        if !more {
            return Ok(Answer { code, lines });
        }
        line.clear();
    }
    Err(Failure::new(
        Reason::BadResponse,
        "what the mail server says before STARTTLS is no answer, or has no end",
    ))
}

async fn say(tcp: &mut TcpStream, line: &str) -> Result<(), Failure> {
    tcp.write_all(line.as_bytes()).await.map_err(|_| {
        Failure::new(
            Reason::BadResponse,
            "the mail server hung up before STARTTLS",
        )
    })
}

fn refused(what: &str) -> Failure {
    Failure::new(
        Reason::NoStartTls,
        format!("the mail server cannot be spoken to over TLS: {what}"),
    )
}
