use super::*;
use crate::egress::own::Interfaces;

mod registries;

/// The lines of a table that are no comments.
fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

const OWN: [&str; 3] = ["198.51.101.7", "10.9.8.7", "2a01:4f8::7"];

fn judged(ip: &str, port: u16, protocol: Protocol, openings: &[&str]) -> Result<(), Reason> {
    let own = OWN.map(|ip| ip.parse().unwrap()).to_vec();
    let own = Own::new(Interfaces::Fixed(own));
    let openings: Vec<Opening> = openings.iter().map(|text| text.parse().unwrap()).collect();
    judge(
        ip.parse().unwrap_or_else(|_| panic!("{ip}")),
        port,
        protocol,
        &openings,
        &own,
    )
    .map(|judged| {
        let dialled: IpAddr = ip.parse().unwrap();
        assert_eq!(
            judged.address(),
            SocketAddr::new(dialled.to_canonical(), port)
        );
    })
}

/// An address a line, how it is reached, and why it is there.
const TABLE: &str = include_str!("tests/table.txt");

#[test]
fn every_row_of_the_table_is_reached_as_it_says() {
    let mut rows = 0;
    for line in lines(TABLE) {
        let mut words = line.split_whitespace();
        let ip = words.next().unwrap();
        let bare: IpAddr = ip.parse().unwrap_or_else(|_| panic!("{line}"));
        let (wide, exact) = match bare.to_canonical() {
            IpAddr::V4(four) => ("0.0.0.0/0:1-65535", format!("{four}:443")),
            IpAddr::V6(six) => ("[::/0]:1-65535", format!("[{six}]:443")),
        };
        // What names no single host cannot even be named exactly.
        let exact = exact.parse::<Opening>().is_ok().then_some(exact.as_str());
        let forbidden = Err(Reason::ForbiddenAddress);
        let [closed, opened, named] = match words.next().unwrap() {
            "public" => [Ok(()); 3],
            "special" => [forbidden, Ok(()), Ok(())],
            "local" => [forbidden, forbidden, Ok(())],
            "never" => [forbidden; 3],
            other => panic!("{other}: {line}"),
        };
        let https = |openings: &[&str]| judged(ip, 443, Protocol::Https, openings);
        assert_eq!(https(&[]), closed, "{line}");
        assert_eq!(https(&[wide]), opened, "{line}");
        assert_eq!(https(exact.as_slice()), named, "{line}");
        if closed.is_ok() {
            let clear = judged(ip, 80, Protocol::Http, &[]);
            assert_eq!(clear, Err(Reason::Scheme), "{line}");
        }
        rows += 1;
    }
    assert!(rows >= 250, "{rows} rows");
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
