//! The mail server that the other tests and the demo rely on: it minds what it should, and nothing else.

use std::fmt::Write;

use campanile::demo::smtp::Settings;
use campanile_tests::smtp::{Mailbox, PASSWORD, Security, TOKEN, USER, known};
use campanile_tests::wait_for;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Somebody who speaks to the server in clear.
struct Client(BufReader<TcpStream>);

impl Client {
    async fn new(mailbox: &Mailbox) -> Self {
        let address = mailbox.url();
        let address = address.strip_prefix("smtp://").expect("a server in clear");
        let stream = TcpStream::connect(address).await.expect("a connection");
        let mut client = Self(BufReader::new(stream));
        assert_eq!(client.answer().await, 220);
        assert_eq!(client.say("EHLO test.example").await, 250);
        client
    }

    /// The code of the next answer.
    async fn answer(&mut self) -> u16 {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.expect("an answer");
            if line.as_bytes().get(3) != Some(&b'-') {
                return line
                    .get(..3)
                    .and_then(|code| code.parse().ok())
                    .unwrap_or(0);
            }
        }
    }

    async fn say(&mut self, line: &str) -> u16 {
        let line = format!("{line}\r\n");
        self.0
            .write_all(line.as_bytes())
            .await
            .expect("a connection");
        self.answer().await
    }

    /// Sends a mail as it is.
    async fn mail(&mut self, raw: &[u8], options: &str) -> u16 {
        self.say(&format!("MAIL FROM:<a@b.example>{options}")).await;
        self.say("RCPT TO:<c@d.example>").await;
        assert_eq!(self.say("DATA").await, 354);
        self.0.write_all(raw).await.expect("a connection");
        self.say("\r\n.").await
    }
}

/// A mail without mistakes, with further headers and this body.
fn mail(headers: &str, body: &str) -> String {
    let mut mail = String::new();
    for line in [
        "From: \"A, B\" <a@b.example>",
        "To: c@d.example",
        "Date: Thu, 01 Jan 2026 00:00:00 +0000",
        "Message-ID: <1@b.example>",
        "Subject: =?utf-8?B?w6g=?=",
        "MIME-Version: 1.0",
    ] {
        let _ = write!(mail, "{line}\r\n");
    }
    mail + headers + "\r\n" + body
}

#[tokio::test]
async fn every_mistake_in_a_mail_is_found_and_no_other() {
    let Some(mailbox) = Mailbox::start(Settings::open(Security::Plain)).await else {
        return;
    };
    const TEXT: &str = "Content-Type: text/plain; charset=utf-8\r\n";
    let base64 = |body: &str| {
        mail(
            &format!("{TEXT}Content-Transfer-Encoding: base64\r\n"),
            body,
        )
    };
    let plain = |body: &str| mail(TEXT, body);
    let rows = [
        (plain("x"), "", None),
        (plain("..x\r\nFrom x"), "", None),
        (plain("\u{e8}"), " BODY=8BITMIME", None),
        (base64("w6g="), "", None),
        (plain("\u{e8}"), "", Some("8-bit body")),
        (plain("a\nb"), "", Some("a bare CR or LF")),
        (plain("a\rb"), "", Some("a bare CR or LF")),
        (plain("a\0b"), "", Some("NUL")),
        (base64("w6g"), "", Some("InvalidBase64")),
        (base64("/w=="), "", Some("UnicodeDecodeError")),
        (mail("", "x"), "", Some("content-type stands 0 times")),
        (
            mail(&format!("{TEXT}Bcc: x@y.example\r\n"), "x"),
            "",
            Some("bcc"),
        ),
        (
            mail(&format!("{TEXT}X-\u{e8}: x\r\n"), "x"),
            "",
            Some("not ASCII"),
        ),
        (
            mail(&format!("{TEXT}Subject: y\r\n"), "x"),
            "",
            Some("subject stands 2 times"),
        ),
        (
            mail(&format!("{TEXT}References: 1\r\n"), "x"),
            "",
            Some("references"),
        ),
        (mail(&format!("{TEXT}Cc: a b\r\n"), "x"), "", Some("Cc: ")),
        (
            mail(
                "Content-Type: multipart/mixed; boundary=a\r\n",
                "--a\r\n\r\nx",
            ),
            "",
            Some("CloseBoundaryNotFound"),
        ),
        (
            plain("x").replace("w6g=", &"w6g=".repeat(20)),
            "",
            Some("75 characters"),
        ),
        (
            plain("x").replace("<1@b.example>", "1"),
            "",
            Some("message-id"),
        ),
        (
            plain("x").replace("Thu, 01 Jan", "Someday"),
            "",
            Some("ate"),
        ),
    ];
    let mut client = Client::new(&mailbox).await;
    for (at, (raw, options, mistake)) in rows.into_iter().enumerate() {
        assert_eq!(client.mail(raw.as_bytes(), options).await, 250, "{raw:?}");
        let kept = || async { mailbox.mails().get(at).cloned() };
        let found = wait_for("the mail", kept).await.mistakes.join("; ");
        match mistake {
            None => assert_eq!(found, "", "{raw:?}"),
            Some(mistake) => assert!(found.contains(mistake), "{mistake}: {found:?} in {raw:?}"),
        }
    }
    let too_long = plain(&"x".repeat(1_001));
    assert_eq!(client.mail(too_long.as_bytes(), "").await, 500);
}

