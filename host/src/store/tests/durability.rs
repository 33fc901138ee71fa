//! What was answered lasts: over a kill at every step, and over a full disk.

use rusqlite::Connection;

use super::*;
use crate::job::State;

/// What a store that was killed holds, as counts and as what it gives out: jobs, and pending deliveries.
async fn found(home: &Home) -> (Counts, Vec<String>, Vec<String>) {
    let home = home.crashed();
    let store = home.open().await;
    let counts = store.counts().await.unwrap();
    let jobs = lease(&store, 1, 9, 10).await.jobs;
    let deliveries = store.due_deliveries(1, 10, 9, 20).await.unwrap().1;
    (
        counts,
        jobs.into_iter().map(|job| job.alert.id).collect(),
        deliveries.into_iter().map(|delivery| delivery.id).collect(),
    )
}

#[tokio::test]
async fn a_kill_at_any_step_loses_nothing() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    let counts = |queued, pending, delivered| Counts {
        alerts: 2,
        queued,
        pending,
        delivered,
        dead: 0,
    };
    let none = Vec::<String>::new;
    let both = || vec!["a".to_owned(), "b".to_owned()];
    accept(&store, 1, &[("a", "1"), ("b", "2")], 0).await;
    assert_eq!(found(&home).await, (counts(2, 0, 0), both(), none()));
    let leased = lease(&store, 1, 9, 0).await;
    assert_eq!(found(&home).await, (counts(2, 0, 0), both(), none()));
    let deliveries = vec![
        delivery("d1", 1, &leased.jobs[..1], 0),
        delivery("d2", 1, &leased.jobs[1..], 0),
    ];
    let token = store
        .begin(leased.token, deliveries, vec![], 0, 100)
        .await
        .unwrap();
    let pending = vec!["d1".to_owned(), "d2".to_owned()];
    assert_eq!(found(&home).await, (counts(0, 2, 0), none(), pending));
    let delivered = settlement("d1", over(State::Delivered, vec![Fate::Delivered]));
    store.settle(token, vec![delivered], 1).await.unwrap();
    assert_eq!(
        found(&home).await,
        (counts(0, 1, 1), none(), vec!["d2".to_owned()])
    );
    store.close().await.unwrap();
    assert_eq!(
        found(&home).await,
        (counts(0, 1, 1), none(), vec!["d2".to_owned()])
    );
}

#[tokio::test]
async fn numbers_of_jobs_grow_over_restarts() {
    let home = Home::new();
    let mut last = 0;
    for id in ["a", "b", "c"] {
        let store = store_with(&home, 1).await;
        accept(&store, 1, &[(id, id)], 0).await;
        let leased = lease(&store, 1, 9, 0).await;
        assert!(leased.jobs[0].id > last);
        last = leased.jobs[0].id;
        let stored = delivery(id, 1, &leased.jobs, 0);
        let token = store
            .begin(leased.token, vec![stored], vec![], 0, 9)
            .await
            .unwrap();
        let delivered = settlement(id, over(State::Delivered, vec![Fate::Delivered]));
        store.settle(token, vec![delivered], 1).await.unwrap();
        store.prune(KEEP_NOTHING, 100).await.unwrap();
    }
}

#[tokio::test]
async fn a_repeated_request_is_stored_once() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    let request = |token: &str, key: &str, body_hash: &str| Acceptance {
        tenant: "default".to_owned(),
        token: token.to_owned(),
        alerts: vec![(alert("a", "1"), vec![1])],
        told: Vec::new(),
        idempotency: Some(Idempotency {
            key: key.to_owned(),
            body_hash: body_hash.to_owned(),
            answer: format!("answer to {token} {key}"),
        }),
        now: 0,
    };
    let replayed = || Accepted::Replayed("answer to t k".to_owned());
    let cases = [
        (request("t", "k", "1"), Accepted::Stored, 1),
        (request("t", "k", "1"), replayed(), 1),
        (request("t", "k", "2"), Accepted::Conflict, 1),
        (request("t", "other", "1"), Accepted::Stored, 2),
        (request("other", "k", "2"), Accepted::Stored, 3),
    ];
    for (request, answer, stored) in cases {
        assert_eq!(store.accept(request).await, Ok(answer));
        assert_eq!(store.counts().await.unwrap().alerts, stored);
    }
    let home = home.crashed();
    assert_eq!(
        home.open().await.accept(request("t", "k", "1")).await,
        Ok(replayed())
    );
}

#[tokio::test]
async fn a_store_that_is_not_ours_to_use_is_refused_and_left_as_it_is() {
    let home = Home::new();
    home.open().await.close().await.unwrap();
    let conn = Connection::open(home.file()).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let newer = Store::open(home.file()).await;
    assert_eq!(
        newer.unwrap_err(),
        StoreError::Newer {
            found: 99,
            known: 6
        }
    );

    let home = Home::new();
    let conn = Connection::open(home.file()).unwrap();
    conn.execute_batch("CREATE TABLE other (x)").unwrap();
    drop(conn);
    assert_eq!(
        Store::open(home.file()).await.unwrap_err(),
        StoreError::Foreign
    );

    let home = Home::new();
    std::fs::write(home.file(), "This is no database, but a text.".repeat(100)).unwrap();
    let damaged = Store::open(home.file()).await.unwrap_err();
    assert!(matches!(damaged, StoreError::Corrupt(_)), "{damaged:?}");

    let missing = Store::open(home.0.join("no/such/folder"))
        .await
        .unwrap_err();
    assert!(matches!(missing, StoreError::Io(_)), "{missing:?}");
}

