//! The program twice, with two values of every secret: all that anybody sees but the destinations is the
//! same, to the byte.

mod scene;
mod seen;

use std::collections::BTreeMap;

use campanile_tests::{Variant, World, wait_for};

use seen::Seen;

#[tokio::test]
async fn no_output_but_the_destinations_depends_on_a_secret() {
    let first = scene::played(Variant::First).await;
    let second = scene::played(Variant::Second).await;
    assert!(first.outputs.len() > 40, "{:?}", first.outputs.keys());
    let differing = differences(&first.outputs, &second.outputs);
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));

    // The same comparison finds what does depend on them, be it no more than their lengths.
    for (destination, bytes) in &first.sent {
        assert_ne!(second.sent.get(destination), Some(bytes), "{destination}");
    }
    let lengths = |sent: &BTreeMap<String, Vec<u8>>| {
        let line = |(name, bytes): (&String, &Vec<u8>)| format!("{name} got {} bytes", bytes.len());
        let mut seen = Seen::default();
        seen.add(
            "what a leak might be",
            &sent.iter().map(line).collect::<Vec<_>>().join("\n"),
        );
        seen.into_outputs()
    };
    let leaked = differences(&lengths(&first.sent), &lengths(&second.sent));
    assert_eq!(leaked.len(), 1);
}

/// What two runs saw differently, in words.
fn differences(
    one: &BTreeMap<String, Vec<String>>,
    other: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let mut names: Vec<_> = one.keys().chain(other.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let none = Vec::new();
    let compared = names.into_iter().filter_map(|name| {
        let (one, other) = (
            one.get(name).unwrap_or(&none),
            other.get(name).unwrap_or(&none),
        );
        let without = |lines: &[String], others: &[String]| {
            let missing = lines.iter().filter(|line| !others.contains(line)).take(5);
            missing.cloned().collect::<Vec<_>>().join("\n   ")
        };
        (one != other).then(|| {
            format!(
                "{name} ({} and {} lines)\n - {}\n + {}",
                one.len(),
                other.len(),
                without(one, other),
                without(other, one)
            )
        })
    });
    compared.collect()
}

/// Waits until everything that is due was tried, and its outcome is noted.
async fn settled(world: &World) {
    // Leases end so long from when they were taken: while alerts are built, and while they are sent.
    let leases = [60_000, 365 * 24 * 3600 * 1000];
    wait_for("everything to be settled", || async {
        let now = world.clock.now();
        let due = world.app.store.due_recipients(now).await.expect("due");
        let in_hands = due.next.is_some_and(|next| leases.contains(&(next - now)));
        (due.recipients.is_empty() && !in_hands).then_some(())
    })
    .await;
}
