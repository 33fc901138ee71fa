//! Who shares a program, an origin or a queue with others, and would have it for themselves.

use campanile::outcome::Reason;
use serde_json::{Value, json};

use super::stage::Stage;
use super::{Bystander, Stopped, reasons, told};
use crate::webhooks::webhooks;
use crate::{Behaviour, Receiver, World, alert, wait_for};

/// Only what fails alone is blamed: the component goes on with the others.
pub async fn poison_alert_times_out_an_honest_component() -> Stopped {
    let how = "spins-on-poison";
    let stage = Stage::new(&[how]).await;
    let beside = Bystander::beside(&stage.world).await;
    let kinds = ["a", "b", "c", "d", "poison", "f", "g", "h"];
    stage.post(&kinds).await;
    stage.neighbour_has(&kinds).await;
    beside.empty().await;
    let dead = stage.dead(how).await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!(
        (dead[0].kind.as_str(), dead[0].reason),
        ("poison", Reason::Poison)
    );
    let detail = dead[0].detail.as_deref().unwrap_or_default();
    assert!(detail.starts_with("deadline: "), "{detail}");
    let mut arrived = stage.arrived(how);
    arrived.sort();
    assert_eq!(arrived, ["a", "b", "c", "d", "f", "g", "h"]);
    assert_eq!(stage.endpoint(how).await.paused, None);
    beside.stopped(told(&dead)).await
}

/// Has the destination that it shares with the bystander refuse it again and again, and ask for quiet.
pub async fn trips_the_breaker_of_a_shared_origin() -> Stopped {
    const FAILURES: usize = 50;
    let shared = Receiver::start(
        [],
        Behaviour::choose(|request| match &*request.path {
            "/busy" => Behaviour::with_header(429, "retry-after", "4294967295"),
            "/broken" => Behaviour::status(500),
            _ => Behaviour::status(200),
        }),
    )
    .await;
    let urls = ["busy", "broken"].map(|name| (name, shared.url(&format!("/{name}"))));
    let world = World::builder()
        .held_clock()
        .desired(webhooks(&urls, &[shared.opening()]))
        .start()
        .await;
    let beside = Bystander::at(&world, shared).await;
    let alerts: Vec<Value> = (0..FAILURES)
        .map(|number| alert("disk_full", &json!({"fingerprint": number.to_string()})))
        .collect();
    assert_eq!(world.post(&Value::from(alerts)).await.status, 202);
    let attempts = wait_for("failures", || async {
        let attempts = world.all_attempts().await;
        let failed = |reason| attempts.iter().filter(|it| it.reason == reason).count();
        let tripped = failed(Reason::ServerError) > 0 && failed(Reason::TooManyRequests) > 0;
        tripped.then_some(attempts)
    })
    .await;
    beside.settled().await;
    assert!(
        world.dead_letters().await.is_empty(),
        "they are tried again"
    );
    beside.stopped(reasons(&attempts)).await
}

/// Guesses it, and has its own alert of that fingerprint fail, so that later ones wait; and its idempotency key.
pub async fn same_fingerprint_from_another_token() -> Stopped {
    const ATTACKER: &str = "the-token-of-somebody-elses-sensor";
    let receiver = Receiver::start([Behaviour::status(500)], Behaviour::status(200)).await;
    let world = World::builder()
        .held_clock()
        .webhook(&receiver)
        .start()
        .await;
    let token = json!({"tokens": [{"name": "other", "role": "ingest", "value": ATTACKER}]});
    world.apply(token, "en").await.expect("another token");
    let beside = Bystander::beside(&world).await;
    let body = alert("disk_full", &json!({"fingerprint": "mine"})).to_string();
    let hostile = async || {
        let posted = world.post_raw("/api/v1/alerts", Some(ATTACKER), body.clone());
        assert_eq!(posted.await.status, 202);
    };
    hostile().await;
    world.wait_for_attempts(1).await;
    hostile().await;
    let real = world.contact.ingest_token.clone();
    let posted = world.post_raw("/api/v1/alerts", Some(&real), body.clone());
    assert_eq!(posted.await.status, 202);
    let requests = receiver.wait_for(2).await;
    beside.settled().await;
    assert_eq!(
        receiver.received().len(),
        2,
        "the attacker's second alert waits"
    );
    let prints: Vec<_> = requests
        .iter()
        .map(|request| request.json()["alerts"][0]["fingerprint"].clone())
        .collect();
    assert_ne!(prints[0], prints[1]);
    assert!(!prints.contains(&json!("mine")), "{prints:?}");
    beside
        .stopped("a fingerprint is its token's: the other's alert was delivered")
        .await
}
