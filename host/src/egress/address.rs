//! Step 7, the address: may this tenant connect to this address and port? Pure.
//!
//! | address | may be dialled |
//! |---|---|
//! | global unicast, protocol over TLS | yes |
//! | global unicast, protocol in clear | where an opening covers it |
//! | private, shared, documentation, benchmark, reserved ... | where an opening covers it |
//! | loopback, link-local, metadata, this host's own | where an opening names it and its port exactly |
//! | where this program itself listens | never: alerts would go round in circles |
//! | unspecified, multicast, broadcast | never |
//!
//! What is special is read from IANA's registries of special-purpose IPv4 and IPv6 addresses, state of
//! 2025; an IPv6 address that carries an IPv4 address is as special as the stricter of the two.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::own::Own;
use crate::network::{Opening, Protocol, is_local, is_never};
use crate::outcome::Reason;

/// How an address is reached, the most harmless first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Global,
    Special,
    Local,
    Own,
    Never,
}

/// An address that may be dialled. Only [`judge`] makes one, and only what is one is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged(SocketAddr);

impl Judged {
    /// The address as it is dialled: one that is IPv4 within IPv6 as what it is.
    pub(super) fn address(self) -> SocketAddr {
        self.0
    }
}

/// Whether a connection to `ip` may be made.
///
/// # Errors
///
/// [`Reason::OwnAddress`], [`Reason::ForbiddenAddress`], or [`Reason::Scheme`] for a protocol in clear
/// to a public address that was not opened; [`Reason::ConnectionRefused`] where the system cannot say which
/// addresses are its own.
pub(super) fn judge(
    ip: IpAddr,
    port: u16,
    protocol: Protocol,
    openings: &[Opening],
    own: &Own,
) -> Result<Judged, Reason> {
    let ip = ip.to_canonical();
    for end in ends(ip) {
        if own.answers(end, port)? {
            return Err(Reason::OwnAddress);
        }
    }
    let class = classify(ip, own)?;
    let mut covering = openings
        .iter()
        .filter(|opening| opening.covers(ip, port, protocol));
    let allowed = match class {
        Class::Global if protocol.is_public() => true,
        Class::Global | Class::Special => covering.next().is_some(),
        Class::Local | Class::Own => covering.any(Opening::is_exact),
        Class::Never => false,
    };
    match class {
        _ if allowed => Ok(Judged(SocketAddr::new(ip, port))),
        Class::Global => Err(Reason::Scheme),
        Class::Own => Err(Reason::OwnAddress),
        Class::Special | Class::Local | Class::Never => Err(Reason::ForbiddenAddress),
    }
}

/// An address is as special as the strictest of those that a packet to it may end at.
fn classify(ip: IpAddr, own: &Own) -> Result<Class, Reason> {
    ends(ip).try_fold(Class::Global, |strictest, end| {
        let class = if is_never(end) {
            Class::Never
        } else if is_local(end) {
            Class::Local
        } else if own.has(end)? {
            Class::Own
        } else {
            match end {
                IpAddr::V4(ip) => special_4(ip),
                IpAddr::V6(ip) => special_6(ip),
            }
        };
        Ok(strictest.max(class))
    })
}

/// The address itself, and the IPv4 addresses within it.
fn ends(ip: IpAddr) -> impl Iterator<Item = IpAddr> {
    let inner = match ip {
        IpAddr::V4(_) => [None; 2],
        IpAddr::V6(six) => embedded(six),
    };
    std::iter::once(ip).chain(inner.into_iter().flatten().map(IpAddr::V4))
}

fn special_4(ip: Ipv4Addr) -> Class {
    // Of 192.0.0.0/24 the registry calls the anycast addresses .9 and .10 global; they reach the
    // nearest router's port control and relay, and no alert goes there.
    const SPECIAL: [(Ipv4Addr, u32); 12] = [
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        (Ipv4Addr::new(100, 64, 0, 0), 10),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        (Ipv4Addr::new(192, 0, 0, 0), 24),
        (Ipv4Addr::new(192, 0, 2, 0), 24),
        (Ipv4Addr::new(192, 88, 99, 0), 24),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
        (Ipv4Addr::new(198, 18, 0, 0), 15),
        (Ipv4Addr::new(198, 51, 100, 0), 24),
        (Ipv4Addr::new(203, 0, 113, 0), 24),
        (Ipv4Addr::new(224, 0, 0, 0), 4),
        (Ipv4Addr::new(240, 0, 0, 0), 4),
    ];
    let bits = ip.to_bits();
    let special = SPECIAL
        .iter()
        .any(|(base, length)| (bits ^ base.to_bits()) >> (32 - length) == 0);
    if special {
        Class::Special
    } else {
        Class::Global
    }
}

fn special_6(ip: Ipv6Addr) -> Class {
    // 2000::/3 is all that IANA has given out as global unicast. Of 2001::/23 the registry calls a few
    // anycast blocks global; none is where an alert goes.
    const SPECIAL: [(Ipv6Addr, u32); 4] = [
        (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
        (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
        (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    ];
    const UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
    let bits = ip.to_bits();
    let within = |(base, length): &(Ipv6Addr, u32)| (bits ^ base.to_bits()) >> (128 - length) == 0;
    // A machine with IPv6 alone reaches every IPv4 destination so; the IPv4 address is judged besides.
    let nat64 = ip.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
    if nat64 || (within(&UNICAST) && !SPECIAL.iter().any(within)) {
        Class::Global
    } else {
        Class::Special
    }
}

/// The IPv4 addresses that a packet to this address may end at.
fn embedded(ip: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let s = ip.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    let last = join(s[6], s[7]);
    match s {
        // Compatible (RFC 4291), SIIT (RFC 2765), NAT64 (RFC 6052). `::` and `::1` are no such.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => [Some(last), None],
        [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => [Some(last), None],
        // Local-use NAT64 (RFC 8215): at the end, or right behind the prefix of 48 bits, where RFC 6052
        // leaves out the bits 64 to 71.
        [0x64, 0xff9b, 1, high, low, next, ..] => {
            let behind = join(high, (low & 0x00ff) << 8 | next >> 8);
            [Some(last), Some(behind)]
        }
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => [Some(join(high, low)), isatap(&s, last)],
        // Teredo (RFC 4380): the server, and the client with its bits turned over.
        [0x2001, 0, high, low, ..] => [Some(join(high, low)), Some(join(!s[6], !s[7]))],
        _ => [isatap(&s, last), None],
    }
}

/// ISATAP (RFC 5214): an interface identifier of 0:5efe or 200:5efe and an IPv4 address.
fn isatap(segments: &[u16; 8], last: Ipv4Addr) -> Option<Ipv4Addr> {
    (segments[4] & !0x0200 == 0 && segments[5] == 0x5efe).then_some(last)
}

#[cfg(test)]
mod tests;
