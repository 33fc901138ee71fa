//! Answers that lie: nothing is made of them, and the alerts that they were about stay.

use std::time::Duration;

use campanile::job::{Attempt, State};
use campanile::outcome::Reason;
use campanile::sandbox::Limits;
use serde_json::{Value, json};

use super::stage::{Stage, limits};
use super::{Bystander, FORMATTER, Stopped, reasons, told};
use crate::{Behaviour, Receiver, World, alert, wait_for};

/// Each of these builds what cannot be true: its alerts are dead letters that say so in words like these, nothing
/// is sent, and the neighbour gets all of its own.
pub async fn poisons(kinds: &[&str], rows: &[(&str, &str)]) -> Stopped {
    let hows: Vec<_> = rows.iter().map(|(how, _)| *how).collect();
    let stage = Stage::new(&hows).await;
    let beside = Bystander::beside(&stage.world).await;
    stage.post(kinds).await;
    stage.neighbour_has(kinds).await;
    let mut letters = Vec::new();
    for (how, words) in rows {
        let letter = stage.world.dead_letter(how).await;
        assert_eq!(letter.reason, Reason::Poison, "{how}");
        let detail = letter.detail.as_deref().unwrap_or_default();
        assert!(detail.starts_with(words), "{how}: {detail}");
        assert!(kinds.contains(&letter.kind.as_str()), "{letter:?}");
        letters.push(letter);
    }
    assert!(stage.receiver.received().is_empty(), "nothing was sent");
    beside.stopped(told(&letters)).await
}

/// Alerts are named by their positions.
pub async fn names_an_alert_it_was_not_given() -> Stopped {
    poisons(
        &["first"],
        &[
            (
                "names-an-alert-it-was-not-given",
                "unknown-alert: alert 1 is named, but 1 were given out",
            ),
            (
                "names-the-last-number",
                "unknown-alert: alert 4294967295 is named",
            ),
        ],
    )
    .await
}

/// In one answer.
pub async fn says_sent_and_refused_of_one_alert() -> Stopped {
    let words = "contradiction: alert 0 is named twice";
    let rows = [
        ("sends-and-refuses", words),
        ("names-an-alert-twice", words),
    ];
    poisons(&["first"], &rows).await
}

/// And other names that this host does not know.
pub async fn asks_for_an_unknown_scheme() -> Stopped {
    poisons(
        &["first"],
        &[
            (
                "an-unknown-scheme",
                "unknown-name: this host knows no scheme `digest`",
            ),
            ("an-unknown-field-of-a-scheme", "unknown-name: "),
            (
                "a-mail-by-bearer",
                "unknown-name: this host knows no scheme of a mail `authorization`",
            ),
            (
                "a-request-by-xoauth2",
                "unknown-name: this host knows no scheme `xoauth2`",
            ),
        ],
    )
    .await
}

/// For one alert.
pub async fn ten_thousand_deliveries() -> Stopped {
    let rows = [("ten-thousand-deliveries", "answer-too-large: ")];
    poisons(&["first"], &rows).await
}

/// Whatever the batch: what it took is lost with the call, and given out again.
pub async fn traps_after_dequeuing_half() -> Stopped {
    let rows = [("traps-after-dequeuing-half", "trap: ")];
    poisons(&["first", "second"], &rows).await
}

/// Neither sends nor refuses: it is called again by the schedule, for as long as that goes on.
pub async fn returns_nothing_for_ever() -> Stopped {
    let stage = Stage::held(&["names-nothing"], Behaviour::status(200)).await;
    let beside = Bystander::beside(&stage.world).await;
    stage.post(&["first"]).await;
    stage.neighbour_has(&["first"]).await;
    beside.settled().await;
    assert!(
        stage.dead("names-nothing").await.is_empty(),
        "no hot loop to its end"
    );
    let mut steps = 0;
    while stage.dead("names-nothing").await.is_empty() {
        steps += 1;
        assert!(steps < 60, "it never ends");
        beside.advance(Duration::from_secs(5 * 3600)).await;
        beside.settled().await;
    }
    assert!(steps >= 20, "three days, {steps} steps of five hours");
    let dead = stage.dead("names-nothing").await;
    assert_eq!(dead[0].reason, Reason::NoProgress);
    assert!(stage.receiver.received().is_empty());
    beside.stopped(told(&dead)).await
}

