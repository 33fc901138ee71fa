//! The conformance suite: what came with the program passes it, and each thing that an author can get wrong
//! is named with its place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use campanile::app::{BUILTIN, builtin};
use campanile::check::{self, Finding, Report, Rule, Samples};
use campanile::sandbox::{Limits, Sandbox, Why};
use campanile_tests::{Folder, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// An endpoint that misbehaves as its parameter `how` says.
const LIAR: &[u8] = include_bytes!(env!("HOSTILE_LIAR"));

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../example-endpoints")
}

/// The report on a component with these samples.
fn report(wasm: &[u8], samples: &str) -> Report {
    let samples = Samples::parse(samples).expect("samples");
    check::endpoint(wasm, &samples, &mut |_| {}).expect("a sandbox")
}

/// What was found, in words.
pub(super) fn told(report: &Report) -> Vec<String> {
    let told = |(rule, finding): (Rule, &Finding)| {
        let Finding {
            place, what, cases, ..
        } = finding;
        format!("{}: {place}: {what} {cases:?}", rule.as_str())
    };
    let all = report.checks.iter().flat_map(|check| {
        let findings = check.findings.iter();
        findings.map(move |finding| (check.rule, finding))
    });
    all.map(told).collect()
}

#[test]
fn every_endpoint_that_comes_with_the_program_passes_with_the_sample_beside_it() {
    let sandbox = Sandbox::start(Limits::default(), Why::Test).expect("a sandbox");
    for (name, wasm) in BUILTIN {
        let installed = sandbox.install(wasm).expect("it fits");
        if installed.manifest.is_formatter() {
            continue;
        }
        let file = examples().join(name).join("sample.toml");
        let samples = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let report = report(wasm, &samples);
        assert_eq!(told(&report), Vec::<String>::new(), "{name}");
        let looked_at: Vec<_> = report.checks.iter().map(|check| check.rule).collect();
        let secrets = installed
            .manifest
            .params()
            .any(|param| param.kind.is_secret());
        let all = Rule::ALL.iter().copied();
        let all: Vec<_> = all
            .filter(|rule| secrets || *rule != Rule::Secrets)
            .collect();
        assert_eq!(looked_at, all, "{name}");
        assert!(report.checks.iter().all(|check| check.cases > 0), "{name}");
        for usage in &report.usage {
            assert!(
                0 < usage.used && usage.used <= usage.allowed,
                "{name}: {usage:?}"
            );
        }
    }
}

