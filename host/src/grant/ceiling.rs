//! The operator's ceiling over a tenant: what its endpoints may do at most, whatever was granted.
//!
//! | origin | allows |
//! |---|---|
//! | `https://api.example.com` | https to this host, at the scheme's own port |
//! | `https://api.example.com:8443` | at this port |
//! | `https://*.example.com` | every name below it, not the name itself |
//! | `https://*` | every host, at the scheme's own port |
//! | `https://*:*` | every host and port |
//!
//! The schemes are `https`, `http`, `smtps`, `smtp+starttls`, `smtp`, `syslog+tls`, `syslog+tcp` (which has no
//! port of its own) and `syslog+udp`; what no origin names is not spoken. Addresses are judged besides, whatever stands here.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use campanile_contract::params::{MailServer, SyslogServer};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Ask, Permission};

/// The schemes that can be spoken, and the port where none is given.
const SCHEMES: [(&str, Option<u16>); 8] = [
    ("https", Some(443)),
    ("http", Some(80)),
    ("smtps", Some(465)),
    ("smtp+starttls", Some(587)),
    ("smtp", Some(25)),
    ("syslog+tls", Some(6514)),
    ("syslog+tcp", None),
    ("syslog+udp", Some(514)),
];

/// Hosts and ports that may be reached by one scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPattern {
    scheme: &'static str,
    host: Hosts,
    /// Any where there is none.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    Any,
    /// With its leading dot.
    Below(String),
    One(String),
}

/// Why an origin is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CeilingError {
    /// Not a scheme that is spoken.
    #[error(
        "`{0}` does not begin with https://, http://, smtps://, smtp+starttls://, smtp://, syslog+tls://, syslog+tcp:// or syslog+udp://"
    )]
    Scheme(String),
    /// No host, or not in its one spelling.
    #[error("`{0}` names no host: expected one in lower case, *.example.com or *")]
    Host(String),
    /// Names below it are anybody's to have.
    #[error(
        "`{0}` is everybody's: anyone can have a name below that, so write the names that you mean, or * for all hosts"
    )]
    Public(String),
    /// No port.
    #[error("`{0}` has no port from 1 to 65535, nor *, behind its host")]
    Port(String),
}

impl FromStr for OriginPattern {
    type Err = CeilingError;

    fn from_str(text: &str) -> Result<Self, CeilingError> {
        let wrong_host = || CeilingError::Host(text.to_owned());
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| CeilingError::Scheme(text.to_owned()))?;
        let (scheme, default) = SCHEMES
            .into_iter()
            .find(|(known, _)| *known == scheme)
            .ok_or_else(|| CeilingError::Scheme(text.to_owned()))?;
        // The colons of an IPv6 address stand before its bracket.
        let (host, port) = match rest.rfind(':').filter(|at| !rest[*at..].contains(']')) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        let host = match host.strip_prefix('*') {
            Some("") => Hosts::Any,
            Some(below) => {
                let name = below.strip_prefix('.').ok_or_else(wrong_host)?;
                if !is_host(name) || is_address(name) {
                    return Err(wrong_host());
                }
                if !name.contains('.') || is_public(name) {
                    return Err(CeilingError::Public(text.to_owned()));
                }
                Hosts::Below(below.to_owned())
            }
            None => is_host(host)
                .then(|| Hosts::One(host.to_owned()))
                .ok_or_else(wrong_host)?,
        };
        let port = match port {
            None => Some(default.ok_or_else(|| CeilingError::Port(text.to_owned()))?),
            Some("*") => None,
            Some(port) => {
                let number = port.parse::<u16>().ok();
                let number = number.filter(|number| *number > 0 && number.to_string() == port);
                Some(number.ok_or_else(|| CeilingError::Port(text.to_owned()))?)
            }
        };
        Ok(Self { scheme, host, port })
    }
}

/// Whether this is a host in the spelling that addresses have once they are parsed.
fn is_host(text: &str) -> bool {
    let url = Url::parse(&format!("https://{text}:1"));
    !text.ends_with('.')
        && !text.contains('*')
        && url.is_ok_and(|url| url.host_str() == Some(text) && url.username().is_empty())
}

fn is_address(text: &str) -> bool {
    let url = Url::parse(&format!("https://{text}"));
    url.is_ok_and(|url| !matches!(url.host(), Some(url::Host::Domain(_))))
}

/// Whether names directly below it belong to different people, by the public suffix list.
fn is_public(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix == name.as_bytes())
}

impl OriginPattern {
    /// Whether it allows an address with or without a path, or a mail or syslog server, in the one spelling of each.
    #[must_use]
    pub fn matches(&self, address: &str) -> bool {
        let Some((scheme, host, port)) = parts(address) else {
            return false;
        };
        let here = match &self.host {
            Hosts::Any => true,
            Hosts::One(own) => *own == host,
            Hosts::Below(suffix) => {
                host.len() > suffix.len() && host.ends_with(suffix.as_str()) && !is_address(&host)
            }
        };
        here && self.scheme == scheme && self.port.is_none_or(|own| own == port)
    }
}

