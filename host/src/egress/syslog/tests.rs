//! What a line becomes, which lines are refused, and attacks of a server.

mod server;

use std::collections::HashMap;
use std::sync::Arc;

use campanile_contract::manifest::Manifest;
use campanile_contract::params::Param;
use serde_json::json;

use self::server::{Does, Server};
use super::*;
use crate::egress::{Egress, EgressOptions, Owner, Resolver};
use crate::grant::Permit;
use crate::message::{Element, Message};
use crate::secret::{MasterKey, Vault};

/// A time that nobody waits for.
const LONG: Duration = Duration::from_secs(120);

/// One that is waited for.
const SHORT: Duration = Duration::from_millis(150);

fn limits() -> Limits {
    Limits {
        connect: LONG,
        between_bytes: LONG,
        total: LONG,
        ..Limits::default()
    }
}

/// An endpoint that may log to this server, and to nothing else.
fn sender(server: &str) -> Arc<Sender> {
    let manifest: Manifest = serde_json::from_value(json!({
        "manifest": 1, "name": "x", "title": "x", "version": "1.0.0",
        "endpoint-param": [
            {"name": "server", "kind": "syslog-server"},
            {"name": "unrouted", "kind": "syslog-server"},
            {"name": "mail", "kind": "mail-server"}
        ],
        "route": [
            {"name": "log", "origin": {"param": "server"}},
            {"name": "mail", "origin": {"param": "mail"}}
        ]
    }))
    .unwrap();
    let params = [
        ("server", server),
        ("unrouted", "syslog+tls://unrouted.example"),
        ("mail", "smtps://mail.example"),
    ]
    .map(|(name, value)| Param {
        name: name.into(),
        key: None,
        value: value.into(),
    });
    let owner = Owner {
        tenant: "t",
        endpoint: "noc",
        recipient: "r",
    };
    let vault = Vault::new(&MasterKey::new(&[7; 32]));
    let (manifest, permit) = (Arc::new(manifest), Permit::all());
    Arc::new(Sender::new(owner, &manifest, &params, &[], &vault, permit))
}

const TLS: &str = "syslog+tls://log.example:6514";

fn syslog(server: &str) -> Syslog {
    Syslog {
        server: server.to_owned(),
        facility: 16,
        severity: 4,
        timestamp: 1_720_517_073_250,
        hostname: "sensor".into(),
        app_name: "campanile".into(),
        message_id: Some("flood".into()),
        structured_data: Vec::new(),
        message: "A flood.".into(),
    }
}

fn element(id: &str, params: &[(&str, &str)]) -> Element {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Element {
        id: id.to_owned(),
        params: params.iter().map(owned).collect(),
    }
}

/// A way out on which this port of loopback is opened for a protocol, and `log.example` is loopback.
fn egress(port: u16, protocol: &str, server: Option<&Server>, limits: Limits) -> Egress {
    let opening = format!("127.0.0.1:{port}/{protocol}").parse().unwrap();
    let names = HashMap::from([("log.example".to_owned(), vec!["127.0.0.1".parse().unwrap()])]);
    Egress::new(EgressOptions {
        openings: HashMap::from([("t".to_owned(), vec![opening])]),
        resolver: Resolver::fixed(names),
        roots: server
            .map(|it| it.certificate.clone())
            .into_iter()
            .collect(),
        limits,
        ..EgressOptions::default()
    })
    .unwrap()
}

async fn send_to(egress: &Egress, url: &str, line: Syslog) -> Result<(), Reason> {
    let sent = egress
        .send(&sender(url), &Message::Syslog(line), "d", 0, 0, |_| true)
        .await;
    assert_eq!(egress.ledger().account().strayed, Vec::<String>::new());
    match sent {
        Ok(None) => Ok(()),
        Ok(Some(_)) => panic!("somebody answered"),
        Err(failure) => Err(failure.reason),
    }
}

