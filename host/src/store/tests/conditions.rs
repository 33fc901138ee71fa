//! What is known of conditions that hold.

use super::keep::REMEMBERED;
use super::*;

fn holds(fingerprint: &str, started_at: Millis, content: &str) -> Told {
    let content = content.to_owned();
    Told::Holds(
        fingerprint.to_owned(),
        Condition {
            started_at,
            content,
        },
    )
}

fn ended(fingerprint: &str) -> Told {
    Told::Ended(fingerprint.to_owned())
}

async fn tell(store: &Store, key: &str, told: Vec<Told>, now: Millis) -> Accepted {
    let acceptance = Acceptance {
        tenant: "default".to_owned(),
        token: "token".to_owned(),
        alerts: Vec::new(),
        told,
        idempotency: Some(Idempotency {
            key: key.to_owned(),
            body_hash: String::new(),
            answer: String::new(),
        }),
        now,
    };
    store.accept(acceptance).await.unwrap()
}

/// The fingerprints and contents of these conditions that hold.
async fn known(store: &Store, fingerprints: &[&str]) -> Vec<(String, Millis, String)> {
    let fingerprints = fingerprints.iter().map(|text| (*text).to_owned());
    let mut known: Vec<_> = store
        .conditions(fingerprints.collect())
        .await
        .unwrap()
        .into_iter()
        .map(|(fingerprint, it)| (fingerprint, it.started_at, it.content))
        .collect();
    known.sort();
    known
}

#[tokio::test]
async fn a_condition_is_known_as_it_was_last_told_until_it_ends() {
    let home = Home::new();
    let store = home.open().await;
    let row = |print: &str, at, content: &str| (print.to_owned(), at, content.to_owned());
    tell(
        &store,
        "1",
        vec![holds("a", 1, "x"), holds("b", 2, "x")],
        10,
    )
    .await;
    assert_eq!(
        known(&store, &["a", "b", "c"]).await,
        [row("a", 1, "x"), row("b", 2, "x")]
    );
    assert_eq!(known(&store, &["b"]).await, [row("b", 2, "x")]);
    assert_eq!(known(&store, &[]).await, []);
    tell(
        &store,
        "2",
        vec![holds("a", 3, "y"), ended("b"), ended("c")],
        20,
    )
    .await;
    assert_eq!(known(&store, &["a", "b"]).await, [row("a", 3, "y")]);
    // In its order, and not again where the request is a repeated one.
    tell(&store, "3", vec![ended("a"), holds("a", 4, "z")], 30).await;
    let again = tell(&store, "3", vec![ended("a")], 40).await;
    assert!(matches!(again, Accepted::Replayed(_)), "{again:?}");
    let home = home.crashed();
    assert_eq!(known(&home.open().await, &["a"]).await, [row("a", 4, "z")]);
}

#[tokio::test]
async fn what_nobody_tells_any_more_is_forgotten_but_not_as_soon_as_history() {
    let home = Home::new();
    let store = home.open().await;
    tell(
        &store,
        "1",
        vec![holds("old", 1, "x"), holds("kept", 1, "x")],
        10,
    )
    .await;
    tell(&store, "2", vec![holds("kept", 1, "x")], 20).await;
    let pruned = async |now| store.prune(KEEP_NOTHING, now).await.unwrap().rows;
    assert_eq!(pruned(REMEMBERED + 10).await, 0);
    let rows = pruned(REMEMBERED + 20).await;
    assert_eq!(rows, 2, "the first key, and what was told by it alone");
    let known = known(&store, &["old", "kept"]).await;
    assert_eq!(known.len(), 1, "{known:?}");
    assert_eq!(known[0].0, "kept");
}
