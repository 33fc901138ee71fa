//! Step 7 of an alert's path: the one door out. From `deliver` it takes a message with holes; policy
//! decides, secrets and signatures are filled in, the one client carries it out, and what came back goes
//! to `deliver` to be judged.
//!
//! In the order of a request:
//!
//! | file | knows |
//! |---|---|
//! | `sender` | an endpoint's routes and opened secrets, prepared once |
//! | `fill` | where secrets stand, whether they may, and the filled request |
//! | `route` | which method, origin and path are asked for, granted and below the ceiling |
//! | `headers`, `sign` | header names and values; authentication and signatures |
//! | `http` | one request, one response |
//! | `mail` | one mail, to one mail server |
//! | `syslog` | one line, to one syslog server |
//! | `dial`, `address`, `own`, `tls` | the one connect, to judged addresses alone |
//! | `look`, `needles` | whether a secret shows in what came back |
//! | `ledger` | what was judged beside what was dialled, for tests |
//! | `rehearse` | a request judged and filled, and let go: for authors' checks |
//! | `show` | the same request for people, unfilled |

mod address;
mod dial;
mod encoding;
mod failure;
mod fill;
mod headers;
mod http;
mod ledger;
mod look;
mod mail;
mod needles;
mod own;
mod rehearse;
mod route;
mod sender;
mod show;
mod sign;
mod syslog;
mod tls;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ::http::HeaderMap;
use tokio::sync::Semaphore;

use self::dial::Dialler;
use self::fill::Attempt;
use self::http::Client;
use self::own::Own;
use self::tls::Trust;
use crate::clock::Millis;
use crate::message::Message;
use crate::network::{Opening, Protocol};
use crate::outcome::Reason;

pub use self::dial::Resolver;
pub use self::failure::Failure;
pub use self::fill::{MAX_BODY_BYTES, MAX_URL_BYTES};
pub use self::headers::{MAX_HEADER_BYTES, MAX_HEADERS};
pub use self::ledger::{Account, Ledger, STRAYED};
pub use self::mail::{MAX_SUBJECT_BYTES, MAX_THREADS, Refused, Report};
pub use self::own::Interfaces;
pub use self::rehearse::{Rehearsed, rehearse};
pub use self::sender::{MAX_SECRET_BYTES, Owner, Sender};
pub use self::show::shown;
pub use self::syslog::{MAX_DATAGRAM_BYTES, MAX_LINE_BYTES};
pub use self::tls::{Root, TlsError, roots};

/// Log targets that a subscriber must switch off for ever: the client's libraries, whose own lines are
/// not ours to vouch for.
pub const SILENCED: &[&str] = &["hyper", "hyper_util", "rustls", "tokio_rustls"];

/// How long an attempt may take, and how much of a response is read.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Resolving, connecting and TLS together: a healthy destination needs well under a second.
    pub connect: Duration,
    /// From the connection to the head of the response: slow services take a few seconds.
    pub first_byte: Duration,
    /// Between two pieces of a body.
    pub between_bytes: Duration,
    /// All together.
    pub total: Duration,
    /// In bytes; more is cut. A component is given 64 KiB at most, the rest is for finding secrets.
    pub response: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(10),
            between_bytes: Duration::from_secs(5),
            total: Duration::from_secs(30),
            response: 256 * 1024,
        }
    }
}

/// What the door is built from.
#[derive(Debug, Clone, Default)]
pub struct EgressOptions {
    /// What the operator opened, by tenant.
    pub openings: HashMap<String, Vec<Opening>>,
    /// Who knows the addresses of this host.
    pub interfaces: Interfaces,
    /// Who knows the addresses of a name.
    pub resolver: Resolver,
    /// Root certificates besides the system's.
    pub roots: Vec<Root>,
    /// Times and sizes.
    pub limits: Limits,
}

/// The door. Shared by all deliveries.
pub struct Egress {
    resolver: Arc<Resolver>,
    own: Arc<Own>,
    ledger: Arc<Ledger>,
    trust: Trust,
    limits: Limits,
    tenants: RwLock<Tenants>,
}

#[derive(Default)]
struct Tenants {
    openings: HashMap<String, Arc<[Opening]>>,
    /// By tenant, so that no connection or TLS session serves two.
    lines: HashMap<String, Line>,
}

/// One tenant's way out.
#[derive(Clone)]
struct Line {
    client: Client,
    dialler: Arc<Dialler>,
    /// Whether http in clear is opened anywhere.
    clear: bool,
    /// One large answer at a time is looked through: all of a tenant's take one thread from the others.
    turn: Arc<Semaphore>,
}

