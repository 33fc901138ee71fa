//! Attacks of a mail server, and what a mail becomes.

mod policy;
mod server;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use campanile_contract::manifest::Manifest;
use campanile_contract::params::Param;

use self::server::{ENDLESS, HANG_UP, SILENT, Script, Server, Speaks};
use super::*;
use crate::egress::{Egress, EgressOptions, Owner, Resolver};
use crate::grant::Permit;
use crate::message::{Encoding, Login, Message, Part, Repeat};
use crate::secret::{Binding, MasterKey, Secret, Vault};

const PASSWORD: &str = "correct horse battery";

/// A time that nobody waits for.
const LONG: Duration = Duration::from_secs(120);

/// One that is waited for.
const SHORT: Duration = Duration::from_millis(150);

fn limits() -> Limits {
    Limits {
        connect: LONG,
        first_byte: LONG,
        between_bytes: LONG,
        total: LONG,
        ..Limits::default()
    }
}

fn url(speaks: Speaks, port: u16) -> String {
    let scheme = match speaks {
        Speaks::Tls => "smtps",
        Speaks::StartTls => "smtp+starttls",
        Speaks::Clear => "smtp",
    };
    format!("{scheme}://mail.example:{port}")
}

fn sender(server: &str, recipient: &str) -> Arc<Sender> {
    let manifest: Manifest = serde_json::from_value(json!({
        "manifest": 1, "name": "x", "title": "x", "version": "1.0.0",
        "endpoint-param": [
            {"name": "server", "kind": "mail-server"},
            {"name": "spare", "kind": "mail-server"},
            {"name": "note", "kind": "text"},
            {"name": "from", "kind": "email"},
            {"name": "password", "kind": "secret", "uses": [{"route": "mail", "place": "mail-password"}]},
            {"name": "other", "kind": "secret", "uses": [{"route": "spare", "place": "mail-password"}]}
        ],
        "recipient-param": [{"name": "to", "kind": "emails"}],
        "route": [
            {"name": "mail", "origin": {"param": "server"}},
            {"name": "spare", "origin": {"param": "spare"}}
        ]
    }))
    .unwrap();
    let manifest = Arc::new(manifest);
    let params: Vec<Param> = [
        ("server", server),
        ("spare", "smtps://spare.example"),
        ("note", "stranger@a.example"),
        ("from", "alerts@a.example"),
        ("to", "a@a.example\nb@a.example\n\n c@a.example \n"),
    ]
    .into_iter()
    .map(|(name, value)| Param {
        name: name.into(),
        key: None,
        value: value.into(),
    })
    .collect();
    let vault = Vault::new(&MasterKey::new(&[7; 32]));
    let sealed: Vec<_> = ["password", "other"]
        .into_iter()
        .map(|name| {
            let spec = manifest.params().find(|spec| spec.name == name).unwrap();
            let binding = Binding::of("t", "noc", &manifest, spec, None, &params);
            let secret = vault.seal(&binding, &Secret::new(PASSWORD.to_owned()));
            (name.to_owned(), None, secret.unwrap())
        })
        .collect();
    let owner = Owner {
        tenant: "t",
        endpoint: "noc",
        recipient,
    };
    let permit = Permit::all();
    Arc::new(Sender::new(
        owner, &manifest, &params, &sealed, &vault, permit,
    ))
}

fn text(text: &str) -> Vec<Part> {
    vec![Part::Text(text.into())]
}

fn secret(name: &str) -> Vec<Part> {
    vec![Part::Secret(name.into(), Encoding::Raw)]
}

fn mail(server: &str) -> Mail {
    Mail {
        server: server.to_owned(),
        login: Some(Login::Basic {
            user: text("noc"),
            password: secret("password"),
        }),
        from: "alerts@a.example".into(),
        from_name: None,
        to: vec!["a@a.example".into(), "b@a.example".into()],
        cc: vec!["c@a.example".into()],
        headers: Vec::new(),
        subject: "Flood".into(),
        text: "A flood.".into(),
        html: None,
        threads: Vec::new(),
        repeat: None,
    }
}