/// What it does wrong, the rule that it breaks, and words of what is found.
const WRONG: [(&str, Rule, &[&str]); 25] = [
    (
        "lints-what-is-right",
        Rule::Lint,
        &["lint, of `how`", "it is not so"],
    ),
    (
        "shows-two-lines",
        Rule::Line,
        &["format-recipient-params", "not one line", "one\\ntwo"],
    ),
    (
        "tests-nothing",
        Rule::Test,
        &["run-test", "there is no message"],
    ),
    (
        "panics",
        Rule::Alerts,
        &["dequeue-recipient-alerts", "in so many words"],
    ),
    (
        "refuses-everything",
        Rule::Alerts,
        &["dequeue-recipient-alerts", "it refuses the alert: no"],
    ),
    (
        "names-nothing",
        Rule::Named,
        &["1 alerts were given out, and none"],
    ),
    (
        "names-an-alert-it-was-not-given",
        Rule::Named,
        &["alert 1 is named, but 1 were given out"],
    ),
    (
        "names-an-alert-twice",
        Rule::Named,
        &["alert 0 is named twice"],
    ),
    (
        "delivers-no-message",
        Rule::Named,
        &["delivery 0 has no messages"],
    ),
    (
        "writes-json-by-hand",
        Rule::Requests,
        &[
            "the body of a request, near",
            "not the JSON that its Content-Type says",
        ],
    ),
    (
        "puts-the-title-in-a-header",
        Rule::Requests,
        &["a header of a request", "header-value"],
    ),
    (
        "token-to-set-webhook",
        Rule::Requests,
        &["the method or URL of a request", "no route allows POST"],
    ),
    (
        "token-in-the-json",
        Rule::Requests,
        &["a secret in a request", "token in json:/text"],
    ),
    (
        "token-in-the-text",
        Rule::Requests,
        &["a secret in a request", "must be encoded as json-string"],
    ),
    (
        "token-in-the-host",
        Rule::Requests,
        &["a secret in a request", "scheme or host"],
    ),
    (
        "password-as-a-key",
        Rule::Requests,
        &["a secret in a request", "`password` is no signing key"],
    ),
    (
        "says-delivered",
        Rule::Responses,
        &["read-response", "it calls a 5xx delivered"],
    ),
    (
        "gives-up",
        Rule::Responses,
        &["read-response", "it gives up at a 503"],
    ),
    (
        "never-gives-up",
        Rule::Responses,
        &["read-response", "it tries again after a 401"],
    ),
    (
        "traps-on-the-response",
        Rule::Responses,
        &["read-response", "unreadable"],
    ),
    (
        "speaks-for-an-alert-that-it-does-not-carry",
        Rule::Responses,
        &["read-response", "alert 7 is named"],
    ),
    (
        "leaves-a-receipt-of-two-kilobytes",
        Rule::Limits,
        &["read-response", "a receipt has 2048 bytes"],
    ),
    (
        "follows-up-to-another-origin",
        Rule::Responses,
        &["read-response", "a follow-up goes to where"],
    ),
    (
        "allocates",
        Rule::Limits,
        &["dequeue-recipient-alerts", "33554432 are allowed"],
    ),
    (
        "calls-the-host-for-ever",
        Rule::Limits,
        &["dequeue-recipient-alerts", "10000 host calls"],
    ),
];

fn liars(hows: impl Iterator<Item = &'static str>) -> String {
    let sample = |how: &str| {
        format!(
            "[[sample]]\nname = \"{how}\"\nrecipient = {{ how = \"{how}\" }}\nendpoint = {{ url = \"https://a.example\", \
             other = \"https://b.example\", token = \"0123456789abcdef\", password = \"fedcba9876543210\" }}\n"
        )
    };
    hows.map(sample).collect()
}

#[test]
fn each_thing_that_an_author_can_get_wrong_is_named_with_its_rule_and_place() {
    // One at a time: what one does wrong must not be taken for what another does.
    for (how, rule, words) in WRONG {
        let report = report(LIAR, &liars([how].into_iter()));
        assert!(!report.passed(), "{how}");
        let found = report.of(rule);
        let says = |finding: &Finding| {
            let said = format!("{}: {}", finding.place, finding.what);
            words.iter().all(|word| said.contains(word))
                && !finding.why.is_empty()
                && !finding.fix.is_empty()
                && finding.cases.iter().all(|case| case.starts_with(how))
                && !finding.cases.is_empty()
        };
        assert!(
            found.iter().any(says),
            "{how}: {words:?} in {:#?}",
            told(&report)
        );
    }
}

#[test]
fn an_honest_component_breaks_no_rule_but_that_of_places_that_nothing_uses() {
    let report = report(LIAR, &liars(["honest"].into_iter()));
    let broken = report.checks.iter().filter(|check| !check.passed());
    assert_eq!(
        broken.map(|check| check.rule).collect::<Vec<_>>(),
        [Rule::Secrets]
    );
    let places: BTreeSet<_> = report
        .of(Rule::Secrets)
        .iter()
        .map(|it| it.place.clone())
        .collect();
    let expected = [
        "endpoint-param[2].uses[0] of the manifest",
        "endpoint-param[2].uses[1] of the manifest",
        "endpoint-param[3].uses[0] of the manifest",
        "endpoint-param[4].uses[0] of the manifest",
        "endpoint-param[5] of the manifest",
    ];
    assert_eq!(places, expected.map(String::from).into());
    let used = self::report(
        LIAR,
        &liars(["token-in-the-path", "password-in-its-place"].into_iter()),
    );
    assert_eq!(used.of(Rule::Secrets).len(), 2, "{:?}", told(&used));
}

