//! What a component makes of a response is judged too.

use std::time::Duration;

use campanile::outcome::Reason;
use campanile_tests::{Behaviour, wait_for};

use campanile_tests::hostile::stage::Stage;

/// The attempts of the liars, without the bystander's.
async fn attempts(stage: &Stage, count: usize) -> Vec<campanile::job::Attempt> {
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

#[tokio::test]
async fn a_pause_of_136_years_is_a_day_and_its_own_endpoints() {
    let hows = ["pauses-for-136-years", "honest"];
    let stage = Stage::held(&hows, Behaviour::status(200)).await;
    stage.post(&["first"]).await;
    stage.receiver.wait_for(2).await;
    wait_for("both to be settled", || async {
        let counts = stage.world.app.store.counts().await.expect("counts");
        (counts.pending == 0 && counts.queued == 0).then_some(())
    })
    .await;
    stage.post(&["second"]).await;
    stage.receiver.wait_for(3).await;
    stage.neighbour_has(&["first", "second"]).await;
    assert_eq!(stage.arrived("honest"), ["first", "second"]);
    assert_eq!(stage.arrived("pauses-for-136-years"), ["first"]);
    stage.world.advance(Duration::from_secs(24 * 3600));
    stage.receiver.wait_for(4).await;
    assert_eq!(stage.arrived("pauses-for-136-years"), ["first", "second"]);
}

#[tokio::test]
async fn verdicts_that_cannot_be_are_refused_by_name_and_their_alerts_stay() {
    let rows = [
        ("follows-up-with-a-long-tag", Reason::AnswerTooLarge),
        (
            "speaks-for-an-alert-that-it-does-not-carry",
            Reason::UnknownAlert,
        ),
        ("speaks-twice-of-one-alert", Reason::Contradiction),
        ("leaves-a-receipt-for-another", Reason::UnknownAlert),
        ("leaves-a-receipt-of-two-kilobytes", Reason::AnswerTooLarge),
        ("renames-the-url", Reason::InvalidParameters),
        ("renames-a-secret", Reason::InvalidParameters),
        ("renames-what-is-not-there", Reason::InvalidParameters),
    ];
    let hows = rows.map(|(how, _)| how);
    let stage = Stage::new(&hows).await;
    stage.post(&["first"]).await;
    stage.neighbour_has(&["first"]).await;
    for (how, reason) in rows {
        let letter = wait_for(how, || async { stage.dead(how).await.pop() }).await;
        assert_eq!(letter.reason, reason, "{how}: {:?}", letter.detail);
        assert_eq!(
            stage.arrived(how).len(),
            1,
            "{how}: its own message and no other"
        );
    }
    stage.world.wait_until_empty().await;
    assert!(
        stage.other.received().is_empty(),
        "{:?}",
        stage.other.received()
    );
}

#[tokio::test]
async fn a_follow_up_is_sent_like_any_other_message() {
    let stage = Stage::new(&["follows-up-once"]).await;
    stage.post(&["first"]).await;
    stage.world.wait_until_empty().await;
    assert_eq!(stage.arrived("follows-up-once"), ["first", "more"]);
    assert!(stage.dead("follows-up-once").await.is_empty());
}

#[tokio::test]
async fn a_response_that_cannot_be_read_may_have_arrived_and_is_tried_again() {
    let hows = ["traps-on-the-response", "spins-on-the-response"];
    let stage = Stage::held(&hows, Behaviour::status(200)).await;
    stage.post(&["first"]).await;
    let attempts = attempts(&stage, 2).await;
    for attempt in &attempts {
        assert_eq!(
            (attempt.reason, attempt.status),
            (Reason::UnreadResponse, Some(200))
        );
        assert!(attempt.retry_at.is_some(), "{attempt:?}");
    }
    let details: String = attempts
        .iter()
        .filter_map(|attempt| attempt.detail.clone())
        .collect();
    assert!(
        details.contains("trap: ") && details.contains("deadline: "),
        "{details}"
    );
    stage.neighbour_has(&["first"]).await;
    stage.settled().await;
    let counts = stage.world.app.store.counts().await.expect("counts");
    assert_eq!((counts.pending, counts.dead), (2, 0), "both alerts stay");
}

#[tokio::test]
async fn a_restart_for_ever_ends_with_the_schedule() {
    let stage = Stage::held(&["restarts-for-ever"], Behaviour::status(200)).await;
    stage.post(&["first"]).await;
    let mut steps = 0;
    let letter = loop {
        stage.settled().await;
        if let Some(letter) = stage.dead("restarts-for-ever").await.pop() {
            break letter;
        }
        steps += 1;
        assert!(steps < 60, "it never ends");
        stage.world.advance(Duration::from_secs(5 * 3600));
    };
    assert_eq!(letter.reason, Reason::Expired);
    let sent = stage.arrived("restarts-for-ever").len();
    assert!((20..=40).contains(&sent), "{sent} requests in three days");
    stage.neighbour_has(&["first"]).await;
}

#[tokio::test]
async fn a_reason_of_two_kilobytes_is_cut_and_the_alert_is_delivered() {
    let stage = Stage::new(&["gives-a-reason-of-two-kilobytes"]).await;
    stage.post(&["first"]).await;
    let attempts = attempts(&stage, 1).await;
    assert_eq!(attempts[0].reason, Reason::Accepted);
    assert_eq!(attempts[0].detail.as_ref().map(String::len), Some(1024));
}
