//! A syslog server as a parameter names it: by what lines travel, host and port, in one spelling.

use std::fmt;

use url::Host;

use super::server::host_and_port;

/// By what lines travel to a syslog server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// TLS: `syslog+tls`.
    Tls,
    /// TCP in clear, where it was granted: `syslog+tcp`.
    Tcp,
    /// UDP in clear, where it was granted: `syslog+udp`.
    Udp,
}

impl Transport {
    /// The scheme, and the port where none is given: RFC 5425, section 4.1; RFC 5426, section 3.3. For TCP there
    /// is none: RFC 6587, section 3.2.
    const ALL: [(Self, &str, Option<u16>); 3] = [
        (Self::Tls, "syslog+tls", Some(6514)),
        (Self::Tcp, "syslog+tcp", None),
        (Self::Udp, "syslog+udp", Some(514)),
    ];

    /// The scheme of an address.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        let found = Self::ALL.iter().find(|(transport, ..)| *transport == self);
        found.map_or("syslog+tls", |(_, scheme, _)| scheme)
    }
}

/// A syslog server: `syslog+tls://host:6514`, `syslog+tcp://host:601` or `syslog+udp://host:514`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SyslogServer {
    /// By what lines travel.
    pub transport: Transport,
    /// A name in lower case, or an address.
    pub host: Host<String>,
    /// The scheme's own where none was given.
    pub port: u16,
}

impl SyslogServer {
    /// Reads a value: a scheme of the three, a host in one spelling, a port where the scheme has none of its
    /// own, and nothing else.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = value.split_once("://")?;
        let (transport, _, default) = Transport::ALL
            .into_iter()
            .find(|(_, known, _)| *known == scheme)?;
        let (host, port) = host_and_port(rest, default)?;
        Some(Self {
            transport,
            host,
            port,
        })
    }
}

impl fmt::Display for SyslogServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}:{}",
            self.transport.scheme(),
            self.host,
            self.port
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syslog_server_is_scheme_host_and_port_in_one_spelling() {
        for (value, whole) in [
            ("syslog+tls://log.example", "syslog+tls://log.example:6514"),
            (
                "syslog+tls://log.example:443",
                "syslog+tls://log.example:443",
            ),
            ("syslog+tcp://10.0.0.1:601", "syslog+tcp://10.0.0.1:601"),
            ("syslog+tcp://[::1]:443", "syslog+tcp://[::1]:443"),
            ("syslog+udp://localhost", "syslog+udp://localhost:514"),
            ("syslog+udp://[::1]", "syslog+udp://[::1]:514"),
        ] {
            let server = SyslogServer::parse(value);
            assert_eq!(
                server.map(|server| server.to_string()).as_deref(),
                Some(whole)
            );
        }
        for value in [
            "",
            "log.example",
            "syslog://log.example:514",
            "syslog+ssl://log.example:6514",
            "syslog+tcp://log.example",
            "syslog+tcp://[fd00::443]",
            "syslog+tls:log.example",
            "syslog+tls://",
            "syslog+tls://log.example/",
            "syslog+tls://log.example:",
            "syslog+tls://log.example:0",
            "syslog+tls://log.example:06514",
            "syslog+tls://log.example:65536",
            "syslog+tls://user@log.example",
            "syslog+tls://Log.example",
            "SYSLOG+TLS://log.example",
            "syslog+tls://log.example.",
            "syslog+tls://*.example",
            "syslog+udp://0x7f.1",
            "syslog+udp://127.1:514",
            "syslog+udp://log example",
            " syslog+udp://log.example",
            "syslog+udp://log.example\n",
            "smtps://log.example:6514",
            "tcp://log.example:601",
        ] {
            assert_eq!(SyslogServer::parse(value), None, "{value:?}");
        }
    }
}