async fn send(scheme: &str, does: Does, limits: Limits) -> (Result<(), Reason>, Vec<String>) {
    let tls = scheme == "syslog+tls";
    let server = Server::start(tls, does).await;
    let protocol = if tls { "syslogs" } else { "syslog" };
    let url = format!("{scheme}://log.example:{}", server.port);
    let egress = egress(server.port, protocol, Some(&server), limits);
    let sent = send_to(&egress, &url, syslog(&url)).await;
    (sent, server.heard())
}

#[test]
fn a_line_is_written_as_rfc_5424_has_it() {
    let none = || Syslog {
        facility: 0,
        severity: 0,
        timestamp: 0,
        hostname: String::new(),
        app_name: String::new(),
        message_id: None,
        message: String::new(),
        ..syslog(TLS)
    };
    let with = |elements: &[Element], message: &str| Syslog {
        structured_data: elements.to_vec(),
        message: message.to_owned(),
        ..syslog(TLS)
    };
    let head = "<132>1 2024-07-09T09:24:33.250Z sensor campanile - flood";
    for (given, expected) in [
        (none(), "<0>1 1970-01-01T00:00:00.000Z - - - - -".to_owned()),
        (syslog(TLS), format!("{head} - A flood.")),
        (
            Syslog {
                facility: 23,
                severity: 7,
                message_id: Some(String::new()),
                ..none()
            },
            "<191>1 1970-01-01T00:00:00.000Z - - - - -".to_owned(),
        ),
        (
            with(
                &[
                    element("a@32473", &[("k", "v"), ("k", "a \"b\" \\ [c]")]),
                    element("b@1", &[]),
                ],
                "x",
            ),
            format!("{head} [a@32473 k=\"v\" k=\"a \\\"b\\\" \\\\ [c\\]\"][b@1] x"),
        ),
        // UTF-8 is said to be that; ASCII is what it is.
        (
            with(&[element("a@1", &[("k", "\u{e9}")])], "caf\u{e9} \u{feff}"),
            format!("{head} [a@1 k=\"\u{e9}\"] \u{feff}caf\u{e9} \u{feff}"),
        ),
        (with(&[], " [x] - \\"), format!("{head} -  [x] - \\")),
    ] {
        judge::judge(&given).unwrap();
        assert_eq!(line::line(&given), expected);
    }
}

#[test]
fn fields_are_in_their_ranges_and_have_only_their_characters() {
    type Change = fn(&mut Syslog, String);
    let rows: &[(&str, Change, &[String], &[String])] = &[
        (
            "hostname",
            |line, text| line.hostname = text,
            &["-".into(), "[::1]".into(), "h".repeat(255)],
            &[
                "h".repeat(256),
                "a b".into(),
                "a\nb".into(),
                "\u{e9}".into(),
                "\0".into(),
                "a\u{7f}".into(),
            ],
        ),
        (
            "app-name",
            |line, text| line.app_name = text,
            &["a".repeat(48), "a]\"=".into()],
            &["a".repeat(49), "a b".into(), "a\t".into()],
        ),
        (
            "message id",
            |line, text| line.message_id = Some(text),
            &["m".repeat(32)],
            &["m".repeat(33), "m m".into(), "\r".into()],
        ),
        (
            "SD-ID",
            |line, text| line.structured_data = vec![element(&text, &[])],
            &[
                "a@1".into(),
                "a@0032473".into(),
                format!("{}@32473", "x".repeat(26)),
            ],
            &[
                String::new(),
                "origin".into(),
                "timeQuality".into(),
                "meta".into(),
                "a@".into(),
                "@1".into(),
                "a@1a".into(),
                "a@1@1".into(),
                "a b@1".into(),
                "a]@1".into(),
                "a=@1".into(),
                "a\"@1".into(),
                "a\n@1".into(),
                "\u{e9}@1".into(),
                format!("{}@32473", "x".repeat(27)),
            ],
        ),
        (
            "PARAM-NAME",
            |line, text| line.structured_data = vec![element("a@1", &[(&text, "")])],
            &["k".repeat(32), "k@1".into(), "[".into()],
            &[
                String::new(),
                "k".repeat(33),
                "a=\"b\" c".into(),
                "]".into(),
                "k ".into(),
                "\"".into(),
            ],
        ),
        (
            "PARAM-VALUE",
            |line, text| line.structured_data = vec![element("a@1", &[("k", &text)])],
            &["\"] \\".into(), "\u{1f514}\u{a0}".into()],
            &[
                "a\nb".into(),
                "\0".into(),
                "\u{85}".into(),
                "\u{1b}[2J".into(),
            ],
        ),
        (
            "MSG",
            |line, text| line.message = text,
            &[String::new(), "\u{feff}".into(), "x\u{e9}".into()],
            &[
                "\r\nFLUSHALL\r\n".into(),
                "a\0".into(),
                "a\n<34>1 - - sshd - - - Accepted".into(),
                "a\u{7f}".into(),
                "a\u{9b}".into(),
                "\t".into(),
            ],
        ),
    ];
    for (what, change, good, bad) in rows {
        for (texts, expected) in [(good, None), (bad, Some(Reason::SyslogField))] {
            for text in *texts {
                let mut given = syslog(TLS);
                change(&mut given, text.clone());
                let judged = judge::judge(&given);
                let reason = judged.err().map(|failure| failure.reason);
                assert_eq!(reason, expected, "{what}: {text:?}");
            }
        }
    }
    for (facility, severity, timestamp, fits) in [
        (23, 7, 253_402_207_200_000, true),
        (24, 7, 0, false),
        (23, 8, 0, false),
        (255, 255, 0, false),
        (0, 0, 253_402_207_200_001, false),
        (0, 0, u64::MAX, false),
    ] {
        let given = Syslog {
            facility,
            severity,
            timestamp,
            ..syslog(TLS)
        };
        let judged = judge::judge(&given).is_ok();
        assert_eq!(judged, fits, "{facility} {severity} {timestamp}");
    }
    let twice = Syslog {
        structured_data: vec![element("a@1", &[]), element("a@1", &[])],
        ..syslog(TLS)
    };
    assert_eq!(
        judge::judge(&twice).unwrap_err().reason,
        Reason::SyslogField
    );
}

