//! The rules of the queue.

use campanile_contract::params::Param;

use super::*;
use crate::job::{JobId, State};

fn queued(due: Millis, batch: Option<u64>) -> Fate {
    Fate::Queued { due, batch }
}

#[tokio::test]
async fn a_lease_gives_out_what_the_rules_allow() {
    // Alerts as id and fingerprint, the most to give out, and what is given out by one lease and the next.
    type Case = (
        &'static [(&'static str, &'static str)],
        u32,
        &'static [&'static str],
        &'static [&'static str],
    );
    let cases: &[Case] = &[
        (&[], 9, &[], &[]),
        (&[("a", "1")], 0, &[], &[]),
        (
            &[("a", "1"), ("b", "2"), ("c", "3")],
            9,
            &["a", "b", "c"],
            &[],
        ),
        (
            &[("a", "1"), ("b", "2"), ("c", "3")],
            2,
            &["a", "b"],
            &["c"],
        ),
        (&[("a", "1"), ("b", "1"), ("c", "1")], 9, &["a"], &[]),
        (&[("a", "1"), ("b", "1"), ("c", "2")], 9, &["a", "c"], &[]),
        (&[("a", "1"), ("b", "1"), ("c", "2")], 1, &["a"], &["c"]),
    ];
    for (alerts, max, first, second) in cases {
        let home = Home::new();
        let store = store_with(&home, 2).await;
        accept(&store, 1, alerts, 10).await;
        assert_eq!(ids(&lease(&store, 2, *max, 10).await.jobs), [""; 0]);
        assert_eq!(ids(&lease(&store, 1, *max, 10).await.jobs), *first);
        assert_eq!(ids(&lease(&store, 1, *max, 10).await.jobs), *second);
    }
}

#[tokio::test]
async fn a_later_alert_of_a_fingerprint_waits_until_the_earlier_one_is_over() {
    let home = Home::new();
    let store = store_with(&home, 2).await;
    accept(
        &store,
        1,
        &[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")],
        0,
    )
    .await;
    accept(&store, 2, &[("e", "1")], 0).await;
    assert_eq!(ids(&lease(&store, 2, 9, 0).await.jobs), ["e"]);

    let first = lease(&store, 1, 9, 0).await;
    let due = queued(50, None);
    let again = vec![unsent(&first.jobs[0], due)];
    assert_eq!(store.begin(first.token, vec![], again, 0, 9).await, Ok(0));
    assert_eq!(ids(&lease(&store, 1, 9, 49).await.jobs), [""; 0]);
    let second = lease(&store, 1, 9, 50).await;
    assert_eq!(ids(&second.jobs), ["a"]);
    assert_eq!(second.jobs[0].given, 1);

    let stored = delivery("d1", 1, &second.jobs, 50);
    let token = store
        .begin(second.token, vec![stored], vec![], 50, 90)
        .await
        .unwrap();
    assert_eq!(ids(&lease(&store, 1, 9, 60).await.jobs), [""; 0]);
    let delivered = settlement("d1", over(State::Delivered, vec![Fate::Delivered]));
    assert_eq!(store.settle(token, vec![delivered], 60).await, Ok(vec![]));
    let third = lease(&store, 1, 9, 60).await;
    assert_eq!(ids(&third.jobs), ["b"]);

    let dead = unsent(&third.jobs[0], Fate::Dead(Reason::Refused, None));
    assert_eq!(
        store.begin(third.token, vec![], vec![dead], 60, 90).await,
        Ok(0)
    );
    assert_eq!(ids(&lease(&store, 1, 9, 60).await.jobs), ["c"]);
}

#[tokio::test]
async fn a_lease_ends_by_time_and_then_finishes_nothing() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    accept(&store, 1, &[("a", "1")], 0).await;
    let old = store.lease(1, 9, 0, 100).await.unwrap();
    assert_eq!(
        store.due_recipients(99).await.unwrap(),
        Due {
            recipients: vec![],
            next: Some(100)
        }
    );
    assert_eq!(ids(&lease(&store, 1, 9, 99).await.jobs), [""; 0]);
    let new = store.lease(1, 9, 100, 200).await.unwrap();
    assert_eq!(ids(&new.jobs), ["a"]);
    assert!(new.token > old.token);

    let stored = delivery("d1", 1, &old.jobs, 0);
    let fenced = store
        .begin(old.token, vec![stored.clone()], vec![], 100, 200)
        .await;
    assert_eq!(fenced, Err(StoreError::Fenced));
    assert_eq!(store.release(old.token).await, Ok(()));
    assert_eq!(ids(&lease(&store, 1, 9, 100).await.jobs), [""; 0]);

    let first = store
        .begin(new.token, vec![stored], vec![], 100, 200)
        .await
        .unwrap();
    assert_eq!(store.due_deliveries(1, 199, 9, 300).await, Ok((0, vec![])));
    let (second, again) = store.due_deliveries(1, 200, 9, 300).await.unwrap();
    assert_eq!(again.len(), 1);
    let late = settlement("d1", over(State::Delivered, vec![Fate::Delivered]));
    assert_eq!(
        store.settle(first, vec![late.clone()], 200).await,
        Ok(vec!["d1".to_owned()])
    );
    assert_eq!(store.counts().await.unwrap().delivered, 0);
    assert_eq!(
        store.settle(second, vec![late.clone()], 200).await,
        Ok(vec![])
    );
    assert_eq!(
        store.settle(second, vec![late], 200).await,
        Ok(vec!["d1".to_owned()])
    );
    assert_eq!(store.counts().await.unwrap().delivered, 1);
}