fn egress(server: &Server, speaks: Speaks, limits: Limits) -> Egress {
    let protocol = if speaks == Speaks::Clear {
        "smtp"
    } else {
        "smtps"
    };
    let opening = format!("127.0.0.1:{}/{protocol}", server.port);
    let names = HashMap::from([(
        "mail.example".to_owned(),
        vec!["127.0.0.1".parse().unwrap()],
    )]);
    Egress::new(EgressOptions {
        openings: HashMap::from([("t".to_owned(), vec![opening.parse().unwrap()])]),
        resolver: Resolver::fixed(names),
        roots: vec![server.certificate.clone()],
        limits,
        ..EgressOptions::default()
    })
    .unwrap()
}

async fn send(
    server: &Server,
    speaks: Speaks,
    limits: Limits,
    change: impl FnOnce(&mut Mail),
) -> Result<Received, Failure> {
    let url = url(speaks, server.port);
    let mut mail = mail(&url);
    change(&mut mail);
    egress(server, speaks, limits)
        .send(
            &sender(&url, "r"),
            &Message::Mail(mail),
            "d-1",
            0,
            0,
            |_| true,
        )
        .await
        .map(Option::unwrap)
}

#[tokio::test]
async fn a_mail_arrives_over_either_kind_of_tls_and_in_clear_where_that_was_opened() {
    for (speaks, how) in [
        (Speaks::Tls, "tls"),
        (Speaks::StartTls, "tls"),
        (Speaks::Clear, "clear"),
    ] {
        let server = Server::start(speaks, &[]).await;
        let received = send(&server, speaks, limits(), |_| {}).await.unwrap();
        assert_eq!(received.status, 250, "{speaks:?}");
        let report = received.mail.unwrap();
        assert_eq!(
            report.accepted,
            ["a@a.example", "b@a.example", "c@a.example"]
        );
        assert_eq!(report.reply, "2.0.0 queued");
        let heard = server.heard();
        for line in [
            "AUTH PLAIN AG5vYwBjb3JyZWN0IGhvcnNlIGJhdHRlcnk=",
            "MAIL FROM:<alerts@a.example>",
            "RCPT TO:<c@a.example>",
            "QUIT",
        ] {
            assert!(
                heard.contains(&format!("{how}: {line}")),
                "{speaks:?}: {heard:?}"
            );
        }
    }
}

/// Each of these ends for its reason, and nothing but the asking for TLS was said: no login, no mail.
async fn nothing_is_said_but_starttls(rows: &[(Script, Reason)]) {
    for (script, reason) in rows {
        let server = Server::start(Speaks::StartTls, script).await;
        let failure = send(&server, Speaks::StartTls, limits(), |_| {})
            .await
            .expect_err(script[0].1);
        assert_eq!(failure.reason, *reason, "{script:?}: {failure}");
        let told: Vec<_> = server
            .heard()
            .into_iter()
            .filter(|line| !line.starts_with("clear: EHLO") && line != "clear: STARTTLS")
            .collect();
        assert_eq!(told, Vec::<String>::new(), "{script:?}");
    }
}

#[tokio::test]
async fn what_comes_in_place_of_starttls_ends_the_dialogue() {
    nothing_is_said_but_starttls(&[
        (&[("EHLO", "250-me\r\n250 AUTH PLAIN")], Reason::NoStartTls),
        (&[("EHLO", "250 STARTTLSX")], Reason::NoStartTls),
        (&[("EHLO", "250 XSTARTTLS")], Reason::NoStartTls),
        (&[("EHLO", "550 no")], Reason::NoStartTls),
        (&[("STARTTLS", "454 not now")], Reason::NoStartTls),
        (&[("STARTTLS", "500 what?")], Reason::NoStartTls),
        (&[("STARTTLS", "250 ok")], Reason::NoStartTls),
        (&[("greeting", "554 go away")], Reason::NoStartTls),
        (&[("greeting", "hi")], Reason::NoStartTls),
        (&[("EHLO", ENDLESS)], Reason::BadResponse),
        (&[("greeting", ENDLESS)], Reason::BadResponse),
        (&[("EHLO", HANG_UP)], Reason::BadResponse),
    ])
    .await;
}

