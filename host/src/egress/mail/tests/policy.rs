//! What a component may put into a mail, and what the host puts there.

use super::*;

/// What becomes of a mail that nobody is dialled for, for no such server is there.
async fn refusal(change: impl FnOnce(&mut Mail)) -> Reason {
    let server = "smtps://mail.example";
    let mut given = mail(server);
    change(&mut given);
    let egress = Egress::new(EgressOptions {
        resolver: Resolver::fixed(HashMap::new()),
        ..EgressOptions::default()
    })
    .unwrap();
    egress
        .send(
            &sender(server, "r"),
            &Message::Mail(given),
            "d",
            0,
            0,
            |_| true,
        )
        .await
        .unwrap_err()
        .reason
}

#[tokio::test]
async fn a_mail_goes_to_addresses_that_a_parameter_holds_and_to_no_other() {
    // What is allowed gets as far as the name of the server.
    for allowed in [
        "a@a.example",
        "A@A.Example",
        "c@a.example",
        "alerts@a.example",
    ] {
        let reason = refusal(|mail| mail.to = vec![allowed.into()]).await;
        assert_eq!(reason, Reason::Unresolvable, "{allowed}");
    }
    for stranger in [
        "",
        "d@a.example",
        "a@b.example",
        "a@a.example.evil",
        "xa@a.example",
        " a@a.example",
        "a@a.example\n",
        "a@a.example>\r\nRCPT TO:<x@evil.example",
        "a@a.example,b@a.example",
        "N <a@a.example>",
        // A parameter holds it, but it is no address's.
        "stranger@a.example",
    ] {
        for place in 0..4 {
            let reason = refusal(|mail| match place {
                0 => mail.to.push(stranger.into()),
                1 => mail.cc = vec![stranger.into()],
                2 => mail.from = stranger.into(),
                _ => {
                    mail.repeat = Some(Repeat {
                        message: 0,
                        to: vec![stranger.into()],
                        until: 0,
                    });
                }
            })
            .await;
            assert_eq!(reason, Reason::MailAddress, "{stranger:?} in {place}");
        }
    }
    let nobody = refusal(|mail| {
        mail.to.clear();
        mail.cc.clear();
    });
    assert_eq!(nobody.await, Reason::MailAddress);
}

#[tokio::test]
async fn a_mail_goes_by_a_server_that_a_route_names_and_by_no_other() {
    for (server, reason) in [
        ("smtps://mail.example", Reason::Unresolvable),
        ("smtps://mail.example:465", Reason::Route),
        ("smtp+starttls://mail.example", Reason::Route),
        ("smtp://mail.example", Reason::Route),
        ("smtps://evil.example", Reason::Route),
        ("https://mail.example", Reason::Route),
        ("", Reason::Route),
        // A route's, but its password is another.
        ("smtps://spare.example", Reason::SecretPlace),
    ] {
        let got = refusal(|mail| mail.server = server.into()).await;
        assert_eq!(got, reason, "{server}");
    }
}

#[tokio::test]
async fn a_secret_of_a_mail_stands_in_its_login_and_in_its_place() {
    let basic = |user: Vec<Part>, password: Vec<Part>| {
        refusal(|mail| mail.login = Some(Login::Basic { user, password }))
    };
    let open = Reason::Unresolvable;
    assert_eq!(basic(text("noc"), secret("password")).await, open);
    assert_eq!(basic(text("noc"), text("in clear")).await, open);
    assert_eq!(
        basic(secret("password"), text("x")).await,
        Reason::SecretPlace
    );
    assert_eq!(
        basic(text("noc"), secret("other")).await,
        Reason::SecretPlace
    );
    assert_eq!(
        basic(text("noc"), secret("nobody")).await,
        Reason::SecretPlace
    );
    assert_eq!(
        basic(text("no\0c"), secret("password")).await,
        Reason::HeaderValue
    );
    assert_eq!(
        basic(text("no\r\nc"), secret("password")).await,
        Reason::HeaderValue
    );
    let long = text(&"x".repeat(5000));
    assert_eq!(
        basic(long, secret("password")).await,
        Reason::RequestTooLarge
    );
}

#[tokio::test]
async fn a_components_headers_are_lines_of_their_own_and_not_the_hosts() {
    for (name, value, reason) in [
        ("X-Priority", "1 (Highest)", Reason::Unresolvable),
        ("List-Id", "<alerts.a.example>", Reason::Unresolvable),
        ("Importance", "", Reason::Unresolvable),
        ("Bcc", "x@evil.example", Reason::HeaderName),
        ("bCC", "x@evil.example", Reason::HeaderName),
        ("Subject", "x", Reason::HeaderName),
        ("From", "x", Reason::HeaderName),
        ("Reply-To", "x@evil.example", Reason::HeaderName),
        ("Content-Type", "text/html", Reason::HeaderName),
        ("Content-Disposition", "x", Reason::HeaderName),
        ("Resent-To", "x@evil.example", Reason::HeaderName),
        ("DKIM-Signature", "x", Reason::HeaderName),
        ("Message-ID", "<x@y>", Reason::HeaderName),
        ("Date", "x", Reason::HeaderName),
        ("MIME-Version", "2.0", Reason::HeaderName),
        ("Auto-Submitted", "no", Reason::HeaderName),
        ("", "x", Reason::HeaderName),
        ("X:Y", "x", Reason::HeaderName),
        ("X Y", "x", Reason::HeaderName),
        ("X-A\r\nBcc", "x", Reason::HeaderName),
        ("X-\u{e9}", "x", Reason::HeaderName),
        ("X-A", "x\r\nBcc: x@evil.example", Reason::HeaderValue),
        ("X-A", "x\n y", Reason::HeaderValue),
        ("X-A", "x\0", Reason::HeaderValue),
        ("X-A", "\u{e9}", Reason::HeaderValue),
    ] {
        let got = refusal(|mail| mail.headers = vec![(name.into(), value.into())]).await;
        assert_eq!(got, reason, "{name:?}: {value:?}");
    }
    let twice = |mail: &mut Mail| {
        mail.headers = vec![("X-A".into(), "1".into()), ("x-a".into(), "2".into())];
    };
    assert_eq!(refusal(twice).await, Reason::HeaderName);
    for subject in [
        "x\r\nBcc: x@evil.example",
        "x\n",
        "x\r",
        "x\0",
        "x\u{85}y",
        "\u{1b}[31m",
    ] {
        let got = refusal(|mail| mail.subject = subject.into()).await;
        assert_eq!(got, Reason::HeaderValue, "{subject:?}");
    }
}

