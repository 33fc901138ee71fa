//! Sandbox processes that were taken over, that die, and that never come back: whoever called them is told, and
//! the bystander, whose process is another, gets all of its own.

use std::time::Duration;

use campanile::outcome::Reason;
use campanile::sandbox::Limits;
use campanile_tests::{Behaviour, World, wait_for};

use super::stage::{Stage, limits};

/// The wall time of a call; a process that hangs is given some seconds more.
fn soon() -> Limits {
    Limits {
        wall: Duration::from_secs(1),
        ..limits()
    }
}

#[tokio::test]
async fn native_answers_an_old_nonce() {
    let rows = [
        (
            "native-answers-an-old-nonce",
            "it answered what it was not asked",
        ),
        (
            "native-says-it-is-ready",
            "it answered what it was not asked",
        ),
        (
            "native-announces-four-gigabytes",
            "a frame of 4294967295 bytes",
        ),
        ("native-talks-nonsense", "the sandbox process was ended"),
    ];
    let builder = World::builder()
        .limits(limits())
        .sandbox_program("native-liar");
    let stage = Stage::with(builder, &rows.map(|(how, _)| how), Behaviour::status(200)).await;
    stage.post(&["first"]).await;
    stage.bystander_has(&["first"]).await;
    for (how, words) in rows {
        let letter = wait_for(how, || async { stage.dead(how).await.pop() }).await;
        assert_eq!(letter.reason, Reason::Poison, "{how}");
        let detail = letter.detail.unwrap_or_default();
        assert!(detail.starts_with("escape-attempt: "), "{how}: {detail}");
        assert!(detail.contains(words), "{how}: {detail}");
    }
    stage.world.wait_until_empty().await;
    assert!(stage.receiver.received().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn a_process_that_dies_twice_of_a_call_or_hangs_in_it_is_that_calls_doing() {
    let rows = [
        ("native-ends", "trap: the sandbox process ended"),
        ("native-hangs", "deadline: the sandbox process hung"),
    ];
    let builder = World::builder()
        .limits(soon())
        .sandbox_program("native-liar");
    let stage = Stage::with(builder, &rows.map(|(how, _)| how), Behaviour::status(200)).await;
    stage.post(&["first"]).await;
    stage.bystander_has(&["first"]).await;
    for (how, words) in rows {
        let letter = wait_for(how, || async { stage.dead(how).await.pop() }).await;
        let detail = letter.detail.unwrap_or_default();
        assert!(detail.starts_with(words), "{how}: {detail}");
    }
    stage.world.wait_until_empty().await;
}

/// The second answer lies in wait for the next call of that process, which finds that it is not its own.
#[tokio::test]
async fn an_answer_too_many_ends_the_process_and_harms_no_other_call() {
    let builder = World::builder()
        .limits(limits())
        .sandbox_program("native-liar");
    let hows = ["native-answers-twice", "honest"];
    let stage = Stage::with(builder, &hows, Behaviour::status(200)).await;
    for kind in ["first", "second", "third"] {
        stage.post(&[kind]).await;
        stage.world.wait_until_empty().await;
    }
    stage.bystander_has(&["first", "second", "third"]).await;
    for how in hows {
        let all = stage.arrived(how).len() + stage.dead(how).await.len();
        assert_eq!(all, 3, "{how}");
    }
    let reasons = stage.world.dead_letters().await;
    let escapes = |detail: &Option<String>| {
        detail
            .as_deref()
            .is_some_and(|detail| detail.starts_with("escape-attempt: "))
    };
    assert!(reasons.iter().all(|letter| escapes(&letter.detail)));
}