#[test]
fn a_sample_that_the_manifest_does_not_allow_is_named_by_its_parameter() {
    let telegram = builtin("telegram").expect("it is there");
    for (sample, place) in [
        ("recipient = { chat = \"-1\" }", "endpoint.token of"),
        (
            "endpoint = { token = \"x\" }\nrecipient = { chat = \"-1\" }",
            "endpoint.token of",
        ),
        ("endpoint = { chut = 1 }", "endpoint.chut of"),
    ] {
        let report = report(telegram, sample);
        let found = report.of(Rule::Parameters);
        assert!(
            found.iter().any(|it| it.place.starts_with(place)),
            "{:?}",
            told(&report)
        );
        assert!(report.of(Rule::Alerts).is_empty() && !report.passed());
    }
    let good = "endpoint = { token = \"123456789:AAEhBP0av28zXzyqOhvNUhRIA_5v7OPN3gI\" }\nrecipient = { chat = \"-1\" }\n";
    let refused = report(telegram, &format!("{good}response = {{ status = 400 }}"));
    let told = told(&refused);
    assert!(
        told.iter()
            .any(|it| it.contains("the response that the sample declares is judged `rejected`")),
        "{told:?}"
    );
}

#[test]
fn what_does_not_install_is_said_and_nothing_else_is_tried() {
    for (wasm, place, words) in [
        (&b"nothing"[..], "the file", "not a WebAssembly component"),
        (
            &builtin("telegram").expect("it")[..5000],
            "the file",
            "damaged",
        ),
    ] {
        let report = report(wasm, "");
        assert_eq!(report.checks.len(), 1);
        let [found] = report.of(Rule::Installs) else {
            panic!("{:?}", told(&report));
        };
        assert!(
            found.place == place && found.what.contains(words),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn the_command_says_by_its_exit_code_what_came_of_it() {
    let folder = Folder::new();
    let sample = |name: &str| {
        let file = examples().join(name).join("sample.toml");
        file.to_str().expect("a path").to_owned()
    };
    let liar = folder.path().join("liar.wasm");
    std::fs::write(&liar, LIAR).expect("a file");
    let liar = liar.to_str().expect("a path");
    let wrong = folder.path().join("wrong.toml");
    std::fs::write(&wrong, liars(["names-nothing"].into_iter())).expect("a file");
    let wrong = wrong.to_str().expect("a path");
    let (telegram, webhook) = (sample("telegram"), sample("webhook"));
    for (arguments, code, words) in [
        (
            vec!["check", "telegram", "--params", &telegram],
            0,
            "\npassed\n",
        ),
        (
            vec!["check", "telegram", "--params", &webhook],
            1,
            "endpoint.url of the sample `plain`",
        ),
        (vec!["check", liar, "--params", wrong], 1, "FAIL  named"),
        (vec!["check", "flows"], 0, "\npassed\n"),
        (
            vec!["check", "flows", "--params", &telegram],
            2,
            "without --params",
        ),
        (vec!["check", "telegram"], 2, "--params"),
        (
            vec!["check", "telegram", "--params", "nowhere.toml"],
            2,
            "nowhere.toml",
        ),
        (
            vec!["check", "nowhere.wasm", "--params", &telegram],
            2,
            "nowhere.wasm",
        ),
        (vec!["check", "telegram", "--params", liar], 2, "liar.wasm"),
    ] {
        let ran = run(PROGRAM, &arguments, folder.path(), &[], b"").await;
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        let said = if code == 2 { &ran.err } else { &ran.out };
        assert!(said.contains(words), "{arguments:?}: {words:?} in {said}");
        // Neither is a terminal.
        assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'));
    }
    let ran = run(
        PROGRAM,
        &["check", liar, "--params", wrong, "--json"],
        folder.path(),
        &[],
        b"",
    )
    .await;
    let json = ran.json();
    assert_eq!(ran.code, Some(1));
    assert_eq!(json["component"]["name"], "liar");
    let named = json["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .find(|it| it["rule"] == "named");
    let finding = &named.expect("that rule")["findings"][0];
    assert_eq!(finding["level"], "failure");
    assert_eq!(finding["cases"][0], "names-nothing: a plain alert");
}
