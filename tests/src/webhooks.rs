//! Webhooks that lead to several destinations, and what became of an alert there.

use std::collections::BTreeMap;
use std::time::Duration;

use campanile::egress::Limits;
use campanile::job::Attempt;
use campanile::outcome::Reason;
use serde_json::{Value, json};

use crate::World;

/// Short enough to wait for, long enough for loopback on a busy machine.
#[must_use]
pub fn short() -> Limits {
    Limits {
        first_byte: Duration::from_millis(500),
        between_bytes: Duration::from_millis(500),
        ..Limits::default()
    }
}

fn webhook(name: &str, url: &str) -> Value {
    json!({"name": name, "component": "webhook", "params": {"url": url, "alerts_per_request": "1"}})
}

fn recipient(name: &str) -> Value {
    json!({"name": name, "endpoint": name, "language": "en", "time_zone": "UTC"})
}

/// One webhook for each of these URLs, by name.
#[must_use]
pub fn webhooks(urls: &[(&str, String)], allow: &[String]) -> Value {
    json!({
        "endpoints": urls.iter().map(|(name, url)| webhook(name, url)).collect::<Vec<_>>(),
        "recipients": urls.iter().map(|(name, _)| recipient(name)).collect::<Vec<_>>(),
        "networks": [{"allow": allow}],
    })
}

/// Waits until every recipient had its first attempt; by recipient's name.
///
/// # Panics
///
/// Where one had none.
pub async fn first_attempts(world: &World, count: usize) -> BTreeMap<String, Attempt> {
    world.wait_for_attempts(count).await;
    let mut attempts = BTreeMap::new();
    for delivery in world.deliveries().await {
        let all = world.attempts(&delivery.id).await;
        attempts.insert(delivery.recipient_name, all[0].clone());
    }
    assert_eq!(attempts.len(), count, "{attempts:?}");
    attempts
}

/// The reasons of all dead letters, by recipient's name.
pub async fn dead(world: &World) -> BTreeMap<String, Reason> {
    let letters = world.dead_letters().await.into_iter();
    letters
        .map(|letter| (letter.recipient_name, letter.reason))
        .collect()
}
