//! Step 7, the address: may this tenant connect to this address and port? Pure.
//!
//! | address | may be dialled |
//! |---|---|
//! | global unicast, protocol over TLS | yes |
//! | global unicast, protocol in clear | where an opening covers it |
//! | private, shared, documentation, benchmark, reserved ... | where an opening covers it |
//! | loopback, link-local, metadata, this host's own | where an opening names it and its port exactly |
//! | unspecified, multicast, broadcast | never |
//!
//! What is special is read from IANA's registries of special-purpose IPv4 and IPv6 addresses, state of
//! 2025; an IPv6 address that carries an IPv4 address is as special as the stricter of the two.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

/// Whether a connection to `ip` may be made.
///
/// # Errors
///
/// [`Reason::OwnAddress`], [`Reason::ForbiddenAddress`], or [`Reason::Scheme`] for a protocol in clear
/// to a public address that was not opened.
pub fn judge(
    ip: IpAddr,
    port: u16,
    protocol: Protocol,
    openings: &[Opening],
    own: &[IpAddr],
) -> Result<(), Reason> {
    let ip = ip.to_canonical();
    let class = classify(ip, own);
    let mut covering = openings
        .iter()
        .filter(|opening| opening.covers(ip, port, protocol));
    match class {
        Class::Global if protocol.is_public() => Ok(()),
        Class::Global if covering.next().is_some() => Ok(()),
        Class::Global => Err(Reason::Scheme),
        Class::Special if covering.next().is_some() => Ok(()),
        Class::Local | Class::Own if covering.any(Opening::is_exact) => Ok(()),
        Class::Own => Err(Reason::OwnAddress),
        Class::Special | Class::Local | Class::Never => Err(Reason::ForbiddenAddress),
    }
}

