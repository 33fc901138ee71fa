use campanile_guest::harness::{Alert, Harness};
use campanile_guest::{Message, Outcome, Severity};

use super::Email as Component;

fn harness() -> Harness<Component> {
    Harness::new()
        .param("server", "smtps://mail.example.com:465")
        .param("from", "alerts@example.com")
        .param("to", "noc@example.com\nduty@example.org")
}

/// A mail's subject, text, HTML and threads.
struct Seen {
    subject: String,
    text: String,
    html: String,
    threads: usize,
}

fn seen(message: &Message) -> Seen {
    let Message::Mail(mail) = message else {
        panic!("not a mail")
    };
    Seen {
        subject: mail.subject.clone(),
        text: mail.text.clone(),
        html: mail.html.clone().unwrap_or_default(),
        threads: mail.threads.len(),
    }
}

fn sent(mut harness: Harness<Component>) -> Vec<Seen> {
    let batch = harness.dequeue().expect("a batch");
    assert!(batch.refused.is_empty());
    let messages = batch.deliveries.iter().flat_map(|sent| &sent.messages);
    messages.map(seen).collect()
}

fn only(harness: Harness<Component>) -> Seen {
    let mut all = sent(harness);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn an_alert_becomes_a_mail_of_text_and_html_with_the_password_as_a_hole() {
    let alert = Alert::new("Blacklisted flow")
        .message("10.0.0.1 spoke\nto <203.0.113.5>")
        .url("https://ntopng.example/flow?a=1&b=2");
    let batch = harness()
        .param("user", "alerts")
        .param("password", "set")
        .param("cc", "boss@example.com")
        .param("subject", "[NOC]")
        .param("from_name", "Alerts")
        .alert(alert)
        .dequeue()
        .expect("a batch");
    assert_eq!(
        batch.to_string(),
        "delivery of [0]\n\
         MAIL smtps://mail.example.com:465\n\
         (basic, user = alerts, password = <secret password>)\n\
         From: Alerts <alerts@example.com>\n\
         To: noc@example.com, duty@example.org\n\
         Cc: boss@example.com\n\
         Subject: [NOC] Error: Blacklisted flow (host 192.168.1.10)\n\
         \n\
         Blacklisted flow\n\
         10.0.0.1 spoke\n\
         to <203.0.113.5>\n\
         \n\
         host 192.168.1.10 \u{B7} eth0\n\
         Error \u{B7} 2024-10-22 16:00:00 UTC\n\
         Show details: https://ntopng.example/flow?a=1&b=2\n\
         \n\
         \n\
         --- html\n\
         <!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         </head>\n\
         <body style=\"font-family: sans-serif; font-size: 15px; line-height: 1.4\">\n\
         <table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin: 0 0 16px 0\">\n\
         <tr><td style=\"border-left: 6px solid #e5534b; padding: 2px 0 2px 12px\">\n\
         <p style=\"margin: 4px 0\"><b>Blacklisted flow</b></p>\n\
         <p style=\"margin: 4px 0\">10.0.0.1 spoke<br>\n\
         to &lt;203.0.113.5&gt;</p>\n\
         <p style=\"margin: 4px 0\">host 192.168.1.10 \u{B7} eth0<br>\n\
         Error \u{B7} 2024-10-22 16:00:00 UTC</p>\n\
         <p style=\"margin: 4px 0\"><a href=\"https://ntopng.example/flow?a=1&amp;b=2\">Show details</a></p>\n\
         </td></tr>\n\
         </table>\n\
         </body>\n\
         </html>\n\n\n\n"
    );
}

#[test]
fn what_a_stranger_wrote_is_text_in_the_page() {
    let hostile = "<script src=\"https://evil.example/x.js\"></script>'&amp;";
    let mail = only(
        harness().alert(
            Alert::new(hostile)
                .message(hostile)
                .entity_label(hostile)
                .source(hostile)
                .url("https://a.example/\"><script>"),
        ),
    );
    assert!(!mail.html.contains("<script"), "{}", mail.html);
    assert_eq!(mail.html.matches("&lt;script src=&quot;").count(), 4);
    assert!(
        mail.html
            .contains("<a href=\"https://a.example/&quot;&gt;&lt;script&gt;\">")
    );
    assert_eq!(mail.text.matches(hostile).count(), 4);
    assert!(mail.subject.contains(hostile));
}

#[test]
fn only_a_link_of_the_web_is_a_link() {
    for (url, linked) in [
        ("https://a.example/", true),
        ("http://a.example/", true),
        ("javascript:alert(1)", false),
        ("HTTPS://a.example/", false),
        ("/lua/x", false),
        (&["https://a.example/", &"a".repeat(2_000)].concat(), true),
        (&["https://a.example/", &"a".repeat(2_100)].concat(), false),
    ] {
        let mail = only(harness().alert(Alert::new("x").url(url)));
        assert_eq!(mail.html.contains("<a "), linked, "{url}");
        assert_eq!(mail.text.contains("Show details"), linked, "{url}");
    }
}

#[test]
fn nothing_is_fetched_from_elsewhere_and_no_colour_is_set_but_the_bars() {
    for (severity, colour) in [
        (Severity::Info, "#8c959f"),
        (Severity::Notice, "#218bff"),
        (Severity::Warning, "#d4a72c"),
        (Severity::Error, "#e5534b"),
        (Severity::Critical, "#b83280"),
        (Severity::Emergency, "#b83280"),
    ] {
        let mail = only(harness().alert(Alert::new("x").severity(severity)));
        assert!(mail.html.contains(&["6px solid ", colour, ";"].concat()));
        for word in [
            "<img",
            "<link",
            "<style",
            "src=",
            "url(",
            "background",
            "bgcolor",
            " color:",
        ] {
            assert!(!mail.html.contains(word), "{word}");
        }
    }
    let released = only(harness().alert(Alert::new("x").severity(Severity::Critical).released()));
    assert!(released.html.contains("6px solid #2da44e;"));
}

#[test]
fn waiting_alerts_go_together_or_one_by_one() {
    let three = |mails: &str| {
        harness()
            .param("mails", mails)
            .alert(Alert::new("1").severity(Severity::Warning).engaged())
            .alert(Alert::new("2").severity(Severity::Critical))
            .alert(Alert::new("3").released())
    };
    let together = only(three("together"));
    assert_eq!(together.subject, "Critical and below: 3 alerts");
    assert_eq!(together.html.matches("<table ").count(), 3);
    assert_eq!(together.text.matches("\n-----").count(), 2);
    let single = sent(three("single"));
    let subjects: Vec<_> = single.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "Warning: 1 (host 192.168.1.10)",
            "Critical: 2 (host 192.168.1.10)",
            "Released: 3 (host 192.168.1.10)",
        ]
    );
    // An event has no end, and so no thread.
    let threads: Vec<_> = single.iter().map(|mail| mail.threads).collect();
    assert_eq!(threads, [1, 0, 1]);
}