#[tokio::test]
async fn a_line_goes_only_to_a_server_that_a_routes_parameter_holds() {
    let egress = egress(1, "syslog", None, limits());
    for (server, expected) in [
        ("syslog+tls://other.example:6514", Reason::Route),
        ("syslog+tcp://log.example:6514", Reason::Route),
        ("syslog+tls://log.example", Reason::Route),
        ("syslog+tls://log.example:6515", Reason::Route),
        ("syslog+tls://unrouted.example", Reason::Route),
        ("smtps://mail.example", Reason::Route),
        ("", Reason::Route),
        (TLS, Reason::ForbiddenAddress),
    ] {
        let sent = send_to(&egress, TLS, syslog(server)).await;
        assert_eq!(sent, Err(expected), "{server}");
    }
    assert_eq!(egress.ledger().account().dialled, []);
}

#[tokio::test]
async fn a_line_is_at_most_as_long_as_every_server_should_take() {
    for (server, limit) in [
        (TLS, MAX_LINE_BYTES),
        ("syslog+tcp://log.example:601", MAX_LINE_BYTES),
        ("syslog+udp://log.example:514", MAX_DATAGRAM_BYTES),
    ] {
        let rest = line::line(&syslog(server)).len() - syslog(server).message.len();
        let judged = |length: usize| {
            let given = Syslog {
                message: "x".repeat(length - rest),
                ..syslog(server)
            };
            let attempt = Attempt {
                delivery_id: "d",
                now: 0,
                clear: false,
            };
            rehearse(&sender(server), &given, attempt).map_err(|failure| failure.reason)
        };
        assert_eq!(judged(limit), Ok(limit), "{server}");
        assert_eq!(judged(limit + 1), Err(Reason::RequestTooLarge), "{server}");
    }
}

#[tokio::test]
async fn a_line_arrives_in_a_frame_that_counts_its_octets() {
    let line = line::line(&syslog(TLS));
    for scheme in ["syslog+tcp", "syslog+tls"] {
        let (sent, heard) = send(scheme, Does::Reads, limits()).await;
        assert_eq!(sent, Ok(()), "{scheme}");
        assert_eq!(heard, [format!("{} {line}", line.len())], "{scheme}");
    }
}

