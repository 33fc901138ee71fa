use std::collections::BTreeSet;

use campanile_contract::manifest::{Manifest, Place};
use campanile_contract::params::Param;
use serde_json::{Value, json};

use super::{Ask, Ceiling, Clause, Mode, Permission, Permit, Standing, To, clauses};
use crate::outcome::Reason;

fn manifest(change: &Value) -> Manifest {
    let mut manifest = json!({
        "manifest": 1, "name": "chat", "title": "x", "version": "1.0.0",
        "endpoint-param": [
            {"name": "api", "kind": "url"},
            {"name": "token", "kind": "secret", "uses": [{"route": "send", "place": "path"}]},
            {"name": "rows", "kind": "secret-pairs", "uses": [{"route": "send", "place": "header:*"}]},
            {"name": "hook", "kind": "secret-url", "uses": [{"route": "hook", "place": "whole-url"}]},
            {"name": "key", "kind": "signing-key"},
            {"name": "server", "kind": "mail-server"},
            {"name": "log", "kind": "syslog-server"}
        ],
        "recipient-param": [{"name": "page", "kind": "url"}],
        "route": [
            {"name": "send", "origin": {"param": "api"}, "methods": ["POST"], "paths": ["/bot*/send"]},
            {"name": "hook", "origin": {"param": "hook"}, "methods": ["POST"], "paths": ["/"]},
            {"name": "page", "origin": {"param": "page"}, "methods": ["PUT"], "paths": ["**"]},
            {"name": "mail", "origin": {"param": "server"}},
            {"name": "log", "origin": {"param": "log"}}
        ],
        "reads": {"when": "always", "headers": ["retry-after"], "body": ["/ok"]}
    });
    if let (Some(all), Some(change)) = (manifest.as_object_mut(), change.as_object()) {
        all.extend(change.clone());
    }
    serde_json::from_value(manifest).expect("a manifest")
}

fn params(values: &[(&str, &str)]) -> Vec<Param> {
    let param = |(name, value): &(&str, &str)| {
        let (name, key) = name
            .split_once('/')
            .map_or((*name, None), |(name, key)| (name, Some(key)));
        Param {
            name: name.to_owned(),
            key: key.map(str::to_owned),
            value: (*value).to_owned(),
        }
    };
    values.iter().map(param).collect()
}

const ALL: &[(&str, &str)] = &[
    ("api", "https://API.example/v1/"),
    ("token", "set"),
    ("rows/X-Key", "set"),
    ("hook", "https://hooks.example"),
    ("key", "set"),
    ("server", "smtps://mail.example"),
    ("log", "syslog+tls://log.example"),
];

fn ask(change: &Value, values: &[(&str, &str)]) -> Ask {
    Ask::of(&manifest(change), true, &params(values))
}

fn texts(clauses: Vec<Clause>) -> Vec<String> {
    clauses.into_iter().map(|clause| clause.text).collect()
}

#[test]
fn an_ask_says_in_words_all_that_manifest_and_parameters_lead_to() {
    let ask = ask(&json!({"limits": "large"}), ALL);
    assert_eq!(
        texts(clauses(&ask, None, "en")),
        [
            "send POST to https://api.example/v1/bot*/send",
            "send POST to the secret address in `hook` at https://hooks.example",
            "send PUT to the address in `page` of each recipient and below it /**",
            "send mail through smtps://mail.example:465, to addresses that parameters hold",
            "send syslog lines to syslog+tls://log.example:6514",
            "put the secret `rows/X-Key` into the header `x-key` of requests to https://api.example/v1",
            "put the secret `token` into the path of requests to https://api.example/v1",
            "sign requests to https://api.example/v1 with the secret `key`",
            "sign requests to the secret address in `hook` at https://hooks.example with the secret `key`",
            "sign requests to the address in `page` of each recipient with the secret `key`",
            "read `/ok` of what destinations answer",
            "read the header `retry-after` of what destinations answer",
            "use the larger limits: four times the memory and five times the processor time of others",
        ]
    );
    for language in ["it", "de"] {
        let words = texts(clauses(&ask, None, language));
        assert_eq!(words.len(), ask.permissions.len());
        assert!(
            words.iter().all(|words| !words.contains("consent.")),
            "{words:?}"
        );
    }
}

#[test]
fn what_is_not_set_is_not_asked_and_what_is_in_clear_says_so() {
    let values = &[("api", "http://127.0.0.1:8081"), ("server", "no server")];
    assert_eq!(
        texts(clauses(
            &ask(&json!({"reads": {"body": ["*"]}}), values),
            None,
            "en"
        )),
        [
            "send POST to http://127.0.0.1:8081/bot*/send - in clear: everybody on the way can read it",
            "send PUT to the address in `page` of each recipient and below it /**",
        ]
    );
}

