//! The program twice, with two values of every secret: all that anybody sees but the destinations is the same, to
//! the byte. What a destination answers is its own; here that depends on a secret only where it repeats one.

mod looks;
mod scene;
mod seen;
mod stage;
mod values;

use seen::{Outputs, differences};
use stage::{HALF, LEAK, Stage};
use values::Variant;

#[tokio::test]
async fn no_output_but_the_destinations_depends_on_a_secret() {
    let stage = Stage::start().await;
    let first = scene::played(&stage, Variant::First).await;
    let second = scene::played(&stage, Variant::Second).await;
    assert!(first.outputs.len() > 200, "{:?}", first.outputs.keys());
    for (destination, bytes) in &first.sent {
        assert_ne!(second.sent[destination], *bytes, "{destination}");
    }

    let [(first, half), (second, other_half)] = [first, second].map(|run| leaking(run.outputs));
    let differing = differences(&first, &second);
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));

    // One component reads a response in which half a secret shows: that is seen wherever it tells of it.
    let leaked = differences(&half, &other_half).join("\n");
    for what in [
        "what half-",
        "/api/v1/deliveries/",
        "log",
        "table attempt",
        "table receipt",
        "table content",
    ] {
        assert!(leaked.contains(what), "{what} is not in {leaked}");
    }
}

/// What has nothing to do with the half of a secret that a destination gave away, and what has.
fn leaking(outputs: Outputs) -> (Outputs, Outputs) {
    let (half, mut others): (Outputs, Outputs) = outputs
        .into_iter()
        .partition(|(what, _)| what.contains(LEAK));
    let mut leaked = half;
    for (what, lines) in &mut others {
        let half = lines.extract_if(.., |line| line.contains(HALF)).collect();
        leaked.insert(what.clone(), half);
    }
    (others, leaked)
}
