//! What is over is forgotten by age and size; what is needed never is.

use super::keep::REMEMBERED;
use super::*;
use crate::job::State;

/// Has a job of its own for each alert delivered at `now`, each in a delivery of its own.
pub(crate) async fn deliver(store: &Store, names: &[&str], now: Millis) {
    let alerts: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
    accept(store, 1, &alerts, now).await;
    let leased = lease(store, 1, 1_000, now).await;
    let deliveries = leased
        .jobs
        .iter()
        .map(|job| delivery(&job.alert.id, 1, std::slice::from_ref(job), now))
        .collect();
    let token = store
        .begin(leased.token, deliveries, vec![], now, now + 100)
        .await
        .unwrap();
    let delivered = |name: &&str| settlement(name, over(State::Delivered, vec![Fate::Delivered]));
    let settlements: Vec<_> = names.iter().map(delivered).collect();
    store.settle(token, settlements, now).await.unwrap();
}

/// Has a job for each alert die at `now`.
async fn kill(store: &Store, names: &[&str], now: Millis) {
    let alerts: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
    accept(store, 1, &alerts, now).await;
    let leased = lease(store, 1, 1_000, now).await;
    let dead = |job| unsent(job, Fate::Dead(Reason::Refused, None));
    let dead = leased.jobs.iter().map(dead).collect();
    let begun = store.begin(leased.token, vec![], dead, now, now).await;
    begun.unwrap();
}

/// All steps that there are; rows that went.
async fn prune(store: &Store, keep: Keep, now: Millis) -> u64 {
    let mut rows = 0;
    loop {
        let step = store.prune(keep, now).await.unwrap();
        rows += step.rows;
        if !step.more {
            return rows;
        }
    }
}

async fn dead(store: &Store) -> Vec<String> {
    let filter = DeadLetterFilter {
        limit: PAGE,
        ..Default::default()
    };
    let letters = store.dead_letters(filter).await.unwrap();
    letters.into_iter().map(|letter| letter.alert).collect()
}

async fn delivered(store: &Store) -> Vec<String> {
    let filter = DeliveryFilter {
        limit: PAGE,
        ..Default::default()
    };
    let found = store.deliveries(filter).await.unwrap();
    found.into_iter().map(|delivery| delivery.id).collect()
}

#[tokio::test]
async fn what_is_old_and_over_is_forgotten_and_what_is_needed_is_not() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    accept(&store, 1, &[("a", "1"), ("b", "2"), ("c", "3")], 10).await;
    let leased = lease(&store, 1, 2, 10).await;
    let stored = delivery("d1", 1, &leased.jobs[..1], 10);
    let dead_one = unsent(&leased.jobs[1], Fate::Dead(Reason::Refused, None));
    let token = store
        .begin(leased.token, vec![stored], vec![dead_one], 10, 100)
        .await
        .unwrap();
    assert_eq!(prune(&store, KEEP_NOTHING, 11).await, 0);
    let over = settlement("d1", over(State::Delivered, vec![Fate::Delivered]));
    store.settle(token, vec![over], 11).await.unwrap();
    assert_eq!(prune(&store, KEEP_NOTHING, 10).await, 0);
    assert_eq!(prune(&store, KEEP_NOTHING, 11).await, 2);
    assert_eq!(prune(&store, KEEP_NOTHING, 11).await, 0);
    assert_eq!(store.delivery("d1").await, Ok(None));
    assert_eq!(dead(&store).await, ["b"]);
    assert_eq!(ids(&lease(&store, 1, 9, 11).await.jobs), ["c"]);
}

#[tokio::test]
async fn dead_letters_have_an_age_of_their_own() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    kill(&store, &["old"], 10).await;
    deliver(&store, &["sent"], 10).await;
    kill(&store, &["young"], 20).await;
    let keep = Keep {
        history: 50,
        dead_letters: 100,
        bytes: u64::MAX,
    };
    assert_eq!(prune(&store, keep, 60).await, 0);
    // The delivery and its alert; then the dead letter with its own.
    assert_eq!(prune(&store, keep, 61).await, 2);
    assert_eq!(dead(&store).await, ["young", "old"]);
    assert_eq!(prune(&store, keep, 110).await, 0);
    assert_eq!(prune(&store, keep, 111).await, 2);
    assert_eq!(dead(&store).await, ["young"]);
    let letters = Redrive::Matching(DeadLetterFilter {
        limit: 9,
        ..Default::default()
    });
    assert_eq!(store.redrive(letters).await, Ok(1));
    assert_eq!(ids(&lease(&store, 1, 9, 111).await.jobs), ["young"]);
}

#[tokio::test]
async fn beyond_its_size_history_goes_before_its_time_and_nothing_else_does() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    kill(&store, &["dead"], 10).await;
    for (number, name) in (11..).zip(["one", "two", "three"]) {
        deliver(&store, &[name], number).await;
    }
    accept(&store, 1, &[("queued", "q")], 20).await;
    let keep = |bytes| Keep {
        history: 1_000,
        dead_letters: 1_000,
        bytes,
    };
    assert_eq!(prune(&store, keep(1 << 30), 30).await, 0);
    assert_eq!(prune(&store, keep(0), 30).await, 6);
    assert_eq!(delivered(&store).await, [""; 0]);
    assert_eq!(dead(&store).await, ["dead"]);
    assert_eq!(ids(&lease(&store, 1, 9, 30).await.jobs), ["queued"]);
}