fn classify(ip: IpAddr, own: &[IpAddr]) -> Class {
    let itself = if is_never(ip) {
        Class::Never
    } else if is_local(ip) {
        Class::Local
    } else if own.iter().any(|own| own.to_canonical() == ip) {
        Class::Own
    } else {
        match ip {
            IpAddr::V4(ip) => special_4(ip),
            IpAddr::V6(ip) => special_6(ip),
        }
    };
    match ip {
        IpAddr::V4(_) => itself,
        IpAddr::V6(six) => embedded(six)
            .into_iter()
            .flatten()
            .map(|inner| classify(IpAddr::V4(inner), own))
            .fold(itself, Class::max),
    }
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
mod tests {
    use super::*;

    const OWN: [&str; 3] = ["198.51.101.7", "10.9.8.7", "2a01:4f8::7"];

    fn judged(ip: &str, port: u16, protocol: Protocol, openings: &[&str]) -> Result<(), Reason> {
        let own = OWN.map(|ip| ip.parse().unwrap());
        let openings: Vec<Opening> = openings.iter().map(|text| text.parse().unwrap()).collect();
        judge(
            ip.parse().unwrap_or_else(|_| panic!("{ip}")),
            port,
            protocol,
            &openings,
            &own,
        )
    }

    #[test]
    fn public_addresses_on_both_sides_of_every_block_are_allowed() {
        for ip in [
            "1.0.0.0",
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.1.255",
            "192.0.3.0",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "192.175.48.1",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "198.51.101.6",
            "198.51.101.8",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2000::1",
            "2001:200::",
            "2001:4860:4860::8888",
            "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::",
            "2001:ffff::1",
            "2003::",
            "2606:4700::1111",
            "2620:4f:8000::1",
            "2a01:4f8::6",
            "2a01:4f8::8",
            "3ffe::1",
            "3fff:1000::",
            "::ffff:8.8.8.8",
            "::ffff:1.0.0.0",
            "64:ff9b::8.8.8.8",
            "64:ff9b::1.1.1.1",
            "2606:4700::5efe:8.8.8.8",
            "2606:4700::200:5efe:8.8.8.8",
            "2606:4700::5eff:10.0.0.1",
            "2606:4700::5efd:10.0.0.1",
            "2606:4700::100:5efe:10.0.0.1",
            "2606:4700:0:0:1:5efe:10.0.0.1",
        ] {
            assert_eq!(judged(ip, 443, Protocol::Https, &[]), Ok(()), "{ip}");
            assert_eq!(judged(ip, 8443, Protocol::Https, &[]), Ok(()), "{ip}");
            assert_eq!(
                judged(ip, 80, Protocol::Http, &[]),
                Err(Reason::Scheme),
                "{ip}"
            );
        }
    }

    #[test]
    fn special_addresses_at_both_ends_of_every_block_are_refused() {
        for ip in [
            // IPv4.
            "0.0.0.0",
            "0.0.0.1",
            "0.255.255.255",
            "10.0.0.0",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.0",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.0.0",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.0",
            "192.0.0.9",
            "192.0.0.10",
            "192.0.0.192",
            "192.0.0.255",
            "192.0.2.0",
            "192.0.2.255",
            "192.88.99.0",
            "192.88.99.255",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.0",
            "198.51.100.255",
            "203.0.113.0",
            "203.0.113.255",
            "224.0.0.0",
            "224.0.0.251",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.254",
            "255.255.255.255",
            // IPv6.
            "::",
            "::1",
            "::2",
            "100::",
            "100::ffff",
            "100:0:0:1::",
            "1fff:ffff::",
            "2001::",
            "2001:1::1",
            "2001:2::",
            "2001:3::1",
            "2001:4:112::1",
            "2001:10::",
            "2001:20::",
            "2001:30::",
            "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db8::",
            "2001:db8:ffff::1",
            "2002::",
            "2002:808:808::1",
            "3fff::",
            "3fff:fff:ffff::1",
            "4000::",
            "5f00::",
            "5f00:ffff::1",
            "64:ff9b:1::",
            "64:ff9b:1:ffff::1",
            "64:ff9b:2::8.8.8.8",
            "64:ff9b::1:8.8.8.8",
            "64:ff9a::8.8.8.8",
            "fbff::1",
            "fc00::",
            "fc00::1",
            "fd00::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fdff:ffff::1",
            "fe00::1",
            "fe7f::1",
            "fe80::",
            "fe80::1",
            "febf:ffff::1",
            "fec0::",
            "fec0::1",
            "feff::1",
            "ff00::",
            "ff02::1",
            "ff0e::1",
            "ffff::1",
            // IPv4 within IPv6.
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:168.63.129.16",
            "::ffff:0.0.0.0",
            "::ffff:100.64.0.1",
            "::127.0.0.1",
            "::10.0.0.1",
            "::8.8.8.8",
            "::ffff:0:127.0.0.1",
            "::ffff:0:8.8.8.8",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b::168.63.129.16",
            "64:ff9b::192.0.2.1",
            "64:ff9b::0.0.0.0",
            "64:ff9b::255.255.255.255",
            "64:ff9b:1::127.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:a9fe:a9fe::",
            "2001:0:7f00:1::",
            "2001:0:808:808::f5ff:fffe",
            "2001:0:808:808::f7f7:f7f7",
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::5efe:127.0.0.1",
            "2606:4700::200:5efe:192.168.1.1",
            "2606:4700::5efe:168.63.129.16",
            "fe80::5efe:8.8.8.8",
        ] {
            assert_eq!(
                judged(ip, 443, Protocol::Https, &[]),
                Err(Reason::ForbiddenAddress),
                "{ip}"
            );
        }
    }

    #[test]
    fn own_addresses_are_named_as_such_in_every_spelling() {
        for ip in [
            "198.51.101.7",
            "10.9.8.7",
            "2a01:4f8::7",
            "::ffff:10.9.8.7",
            "64:ff9b::10.9.8.7",
            "64:ff9b::198.51.101.7",
            "2002:a09:807::1",
            "2606:4700::5efe:10.9.8.7",
        ] {
            assert_eq!(
                judged(ip, 443, Protocol::Https, &[]),
                Err(Reason::OwnAddress),
                "{ip}"
            );
        }
    }

    #[test]
    fn openings_open_what_they_cover_and_nothing_beside() {
        let allowed = Ok(());
        let forbidden = Err(Reason::ForbiddenAddress);
        let table = [
            (
                "10.20.0.0",
                443,
                Protocol::Https,
                "10.20.0.0/16:443",
                allowed,
            ),
            (
                "10.20.255.255",
                443,
                Protocol::Https,
                "10.20.0.0/16:443",
                allowed,
            ),
            (
                "::ffff:10.20.0.1",
                443,
                Protocol::Https,
                "10.20.0.0/16:443",
                allowed,
            ),
            (
                "10.19.255.255",
                443,
                Protocol::Https,
                "10.20.0.0/16:443",
                forbidden,
            ),
            (
                "10.21.0.0",
                443,
                Protocol::Https,
                "10.20.0.0/16:443",
                forbidden,
            ),
            (
                "10.20.0.1",
                6379,
                Protocol::Https,
                "10.20.0.0/16:443",
                forbidden,
            ),
            (
                "10.20.0.1",
                442,
                Protocol::Https,
                "10.20.0.0/16:443",
                forbidden,
            ),
            (
                "10.20.0.1",
                443,
                Protocol::Http,
                "10.20.0.0/16:443",
                forbidden,
            ),
            (
                "10.20.0.1",
                8000,
                Protocol::Http,
                "10.0.0.0/8:8000-8100/http",
                allowed,
            ),
            (
                "10.20.0.1",
                8100,
                Protocol::Http,
                "10.0.0.0/8:8000-8100/http",
                allowed,
            ),
            (
                "10.20.0.1",
                7999,
                Protocol::Http,
                "10.0.0.0/8:8000-8100/http",
                forbidden,
            ),
            (
                "10.20.0.1",
                8101,
                Protocol::Http,
                "10.0.0.0/8:8000-8100/http",
                forbidden,
            ),
            (
                "10.20.0.1",
                8000,
                Protocol::Https,
                "10.0.0.0/8:8000-8100/http",
                forbidden,
            ),
            (
                "64:ff9b::10.20.0.1",
                443,
                Protocol::Https,
                "10.20.0.0/16:443",
                forbidden,
            ),
            (
                "2002:a14:1::",
                443,
                Protocol::Https,
                "10.20.0.0/16:443",
                forbidden,
            ),
            (
                "127.0.0.1",
                8081,
                Protocol::Http,
                "127.0.0.1:8081/http",
                allowed,
            ),
            (
                "::ffff:127.0.0.1",
                8081,
                Protocol::Http,
                "127.0.0.1:8081/http",
                allowed,
            ),
            (
                "127.0.0.1",
                8082,
                Protocol::Http,
                "127.0.0.1:8081/http",
                forbidden,
            ),
            (
                "127.0.0.2",
                8081,
                Protocol::Http,
                "127.0.0.1:8081/http",
                forbidden,
            ),
            (
                "::1",
                8081,
                Protocol::Http,
                "127.0.0.1:8081/http",
                forbidden,
            ),
            ("::1", 9000, Protocol::Http, "[::1]:9000/http", allowed),
            (
                "127.0.0.1",
                443,
                Protocol::Https,
                "0.0.0.0/0:443",
                forbidden,
            ),
            (
                "127.0.0.1",
                443,
                Protocol::Https,
                "0.0.0.0/0:1-65535",
                forbidden,
            ),
            (
                "169.254.169.254",
                443,
                Protocol::Https,
                "0.0.0.0/0:443",
                forbidden,
            ),
            (
                "100.100.100.200",
                443,
                Protocol::Https,
                "100.64.0.0/10:443",
                forbidden,
            ),
            (
                "100.100.100.201",
                443,
                Protocol::Https,
                "100.64.0.0/10:443",
                allowed,
            ),
            (
                "168.63.129.16",
                443,
                Protocol::Https,
                "168.63.0.0/16:443",
                forbidden,
            ),
            (
                "fd00:ec2::254",
                443,
                Protocol::Https,
                "[fd00::/8]:443",
                forbidden,
            ),
            (
                "fd00:ec2::255",
                443,
                Protocol::Https,
                "[fd00::/8]:443",
                allowed,
            ),
            ("0.0.0.0", 443, Protocol::Https, "0.0.0.0/0:443", forbidden),
            (
                "224.0.0.1",
                443,
                Protocol::Https,
                "0.0.0.0/0:443",
                forbidden,
            ),
            ("::1", 443, Protocol::Https, "[::/0]:443", forbidden),
            (
                "2002:7f00:1::",
                443,
                Protocol::Https,
                "[2002::/16]:443",
                forbidden,
            ),
            (
                "2002:a00:1::",
                443,
                Protocol::Https,
                "[2002::/16]:443",
                allowed,
            ),
            (
                "64:ff9b::127.0.0.1",
                443,
                Protocol::Https,
                "[64:ff9b::/96]:443",
                forbidden,
            ),
            (
                "64:ff9b:1:7f00:0:100::",
                443,
                Protocol::Https,
                "[64:ff9b:1::/48]:443",
                forbidden,
            ),
            (
                "10.9.8.7",
                443,
                Protocol::Https,
                "10.0.0.0/8:443",
                Err(Reason::OwnAddress),
            ),
            (
                "10.9.8.7",
                443,
                Protocol::Https,
                "10.9.8.7:443-444",
                Err(Reason::OwnAddress),
            ),
            (
                "10.9.8.7",
                444,
                Protocol::Https,
                "10.9.8.7:443",
                Err(Reason::OwnAddress),
            ),
            ("10.9.8.7", 443, Protocol::Https, "10.9.8.7:443", allowed),
            ("8.8.8.8", 80, Protocol::Http, "0.0.0.0/0:80/http", allowed),
            (
                "8.8.8.8",
                81,
                Protocol::Http,
                "0.0.0.0/0:80/http",
                Err(Reason::Scheme),
            ),
            ("8.8.8.8", 25, Protocol::Smtp, "8.8.8.0/24:25/smtp", allowed),
            (
                "8.8.9.8",
                25,
                Protocol::Smtp,
                "8.8.8.0/24:25/smtp",
                Err(Reason::Scheme),
            ),
        ];
        for (ip, port, protocol, opening, expected) in table {
            assert_eq!(
                judged(ip, port, protocol, &[opening]),
                expected,
                "{ip} {port} {protocol} {opening}"
            );
        }
    }
}
