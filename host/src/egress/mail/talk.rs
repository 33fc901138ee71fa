//! The dialogue with a mail server: login, addresses, the mail. The client's own `send` gives up at the
//! first address that is refused, so the steps are ours; commands, answers and dots are the client's.

use std::error::Error as _;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::time::timeout;

use super::wire::Wire;
use super::{Refused, Report};
use crate::egress::Limits;
use crate::egress::failure::Failure;
use crate::egress::fill::Credentials;
use crate::egress::sign::base64_line;
use crate::message::Mail;
use crate::outcome::Reason;

/// How long a server may take to say goodbye, once everything is decided.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a dialogue takes.
pub(super) struct Talk<'a> {
    pub(super) limits: &'a Limits,
    pub(super) hello: ClientId,
    pub(super) login: Option<Credentials>,
    /// Set once the mail itself is on its way: from then on it may have arrived.
    pub(super) sent: &'a AtomicBool,
}

/// Code and words of an answer.
struct Said {
    code: u16,
    words: String,
}

/// Why the dialogue ends early.
enum Stop {
    /// The server says no: that is a response.
    Said(Said),
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Talk<'_> {
    /// The server's last word, and what it said of each address.
    pub(super) async fn through(
        &self,
        wire: Wire,
        mail: &Mail,
        bytes: &[u8],
    ) -> Result<(u16, Report), Failure> {
        let mut report = Report::default();
        let said = match self.steps(wire, mail, bytes, &mut report).await {
            Ok(said) | Err(Stop::Said(said)) => said,
            Err(Stop::Failed(failure)) => return Err(failure),
        };
        if !(200..300).contains(&said.code) {
            // They were, but the mail was not.
            report.accepted.clear();
        }
        report.reply = said.words;
        Ok((said.code, report))
    }