#[tokio::test]
async fn what_is_released_or_not_named_is_given_out_again_at_once() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    accept(&store, 1, &[("a", "1"), ("b", "2")], 0).await;
    let first = lease(&store, 1, 9, 0).await;
    store.release(first.token).await.unwrap();
    let second = lease(&store, 1, 9, 0).await;
    assert_eq!(ids(&second.jobs), ["a", "b"]);
    let stored = delivery("d1", 1, &second.jobs[1..], 0);
    let token = store
        .begin(second.token, vec![stored], vec![], 0, 100)
        .await
        .unwrap();
    assert_eq!(ids(&lease(&store, 1, 9, 0).await.jobs), ["a"]);
    store.release(token).await.unwrap();
    assert_eq!(store.due_deliveries(1, 0, 9, 100).await.unwrap().1.len(), 1);
}

#[tokio::test]
async fn a_rejected_delivery_is_given_out_again_in_halves_that_stay_apart() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    accept(
        &store,
        1,
        &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")],
        0,
    )
    .await;
    let all = lease(&store, 1, 9, 0).await;
    let whole = delivery("d1", 1, &all.jobs, 0);
    let token = store
        .begin(all.token, vec![whole], vec![], 0, 100)
        .await
        .unwrap();
    accept(&store, 1, &[("e", "5")], 0).await;
    let halves = [7, 7, 8, 8].map(|batch| queued(0, Some(batch))).to_vec();
    let halved = settlement("d1", over(State::Superseded, halves));
    store.settle(token, vec![halved], 1).await.unwrap();
    for expected in [&["a", "b"][..], &["c", "d"], &["e"], &[]] {
        assert_eq!(ids(&lease(&store, 1, 9, 1).await.jobs), expected);
    }
    let view = store.delivery("d1").await.unwrap().unwrap().0;
    assert_eq!((view.state, view.ended_at), (State::Superseded, Some(1)));
}

#[tokio::test]
async fn jobs_without_a_batch_pass_over_those_with_one() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    accept(&store, 1, &[("a", "1"), ("b", "2"), ("c", "3")], 0).await;
    let all = lease(&store, 1, 9, 0).await;
    let back = vec![unsent(&all.jobs[1], queued(0, Some(7)))];
    store.begin(all.token, vec![], back, 0, 100).await.unwrap();
    assert_eq!(ids(&lease(&store, 1, 9, 0).await.jobs), ["a", "c"]);
    assert_eq!(ids(&lease(&store, 1, 9, 0).await.jobs), ["b"]);
}