#[test]
fn syslog_in_clear_says_so() {
    for (server, words) in [
        (
            "syslog+tcp://10.0.0.5:601",
            "send syslog lines to syslog+tcp://10.0.0.5:601 - in clear: everybody on the way can read it",
        ),
        (
            "syslog+udp://10.0.0.5",
            "send syslog lines to syslog+udp://10.0.0.5:514 - in clear: everybody on the way can read it",
        ),
    ] {
        let ask = ask(
            &json!({"reads": {}, "recipient-param": []}),
            &[("log", server)],
        );
        assert_eq!(texts(clauses(&ask, None, "en")), [words]);
        let address = words.split(' ').nth(4).unwrap();
        assert_eq!(ask.addresses(), BTreeSet::from([address]));
    }
}

#[test]
fn a_grant_covers_what_wants_no_more_and_nothing_else() {
    let route = |methods: &[&str], paths: &[&str]| {
        json!({"route": [
            {"name": "send", "origin": {"param": "api"}, "methods": methods, "paths": paths},
            {"name": "hook", "origin": {"param": "hook"}, "methods": ["POST"], "paths": ["/"]},
        ]})
    };
    let reads = |body: &[&str]| json!({"reads": {"when": "failures", "body": body}});
    let api = &[("api", "https://api.example")][..];
    let plain = json!({});
    let rows = [
        (plain.clone(), ALL, plain.clone(), ALL, true),
        (plain.clone(), ALL, plain.clone(), &ALL[..5], true),
        (plain.clone(), &ALL[..5], plain.clone(), ALL, false),
        (
            plain.clone(),
            api,
            plain.clone(),
            &[("api", "https://API.example/")],
            true,
        ),
        (
            plain.clone(),
            api,
            plain.clone(),
            &[("api", "https://api.example/v1")],
            false,
        ),
        (
            plain.clone(),
            api,
            plain.clone(),
            &[("api", "https://api.example.")],
            false,
        ),
        (
            plain.clone(),
            api,
            plain.clone(),
            &[("api", "http://api.example")],
            false,
        ),
        (
            plain.clone(),
            api,
            plain.clone(),
            &[("api", "https://api.example"), ("token", "set")],
            false,
        ),
        (plain.clone(), api, json!({"name": "chat2"}), api, false),
        (plain.clone(), api, json!({"limits": "large"}), api, false),
        (json!({"limits": "large"}), api, plain, api, true),
        (
            route(&["POST"], &["/a/**"]),
            api,
            route(&["POST"], &["/a/b"]),
            api,
            true,
        ),
        (
            route(&["POST"], &["/a/b"]),
            api,
            route(&["POST"], &["/a/**"]),
            api,
            false,
        ),
        (
            route(&["POST"], &["/a"]),
            api,
            route(&["POST", "PUT"], &["/a"]),
            api,
            false,
        ),
        (
            route(&["POST", "PUT"], &["/a"]),
            api,
            route(&["PUT"], &["/a"]),
            api,
            true,
        ),
        (reads(&["*"]), api, reads(&["/ok", ""]), api, true),
        (reads(&["/ok"]), api, reads(&["*"]), api, false),
        (reads(&["*"]), api, reads(&["text"]), api, true),
        (reads(&["/text"]), api, reads(&["text"]), api, false),
        (reads(&["/a"]), api, reads(&["/a/b"]), api, true),
        (reads(&["/a"]), api, reads(&["/ab"]), api, false),
        (
            reads(&["*"]),
            api,
            json!({"reads": {"when": "always", "headers": ["x"]}}),
            api,
            false,
        ),
    ];
    for (one, with, other, and, expected) in rows {
        let (granted, wanted) = (ask(&one, with), ask(&other, and));
        assert_eq!(granted.covers(&wanted), expected, "{granted:?}\n{wanted:?}");
        assert_eq!(granted.digest() == wanted.digest(), granted == wanted);
        let stored = serde_json::to_string(&granted).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Ask>(&stored).expect("an ask"),
            granted
        );
    }
}

