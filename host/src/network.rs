//! Words for step 7: what an operator opens of the network for a tenant, beyond public https.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// What is spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP over TLS; what an opening means that names no protocol.
    Https,
    /// HTTP in clear.
    Http,
    /// Mail in clear.
    Smtp,
    /// Mail over TLS.
    Smtps,
    /// Syslog lines in clear, by TCP or UDP.
    Syslog,
    /// Syslog lines over TLS.
    Syslogs,
}

impl Protocol {
    const ALL: [Self; 6] = [
        Self::Https,
        Self::Http,
        Self::Smtp,
        Self::Smtps,
        Self::Syslog,
        Self::Syslogs,
    ];

    /// The name, as in configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Smtp => "smtp",
            Self::Smtps => "smtps",
            Self::Syslog => "syslog",
            Self::Syslogs => "syslogs",
        }
    }

    /// Whether anybody may speak it to a public address; the others must be opened.
    #[must_use]
    pub fn is_public(self) -> bool {
        matches!(self, Self::Https | Self::Smtps | Self::Syslogs)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Addresses, ports and a protocol that a tenant may reach besides public https.
///
/// | written | opens |
/// |---|---|
/// | `10.20.0.0/16:443` | https to port 443 of a network |
/// | `10.0.0.0/8:8000-8100/http` | http to a range of ports |
/// | `127.0.0.1:8081/http` | one listener of this machine |
/// | `10.20.0.5:514/syslog` | syslog in clear, by TCP or UDP; `syslogs` is syslog over TLS |
/// | `[fd00:1::/32]:443` | the same for IPv6, in brackets |
///
/// Loopback, link-local, metadata and own addresses are opened only by an exact address and a single
/// port; a wider rule that covers them does not open them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    cidr: IpNet,
    ports: RangeInclusive<u16>,
    protocol: Protocol,
}

/// Why an opening is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// No address, or not one that can be read.
    #[error(
        "`{0}` does not begin with an address or network, such as 10.20.0.0/16 or [fd00:1::/32]"
    )]
    Address(String),
    /// The address has bits behind the prefix.
    #[error("`{0}` has bits behind its prefix: {1} is meant?")]
    HostBits(String, IpNet),
    /// No port, or not one that can be read.
    #[error("`{0}` lacks a port from 1 to 65535, or a range such as 8000-8100")]
    Ports(String),
    /// Not a protocol.
    #[error("`{0}` is not a protocol; expected https, http, smtp, smtps, syslog or syslogs")]
    Protocol(String),
    /// Loopback, link-local and metadata are opened one by one.
    #[error("`{0}` is loopback, link-local or metadata: name one address and one port")]
    NotExact(String),
    /// Unspecified, broadcast or multicast.
    #[error("`{0}` can never be opened: it names no single host")]
    Never(String),
}

impl Opening {
    /// The addresses.
    #[must_use]
    pub fn cidr(&self) -> IpNet {
        self.cidr
    }

    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether it covers this target, exactly or within a wider rule.
    #[must_use]
    pub fn covers(&self, ip: IpAddr, port: u16, protocol: Protocol) -> bool {
        self.protocol == protocol && self.ports.contains(&port) && self.cidr.contains(&ip)
    }

    /// Whether it names one address and one port.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.cidr.prefix_len() == self.cidr.max_prefix_len()
            && self.ports.start() == self.ports.end()
    }
}

/// Whether an address is of this machine, of its link, or a cloud's metadata service: such are opened
/// only one by one.
pub(crate) fn is_local(ip: IpAddr) -> bool {
    METADATA.contains(&ip) || local_networks().iter().any(|network| network.contains(&ip))
}

/// Whether an address names no single host: nothing opens it.
pub(crate) fn is_never(ip: IpAddr) -> bool {
    match ip {
        // Linux connects 0.0.0.0/8 to this machine.
        IpAddr::V4(ip) => ip.octets()[0] == 0 || ip.is_multicast() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_unspecified() || ip.is_multicast(),
    }
}