#[test]
fn no_mail_has_more_alerts_than_one_call_may_take() {
    let mut harness = harness().budget(2);
    for title in ["1", "2", "3"] {
        harness = harness.alert(Alert::new(title));
    }
    assert_eq!(harness.dequeue().expect("a batch").deliveries.len(), 1);
    assert_eq!(harness.dequeue().expect("a batch").deliveries.len(), 1);
    assert!(harness.dequeue().expect("a batch").deliveries.is_empty());
}

#[test]
fn a_long_message_is_cut_with_a_note_and_a_hundred_stay_within_a_mails_bounds() {
    let long = "\"<a line of some words>\"\n".repeat(4_000);
    let mail = only(harness().alert(Alert::new(&long).message(&long)));
    let note = "\n\n(The rest of this message was left out of the mail.)\n";
    assert!(mail.text.contains(note));
    assert!(mail.text.len() < 50_000, "{}", mail.text.len());
    assert!(mail.subject.len() < 300, "{}", mail.subject);
    let mut many = harness().budget(100);
    for _ in 0..100 {
        let alert = Alert::new(&long).message(&long).entity_label(&long);
        many = many.alert(
            alert
                .source(&long)
                .url(&["https://a.example/", &long].concat()),
        );
    }
    let mail = only(many);
    assert_eq!(mail.text.matches(note.trim()).count(), 100);
    assert!(mail.text.len() < 300 << 10, "{}", mail.text.len());
    assert!(mail.html.len() < 700 << 10, "{}", mail.html.len());
}

#[test]
fn a_message_that_just_fits_is_whole() {
    for (length, whole) in [(48 << 10, true), ((48 << 10) + 1, false)] {
        let mail = only(harness().alert(Alert::new("x").message(&"m".repeat(length))));
        assert_eq!(mail.text.contains("was left out"), !whole, "{length}");
        assert_eq!(mail.html.contains(&"m".repeat(length)), whole, "{length}");
    }
}