#[tokio::test]
async fn a_mail_is_kept_as_it_came_and_as_it_reads() {
    let Some(mailbox) = Mailbox::start(Settings::open(Security::Plain)).await else {
        return;
    };
    let mut client = Client::new(&mailbox).await;
    let raw = mail(
        "Content-Type: text/plain; charset=utf-8\r\n",
        "..dot\r\nend",
    );
    assert_eq!(client.mail(raw.as_bytes(), "").await, 250);
    let mail = &mailbox.wait_for(1).await[0];
    assert_eq!(mail.sender, "a@b.example");
    assert_eq!(mail.recipients, ["c@d.example"]);
    assert_eq!(mail.from, [("A, B".into(), "a@b.example".into())]);
    assert_eq!(mail.header("SUBJECT"), Some("\u{e8}"));
    assert_eq!(mail.text("text/plain").as_deref(), Some(".dot\nend\n"));
    assert!(mail.raw.ends_with(b"\r\n.dot\r\nend\r\n"));
    assert_eq!((mail.tls, mail.login.as_deref()), (false, None));
}

#[tokio::test]
async fn it_refuses_whom_and_what_it_is_told_to_refuse() {
    let Some(mailbox) = Mailbox::start(Settings::open(Security::Plain)).await else {
        return;
    };
    let mut client = Client::new(&mailbox).await;
    mailbox
        .change(&json!({"refuse": {"no@d.example": "550 5.1.1 No such user"}, "answers": ["451 4.3.0 Later", ""]}))
        .await;
    client.say("MAIL FROM:<a@b.example>").await;
    assert_eq!(client.say("RCPT TO:<no@d.example>").await, 550);
    assert_eq!(client.say("RCPT TO:<yes@d.example>").await, 250);
    client.say("RSET").await;
    let raw = mail("Content-Type: text/plain\r\n", "x");
    assert_eq!(client.mail(raw.as_bytes(), "").await, 451);
    assert_eq!(client.mail(raw.as_bytes(), "").await, 0);
    let answers: Vec<_> = mailbox
        .wait_for(2)
        .await
        .into_iter()
        .map(|mail| mail.answer)
        .collect();
    assert_eq!(answers, ["451 4.3.0 Later", ""]);
}

#[tokio::test]
async fn it_takes_mails_of_those_alone_whom_it_knows() {
    let all = ["PLAIN", "LOGIN", "XOAUTH2"];
    let Some(mailbox) = Mailbox::start(known(Security::Plain, &all)).await else {
        return;
    };
    let base64 = |text: &str| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let mut client = Client::new(&mailbox).await;
    assert_eq!(client.say("MAIL FROM:<a@b.example>").await, 530);
    let plain = |password: &str| format!("AUTH PLAIN {}", base64(&format!("\0{USER}\0{password}")));
    assert_eq!(client.say(&plain("wrong")).await, 535);
    let token = |token: &str| {
        let words = format!("user={USER}\x01auth=Bearer {token}\x01\x01");
        format!("AUTH XOAUTH2 {}", base64(&words))
    };
    // The reason, which the client acknowledges.
    assert_eq!(client.say(&token("ended")).await, 334);
    assert_eq!(client.say("").await, 535);
    assert_eq!(client.say(&token(TOKEN)).await, 235);
    let mut other = Client::new(&mailbox).await;
    assert_eq!(other.say(&plain(PASSWORD)).await, 235);
    assert_eq!(other.say("MAIL FROM:<a@b.example>").await, 250);
    let four = || async { Some(mailbox.logins()).filter(|logins| logins.len() == 4) };
    let logins = wait_for("four logins", four).await;
    let known: Vec<_> = logins.iter().map(|login| login.known).collect();
    assert_eq!(known, [false, false, true, true]);
}
