//! What an endpoint may do is allowed by somebody who was told, stays below the operator's ceiling, and
//! survives a newer component only where that wants no more.

use campanile::app::ApplyError;
use campanile::apply::{Line, grant};
use campanile::desired::Desired;
use campanile::grant::{Ceiling, Ceilings, Mode};
use campanile::outcome::Reason;
use campanile_tests::{Folder, Receiver, World, alert, run, wait_for};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// An honest endpoint, where it is told nothing else.
const LIAR: &[u8] = include_bytes!(env!("HOSTILE_LIAR"));

/// The same component under another digest: a custom section more, which says nothing.
fn another_digest(wasm: &[u8]) -> Vec<u8> {
    [wasm, &[0, 5, 4, b'n', b'o', b't', b'e']].concat()
}

/// The honest endpoint in a newer version that asks for every path.
fn greedier() -> Vec<u8> {
    let (asked, wanted) = (b"[\"/hook\",", b"[\"/**\"  ,");
    let mut wasm = LIAR.to_vec();
    let at = wasm.windows(asked.len()).position(|bytes| bytes == asked);
    let at = at.expect("what it asks");
    wasm[at..at + asked.len()].copy_from_slice(wanted);
    wasm
}

fn hook(url: &str) -> Value {
    json!({
        "endpoints": [{"name": "hook", "component": "webhook", "params": {"url": url}}],
        "recipients": [{"name": "hook", "endpoint": "hook", "language": "en", "time_zone": "UTC"}],
    })
}

fn honest(receiver: &Receiver, component: &str) -> Value {
    json!({
        "endpoints": [{"name": "chat", "component": component, "params": {"url": receiver.url("")}}],
        "recipients": [{"name": "chat", "endpoint": "chat", "language": "en", "time_zone": "UTC",
                        "params": {"how": "honest"}}],
        "networks": [{"allow": [receiver.opening()]}],
    })
}

fn read(desired: Value) -> Desired {
    serde_json::from_value(desired).expect("a desired state")
}

/// Applies it as it is, and returns what would have to be allowed.
async fn refused(world: &World, desired: &Desired) -> Vec<Line> {
    match world.app.apply(desired, false, false, "en").await {
        Err(ApplyError::Consent(lines)) => lines,
        other => panic!("{other:?}"),
    }
}

fn asked(lines: &[Line], only_new: bool) -> Vec<&str> {
    let consents = lines.iter().filter_map(|line| line.consent.as_ref());
    let clauses = consents.flat_map(|consent| &consent.may);
    clauses
        .filter(|clause| clause.new || !only_new)
        .map(|clause| clause.text.as_str())
        .collect()
}

async fn digest_of(world: &World, endpoint: &str) -> String {
    let rows = world.app.store.configuration().await.expect("it").endpoints;
    let row = rows.into_iter().find(|row| row.name == endpoint);
    row.expect("that endpoint").component
}

async fn waits(world: &World, endpoint: &str) -> Value {
    let list = world.get("/api/v1/endpoints").await.body;
    let all = list.as_array().expect("a list").clone();
    let mut all = all.into_iter();
    let view = all.find(|view| view["name"] == endpoint);
    view.expect("that endpoint")["waits"].clone()
}

#[tokio::test]
async fn an_endpoint_is_made_only_with_the_consent_to_just_what_it_asks() {
    let world = World::builder().start().await;
    let mut desired = read(hook("https://a.example/in"));
    let lines = refused(&world, &desired).await;
    assert_eq!(
        asked(&lines, false),
        [
            "send PATCH to the secret address in `url` at https://a.example",
            "send POST to the secret address in `url` at https://a.example",
            "send PUT to the secret address in `url` at https://a.example",
        ]
    );
    let stored = world.app.store.configuration().await.expect("it");
    assert!(stored.endpoints.is_empty() && stored.recipients.is_empty());

    // What was shown for another address allows nothing here.
    let mut other = read(hook("https://b.example/in"));
    let shown = refused(&world, &other).await;
    grant(&mut other, &shown);
    desired.endpoints[0]
        .grant
        .clone_from(&other.endpoints[0].grant);
    refused(&world, &desired).await;

    grant(&mut desired, &lines);
    let applied = world.app.apply(&desired, false, false, "en").await;
    assert_eq!(applied.expect("it is allowed").len(), 2);
    // What was allowed once is not asked again.
    desired.endpoints[0].grant = None;
    let applied = world.app.apply(&desired, false, false, "en").await;
    assert!(applied.expect("nothing is new").is_empty());

    // Another address is another matter, and says what is new.
    let moved = read(hook("https://b.example/in"));
    let lines = refused(&world, &moved).await;
    assert!(asked(&lines, true)[0].contains("https://b.example"));
}