#[test]
fn repeats_and_releases_are_told_in_the_recipients_language() {
    for (language, subject, repeats) in [
        ("en", "Released: x", "3 repeats were held back"),
        ("it", "Rientrato: x", "3 ripetizioni"),
        ("de", "Behoben: x", "3 "),
    ] {
        let alert = Alert::new("x").released().suppressed(3);
        let mail = only(harness().language(language).alert(alert));
        assert!(mail.subject.starts_with(subject), "{}", mail.subject);
        assert!(mail.text.contains(repeats), "{}", mail.text);
        assert!(mail.html.contains(repeats), "{}", mail.html);
        assert!(
            mail.html
                .contains(&["<html lang=\"", language, "\">"].concat())
        );
    }
}

#[test]
fn who_logs_in_and_how() {
    let with = |params: &[(&str, &str)]| {
        let mut harness = harness();
        for (name, value) in params {
            harness = harness.param(name, value);
        }
        harness.run_test().expect("a mail")[0].to_string()
    };
    assert!(!with(&[]).contains('('), "{}", with(&[]));
    let both = [("user", "alerts"), ("password", "set")];
    assert!(with(&both).contains("(basic, user = alerts, password = <secret password>)"));
    let token = [both[0], both[1], ("login", "xoauth2")];
    assert!(with(&token).contains("(xoauth2, user = alerts, token = <secret password>)"));
}

#[test]
fn a_user_without_a_password_is_found_before_anything_is_sent() {
    for (params, wrong) in [
        (&[][..], None),
        (&[("user", "a"), ("password", "set")], None),
        (
            &[("user", "a"), ("password", "set"), ("login", "xoauth2")],
            None,
        ),
        (&[("user", "a")], Some("password")),
        (&[("password", "set")], Some("user")),
        (&[("login", "xoauth2")], Some("user")),
    ] {
        let mut harness = harness();
        for (name, value) in params {
            harness = harness.param(name, value);
        }
        let problems = harness.lint();
        let found = problems
            .first()
            .and_then(|problem| problem.param.as_deref());
        assert_eq!(found, wrong, "{params:?}");
        assert_eq!(problems.len(), usize::from(wrong.is_some()));
    }
}

#[test]
fn the_administrator_sees_where_alerts_go() {
    assert_eq!(
        harness().format_recipient_params(),
        "noc@example.com, duty@example.org"
    );
}

#[test]
fn the_test_mail_is_localised() {
    let messages = harness().language("it").run_test().expect("a mail");
    let mail = seen(&messages[0]);
    assert!(mail.subject.starts_with("Prova degli allarmi per "));
    assert!(mail.text.contains("arriveranno qui"));
}

#[test]
fn answers_are_read_as_what_they_mean() {
    let gone = r#"{"address":"a@b.example","code":550,"reply":"5.1.1 no such user"}"#;
    let moved =
        r#"{"address":"c@d.example","code":550,"reply":"5.1.10 RESOLVER.ADR.RecipientNotFound"}"#;
    let policy = r#"{"address":"c@d.example","code":550,"reply":"5.7.1 blocked"}"#;
    let close = r#"{"address":"c@d.example","code":550,"reply":"5.1.11 something else"}"#;
    for (status, refused, outcome) in [
        (535, vec![], Outcome::EndpointGone),
        (534, vec![], Outcome::EndpointGone),
        (530, vec![], Outcome::EndpointGone),
        (454, vec![], Outcome::Agree),
        (550, vec![gone], Outcome::RecipientGone),
        (550, vec![gone, moved], Outcome::RecipientGone),
        (550, vec![gone, policy], Outcome::Agree),
        (550, vec![close], Outcome::Agree),
        (550, vec![], Outcome::Agree),
        (451, vec![gone], Outcome::Agree),
        (250, vec![gone], Outcome::Agree),
        (554, vec![], Outcome::Agree),
    ] {
        let mut harness = harness().alert(Alert::new("x"));
        harness.dequeue().expect("a batch");
        let body = format!(
            r#"{{"accepted":[],"refused":[{}],"reply":"said so"}}"#,
            refused.join(",")
        );
        let verdict = harness.respond(status, &[], &body);
        assert_eq!(verdict.outcome, outcome, "{status} {refused:?}");
        assert_eq!(verdict.reason, "said so");
    }
}
