//! What is over is forgotten without anybody asking.

use std::time::Duration;

use campanile_tests::{Behaviour, Receiver, World, alert, wait_for};
use serde_json::json;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits until there are so many deliveries and dead letters.
async fn left(world: &World, deliveries: usize, dead_letters: usize) {
    wait_for("what is left", || async {
        let found = (world.deliveries().await, world.dead_letters().await);
        ((found.0.len(), found.1.len()) == (deliveries, dead_letters)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn deliveries_are_forgotten_after_a_month_and_dead_letters_after_a_quarter() {
    let answers = [Behaviour::status(200), Behaviour::status(400)];
    let receiver = Receiver::start(answers, Behaviour::status(200)).await;
    let builder = World::builder().held_clock().webhook(&receiver);
    let world = builder.start().await;
    world.post(&alert("delivered", &json!({}))).await;
    receiver.wait_for(1).await;
    world.post(&alert("refused", &json!({}))).await;
    receiver.wait_for(2).await;
    left(&world, 2, 1).await;
    world.clock.advance(29 * DAY);
    world.post(&alert("young", &json!({}))).await;
    left(&world, 3, 1).await;
    world.clock.advance(2 * DAY);
    left(&world, 1, 1).await;
    world.clock.advance(60 * DAY);
    left(&world, 0, 0).await;
    world.post(&alert("after", &json!({}))).await;
    receiver.wait_for(4).await;
}
