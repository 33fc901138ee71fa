use super::*;
use crate::egress::fixture::{VALUES, Values, post, secret, sender, text};
use crate::egress::sign;
use crate::message::{Body, Encoding, Encoding::*, Fact, HttpRequest, Part, Scheme};

const API: &str = "https://api.example";
const NOW: Millis = 1_700_000_000_123;

fn try_with(values: Values<'_>, request: &HttpRequest) -> Result<Filled, Reason> {
    let attempt = Attempt {
        delivery_id: "d-1",
        now: NOW,
        clear: false,
    };
    fill(&sender("t", API, values), request, attempt).map_err(|failure| {
        for (_, _, value) in values {
            assert!(!failure.detail.contains(value), "{failure}");
        }
        failure.reason
    })
}

fn try_fill(request: &HttpRequest) -> Result<Filled, Reason> {
    try_with(VALUES, request)
}

fn filled(request: &HttpRequest) -> Filled {
    try_fill(request).unwrap_or_else(|reason| panic!("{reason}"))
}

fn refused(request: &HttpRequest) -> Option<Reason> {
    try_fill(request).err()
}

fn with(change: impl FnOnce(&mut HttpRequest)) -> HttpRequest {
    let mut request = post(&[text("https://api.example/send")]);
    change(&mut request);
    request
}

fn token(encoding: Encoding) -> Part {
    secret("token", encoding)
}