/// Put behind the consent, for who reads ahead: it is the first of the handshake, which fails.
#[tokio::test]
async fn lines_behind_the_consent_are_part_of_the_handshake() {
    nothing_is_said_but_starttls(&[
        (
            &[(
                "STARTTLS",
                "220 go\r\n250-me\r\n250 AUTH PLAIN\r\n235 in\r\n250 ok\r\n250 ok",
            )],
            Reason::Tls,
        ),
        (&[("STARTTLS", "220-go\r\n220 go\r\n\x16")], Reason::Tls),
        (&[("STARTTLS", "220 go\r\n220 go")], Reason::Tls),
    ])
    .await;
}

#[tokio::test]
async fn a_server_is_spoken_to_as_its_parameter_says_and_not_otherwise() {
    // TLS is asked for, and the server speaks in clear; and the other way round.
    for (server, asked, reason) in [
        (Speaks::Clear, Speaks::Tls, Reason::Tls),
        (Speaks::Tls, Speaks::StartTls, Reason::FirstByteTimeout),
    ] {
        let server = Server::start(server, &[]).await;
        let waits = Limits {
            first_byte: if reason == Reason::Tls { LONG } else { SHORT },
            ..limits()
        };
        let failure = send(&server, asked, waits, |_| {}).await.unwrap_err();
        assert_eq!(failure.reason, reason, "{failure}");
        assert!(server.heard().iter().all(|line| !line.contains("AUTH")));
    }
    // In clear, where only TLS was opened.
    let server = Server::start(Speaks::Clear, &[]).await;
    let url = url(Speaks::Clear, server.port);
    let failure = egress(&server, Speaks::Tls, limits())
        .send(
            &sender(&url, "r"),
            &Message::Mail(mail(&url)),
            "d",
            0,
            0,
            |_| true,
        )
        .await
        .unwrap_err();
    assert_eq!(failure.reason, Reason::ForbiddenAddress);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn every_answer_has_an_end() {
    for (command, reason) in [
        ("greeting", Reason::BadResponse),
        ("EHLO over TLS", Reason::BadResponse),
        ("AUTH", Reason::BadResponse),
        ("MAIL", Reason::BadResponse),
        ("RCPT", Reason::BadResponse),
        ("DATA", Reason::BadResponse),
        ("end", Reason::AnswerLost),
    ] {
        let script: Script = Box::leak(Box::new([(command, ENDLESS)]));
        let server = Server::start(Speaks::Tls, script).await;
        let failure = send(&server, Speaks::Tls, limits(), |_| {})
            .await
            .expect_err(command);
        assert_eq!(failure.reason, reason, "{command}: {failure}");
    }
}

/// Over an offer without a word the client panics.
#[tokio::test]
async fn an_offer_of_nothing_but_blanks_is_no_answer() {
    for (command, answer, is_taken) in [
        ("EHLO over TLS", "250-me\r\n250  ", false),
        ("EHLO over TLS", "250-\t\r\n250 AUTH PLAIN", false),
        ("EHLO over TLS", "250-\u{a0}\r\n250 AUTH PLAIN", false),
        ("EHLO over TLS", "250-\n\r\n250 AUTH PLAIN", false),
        ("EHLO over TLS", "250-me\r\n250-\r\n250 AUTH PLAIN", true),
        ("EHLO over TLS", "250-me\r\n250  AUTH PLAIN", true),
        ("greeting", "220  ", false),
        ("greeting", "220 me\r\n250  ", false),
        ("MAIL", "250  ", true),
        ("end", "250  ", true),
    ] {
        let script: Script = Box::leak(Box::new([(command, answer)]));
        let server = Server::start(Speaks::Tls, script).await;
        let sent = send(&server, Speaks::Tls, limits(), |_| {}).await;
        match sent {
            Ok(received) => assert!(is_taken && received.status == 250, "{answer:?}"),
            Err(failure) => {
                assert_eq!(failure.reason, Reason::BadResponse, "{answer:?}: {failure}");
                assert!(!is_taken, "{answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_mail_has_a_reason_of_its_own() {
    for (script, total, reason) in [
        (&[("end", HANG_UP)] as Script, LONG, Reason::AnswerLost),
        (&[("end", SILENT)], SHORT, Reason::AnswerLost),
        (&[("end", "hm")], LONG, Reason::AnswerLost),
        (&[("DATA", HANG_UP)], LONG, Reason::BadResponse),
        (&[("MAIL", HANG_UP)], LONG, Reason::BadResponse),
        (&[("greeting", HANG_UP)], LONG, Reason::BadResponse),
        (&[("MAIL", "354 go on")], LONG, Reason::BadResponse),
        (&[("DATA", "250 ok")], LONG, Reason::BadResponse),
    ] {
        let server = Server::start(Speaks::Tls, script).await;
        // The whole attempt has its own end, but what comes before the mail must not need it.
        let limits = Limits { total, ..limits() };
        let failure = loop {
            let failure = send(&server, Speaks::Tls, limits.clone(), |_| {})
                .await
                .unwrap_err();
            // A slow machine may not have come to the mail in so short a time.
            if total == LONG || failure.reason != Reason::TotalTimeout {
                break failure;
            }
        };
        assert_eq!(failure.reason, reason, "{script:?}: {failure}");
    }
    let server = Server::start(Speaks::Tls, &[("MAIL", SILENT)]).await;
    let waits = Limits {
        first_byte: Duration::from_secs(1),
        ..limits()
    };
    let failure = send(&server, Speaks::Tls, waits, |_| {}).await.unwrap_err();
    assert_eq!(failure.reason, Reason::FirstByteTimeout);
}

#[tokio::test]
async fn one_refused_address_does_not_lose_the_others() {
    let refused = |address: &str, code, reply: &str| Refused {
        address: address.into(),
        code,
        reply: reply.into(),
    };
    let server = Server::start(
        Speaks::Tls,
        &[
            ("RCPT TO:<a@", "550 5.1.1 unknown"),
            ("RCPT TO:<c@", "451-4.7.1 grey\r\n451 4.7.1 list"),
        ],
    )
    .await;
    let received = send(&server, Speaks::Tls, limits(), |_| {}).await.unwrap();
    assert_eq!(received.status, 250);
    let body: serde_json::Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(
        body,
        json!({
            "accepted": ["b@a.example"],
            "refused": [
                {"address": "a@a.example", "code": 550, "reply": "5.1.1 unknown"},
                {"address": "c@a.example", "code": 451, "reply": "4.7.1 grey list"}
            ],
            "reply": "2.0.0 queued"
        })
    );
    let report = received.mail.unwrap();
    assert_eq!(
        report.refused[0],
        refused("a@a.example", 550, "5.1.1 unknown")
    );
    assert_eq!(report.later().collect::<Vec<_>>(), ["c@a.example"]);
    assert!(server.mail().contains("A flood."));

    for (script, status, why) in [
        (&[("RCPT", "550 no")] as Script, 550, "no address, for ever"),
        (
            &[("RCPT TO:<c@", "452 full"), ("RCPT", "550 no")],
            452,
            "one for a while",
        ),
        (&[("MAIL", "552 too large")], 552, "the sender"),
        (&[("DATA", "451 busy")], 451, "the mail, before"),
        (&[("end", "554 spam")], 554, "the mail, after"),
        (&[("AUTH", "535 5.7.8 who?")], 535, "the login"),
        (&[("greeting", "421 busy")], 421, "at the door"),
    ] {
        let server = Server::start(Speaks::Tls, script).await;
        let received = send(&server, Speaks::Tls, limits(), |_| {}).await.unwrap();
        assert_eq!(received.status, status, "{why}");
        assert_eq!(
            received.mail.unwrap().accepted,
            Vec::<String>::new(),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_repeat_is_the_same_mail_for_fewer() {
    let server = Server::start(Speaks::Tls, &[]).await;
    let url = url(Speaks::Tls, server.port);
    let egress = egress(&server, Speaks::Tls, limits());
    let mut given = mail(&url);
    let sender = sender(&url, "r");
    let first = Message::Mail(given.clone());
    egress
        .send(&sender, &first, "d-1", 2, 0, |_| true)
        .await
        .unwrap();
    let before = server.mail();
    server.forget();
    given.repeat = Some(Repeat {
        message: 2,
        to: vec!["c@a.example".into()],
        until: 0,
    });
    let again = Message::Mail(given);
    let received = egress
        .send(&sender, &again, "d-1", 3, 0, |_| true)
        .await
        .unwrap();
    assert_eq!(received.unwrap().mail.unwrap().accepted, ["c@a.example"]);
    assert_eq!(server.mail(), before);
    assert!(before.contains("Message-ID: <d-1.2@a.example>"), "{before}");
}

#[tokio::test]
async fn the_server_decides_how_a_password_is_told_and_a_token_goes_its_own_way() {
    let token = |mail: &mut Mail| {
        mail.login = Some(Login::Xoauth2 {
            user: text("noc"),
            token: secret("password"),
        });
    };
    let none = |_: &mut Mail| {};
    type Change = fn(&mut Mail);
    for (script, change, expected, told) in [
        (
            &[
                ("EHLO", "250-me\r\n250 AUTH LOGIN"),
                ("AUTH LOGIN", "334 VXNlcm5hbWU6"),
                ("bm9j", "334 UGFzc3dvcmQ6"),
                ("Y29y", "235 in"),
            ] as Script,
            none as Change,
            Ok(250),
            "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5",
        ),
        (
            &[
                ("EHLO", "250-me\r\n250 AUTH LOGIN"),
                ("AUTH LOGIN", "334 VXNlcm5hbWU6"),
                ("bm9j", "535 no"),
            ],
            none,
            Ok(535),
            "bm9j",
        ),
        (
            &[("EHLO", "250-me\r\n250 AUTH GSSAPI")],
            none,
            Err(Reason::NoLogin),
            "EHLO",
        ),
        (&[("EHLO", "250 me")], none, Err(Reason::NoLogin), "EHLO"),
        (
            &[],
            token,
            Ok(250),
            "AUTH XOAUTH2 dXNlcj1ub2MBYXV0aD1CZWFyZXIgY29ycmVjdCBob3JzZSBiYXR0ZXJ5AQE=",
        ),
        // The reasons first, the refusal after an empty line.
        (
            &[
                ("AUTH", "334 eyJzdGF0dXMiOiI0MDAifQ=="),
                ("", "535 5.7.8 expired"),
            ],
            token,
            Ok(535),
            "",
        ),
        (
            &[("EHLO", "250-me\r\n250 AUTH PLAIN")],
            token,
            Err(Reason::NoLogin),
            "EHLO",
        ),
    ] {
        let server = Server::start(Speaks::Tls, script).await;
        let sent = send(&server, Speaks::Tls, limits(), change).await;
        let got = sent.map(|it| it.status).map_err(|failure| failure.reason);
        assert_eq!(got, expected, "{script:?}");
        let heard = server.heard();
        assert!(
            heard
                .iter()
                .any(|line| line.starts_with(&format!("tls: {told}"))),
            "{script:?}: {heard:?}"
        );
    }
}

#[tokio::test]
async fn words_of_a_server_in_which_a_secret_shows_go_nowhere() {
    for script in [
        &[("AUTH", "535 not correct horse battery")] as Script,
        &[(
            "AUTH",
            "535-not AG5vYwBjb3JyZWN0IGhvcnNlIGJhdHRlcnk=\r\n535 you",
        )],
        &[("RCPT TO:<a@", "550 Y29ycmVjdCBob3JzZSBiYXR0ZXJ5")],
        &[("end", "250 correct horse battery")],
    ] {
        let server = Server::start(Speaks::Tls, script).await;
        let received = send(&server, Speaks::Tls, limits(), |_| {}).await.unwrap();
        assert!(received.secret_shown, "{script:?}");
        let told = format!("{received:?}{}", String::from_utf8_lossy(&received.body));
        for trace in [PASSWORD, "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5", "AG5vYwBj"] {
            assert!(!told.contains(trace), "{script:?}: {told}");
        }
    }
}

#[tokio::test]
async fn every_line_of_a_text_arrives_as_it_is() {
    let server = Server::start(Speaks::Tls, &[]).await;
    send(&server, Speaks::Tls, limits(), |mail| {
        mail.text = "a\n.\n..\r\n.b\rc\n\n.".into();
    })
    .await
    .unwrap();
    let mail = server.mail();
    let (_, body) = mail.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "a\r\n.\r\n..\r\n.b\r\nc\r\n\r\n.");
}
