use campanile_contract::alert::{Action, Severity};
use proptest::prelude::*;

use super::*;
use crate::intake::{Code, limits};

const ARRIVAL: Arrival<'_> = Arrival {
    scope: "token-1",
    now: 1_720_517_073_000,
};

fn read(body: &str) -> Result<Parsed, BodyError> {
    parse(body.as_bytes(), ARRIVAL)
}

fn one(body: &str) -> Alert {
    let parsed = read(body).unwrap();
    assert_eq!(parsed.refused, []);
    assert_eq!(parsed.accepted.len(), 1);
    parsed.accepted.into_iter().next().unwrap().1
}

/// An alert whose other fields are right.
fn with(field: &str) -> String {
    format!(r#"{{"kind":"k","entity":{{"kind":"host","value":"h"}},{field}}}"#)
}

#[test]
fn a_bare_alert_gets_its_defaults() {
    let alert = one(r#"{"kind":"disk_full","entity":{"kind":"host","value":"db1"}}"#);
    assert_eq!(alert.severity, Severity::Notice);
    assert_eq!(alert.action, Action::Stored);
    assert_eq!(alert.source, "");
    assert_eq!(alert.starts_at, ARRIVAL.now);
    assert_eq!(alert.ends_at, None);
    assert!(alert.details.is_none());
    assert_eq!(alert.fingerprint.len(), 32);
    assert_eq!(alert.entity.name, None);
}

#[test]
fn a_full_alert_is_read_and_its_document_reads_back() {
    let body = r#"{"kind":"flows_flood","subtype":"flow_flood_attacker","severity":"critical","score":100,
        "action":"released","entity":{"kind":"host","value":"192.168.1.19@0","name":"host.lan"},"source":"eth0",
        "category":"security","starts_at":"2024-07-09T11:24:33+02:00","ends_at":1720517133.25,"title":"t","message":"m\nm",
        "labels":{"z":"1","a.b":"2"},"url":"https://ntopng.example/lua","threshold":256,"value":1081.5,
        "fingerprint":"mine","details":{"flow_risk_bitmap":9007199254740993,"x":1e400,"proto.ndpi":[1.0]}}"#;
    let alert = one(body);
    assert_eq!(alert.severity, Severity::Critical);
    assert_eq!(alert.starts_at, 1_720_517_073_000);
    assert_eq!(alert.ends_at, Some(1_720_517_133_250));
    assert_eq!(
        alert.labels,
        [
            ("z".to_owned(), "1".to_owned()),
            ("a.b".to_owned(), "2".to_owned())
        ]
    );
    assert_eq!(alert.detail("/flow_risk_bitmap"), Some("9007199254740993"));
    assert_eq!(alert.detail("/x"), Some("1e400"));
    assert_eq!(alert.detail("/proto.ndpi/0"), Some("1.0"));
    assert_ne!(alert.fingerprint, "mine");
    assert_eq!(
        serde_json::from_str::<Alert>(&alert.document()).unwrap(),
        alert
    );
}

#[test]
fn each_fault_has_its_path_and_code() {
    let long = |length: usize| "x".repeat(length);
    let labels = |count: usize| {
        let pairs: Vec<_> = (0..count)
            .map(|index| format!("\"l{index}\":\"\""))
            .collect();
        format!("\"labels\":{{{}}}", pairs.join(","))
    };
    let nested = |depth: usize| format!("\"details\":{}{}", "[".repeat(depth), "]".repeat(depth));
    for (alert, path, code) in [
        ("17".to_owned(), "", Code::NotAnObject),
        ("null".to_owned(), "", Code::NotAnObject),
        (r#"["k",null]"#.to_owned(), "", Code::NotAnObject),
        ("{}".to_owned(), ".kind", Code::MissingField),
        (r#"{"kind":"k"}"#.to_owned(), ".entity", Code::MissingField),
        (
            r#"{"kind":"k","entity":{"value":"v"}}"#.to_owned(),
            ".entity.kind",
            Code::MissingField,
        ),
        (
            r#"{"kind":"k","entity":{"kind":"h"}}"#.to_owned(),
            ".entity.value",
            Code::MissingField,
        ),
        (
            r#"{"kind":"k","entity":["host","h"]}"#.to_owned(),
            ".entity",
            Code::WrongType,
        ),
        (
            r#"{"kind":"k","entity":{"kind":"","value":"v"}}"#.to_owned(),
            ".entity.kind",
            Code::Empty,
        ),
        (
            r#"{"kind":"k","entity":{"kind":"h","value":"v","nmae":""}}"#.to_owned(),
            ".entity.nmae",
            Code::UnknownField,
        ),
        (
            r#"{"kind":"","entity":{"kind":"h","value":"v"}}"#.to_owned(),
            ".kind",
            Code::Empty,
        ),
        (
            r#"{"kind":"a b","entity":{"kind":"h","value":"v"}}"#.to_owned(),
            ".kind",
            Code::Malformed,
        ),
        (with(r#""knid":"x""#), ".knid", Code::UnknownField),
        (with(r#""id":"x""#), ".id", Code::UnknownField),
        (with(r#""a b":{"c":1}"#), r#"["a b"]"#, Code::UnknownField),
        (with(r#""kind":"x""#), ".kind", Code::DuplicateField),
        (
            with(r#""details":{"a":[{"b":1,"b":2}]}"#),
            ".details",
            Code::DuplicateField,
        ),
        (
            with(r#""labels":{"a":"1","a":"2"}"#),
            ".labels.a",
            Code::DuplicateField,
        ),
        (with(r#""labels":{"a":1}"#), ".labels.a", Code::WrongType),
        (
            with(r#""labels":{"a b":1}"#),
            r#".labels["a b"]"#,
            Code::WrongType,
        ),
        (with(r#""labels":["a"]"#), ".labels", Code::WrongType),
        (with(&labels(limits::LABELS + 1)), ".labels", Code::TooMany),
        (
            with(r#""severity":"high""#),
            ".severity",
            Code::UnknownValue,
        ),
        (
            with(r#""severity":"Error""#),
            ".severity",
            Code::UnknownValue,
        ),
        (with(r#""action":"ended""#), ".action", Code::UnknownValue),
        (with(r#""score":-1"#), ".score", Code::OutOfRange),
        (
            with(r#""score":9007199254740993"#),
            ".score",
            Code::OutOfRange,
        ),
        (with(r#""score":1.5"#), ".score", Code::WrongType),
        (with(r#""score":"100""#), ".score", Code::WrongType),
        (with(r#""value":1e400"#), ".value", Code::OutOfRange),
        (with(r#""value":"1""#), ".value", Code::WrongType),
        (
            with(r#""starts_at":"yesterday""#),
            ".starts_at",
            Code::OutOfRange,
        ),
        (
            with(r#""starts_at":"0001-01-01T00:00:00Z""#),
            ".starts_at",
            Code::OutOfRange,
        ),
        (with(r#""starts_at":"""#), ".starts_at", Code::OutOfRange),
        (with(r#""starts_at":-1"#), ".starts_at", Code::OutOfRange),
        (
            with(r#""starts_at":1720517073000"#),
            ".starts_at",
            Code::OutOfRange,
        ),
        (with(r#""ends_at":1e300"#), ".ends_at", Code::OutOfRange),
        (with(r#""starts_at":true"#), ".starts_at", Code::WrongType),
        (with(r#""title":"a\u0000""#), ".title", Code::BadCharacter),
        (with(r#""title":"\ud800""#), ".title", Code::BadCharacter),
        (
            with(r#""details":{"a":"\udfff"}"#),
            ".details",
            Code::BadCharacter,
        ),
        (with(r#""source":"a\nb""#), ".source", Code::BadCharacter),
        (with(r#""category":"""#), ".category", Code::Empty),
        (
            with(r#""url":"javascript:alert(1)""#),
            ".url",
            Code::Malformed,
        ),
        (
            with(&format!(r#""title":"{}""#, long(limits::TITLE + 1))),
            ".title",
            Code::TooLong,
        ),
        (
            with(&format!(r#""message":"{}""#, long(limits::MESSAGE + 1))),
            ".message",
            Code::TooLong,
        ),
        (
            with(&format!(r#""subtype":"{}""#, long(limits::NAME + 1))),
            ".subtype",
            Code::TooLong,
        ),
        (
            with(&format!(r#""fingerprint":"{}""#, long(limits::NAME + 1))),
            ".fingerprint",
            Code::TooLong,
        ),
        (
            with(&format!(r#""labels":{{"a":"{}"}}"#, long(limits::NAME + 1))),
            ".labels.a",
            Code::TooLong,
        ),
        (
            with(&format!(r#""details":"{}""#, long(limits::ALERT))),
            "",
            Code::TooLong,
        ),
        (with(&nested(65)), ".details", Code::TooDeep),
        (with(&nested(100_000)), ".details", Code::TooDeep),
    ] {
        let shown = limits::shortened(&alert, 80);
        for (body, root, index) in [
            (alert.clone(), "$", 0),
            (format!("[{},{alert}]", with("\"score\":1")), "$[1]", 1),
        ] {
            if root == "$" && code == Code::NotAnObject {
                continue;
            }
            let parsed = read(&body).unwrap();
            assert_eq!(parsed.refused.len(), 1, "{shown}");
            assert_eq!(parsed.accepted.len(), index, "{shown}");
            let refused = &parsed.refused[0];
            assert_eq!(
                (refused.path.as_str(), refused.code),
                (format!("{root}{path}").as_str(), code),
                "{shown} {refused}"
            );
            assert_eq!(refused.index, index);
            assert!(!refused.detail.is_empty() && refused.detail.len() <= limits::DETAIL);
        }
    }
}

#[test]
fn values_just_within_their_limits_are_taken() {
    let labels: Vec<_> = (0..limits::LABELS)
        .map(|index| format!("\"l{index}\":\"\""))
        .collect();
    for field in [
        format!(r#""title":"{}""#, "x".repeat(limits::TITLE)),
        format!(r#""message":"{}""#, "x".repeat(limits::MESSAGE)),
        format!(r#""source":"{}""#, "x".repeat(limits::NAME)),
        format!("\"labels\":{{{}}}", labels.join(",")),
        format!("\"details\":{}{}", "[".repeat(64), "]".repeat(64)),
        r#""score":4294967295"#.to_owned(),
        r#""value":9007199254740993"#.to_owned(),
        r#""starts_at":0"#.to_owned(),
        r#""severity":null,"labels":null,"starts_at":null,"details":null,"source":null,"action":null"#.to_owned(),
        r#""message":"\t\n\ud83d\ude00""#.to_owned(),
        r#""source":"""#.to_owned(),
    ] {
        one(&with(&field));
    }
}

#[test]
fn the_good_alerts_of_an_array_are_not_lost_with_the_bad() {
    let good = with("\"score\":1");
    let parsed = read(&format!("[{good},{{}},{good},17,{good}]")).unwrap();
    let indices: Vec<_> = parsed.accepted.iter().map(|(index, _)| *index).collect();
    assert_eq!(indices, [0, 2, 4]);
    let paths: Vec<_> = parsed
        .refused
        .iter()
        .map(|refused| (refused.index, refused.path.as_str()))
        .collect();
    assert_eq!(paths, [(1, "$[1].kind"), (3, "$[3]")]);
    assert_eq!(read("[]").unwrap(), Parsed::default());
}

#[test]
fn bodies_that_are_no_alerts_are_refused_as_a_whole() {
    let error = |body: &[u8]| parse(body, ARRIVAL).unwrap_err().code();
    for (body, code) in [
        (&b""[..], "body-not-json"),
        (b"NaN", "body-not-json"),
        (b"{\"kind\":", "body-not-json"),
        (b"[{},]", "body-not-json"),
        (b"{} []", "body-not-json"),
        (b"\xef\xbb\xbf{}", "body-not-json"),
        (b"\0", "body-not-json"),
        (b"17", "body-shape"),
        (b"\"alert\"", "body-shape"),
        (b"null", "body-shape"),
        (b"{\"kind\":\"\xff\"}", "body-not-utf8"),
    ] {
        assert_eq!(error(body), code, "{}", String::from_utf8_lossy(body));
    }
    assert_eq!(error("[".repeat(100_000).as_bytes()), "body-not-json");
    assert_eq!(
        error(format!("[{}1]", "1,".repeat(limits::ALERTS)).as_bytes()),
        "too-many-alerts"
    );
    assert_eq!(error(&vec![b'['; limits::BODY + 1]), "body-too-large");
}

#[test]
fn fingerprints_are_the_condition_and_the_token() {
    let base = one(&with(r#""score":1"#)).fingerprint;
    assert_eq!(
        one(&with(
            r#""score":2,"severity":"error","action":"released","title":"t""#
        ))
        .fingerprint,
        base
    );
    for other in [
        r#""subtype":"s""#,
        r#""source":"s""#,
        r#""fingerprint":"f""#,
    ] {
        assert_ne!(one(&with(other)).fingerprint, base, "{other}");
    }
    let given = with(r#""fingerprint":"f""#);
    let foreign = parse(
        given.as_bytes(),
        Arrival {
            scope: "token-2",
            ..ARRIVAL
        },
    )
    .unwrap();
    assert_ne!(foreign.accepted[0].1.fingerprint, one(&given).fingerprint);
}

#[test]
fn ids_follow_the_order_of_the_array() {
    let good = with("\"score\":1");
    let parsed = read(&format!("[{good},{good},{good}]")).unwrap();
    assert!(
        parsed
            .accepted
            .is_sorted_by(|one, next| one.1.id < next.1.id)
    );
}

/// JSON near to what is taken: the right keys with any values, in any depth.
fn near_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("1e400".to_owned()),
        Just("\"\\ud800\"".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| format!("{number:e}")),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        Just("\"warning\"".to_owned()),
        Just("{\"kind\":\"k\",\"entity\":{\"kind\":\"h\",\"value\":\"v\"}}".to_owned()),
    ];
    let keys = prop::sample::select(vec![
        "kind",
        "entity",
        "value",
        "severity",
        "labels",
        "details",
        "starts_at",
        "x.y",
    ]);
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((keys.clone(), inner), 0..6).prop_map(|fields| {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(key, value)| format!("\"{key}\":{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = parse(&body, ARRIVAL);
    }

    #[test]
    fn every_item_is_either_accepted_or_refused(items in prop::collection::vec(near_json(), 0..8)) {
        let parsed = read(&format!("[{}]", items.join(","))).unwrap();
        prop_assert_eq!(parsed.accepted.len() + parsed.refused.len(), items.len());
        for (_, alert) in &parsed.accepted {
            let again = serde_json::from_str::<Alert>(&alert.document()).unwrap();
            prop_assert_eq!(&again, alert);
        }
    }
}