#[tokio::test]
async fn what_stays_whatever_its_size_is_known_about() {
    let home = Home::fast();
    let store = store_with(&home, 1).await;
    let used = || Aside::open(&home.file()).unwrap().used().unwrap();
    let at_first = (used(), store.needed(0).await.unwrap());
    let names: Vec<_> = (0..3_000).map(|number| format!("n{number}")).collect();
    let alerts: Vec<_> = names.iter().map(|name| (&**name, &**name)).collect();
    accept(&store, 1, &alerts[..1_000], 10).await;
    let jobs = lease(&store, 1, 1_000, 10).await;
    let deliveries = jobs.jobs.chunks(10).enumerate();
    let deliveries = deliveries.map(|(at, jobs)| delivery(&at.to_string(), 1, jobs, 10));
    let begun = store.begin(jobs.token, deliveries.collect(), vec![], 10, 100);
    begun.await.unwrap();
    accept(&store, 1, &alerts[1_000..], 10).await;
    let used_now = used();
    assert_eq!(store.needed(used_now).await, Ok(0));
    let needed = store.needed(used_now - 1).await.unwrap() - at_first.1;
    let used = used_now - at_first.0;
    assert!(
        (used * 3 / 4..used * 3 / 2).contains(&needed),
        "{needed} of {used}"
    );
}

#[tokio::test]
async fn a_step_is_small_and_the_next_one_goes_on_where_it_ended() {
    const ALERTS: usize = 450;
    let home = Home::new();
    let store = store_with(&home, 1).await;
    let names: Vec<_> = (0..ALERTS).map(|number| format!("n{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    kill(&store, &names, 10).await;
    deliver(&store, &["sent"], 10).await;
    let all = Keep {
        dead_letters: 0,
        ..KEEP_NOTHING
    };
    let step = store.prune(all, 11).await.unwrap();
    // As many dead letters, and of the alerts at most so many.
    assert!(step.more && step.rows <= 401, "{step:?}");
    assert_eq!(dead(&store).await.len(), ALERTS - 200);
    // Meanwhile all else goes on.
    accept(&store, 1, &[("new", "new")], 11).await;
    prune(&store, all, 11).await;
    prune(&store, all, 11).await;
    assert_eq!(dead(&store).await, [""; 0]);
    assert_eq!(ids(&lease(&store, 1, 9, 11).await.jobs), ["new"]);
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_while_keeps_nothing_from_being_forgotten() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    deliver(&store, &["ahead"], 1_000_000).await;
    deliver(&store, &["right"], 10).await;
    assert_eq!(prune(&store, KEEP_NOTHING, 20).await, 2);
    assert_eq!(delivered(&store).await, ["ahead"]);
    assert_eq!(prune(&store, KEEP_NOTHING, 1_000_001).await, 2);
}

#[tokio::test]
async fn a_receipt_is_forgotten_when_its_condition_does_not_hold_and_no_job_waits_for_it() {
    let holds = |fingerprint: &str| Acceptance {
        tenant: "default".to_owned(),
        token: "token".to_owned(),
        alerts: Vec::new(),
        told: vec![Told::Holds(
            fingerprint.to_owned(),
            Condition {
                started_at: 0,
                content: String::new(),
            },
        )],
        idempotency: None,
        now: REMEMBERED,
    };
    // What is there beside a receipt: a fingerprint whose condition was told, a recipient and a fingerprint of
    // a job, and whether the receipt is needed.
    let rows = [
        (None, None, false),
        (Some("print"), None, true),
        (Some("other"), None, false),
        (None, Some((1, "print")), true),
        (None, Some((1, "other")), false),
        (None, Some((2, "print")), false),
    ];
    for (told, job, needed) in rows {
        let home = Home::new();
        let store = store_with(&home, 2).await;
        accept(&store, 1, &[("a", "print")], 10).await;
        let leased = lease(&store, 1, 1, 10).await;
        let stored = delivery("d1", 1, &leased.jobs, 10);
        let begun = store.begin(leased.token, vec![stored], vec![], 10, 100);
        let token = begun.await.unwrap();
        let sent = Settlement {
            receipts: vec![("print".to_owned(), Some("message 7".to_owned()))],
            ..settlement("d1", over(State::Delivered, vec![Fate::Delivered]))
        };
        store.settle(token, vec![sent], 10).await.unwrap();
        if let Some(fingerprint) = told {
            store.accept(holds(fingerprint)).await.unwrap();
        }
        if let Some((recipient, fingerprint)) = job {
            accept(&store, recipient, &[("b", fingerprint)], 10).await;
        }
        let case = format!("{told:?} {job:?}");
        prune(&store, KEEP_NOTHING, REMEMBERED + 10).await;
        let went = prune(&store, KEEP_NOTHING, REMEMBERED + 11).await;
        assert_eq!(went, u64::from(!needed), "{case}");
        accept(&store, 1, &[("c", "print")], 20).await;
        let jobs = lease(&store, 1, 9, 20).await.jobs;
        let first = jobs.iter().find(|job| job.alert.fingerprint == "print");
        let receipt = first.and_then(|job| job.receipt.as_deref());
        assert_eq!(receipt, needed.then_some("message 7"), "{case}");
    }
}