#[tokio::test]
async fn a_delivery_goes_on_at_its_progress_and_keeps_its_attempts() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    accept(&store, 1, &[("a", "1")], 0).await;
    let first = lease(&store, 1, 9, 0).await;
    let stored = delivery("d1", 1, &first.jobs, 0);
    let token = store
        .begin(first.token, vec![stored], vec![], 0, 100)
        .await
        .unwrap();
    let again = |progress, due, messages, tag| Then::Again {
        progress,
        due,
        messages,
        tag,
    };

    let sent = settlement("d1", again(1, 1, None, None));
    store.settle(token, vec![sent], 1).await.unwrap();
    let (token, found) = store.due_deliveries(1, 1, 9, 100).await.unwrap();
    assert_eq!(
        (
            found[0].progress,
            found[0].attempts,
            found[0].messages.len()
        ),
        (1, 0, 2)
    );

    let follow_up = Some(vec![message("first"), message("second"), message("third")]);
    let mut failed = settlement("d1", again(1, 50, follow_up, Some("tag".to_owned())));
    failed.attempt = Some(attempt(1, 2, "retry", Reason::ServerError));
    store.settle(token, vec![failed], 2).await.unwrap();
    assert_eq!(store.due_deliveries(1, 49, 9, 100).await.unwrap().1, []);
    assert_eq!(
        store.due_recipients(49).await.unwrap(),
        Due {
            recipients: vec![],
            next: Some(50)
        }
    );
    assert_eq!(
        store.due_recipients(50).await.unwrap(),
        Due {
            recipients: vec![1],
            next: None
        }
    );
    let (token, found) = store.due_deliveries(1, 50, 9, 100).await.unwrap();
    assert_eq!(
        (
            found[0].progress,
            found[0].attempts,
            found[0].messages.len()
        ),
        (1, 1, 3)
    );
    assert_eq!(found[0].tag, "tag");

    let dead = over(
        State::Dead,
        vec![Fate::Dead(Reason::Expired, Some("too late".to_owned()))],
    );
    store
        .settle(token, vec![settlement("d1", dead)], 60)
        .await
        .unwrap();
    let (view, attempts) = store.delivery("d1").await.unwrap().unwrap();
    assert_eq!(
        (view.state, view.ended_at, view.attempts),
        (State::Dead, Some(60), 2)
    );
    let reasons: Vec<_> = attempts.iter().map(|attempt| attempt.reason).collect();
    assert_eq!(
        reasons,
        [Reason::Accepted, Reason::ServerError, Reason::Accepted]
    );
    let letters = store
        .dead_letters(DeadLetterFilter {
            limit: 9,
            ..Default::default()
        })
        .await
        .unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (
            letters[0].alert.as_str(),
            letters[0].reason,
            letters[0].died_at
        ),
        ("a", Reason::Expired, 60)
    );
}

