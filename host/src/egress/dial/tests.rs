use super::*;
use crate::egress::own::Interfaces;
use crate::egress::tls::Trust;

fn dialler(openings: &[&str], names: &[(&str, &[&str])]) -> Dialler {
    let addresses = |found: &[&str]| found.iter().map(|ip| ip.parse().unwrap()).collect();
    let known = names
        .iter()
        .map(|(name, found)| ((*name).to_owned(), addresses(found)))
        .collect();
    Dialler {
        resolver: Arc::new(Resolver::fixed(known)),
        openings: openings.iter().map(|text| text.parse().unwrap()).collect(),
        own: Arc::new(Own::new(Interfaces::Fixed(vec![
            "198.51.101.7".parse().unwrap(),
        ]))),
        ledger: Arc::default(),
        tls: Trust::new(Vec::new()).unwrap().config().unwrap(),
        tls_without_alpn: Trust::new(Vec::new())
            .unwrap()
            .config_without_alpn()
            .unwrap(),
        timeout: Duration::from_secs(5),
    }
}

#[tokio::test]
async fn every_address_of_an_answer_must_be_allowed() {
    let dialler = dialler(
        &["127.0.0.1:443", "10.20.0.0/16:443"],
        &[
            ("public.example", &["8.8.8.8", "2606:4700::1111"]),
            ("mixed.example", &["8.8.8.8", "64:ff9b::10.0.0.1"]),
            ("private.example", &["10.0.0.1"]),
            ("opened.example", &["10.20.0.1"]),
            ("half-opened.example", &["10.20.0.1", "10.21.0.1"]),
            ("own.example", &["8.8.8.8", "198.51.101.7"]),
            ("empty.example", &[]),
            ("intranet", &["8.8.8.8"]),
            ("metadata.example", &["169.254.169.254"]),
        ],
    );
    let table: &[(&str, Result<usize, Reason>)] = &[
        ("public.example", Ok(2)),
        ("public.example.", Ok(2)),
        ("mixed.example", Err(Reason::ForbiddenAddress)),
        ("private.example", Err(Reason::ForbiddenAddress)),
        ("opened.example", Ok(1)),
        ("half-opened.example", Err(Reason::ForbiddenAddress)),
        ("own.example", Err(Reason::OwnAddress)),
        ("empty.example", Err(Reason::Unresolvable)),
        ("unknown.example", Err(Reason::Unresolvable)),
        ("metadata.example", Err(Reason::ForbiddenAddress)),
        ("intranet", Err(Reason::SingleLabel)),
        ("intranet.", Err(Reason::SingleLabel)),
        ("localhost", Ok(1)),
        ("a.localhost", Ok(1)),
        ("127.0.0.1", Ok(1)),
        ("127.0.0.2", Err(Reason::ForbiddenAddress)),
        ("[::1]", Err(Reason::ForbiddenAddress)),
        ("[::ffff:7f00:1]", Ok(1)),
        ("[::ffff:a00:1]", Err(Reason::ForbiddenAddress)),
        ("169.254.169.254", Err(Reason::ForbiddenAddress)),
    ];
    for (host, expected) in table {
        let judged = dialler.judged(host, 443, Protocol::Https).await;
        assert_eq!(
            judged
                .map(|found| found.len())
                .map_err(|failure| failure.reason),
            *expected,
            "{host}"
        );
    }
    let elsewhere = dialler.judged("localhost", 444, Protocol::Https).await;
    assert_eq!(elsewhere.unwrap_err().reason, Reason::ForbiddenAddress);
}

#[test]
fn private_addresses_are_the_same_in_every_spelling() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "１２７.0.0.1",
    ] {
        let url = url::Url::parse(&format!("https://{host}/")).unwrap();
        assert_eq!(url.host_str(), Some("127.0.0.1"), "{host}");
    }
    for host in [
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:FFFF:127.0.0.1]",
    ] {
        let url = url::Url::parse(&format!("https://{host}/")).unwrap();
        assert_eq!(url.host_str(), Some("[::ffff:7f00:1]"), "{host}");
    }
}
