//! The same invocation gives the same answer, byte for byte, and both are data.

use campanile::app::builtin;
use campanile::message::Response;
use campanile::outcome::Reason;
use campanile::sandbox::{Answer, Answered, Call, Event, Fault, Invocation, Sandbox, Why};
use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::params::Param;
use campanile_contract::text::Value;

use campanile_tests::hostile::stage::{dequeue, invocation, limits, recipient, sandbox};
use campanile_tests::hostile::{FORMATTER, LIAR};

fn written(answer: &Answer) -> String {
    serde_json::to_string(answer).expect("an answer is data")
}

/// Answers twice in this sandbox and once in another; all three are one text.
fn answered(wasm: &[u8], call: Call) -> String {
    let (first, digest) = sandbox(limits(), wasm);
    let (second, _) = sandbox(limits(), wasm);
    let invocation = invocation(&digest, call);
    let answers = [&first, &first, &second].map(|sandbox| sandbox.call(invocation.clone()));
    let [one, two, three] = answers.map(|answer| written(&answer));
    assert_eq!(one, two);
    assert_eq!(one, three);
    one
}

#[test]
fn the_same_invocation_gives_the_same_answer_byte_for_byte() {
    let bot = recipient(&[
        ("token", "set"),
        ("api", "https://api.telegram.org"),
        ("chat", "-100"),
    ]);
    let hook = recipient(&[("url", "set"), ("alerts_per_request", "3")]);
    for (name, recipient) in [("telegram", bot), ("webhook", hook)] {
        let wasm = builtin(name).expect("it");
        let answer = answered(wasm, dequeue(recipient.clone(), 8));
        assert!(answer.contains("\"deliveries\":[{"), "{name}: {answer}");
        answered(wasm, Call::RunTest(recipient));
    }
}

#[test]
fn clock_and_random_numbers_are_those_of_the_invocation() {
    let how = recipient(&[("how", "tells-the-time"), ("url", "http://h")]);
    let one = answered(LIAR, dequeue(how.clone(), 3));
    assert!(one.contains("1767323045678"), "{one}");

    let (sandbox, digest) = sandbox(limits(), LIAR);
    let later = Invocation {
        now: 1_767_323_045_679,
        ..invocation(&digest, dequeue(how.clone(), 3))
    };
    assert!(written(&sandbox.call(later)).contains("1767323045679"));
    let other = Invocation {
        nonce: 8,
        ..invocation(&digest, dequeue(how, 3))
    };
    let other = written(&sandbox.call(other)).replace("\"nonce\":8", "\"nonce\":7");
    assert_ne!(one, other, "another nonce, other random numbers");
}

#[test]
fn faults_are_the_same_each_time_too() {
    for how in [
        "panics",
        "exits",
        "allocates",
        "calls-the-host-for-ever",
        "an-unknown-scheme",
        "recurses",
    ] {
        let answer = answered(LIAR, dequeue(recipient(&[("how", how)]), 3));
        assert!(answer.contains("\"Err\""), "{how}: {answer}");
    }
}

#[test]
fn invocations_of_every_kind_survive_the_way_through_json() {
    let params = vec![Param {
        name: String::from("headers"),
        key: Some(String::from("X-Key")),
        value: String::from("set"),
    }];
    let event = Event {
        kind: String::from("faulty"),
        subtype: Some(String::from("\u{202e}\u{0}\"")),
        severity: Severity::Emergency,
        action: Action::Released,
        entity: Entity {
            kind: String::from("host"),
            value: String::from("::1"),
            name: Some(String::from("lo")),
        },
        source: String::from("eth0"),
        threshold: Some(0.1),
        value: Some(-1e300),
        fields: vec![
            (String::from("a"), Value::Integer(i64::MIN)),
            (String::from("b"), Value::Bytes(u64::MAX)),
            (String::from("c"), Value::Key(String::from("k"))),
            (String::from("d"), Value::Number(0.1 + 0.2)),
        ],
    };
    let response = Response {
        message: u32::MAX,
        status: 599,
        headers: vec![(String::from("retry-after"), String::from("2"))],
        body: String::from("{\"/ok\":true}\u{fffd}"),
        truncated: true,
    };
    for call in [
        Call::Lint {
            params,
            complete: false,
        },
        Call::FormatRecipientParams(recipient(&[("a", "b")])),
        dequeue(recipient(&[("a", "b")]), 2),
        Call::RunTest(recipient(&[])),
        Call::ReadResponse {
            recipient: recipient(&[]),
            tag: String::from("t"),
            alerts: 3,
            response,
        },
        Call::Format(vec![event]),
    ] {
        let invocation = Invocation {
            nonce: u64::MAX,
            ..invocation("digest", call)
        };
        let text = serde_json::to_string(&invocation).expect("data");
        let back: Invocation = serde_json::from_str(&text).expect("the same data");
        assert_eq!(back, invocation);
    }
}

