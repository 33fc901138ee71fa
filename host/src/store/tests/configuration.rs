//! What is configured, and what its changes do to the queue.

use super::*;
use crate::job::State;

fn component(tenant: Option<&str>) -> ComponentRow {
    ComponentRow {
        digest: "digest".to_owned(),
        name: "webhook".to_owned(),
        tenant: tenant.map(str::to_owned),
        builtin: false,
        manifest: "{}".to_owned(),
        wasm: Some(vec![0, 97, 115, 109]),
        installed_at: 7,
    }
}

#[tokio::test]
async fn what_is_put_is_found_until_it_is_removed() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    let token = TokenRow {
        tenant: "default".to_owned(),
        name: "ntopng".to_owned(),
        role: "sender".to_owned(),
        hash: "hash".to_owned(),
    };
    let network = NetworkRow {
        tenant: "default".to_owned(),
        allow: "[]".to_owned(),
    };
    store.put_component(component(None)).await.unwrap();
    store
        .put_component(component(Some("default")))
        .await
        .unwrap();
    let changes = vec![
        Change::PutToken(token.clone()),
        Change::PutNetworks(network.clone()),
    ];
    store.apply(changes, 0).await.unwrap();
    let found = store.configuration().await.unwrap();
    let listed = |row: ComponentRow| ComponentRow { wasm: None, ..row };
    assert_eq!(
        found.components,
        [listed(component(None)), listed(component(Some("default")))]
    );
    assert_eq!((found.tokens, found.networks), (vec![token], vec![network]));
    assert_eq!((found.endpoints.len(), found.recipients.len()), (1, 1));
    let wasm = component(None).wasm;
    assert_eq!(store.component_wasm("digest").await, Ok(wasm.clone()));

    assert_eq!(
        store.remove_component("digest", None).await,
        Ok(Removal::Removed)
    );
    assert_eq!(
        store.remove_component("digest", None).await,
        Ok(Removal::NotThere)
    );
    assert_eq!(store.component_wasm("digest").await, Ok(wasm));
    let own = Some("default".to_owned());
    assert_eq!(
        store.remove_component("digest", own).await,
        Ok(Removal::Removed)
    );
    assert_eq!(store.component_wasm("digest").await, Ok(None));
    let gone = Change::RemoveToken("default".to_owned(), "ntopng".to_owned());
    store.apply(vec![gone], 0).await.unwrap();
    assert_eq!(store.configuration().await.unwrap().tokens, []);
}

#[tokio::test]
async fn changes_are_carried_out_all_or_none() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    let before = store.configuration().await.unwrap();
    let endpoint_goes = Change::RemoveEndpoint("default".to_owned(), "endpoint".to_owned());
    let refused = store.apply(vec![recipient("r02"), endpoint_goes.clone()], 0);
    // A neighbour in the same group goes on.
    let (refused, ()) = tokio::join!(refused, accept(&store, 1, &[("a", "1")], 0));
    assert!(
        matches!(refused, Err(StoreError::Dangling { .. })),
        "{refused:?}"
    );
    assert_eq!(store.configuration().await.unwrap(), before);
    assert_eq!(ids(&lease(&store, 1, 9, 0).await.jobs), ["a"]);
    let recipient_goes = Change::RemoveRecipient("default".to_owned(), "r01".to_owned());
    let both = vec![endpoint_goes, recipient_goes];
    assert_eq!(store.apply(both, 0).await, Ok(()));
}

