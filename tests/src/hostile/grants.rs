//! Components that want more than they were granted.

use campanile::apply::Line;
use campanile::desired::Desired;
use serde_json::{Value, json};

use super::raw::{MANIFEST, Raw};
use super::stage::TOKEN;
use super::{Bystander, Stopped};
use crate::World;

fn endpoint(name: &str) -> Value {
    json!({
        "endpoints": [{"name": name, "component": "raw", "params": {"token": TOKEN}}],
        "recipients": [{"name": name, "endpoint": name, "language": "en", "time_zone": "UTC"}],
    })
}

fn with(change: &Value) -> Vec<u8> {
    let mut manifest: Value = serde_json::from_str(MANIFEST).expect("JSON");
    let (all, change) = (manifest.as_object_mut(), change.as_object());
    all.expect("an object")
        .extend(change.expect("an object").clone());
    Raw::new().manifest(&manifest.to_string()).build()
}

fn token(kind: &str) -> Value {
    let mut token = json!({"name": "token", "kind": kind});
    if kind == "secret" {
        token["uses"] = json!([{"route": "send", "place": "header:x-token"}]);
    }
    json!({"endpoint-param": [token]})
}

async fn words(world: &World, language: &str) -> Vec<String> {
    let desired: Desired = serde_json::from_value(endpoint("raw")).expect("a desired state");
    let lines = world.app.apply(&desired, false, true, language).await;
    let lines: Vec<Line> = lines.expect("a dry run");
    let consent = lines.into_iter().find_map(|line| line.consent);
    let may = consent.expect("something to allow").may;
    may.into_iter().map(|clause| clause.text).collect()
}

pub async fn overrides_the_consent_text_by_locale_key() -> Stopped {
    let harmless = json!({
        "consent": {"send": "do nothing", "fill": "do nothing", "foreign": "do nothing",
                    "place": {"header": "nowhere"}},
        "apply": {"weakened": "all is well"},
    });
    let mut change = token("secret");
    change["locales"] = json!({"en": harmless, "it": harmless, "de": harmless});
    change["title"] = json!("consent.send");
    let world = World::builder().component(&with(&change)).start().await;
    let beside = Bystander::beside(&world).await;
    assert_eq!(
        words(&world, "en").await,
        [
            "send POST to https://api.example/x",
            "put the secret `token` into the header `x-token` of requests to https://api.example",
            "run as code that did not come with Campanile",
        ]
    );
    for language in ["it", "de"] {
        let words = words(&world, language).await;
        assert!(words[0].contains("POST") && words[0].contains("https://api.example/x"));
        assert!(
            words.iter().all(|words| !words.contains("nothing")),
            "{words:?}"
        );
    }
    let words = words(&world, "en").await;
    beside
        .stopped(format!("consent asks to {}", words.join(", ")))
        .await
}

pub async fn upgrade_turns_secret_into_text() -> Stopped {
    let world = World::builder()
        .component(&with(&token("secret")))
        .start()
        .await;
    world
        .apply(endpoint("raw"), "en")
        .await
        .expect("it is applied");
    let beside = Bystander::beside(&world).await;
    let stored = async || {
        let rows = world.app.store.configuration().await.expect("it").endpoints;
        rows.into_iter().find(|row| row.name == "raw").expect("it")
    };
    let before = stored().await;
    let mut newer = Vec::new();
    for kind in ["text", "multiline", "signing-key", "list"] {
        let installed = world
            .app
            .install(with(&token(kind)))
            .await
            .expect("it fits");
        newer.push(installed.digest.clone());
        assert_eq!(stored().await, before, "{kind}");
        let list = world.get("/api/v1/endpoints").await.body;
        let raw = list
            .as_array()
            .expect("a list")
            .iter()
            .find(|it| it["name"] == "raw");
        let reason = &raw.expect("it")["waits"]["reason"];
        assert!(
            [json!("enter-secret-again"), json!("consent-needed")].contains(reason),
            "{kind}: {reason}"
        );
    }
    // Not even by entering it in the same place: the newest would read it in clear.
    let mistakes = world
        .apply(endpoint("raw"), "en")
        .await
        .expect_err("a mistake");
    assert_eq!(mistakes[0].param.as_deref(), Some("token"));
    assert!(
        mistakes[0].message.contains("it was entered as a secret"),
        "{mistakes:?}"
    );
    assert!(!format!("{mistakes:?}").contains(TOKEN));
    assert_eq!(stored().await, before);
    // An endpoint of another name is made knowingly.
    world
        .apply(endpoint("other"), "en")
        .await
        .expect("it is applied");
    beside.stopped(mistakes[0].to_string()).await
}