#[test]
fn answers_of_every_kind_survive_the_way_through_json() {
    let (sandbox, liar) = sandbox(limits(), LIAR);
    let formatter = sandbox.install(FORMATTER).expect("it fits").digest;
    let telegram = builtin("telegram").expect("it is there");
    let telegram = sandbox.install(telegram).expect("it fits").digest;
    let how = |how: &str| recipient(&[("how", how), ("url", "http://h"), ("chat", "1")]);
    let response = Response {
        message: 0,
        status: 200,
        headers: Vec::new(),
        body: String::new(),
        truncated: false,
    };
    let read = |recipient| Call::ReadResponse {
        recipient,
        tag: String::from("0"),
        alerts: 1,
        response: response.clone(),
    };
    let calls = [
        (
            &liar,
            Call::Lint {
                params: Vec::new(),
                complete: true,
            },
        ),
        (&liar, Call::FormatRecipientParams(how("honest"))),
        (&liar, dequeue(how("honest"), 3)),
        (&liar, dequeue(how("refuses"), 3)),
        (&liar, dequeue(how("password-in-its-place"), 1)),
        (&liar, dequeue(how("key-in-its-place"), 1)),
        (&liar, dequeue(how("token-in-a-form"), 1)),
        (&liar, dequeue(how("invalid"), 3)),
        (&liar, dequeue(how("internal"), 3)),
        (&liar, dequeue(how("panics"), 3)),
        (&liar, dequeue(how("floods-the-log"), 3)),
        (&liar, Call::RunTest(how("honest"))),
        (&liar, read(how("follows-up-for-ever"))),
        (&liar, read(how("pauses-for-136-years"))),
        (&liar, read(how("renames-the-url"))),
        (&liar, read(how("speaks-twice-of-one-alert"))),
        (&telegram, dequeue(how("honest"), 3)),
        (
            &formatter,
            Call::Format(vec![faulty("refuse"), faulty("none")]),
        ),
    ];
    let mut kinds = std::collections::BTreeSet::new();
    for (digest, call) in calls {
        let answer = sandbox.call(invocation(digest, call));
        kinds.insert(match &answer.result {
            Ok(Answered::Problems(_)) => "problems",
            Ok(Answered::Line(_)) => "line",
            Ok(Answered::Batch(_)) => "batch",
            Ok(Answered::Messages(_)) => "messages",
            Ok(Answered::Verdict(_)) => "verdict",
            Ok(Answered::Descriptions(_)) => "descriptions",
            Ok(Answered::Invalid(_)) => "invalid",
            Err(_) => "fault",
        });
        let back: Answer = serde_json::from_str(&written(&answer)).expect("the same data");
        assert_eq!(back, answer);
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

fn faulty(fault: &str) -> Event {
    Event {
        kind: String::from("faulty"),
        subtype: None,
        severity: Severity::Error,
        action: Action::Stored,
        entity: Entity {
            kind: String::from("host"),
            value: String::from("h"),
            name: None,
        },
        source: String::new(),
        threshold: None,
        value: None,
        fields: vec![(String::from("fault"), Value::Text(fault.to_owned()))],
    }
}

#[test]
fn a_call_of_what_is_not_installed_and_of_the_other_world_has_a_reason() {
    let sandbox = Sandbox::start(limits(), Why::Test).expect("a sandbox");
    let digest = sandbox.install(LIAR).expect("it fits").digest;
    for component in ["", "no-digest", &digest.to_uppercase()] {
        let answer = sandbox.call(invocation(component, Call::Format(Vec::new())));
        let reason = answer.result.map_err(|Fault { reason, .. }| reason);
        assert_eq!((answer.nonce, reason), (7, Err(Reason::ComponentMissing)));
    }
    let answer = sandbox.call(invocation(&digest, Call::Format(Vec::new())));
    assert_eq!(
        answer.result.expect_err("no formatter").reason,
        Reason::ComponentMissing
    );
}
