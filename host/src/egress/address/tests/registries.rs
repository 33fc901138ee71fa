//! The registries of special-purpose addresses, read once more and in another way: blocks as data, the longest
//! one that contains an address decides, and IPv4 within IPv6 is arithmetic.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// A block a line, whether it is globally reachable, and its name.
const REGISTRIES: &str = include_str!("registries.txt");

/// What the registries do not speak of, or call reachable though no alert goes there: multicast, and anycast to
/// the nearest router's services.
const REFUSED: [&str; 5] = [
    "224.0.0.0/4",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "ff00::/8",
    "2001::/23",
];

/// Metadata services at addresses that are none of these.
const METADATA: [&str; 1] = ["168.63.129.16/32"];

/// Where an IPv4 address stands within these blocks: how far from the end, and whether its bits are turned
/// over.
const EMBEDDINGS: [(&str, u32, bool); 8] = [
    ("::/96", 0, false),
    ("::ffff:0:0/96", 0, false),
    ("::ffff:0:0:0/96", 0, false),
    ("64:ff9b::/96", 0, false),
    ("64:ff9b:1::/48", 0, false),
    ("2002::/16", 80, false),
    ("2001::/32", 64, false),
    ("2001::/32", 0, true),
];

fn blocks() -> Vec<(IpNet, bool)> {
    let block = |line: &str| {
        let mut words = line.split_whitespace();
        let net = words.next().unwrap().parse().unwrap();
        (net, words.next() == Some("yes"))
    };
    lines(REGISTRIES).map(block).collect()
}

fn within(ip: IpAddr, net: &str) -> bool {
    net.parse::<IpNet>().unwrap().contains(&ip)
}

/// Whether an address may be dialled though nothing was opened.
fn reachable(ip: IpAddr, blocks: &[(IpNet, bool)]) -> bool {
    let refused = REFUSED.iter().chain(&METADATA).any(|net| within(ip, net));
    // The longest block is the one that speaks of the address.
    let registered = blocks
        .iter()
        .filter(|(net, _)| net.contains(&ip))
        .max_by_key(|(net, _)| net.prefix_len());
    match ip {
        IpAddr::V4(_) => !refused && registered.is_none_or(|(_, reachable)| *reachable),
        IpAddr::V6(six) if within(ip, "::ffff:0:0/96") => {
            reachable(embedded(six, 0, false).into(), blocks)
        }
        IpAddr::V6(six) => {
            let unicast = within(ip, "2000::/3");
            let itself = registered.map_or(unicast, |(_, reachable)| *reachable);
            let inner = EMBEDDINGS
                .iter()
                .filter(|(net, ..)| within(ip, net))
                .map(|(_, shift, turned)| embedded(six, *shift, *turned))
                .chain(isatap(six));
            !refused && itself && inner.into_iter().all(|four| reachable(four.into(), blocks))
        }
    }
}

fn embedded(ip: Ipv6Addr, shift: u32, turned: bool) -> Ipv4Addr {
    let bits = u32::try_from(ip.to_bits() >> shift & 0xffff_ffff).unwrap();
    Ipv4Addr::from_bits(if turned { !bits } else { bits })
}

/// RFC 5214, section 6.1: 000000ug00000000 and 5efe, whatever `u` is.
fn isatap(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let interface = ip.to_bits() >> 32 & 0xffff_ffff;
    matches!(interface, 0x0000_5efe | 0x0200_5efe).then(|| embedded(ip, 0, false))
}

