//! What ails the file: it is said, nothing is written over damage, and what passes has passed.

use std::io::{Read, Seek, SeekFrom, Write};

use super::*;

/// Of SQLite's pages, as they come.
const PAGE_BYTES: usize = 4_096;

/// A store with so much in it that most of its pages are of alerts.
async fn filled(home: &Home) {
    let store = store_with(home, 1).await;
    for number in 0..300 {
        let id = format!("alert-{number}");
        accept(&store, 1, &[(&id, &id)], 0).await;
    }
    store.close().await.unwrap();
}

/// Writes nonsense over the pages that hold alerts.
fn damage(home: &Home) {
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(home.file())
        .unwrap();
    let mut pages = Vec::new();
    file.read_to_end(&mut pages).unwrap();
    let of_alerts = |page: &[u8]| page.windows(7).any(|text| text == b"alert-2");
    let mut damaged = 0;
    for (at, page) in pages.chunks(PAGE_BYTES).enumerate() {
        if of_alerts(page) {
            file.seek(SeekFrom::Start((at * PAGE_BYTES) as u64))
                .unwrap();
            file.write_all(&[0xee; 64]).unwrap();
            damaged += 1;
        }
    }
    assert!(damaged > 2, "{damaged}");
}

#[tokio::test]
async fn a_damaged_store_is_not_opened_and_left_as_it_is() {
    let home = Home::new();
    filled(&home).await;
    damage(&home);
    let before = std::fs::read(home.file()).unwrap();
    let refused = Store::open(home.file()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt(_)), "{refused:?}");
    assert_eq!(std::fs::read(home.file()).unwrap(), before);
}

#[tokio::test]
async fn damage_that_is_met_while_running_ends_all_writing_and_is_no_trouble_to_end() {
    let home = Home::new();
    filled(&home).await;
    let store = home.open().await;
    assert_eq!(store.trouble(), None);
    damage(&home);
    let before = std::fs::read(home.file()).unwrap();
    let met = store.dead_letters(DeadLetterFilter::default()).await;
    assert_eq!(met, Ok(Vec::new()), "what is whole can be read");
    assert_eq!(store.trouble(), None);
    let leased = store.lease(1, 300, 0, 100).await;
    assert!(matches!(leased, Err(StoreError::Corrupt(_))), "{leased:?}");
    let trouble = store.trouble().expect("it was met");
    assert!(matches!(trouble, StoreError::Corrupt(_)), "{trouble:?}");
    let applied = store.apply(vec![endpoint("other")], 0).await;
    assert_eq!(applied, Err(trouble.clone()));
    assert_eq!(store.due_recipients(0).await, Err(trouble.clone()));
    assert_eq!(store.trouble(), Some(trouble));
    store.close().await.unwrap();
    assert_eq!(std::fs::read(home.file()).unwrap(), before);
}

#[tokio::test]
async fn a_program_that_keeps_the_file_locked_is_named_and_all_goes_on_when_it_ends() {
    let home = Home::new();
    let store = store_with(&home, 1).await;
    accept(&store, 1, &[("a", "1")], 0).await;
    let leased = lease(&store, 1, 1, 0).await;
    let other = rusqlite::Connection::open(home.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let stored = delivery("d1", 1, &leased.jobs, 0);
    let begin = async || {
        let deliveries = vec![stored.clone()];
        store.begin(leased.token, deliveries, vec![], 0, 100).await
    };
    assert_eq!(begin().await, Err(StoreError::Locked));
    assert_eq!(store.trouble(), Some(StoreError::Locked));
    assert_eq!(store.counts().await.unwrap().queued, 1, "it can be read");
    other.execute_batch("ROLLBACK").unwrap();
    assert!(begin().await.is_ok_and(|token| token > leased.token));
    assert_eq!(store.trouble(), None);
}