/// What came back.
#[derive(Debug)]
pub struct Received {
    /// The HTTP status, or SMTP's code.
    pub status: u16,
    /// The headers; none of a mail.
    pub headers: HeaderMap,
    /// The body, as far as it was read; empty where it is `encoded`. Of a mail, what the contract says
    /// stands for one.
    pub body: Vec<u8>,
    /// Whether more came than was read.
    pub truncated: bool,
    /// Whether the body was left unread because it is compressed, though identity was asked for.
    pub encoded: bool,
    /// Whether a secret shows in headers or body, or nobody looked, for nobody was to read them: then nothing of it
    /// may be given to a component, stored or shown but the status.
    pub secret_shown: bool,
    /// What a mail server said of each address, where it was a mail.
    pub mail: Option<Report>,
}

impl Egress {
    /// Builds the door.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub fn new(options: EgressOptions) -> Result<Self, TlsError> {
        let trust = Trust::new(options.roots)?;
        // What `line` builds later is built once here, so that it cannot fail for a reason that is known.
        trust.config()?;
        let egress = Self {
            resolver: Arc::new(options.resolver),
            own: Arc::new(Own::new(options.interfaces)),
            ledger: Arc::default(),
            trust,
            limits: options.limits,
            tenants: RwLock::default(),
        };
        egress.set_openings(options.openings);
        Ok(egress)
    }

    /// Replaces what the operator opened. Connections that are kept were judged by the old rules: they
    /// are let go.
    pub fn set_openings(&self, openings: HashMap<String, Vec<Opening>>) {
        let openings = openings
            .into_iter()
            .map(|(tenant, rules)| (tenant, rules.into()))
            .collect();
        *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = Tenants {
            openings,
            lines: HashMap::new(),
        };
    }

    /// Nothing is sent to where this program itself listens.
    pub fn listens_at(&self, address: SocketAddr) {
        self.own.listens_at(address);
    }

    /// What was judged beside what was dialled.
    #[must_use]
    pub fn ledger(&self) -> Arc<Ledger> {
        self.ledger.open();
        Arc::clone(&self.ledger)
    }

    /// Sends one message, once: the delivery's message `number`, counted from 0. A failure of the policy
    /// dials nothing. Nothing comes back of a syslog line: nobody answers one. `reads` says by its status whether
    /// anybody is to read an answer besides that: only then is it looked through for secrets. A mail server's always is.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with its reason; every status, also a redirect's, is a response.
    pub async fn send(
        &self,
        sender: &Arc<Sender>,
        message: &Message,
        delivery_id: &str,
        number: u32,
        now: Millis,
        reads: impl Fn(u16) -> bool + Send,
    ) -> Result<Option<Received>, Failure> {
        let line = self.line(sender.tenant())?;
        let attempt = Attempt {
            delivery_id,
            now,
            clear: line.clear,
        };
        let request = match message {
            Message::Http(request) => request,
            Message::Mail(mail) => {
                return mail::exchange(&line, sender, mail, number, attempt, &self.limits)
                    .await
                    .map(Some);
            }
            Message::Syslog(given) => {
                syslog::send(&line.dialler, sender, given, attempt, &self.limits).await?;
                return Ok(None);
            }
        };
        let mut filled = fill::fill(sender, request, attempt)?;
        let made = std::mem::take(&mut filled.made);
        let answer = line.client.exchange(filled, &self.limits).await?;
        let secret_shown =
            !reads(answer.status) || look::shows(&line.turn, sender, made, answer.text()).await;
        Ok(Some(Received {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            truncated: answer.truncated,
            encoded: answer.encoded,
            secret_shown,
            mail: None,
        }))
    }

    fn line(&self, tenant: &str) -> Result<Line, Failure> {
        let known = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = known.lines.get(tenant) {
            return Ok(line.clone());
        }
        drop(known);
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = tenants.lines.get(tenant) {
            return Ok(line.clone());
        }
        let openings = tenants.openings.get(tenant).cloned().unwrap_or_default();
        let clear = openings
            .iter()
            .any(|opening| opening.protocol() == Protocol::Http);
        let unset = |error: TlsError| Failure::new(Reason::Tls, error.to_string());
        let dialler = Arc::new(Dialler {
            resolver: Arc::clone(&self.resolver),
            openings,
            own: Arc::clone(&self.own),
            ledger: Arc::clone(&self.ledger),
            tls: self.trust.config().map_err(unset)?,
            tls_without_alpn: self.trust.config_without_alpn().map_err(unset)?,
            timeout: self.limits.connect,
        });
        let line = Line {
            client: Client::new(Arc::clone(&dialler)),
            dialler,
            clear,
            turn: Arc::new(Semaphore::new(1)),
        };
        tenants.lines.insert(tenant.to_owned(), line.clone());
        Ok(line)
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