/// Addresses at, in and beside the blocks, and anywhere.
fn addresses() -> impl Strategy<Value = IpAddr> {
    let blocks = blocks();
    let four: Vec<Ipv4Net> = blocks
        .iter()
        .filter_map(|(net, _)| match net {
            IpNet::V4(net) => Some(*net),
            IpNet::V6(_) => None,
        })
        .collect();
    let six: Vec<Ipv6Net> = blocks
        .iter()
        .filter_map(|(net, _)| match net {
            IpNet::V6(net) => Some(*net),
            IpNet::V4(_) => None,
        })
        .chain(EMBEDDINGS.map(|(net, ..)| net.parse().unwrap()))
        .chain(["2000::/3", "fec0::/10", "ff00::/8"].map(|net| net.parse().unwrap()))
        .collect();
    let near_4 = (any::<Index>(), any::<u32>(), -3_i32..=3, any::<bool>()).prop_map(
        move |(at, inside, beside, end)| {
            let net = at.get(&four);
            let edge = if end { net.broadcast() } else { net.network() };
            let host = inside & !net.netmask().to_bits();
            let bits = match beside {
                // In it.
                3 => net.network().to_bits() | host,
                _ => edge.to_bits().wrapping_add_signed(beside),
            };
            Ipv4Addr::from_bits(bits)
        },
    );
    let any_4 = prop_oneof![4 => near_4, 1 => any::<u32>().prop_map(Ipv4Addr::from_bits)].boxed();
    let near_6 = (any::<Index>(), any::<u128>(), -3_i128..=3, any::<bool>()).prop_map(
        move |(at, inside, beside, end)| {
            let net = at.get(&six);
            let edge = if end { net.broadcast() } else { net.network() };
            let host = inside & !net.netmask().to_bits();
            let bits = match beside {
                3 => net.network().to_bits() | host,
                _ => edge.to_bits().wrapping_add_signed(beside),
            };
            Ipv6Addr::from_bits(bits)
        },
    );
    let carrying = (any::<Index>(), any_4.clone(), any::<u128>()).prop_map(|(at, four, rest)| {
        let (net, shift, turned) = at.get(&EMBEDDINGS);
        let net: Ipv6Net = net.parse().unwrap();
        let rest = rest & !net.netmask().to_bits() & !(0xffff_ffff << shift);
        let four = if *turned {
            !four.to_bits()
        } else {
            four.to_bits()
        };
        Ipv6Addr::from_bits(net.network().to_bits() | rest | u128::from(four) << shift)
    });
    let isatap = (any_4.clone(), any::<u64>(), any::<bool>()).prop_map(|(four, prefix, global)| {
        let interface = if global {
            0x0200_5efe_u128
        } else {
            0x0000_5efe
        };
        // Within global unicast, or nothing is told apart.
        let prefix = u128::from(prefix >> 3 | 1 << 61) << 64;
        Ipv6Addr::from_bits(prefix | interface << 32 | u128::from(four.to_bits()))
    });
    prop_oneof![
        3 => any_4.prop_map(IpAddr::V4),
        3 => near_6.prop_map(IpAddr::V6),
        3 => carrying.prop_map(IpAddr::V6),
        1 => isatap.prop_map(IpAddr::V6),
        1 => any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn addresses_are_judged_as_the_registries_say(ip in addresses(), blocks in Just(blocks())) {
        let own = Own::new(Interfaces::Fixed(Vec::new()));
        let judged = judge(ip, 443, Protocol::Https, &[], &own);
        prop_assert_eq!(judged.is_ok(), reachable(ip, &blocks), "{} {:?}", ip, judged);
    }
}

#[test]
fn the_table_agrees_with_the_registries_and_stands_on_both_sides_of_every_block() {
    let blocks = blocks();
    let mut known = Vec::new();
    for line in lines(TABLE) {
        let mut words = line.split_whitespace();
        let ip: IpAddr = words.next().unwrap().parse().unwrap();
        assert_eq!(
            words.next() == Some("public"),
            reachable(ip, &blocks),
            "{line}"
        );
        known.push(ip);
    }
    for (net, _) in &blocks {
        for edge in [net.network(), net.broadcast()] {
            assert!(known.contains(&edge), "{net}: {edge} is not in the table");
        }
        let (before, behind) = beside(*net);
        for ip in [before, behind].into_iter().flatten() {
            assert!(known.contains(&ip), "{net}: {ip} is not in the table");
        }
    }
    assert_eq!(blocks.len(), 51);
}

/// The addresses right before and right behind a block, where there are any.
fn beside(net: IpNet) -> (Option<IpAddr>, Option<IpAddr>) {
    match net {
        IpNet::V4(net) => (
            net.network()
                .to_bits()
                .checked_sub(1)
                .map(|bits| Ipv4Addr::from_bits(bits).into()),
            net.broadcast()
                .to_bits()
                .checked_add(1)
                .map(|bits| Ipv4Addr::from_bits(bits).into()),
        ),
        IpNet::V6(net) => (
            net.network()
                .to_bits()
                .checked_sub(1)
                .map(|bits| Ipv6Addr::from_bits(bits).into()),
            net.broadcast()
                .to_bits()
                .checked_add(1)
                .map(|bits| Ipv6Addr::from_bits(bits).into()),
        ),
    }
}
