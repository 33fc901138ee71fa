//! Sandbox processes that were taken over, that die, and that never come back: whoever called them is told, and
//! the bystander, whose process is another, gets all of its own.

use std::time::Duration;

use campanile::sandbox::Limits;
use campanile_tests::hostile::LIAR;
use campanile_tests::hostile::native::blamed;
use campanile_tests::hostile::stage::{Stage, limits};
use campanile_tests::{Behaviour, Receiver, World, alert};
use serde_json::json;

/// The wall time of a call; a process that hangs is given some seconds more.
fn soon() -> Limits {
    Limits {
        wall: Duration::from_secs(1),
        ..limits()
    }
}

#[tokio::test]
async fn a_process_that_dies_twice_of_a_call_or_hangs_in_it_is_that_calls_doing() {
    let rows = [
        ("native-ends", "trap: the sandbox process ended"),
        ("native-hangs", "deadline: the sandbox process hung"),
    ];
    blamed(soon(), &rows).await.beside.unharmed();
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
    stage.neighbour_has(&kinds).await;
    let (arrived, dead) = (stage.arrived(how), stage.dead(how).await);
    for kind in kinds {
        let arrived = arrived.iter().any(|body| body == kind);
        let dead = dead.iter().any(|letter| letter.kind == kind);
        assert!(arrived || dead, "{kind}");
    }
}

/// A thread that ran before the lock-down is not held by it.
#[tokio::test]
async fn where_the_lock_down_is_not_whole_only_vouched_components_run_and_readiness_says_why() {
    let receiver = Receiver::ok().await;
    let world = World::builder()
        .sandbox_program("crowded")
        .webhook(&receiver)
        .start()
        .await;
    let refused = world.app.install(LIAR.to_vec()).await;
    let said = refused.expect_err("nobody vouches for it").to_string();
    let why = "other threads ran before the lock-down";
    assert!(
        said.starts_with("nobody vouches for the component") && said.contains(why),
        "{said}"
    );
    let ready = reqwest::get(world.url("/readyz")).await.expect("an answer");
    let ready = ready.text().await.expect("its text");
    let line = format!("only components that are vouched for run here: {why} (alone)");
    assert!(ready.lines().any(|said| said == line), "{ready}");
    assert_eq!(world.post(&alert("first", &json!({}))).await.status, 202);
    receiver.wait_for(1).await;
}