#[test]
fn secrets_stand_in_the_places_that_are_declared() {
    let url = |parts: &[Part]| filled(&post(parts)).uri.to_string();
    assert_eq!(
        url(&[
            text("https://api.example/bot"),
            token(Percent),
            text("/send")
        ]),
        "https://api.example/bot12:to%2Fk%3Fe%20n/send"
    );
    assert_eq!(
        url(&[
            text("https://api.example/send?a=b&key="),
            token(Percent),
            text("&c=d")
        ]),
        "https://api.example/send?a=b&key=12:to%2Fk%3Fe%20n&c=d"
    );
    let query = with(|it| {
        it.query = vec![
            ("a b".into(), vec![text("ü&")]),
            ("key".into(), vec![text("x "), token(Raw)]),
        ];
    });
    assert_eq!(
        filled(&query).uri.to_string(),
        "https://api.example/send?a+b=%C3%BC%26&key=x+12%3Ato%2Fk%3Fe+n"
    );
    assert_eq!(
        url(&[secret("hook", Raw)]),
        "https://hooks.example/services/T0/hook-secret"
    );
    let form = filled(&with(|it| {
        it.body = Body::Form(vec![
            ("token".into(), vec![token(Raw)]),
            ("a".into(), vec![text("b c")]),
        ]);
    }));
    assert_eq!(&form.body[..], b"token=12%3Ato%2Fk%3Fe+n&a=b+c");
    assert_eq!(
        form.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    let json = with(|it| {
        it.body = Body::Text(vec![
            text("{\"auth\":{\"token\":\"a "),
            token(JsonString),
            text("\"},\"list\":[{\"a/b\":\""),
            secret("password", JsonString),
            text("\"}]}"),
        ]);
    });
    let body: serde_json::Value = serde_json::from_slice(&filled(&json).body).unwrap();
    assert_eq!(body["auth"]["token"], "a 12:to/k?e n");
    assert_eq!(body["list"][0]["a/b"], "pa\"ss\\word");
    let headers = filled(&with(|it| {
        it.headers = vec![
            ("X-Token".into(), vec![token(Raw)]),
            ("x-api-key".into(), vec![secret("rows/X-Api-Key", Raw)]),
            (
                "X-Id".into(),
                vec![
                    Part::Fact(Fact::DeliveryId, Raw),
                    text(" "),
                    Part::Fact(Fact::UnixSeconds, Raw),
                ],
            ),
            ("X-At".into(), vec![Part::Fact(Fact::Rfc3339, Raw)]),
        ];
        it.auth = vec![Scheme::Authorization {
            value: vec![text("Bearer "), token(Raw)],
        }];
    }))
    .headers;
    assert_eq!(headers["x-token"], "12:to/k?e n");
    assert!(headers["x-token"].is_sensitive());
    assert_eq!(headers["x-api-key"], "row-secret");
    assert_eq!(headers["x-id"], "d-1 1700000000");
    assert_eq!(headers["x-at"], "2023-11-14T22:13:20Z");
    assert_eq!(headers["authorization"], "Bearer 12:to/k?e n");
    assert_eq!(headers["accept-encoding"], "identity");
    assert!(
        headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("campanile/")
    );
}

#[test]
fn secrets_stand_nowhere_else() {
    let place = Some(Reason::SecretPlace);
    let api = || text("https://api.example/send");
    let urls: &[&[Part]] = &[
        &[text("https://"), token(Percent), text(".evil.example/send")],
        &[text("https://"), token(Percent), text("@api.example/send")],
        &[
            text("https://api.example:"),
            token(Percent),
            text("@api.example/send"),
        ],
        &[token(Percent), text("://api.example/send")],
        &[api(), text("?"), token(Percent), text("=x")],
        &[api(), text("?other="), token(Percent)],
        &[api(), text("?Key="), token(Percent)],
        &[api(), text("?key"), token(Percent), text("=x")],
        &[text("https://api.example/bot"), token(Raw), text("/send")],
        &[
            text("https://api.example/bot"),
            token(Base64),
            text("/send"),
        ],
        &[text("https://api.example/bot"), token(Form), text("/send")],
        &[
            text("https://api.example/"),
            token(Percent),
            text("/../send"),
        ],
        &[
            text("https://api.example/bot%"),
            token(Percent),
            text("/send"),
        ],
        &[
            text("https://api.example/bot%2"),
            token(Percent),
            text("/send"),
        ],
        &[secret("hook", Percent)],
        &[secret("hook", Raw), text("")],
        &[token(Raw)],
        &[secret("nobody", Raw)],
        &[secret("token/row", Percent)],
    ];
    for url in urls {
        let reason = refused(&post(url));
        assert!(
            matches!(
                reason,
                Some(Reason::SecretPlace | Reason::Url | Reason::EnterSecretAgain)
            ),
            "{url:?} {reason:?}"
        );
    }
    // Declared on one route, used on another.
    let mut other = post(&[text("https://api.example/other")]);
    other.headers = vec![("X-Token".into(), vec![token(Raw)])];
    assert_eq!(refused(&other), place);

    for (name, part) in [
        ("X-Other", token(Raw)),
        ("X-Token2", token(Raw)),
        ("X-Other", secret("rows/X-Api-Key", Raw)),
        ("X-Token", secret("signer", Raw)),
        ("X-Token", secret("hook", Raw)),
        ("X-Token", secret("password", Raw)),
    ] {
        let request = with(|it| it.headers = vec![(name.into(), vec![part.clone()])]);
        assert_eq!(refused(&request), place, "{name} {part:?}");
    }
    for body in [
        vec![text("text="), token(JsonString)],
        vec![text("{\"text\":\""), token(JsonString), text("\"}")],
        vec![text("{\"auth\":{\"token\":\""), token(Raw), text("\"}}")],
        vec![text("{\"auth\":{\"token\":"), token(JsonString), text("}}")],
        vec![text("{\"auth\":{\""), token(JsonString), text("\":\"\"}}")],
        vec![
            text("{\"auth\":{\"token\":[\""),
            token(JsonString),
            text("\"]}}"),
        ],
        vec![
            text("{\"auth\":{\"token\":\""),
            token(JsonString),
            text("\",\"token\":\"\"}}"),
        ],
        vec![
            text("{\"auth\":{\"token\":\"\\"),
            token(JsonString),
            text("\"}}"),
        ],
        vec![
            text("{\"auth\":{\"token\":\"\\u00"),
            token(JsonString),
            text("\"}}"),
        ],
        vec![text("{\"auth/token\":\""), token(JsonString), text("\"}")],
        vec![text(&"[".repeat(200)), token(JsonString)],
    ] {
        let request = with(|it| it.body = Body::Text(body.clone()));
        assert_eq!(refused(&request), place, "{body:?}");
    }
    for field in ["text", "Token", ""] {
        let request = with(|it| it.body = Body::Form(vec![(field.into(), vec![token(Raw)])]));
        assert_eq!(refused(&request), place, "{field}");
    }
    let schemes = [
        Scheme::Basic {
            user: vec![token(Raw)],
            password: vec![],
        },
        Scheme::Authorization {
            value: vec![secret("password", Raw)],
        },
        Scheme::Authorization {
            value: vec![secret("signer", Raw)],
        },
        Scheme::StandardWebhooks {
            key: "password".into(),
        },
        Scheme::HmacSha256 {
            key: "token".into(),
            header: "x-sign".into(),
            prefix: String::new(),
        },
        Scheme::HmacSha256 {
            key: "nobody".into(),
            header: "x-sign".into(),
            prefix: String::new(),
        },
    ];
    for scheme in schemes {
        let request = with(|it| it.auth = vec![scheme.clone()]);
        assert_eq!(refused(&request), place, "{scheme:?}");
    }
}

#[test]
fn text_of_a_path_may_follow_a_secret_url_and_nothing_else_may() {
    let to = |value: &str, below: &[Part]| {
        let url = [&[secret("hook", Raw)], below].concat();
        try_with(&[("hook", None, value)], &post(&url)).map(|filled| filled.uri.to_string())
    };
    let sent = "https://hooks.example/s/x/messages/1";
    for (value, below, expected) in [
        ("https://hooks.example/s/x", vec![text("/messages/1")], sent),
        (
            "https://hooks.example/s/x",
            vec![text("/mess"), text("ages/1")],
            sent,
        ),
        (
            "https://hooks.example/s/x/",
            vec![text("/messages/1")],
            sent,
        ),
        (
            "https://hooks.example/s/x?k=v",
            vec![text("/messages/1")],
            "https://hooks.example/s/x/messages/1?k=v",
        ),
        (
            "https://hooks.example",
            vec![text("/messages/1")],
            "https://hooks.example/messages/1",
        ),
        (
            "https://hooks.example/%2F/x",
            vec![text("/@evil.example")],
            "https://hooks.example/%2F/x/@evil.example",
        ),
    ] {
        assert_eq!(to(value, &below).as_deref(), Ok(expected), "{value}");
    }
    for value in ["https://hooks.example", "https://hooks.example/s/x?k=v"] {
        for below in [
            "",
            "/",
            "//",
            "x",
            "messages/1",
            "/messages/1/",
            "//messages/1",
            "/messages//1",
            "/..",
            "/../messages",
            "/messages/..",
            "/.",
            "/..;x",
            "/%2e%2e",
            "/messages%2f1",
            "/messages/%31",
            "/messages\\1",
            "/messages/1?x=y",
            "?x=y",
            "/messages/1#x",
            "#x",
            ".evil.example/x",
            "@evil.example/x",
            ":8080/x",
            "/a b",
            "/\u{e9}",
            "/a\tb",
        ] {
            let reason = to(value, &[text(below)]);
            assert_eq!(reason, Err(Reason::SecretPlace), "{below:?} after {value}");
        }
        for below in [token(Percent), Part::Fact(Fact::DeliveryId, Percent)] {
            let reason = to(value, &[text("/messages/"), below]);
            assert_eq!(reason, Err(Reason::SecretPlace));
        }
    }
    let mut asked = post(&[secret("hook", Raw), text("/messages/1")]);
    asked.query = vec![("thread_id".into(), vec![text("7&8")])];
    let with_query: Values<'_> = &[("hook", None, "https://hooks.example/s?k=v")];
    let filled = try_with(with_query, &asked).map(|filled| filled.uri.to_string());
    let expected = "https://hooks.example/s/messages/1?k=v&thread_id=7%268";
    assert_eq!(filled.as_deref(), Ok(expected));
    let long = post(&[
        secret("hook", Raw),
        text(&format!("/{}", "x".repeat(8_000))),
    ]);
    assert_eq!(refused(&long), Some(Reason::RequestTooLarge));
    let elsewhere = post(&[token(Raw), text("/messages/1")]);
    assert_eq!(refused(&elsewhere), Some(Reason::SecretPlace));
}

#[test]
fn text_never_becomes_a_hole() {
    let sender = sender("t", API, VALUES);
    let attempt = Attempt {
        delivery_id: "d-1",
        now: NOW,
        clear: false,
    };
    for hole in [
        "{{token}}",
        "${token}",
        "⟨secret token⟩",
        "%{token}",
        "x000",
    ] {
        let request = with(|it| it.body = Body::Text(vec![text(hole)]));
        assert_eq!(
            &fill(&sender, &request, attempt).ok().unwrap().body[..],
            hole.as_bytes()
        );
    }
}

#[test]
fn values_that_would_be_another_path_are_not_sent() {
    for (value, expected) in [
        (".", Some(Reason::EnterSecretAgain)),
        ("..", Some(Reason::EnterSecretAgain)),
        ("..;x", Some(Reason::EnterSecretAgain)),
        ("...", None),
        ("a", None),
        ("../../other?x#y", None),
    ] {
        let request = post(&[text("https://api.example/f/"), token(Percent)]);
        let result = try_with(&[("token", None, value)], &request);
        assert_eq!(result.as_ref().err().copied(), expected, "{value}");
        if let Ok(filled) = result {
            assert_eq!(filled.uri.path().matches('/').count(), 2, "{value}");
            assert_eq!(filled.uri.query(), None);
        }
    }
    let request = with(|it| it.headers = vec![("X-Token".into(), vec![token(Raw)])]);
    let broken = try_with(&[("token", None, "a\r\nX-Evil: b")], &request);
    assert_eq!(broken.err(), Some(Reason::EnterSecretAgain));
    let request = with(|it| {
        it.auth = vec![Scheme::Basic {
            user: vec![secret("password", Raw)],
            password: vec![],
        }];
    });
    assert_eq!(
        try_with(&[("password", None, "a:b")], &request).err(),
        Some(Reason::EnterSecretAgain)
    );
}

#[test]
fn a_secret_that_is_not_set_must_be_entered_again() {
    for request in [
        with(|it| it.headers = vec![("X-Unset".into(), vec![secret("unset", Raw)])]),
        with(|it| it.headers = vec![("X-Api-Key".into(), vec![secret("rows/X-Other", Raw)])]),
    ] {
        assert_eq!(refused(&request), Some(Reason::EnterSecretAgain));
    }
    let hook = post(&[secret("hook", Raw)]);
    assert_eq!(try_with(&[], &hook).err(), Some(Reason::EnterSecretAgain));
    let signed = with(|it| {
        it.auth = vec![Scheme::StandardWebhooks {
            key: "signer".into(),
        }];
    });
    assert_eq!(try_with(&[], &signed).err(), Some(Reason::EnterSecretAgain));
    // Its place is judged before its value is missed.
    let misplaced = with(|it| it.headers = vec![("X-Other".into(), vec![secret("unset", Raw)])]);
    assert_eq!(refused(&misplaced), Some(Reason::SecretPlace));
}

#[test]
fn urls_are_refused_by_name() {
    let table = [
        ("nonsense", Reason::Url),
        ("", Reason::Url),
        ("https://", Reason::Url),
        ("https://api.example/send#x", Reason::Url),
        ("http://api.example/send", Reason::Scheme),
        ("ftp://api.example/send", Reason::Scheme),
        ("file:///etc/passwd", Reason::Scheme),
        ("data:text/plain,x", Reason::Scheme),
        ("https://user@api.example/send", Reason::UserInfo),
        ("https://:pass@api.example/send", Reason::UserInfo),
        ("https://api.example/setWebhook", Reason::Route),
        ("https://evil.example/send", Reason::Route),
        ("https://hooks.example/services/T0/guess", Reason::Route),
        ("https://api.example\\@evil.example/send", Reason::Route),
    ];
    for (url, expected) in table {
        assert_eq!(refused(&post(&[text(url)])), Some(expected), "{url}");
    }
    for method in ["GET", "post", "", "PO ST", "CONNECT"] {
        assert_eq!(
            refused(&with(|it| it.method = method.into())),
            Some(Reason::Route),
            "{method}"
        );
    }
    let hook = HttpRequest {
        method: "GET".into(),
        ..post(&[secret("hook", Raw)])
    };
    assert_eq!(refused(&hook), Some(Reason::Route));
}

#[test]
fn sizes_count_holes_at_their_largest_whatever_their_value() {
    let long = |length: usize| {
        post(&[
            text("https://api.example/send?a="),
            text(&"a".repeat(length)),
        ])
    };
    let room = MAX_URL_BYTES - "https://api.example/send?a=".len();
    assert_eq!(refused(&long(room)), None);
    assert_eq!(refused(&long(room + 1)), Some(Reason::RequestTooLarge));
    let key = |length: usize| {
        post(&[
            text("https://api.example/send?a="),
            text(&"a".repeat(length)),
            text("&key="),
            token(Percent),
        ])
    };
    assert_eq!(refused(&key(room - 105)), None);
    assert_eq!(refused(&key(room - 104)), Some(Reason::RequestTooLarge));

    let body = |length: usize| with(|it| it.body = Body::Text(vec![text(&"a".repeat(length))]));
    assert_eq!(refused(&body(MAX_BODY_BYTES)), None);
    assert_eq!(
        refused(&body(MAX_BODY_BYTES + 1)),
        Some(Reason::RequestTooLarge)
    );
    let bytes = |length: usize| with(|it| it.body = Body::Bytes(vec![0; length]));
    assert_eq!(refused(&bytes(MAX_BODY_BYTES)), None);
    assert_eq!(
        refused(&bytes(MAX_BODY_BYTES + 1)),
        Some(Reason::RequestTooLarge)
    );
    let form = |length: usize| {
        with(|it| {
            it.body = Body::Form(vec![(
                "token".into(),
                vec![text(&"a".repeat(length)), token(Raw)],
            )]);
        })
    };
    assert_eq!(refused(&form(MAX_BODY_BYTES - 106)), None);
    assert_eq!(
        refused(&form(MAX_BODY_BYTES - 105)),
        Some(Reason::RequestTooLarge)
    );
}

#[test]
fn schemes_add_their_headers_once() {
    let hmac = |header: &str, prefix: &str| Scheme::HmacSha256 {
        key: "signer".into(),
        header: header.into(),
        prefix: prefix.into(),
    };
    let signed = filled(&with(|it| {
        it.body = Body::Text(vec![text("body")]);
        it.auth = vec![
            Scheme::StandardWebhooks {
                key: "signer".into(),
            },
            hmac("X-Signature", "sha256="),
        ];
    }))
    .headers;
    assert_eq!(signed["webhook-id"], "d-1");
    assert_eq!(signed["webhook-timestamp"], "1700000000");
    assert!(
        signed["webhook-signature"]
            .to_str()
            .unwrap()
            .starts_with("v1,")
    );
    assert_eq!(signed["x-signature"].len(), "sha256=".len() + 64);

    let basic = filled(&with(|it| {
        it.auth = vec![Scheme::Basic {
            user: vec![text("me")],
            password: vec![secret("password", Raw)],
        }];
    }));
    assert_eq!(
        basic.headers["authorization"],
        sign::basic("me", "pa\"ss\\word").unwrap().as_str()
    );

    let twice = Scheme::Authorization {
        value: vec![text("x")],
    };
    for auth in [
        vec![twice.clone(), twice],
        vec![hmac("host", "")],
        vec![hmac("a b", "")],
        vec![hmac("authorization", "")],
    ] {
        let request = with(|it| it.auth = auth.clone());
        assert_eq!(refused(&request), Some(Reason::HeaderName), "{auth:?}");
    }
    let taken = with(|it| {
        it.headers = vec![("Webhook-Id".into(), vec![text("forged")])];
        it.auth = vec![Scheme::StandardWebhooks {
            key: "signer".into(),
        }];
    });
    assert_eq!(refused(&taken), Some(Reason::HeaderName));
    assert_eq!(
        refused(&with(|it| it.auth = vec![hmac("x-sign", "a\r\n")])),
        Some(Reason::HeaderValue)
    );
}

#[test]
fn http_in_clear_is_for_tenants_to_whom_it_is_open() {
    let sender = sender("t", "http://api.example", VALUES);
    let request = post(&[text("http://api.example/send")]);
    let attempt = |clear| Attempt {
        delivery_id: "d",
        now: NOW,
        clear,
    };
    assert!(fill(&sender, &request, attempt(true)).is_ok());
    assert_eq!(
        fill(&sender, &request, attempt(false))
            .err()
            .unwrap()
            .reason,
        Reason::Scheme
    );
}