#[tokio::test]
async fn receipts_and_renamed_parameters_are_kept_until_they_change() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    let mut now = 0;
    for (id, kept, seen) in [
        ("a", Some("message 1"), None),
        ("b", Some("message 2"), Some("message 1")),
        ("c", None, Some("message 2")),
        ("d", None, None),
    ] {
        now += 1;
        accept(&store, 1, &[(id, "1")], now).await;
        let leased = lease(&store, 1, 9, now).await;
        assert_eq!(leased.jobs[0].receipt.as_deref(), seen);
        let stored = delivery(id, 1, &leased.jobs, now);
        let token = store
            .begin(leased.token, vec![stored], vec![], now, now + 9)
            .await
            .unwrap();
        let mut done = settlement(id, over(State::Delivered, vec![Fate::Delivered]));
        done.receipts = vec![("1".to_owned(), kept.map(str::to_owned))];
        done.changed = vec![
            Param {
                name: "chat".to_owned(),
                key: None,
                value: id.to_owned(),
            },
            Param {
                name: "topic".to_owned(),
                key: Some("x".to_owned()),
                value: id.to_owned(),
            },
        ];
        store.settle(token, vec![done], now).await.unwrap();
    }
    let params = &store.configuration().await.unwrap().recipients[0].params;
    assert_eq!(
        params,
        r#"[{"name":"chat","key":null,"value":"d"},{"name":"topic","key":"x","value":"d"}]"#
    );
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let home = Home::new();
    let store = store_with(&home, 2).await;
    accept(&store, 1, &[("a", "1"), ("b", "2")], 0).await;
    accept(&store, 2, &[("c", "3")], 0).await;
    let mine = lease(&store, 1, 9, 0).await;
    let others = lease(&store, 2, 9, 0).await;
    let twice = [mine.jobs[0].clone(), mine.jobs[0].clone()];
    let cases = [
        (delivery("d1", 1, &others.jobs, 0), vec![]),
        (delivery("d1", 2, &mine.jobs, 0), vec![]),
        (delivery("d1", 1, &[], 0), vec![]),
        (delivery("d1", 1, &twice, 0), vec![]),
        (
            delivery("d1", 1, &mine.jobs, 0),
            vec![unsent(&mine.jobs[0], queued(0, None))],
        ),
        (
            delivery("d1", 1, &mine.jobs[..1], 0),
            vec![unsent(&mine.jobs[1], Fate::Delivered)],
        ),
    ];
    for (stored, unsent) in cases {
        let refused = store.begin(mine.token, vec![stored], unsent, 0, 9).await;
        assert!(
            matches!(refused, Err(StoreError::Mismatch(_))),
            "{refused:?}"
        );
    }
    assert_eq!(store.counts().await.unwrap().pending, 0);
    let stored = delivery("d1", 1, &mine.jobs, 0);
    let token = store
        .begin(mine.token, vec![stored], vec![], 0, 9)
        .await
        .unwrap();
    for then in [
        over(State::Delivered, vec![Fate::Delivered]),
        over(State::Pending, vec![Fate::Delivered, Fate::Delivered]),
    ] {
        let refused = store.settle(token, vec![settlement("d1", then)], 0).await;
        assert!(
            matches!(refused, Err(StoreError::Mismatch(_))),
            "{refused:?}"
        );
    }
    let right = over(State::Delivered, vec![Fate::Delivered, Fate::Delivered]);
    assert_eq!(
        store.settle(token, vec![settlement("d1", right)], 0).await,
        Ok(vec![])
    );
}

#[tokio::test]
async fn dead_letters_are_sent_again_in_their_old_place() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    accept(&store, 1, &[("a", "1"), ("b", "2"), ("c", "1")], 0).await;
    let first = lease(&store, 1, 9, 0).await;
    let dead = first
        .jobs
        .iter()
        .map(|job| unsent(job, Fate::Dead(Reason::Poison, None)))
        .collect();
    store.begin(first.token, vec![], dead, 5, 9).await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.queued, counts.dead), (1, 2));

    // `c` comes after `a` and waits for it again.
    let jobs = vec![first.jobs[0].id, first.jobs[0].id, JobId::MAX];
    assert_eq!(store.redrive(Redrive::Jobs(jobs)).await, Ok(1));
    let again = lease(&store, 1, 9, 5).await;
    assert_eq!(ids(&again.jobs), ["a"]);
    assert_eq!((again.jobs[0].given, again.jobs[0].attempts), (0, 0));
    let other = DeadLetterFilter {
        tenant: Some("other".to_owned()),
        limit: 9,
        ..Default::default()
    };
    assert_eq!(store.redrive(Redrive::Matching(other)).await, Ok(0));
    let mine = DeadLetterFilter {
        recipient: Some(1),
        limit: 9,
        ..Default::default()
    };
    assert_eq!(store.redrive(Redrive::Matching(mine)).await, Ok(1));
    assert_eq!(ids(&lease(&store, 1, 9, 5).await.jobs), ["b"]);
}

