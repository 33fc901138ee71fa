//! What comes in over HTTP: who may, what is refused and where, and what arrives as it was sent.

use std::fmt::Write;

use campanile_tests::{Receiver, World, alert};
use serde_json::{Value, json};

/// An answer, whole.
#[derive(Debug)]
struct Answer {
    status: u16,
    content_type: String,
    authenticate: Option<String>,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// An error as RFC 9457 has it, with this code.
    #[track_caller]
    fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.content_type, "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["title", "detail"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{member} is missing: {problem}");
        }
    }
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().expect("text").to_owned())
    };
    Answer {
        status: response.status().as_u16(),
        content_type: header("content-type").unwrap_or_default(),
        authenticate: header("www-authenticate"),
        text: response.text().await.expect("a body"),
    }
}

fn post(world: &World, path: &str) -> reqwest::RequestBuilder {
    reqwest::Client::new().post(world.url(path))
}

fn ingest(world: &World, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    post(world, "/api/v1/alerts")
        .bearer_auth(&world.contact.ingest_token)
        .body(body)
}

/// How many alerts were ever stored.
async fn stored(world: &World) -> u64 {
    world.app.store.counts().await.expect("counts").alerts
}

/// A webhook to this receiver, and a token of an ntopng beside the program's own.
fn with_token(receiver: &Receiver) -> Value {
    json!({
        "endpoints": [{
            "name": "hook", "component": "webhook",
            "params": {"url": receiver.url("/hook"), "alerts_per_request": "1"},
        }],
        "recipients": [{"name": "hook", "endpoint": "hook", "language": "en", "time_zone": "UTC"}],
        "networks": [{"allow": [receiver.opening()]}],
        "tokens": [{"name": "ntopng", "role": "ingest", "value": NTOPNG}],
    })
}

const NTOPNG: &str = "shared-secret-of-ntopng";

#[tokio::test]
async fn only_a_known_token_opens_the_way_in() {
    let world = World::builder().start().await;
    let (admin, token) = (&world.contact.admin_token, &world.contact.ingest_token);
    let body = alert("disk_full", &json!({})).to_string();
    let near = &token[..token.len() - 1];
    let rows = [
        ("no token", None, false),
        ("an empty one", Some(String::from("Bearer ")), false),
        ("one of nobody", Some(String::from("Bearer nobody")), false),
        ("one letter less", Some(format!("Bearer {near}")), false),
        ("one letter more", Some(format!("Bearer {token}x")), false),
        (
            "another case",
            Some(format!("Bearer {}", token.to_uppercase() + "x")),
            false,
        ),
        ("no scheme", Some(token.clone()), false),
        ("another scheme", Some(format!("Digest {token}")), false),
        (
            "basic without base64",
            Some(format!("Basic x:{token}")),
            false,
        ),
        ("bearer", Some(format!("Bearer {token}")), true),
        (
            "bearer in lower case",
            Some(format!("bearer {token}")),
            true,
        ),
        ("an administrator's", Some(format!("Bearer {admin}")), true),
    ];
    for (what, credentials, opens) in rows {
        let mut request = post(&world, "/api/v1/alerts").body(body.clone());
        if let Some(credentials) = credentials {
            request = request.header("authorization", credentials);
        }
        let before = stored(&world).await;
        let answer = send(request).await;
        if opens {
            assert_eq!(answer.status, 202, "{what}: {}", answer.text);
        } else {
            answer.assert_problem(401, "unauthorized");
            let schemes = answer.authenticate.as_deref();
            assert_eq!(schemes, Some("Bearer, Basic realm=\"campanile\""), "{what}");
        }
        assert_eq!(stored(&world).await - before, u64::from(opens), "{what}");
    }
    let basic = |user: &str, password: &str| {
        post(&world, "/api/v1/alerts")
            .basic_auth(user, Some(password))
            .body(body.clone())
    };
    assert_eq!(send(basic("anyone", token)).await.status, 202);
    send(basic(token, ""))
        .await
        .assert_problem(401, "unauthorized");
    send(post(&world, "/api/v1/apply").bearer_auth(token).body("{}"))
        .await
        .assert_problem(403, "forbidden");
}

