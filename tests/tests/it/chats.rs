//! The program against destinations that behave as their documentation says.

mod discord;
mod limits;
mod slack;
mod telegram;

use std::time::Duration;

use campanile_tests::{World, alert, wait_for};
use serde_json::{Value, json};

/// A program whose clock stands still.
async fn held() -> World {
    World::builder().held_clock().start().await
}

/// One endpoint of a component, and one recipient of it, named `noc`.
async fn configure(world: &World, component: &str, params: &Value, own: &Value, opening: &str) {
    let desired = json!({
        "endpoints": [{"name": component, "component": component, "params": params}],
        "recipients": [{"name": "noc", "endpoint": component, "params": own,
            "language": "en", "time_zone": "UTC"}],
        "networks": [{"allow": [opening]}],
    });
    world.apply(desired, "en").await.expect("it is applied");
}

/// News of a disk of this host.
fn disk(host: &str, action: &str) -> Value {
    let entity = json!({"kind": "host", "value": host});
    let words = json!({"action": action, "entity": entity, "title": format!("Disk of {host}")});
    alert("disk_full", &words)
}

async fn post(world: &World, alerts: &Value) {
    let posted = world.post(alerts).await;
    assert_eq!(posted.status, 202, "{:?}", posted.body);
}

/// Lets time pass until the queue is empty: a step for each attempt, or until a failed one is tried again. What
/// waited before a step may go together after it, and what follows then waits for all their steps.
async fn all_arrive(world: &World, step: Duration) {
    let mut seen = 0;
    loop {
        let (over, attempts) = wait_for("an attempt, or the end", || async {
            let attempts = world.all_attempts().await;
            let over = is_empty(world).await;
            (over || attempts.len() > seen).then_some((over, attempts))
        })
        .await;
        if over {
            world.advance(step);
            return;
        }
        // Several may have been made since the last look; those before the first are not counted.
        let new = if seen == 0 { 1 } else { attempts.len() - seen };
        let step = step * u32::try_from(new).expect("a small number");
        seen = attempts.len();
        let retried = attempts.iter().filter_map(|attempt| attempt.retry_at).max();
        let wait = retried.map_or(0, |at| at.saturating_sub(world.clock.now()));
        world.advance(step.max(Duration::from_millis(wait)));
    }
}

async fn is_empty(world: &World) -> bool {
    let counts = world.app.store.counts().await.expect("counts");
    counts.queued == 0 && counts.pending == 0
}

/// Waits until the recipient `noc` is paused, and returns why.
async fn paused(world: &World) -> String {
    wait_for("a pause", || async {
        let recipients = world.get("/api/v1/recipients").await.body;
        recipients[0]["paused"].as_str().map(str::to_owned)
    })
    .await
}

/// Nothing was lost: what was not delivered waits.
async fn waits(world: &World, alerts: u64) {
    let counts = world.app.store.counts().await.expect("counts");
    assert_eq!(counts.queued + counts.pending, alerts);
    assert!(world.dead_letters().await.is_empty());
}

async fn reasons(world: &World) -> Vec<String> {
    let attempts = world.all_attempts().await;
    attempts
        .iter()
        .map(|attempt| attempt.reason.to_string())
        .collect()
}

/// 100 KB of everything that must not be torn or come to life.
fn long() -> String {
    let line = "<!channel> <@U1> @everyone **b** [x](https://evil.example) R&D `x` %{x} \
        \u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467} e\u{301} \u{5D0}\u{5D1} 192.168.1.10\n";
    line.repeat(100_000 / line.len() + 1)
}

/// What is left of a text that was cut: spaces at cuts may go, and signs without width come in.
fn essence(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '\u{200b}')
        .collect()
}
