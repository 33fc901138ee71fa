//! What misbehaves while its alerts are built: its jobs stay, and the bystander gets all of its own meanwhile.

use std::time::Duration;

use campanile::outcome::Reason;
use campanile::sandbox::Limits;
use campanile_tests::{Behaviour, World, wait_for};

use campanile_tests::hostile::answers::poisons;
use campanile_tests::hostile::raw::Raw;
use campanile_tests::hostile::stage::{Stage, limits};

/// The alert that is alone with its component is a dead letter, and says why.
#[tokio::test]
async fn answers_that_cannot_be_true_are_refused_by_name_and_their_alerts_stay() {
    let rows = [
        (
            "delivers-no-alert",
            "empty-delivery: delivery 0 has no alerts",
        ),
        (
            "delivers-no-message",
            "empty-delivery: delivery 0 has no messages",
        ),
        (
            "a-thousand-messages",
            "answer-too-large: 1000 messages in one delivery, ",
        ),
        (
            "a-tag-of-two-kilobytes",
            "answer-too-large: the tag has 2048 bytes, 1024 are allowed",
        ),
        (
            "a-reason-of-two-kilobytes",
            "answer-too-large: the reason of a refusal has 2048 bytes",
        ),
        ("five-megabytes", "answer-too-large: "),
        (
            "a-mail-of-two-logins",
            "unknown-name: a mail has one scheme at most",
        ),
        (
            "a-scheme-without-its-field",
            "unknown-name: the scheme `basic` needs the field `password`",
        ),
        (
            "an-unknown-fact",
            "unknown-name: this host knows no fact `hostname`",
        ),
        (
            "an-unknown-encoding",
            "unknown-name: this host knows no encoding `rot13`",
        ),
        (
            "an-unknown-body",
            "unknown-name: this host knows no body `multipart`",
        ),
        (
            "an-extra-field",
            "unknown-name: this host knows no extra field `follow-redirects`",
        ),
        ("spins", "deadline: 100 ms of processor time are allowed"),
        ("allocates", "memory: "),
        ("panics", "trap: "),
        ("exits", "trap: the component called exit"),
        ("recurses", "trap: "),
        (
            "calls-the-host-for-ever",
            "host-calls: more than 10000 host calls",
        ),
    ];
    poisons(&["first"], &rows).await.beside.unharmed();
}

#[tokio::test]
async fn words_of_a_component_reach_the_dead_letter_and_its_set_up_the_pause() {
    let stage = Stage::held(&["refuses", "invalid", "internal"], Behaviour::status(200)).await;
    stage.post(&["first", "second"]).await;
    stage.neighbour_has(&["first", "second"]).await;
    let refused = wait_for("two refusals", || async {
        let dead = stage.dead("refuses").await;
        (dead.len() == 2).then_some(dead)
    })
    .await;
    for letter in refused {
        assert_eq!(
            (letter.reason, letter.detail.as_deref()),
            (Reason::Refused, Some("no"))
        );
    }
    wait_for("the pause", || async {
        stage.recipient("invalid").await.paused
    })
    .await;
    stage.settled().await;
    let paused = stage.recipient("invalid").await.paused;
    assert_eq!(paused.as_deref(), Some("invalid-parameters"));
    assert!(stage.dead("invalid").await.is_empty() && stage.dead("internal").await.is_empty());
    let counts = stage.world.app.store.counts().await.expect("counts");
    assert_eq!((counts.queued, counts.pending), (4, 0), "two of each stay");
}

