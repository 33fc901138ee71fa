//! What becomes of deliveries: outcomes by name, retries, order, halves.

use std::time::Duration;

use campanile::outcome::Reason;
use campanile_tests::{Behaviour, Receiver, World, alert};
use serde_json::json;

#[tokio::test]
async fn a_destination_that_asks_for_two_seconds_gets_them_and_then_one_success() {
    let receiver = Receiver::start(
        [Behaviour::with_header(429, "retry-after", "2")],
        Behaviour::status(200),
    )
    .await;
    let world = World::builder()
        .held_clock()
        .webhook(&receiver)
        .start()
        .await;
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );

    let attempts = world.wait_for_attempts(1).await;
    assert_eq!(
        (attempts[0].reason, attempts[0].status),
        (Reason::TooManyRequests, Some(429))
    );
    let again = attempts[0].retry_at.expect("it is tried again");
    let wait = again - world.clock.now();
    assert!(
        (2_000..=2_400).contains(&wait),
        "{wait} ms: two seconds, and at most 20 % more"
    );

    world.advance(Duration::from_millis(1_999));
    world.wait_until_idle().await;
    assert_eq!(receiver.received().len(), 1, "nothing before its time");

    world.advance(Duration::from_millis(wait - 1_999));
    let requests = receiver.wait_for(2).await;
    assert_eq!(
        requests[0].header("idempotency-key"),
        requests[1].header("idempotency-key")
    );
    world.wait_until_empty().await;
    let attempts = world.all_attempts().await;
    assert_eq!(
        attempts
            .iter()
            .filter(|attempt| attempt.reason == Reason::Accepted)
            .count(),
        1
    );

    world.advance(Duration::from_secs(24 * 3600));
    world.wait_until_idle().await;
    assert_eq!(receiver.received().len(), 2, "and never again");
}
