//! Components that want more than they were granted.

use campanile::apply::Line;
use campanile::desired::Desired;
use campanile::outcome::Reason;
use campanile_tests::{Receiver, World, alert, wait_for};
use serde_json::{Value, json};

use super::raw::{MANIFEST, Raw};
use super::stage::{OTHER_TOKEN, Stage, TOKEN};

/// Nothing was dialled for these, each was refused by this name, and the bystander lost nothing.
async fn refused(rows: &[(&str, Reason)]) {
    let hows: Vec<&str> = rows.iter().map(|(how, _)| *how).collect();
    let stage = Stage::new(&hows).await;
    stage.post(&["first", "second"]).await;
    stage.bystander_has(&["first", "second"]).await;
    for (how, reason) in rows {
        let dead = wait_for(how, || async {
            let dead = stage.dead(how).await;
            (dead.len() == 2).then_some(dead)
        })
        .await;
        for letter in dead {
            assert_eq!(letter.reason, *reason, "{how}: {:?}", letter.detail);
            let said = format!("{letter:?}");
            assert!(
                !said.contains(TOKEN) && !said.contains(OTHER_TOKEN),
                "{said}"
            );
        }
    }
    assert_eq!(
        (stage.receiver.connections(), stage.other.connections()),
        (0, 0)
    );
}

#[tokio::test]
async fn calls_set_webhook_with_the_right_token() {
    refused(&[("token-to-set-webhook", Reason::Route)]).await;
}

#[tokio::test]
#[expect(non_snake_case, reason = "A and B are two destinations")]
async fn sends_the_secret_of_A_to_B_both_granted() {
    refused(&[
        ("token-to-another-origin", Reason::SecretPlace),
        ("other-token-to-the-first-origin", Reason::SecretPlace),
    ])
    .await;
}

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

#[tokio::test]
async fn overrides_the_consent_text_by_locale_key() {
    let harmless = json!({
        "consent": {"send": "do nothing", "fill": "do nothing", "foreign": "do nothing",
                    "place": {"header": "nowhere"}},
        "apply": {"weakened": "all is well"},
    });
    let mut change = token("secret");
    change["locales"] = json!({"en": harmless, "it": harmless, "de": harmless});
    change["title"] = json!("consent.send");
    let world = World::builder().component(&with(&change)).start().await;
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
}

#[tokio::test]
async fn upgrade_turns_secret_into_text() {
    let bystander = Receiver::ok().await;
    let world = World::builder()
        .component(&with(&token("secret")))
        .webhook(&bystander)
        .start()
        .await;
    world
        .apply(endpoint("raw"), "en")
        .await
        .expect("it is applied");
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
    world.post(&alert("first", &json!({}))).await;
    bystander.wait_for(1).await;
}