#[tokio::test]
async fn one_poisoned_alert_of_eight_is_a_dead_letter_and_seven_arrive() {
    let stage = Stage::new(&["poison"]).await;
    let kinds = ["a", "b", "c", "d", "poison", "f", "g", "h"];
    stage.post(&kinds).await;
    stage.neighbour_has(&kinds).await;
    stage.world.wait_until_empty().await;
    let dead = stage.dead("poison").await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!(
        (dead[0].kind.as_str(), dead[0].reason),
        ("poison", Reason::Poison)
    );
    let detail = dead[0].detail.as_deref().unwrap_or_default();
    assert!(
        detail.contains("trap: ") && detail.contains("poisoned"),
        "{detail}"
    );
    let mut arrived = stage.arrived("poison");
    arrived.sort();
    assert_eq!(arrived, ["a", "b", "c", "d", "f", "g", "h"]);
    assert_eq!(stage.endpoint("poison").await.paused, None);
}

#[tokio::test]
async fn poisoned_alerts_with_good_ones_between_them_pause_nothing() {
    let stage = Stage::new(&["poison"]).await;
    let kinds = ["poison", "b", "poison", "d", "poison", "f", "poison", "h"];
    stage.post(&kinds).await;
    stage.world.wait_until_empty().await;
    assert_eq!(stage.dead("poison").await.len(), 4);
    assert_eq!(stage.arrived("poison").len(), 4);
    assert_eq!(stage.endpoint("poison").await.paused, None);
    stage.neighbour_has(&kinds).await;
}

#[tokio::test]
async fn a_component_that_fails_every_alert_is_paused_after_three_and_keeps_the_rest() {
    let stage = Stage::new(&["panics", "honest"]).await;
    let kinds = ["a", "b", "c", "d", "e", "f", "g", "h"];
    stage.post(&kinds).await;
    stage.neighbour_has(&kinds).await;
    let paused = wait_for("the pause", || async {
        stage.endpoint("panics").await.paused
    })
    .await;
    assert_eq!(paused, "trap");
    stage.settled().await;
    let dead = stage.dead("panics").await;
    assert_eq!(dead.len(), 3, "{dead:?}");
    assert!(dead.iter().all(|letter| letter.reason == Reason::Poison));
    stage.receiver.wait_for(8).await;
    wait_for("the honest one's end", || async {
        let counts = stage.world.app.store.counts().await.expect("counts");
        ((counts.queued, counts.pending) == (5, 0)).then_some(())
    })
    .await;
    assert_eq!(
        stage.arrived("honest").len(),
        8,
        "the same component, another endpoint"
    );
    assert_eq!(stage.endpoint("honest").await.paused, None);

    stage.post(&["later"]).await;
    stage.receiver.wait_for(9).await;
    stage.settled().await;
    assert_eq!(stage.dead("panics").await.len(), 3, "nothing more is tried");
}

/// A component that spins as it starts, from this second of the Unix epoch on.
fn spins_from(second: u64) -> Vec<u8> {
    Raw::new()
        .importing(
            "wasi:clocks/wall-clock@0.2.0",
            "record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime;",
            "now",
            "(param i32)",
        )
        .field(&format!(
            "(func (export \"_initialize\") (call $called (i32.const 1536))
               (if (i64.ge_u (i64.load (i32.const 1536)) (i64.const {second}))
                 (then (loop $on (br $on)))))"
        ))
        .build()
}

#[tokio::test]
async fn a_component_that_spins_as_it_starts_cannot_be_configured() {
    let world = World::builder()
        .component(&spins_from(1_700_000_000))
        .limits(limits())
        .start()
        .await;
    // It cannot be asked whether its parameters are good.
    let wanted = serde_json::json!({"endpoints": [{"name": "raw", "component": "raw"}]});
    let mistakes = world.apply(wanted, "en").await.expect_err("it is refused");
    assert_eq!(mistakes.len(), 1);
    let said = mistakes[0].to_string();
    assert!(
        said.contains("endpoint raw") && said.contains("deadline: 100 ms"),
        "{said}"
    );
}