#[tokio::test]
async fn the_api_tells_what_has_to_be_allowed_and_takes_nothing_else() {
    let world = World::builder().start().await;
    let admin = world.contact.admin_token.clone();
    let apply = async |desired: &Value| {
        let body = json!({"desired": desired}).to_string();
        let request = reqwest::Client::new()
            .post(world.url("/api/v1/apply"))
            .bearer_auth(&admin)
            .header("content-type", "application/json")
            .header("accept-language", "de");
        let answer = request.body(body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        let body: Value = serde_json::from_str(&text).expect("JSON");
        (status, body)
    };
    let mut desired = hook("https://a.example/in");
    let (status, problem) = apply(&desired).await;
    assert_eq!((status, &problem["code"]), (409, &json!("consent-needed")));
    let consent = &problem["errors"][0]["consent"];
    let words = consent["may"][0]["text"].as_str().unwrap_or_default();
    assert!(
        words == "PATCH senden an die geheime Adresse in `url` bei https://a.example",
        "{words}"
    );
    assert_eq!(consent["ask"]["component"], "webhook");
    desired["endpoints"][0]["grant"] = json!("0".repeat(64));
    assert_eq!(apply(&desired).await.0, 409);
    desired["endpoints"][0]["grant"] = consent["grant"].clone();
    assert_eq!(apply(&desired).await.0, 200);
    let view = &world.get("/api/v1/endpoints").await.body[0];
    assert_eq!(view["granted"], consent["ask"]);
}

#[tokio::test]
async fn on_the_command_line_nobody_is_taken_to_consent() {
    let world = World::builder().start().await;
    let folder = Folder::new();
    let data = world.data().display().to_string();
    let file = folder.path().join("own.toml");
    let endpoint = "[[endpoint]]\nname = \"hook\"\ncomponent = \"webhook\"\nparams.url = \"https://a.example/in\"\n";
    std::fs::write(&file, endpoint).expect("a file");
    let apply = async |more: &[&str]| {
        let arguments = [&["apply", "-f", "own.toml"], more].concat();
        let environment = [("CAMPANILE_DATA", data.as_str())];
        run(PROGRAM, &arguments, folder.path(), &environment, b"y\n").await
    };
    for (language, words, advice) in [
        (
            "en",
            "  - send POST to the secret address in `url` at https://a.example\n",
            "allow it with `--yes`",
        ),
        (
            "it",
            "  - inviare POST verso l'indirizzo segreto in `url` presso https://a.example\n",
            "concederlo con `--yes`",
        ),
        (
            "de",
            "  - POST senden an die geheime Adresse in `url` bei https://a.example\n",
            "mit `--yes`",
        ),
    ] {
        let ran = apply(&["--language", language]).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(
            ran.err.contains(words) && ran.err.contains(advice),
            "{}",
            ran.err
        );
    }
    let ran = apply(&["--dry-run", "--json"]).await;
    let shown = ran.json();
    let digest = shown[0]["consent"]["grant"].as_str().expect("a digest");
    assert_eq!(world.get("/api/v1/endpoints").await.body, json!([]));

    std::fs::write(&file, format!("{endpoint}grant = \"{digest}\"\n")).expect("a file");
    let ran = apply(&[]).await;
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "created endpoint hook\n"),
        "{ran:?}"
    );
    let moved = endpoint.replace("a.example", "b.example");
    std::fs::write(&file, format!("{moved}grant = \"{digest}\"\n")).expect("a file");
    assert_eq!(apply(&[]).await.code, Some(1));
    let ran = apply(&["--yes"]).await;
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "changed endpoint hook\n"),
        "{ran:?}"
    );
    let arguments = ["endpoint", "list", "--data", &data];
    let ran = run(PROGRAM, &arguments, folder.path(), &[], b"").await;
    assert!(ran.out.contains("hook  webhook"), "{ran:?}");
}

#[tokio::test]
async fn a_newer_component_that_asks_no_more_takes_over_at_once() {
    let receiver = Receiver::ok().await;
    let builder = World::builder().component(LIAR);
    let world = builder.desired(honest(&receiver, "liar")).start().await;
    world.post(&alert("first", &json!({}))).await;
    receiver.wait_for(1).await;
    let newer = another_digest(LIAR);
    let installed = world.app.install(newer).await.expect("it fits");
    assert_eq!(digest_of(&world, "chat").await, installed.digest);
    assert_eq!(waits(&world, "chat").await, Value::Null);
    world.post(&alert("second", &json!({}))).await;
    assert_eq!(receiver.wait_for(2).await[1].body, b"second");
}

