use super::*;
use crate::egress::Refused;
use crate::job::Carried;

const NOW: Millis = 1_000_000;

fn mail(repeat: Option<Repeat>) -> Mail {
    let addresses = ["a@a.example", "b@a.example", "c@a.example"];
    Mail {
        server: "smtps://mail.example".into(),
        login: None,
        from: "alerts@a.example".into(),
        from_name: None,
        to: addresses.map(String::from).to_vec(),
        cc: Vec::new(),
        headers: Vec::new(),
        subject: "x".into(),
        text: "x".into(),
        html: None,
        threads: Vec::new(),
        repeat,
    }
}

fn delivery(messages: usize) -> Stored {
    Stored {
        id: "d".into(),
        tenant: "t".into(),
        recipient: 1,
        component: "c".into(),
        params: "p".into(),
        jobs: vec![Carried {
            job: 1,
            alert: "1".into(),
            fingerprint: "f".into(),
            releases: false,
            answers: false,
        }],
        messages: vec![Message::Mail(mail(None)); messages],
        progress: 0,
        tag: "tag".into(),
        attempts: 0,
        created_at: 0,
        accepted_at: 0,
        due: 0,
    }
}

fn report(refused: &[(&str, u16)]) -> Report {
    Report {
        accepted: vec!["b@a.example".into()],
        refused: refused
            .iter()
            .map(|(address, code)| Refused {
                address: (*address).into(),
                code: *code,
                reply: "no".into(),
            })
            .collect(),
        reply: "queued".into(),
    }
}

fn next(judged: &Judged) -> Option<&Repeat> {
    match &judged.next {
        Some((Message::Mail(mail), tag)) if tag == "tag" => mail.repeat.as_ref(),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

fn received(status: u16, report: Report) -> Received {
    Received {
        status,
        headers: http::HeaderMap::new(),
        body: Vec::new(),
        truncated: false,
        encoded: false,
        secret_shown: false,
        mail: Some(report),
    }
}

#[test]
fn those_that_may_take_it_later_get_it_later_and_all_are_named() {
    let report = report(&[("a@a.example", 550), ("c@a.example", 451)]);
    let judged = for_the_refused(judge(250, &report), &mail(None), &delivery(1), &report, NOW);
    assert_eq!(
        (judged.outcome, judged.reason),
        (Outcome::Delivered, Reason::SomeRefused)
    );
    assert_eq!(
        judged.detail.as_deref(),
        Some("refused: a@a.example (550 no), c@a.example (451 no)")
    );
    let repeat = next(&judged).unwrap();
    assert_eq!(
        (repeat.message, repeat.to.as_slice()),
        (0, ["c@a.example".to_owned()].as_slice())
    );
    assert!(judged.later && repeat.until > NOW);
}

#[test]
fn what_is_refused_for_ever_or_not_at_all_is_not_sent_again() {
    for (status, refused, messages) in [
        (250, &[][..], 1),
        (250, &[("a@a.example", 550)], 1),
        (550, &[("a@a.example", 550)], 1),
        (451, &[("a@a.example", 451)], 1),
        (250, &[("a@a.example", 451)], FOLLOW_UPS + 1),
    ] {
        let report = report(refused);
        let judged = judge(status, &report);
        let judged = for_the_refused(judged, &mail(None), &delivery(messages), &report, NOW);
        assert_eq!(next(&judged), None, "{status} {refused:?}");
    }
}

#[test]
fn a_components_words_stand_beside_the_hosts_and_its_own_message_goes_first() {
    let report = report(&[("c@a.example", 451)]);
    let judged = Judged {
        detail: Some("its words".into()),
        next: Some((Message::Mail(mail(None)), "tag".into())),
        ..judge(250, &report)
    };
    let judged = for_the_refused(judged, &mail(None), &delivery(1), &report, NOW);
    assert_eq!(
        judged.detail.as_deref(),
        Some("its words; refused: c@a.example (451 no)")
    );
    assert_eq!(next(&judged), None);
    assert!(!judged.later);
}

#[test]
fn a_repeat_is_tried_for_a_while_and_undoes_nothing() {
    let (delivered, retry) = (Outcome::Delivered, Outcome::Retry { after: None });
    let lost = || Failure {
        reason: Reason::ConnectionRefused,
        detail: "gone".into(),
        status: None,
    };
    let forbidden = || Failure {
        reason: Reason::EnterSecretAgain,
        ..lost()
    };
    let open = NOW + 1;
    for (sent, until, outcome, reason) in [
        (
            Ok(received(250, report(&[]))),
            open,
            delivered,
            Reason::Accepted,
        ),
        (
            Ok(received(451, report(&[("c@a.example", 451)]))),
            open,
            retry,
            Reason::MailLater,
        ),
        (
            Ok(received(451, report(&[("c@a.example", 451)]))),
            NOW,
            delivered,
            Reason::SomeRefused,
        ),
        (
            Ok(received(550, report(&[("c@a.example", 550)]))),
            open,
            delivered,
            Reason::SomeRefused,
        ),
        (Err(lost()), open, retry, Reason::ConnectionRefused),
        (Err(lost()), NOW, delivered, Reason::SomeRefused),
        (Err(forbidden()), open, delivered, Reason::SomeRefused),
    ] {
        let repeat = Repeat {
            message: 0,
            to: vec!["c@a.example".into()],
            until,
        };
        let told = format!("{sent:?} {until}");
        let mail = mail(Some(repeat.clone()));
        let judged = repeated(&mail, &repeat, &delivery(2), sent, NOW);
        assert_eq!((judged.outcome, judged.reason), (outcome, reason), "{told}");
        assert_eq!(next(&judged), None, "{told}");
    }
    let repeat = Repeat {
        message: 0,
        to: vec!["a@a.example".into(), "c@a.example".into()],
        until: open,
    };
    let some = Ok(received(250, report(&[("c@a.example", 451)])));
    let judged = repeated(
        &mail(Some(repeat.clone())),
        &repeat,
        &delivery(2),
        some,
        NOW,
    );
    let left = next(&judged).unwrap();
    assert_eq!(
        (left.to.as_slice(), left.until),
        (["c@a.example".to_owned()].as_slice(), open)
    );
}
