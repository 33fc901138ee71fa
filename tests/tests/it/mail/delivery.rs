//! What arrives, and in which form.

use campanile::demo::smtp::Mail;
use campanile_tests::{alert, smtp::USER};
use serde_json::{Value, json};

use super::page;
use super::setup::{TO, open, page_text, tell};

/// Everything that ends or begins a line, a header, a mail or an encoded word, and what is not ASCII.
const HOSTILE: &str =
    "=?utf-8?q?=0D=0ABcc:_x@y.example?= \u{e8}\u{1F514} \"<b>&lt;\\ ,; =3D \u{202E}x";

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[tokio::test]
async fn an_alert_arrives_as_text_and_page_that_say_the_same() {
    let Some((mailbox, world)) =
        open(&json!({"subject": "[NOC]", "cc": "boss@campanile.example"})).await
    else {
        return;
    };
    let disk = alert(
        "disk_full",
        &json!({"title": "Disk full", "message": "97 % of /var\n\u{e8} & <b>", "url": "https://ntopng.example/?a=1&b=2"}),
    );
    tell(&world, &disk).await;
    let mail = &mailbox.wait_for(1).await[0];
    assert_eq!(mail.sender, USER);
    assert_eq!(mail.recipients, [TO, "boss@campanile.example"]);
    assert_eq!(mail.to, [(String::new(), TO.to_owned())]);
    assert_eq!(
        mail.cc,
        [(String::new(), String::from("boss@campanile.example"))]
    );
    assert_eq!(
        mail.header("Subject"),
        Some("[NOC] Error: Disk full (host 192.168.1.19)")
    );
    assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
    let types: Vec<_> = mail.parts.iter().map(|part| part.0.as_str()).collect();
    assert_eq!(types, ["multipart/alternative", "text/plain", "text/html"]);
    let text = mail.text("text/plain").expect("a text");
    assert_eq!(
        lines(&text),
        [
            "Disk full",
            "97 % of /var",
            "\u{e8} & <b>",
            "",
            "host 192.168.1.19 \u{B7} eth0",
            "Error \u{B7} 2026-01-02 03:00:00 UTC",
            "Show details: https://ntopng.example/?a=1&b=2",
        ]
    );
    let seen = page::read(&mail.text("text/html").expect("a page"));
    assert_eq!(seen.mistakes, [""; 0]);
    assert_eq!(seen.links, ["https://ntopng.example/?a=1&b=2"]);
    assert_eq!(
        lines(&seen.text),
        [
            "Disk full",
            "97 % of /var",
            "\u{e8} & <b>",
            "host 192.168.1.19 \u{B7} eth0",
            "Error \u{B7} 2026-01-02 03:00:00 UTC",
            "Show details",
        ]
    );
}

/// Its references, and what it answers.
fn thread(mail: &Mail) -> (Option<&str>, Option<&str>) {
    (mail.header("References"), mail.header("In-Reply-To"))
}

#[tokio::test]
async fn a_beginning_and_its_end_stand_in_one_thread_and_others_do_not() {
    let Some((mailbox, world)) = open(&json!({"mails": "single"})).await else {
        return;
    };
    let news = |kind: &str, action: &str| alert(kind, &json!({"action": action, "title": kind}));
    for (kind, action) in [
        ("flood", "engaged"),
        ("other", "engaged"),
        ("flood", "released"),
        ("event", "stored"),
    ] {
        tell(&world, &news(kind, action)).await;
    }
    let mails = mailbox.wait_for(4).await;
    let subjects: Vec<_> = mails
        .iter()
        .filter_map(|mail| mail.header("Subject"))
        .collect();
    assert_eq!(
        subjects,
        [
            "Error: flood (host 192.168.1.19)",
            "Error: other (host 192.168.1.19)",
            "Released: flood (host 192.168.1.19)",
            "Error: event (host 192.168.1.19)",
        ]
    );
    let threads: Vec<_> = mails.iter().map(thread).collect();
    assert!(
        threads[0].0.is_some() && threads[0].0 == threads[0].1,
        "{threads:?}"
    );
    assert_eq!(threads[0], threads[2]);
    assert_ne!(threads[0], threads[1]);
    assert_eq!(threads[3], (None, None));
}

#[tokio::test]
async fn a_mail_about_several_refers_to_the_threads_of_all() {
    let Some((mailbox, world)) = open(&json!({})).await else {
        return;
    };
    let engaged = |kind: &str| alert(kind, &json!({"action": "engaged", "title": kind}));
    tell(
        &world,
        &json!([engaged("one"), engaged("two"), engaged("three")]),
    )
    .await;
    let released = alert("two", &json!({"action": "released"}));
    tell(&world, &released).await;
    let mails = mailbox.wait_for(2).await;
    let (many, one) = (thread(&mails[0]), thread(&mails[1]));
    let all: Vec<_> = many.0.expect("references").split_whitespace().collect();
    assert_eq!((all.len(), many.1), (3, None));
    assert!(
        all.contains(&one.0.expect("a reference")),
        "{many:?} {one:?}"
    );
    assert_eq!(
        mails[0].header("Subject"),
        Some("Error and below: 3 alerts")
    );
    let text = mails[0].text("text/plain").expect("a text");
    for kind in ["one", "two", "three"] {
        assert!(lines(&text).contains(&kind), "{text}");
    }
}

