//! A real mail server on loopback, of the Python package [aiosmtpd](https://aiosmtpd.aio-libs.org), for the demo
//! and for tests. Every mail is read by a strict parser, and what that minds is the mail's mistake.

mod package;
mod received;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;

pub use package::Missing;
use received::{Kept, Line};
pub use received::{Login, Mail, Part};

const SERVER: &str = include_str!("smtp/server.py");

/// How the server speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// From the first byte.
    Implicit,
    /// After STARTTLS, and not before.
    StartTls,
    /// Never.
    Plain,
}

impl Security {
    /// The scheme of such a server's URL.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Implicit => "smtps",
            Self::StartTls => "smtp+starttls",
            Self::Plain => "smtp",
        }
    }
}

/// What the server does.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// TLS.
    pub security: Security,
    /// The mechanisms that it offers: `PLAIN`, `LOGIN`, `XOAUTH2`. Where there are any, it takes no mail from
    /// whom it does not know.
    pub logins: Vec<String>,
    /// Whom it knows.
    pub user: String,
    /// By `PLAIN` and `LOGIN`.
    pub password: String,
    /// By `XOAUTH2`.
    pub token: String,
    /// Addresses that it refuses, each with the whole answer, such as `550 5.1.1 No such user`.
    pub refuse: BTreeMap<String, String>,
    /// Its answers to the next mails, before it takes all; where one is empty, it hangs up in place of it.
    pub answers: Vec<String>,
}

impl Settings {
    /// A server that takes everything from everybody.
    #[must_use]
    pub fn open(security: Security) -> Self {
        Self {
            security,
            logins: Vec::new(),
            user: String::new(),
            password: String::new(),
            token: String::new(),
            refuse: BTreeMap::new(),
            answers: Vec::new(),
        }
    }
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum NoServer {
    /// Something of other people's is not here.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// It did not start, or ended.
    #[error("the mail server does not run: {0:#}")]
    Failed(#[from] anyhow::Error),
}

/// A running server; it ends when it is dropped.
pub struct MailServer {
    address: SocketAddr,
    security: Security,
    certificate: rcgen::Certificate,
    child: Child,
    tell: Mutex<ChildStdin>,
    kept: watch::Receiver<Kept>,
}

impl MailServer {
    /// Starts a server. Where its package is not here yet, it is installed into a cache, which `progress` is
    /// told in a line.
    ///
    /// # Errors
    ///
    /// Where Python is not here, nor its package and no way to get it; where the server does not start.
    pub async fn start(settings: Settings, progress: fn(&str)) -> Result<Self, NoServer> {
        let started = tokio::task::spawn_blocking(move || {
            let python = package::ready(progress)?;
            Ok(Self::spawn(&python, &settings)?)
        });
        started
            .await
            .unwrap_or_else(|error| Err(NoServer::Failed(error.into())))
    }

    fn spawn(python: &package::Python, settings: &Settings) -> anyhow::Result<Self> {
        let names = [Ipv4Addr::LOCALHOST.to_string(), String::from("localhost")];
        let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names)?;
        let mut first = serde_json::to_value(settings)?;
        first["certificate"] = json!([cert.pem(), signing_key.serialize_pem()].concat());
        let mut child = python
            .command(SERVER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut tell = child.stdin.take().context("it has no input")?;
        let lines = child.stdout.take().context("it has no output")?;
        let mut lines = BufReader::new(lines);
        let told = writeln!(tell, "{first}").and_then(|()| tell.flush());
        let mut line = String::new();
        let read = told.and_then(|()| lines.read_line(&mut line));
        let Ok(Ok(Line::Port(port))) = read.map(|_| serde_json::from_str(&line)) else {
            let _ = child.kill();
            let _ = child.wait();
            anyhow::bail!("it said {line:?} and no port");
        };
        let (keep, kept) = watch::channel(Kept::default());
        std::thread::spawn(move || follow(lines, &keep));
        Ok(Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            security: settings.security,
            certificate: cert,
            child,
            tell: Mutex::new(tell),
            kept,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, as a parameter has it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.security.scheme(), self.address)
    }

    /// How configuration opens it.
    #[must_use]
    pub fn opening(&self) -> String {
        let protocol = match self.security {
            Security::Implicit | Security::StartTls => "smtps",
            Security::Plain => "smtp",
        };
        format!("{}/{protocol}", self.address)
    }

    /// Its certificate, in DER: whoever trusts it as a root reaches the server.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    /// What it got so far, also what it refused afterwards.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.kept.borrow().mails.clone()
    }

    /// Who logged in so far, or tried to.
    #[must_use]
    pub fn logins(&self) -> Vec<Login> {
        self.kept.borrow().logins.clone()
    }

    /// Waits until it got this many mails, and returns all; fewer where it has ended.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        let mut kept = self.kept.clone();
        let _ = kept.wait_for(|kept| kept.mails.len() >= count).await;
        self.mails()
    }

    /// Changes some of its settings, by their names, and waits until it knows.
    ///
    /// # Errors
    ///
    /// Where it has ended.
    pub async fn change(&self, settings: &Value) -> anyhow::Result<()> {
        let mut kept = self.kept.clone();
        let before = kept.borrow().changes;
        {
            let mut tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(tell, "{settings}")?;
            tell.flush()?;
        }
        kept.wait_for(|kept| kept.changes > before).await?;
        Ok(())
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps what the server says, until it ends.
fn follow(lines: BufReader<ChildStdout>, keep: &watch::Sender<Kept>) {
    for line in lines.lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(line) => keep.send_modify(|kept| kept.add(line)),
            Err(error) => {
                tracing::error!(%error, line, "the mail server said what nobody understands");
            }
        }
    }
}