#[tokio::test]
async fn a_newer_component_that_asks_for_more_waits_for_consent_and_the_older_goes_on() {
    let receiver = Receiver::ok().await;
    let builder = World::builder().component(LIAR);
    let world = builder.desired(honest(&receiver, "liar")).start().await;
    let older = digest_of(&world, "chat").await;
    let newer = world.app.install(greedier()).await.expect("it fits");
    assert_eq!(digest_of(&world, "chat").await, older);
    let waiting = waits(&world, "chat").await;
    assert_eq!(waiting["reason"], "consent-needed");
    assert_eq!(waiting["digest"], newer.digest.as_str());
    let ready = reqwest::get(world.url("/readyz")).await.expect("an answer");
    assert_eq!(ready.status(), 200);
    let ready = ready.text().await.expect("text");
    assert_eq!(ready, "ok\nconsent-needed: 1 of the endpoints\n");
    world.post(&alert("meanwhile", &json!({}))).await;
    assert_eq!(receiver.wait_for(1).await[0].body, b"meanwhile");

    // It waits over a restart too.
    let world = world.restart().await;
    assert_eq!(digest_of(&world, "chat").await, older);
    assert_eq!(waits(&world, "chat").await["reason"], "consent-needed");

    let mut desired = read(honest(&receiver, "liar"));
    let lines = refused(&world, &desired).await;
    assert_eq!(
        asked(&lines, true),
        [format!(
            "send POST to {}/** - in clear: everybody on the way can read it",
            receiver.url("")
        )]
    );
    assert_eq!(digest_of(&world, "chat").await, older);
    grant(&mut desired, &lines);
    let applied = world.app.apply(&desired, false, false, "en").await;
    assert_eq!(applied.expect("it is allowed").len(), 1);
    assert_eq!(digest_of(&world, "chat").await, newer.digest);
    assert_eq!(waits(&world, "chat").await, Value::Null);
    world.post(&alert("after", &json!({}))).await;
    assert_eq!(receiver.wait_for(2).await[1].body, b"after");
}

#[tokio::test]
async fn an_endpoint_that_names_a_digest_stays_with_it() {
    let receiver = Receiver::ok().await;
    let world = World::builder().component(LIAR).start().await;
    let installed = world.get("/api/v1/components/liar").await.body;
    let digest = installed["digest"].as_str().expect("a digest");
    let applied = world.apply(honest(&receiver, digest), "en").await;
    applied.expect("it is applied");
    world
        .app
        .install(another_digest(LIAR))
        .await
        .expect("it fits");
    assert_eq!(digest_of(&world, "chat").await, digest);
    assert_eq!(waits(&world, "chat").await, Value::Null);
}

#[tokio::test]
async fn a_strangers_component_takes_a_built_in_ones_place_only_with_consent() {
    let receiver = Receiver::ok().await;
    let world = World::builder().webhook(&receiver).start().await;
    let own = digest_of(&world, "hook").await;
    let builtin = campanile::app::builtin("webhook").expect("it is built in");
    let posing = another_digest(builtin);
    world.app.install(posing).await.expect("it fits");
    assert_eq!(digest_of(&world, "hook").await, own);
    assert_eq!(waits(&world, "hook").await["reason"], "consent-needed");
    world.post(&alert("first", &json!({}))).await;
    receiver.wait_for(1).await;
}

fn ceilings(tenant: &str, origins: &[&str], mode: Mode) -> Ceilings {
    let origins = origins
        .iter()
        .map(|origin| origin.parse().expect("an origin"));
    let ceiling = Ceiling {
        origins: Some(origins.collect()),
        mode,
        ..Ceiling::default()
    };
    let mut ceilings = Ceilings::default();
    ceilings.add(tenant, ceiling);
    ceilings
}

#[tokio::test]
async fn what_is_over_a_ceiling_is_refused_when_it_is_asked_and_says_where() {
    let builder = World::builder();
    let world = builder
        .ceilings(ceilings("*", &["https://*.example.com"], Mode::Enforce))
        .start()
        .await;
    for (url, fits) in [
        ("https://in.example.com/x", true),
        ("https://example.com/x", false),
        ("https://in.example.com:8443/x", false),
        ("https://in.example.com.evil.example/x", false),
    ] {
        let applied = world.apply(hook(url), "en").await;
        assert_eq!(applied.is_ok(), fits, "{url}");
        if let Err(mistakes) = applied {
            let said = "endpoint hook: the operator's ceiling does not reach to https://";
            assert!(mistakes[0].to_string().starts_with(said), "{mistakes:?}");
        }
    }
}