fn local_networks() -> [IpNet; 4] {
    const LOOPBACK: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
    const LINK_LOCAL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16);
    const LOOPBACK_6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128);
    const LINK_LOCAL_6: Ipv6Net =
        Ipv6Net::new_assert(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10);
    [
        LOOPBACK.into(),
        LINK_LOCAL.into(),
        LOOPBACK_6.into(),
        LINK_LOCAL_6.into(),
    ]
}

/// Metadata services outside of link-local, from the clouds' own documentation.
const METADATA: [IpAddr; 7] = [
    // Alibaba Cloud.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Azure's WireServer; a public address.
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Oracle Cloud, classic.
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    // AWS: instance metadata, and EKS pod identity.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    // Google Cloud.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    // Scaleway.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
];

impl FromStr for Opening {
    type Err = OpeningError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, rest) = match text.strip_prefix('[') {
            Some(inner) => inner.split_once(']'),
            None => text.find(':').map(|colon| text.split_at(colon)),
        }
        .ok_or_else(|| OpeningError::Ports(text.to_owned()))?;
        let cidr = network(address)?;
        if text.starts_with('[') != matches!(cidr, IpNet::V6(_)) {
            return Err(OpeningError::Address(text.to_owned()));
        }
        let rest = rest
            .strip_prefix(':')
            .ok_or_else(|| OpeningError::Ports(text.to_owned()))?;
        let (ports, protocol) = rest.split_once('/').unwrap_or((rest, "https"));
        let ports = port_range(ports).ok_or_else(|| OpeningError::Ports(text.to_owned()))?;
        let protocol = Protocol::ALL
            .into_iter()
            .find(|known| known.as_str() == protocol)
            .ok_or_else(|| OpeningError::Protocol(protocol.to_owned()))?;
        let opening = Self {
            cidr,
            ports,
            protocol,
        };
        opening.refuse_the_meaningless(text)?;
        Ok(opening)
    }
}

impl Opening {
    fn refuse_the_meaningless(&self, text: &str) -> Result<(), OpeningError> {
        let only_local = local_networks()
            .iter()
            .any(|network| network.contains(&self.cidr))
            || (self.cidr.prefix_len() == self.cidr.max_prefix_len() && is_local(self.cidr.addr()));
        if only_local && !self.is_exact() {
            return Err(OpeningError::NotExact(text.to_owned()));
        }
        // A wide rule may begin and end with such addresses, as ::/0 does; it does not open them.
        let narrow = match self.cidr {
            IpNet::V4(_) => self.cidr.prefix_len() >= 4,
            IpNet::V6(_) => self.cidr.prefix_len() >= 8,
        };
        if narrow && is_never(self.cidr.network()) && is_never(self.cidr.broadcast()) {
            return Err(OpeningError::Never(text.to_owned()));
        }
        Ok(())
    }
}

fn network(text: &str) -> Result<IpNet, OpeningError> {
    let wrong = || OpeningError::Address(text.to_owned());
    let cidr = if text.contains('/') {
        text.parse::<IpNet>().map_err(|_| wrong())?
    } else {
        IpNet::from(text.parse::<IpAddr>().map_err(|_| wrong())?)
    };
    // A mapped address is dialled, and judged, as the IPv4 address that it is.
    if let IpNet::V6(six) = cidr
        && six.addr().to_ipv4_mapped().is_some()
    {
        return Err(wrong());
    }
    if cidr.addr() != cidr.network() {
        return Err(OpeningError::HostBits(text.to_owned(), cidr.trunc()));
    }
    Ok(cidr)
}

fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let port = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|port| digits && *port > 0)
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some(first..=last)
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.cidr.prefix_len() == self.cidr.max_prefix_len();
        match (self.cidr, whole) {
            (IpNet::V4(net), true) => write!(f, "{}", net.addr())?,
            (IpNet::V4(net), false) => write!(f, "{net}")?,
            (IpNet::V6(net), true) => write!(f, "[{}]", net.addr())?,
            (IpNet::V6(net), false) => write!(f, "[{net}]")?,
        }
        write!(f, ":{}", self.ports.start())?;
        if self.ports.start() != self.ports.end() {
            write!(f, "-{}", self.ports.end())?;
        }
        match self.protocol {
            Protocol::Https => Ok(()),
            other => write!(f, "/{other}"),
        }
    }
}

