//! Manifests with a mistake, as a component returns them: which key, and what was expected.

use campanile::sandbox::{Limits, Sandbox, Unfit, Why};
use serde_json::{Value, json};

use campanile_tests::hostile::raw::Raw;

fn refused(manifest: &str) -> String {
    let sandbox = Sandbox::start(Limits::default(), Why::Test).expect("a sandbox");
    match sandbox.install(&Raw::new().manifest(manifest).build()) {
        Err(unfit @ (Unfit::Manifest(_) | Unfit::Locales(_) | Unfit::OtherManifest { .. })) => {
            unfit.to_string()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it fits: {manifest}"),
    }
}

fn with(change: &Value) -> String {
    let mut manifest = json!({"manifest": 1, "name": "raw", "title": "Raw", "version": "1.0.0"});
    if let (Some(manifest), Some(change)) = (manifest.as_object_mut(), change.as_object()) {
        manifest.extend(change.clone());
    }
    manifest.to_string()
}

#[test]
fn each_mistake_in_a_manifest_is_named_with_its_key_and_what_was_expected() {
    let route = |change: &Value| {
        let mut route = json!({
            "name": "send", "origin": {"at": "https://api.example"}, "methods": ["POST"], "paths": ["/x"],
        });
        if let (Some(route), Some(change)) = (route.as_object_mut(), change.as_object()) {
            route.extend(change.clone());
        }
        json!({"route": [route]})
    };
    let rows: [(Value, &[&str]); 22] = [
        (json!({"manifest": 2}), &["manifest", "1"]),
        (
            json!({"name": "Raw Component"}),
            &["name", "lower-case letter"],
        ),
        (json!({"version": "one"}), &["version", "1.0.0"]),
        (json!({"title": ""}), &["title", "empty"]),
        (json!({"colour": "red"}), &["colour"]),
        (
            json!({"features": ["fax"]}),
            &["features[0]", "fax", "scheme.basic"],
        ),
        (
            json!({"pacing": {"alerts": 0}}),
            &["pacing.alerts", "1 to 1000"],
        ),
        (
            json!({"pacing": {"alerts": u32::MAX}}),
            &["pacing.alerts", "1 to 1000"],
        ),
        (json!({"pacing": {"alerts": -1}}), &["pacing.alerts"]),
        (
            json!({"pacing": {"in-flight": 0}}),
            &["pacing.in-flight", "1 to 64"],
        ),
        (json!({"pacing": {"linger": "100000d"}}), &["pacing.linger"]),
        (
            json!({"pacing": {"linger": "18446744073709551616s"}}),
            &["pacing.linger"],
        ),
        (
            json!({"pacing": {"per-endpoint": ["1/0s"]}}),
            &["pacing.per-endpoint"],
        ),
        (
            json!({"pacing": {"per-endpoint": ["0/1s"]}}),
            &["pacing.per-endpoint"],
        ),
        (
            json!({"pacing": {"per-destination": ["1/99999999999d"]}}),
            &["pacing.per-destination"],
        ),
        (
            json!({"pacing": {"destination": ["chat"]}}),
            &["pacing.destination[0]", "chat"],
        ),
        (
            json!({"reads": {"when": "never", "body": ["/ok"]}}),
            &["reads"],
        ),
        (
            json!({"reads": {"when": "always", "body": [""]}}),
            &["reads.body[0]", "single *"],
        ),
        (
            route(&json!({"origin": {"at": "https://*"}})),
            &["route[0]"],
        ),
        (
            route(&json!({"methods": ["CONNECT"]})),
            &["route[0]", "CONNECT"],
        ),
        (
            json!({"endpoint-param": [{
                "name": "token", "kind": "secret", "uses": [{"route": "none", "place": "path"}],
            }]}),
            &["endpoint-param[0].uses[0]", "none"],
        ),
        (
            json!({"endpoint-param": [{"name": "token", "kind": "text", "pattern": "(a{1000}){1000}"}]}),
            &["endpoint-param[0].pattern"],
        ),
    ];
    for (change, words) in rows {
        let said = refused(&with(&change));
        for word in words {
            assert!(said.contains(word), "{change}: {word:?} in: {said}");
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let said = refused(&with(&json!({
        "version": "one", "pacing": {"alerts": 0, "in-flight": 0, "linger": "0s", "per-endpoint": []},
    })));
    for key in ["version", "pacing.alerts", "pacing.in-flight"] {
        assert!(said.contains(key), "{key} in: {said}");
    }
}

#[test]
fn a_description_that_is_no_manifest_is_refused_in_words() {
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "null",
        "[]",
        "{",
        "\u{1}",
        "{\"manifest\":1,\"manifest\":1}",
        &deep,
    ] {
        let said = refused(text);
        assert!(said.contains("manifest"), "{said}");
        assert!(said.len() < 4096, "{} bytes of words", said.len());
    }
}

#[test]
fn a_manifest_of_the_other_world_is_refused() {
    let said = refused(&with(&json!({"definition": [{"kind": "x", "title": "x"}]})));
    assert!(
        said.contains("exports `endpoint`") && said.contains("formatter"),
        "{said}"
    );
}