#[tokio::test]
async fn a_mail_has_a_size() {
    type Change = Box<dyn FnOnce(&mut Mail)>;
    let sized = |size: usize| -> [Change; 3] {
        let half = "x".repeat(size * crate::egress::MAX_BODY_BYTES / 2);
        let subject = MAX_SUBJECT_BYTES - 1 + size - 1;
        let threads = MAX_THREADS - 2 + size;
        [
            Box::new(move |mail| (mail.text, mail.html) = (half.clone(), Some(half[1..].into()))),
            Box::new(move |mail| mail.subject = "x".repeat(subject)),
            Box::new(move |mail| mail.threads = (0..threads).map(|it| it.to_string()).collect()),
        ]
    };
    for change in sized(1) {
        assert_eq!(refusal(change).await, Reason::Unresolvable);
    }
    for change in sized(3) {
        assert_eq!(refusal(change).await, Reason::RequestTooLarge);
    }
    let many = |mail: &mut Mail| {
        mail.headers = (0..65)
            .map(|at| (format!("X-{at}"), String::new()))
            .collect();
    };
    assert_eq!(refusal(many).await, Reason::RequestTooLarge);
}

fn composed(recipient: &str, change: impl FnOnce(&mut Mail)) -> String {
    let mut given = mail("smtps://mail.example");
    change(&mut given);
    let attempt = Attempt {
        delivery_id: "0198-d",
        now: 1_700_000_000_000,
        clear: false,
    };
    let sender = sender("smtps://mail.example", recipient);
    let bytes = compose::compose(&sender, &given, 1, attempt).unwrap();
    assert!(bytes.is_ascii());
    String::from_utf8(bytes).unwrap()
}

fn field(mail: &str, name: &str) -> Option<String> {
    let unfolded = mail.replace("\r\n ", " ");
    unfolded
        .lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
}

#[test]
fn the_host_writes_who_when_and_what() {
    let mail = composed("r", |mail| {
        mail.subject = "Überlastung ⚠".into();
        mail.html = Some("<p>A flood.".into());
        mail.headers = vec![("X-Priority".into(), "1".into())];
    });
    for (name, value) in [
        ("From", "alerts@a.example"),
        ("To", "a@a.example, b@a.example"),
        ("Cc", "c@a.example"),
        ("Subject", "=?utf-8?b?w5xiZXJsYXN0dW5nIOKaoA==?="),
        ("Date", "Tue, 14 Nov 2023 22:13:20 +0000"),
        ("Message-ID", "<0198-d.1@a.example>"),
        ("MIME-Version", "1.0"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Priority", "1"),
    ] {
        assert_eq!(field(&mail, name).as_deref(), Some(value), "{mail}");
    }
    assert_eq!(field(&mail, "In-Reply-To"), None);
    assert_eq!(field(&mail, "References"), None);
    let kind = field(&mail, "Content-Type").unwrap();
    assert!(kind.starts_with("multipart/alternative; boundary=\"campanile-"));
    assert_eq!(
        mail.matches("Content-Transfer-Encoding: quoted-printable")
            .count(),
        2
    );
    assert!(mail.find("text/plain; charset=utf-8") < mail.find("text/html; charset=utf-8"));
    let again = composed("r", |mail| {
        mail.subject = "Überlastung ⚠".into();
        mail.html = Some("<p>A flood.".into());
        mail.headers = vec![("X-Priority".into(), "1".into())];
    });
    assert_eq!(mail, again);
}

#[test]
fn news_of_one_condition_stand_in_one_thread_and_many_refer_to_all() {
    let of = |recipient: &str, threads: &[&str]| {
        let mail = composed(recipient, |mail| {
            mail.threads = threads.iter().map(|it| (*it).to_owned()).collect();
        });
        (
            field(&mail, "References").unwrap(),
            field(&mail, "In-Reply-To"),
        )
    };
    let (one, reply) = of("r", &["flood"]);
    assert_eq!(reply.as_ref(), Some(&one));
    assert!(one.starts_with('<') && one.ends_with("@a.example>") && !one.contains("flood"));
    assert_eq!(of("r", &["flood"]).0, one);
    let (two, _) = of("r", &["scan"]);
    assert_ne!(two, one);
    assert_ne!(of("another", &["flood"]).0, one);
    let (both, reply) = of("r", &["flood", "scan", "flood"]);
    assert_eq!((both, reply), (format!("{one} {two}"), None));
    let many: Vec<String> = (0..MAX_THREADS).map(|at| at.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(of("r", &many).0.matches('<').count(), MAX_THREADS);
}