#[tokio::test]
async fn a_delivery_of_another_tenant_is_no_place_in_a_list() {
    let home = Home::new();
    let store = store_with(&home, 2).await;
    for (id, to, tenant) in [("a", 1, "other"), ("b", 2, "default")] {
        accept(&store, to, &[(id, id)], 0).await;
        let leased = lease(&store, to, 9, 0).await;
        let mut stored = delivery(id, to, &leased.jobs, 0);
        stored.tenant = tenant.to_owned();
        store
            .begin(leased.token, vec![stored], vec![], 0, 9)
            .await
            .unwrap();
    }
    let listed = async |tenant: Option<&str>, before: &str| {
        let filter = DeliveryFilter {
            tenant: tenant.map(str::to_owned),
            before: Some(before.to_owned()),
            limit: 9,
            ..Default::default()
        };
        let views = store.deliveries(filter).await.unwrap();
        views.into_iter().map(|view| view.id).collect::<Vec<_>>()
    };
    // As with one that is not there at all.
    assert_eq!(listed(Some("default"), "none").await, ["b"]);
    assert_eq!(listed(Some("default"), "a").await, ["b"]);
    assert_eq!(listed(Some("default"), "b").await, [""; 0]);
    assert_eq!(listed(None, "b").await, ["a"]);
}

#[tokio::test]
async fn lists_are_paged_newest_first_and_narrowed() {
    let home = Home::new();
    let store = store_with(&home, 2).await;
    for (id, to) in [("a", 1), ("b", 2), ("c", 1)] {
        accept(&store, to, &[(id, id)], 0).await;
        let leased = lease(&store, to, 9, 0).await;
        let stored = delivery(id, to, &leased.jobs, 0);
        store
            .begin(leased.token, vec![stored], vec![], 0, 9)
            .await
            .unwrap();
    }
    let all = DeliveryFilter {
        limit: 9,
        ..Default::default()
    };
    let cases = [
        (all.clone(), &["c", "b", "a"][..]),
        (
            DeliveryFilter {
                limit: 2,
                ..all.clone()
            },
            &["c", "b"],
        ),
        (
            DeliveryFilter {
                before: Some("b".to_owned()),
                ..all.clone()
            },
            &["a"],
        ),
        (
            DeliveryFilter {
                recipient: Some(1),
                ..all.clone()
            },
            &["c", "a"],
        ),
        (
            DeliveryFilter {
                tenant: Some("default".to_owned()),
                ..all.clone()
            },
            &["c", "b", "a"],
        ),
        (
            DeliveryFilter {
                tenant: Some("other".to_owned()),
                ..all.clone()
            },
            &[],
        ),
        (
            DeliveryFilter {
                state: Some(State::Pending),
                ..all.clone()
            },
            &["c", "b", "a"],
        ),
        (
            DeliveryFilter {
                state: Some(State::Dead),
                ..all
            },
            &[],
        ),
    ];
    for (filter, expected) in cases {
        let found = store.deliveries(filter.clone()).await.unwrap();
        let found: Vec<&str> = found.iter().map(|view| view.id.as_str()).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn what_is_in_memory_grows_with_what_is_leased_and_not_with_the_queue() {
    let home = Home::fast();
    let store = store_with(&home, 2).await;
    let Engine::Sqlite(engine) = &store.0;
    let mut remembered = Vec::new();
    for round in 0..3 {
        // Ten times as many each round.
        for number in 0..10_u32.pow(round) {
            let many = (0..20).map(|at| format!("{round}-{number}-{at}"));
            let many: Vec<_> = many.collect();
            let alerts: Vec<_> = many.iter().map(|id| (id.as_str(), id.as_str())).collect();
            accept(&store, 1, &alerts, 0).await;
        }
        let leased = lease(&store, 1, 10, 0).await;
        store.due_recipients(0).await.unwrap();
        remembered.push(engine.remembered().await);
        store.release(leased.token).await.unwrap();
    }
    assert_eq!(store.counts().await.unwrap().queued, 2_220);
    assert_eq!(remembered[0], remembered[2], "{remembered:?}");
    assert!(remembered[0] < 20, "{remembered:?}");
}