#[tokio::test]
async fn a_hundred_alerts_are_one_mail_and_a_hundred_and_one_are_two() {
    let Some((mailbox, world)) = open(&json!({})).await else {
        return;
    };
    let many: Vec<_> = (0..101)
        .map(|at| {
            alert(
                &format!("kind_{at}"),
                &json!({"title": format!("Alert number {at}.")}),
            )
        })
        .collect();
    tell(&world, &Value::from(many)).await;
    let mails = mailbox.wait_for(2).await;
    assert_eq!(mails.len(), 2);
    let subjects: Vec<_> = mails
        .iter()
        .filter_map(|mail| mail.header("Subject"))
        .collect();
    assert_eq!(
        subjects,
        [
            "Error and below: 100 alerts",
            "Error: Alert number 100. (host 192.168.1.19)",
        ]
    );
    let text = mails[0].text("text/plain").expect("a text");
    for at in 0..100 {
        assert!(text.contains(&format!("Alert number {at}.\n")), "{at}");
    }
    assert!(
        page::read(&mails[0].text("text/html").expect("a page"))
            .mistakes
            .is_empty()
    );
}

#[tokio::test]
async fn every_line_of_a_message_arrives_as_it_was() {
    let Some((mailbox, world)) = open(&json!({})).await else {
        return;
    };
    let long = "x".repeat(2_000);
    let messages = [
        ".",
        "..",
        "a\n.\nb",
        "a\n..\n.b\n.",
        "\n\na\n",
        "From the beginning\nFrom b",
        "a\r\nb\r\n.\r\nc",
        "tab\tand  spaces \nend ",
        "=3D =\n=20",
        "\u{e8}\u{1F514}\n\u{5D0}",
        long.as_str(),
        "-- \nno signature",
    ];
    for (at, message) in messages.iter().enumerate() {
        let kind = format!("kind_{at}");
        tell(
            &world,
            &alert(&kind, &json!({"title": "T", "message": message})),
        )
        .await;
        let mails = mailbox.wait_for(at + 1).await;
        let text = mails[at].text("text/plain").expect("a text");
        let message = message.replace("\r\n", "\n");
        let expected = format!("T\n{message}\n\nhost 192.168.1.19");
        assert!(text.starts_with(&expected), "{message:?}: {text:?}");
        let shown = page_text(&mails[at]);
        let expected = format!("T\n{message}\nhost 192.168.1.19");
        assert!(shown.starts_with(&expected), "{message:?}: {shown:?}");
    }
}

#[tokio::test]
async fn hostile_text_stays_text_in_subject_and_body() {
    let Some((mailbox, world)) = open(&json!({})).await else {
        return;
    };
    for (at, text) in [
        HOSTILE,
        "a\r\nBcc: x@y.example\r\n\r\nb",
        "a\nBcc: x@y.example",
        "a\u{85}b\u{2028}c\u{b}d",
        &"\u{1F469}\u{200D}\u{1F469} ".repeat(60),
        &"a".repeat(1_000),
        "=?utf-8?b?w6g=?=",
        "  spaces  in   it  ",
    ]
    .iter()
    .enumerate()
    {
        let change = json!({"title": text, "message": text, "source": "eth0",
            "entity": {"kind": "host", "value": "10.0.0.1", "name": "<script>x</script>"}});
        tell(&world, &alert(&format!("kind_{at}"), &change)).await;
        let mails = mailbox.wait_for(at + 1).await;
        let mail = &mails[at];
        assert_eq!(mail.recipients, [TO], "{text:?}");
        let mut names: Vec<_> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "Auto-Submitted",
                "Content-Type",
                "Date",
                "From",
                "MIME-Version",
                "Message-ID",
                "Subject",
                "To"
            ],
            "{text:?}"
        );
        let page = page::read(&mail.text("text/html").expect("a page"));
        assert_eq!(
            (page.mistakes, page.links),
            (Vec::new(), Vec::new()),
            "{text:?}"
        );
        assert!(page.text.contains("<script>x</script>"), "{}", page.text);
    }
    let mails = mailbox.wait_for(8).await;
    let subject = |at: usize| mails[at].header("Subject").expect("a subject").to_owned();
    // The override ends with the text that it came in.
    let hostile = format!("Error: {HOSTILE}\u{202C} (host 10.0.0.1 [<script>x</script>])");
    assert_eq!(subject(0), hostile);
    assert_eq!(
        subject(1),
        "Error: a Bcc: x@y.example  b (host 10.0.0.1 [<script>x</script>])"
    );
    assert_eq!(
        subject(6),
        "Error: =?utf-8?b?w6g=?= (host 10.0.0.1 [<script>x</script>])"
    );
    assert!(subject(5).len() < 300, "{}", subject(5));
}

#[tokio::test]
async fn a_long_message_is_cut_and_says_so() {
    let Some((mailbox, world)) = open(&json!({})).await else {
        return;
    };
    let long = "a line of some words, and & more\n".repeat(3_000);
    tell(
        &world,
        &alert("long", &json!({"title": "T", "message": long})),
    )
    .await;
    let mail = &mailbox.wait_for(1).await[0];
    assert!(mail.raw.len() < 300_000, "{}", mail.raw.len());
    let note = "(The rest of this message was left out of the mail.)";
    assert!(mail.text("text/plain").expect("a text").contains(note));
    assert!(page_text(mail).contains(note));
}