fn parts(address: &str) -> Option<(String, String, u16)> {
    if let Some(server) = MailServer::parse(address) {
        return Some((
            server.security.scheme().to_owned(),
            server.host.to_string(),
            server.port,
        ));
    }
    if let Some(server) = SyslogServer::parse(address) {
        return Some((
            server.transport.scheme().to_owned(),
            server.host.to_string(),
            server.port,
        ));
    }
    let url = Url::parse(address).ok()?;
    Some((
        url.scheme().to_owned(),
        url.host_str()?.to_owned(),
        url.port_or_known_default()?,
    ))
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        match &self.host {
            Hosts::Any => f.write_str("*")?,
            Hosts::Below(name) => write!(f, "*{name}")?,
            Hosts::One(host) => f.write_str(host)?,
        }
        match self.port {
            None => f.write_str(":*"),
            Some(port) if SCHEMES.contains(&(self.scheme, Some(port))) => Ok(()),
            Some(port) => write!(f, ":{port}"),
        }
    }
}

/// What becomes of what is over a ceiling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is refused.
    #[default]
    Enforce,
    /// It is logged and counted, and done: to find out what a ceiling would refuse. Asks, grants,
    /// addresses and places of secrets are enforced none the less.
    Report,
}

/// What is over a ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over<'a> {
    /// The component is not one of those that may be used, or has the larger limits.
    Component,
    /// It may not be sent there.
    Address(&'a str),
}

/// What a tenant's endpoints may do at most.
#[derive(Debug, Default)]
pub struct Ceiling {
    /// Where to; `None`: anywhere.
    pub origins: Option<Vec<OriginPattern>>,
    /// Whether components of the standard limits alone may be used.
    pub standard_only: bool,
    /// Digests of the components that may be used; `None`: any.
    pub components: Option<BTreeSet<String>>,
    /// What becomes of the rest.
    pub mode: Mode,
    /// What was let through because of [`Mode::Report`], since the start.
    pub reported: AtomicU64,
}

impl Ceiling {
    /// Whether something may be sent to this address.
    #[must_use]
    pub fn reaches(&self, address: &str) -> bool {
        let matches =
            |origins: &Vec<OriginPattern>| origins.iter().any(|origin| origin.matches(address));
        self.origins.as_ref().is_none_or(matches)
    }

    /// Whether a component with this digest may be used, of the larger limits or not.
    #[must_use]
    pub fn admits(&self, digest: &str, large: bool) -> bool {
        let listed = |digests: &BTreeSet<String>| digests.contains(digest);
        self.components.as_ref().is_none_or(listed) && !(large && self.standard_only)
    }

