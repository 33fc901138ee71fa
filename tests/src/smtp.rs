//! A real mail server as a destination: the demo's own, of the Python package aiosmtpd. It reads every mail
//! strictly, and [`Mailbox::wait_for`] fails where one has a mistake.

use std::time::Duration;

use campanile::demo::smtp::{Login, Mail, MailServer, NoServer, Settings};
use serde_json::Value;

use crate::tools;
use crate::wait::PATIENCE;

pub use campanile::demo::smtp::Security;

/// Installing the server's package for the first time takes a network's time.
const FIRST_TIME: Duration = Duration::from_secs(300);

/// Whom [`known`] lets in, and by what.
pub const USER: &str = "alerts@campanile.example";
/// See [`USER`].
pub const PASSWORD: &str = "pass \"word\\ of nobody";
/// See [`USER`].
pub const TOKEN: &str = "ya29.token-of-nobody";

/// A mail server on loopback. It ends when it is dropped.
pub struct Mailbox(MailServer);

/// Settings of a server that takes mails of those alone who log in by one of these mechanisms.
#[must_use]
pub fn known(security: Security, logins: &[&str]) -> Settings {
    Settings {
        logins: logins.iter().map(|&name| name.to_owned()).collect(),
        user: USER.to_owned(),
        password: PASSWORD.to_owned(),
        token: TOKEN.to_owned(),
        ..Settings::open(security)
    }
}

impl Mailbox {
    /// Starts a server; `None` where Python or the package is not there and need not be.
    ///
    /// # Panics
    ///
    /// Where it does not start, or something is missing that [`tools::REQUIRED`] asks for.
    pub async fn start(settings: Settings) -> Option<Self> {
        let starting = MailServer::start(settings, |line| eprintln!("{line}"));
        let started = tokio::time::timeout(FIRST_TIME, starting).await;
        match started.expect("the mail server starts in time") {
            Ok(server) => Some(Self(server)),
            Err(NoServer::Missing(missing)) => {
                tools::missing(missing.what, &missing.install);
                None
            }
            Err(NoServer::Failed(error)) => panic!("the mail server does not start: {error:#}"),
        }
    }

    /// Its URL, as a parameter has it.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// How configuration opens it.
    #[must_use]
    pub fn opening(&self) -> String {
        self.0.opening()
    }

    /// Its certificate, in DER.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        self.0.certificate()
    }

    /// What it got so far, right or wrong.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.0.mails()
    }

    /// Who logged in so far, or tried to.
    #[must_use]
    pub fn logins(&self) -> Vec<Login> {
        self.0.logins()
    }

    /// Waits until it got this many mails, and returns all.
    ///
    /// # Panics
    ///
    /// Where they do not come, or a strict reader minds anything about one.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        let waited = tokio::time::timeout(PATIENCE, self.0.wait_for(count)).await;
        let mails = waited.unwrap_or_else(|_| self.mails());
        assert!(
            mails.len() >= count,
            "{} of {count} mails came",
            mails.len()
        );
        for mail in &mails {
            assert!(
                mail.mistakes.is_empty(),
                "{:?} in:\n{}",
                mail.mistakes,
                String::from_utf8_lossy(&mail.raw)
            );
        }
        mails
    }

    /// Changes some of its settings, by their names.
    ///
    /// # Panics
    ///
    /// Where it has ended.
    pub async fn change(&self, settings: &Value) {
        let changed = tokio::time::timeout(PATIENCE, self.0.change(settings)).await;
        changed
            .expect("the mail server answers")
            .expect("the mail server is there");
    }
}