#[tokio::test]
async fn one_process_has_a_store_at_a_time() {
    let home = Home::new();
    let first = home.open().await;
    assert_eq!(
        Store::open(home.file()).await.unwrap_err(),
        StoreError::InUse(Some(std::process::id()))
    );
    let other = first.clone();
    first.close().await.unwrap();
    assert_eq!(other.counts().await, Err(StoreError::Closed));
    assert_eq!(other.release(1).await, Err(StoreError::Closed));
    assert_eq!(other.trouble(), Some(StoreError::Closed));
    drop(home.open().await);
    drop(home.open().await);
}

#[tokio::test]
async fn an_alert_that_cannot_be_read_any_more_becomes_a_dead_letter_and_blocks_nothing() {
    for damage in [
        "document = '{'",
        "document = CAST(x'ff' AS TEXT)",
        "document = CAST(CAST(replace(document, 'notice', 'n') AS BLOB) || x'ff' AS TEXT)",
        "accepted_at = -1",
    ] {
        let home = Home::new();
        let store = store_with(&home, 1).await;
        accept(&store, 1, &[("a", "1"), ("b", "1"), ("c", "2")], 0).await;
        let conn = Connection::open(home.file()).unwrap();
        conn.execute(&format!("UPDATE alert SET {damage} WHERE id = 'a'"), [])
            .unwrap();
        let leased = lease(&store, 1, 9, 5).await;
        assert_eq!(ids(&leased.jobs), ["c"], "{damage}");
        assert_eq!(ids(&lease(&store, 1, 9, 5).await.jobs), ["b"], "{damage}");
        let stored = delivery("d1", 1, &leased.jobs, 5);
        let begun = store.begin(leased.token, vec![stored], vec![], 5, 9).await;
        assert!(begun.is_ok(), "{damage}");
        let filter = DeadLetterFilter {
            limit: 9,
            ..Default::default()
        };
        let letters = store.dead_letters(filter).await.unwrap();
        assert_eq!(letters.len(), 1, "{damage}");
        let first = (letters[0].alert.as_str(), letters[0].reason);
        assert_eq!(first, ("a", Reason::Poison), "{damage}");
        assert_eq!(store.trouble(), None, "{damage}");
    }
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_any_more_is_given_up_alone_and_its_jobs_are_shown() {
    let damages = [
        "UPDATE content SET messages = '{' WHERE delivery = 1",
        "UPDATE content SET jobs = '[' WHERE delivery = 1",
        "UPDATE content SET messages = CAST(x'ff' AS TEXT) WHERE delivery = 1",
        "UPDATE content SET jobs = CAST(x'ff' AS TEXT) WHERE delivery = 1",
        "UPDATE delivery SET due = -1 WHERE seq = 1",
        "UPDATE delivery SET attempts = 1 << 40 WHERE seq = 1",
        "DELETE FROM content WHERE delivery = 1",
        "UPDATE content SET jobs = replace(jobs, '\"job\":', '\"job\":9') WHERE delivery = 1",
    ];
    for damage in damages {
        let home = Home::new();
        let store = store_with(&home, 1).await;
        accept(&store, 1, &[("a", "1"), ("b", "2"), ("c", "1")], 0).await;
        let leased = lease(&store, 1, 9, 0).await;
        let deliveries = vec![
            delivery("d1", 1, &leased.jobs[..1], 0),
            delivery("d2", 1, &leased.jobs[1..], 0),
        ];
        let begun = store.begin(leased.token, deliveries, vec![], 0, 100);
        let token = begun.await.unwrap();
        store.release(token).await.unwrap();
        let conn = Connection::open(home.file()).unwrap();
        conn.execute(damage, []).unwrap();
        assert_eq!(
            store.due_recipients(5).await.unwrap().recipients,
            [1],
            "{damage}"
        );
        let (_, due) = store.due_deliveries(1, 5, 9, 100).await.unwrap();
        assert_eq!(due.len(), 1, "{damage}");
        assert_eq!(due[0].id, "d2");
        let filter = DeadLetterFilter {
            limit: 9,
            ..Default::default()
        };
        let letters = store.dead_letters(filter).await.unwrap();
        assert_eq!(letters.len(), 1, "{damage}");
        let first = (letters[0].alert.as_str(), letters[0].reason);
        assert_eq!(first, ("a", Reason::Poison));
        assert_eq!(ids(&lease(&store, 1, 9, 5).await.jobs), ["c"]);
        assert_eq!(store.trouble(), None);
    }
}