#[tokio::test]
async fn a_component_that_a_ceiling_does_not_list_is_not_used() {
    let receiver = Receiver::ok().await;
    let mut all = Ceilings::default();
    let ceiling = Ceiling {
        components: Some([String::from("0")].into()),
        ..Ceiling::default()
    };
    all.add("default", ceiling);
    let world = World::builder().component(LIAR).ceilings(all).start().await;
    let mistakes = world.apply(honest(&receiver, "liar"), "en").await;
    let said = mistakes.expect_err("a mistake")[0].to_string();
    assert!(said.contains("does not admit the component"), "{said}");
}

#[tokio::test]
async fn a_ceiling_that_comes_later_holds_at_the_door_and_report_lets_through_and_counts() {
    let receiver = Receiver::ok().await;
    let world = World::builder().webhook(&receiver).start().await;
    let there = ["https://elsewhere.example"];
    let world = world
        .restart_under(ceilings("default", &there, Mode::Enforce))
        .await;
    world.post(&alert("refused", &json!({}))).await;
    let dead = wait_for("a dead letter", || async {
        world.dead_letters().await.pop()
    })
    .await;
    assert_eq!(dead.reason, Reason::OverCeiling);
    assert!(receiver.received().is_empty() && receiver.connections() == 0);
    assert_eq!(world.get("/api/v1/ceiling").await.body["reported"], 0);

    let world = world
        .restart_under(ceilings("default", &there, Mode::Report))
        .await;
    world.post(&alert("reported", &json!({}))).await;
    receiver.wait_for(1).await;
    world.wait_until_empty().await;
    let view = world.get("/api/v1/ceiling").await.body;
    assert_eq!(
        (&view["mode"], &view["reported"]),
        (&json!("report"), &json!(1))
    );
    assert_eq!(view["origins"], json!(there));

    // Addresses are judged none the less: what is not opened is not dialled.
    world
        .apply(json!({"networks": [{"allow": []}]}), "en")
        .await
        .expect("it is applied");
    world.post(&alert("closed", &json!({}))).await;
    let closed = wait_for("another dead letter", || async {
        let dead = world.dead_letters().await;
        dead.into_iter().find(|letter| letter.kind == "closed")
    })
    .await;
    assert_eq!(closed.reason, Reason::Scheme);
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_tenants_administrator_lifts_no_ceiling_and_touches_no_other_tenant() {
    const ADMIN: &str = "an-administrator-of-acme";
    let receiver = Receiver::ok().await;
    let world = World::builder().webhook(&receiver).start().await;
    let token = json!({"tenant": "acme", "name": "root", "role": "admin", "value": ADMIN});
    let applied = world.apply(json!({"tokens": [token]}), "en").await;
    applied.expect("it is applied");
    let before = format!("{:?}", world.app.store.configuration().await);
    let post = async |path: &str, body: Vec<u8>| {
        let request = reqwest::Client::new().post(world.url(path));
        let request = request.bearer_auth(ADMIN).body(body);
        let request = request.header("content-type", "application/json");
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        let body: Value = serde_json::from_str(&text).expect("JSON");
        (status, body["code"].clone())
    };
    let endpoint = |tenant: &str| {
        json!({"tenant": tenant, "name": "hook", "component": "webhook",
               "params": {"url": "https://a.example"}})
    };
    let recipient =
        json!({"name": "hook", "endpoint": "hook", "language": "en", "time_zone": "UTC"});
    for (desired, prune) in [
        (json!({"endpoints": [endpoint("default")]}), false),
        (
            json!({"endpoints": [endpoint("acme"), endpoint("other")]}),
            false,
        ),
        (json!({"recipients": [recipient]}), false),
        (
            json!({"networks": [{"tenant": "acme", "allow": ["127.0.0.1:1/http"]}]}),
            false,
        ),
        (
            json!({"tokens": [{"name": "x", "role": "admin", "value": ADMIN}]}),
            false,
        ),
        (json!({}), true),
    ] {
        let body = json!({"desired": desired, "prune": prune}).to_string();
        let (status, code) = post("/api/v1/apply", body.into_bytes()).await;
        assert_eq!((status, code), (403, json!("operator-only")), "{desired}");
    }
    let (status, code) = post("/api/v1/components?tenant=other", LIAR.to_vec()).await;
    assert_eq!((status, code), (403, json!("operator-only")));
    assert_eq!(
        format!("{:?}", world.app.store.configuration().await),
        before
    );

    let own = json!({"desired": {"endpoints": [endpoint("acme")]}});
    let (status, code) = post("/api/v1/apply", own.to_string().into_bytes()).await;
    assert_eq!((status, code), (409, json!("consent-needed")));
}