    async fn steps(
        &self,
        wire: Wire,
        mail: &Mail,
        bytes: &[u8],
        report: &mut Report,
    ) -> Result<Said, Stop> {
        let opened = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &self.hello);
        let mut server = timeout(self.limits.first_byte, opened)
            .await
            .map_err(|_| self.late())?
            .map_err(|error| self.stop(&error))?;
        if let Some(login) = &self.login {
            self.log_in(&mut server, login).await?;
        }
        let from = commands::Mail::new(Some(address(&mail.from)?), Vec::new());
        self.ask(&mut server, &from.to_string(), 2).await?;
        let to: Vec<&str> = match &mail.repeat {
            Some(repeat) => repeat.to.iter().map(String::as_str).collect(),
            None => mail.addresses().collect(),
        };
        for to in to {
            let rcpt = commands::Rcpt::new(address(to)?, Vec::new());
            match self.ask(&mut server, &rcpt.to_string(), 2).await {
                Ok(_) => report.accepted.push(to.to_owned()),
                Err(Stop::Said(said)) => report.refused.push(Refused {
                    address: to.to_owned(),
                    code: said.code,
                    reply: said.words,
                }),
                Err(stop) => return Err(stop),
            }
        }
        if report.accepted.is_empty() {
            goodbye(&mut server).await;
            return Ok(worst(&report.refused));
        }
        self.ask(&mut server, "DATA\r\n", 3).await?;
        self.sent.store(true, Ordering::Relaxed);
        // No clock but the whole attempt's: filters take their time over a mail.
        let said = match server.message(bytes).await {
            Ok(response) => self.expect(&response, 2)?,
            Err(error) => return Err(self.stop(&error)),
        };
        goodbye(&mut server).await;
        Ok(said)
    }

    async fn log_in(
        &self,
        server: &mut AsyncSmtpConnection,
        login: &Credentials,
    ) -> Result<Said, Stop> {
        let has = |mechanism| server.server_info().supports_auth_mechanism(mechanism);
        let line = |before: &str, pieces: &[&str]| base64_line(before, pieces, "\r\n");
        let (user, secret) = (login.user.as_str(), login.secret.as_str());
        if login.is_token {
            if !has(Mechanism::Xoauth2) {
                return Err(no_login("XOAUTH2").into());
            }
            let pieces = ["user=", user, "\x01auth=Bearer ", secret, "\x01\x01"];
            let line = line("AUTH XOAUTH2 ", &pieces);
            let said = self.ask_any(server, &line).await?;
            if said.code == 334 {
                // The server's reasons; it says no once it was heard.
                return self.ask(server, "\r\n", 2).await;
            }
            return logged_in(said);
        }
        if has(Mechanism::Plain) {
            let line = line("AUTH PLAIN ", &["\0", user, "\0", secret]);
            let said = self.ask_any(server, &line).await?;
            return logged_in(said);
        }
        if !has(Mechanism::Login) {
            return Err(no_login("PLAIN or LOGIN").into());
        }
        self.ask(server, "AUTH LOGIN\r\n", 3).await?;
        self.ask(server, &line("", &[user]), 3).await?;
        self.ask(server, &line("", &[secret]), 2).await
    }

    /// Says something, and takes an answer of this class: 2 for done, 3 for go on.
    async fn ask(
        &self,
        server: &mut AsyncSmtpConnection,
        line: &str,
        class: u16,
    ) -> Result<Said, Stop> {
        let said = self.ask_any(server, line).await?;
        if said.code / 100 == class {
            Ok(said)
        } else {
            Err(strange().into())
        }
    }

    /// Says something, and takes any answer that is no refusal.
    async fn ask_any(&self, server: &mut AsyncSmtpConnection, line: &str) -> Result<Said, Stop> {
        match timeout(self.limits.first_byte, server.command(line)).await {
            Ok(Ok(response)) => Ok(said(&response)),
            Ok(Err(error)) => Err(self.stop(&error)),
            Err(_) => Err(self.late().into()),
        }
    }

    fn expect(&self, response: &Response, class: u16) -> Result<Said, Stop> {
        let said = said(response);
        if said.code / 100 == class {
            Ok(said)
        } else {
            Err(self.broken().into())
        }
    }

    /// What an error of the client means. Its own text is passed on only where it is the server's answer.
    fn stop(&self, error: &Error) -> Stop {
        if let Some(code) = error.status() {
            return Stop::Said(Said {
                code: code.into(),
                words: words(&error.source().map_or_else(String::new, ToString::to_string)),
            });
        }
        let endless = error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>())
            .is_some_and(|error| error.kind() == io::ErrorKind::InvalidData);
        if endless && !self.sent.load(Ordering::Relaxed) {
            return strange().into();
        }
        self.broken().into()
    }

    fn broken(&self) -> Failure {
        if self.sent.load(Ordering::Relaxed) {
            Failure::new(
                Reason::AnswerLost,
                "the mail was sent, and the server did not say whether it took it",
            )
        } else {
            Failure::new(
                Reason::BadResponse,
                "the mail server hung up, or spoke no SMTP, before the mail was sent",
            )
        }
    }

    fn late(&self) -> Failure {
        Failure::new(
            Reason::FirstByteTimeout,
            "the mail server did not answer; the mail was not sent",
        )
    }
}

/// Only 235 lets one in; another answer is none to `AUTH`.
fn logged_in(said: Said) -> Result<Said, Stop> {
    if said.code / 100 == 2 {
        Ok(said)
    } else {
        Err(strange().into())
    }
}

fn said(response: &Response) -> Said {
    Said {
        code: response.code().into(),
        words: words(&response.message().collect::<Vec<_>>().join(" ")),
    }
}

/// A server's words on one line.
fn words(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Where nobody is accepted: what may change decides, else the first refusal.
fn worst(refused: &[Refused]) -> Said {
    let later = refused.iter().find(|it| (400..500).contains(&it.code));
    later.or(refused.first()).map_or_else(
        || Said {
            code: 0,
            words: String::new(),
        },
        |refused| Said {
            code: refused.code,
            words: refused.reply.clone(),
        },
    )
}

/// Says goodbye: everything is decided, so whatever comes of it does not matter.
async fn goodbye(server: &mut AsyncSmtpConnection) {
    let _ = timeout(GOODBYE, server.quit()).await;
}

fn address(text: &str) -> Result<Address, Failure> {
    text.parse().map_err(|_| {
        Failure::new(
            Reason::MailAddress,
            format!("{} is no mail address", text.escape_debug()),
        )
    })
}

fn no_login(wanted: &str) -> Failure {
    Failure::new(
        Reason::NoLogin,
        format!("the mail server does not offer to log in by {wanted}"),
    )
}

fn strange() -> Failure {
    Failure::new(
        Reason::BadResponse,
        "what the mail server said is no answer to what it was asked, or has no end",
    )
}