#[tokio::test]
async fn what_a_server_does_instead_of_reading_is_a_failure() {
    let short = Limits {
        between_bytes: SHORT,
        ..limits()
    };
    for (scheme, does, limits, expected) in [
        (
            "syslog+tcp",
            Does::HangsUp,
            limits(),
            Err(Reason::AnswerLost),
        ),
        (
            "syslog+tcp",
            Does::Answers,
            limits(),
            Err(Reason::BadResponse),
        ),
        (
            "syslog+tls",
            Does::Answers,
            limits(),
            Err(Reason::BadResponse),
        ),
        (
            "syslog+tls",
            Does::WantsCertificate,
            limits(),
            Err(Reason::Tls),
        ),
        // Nothing says that it has not read the line.
        ("syslog+tcp", Does::Stays, short.clone(), Ok(())),
        ("syslog+tls", Does::Stays, short, Ok(())),
    ] {
        let (sent, _) = send(scheme, does, limits).await;
        assert_eq!(sent, expected, "{scheme} {does:?}");
    }
}

#[tokio::test]
async fn nobody_is_there() {
    for scheme in ["syslog+tcp", "syslog+tls", "syslog+udp"] {
        // A port that was free a moment ago, by TCP and UDP alike.
        let port = {
            let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = tcp.local_addr().unwrap().port();
            std::net::UdpSocket::bind(("127.0.0.1", port)).map(|_| port)
        };
        let port = port.unwrap();
        let protocol = if scheme == "syslog+tls" {
            "syslogs"
        } else {
            "syslog"
        };
        let url = format!("{scheme}://127.0.0.1:{port}");
        let egress = egress(port, protocol, None, limits());
        let sent = send_to(&egress, &url, syslog(&url)).await;
        assert_eq!(sent, Err(Reason::ConnectionRefused), "{scheme}");
    }
}

#[tokio::test]
async fn a_datagram_holds_one_line_and_goes_to_the_judged_address_alone() {
    let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(LONG)).unwrap();
    let port = receiver.local_addr().unwrap().port();
    let url = format!("syslog+udp://log.example:{port}");
    let egress = egress(port, "syslog", None, limits());
    assert_eq!(send_to(&egress, &url, syslog(&url)).await, Ok(()));
    let mut bytes = [0; 4096];
    let (length, _) = receiver.recv_from(&mut bytes).unwrap();
    assert_eq!(&bytes[..length], line::line(&syslog(&url)).as_bytes());
    assert_eq!(egress.ledger().account().dialled.len(), 1);
}

#[tokio::test]
async fn each_protocol_has_openings_of_its_own() {
    let server = Server::start(false, Does::Reads).await;
    let port = server.port;
    for scheme in ["syslog+tls", "syslog+tcp", "syslog+udp"] {
        let own = if scheme == "syslog+tls" {
            "syslogs"
        } else {
            "syslog"
        };
        let url = format!("{scheme}://127.0.0.1:{port}");
        for protocol in ["https", "http", "smtp", "smtps", "syslog", "syslogs"] {
            if protocol != own {
                let egress = egress(port, protocol, None, limits());
                let sent = send_to(&egress, &url, syslog(&url)).await;
                assert_eq!(sent, Err(Reason::ForbiddenAddress), "{scheme} {protocol}");
                assert_eq!(egress.ledger().account().dialled, []);
            }
        }
    }
    // Everywhere else, TLS alone needs no opening.
    let closed = Egress::new(EgressOptions {
        resolver: Resolver::fixed(HashMap::from([(
            "log.example".to_owned(),
            vec!["198.41.0.4".parse().unwrap()],
        )])),
        ..EgressOptions::default()
    })
    .unwrap();
    for url in ["syslog+tcp://log.example:514", "syslog+udp://log.example"] {
        let sent = send_to(&closed, url, syslog(url)).await;
        assert_eq!(sent, Err(Reason::Scheme), "{url}");
    }
    assert_eq!(closed.ledger().account().dialled, []);
    assert_eq!(server.heard(), Vec::<String>::new());
}
