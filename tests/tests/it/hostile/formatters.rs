//! A formatter that fails holds up no alert: the host has its own words.

use std::time::Duration;

use campanile::sandbox::Limits;
use campanile_tests::{Receiver, World, alert};
use serde_json::{Value, json};

use super::FORMATTER;
use super::stage::limits;

#[tokio::test]
async fn a_formatter_that_fails_on_one_alert_costs_that_one_its_words_and_no_other() {
    for fault in ["trap", "spin", "refuse"] {
        let receiver = Receiver::ok().await;
        let limits = Limits {
            cpu: Duration::from_millis(20),
            ..limits()
        };
        let world = World::builder()
            .limits(limits)
            .component(FORMATTER)
            .webhook_with(&receiver, &json!({"alerts_per_request": "100"}))
            .start()
            .await;
        let alerts: Vec<Value> = (0..8)
            .map(|number| {
                let fault = if number == 3 { fault } else { "none" };
                let change =
                    json!({"details": {"fault": fault}, "fingerprint": number.to_string()});
                alert("faulty", &change)
            })
            .collect();
        assert_eq!(world.post(&Value::from(alerts)).await.status, 202);
        world.wait_until_empty().await;
        let mut messages = Vec::new();
        for request in receiver.received() {
            for alert in request.json()["alerts"].as_array().expect("alerts") {
                assert_eq!(alert["title"], "Faulty");
                messages.push(alert["message"].as_str().expect("a message").to_owned());
            }
        }
        assert_eq!(messages.len(), 8, "{fault}: {messages:?}");
        let formatted = messages.iter().filter(|message| *message == "formatted");
        assert_eq!(formatted.count(), 7, "{fault}: {messages:?}");
        let own = messages.iter().find(|message| *message != "formatted");
        assert!(
            own.is_some_and(|own| own.contains("192.168.1.19")),
            "{fault}: {own:?}"
        );
        assert!(world.dead_letters().await.is_empty());
    }
}
