//! A sealed secret that was replaced or removed is nowhere in the files: not in free space, not in the log.

use super::*;

/// What is sealed in one state of an endpoint, as it would be found in a file.
fn marker(endpoint: usize, state: &str) -> String {
    format!("ciphertext-{endpoint:04}-{state}-")
}

/// Long ones need pages of their own; short ones share pages and move between them.
fn sealed(endpoint: usize, state: &str) -> Change {
    let length = [1, 3, 40, 400][endpoint % 4];
    Change::PutEndpoint(EndpointRow {
        tenant: "default".to_owned(),
        name: format!("endpoint-{endpoint:04}"),
        component: "digest".to_owned(),
        params: "[]".to_owned(),
        sealed: marker(endpoint, state).repeat(length),
        granted: None,
        follows: false,
        paused: None,
    })
}

/// Which states are found in the files, as they are at this moment.
fn found(home: &Home, states: &[&'static str]) -> Vec<&'static str> {
    let mut bytes = std::fs::read(home.file()).expect("the store");
    bytes.extend(std::fs::read(home.0.join("store.sqlite-wal")).unwrap_or_default());
    let text = String::from_utf8_lossy(&bytes);
    let is_there = |state: &&&str| text.contains(&format!("-{state}-"));
    states.iter().filter(is_there).copied().collect()
}

const ALL: [&str; 4] = ["first", "second", "third", "fourth"];

#[tokio::test]
async fn a_secret_that_was_replaced_or_removed_is_in_no_file() {
    let home = Home::new();
    let store = home.open().await;
    let put = |state, which: std::ops::Range<usize>| {
        let changes = which.map(|endpoint| sealed(endpoint, state)).collect();
        store.apply(changes, 0)
    };
    put("first", 0..60).await.unwrap();
    assert_eq!(found(&home, &ALL), ["first"]);
    // One by one: each time rows move between pages.
    for endpoint in 0..60 {
        put("second", endpoint..endpoint + 1).await.unwrap();
    }
    assert_eq!(found(&home, &ALL), ["second"]);
    let pause = Change::PauseEndpoint(
        "default".to_owned(),
        "endpoint-0003".to_owned(),
        Some("a reason that makes the row longer".to_owned()),
    );
    store.apply(vec![pause], 0).await.unwrap();
    put("third", 0..60).await.unwrap();
    assert_eq!(found(&home, &ALL), ["third"]);

    let names = (0..60).map(|endpoint| format!("endpoint-{endpoint:04}"));
    let removals = names.map(|name| Change::RemoveEndpoint("default".to_owned(), name));
    store.apply(removals.collect(), 0).await.unwrap();
    assert_eq!(found(&home, &ALL), [""; 0]);

    put("fourth", 0..60).await.unwrap();
    let kept = store.configuration().await.unwrap().endpoints;
    assert_eq!(kept.len(), 60);
    store.close().await.unwrap();
    assert_eq!(found(&home, &ALL), ["fourth"]);
}

#[tokio::test]
async fn a_crash_before_the_log_was_emptied_leaves_no_replaced_secret_for_longer_than_the_next_start()
 {
    let home = Home::new();
    let store = home.open().await;
    store.apply(vec![sealed(0, "first")], 0).await.unwrap();
    // Somebody who reads holds the log up.
    let shell = rusqlite::Connection::open(home.file()).unwrap();
    shell
        .execute_batch("BEGIN; SELECT count(*) FROM endpoint")
        .unwrap();
    store.apply(vec![sealed(0, "second")], 0).await.unwrap();
    assert_eq!(found(&home, &ALL), ["first", "second"]);
    let crashed = home.crashed();
    let after = crashed.open().await;
    assert_eq!(found(&crashed, &ALL), ["second"]);
    after.close().await.unwrap();

    // Without a crash it is done as soon as nobody reads any more and somebody asks for work.
    shell.execute_batch("COMMIT").unwrap();
    store.due_recipients(0).await.unwrap();
    assert_eq!(found(&home, &ALL), ["second"]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn vacuuming_leaves_nothing_but_what_is_stored() {
    let home = Home::new();
    let store = home.open().await;
    store.apply(vec![sealed(0, "first")], 0).await.unwrap();
    // As a program would that wipes nothing.
    let shell = rusqlite::Connection::open(home.file()).unwrap();
    shell
        .execute_batch("PRAGMA secure_delete = off; UPDATE endpoint SET sealed = '[]'")
        .unwrap();
    drop(shell);
    assert_eq!(
        found(&home, &ALL),
        ["first"],
        "the search finds what is there"
    );
    store.vacuum().await.unwrap();
    assert_eq!(found(&home, &ALL), [""; 0]);
    store.close().await.unwrap();
}