#[tokio::test]
async fn every_error_is_a_problem_with_a_code_that_stays() {
    let world = World::builder().start().await;
    let admin = &world.contact.admin_token;
    let client = reqwest::Client::new();
    let get = |path: &str| client.get(world.url(path)).bearer_auth(admin);
    let post = |path: &str, body: &str| {
        client
            .post(world.url(path))
            .bearer_auth(admin)
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    let text = client
        .post(world.url("/api/v1/apply"))
        .bearer_auth(admin)
        .body("{}");
    let rows = [
        (get("/"), 404, "not-found"),
        (get("/api/v1/alert"), 404, "not-found"),
        (get("/api/v1/alerts"), 405, "method-not-allowed"),
        (
            client.delete(world.url("/ingest/ntopng")),
            405,
            "method-not-allowed",
        ),
        (
            client.get(world.url("/api/v1/recipients")),
            401,
            "unauthorized",
        ),
        (get("/api/v1/deliveries/none"), 404, "no-delivery"),
        (get("/api/v1/deliveries/%ff"), 400, "bad-request"),
        (get("/api/v1/deliveries?limit=many"), 400, "query"),
        (get("/api/v1/deliveries?colour=red"), 400, "query"),
        (get("/api/v1/deliveries?state=lost"), 400, "query"),
        (
            get("/api/v1/deliveries?recipient=nobody"),
            404,
            "no-recipient",
        ),
        (get("/api/v1/dead-letters?before=x"), 400, "query"),
        (get("/api/v1/components/none"), 404, "no-component"),
        (
            post("/api/v1/recipients/nobody/test", "{}"),
            404,
            "no-recipient",
        ),
        (post("/api/v1/apply", ""), 422, "desired-state"),
        (post("/api/v1/apply", "{}"), 422, "desired-state"),
        (
            post("/api/v1/apply", r#"{"desired":{"colour":1}}"#),
            422,
            "desired-state",
        ),
        (text, 422, "desired-state"),
        (
            post(
                "/api/v1/apply",
                r#"{"desired":{"endpoints":[{"name":"a b","component":"webhook"}]}}"#,
            ),
            422,
            "mistakes",
        ),
        (
            post("/api/v1/components", "no wasm"),
            422,
            "component-unfit",
        ),
        (post("/api/v1/dead-letters/redrive", "[]"), 422, "redrive"),
        (post("/api/v1/alerts", "{"), 400, "body-not-json"),
        (post("/ingest/ntopng", "17"), 400, "body-shape"),
        (
            post("/api/v1/alerts", "{}").header("idempotency-key", ""),
            400,
            "no-alert-accepted",
        ),
    ];
    for (request, status, code) in rows {
        send(request).await.assert_problem(status, code);
    }
    assert_eq!(stored(&world).await, 0);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
    let world = World::builder().start().await;
    let limit = 16 << 20;
    let mut body = alert("disk_full", &json!({})).to_string();
    body.extend(std::iter::repeat_n(' ', limit - body.len()));
    assert_eq!(send(ingest(&world, body.clone())).await.status, 202);
    body.push(' ');
    send(ingest(&world, body))
        .await
        .assert_problem(413, "body-too-large");
    let many = format!("[{}]", vec!["{}"; 1001].join(","));
    send(ingest(&world, many))
        .await
        .assert_problem(413, "too-many-alerts");
    assert_eq!(stored(&world).await, 1);
}

#[tokio::test]
async fn what_is_no_alert_is_refused_with_its_path() {
    let world = World::builder().start().await;
    let with =
        |field: &str| format!(r#"{{"kind":"k","entity":{{"kind":"host","value":"h"}},{field}}}"#);
    let large = "x".repeat(1 << 20);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let rows = [
        ("{}".to_owned(), "$.kind", "missing-field"),
        (r#"{"kind":"k"}"#.to_owned(), "$.entity", "missing-field"),
        (
            r#"{"kind":"k","entity":{"kind":"h"}}"#.to_owned(),
            "$.entity.value",
            "missing-field",
        ),
        (r#"{"kind":null}"#.to_owned(), "$.kind", "wrong-type"),
        (with(r#""entitty":1"#), "$.entitty", "unknown-field"),
        (
            with(r#""proto.ndpi":1"#),
            r#"$["proto.ndpi"]"#,
            "unknown-field",
        ),
        (with(r#""severity":"High""#), "$.severity", "unknown-value"),
        (
            with(r#""score":9007199254740993"#),
            "$.score",
            "out-of-range",
        ),
        (with(r#""value":1e400"#), "$.value", "out-of-range"),
        (
            with(r#""starts_at":"1969-12-31T23:59:59Z""#),
            "$.starts_at",
            "out-of-range",
        ),
        (
            with(r#""starts_at":"2026-02-30T00:00:00Z""#),
            "$.starts_at",
            "out-of-range",
        ),
        (
            with(r#""ends_at":99999999999999"#),
            "$.ends_at",
            "out-of-range",
        ),
        (with(r#""ends_at":-1e400"#), "$.ends_at", "out-of-range"),
        (
            with(&format!(r#""details":{}"#, nested(129))),
            "$.details",
            "too-deep",
        ),
        (with(&format!(r#""message":"{large}""#)), "$", "too-long"),
        (with(r#""title":"\ud800""#), "$.title", "bad-character"),
        (with(r#""url":"javascript:alert(1)""#), "$.url", "malformed"),
    ];
    for (body, path, code) in rows {
        let answer = send(ingest(&world, body.clone())).await;
        answer.assert_problem(400, "no-alert-accepted");
        let error = &answer.json()["errors"][0];
        let shown: String = body.chars().take(120).collect();
        assert_eq!(
            (&error["path"], &error["code"]),
            (&json!(path), &json!(code)),
            "{shown}"
        );
        assert!(answer.text.len() < 2_000, "a megabyte is not sent back");
        let in_array = send(ingest(&world, format!("[{body}]"))).await;
        assert_eq!(
            in_array.json()["errors"][0]["path"],
            path.replacen('$', "$[0]", 1)
        );
    }
    let whole: [(&[u8], &str); 9] = [
        (b"", "body-not-json"),
        (b"alert", "body-not-json"),
        (b"{\"kind\":\"k\"", "body-not-json"),
        (b"[{},]", "body-not-json"),
        (b"{\"kind\":\"\xff\"}", "body-not-utf8"),
        (b"\xef\xbb\xbf{}", "body-not-json"),
        (b"\"{}\"", "body-shape"),
        (b"17", "body-shape"),
        (b"null", "body-shape"),
    ];
    for (body, code) in whole {
        send(ingest(&world, body)).await.assert_problem(400, code);
    }
    for open in ["[", "{\"a\":"] {
        let answer = send(ingest(&world, open.repeat(1_000_000))).await;
        answer.assert_problem(400, "body-not-json");
    }
    assert_eq!(stored(&world).await, 0);
    assert_eq!(world.post(&alert("fine", &json!({}))).await.status, 202);
}

#[tokio::test]
async fn the_good_alerts_of_an_array_arrive_and_the_bad_are_named() {
    let receiver = Receiver::ok().await;
    let world = World::builder().webhook(&receiver).start().await;
    let body = json!([
        alert("first", &json!({})),
        {"kind": "no_entity"},
        alert("second", &json!({})),
        17,
        alert("bad_date", &json!({"starts_at": "soon"})),
        alert("third", &json!({})),
    ]);
    let answer = world.post(&body).await;
    assert_eq!(answer.status, 207);
    let accepted = answer.body["accepted"].as_array().expect("a list");
    let positions: Vec<_> = accepted.iter().map(|taken| &taken["index"]).collect();
    assert_eq!(positions, [0, 2, 5]);
    let refused: Vec<_> = answer.body["refused"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (&one["index"], one["path"].as_str(), one["code"].as_str()))
        .collect();
    assert_eq!(
        refused,
        [
            (&json!(1), Some("$[1].entity"), Some("missing-field")),
            (&json!(3), Some("$[3]"), Some("not-an-object")),
            (&json!(4), Some("$[4].starts_at"), Some("out-of-range")),
        ]
    );
    world.wait_until_empty().await;
    let mut arrived: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| {
            let alert = &request.json()["alerts"][0];
            (alert["kind"].to_string(), alert["id"].clone())
        })
        .collect();
    arrived.sort_by(|one, other| one.1.as_str().cmp(&other.1.as_str()));
    let expected: Vec<_> = ["\"first\"", "\"second\"", "\"third\""]
        .into_iter()
        .map(str::to_owned)
        .zip(accepted.iter().map(|taken| taken["id"].clone()))
        .collect();
    assert_eq!(arrived, expected);
}

#[tokio::test]
async fn a_producers_own_json_arrives_digit_for_digit() {
    let receiver = Receiver::ok().await;
    let world = World::builder().webhook(&receiver).start().await;
    let details = concat!(
        r#"{"flow_risk_bitmap":18446744073709551615,"above_2_53":9007199254740993,"#,
        r#""beyond":340282366920938463463374607431768211457,"tiny":0.1000000000000000055511151231257827,"#,
        r#""huge":1e400,"minus":-0,"proto.ndpi":"TLS","a":{"b":1},"a.b":2,"#,
        r#""json":"{\"nested\":18446744073709551615,\"text\":\"</b>\"}","empty":{},"list":[1.0,1]}"#
    );
    let body = format!(
        r#"{{"kind":"k","entity":{{"kind":"host","value":"h"}},"labels":{{"a.b":"dotted"}},"details":{details}}}"#
    );
    assert_eq!(send(ingest(&world, body)).await.status, 202);
    let requests = receiver.wait_for(1).await;
    let arrived = String::from_utf8(requests[0].body.clone()).expect("text");
    assert!(
        arrived.contains(&format!(r#""details":{details}"#)),
        "{arrived}"
    );
    assert!(
        arrived.contains(r#""labels":{"a.b":"dotted"}"#),
        "{arrived}"
    );
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_before_and_delivered_once() {
    let receiver = Receiver::ok().await;
    let world = World::builder()
        .desired(with_token(&receiver))
        .start()
        .await;
    let body = json!([alert("disk_full", &json!({})), {"kind": "bad"}]).to_string();
    let with_key =
        |key: &str, body: &str| ingest(&world, body.to_owned()).header("idempotency-key", key);
    let first = send(with_key("k-1", &body)).await;
    assert_eq!(first.status, 207, "{}", first.text);
    for _ in 0..3 {
        let again = send(with_key("k-1", &body)).await;
        assert_eq!((again.status, again.text), (207, first.text.clone()));
    }
    let (one, other) = tokio::join!(
        send(with_key("at-once", &body)),
        send(with_key("at-once", &body))
    );
    assert_eq!((one.status, &one.text), (207, &other.text));
    send(with_key("k-1", &format!("{body} ")))
        .await
        .assert_problem(422, "idempotency-key-reused");
    assert_eq!(stored(&world).await, 2);

    // Another token's keys are its own.
    let others = post(&world, "/api/v1/alerts")
        .bearer_auth(NTOPNG)
        .header("idempotency-key", "k-1")
        .body(alert("other", &json!({})).to_string());
    assert_eq!(send(others).await.status, 202);
    // And so is a request that was refused as a whole: nothing is remembered of it.
    send(with_key("k-2", "{}"))
        .await
        .assert_problem(400, "no-alert-accepted");
    let good = alert("good", &json!({})).to_string();
    assert_eq!(send(with_key("k-2", &good)).await.status, 202);
    for key in ["", &"k".repeat(256)] {
        send(with_key(key, &good))
            .await
            .assert_problem(400, "idempotency-key");
    }
    assert_eq!(send(with_key(&"k".repeat(255), &good)).await.status, 202);

    world.wait_until_empty().await;
    let mut kinds: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.json()["alerts"][0]["kind"].to_string())
        .collect();
    kinds.sort();
    assert_eq!(
        kinds,
        [
            r#""disk_full""#,
            r#""disk_full""#,
            r#""good""#,
            r#""good""#,
            r#""other""#
        ]
    );
}

/// A host's alert as ntopng 6.2 writes it; `json` is its nested JSON, as a string or as an object.
fn ntopng_alert(json: &str) -> String {
    format!(
        r#"{{"ifid":1,"pool_id":0,"action":"engage","alert_id":4,"alert_category":1,"score":100,
        "subtype":"","ip_version":4,"ip":"192.168.1.19","name":"host.lan","vlan_id":0,"entity_id":1,
        "entity_val":"192.168.1.19@0","tstamp":1720517000,"tstamp_end":0,"is_attacker":true,
        "granularity":60,"json":{json}}}"#
    )
}

/// As ntopng 4.2 wrote a flow's, its parameters twice within strings.
const FLOW_42: &str = r#"{"alert_json":"{\"info\":\"evil.example\",\"status_info\":\"{\\\"srv_blacklisted\\\":true,\\\"ntopng.key\\\":18446744073709551615,\\\"alert_generation\\\":{\\\"script_key\\\":\\\"blacklisted\\\"}}\"}",
 "ifid":2,"action":"store","first_seen":1608000000,"score":100,"is_flow_alert":true,"alert_tstamp":1608000005,
 "flow_status":1,"alert_type":8,"alert_severity":5,"vlan_id":12,"proto":6,"proto.ndpi":"TLS","l7_master_proto":91,
 "l7_proto":91,"cli_addr":"192.168.1.5","cli_blacklisted":false,"cli_port":51000,"srv_addr":"203.0.113.9",
 "srv_blacklisted":true,"srv_port":443}"#;

#[tokio::test]
async fn ntopng_is_understood_in_its_forms_and_by_the_secret_in_its_body() {
    let receiver = Receiver::ok().await;
    let world = World::builder()
        .held_clock()
        .desired(with_token(&receiver))
        .start()
        .await;
    let parameters = r#"{"alert_generation":{"script_key":"flow_flood"},"value":1081,"threshold":256,"ntopng.key":18446744073709551615}"#;
    let nested = Value::from(parameters).to_string();
    let old = format!(
        r#"{{"version":"0.2","sharedsecret":"{NTOPNG}","alerts":[{}]}}"#,
        ntopng_alert(&nested)
    );
    let new = format!(
        "{{\n  \"version\": \"0.2\",\n  \"timestamp\": 1731000000,\n  \"sharedsecret\": \"{NTOPNG}\",\n  \"alerts\": [ {} ]\n}}",
        ntopng_alert(parameters)
    );
    let old_schema = format!(r#"{{"sharedsecret":"{NTOPNG}","alerts":[{FLOW_42}]}}"#);
    for body in [&old, &new, &old_schema] {
        let answer = send(post(&world, "/ingest/ntopng").body(body.clone())).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
    }
    world.wait_until_idle().await;
    world.wait_until_empty().await;
    let arrived: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| String::from_utf8(request.body.clone()).expect("text"))
        .collect();
    assert_eq!(arrived.len(), 3);
    let mut kinds = Vec::new();
    for text in &arrived {
        assert!(!text.contains(NTOPNG), "the secret is nobody's business");
        assert!(
            text.contains(r#""ntopng.key":18446744073709551615"#),
            "{text}"
        );
        let body: Value = serde_json::from_str(text).expect("JSON");
        kinds.push(
            body["alerts"][0]["kind"]
                .as_str()
                .expect("a kind")
                .to_owned(),
        );
    }
    kinds.sort();
    assert_eq!(kinds, ["blacklisted_flow", "flows_flood", "flows_flood"]);

    // Its own test has no alert in it; what it says is a 2xx.
    let empty = format!(r#"{{"version":"0.2","sharedsecret":"{NTOPNG}","alerts":[]}}"#);
    for body in [
        empty.as_str(),
        &empty.replace("[]", "{}"),
        &empty.replace("[]", "[ ]"),
    ] {
        let answer = send(post(&world, "/ingest/ntopng").body(body.to_owned())).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (202, r#"{"accepted":[],"refused":[]}"#)
        );
    }
    // By name and password, and by bearer, the body needs no secret.
    for request in [
        post(&world, "/ingest/ntopng").basic_auth("ntopng", Some(NTOPNG)),
        post(&world, "/ingest/ntopng").bearer_auth(NTOPNG),
    ] {
        let body = format!("[{}]", ntopng_alert(&nested));
        assert_eq!(send(request.body(body)).await.status, 202);
    }
    assert_eq!(stored(&world).await, 5);
}

#[tokio::test]
async fn ntopng_without_its_secret_or_with_a_bad_alert_is_told_so() {
    let receiver = Receiver::ok().await;
    let world = World::builder()
        .desired(with_token(&receiver))
        .start()
        .await;
    let good = ntopng_alert("{}");
    let mut wrong_secret = String::from("[");
    write!(wrong_secret, "{good}]").expect("text");
    for body in [
        format!(r#"{{"alerts":[{good}]}}"#),
        format!(r#"{{"sharedsecret":"","alerts":[{good}]}}"#),
        format!(r#"{{"sharedsecret":"{NTOPNG}x","alerts":[{good}]}}"#),
        wrong_secret,
    ] {
        let answer = send(post(&world, "/ingest/ntopng").body(body)).await;
        answer.assert_problem(401, "unauthorized");
        assert!(!answer.text.contains(NTOPNG));
    }
    // A wrong header is not made good by the body.
    let body = format!(r#"{{"sharedsecret":"{NTOPNG}","alerts":[{good}]}}"#);
    let request = post(&world, "/ingest/ntopng")
        .bearer_auth("nobody")
        .body(body);
    send(request).await.assert_problem(401, "unauthorized");
    for body in [
        format!(r#"{{"sharedsecret":"{NTOPNG}","alerts":"none"}}"#),
        format!(r#"{{"sharedsecret":"{NTOPNG}"}}"#),
        format!(r#"{{"sharedsecret":["{NTOPNG}"],"alerts":[]}}"#),
    ] {
        let answer = send(post(&world, "/ingest/ntopng").body(body)).await;
        answer.assert_problem(400, "body-shape");
        assert!(!answer.text.contains(NTOPNG), "{}", answer.text);
    }
    assert_eq!(stored(&world).await, 0);

    let bad = good.replace("1720517000", "99999999999999");
    let body = format!(r#"{{"sharedsecret":"{NTOPNG}","alerts":[{bad},{good}]}}"#);
    let answer = send(post(&world, "/ingest/ntopng").body(body)).await;
    assert_eq!(answer.status, 207, "{}", answer.text);
    let refused = &answer.json()["refused"][0];
    assert_eq!(refused["path"], "$.alerts[0].tstamp", "{refused}");
    assert_eq!(refused["code"], "out-of-range", "{refused}");
    receiver.wait_for(1).await;
}
