//! Step 7, a mail: judged unfilled, put together, and handed to the tenant's mail server over a connection
//! of its own. One connection a mail: a server's greeting and login are small beside what it does with a
//! mail, and nothing is kept that could be another tenant's.
//!
//! | file | knows |
//! |---|---|
//! | `judge` | who may be written to, headers, sizes |
//! | `compose` | the mail as bytes, with the headers that are the host's |
//! | `encoded` | header text that would be decoded though nobody encoded it |
//! | `starttls` | from a connection in clear to one over TLS, or nothing |
//! | `wire` | what a server may send: lines and answers have an end |
//! | `talk` | the dialogue: login, addresses, the mail |

mod compose;
mod encoded;
mod judge;
mod starttls;
mod talk;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use campanile_contract::params::{MailServer, Security};
use lettre::transport::smtp::extension::ClientId;
use serde_json::json;
use tokio::time::timeout;

use super::dial::Dialler;
use super::failure::Failure;
use super::fill::{self, Attempt};
use super::look;
use super::sender::Sender;
use super::{Limits, Line, Received};
use crate::message::Mail;
use crate::network::Protocol;
use crate::outcome::Reason;

use talk::Talk;
use wire::Wire;

pub use judge::{MAX_SUBJECT_BYTES, MAX_THREADS};

/// What is kept of a server's words: one attempt's detail holds as much.
const WORDS: usize = 512;

/// What a mail server said of each address, besides its last word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Addresses that it took the mail for.
    pub accepted: Vec<String>,
    /// Those that it did not.
    pub refused: Vec<Refused>,
    /// Its last word, after the code; empty where a secret shows in any of its words.
    pub reply: String,
}

/// An address that a mail server refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub address: String,
    /// SMTP's code: 4xx for a while, 5xx for ever.
    pub code: u16,
    /// The server's words.
    pub reply: String,
}

impl Report {
    /// Addresses that may be accepted later.
    pub fn later(&self) -> impl Iterator<Item = &str> {
        self.refused
            .iter()
            .filter(|refused| (400..500).contains(&refused.code))
            .map(|refused| refused.address.as_str())
    }

    /// What stands for a body, as the contract describes it.
    fn body(&self) -> Vec<u8> {
        let refused: Vec<_> = self
            .refused
            .iter()
            .map(|it| json!({"address": it.address, "code": it.code, "reply": it.reply}))
            .collect();
        json!({"accepted": self.accepted, "refused": refused, "reply": self.reply})
            .to_string()
            .into_bytes()
    }
}

/// Judges, logs in on paper and composes a mail, and lets it go: its size in bytes.
pub(super) fn rehearse(
    sender: &Sender,
    mail: &Mail,
    attempt: Attempt<'_>,
) -> Result<usize, Failure> {
    judge::judge(sender, mail)?;
    fill::login(sender, mail, attempt)?;
    Ok(compose::compose(sender, mail, 0, attempt)?.len())
}

/// Sends a mail, which is the delivery's message `number`.
pub(super) async fn exchange(
    line: &Line,
    sender: &Arc<Sender>,
    mail: &Mail,
    number: u32,
    attempt: Attempt<'_>,
    limits: &Limits,
) -> Result<Received, Failure> {
    let server = judge::judge(sender, mail)?;
    let login = fill::login(sender, mail, attempt)?;
    let bytes = compose::compose(sender, mail, number, attempt)?;
    let sent = AtomicBool::new(false);
    let all = async {
        let (wire, hello) = connect(&line.dialler, &server, limits).await?;
        let talk = Talk {
            limits,
            hello,
            login,
            sent: &sent,
        };
        talk.through(wire, mail, &bytes).await
    };
    let (status, mut report) = match timeout(limits.total, all).await {
        Ok(said) => said?,
        Err(_) if sent.load(Ordering::Relaxed) => {
            return Err(Failure::new(
                Reason::AnswerLost,
                "the mail was sent, and the server did not say in time whether it took it",
            ));
        }
        Err(_) => {
            return Err(Failure::new(
                Reason::TotalTimeout,
                "the attempt as a whole took too long",
            ));
        }
    };
    let secret_shown = look::shows(&line.turn, sender, Vec::new(), report.body()).await;
    // Cut once they were looked through: the half of a secret is not recognised.
    let kept = if secret_shown { 0 } else { WORDS };
    let refused = report.refused.iter_mut().map(|it| &mut it.reply);
    for words in refused.chain([&mut report.reply]) {
        words.truncate(words.floor_char_boundary(kept));
    }
    Ok(Received {
        status,
        headers: ::http::HeaderMap::new(),
        body: report.body(),
        truncated: false,
        encoded: false,
        secret_shown,
        mail: Some(report),
    })
}

/// TLS is there before the first word of the dialogue, or was never asked for.
async fn connect(
    dialler: &Dialler,
    server: &MailServer,
    limits: &Limits,
) -> Result<(Wire, ClientId), Failure> {
    let host = server.host.to_string();
    if server.security == Security::StartTls {
        let tcp = dialler
            .dial_tcp(&host, server.port, Protocol::Smtps)
            .await?;
        let hello = hello(tcp.local_addr().ok());
        let late = |_| Failure::new(Reason::FirstByteTimeout, "no word before STARTTLS");
        let tcp = timeout(limits.first_byte, starttls::ask(tcp, &hello))
            .await
            .map_err(late)??;
        let secured = timeout(limits.connect, dialler.secure(&host, server.port, tcp));
        let late = |_| Failure::new(Reason::ConnectTimeout, "no TLS after STARTTLS");
        let stream = secured.await.map_err(late)??;
        return Ok((Wire::greeted(stream), hello));
    }
    let protocol = match server.security {
        Security::Clear => Protocol::Smtp,
        Security::Implicit | Security::StartTls => Protocol::Smtps,
    };
    let stream = dialler.dial(&host, server.port, protocol).await?;
    let hello = hello(stream.local_addr());
    Ok((Wire::new(stream), hello))
}

/// How we name ourselves: by our address on this connection, for which we need no name (RFC 5321,
/// section 4.1.4).
fn hello(local: Option<std::net::SocketAddr>) -> ClientId {
    match local.map(|address| address.ip().to_canonical()) {
        Some(std::net::IpAddr::V4(ip)) => ClientId::Ipv4(ip),
        Some(std::net::IpAddr::V6(ip)) => ClientId::Ipv6(ip),
        None => ClientId::default(),
    }
}

#[cfg(test)]
mod tests;