#[tokio::test]
async fn a_component_that_begins_to_spin_later_is_paused_and_keeps_its_alerts() {
    let stage = Stage::held(&[], Behaviour::status(200)).await;
    let from = stage.world.clock.now() / 1000 + 3600;
    let installed = stage.world.app.install(spins_from(from)).await;
    installed.expect("it is honest for an hour");
    let applied = stage
        .world
        .apply(
            serde_json::json!({
                "endpoints": [{"name": "raw", "component": "raw"}],
                "recipients": [{"name": "raw", "endpoint": "raw", "language": "en", "time_zone": "UTC"}],
            }),
            "en",
        )
        .await;
    assert!(applied.is_ok(), "{applied:?}");
    stage.world.advance(Duration::from_secs(3600));
    let kinds = ["a", "b", "c", "d", "e"];
    stage.post(&kinds).await;
    stage.neighbour_has(&kinds).await;
    let paused = wait_for("the pause", || async { stage.endpoint("raw").await.paused }).await;
    assert_eq!(paused, "deadline");
    stage.settled().await;
    let dead = stage.dead("raw").await;
    assert_eq!(dead.len(), 3, "{dead:?}");
    let counts = stage.world.app.store.counts().await.expect("counts");
    assert_eq!((counts.queued, counts.pending), (2, 0), "the rest stays");
}

#[tokio::test]
async fn an_alert_that_is_passed_over_holds_up_no_other() {
    // One call may take its budget and leave some: what was left is given out again.
    let stage = Stage::new(&["names-nothing", "honest"]).await;
    let kinds: Vec<String> = (0..50).map(|number| format!("kind{number}")).collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    stage.post(&kinds).await;
    stage.neighbour_has(&kinds).await;
    stage.receiver.wait_for(50).await;
    assert_eq!(stage.arrived("honest").len(), 50);
    assert!(stage.dead("names-nothing").await.is_empty());
}

#[tokio::test]
async fn alerts_of_another_tenant_pass_by_one_that_spins() {
    let limits = Limits {
        cpu: Duration::from_millis(20),
        ..limits()
    };
    let stage = Stage::with(
        World::builder().limits(limits),
        &["spins"],
        Behaviour::status(200),
    )
    .await;
    let beside = campanile_tests::Receiver::ok().await;
    let applied = stage
        .world
        .apply(
            serde_json::json!({
                "endpoints": [{
                    "tenant": "beside", "name": "spins", "component": "webhook",
                    "params": {"url": beside.url("/"), "alerts_per_request": "1"},
                }],
                "recipients": [{
                    "tenant": "beside", "name": "spins", "endpoint": "spins", "language": "it",
                    "time_zone": "Europe/Rome",
                }],
                "networks": [{"tenant": "beside", "allow": [beside.opening()]}],
                "tokens": [{
                    "tenant": "beside", "name": "sensor", "role": "ingest",
                    "value": "a-token-of-the-tenant-beside",
                }],
            }),
            "en",
        )
        .await;
    assert!(applied.is_ok(), "{applied:?}");
    let kinds = ["a", "b", "c", "d"];
    stage.post(&kinds).await;
    for kind in kinds {
        let alert = campanile_tests::alert(kind, &serde_json::json!({}));
        let token = Some("a-token-of-the-tenant-beside");
        let posted = stage
            .world
            .post_raw("/api/v1/alerts", token, alert.to_string())
            .await;
        assert_eq!(posted.status, 202, "{}", posted.body);
    }
    beside.wait_for(4).await;
    stage.neighbour_has(&kinds).await;
    let paused = wait_for("the pause", || async {
        stage.endpoint("spins").await.paused
    })
    .await;
    assert_eq!(paused, "deadline");
    let configuration = stage.world.app.store.configuration().await.expect("it");
    let endpoint = |tenant: &str| {
        let mut rows = configuration.endpoints.iter();
        rows.find(|row| row.name == "spins" && row.tenant == tenant)
            .map(|row| row.paused.is_some())
    };
    assert_eq!(
        (endpoint("default"), endpoint("beside")),
        (Some(true), Some(false))
    );
}
