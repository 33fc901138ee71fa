//! Step 7, ourselves: which addresses are this host's, and where this program listens.

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{PoisonError, RwLock};

use rustix::io::Errno;

use crate::outcome::Reason;

/// Who knows the addresses of this host.
#[derive(Debug, Clone, Default)]
pub enum Interfaces {
    /// The system, each time anew: addresses come and go.
    #[default]
    System,
    /// These, and no others: a test's.
    Fixed(Vec<IpAddr>),
}

/// This host, as far as the door must know it.
#[derive(Debug, Default)]
pub(super) struct Own {
    interfaces: Interfaces,
    listeners: RwLock<Vec<SocketAddr>>,
}

impl Own {
    pub(super) fn new(interfaces: Interfaces) -> Self {
        Self {
            interfaces,
            listeners: RwLock::default(),
        }
    }

    /// This program listens there from now on.
    pub(super) fn listens_at(&self, address: SocketAddr) {
        let mut listeners = self
            .listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.push(address);
    }

    /// Whether this program answers there.
    pub(super) fn answers(&self, ip: IpAddr, port: u16) -> Result<bool, Reason> {
        let listeners = self
            .listeners
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        for listener in listeners.iter().filter(|listener| listener.port() == port) {
            let at = listener.ip().to_canonical();
            if at == ip || (at.is_unspecified() && (ip.is_loopback() || self.has(ip)?)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an address is one of this host's.
    ///
    /// # Errors
    ///
    /// Where the system cannot be asked now.
    pub(super) fn has(&self, ip: IpAddr) -> Result<bool, Reason> {
        match &self.interfaces {
            Interfaces::Fixed(known) => Ok(known.iter().any(|own| own.to_canonical() == ip)),
            Interfaces::System => is_own(ip).map_err(|error| {
                tracing::warn!(%error, "the system cannot be asked for its addresses");
                Reason::ConnectionRefused
            }),
        }
    }
}

/// Whoever wrote to an address of this host would write from that very address: so the system is asked from
/// where it would, which sends nothing, and knows of every interface and every route to itself.
fn is_own(ip: IpAddr) -> Result<bool, Error> {
    let any = match ip {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    let socket = match UdpSocket::bind((any, 0)) {
        Ok(socket) => socket,
        // A host without this family has no such address.
        Err(error)
            if error.kind() == ErrorKind::AddrNotAvailable
                || Errno::from_io_error(&error) == Some(Errno::AFNOSUPPORT) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    // The port of `discard`: it is never written to. Where no route leads, nothing of ours is.
    Ok(socket.connect((ip, 9)).is_ok() && socket.local_addr()?.ip() == ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_knows_this_hosts_addresses_and_no_others() {
        let system = Own::default();
        let has = |ip: &str| system.has(ip.parse().unwrap());
        assert_eq!(has("127.0.0.1"), Ok(true));
        for ip in ["198.41.0.4", "240.0.0.1", "2001:500:2::c", "100::1"] {
            assert_eq!(has(ip), Ok(false), "{ip}");
        }
        // From where this host would write to others, where it is on a network at all.
        let outside = UdpSocket::bind("0.0.0.0:0").unwrap();
        if outside.connect("198.41.0.4:9").is_ok() {
            let own = outside.local_addr().unwrap().ip();
            assert_eq!(system.has(own), Ok(true), "{own}");
        }
    }

    #[test]
    fn a_listener_answers_at_its_address_or_at_all_of_this_hosts() {
        let own = Own::new(Interfaces::Fixed(vec!["10.9.8.7".parse().unwrap()]));
        let answers = |ip: &str, port| own.answers(ip.parse().unwrap(), port).unwrap();
        assert!(!answers("127.0.0.1", 8300));
        own.listens_at("127.0.0.1:8300".parse().unwrap());
        assert!(answers("127.0.0.1", 8300));
        for (ip, port) in [
            ("127.0.0.1", 8301),
            ("127.0.0.2", 8300),
            ("10.9.8.7", 8300),
            ("::1", 8300),
        ] {
            assert!(!answers(ip, port), "{ip} {port}");
        }
        own.listens_at("[::]:8400".parse().unwrap());
        for ip in ["127.0.0.1", "127.0.0.2", "::1", "10.9.8.7"] {
            assert!(answers(ip, 8400), "{ip}");
        }
        assert!(!answers("10.9.8.8", 8400) && !answers("10.9.8.7", 8401));
    }
}