    /// What of an ask is over it, of a component with this digest; nothing where it only reports.
    #[must_use]
    pub fn refuses<'a>(&self, digest: &str, ask: &'a Ask) -> Vec<Over<'a>> {
        if self.mode == Mode::Report {
            return Vec::new();
        }
        if !self.admits(digest, ask.permissions.contains(&Permission::Large)) {
            return vec![Over::Component];
        }
        let addresses = ask.addresses().into_iter();
        addresses
            .filter(|address| !self.reaches(address))
            .map(Over::Address)
            .collect()
    }

    /// Counts one more thing that was let through; returns how many there are.
    pub fn report(&self) -> u64 {
        self.reported.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Every tenant for which no ceiling stands by name.
const EVERYBODY: &str = "*";

/// All ceilings, by tenant.
#[derive(Debug, Clone, Default)]
pub struct Ceilings(HashMap<String, Arc<Ceiling>>);

impl Ceilings {
    /// Adds a tenant's; `*` is for every tenant that has none by name. Returns whether there was none yet.
    pub fn add(&mut self, tenant: &str, ceiling: Ceiling) -> bool {
        self.0
            .insert(tenant.to_owned(), Arc::new(ceiling))
            .is_none()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one over a tenant; without one there is nothing but the host's own rules.
    #[must_use]
    pub fn over(&self, tenant: &str) -> Option<&Arc<Ceiling>> {
        self.0.get(tenant).or_else(|| self.0.get(EVERYBODY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_allows_its_scheme_hosts_and_ports_and_no_others() {
        for (pattern, address, expected) in [
            ("https://api.example.com", "https://api.example.com", true),
            ("https://api.example.com", "https://api.example.com/x", true),
            (
                "https://api.example.com",
                "https://api.example.com:443",
                true,
            ),
            (
                "https://api.example.com",
                "https://api.example.com:8443",
                false,
            ),
            ("https://api.example.com", "http://api.example.com", false),
            ("https://api.example.com", "https://api.example.com.", false),
            ("https://api.example.com", "https://xapi.example.com", false),
            (
                "https://api.example.com",
                "https://api.example.com.evil",
                false,
            ),
            (
                "https://api.example.com",
                "https://api.example.com@evil",
                false,
            ),
            (
                "https://api.example.com:8443",
                "https://api.example.com:8443",
                true,
            ),
            (
                "https://api.example.com:8443",
                "https://api.example.com",
                false,
            ),
            ("https://*.example.com", "https://api.example.com", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://.example.com", false),
            ("https://*.example.com", "https://evilexample.com", false),
            (
                "https://*.example.com",
                "https://api.example.com:8443",
                false,
            ),
            ("https://*", "https://anything.example", true),
            ("https://*", "https://anything.example:444", false),
            ("https://*", "http://anything.example", false),
            ("https://*:*", "https://anything.example:444", true),
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081/hook", true),
            ("http://127.0.0.1:8081", "http://127.0.0.1:8082/hook", false),
            ("https://[::1]:9", "https://[::1]:9/x", true),
            ("https://[::1]", "https://[::1]", true),
            (
                "smtps://mail.example.com",
                "smtps://mail.example.com:465",
                true,
            ),
            (
                "smtps://mail.example.com",
                "smtp://mail.example.com:465",
                false,
            ),
            (
                "smtp+starttls://*",
                "smtp+starttls://mail.example.com:587",
                true,
            ),
            (
                "smtp+starttls://*",
                "smtp+starttls://mail.example.com:25",
                false,
            ),
            (
                "syslog+tls://*.example.com",
                "syslog+tls://log.example.com",
                true,
            ),
            (
                "syslog+tls://*.example.com",
                "syslog+tls://log.example.com:6515",
                false,
            ),
            (
                "syslog+tcp://10.0.0.5:601",
                "syslog+tcp://10.0.0.5:601",
                true,
            ),
            (
                "syslog+tcp://10.0.0.5:601",
                "syslog+udp://10.0.0.5:601",
                false,
            ),
            ("syslog+udp://*", "syslog+udp://10.0.0.5:514", true),
            ("syslog+udp://*", "syslog+tls://log.example.com:514", false),
            ("https://*", "no address", false),
        ] {
            let parsed: OriginPattern = pattern.parse().expect(pattern);
            assert_eq!(parsed.matches(address), expected, "{pattern} {address}");
            assert_eq!(parsed.to_string(), pattern);
        }
    }

    #[test]
    fn near_misses_of_origins_are_refused() {
        use CeilingError::{Host, Port, Public, Scheme};
        type Same = fn(&CeilingError) -> bool;
        let rows: &[(&str, Same)] = &[
            ("", |e| matches!(e, Scheme(_))),
            ("api.example.com", |e| matches!(e, Scheme(_))),
            ("ftp://api.example.com", |e| matches!(e, Scheme(_))),
            ("HTTPS://api.example.com", |e| matches!(e, Scheme(_))),
            ("*://api.example.com", |e| matches!(e, Scheme(_))),
            ("https://", |e| matches!(e, Host(_))),
            ("https://API.example.com", |e| matches!(e, Host(_))),
            ("https://api.example.com.", |e| matches!(e, Host(_))),
            ("https://api.example.com/", |e| matches!(e, Host(_))),
            ("https://user@api.example.com", |e| matches!(e, Host(_))),
            ("https://a*.example.com", |e| matches!(e, Host(_))),
            ("https://*example.com", |e| matches!(e, Host(_))),
            ("https://*.*.example.com", |e| matches!(e, Host(_))),
            ("https://*.com", |e| matches!(e, Public(_))),
            ("https://*.co.uk", |e| matches!(e, Public(_))),
            ("https://*.github.io", |e| matches!(e, Public(_))),
            ("https://*.s3.amazonaws.com", |e| matches!(e, Public(_))),
            ("https://*.0.0.1", |e| matches!(e, Host(_))),
            ("https://0x7f.1", |e| matches!(e, Host(_))),
            ("syslog://a.example", |e| matches!(e, Scheme(_))),
            ("syslog+tcp://a.example", |e| matches!(e, Port(_))),
            ("https://a.example:0", |e| matches!(e, Port(_))),
            ("https://a.example:", |e| matches!(e, Port(_))),
            ("https://a.example:0443", |e| matches!(e, Port(_))),
            ("https://a.example:65536", |e| matches!(e, Port(_))),
            ("https://a.example:443/x", |e| matches!(e, Port(_))),
        ];
        for (text, expected) in rows {
            let error = text.parse::<OriginPattern>().expect_err(text);
            assert!(expected(&error), "{text}: {error:?}");
        }
    }

    #[test]
    fn a_tenants_own_ceiling_comes_before_everybodys() {
        let mut ceilings = Ceilings::default();
        assert!(ceilings.over("a").is_none());
        let only = |digest: &str| Ceiling {
            components: Some(BTreeSet::from([digest.to_owned()])),
            standard_only: true,
            ..Ceiling::default()
        };
        assert!(ceilings.add("a", only("one")));
        assert!(ceilings.over("b").is_none());
        assert!(ceilings.add(EVERYBODY, only("two")));
        assert!(!ceilings.add("a", only("one")));
        for (tenant, digest, large, expected) in [
            ("a", "one", false, true),
            ("a", "one", true, false),
            ("a", "two", false, false),
            ("b", "two", false, true),
            ("b", "one", false, false),
        ] {
            let ceiling = ceilings.over(tenant).expect("a ceiling");
            assert_eq!(ceiling.admits(digest, large), expected, "{tenant} {digest}");
            assert!(ceiling.reaches("https://anything.example"));
        }
    }
}