/// The first attempts at the liars' deliveries.
async fn attempts(stage: &Stage, count: usize) -> Vec<Attempt> {
    wait_for("attempts", || async {
        let mut all = Vec::new();
        for delivery in stage.world.deliveries().await.iter().rev() {
            if delivery.recipient_name != "neighbour" {
                all.extend(stage.world.attempts(&delivery.id).await);
            }
        }
        (all.len() >= count).then_some(all)
    })
    .await
}

/// The alert stays, and is tried again.
pub async fn says_delivered_of_a_500() -> Stopped {
    let stage = Stage::held(&["says-delivered"], Behaviour::status(500)).await;
    let beside = Bystander::beside(&stage.world).await;
    stage.post(&["first"]).await;
    let attempts = attempts(&stage, 1).await;
    assert_eq!(attempts[0].reason, Reason::Overruled);
    assert_eq!(
        (attempts[0].outcome.as_str(), attempts[0].status),
        ("retry", Some(500))
    );
    assert_eq!(attempts[0].detail.as_deref(), Some("it did arrive"));
    assert!(attempts[0].retry_at.is_some());
    beside.settled().await;
    let deliveries = stage.world.deliveries().await;
    let mut pending = deliveries
        .iter()
        .filter(|it| it.recipient_name == "says-delivered");
    assert!(
        pending.any(|it| it.state == State::Pending),
        "{deliveries:?}"
    );
    beside.stopped(reasons(&attempts)).await
}

/// Which is capped at a day.
pub async fn retries_in_136_years() -> Stopped {
    let stage = Stage::held(&["retries-in-136-years"], Behaviour::status(503)).await;
    let beside = Bystander::beside(&stage.world).await;
    stage.post(&["first"]).await;
    let attempts = attempts(&stage, 1).await;
    let wait = attempts[0].retry_at.expect("a retry") - stage.world.clock.now();
    let day = 24 * 3600 * 1000;
    assert!((day..=day * 12 / 10).contains(&wait), "{wait} ms");
    assert_eq!(attempts[0].reason, Reason::ServerError);
    beside
        .stopped(format!("tried again in {} h", wait / 3_600_000))
        .await
}

/// In every spelling that a lenient parser takes.
pub async fn follows_up_to_a_second_origin() -> Stopped {
    let hows = [
        "follows-up-to-another-origin",
        "follows-up-in-pieces",
        "follows-up-with-one-slash",
        "follows-up-with-many-slashes",
        "follows-up-by-user-info",
    ];
    let stage = Stage::new(&hows).await;
    let beside = Bystander::beside(&stage.world).await;
    stage.post(&["first"]).await;
    stage.neighbour_has(&["first"]).await;
    let mut letters = Vec::new();
    for how in hows {
        let letter = stage.world.dead_letter(how).await;
        assert_eq!(
            letter.reason,
            Reason::FollowUp,
            "{how}: {:?}",
            letter.detail
        );
        assert_eq!(
            stage.arrived(how).len(),
            1,
            "{how}: its own message and no other"
        );
        letters.push(letter);
    }
    let to_other = beside.others_dialled();
    assert!(!to_other.contains(&stage.other.address()), "{to_other:?}");
    beside.stopped(told(&letters)).await
}

/// After each answer.
pub async fn follows_up_for_ever() -> Stopped {
    let stage = Stage::new(&["follows-up-for-ever"]).await;
    let beside = Bystander::beside(&stage.world).await;
    stage.post(&["first"]).await;
    let letter = stage.world.dead_letter("follows-up-for-ever").await;
    assert_eq!(letter.reason, Reason::FollowUp, "{:?}", letter.detail);
    assert_eq!(stage.arrived("follows-up-for-ever").len(), 17);
    beside.stopped(told(&[letter])).await
}

/// Of a batch: that one is told in the host's own words, and the others as they should be.
pub async fn formatter_traps_on_one_alert() -> Stopped {
    let mut stopped = Vec::new();
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
        let beside = Bystander::beside(&world).await;
        let alerts: Vec<Value> = (0..8)
            .map(|number| {
                let fault = if number == 3 { fault } else { "none" };
                let change =
                    json!({"details": {"fault": fault}, "fingerprint": number.to_string()});
                alert("faulty", &change)
            })
            .collect();
        assert_eq!(world.post(&Value::from(alerts)).await.status, 202);
        beside.empty().await;
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
        let own = own.expect("one in the host's own words");
        assert!(own.contains("192.168.1.19"), "{fault}: {own}");
        assert!(world.dead_letters().await.is_empty());
        stopped.push(beside.stopped(format!("the host's own words: {own}")).await);
    }
    Stopped::all(stopped)
}
