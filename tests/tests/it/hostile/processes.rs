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

/// Each of these lies makes one dead letter, which says so in words like these; nothing of theirs is sent, and the
/// bystander gets its alert.
async fn blamed(limits: Limits, rows: &[(&str, &str)]) {
    let hows: Vec<_> = rows.iter().map(|(how, _)| *how).collect();
    let builder = World::builder()
        .limits(limits)
        .sandbox_program("native-liar");
    let stage = Stage::with(builder, &hows, Behaviour::status(200)).await;
    stage.post(&["first"]).await;
    stage.bystander_has(&["first"]).await;
    for (how, words) in rows {
        let letter = wait_for(how, || async { stage.dead(how).await.pop() }).await;
        assert_eq!(letter.reason, Reason::Poison, "{how}");
        let detail = letter.detail.unwrap_or_default();
        assert!(detail.starts_with(words), "{how}: {detail}");
    }
    stage.world.wait_until_empty().await;
    assert!(stage.receiver.received().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn native_answers_an_old_nonce() {
    let ended = "escape-attempt: the sandbox process was ended: ";
    let unasked = format!("{ended}it answered what it was not asked");
    let rows = [
        ("native-answers-an-old-nonce", &*unasked),
        ("native-says-it-is-ready", &unasked),
        (
            "native-announces-four-gigabytes",
            &format!("{ended}a frame of 4294967295 bytes"),
        ),
        ("native-talks-nonsense", ended),
    ];
    blamed(limits(), &rows).await;
}

#[tokio::test]
async fn a_process_that_dies_twice_of_a_call_or_hangs_in_it_is_that_calls_doing() {
    let rows = [
        ("native-ends", "trap: the sandbox process ended"),
        ("native-hangs", "deadline: the sandbox process hung"),
    ];
    blamed(soon(), &rows).await;
}

/// The second answer lies in wait for the next call of that process: it is thrown away with the process, or found
/// not to be that call's own.
#[tokio::test]
async fn an_answer_too_many_is_nobodys_and_ends_the_process() {
    let builder = World::builder()
        .limits(limits())
        .sandbox_program("native-liar");
    let how = "native-answers-twice";
    let stage = Stage::with(builder, &[how], Behaviour::status(200)).await;
    let kinds = ["first", "second", "third"];
    for kind in kinds {
        stage.post(&[kind]).await;
        stage.world.wait_until_empty().await;
    }
    stage.bystander_has(&kinds).await;
    let (arrived, dead) = (stage.arrived(how), stage.dead(how).await);
    for kind in kinds {
        let arrived = arrived.iter().any(|body| body == kind);
        let dead = dead.iter().any(|letter| letter.kind == kind);
        assert!(arrived || dead, "{kind}");
    }
}