#[tokio::test]
async fn a_changed_recipient_keeps_its_id_and_a_new_one_never_gets_an_old_one() {
    let home = Home::new();
    let store = store_with(&home, 2).await;
    store.apply(vec![recipient("r02")], 0).await.unwrap();
    let remove = Change::RemoveRecipient("default".to_owned(), "r02".to_owned());
    let ids = async || {
        let configuration = store.configuration().await.unwrap();
        configuration
            .recipients
            .iter()
            .map(|row| row.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids().await, [1, 2]);
    store
        .apply(vec![remove, recipient("r02")], 0)
        .await
        .unwrap();
    let [first, second] = ids().await[..] else {
        panic!("there are two recipients");
    };
    assert_eq!(first, 1);
    assert!(second > 2);
}

#[tokio::test]
async fn the_jobs_of_a_removed_recipient_become_dead_letters() {
    let home = Home::new();
    let store = store_with(&home, 2).await;
    accept(&store, 1, &[("a", "1"), ("b", "1"), ("c", "2")], 0).await;
    accept(&store, 2, &[("d", "1")], 0).await;
    let leased = lease(&store, 1, 1, 0).await;
    let stored = delivery("d1", 1, &leased.jobs, 0);
    let token = store
        .begin(leased.token, vec![stored], vec![], 0, 100)
        .await
        .unwrap();
    let held = lease(&store, 1, 9, 0).await;
    assert_eq!(ids(&held.jobs), ["c"]);

    let remove = Change::RemoveRecipient("default".to_owned(), "r01".to_owned());
    store.apply(vec![remove], 7).await.unwrap();
    let late = settlement("d1", over(State::Delivered, vec![Fate::Delivered]));
    assert_eq!(
        store.settle(token, vec![late], 8).await,
        Ok(vec!["d1".to_owned()])
    );
    let late = store.begin(held.token, vec![], vec![], 8, 100).await;
    assert_eq!(late, Err(StoreError::Fenced));
    // One that was routed before and is stored after.
    accept(&store, 1, &[("e", "3")], 9).await;

    let filter = DeadLetterFilter {
        limit: 9,
        ..Default::default()
    };
    let letters = store.dead_letters(filter).await.unwrap();
    let found: Vec<_> = letters
        .iter()
        .map(|letter| {
            (
                letter.alert.as_str(),
                letter.recipient_name.as_str(),
                letter.died_at,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("e", "r01", 9),
            ("c", "r01", 7),
            ("b", "r01", 7),
            ("a", "r01", 7)
        ]
    );
    assert!(
        letters
            .iter()
            .all(|letter| letter.reason == Reason::RecipientRemoved)
    );
    let all = letters.iter().map(|letter| letter.job).collect();
    assert_eq!(store.redrive(Redrive::Jobs(all)).await, Ok(0));
    assert_eq!(
        store.delivery("d1").await.unwrap().unwrap().0.state,
        State::Dead
    );
    let due = store.due_recipients(10).await.unwrap();
    assert_eq!(due.recipients, [2]);
}

#[tokio::test]
async fn nothing_is_given_out_while_a_recipient_or_its_endpoint_is_paused() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    accept(&store, 1, &[("a", "1")], 0).await;
    let leased = lease(&store, 1, 9, 0).await;
    let stored = delivery("d1", 1, &leased.jobs, 0);
    let token = store
        .begin(leased.token, vec![stored], vec![], 0, 100)
        .await
        .unwrap();
    store.release(token).await.unwrap();
    accept(&store, 1, &[("b", "2")], 0).await;
    let recipient = |reason| Change::PauseRecipient(1, reason);
    let endpoint =
        |reason| Change::PauseEndpoint("default".to_owned(), "endpoint".to_owned(), reason);
    let why = || Some("by hand".to_owned());
    for (change, open) in [
        (recipient(why()), false),
        (recipient(None), true),
        (endpoint(why()), false),
        (recipient(why()), false),
        (endpoint(None), false),
        (recipient(None), true),
    ] {
        store.apply(vec![change.clone()], 0).await.unwrap();
        let due = store.due_recipients(0).await.unwrap().recipients;
        let leased = lease(&store, 1, 9, 0).await;
        let (token, deliveries) = store.due_deliveries(1, 0, 9, 100).await.unwrap();
        let given = (due.len(), leased.jobs.len(), deliveries.len());
        assert_eq!(
            given,
            if open { (1, 1, 1) } else { (0, 0, 0) },
            "{change:?}"
        );
        store.release(leased.token).await.unwrap();
        store.release(token).await.unwrap();
    }
}