impl Serialize for Opening {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Opening {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_are_written_as_they_are_read() {
        for text in [
            "10.20.0.0/16:443",
            "127.0.0.1:8081/http",
            "[::1]:9000/http",
            "10.0.0.0/8:8000-8100/http",
            "127.0.0.1:8025/smtp",
            "[fd00:1::/32]:443",
            "0.0.0.0/0:80/http",
            "[::/0]:465/smtps",
            "10.20.0.5:514/syslog",
            "127.0.0.1:6514/syslogs",
            "169.254.169.254:80/http",
            "100.100.100.200:443",
        ] {
            let opening: Opening = text
                .parse()
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(opening.to_string(), text);
        }
        assert_eq!(
            "10.0.0.1/32:443/https"
                .parse::<Opening>()
                .unwrap()
                .to_string(),
            "10.0.0.1:443"
        );
    }

    #[test]
    fn near_misses_of_openings_are_refused() {
        use OpeningError::{Address, HostBits, Never, NotExact, Ports, Protocol};
        type Same = fn(&OpeningError) -> bool;
        let table: &[(&str, Same)] = &[
            ("", |e| matches!(e, Ports(_))),
            ("10.0.0.0/8", |e| matches!(e, Ports(_))),
            ("10.0.0.0/8:", |e| matches!(e, Ports(_))),
            ("10.0.0.0/8:0", |e| matches!(e, Ports(_))),
            ("10.0.0.0/8:65536", |e| matches!(e, Ports(_))),
            ("10.0.0.0/8:+80", |e| matches!(e, Ports(_))),
            ("10.0.0.0/8:90-80", |e| matches!(e, Ports(_))),
            ("10.0.0.0/8:80-", |e| matches!(e, Ports(_))),
            ("10.0.0.0/8:80/", |e| matches!(e, Protocol(_))),
            ("10.0.0.0/8:80/ftp", |e| matches!(e, Protocol(_))),
            ("10.0.0.0/8:80/HTTP", |e| matches!(e, Protocol(_))),
            ("10.0.0.5:514/udp", |e| matches!(e, Protocol(_))),
            ("10.0.0.5:514/syslog+udp", |e| matches!(e, Protocol(_))),
            ("10.0.0.5:6514/syslog+tls", |e| matches!(e, Protocol(_))),
            ("10.0.0.1/8:80", |e| matches!(e, HostBits(..))),
            ("10.0.0/8:80", |e| matches!(e, Address(_))),
            ("10.0.0.0/33:80", |e| matches!(e, Address(_))),
            ("example.com:80", |e| matches!(e, Address(_))),
            ("::1:80", |e| matches!(e, Address(_))),
            ("[127.0.0.1]:80", |e| matches!(e, Address(_))),
            ("[::ffff:10.0.0.1]:80", |e| matches!(e, Address(_))),
            ("[::1:80", |e| matches!(e, Ports(_))),
            ("127.0.0.0/8:80", |e| matches!(e, NotExact(_))),
            ("127.0.0.0/31:80", |e| matches!(e, NotExact(_))),
            ("127.0.0.1:80-81", |e| matches!(e, NotExact(_))),
            ("169.254.0.0/16:80", |e| matches!(e, NotExact(_))),
            ("[fe80::/10]:80", |e| matches!(e, NotExact(_))),
            ("[::1]:1-65535", |e| matches!(e, NotExact(_))),
            ("168.63.129.16:80-81", |e| matches!(e, NotExact(_))),
            ("0.0.0.0:80", |e| matches!(e, Never(_))),
            ("0.0.0.0/8:80", |e| matches!(e, Never(_))),
            ("224.0.0.0/4:80", |e| matches!(e, Never(_))),
            ("255.255.255.255:80", |e| matches!(e, Never(_))),
            ("[::]:80", |e| matches!(e, Never(_))),
            ("[ff00::/8]:80", |e| matches!(e, Never(_))),
        ];
        for (text, expected) in table {
            let error = text.parse::<Opening>().expect_err(text);
            assert!(expected(&error), "{text}: {error:?}");
        }
    }
}
