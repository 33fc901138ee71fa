//! A component that tries to read a secret in every way that it has reads `set`, or nothing.

use campanile_tests::wait_for;
use serde_json::json;

use campanile_tests::hostile::stage::{KEY, OTHER_TOKEN, PASSWORD, Stage, TOKEN};

const SECRETS: [&str; 4] = [TOKEN, OTHER_TOKEN, PASSWORD, KEY];

#[tokio::test]
async fn nothing_that_a_component_can_read_holds_a_secret_or_anything_of_the_machine() {
    let stage = Stage::new(&["reads-everything"]).await;
    let details = json!({"details": {"password": "of the alert", "n": 1}, "labels": {"a": "b"}});
    stage
        .world
        .post(&campanile_tests::alert("first", &details))
        .await;
    stage.receiver.wait_for(1).await;
    let read = stage.arrived("reads-everything").remove(0);
    for secret in SECRETS {
        assert!(!read.contains(secret), "{read}");
    }
    assert!(
        read.contains(&stage.receiver.url("/reads-everything")),
        "what is no secret is there: {read}"
    );
    assert!(
        read.contains("token=Some(\"set\")") && read.contains("key=Some(\"set\")"),
        "{read}"
    );
    assert!(
        read.contains("of the alert"),
        "the alert is its business: {read}"
    );
    assert!(
        read.contains("/etc/passwd=Err(") && read.contains("/proc/self/environ=Err("),
        "{read}"
    );
    assert!(!read.contains("root:") && !read.contains("PATH"), "{read}");
    for held in [
        "/..",
        "/../..",
        "/token",
        "/secrets",
        "/params/token",
        "/~1",
    ] {
        assert!(
            read.contains(&format!("\n{held}=None\n")),
            "{held} in {read}"
        );
    }
    assert!(read.ends_with(" \"\""), "there is no input: {read}");
}

#[tokio::test]
async fn a_test_message_is_judged_like_any_other() {
    let stage = Stage::new(&["honest"]).await;
    let tested = stage
        .world
        .app
        .test("default", "honest")
        .await
        .expect("a test");
    assert_eq!(tested.len(), 1);
    assert!(tested[0].result.is_ok());
    let shown = format!("{:?}", tested[0].message);
    assert!(
        SECRETS.iter().all(|secret| !shown.contains(secret)),
        "{shown}"
    );
    wait_for("the test", || async {
        (!stage.receiver.received().is_empty()).then_some(())
    })
    .await;
}