#[test]
fn what_is_new_is_marked_in_words() {
    let granted = ask(&json!({}), &[("api", "https://api.example")]);
    let wanted = ask(
        &json!({}),
        &[("api", "https://api.example"), ("token", "set")],
    );
    let new: Vec<_> = clauses(&wanted, Some(&granted), "en")
        .into_iter()
        .filter(|clause| clause.new)
        .map(|clause| clause.text)
        .collect();
    assert_eq!(
        new,
        ["put the secret `token` into the path of requests to https://api.example"]
    );
    let foreign = Ask::of(
        &manifest(&json!({})),
        false,
        &params(&[("api", "https://api.example")]),
    );
    let foreign_words: Vec<_> = clauses(&foreign, Some(&granted), "en")
        .into_iter()
        .filter(|clause| clause.new)
        .map(|clause| clause.text)
        .collect();
    assert_eq!(
        foreign_words,
        ["run as code that did not come with Campanile"]
    );
    assert!(foreign.covers(&granted) && !granted.covers(&foreign));
    let other = ask(&json!({"name": "other"}), &[("api", "https://api.example")]);
    assert!(
        clauses(&other, Some(&granted), "en")
            .iter()
            .all(|clause| clause.new)
    );
}

fn ceiling(origins: &[&str], mode: Mode) -> Ceiling {
    let origins = origins
        .iter()
        .map(|origin| origin.parse().expect("an origin"));
    Ceiling {
        origins: Some(origins.collect()),
        mode,
        ..Ceiling::default()
    }
}

#[test]
fn ask_grant_and_ceiling_must_all_allow_a_request() {
    let api = &[("api", "https://api.example")][..];
    let more = &[("api", "https://api.example"), ("token", "set")][..];
    let none = &[][..];
    let send = Permission::Send {
        method: String::from("POST"),
        to: To::Address(String::from("https://api.example")),
        path: String::from("/bot*/send"),
    };
    let (allowed, not_granted) = (Standing::Allowed, Standing::Refused(Reason::NotGranted));
    let over = Standing::Refused(Reason::OverCeiling);
    let reported = Standing::Reported(Reason::OverCeiling);
    let here = ["https://api.example"];
    let there = ["https://other.example"];
    let rows = [
        (api, api, None, allowed),
        (api, more, None, allowed),
        (more, api, None, not_granted),
        (api, none, None, not_granted),
        (api, api, Some(ceiling(&here, Mode::Enforce)), allowed),
        (api, api, Some(ceiling(&there, Mode::Enforce)), over),
        (api, api, Some(ceiling(&[], Mode::Enforce)), over),
        (api, api, Some(ceiling(&there, Mode::Report)), reported),
        (api, none, Some(ceiling(&here, Mode::Report)), not_granted),
        (more, api, Some(ceiling(&there, Mode::Report)), not_granted),
    ];
    for (asked, granted, ceiling, expected) in rows {
        let label = format!("{asked:?} {granted:?} {ceiling:?}");
        let (asked, granted) = (ask(&json!({}), asked), ask(&json!({}), granted));
        let permit = Permit::new(&asked, "digest", granted, ceiling.map(Into::into));
        assert_eq!(
            permit.standing(&send, "https://api.example"),
            expected,
            "{label}"
        );
    }
}

#[test]
fn a_component_that_a_ceiling_does_not_admit_sends_nothing() {
    let api = &[("api", "https://api.example")];
    let send = Permission::Send {
        method: String::from("POST"),
        to: To::Address(String::from("https://api.example")),
        path: String::from("/bot*/send"),
    };
    let (standard, large) = (ask(&json!({}), api), ask(&json!({"limits": "large"}), api));
    for (asked, digest, mode, expected) in [
        (&standard, "listed", Mode::Enforce, Standing::Allowed),
        (
            &standard,
            "other",
            Mode::Enforce,
            Standing::Refused(Reason::OverCeiling),
        ),
        (
            &standard,
            "other",
            Mode::Report,
            Standing::Reported(Reason::OverCeiling),
        ),
        (
            &large,
            "listed",
            Mode::Enforce,
            Standing::Refused(Reason::OverCeiling),
        ),
        (
            &large,
            "listed",
            Mode::Report,
            Standing::Reported(Reason::OverCeiling),
        ),
    ] {
        let ceiling = Ceiling {
            components: Some([String::from("listed")].into()),
            standard_only: true,
            mode,
            ..Ceiling::default()
        };
        let permit = Permit::new(asked, digest, asked.clone(), Some(ceiling.into()));
        let standing = permit.standing(&send, "https://api.example");
        assert_eq!(standing, expected, "{digest} {mode:?}");
    }
}

#[test]
fn a_row_of_secrets_is_asked_by_its_own_header() {
    let ask = ask(
        &json!({}),
        &[("api", "https://a.example"), ("rows/X-One", "set")],
    );
    let fill = |place: &str| Permission::Fill {
        secret: String::from("rows/X-One"),
        place: place.parse::<Place>().expect("a place"),
        to: To::Address(String::from("https://a.example")),
    };
    assert!(ask.allows(&fill("header:x-one")));
    assert!(!ask.allows(&fill("header:x-two")));
    assert!(!ask.allows(&fill("header:*")));
}
