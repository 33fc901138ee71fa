//! The store looked at from aside.

use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use super::migrations::{filled, whole};
use super::*;

fn checked(file: &Path) -> Checked {
    Aside::open(file).unwrap().check().unwrap()
}

#[tokio::test]
async fn a_whole_store_is_found_whole_beside_who_writes_to_it_and_after() {
    let home = Home::new();
    let store = filled(&home).await;
    let beside = checked(&home.file());
    whole(&beside);
    assert!(beside.size.log > 0);
    store.close().await.unwrap();
    let after = checked(&home.file());
    whole(&after);
    assert_eq!((after.size.log, after.size.free), (0, after.size.free));
    assert_eq!(after.totals, beside.totals);
    assert_eq!((after.totals.alerts, after.totals.delivered), (5, 1));
    let table = |name: &str| {
        let tables = &after.size.tables;
        let found = tables.iter().find(|table| table.name == name);
        found.map(|table| table.rows)
    };
    for (name, rows) in [("alert", 5), ("job", 4), ("delivery", 2), ("receipt", 1)] {
        assert_eq!(table(name), Some(rows), "{name}");
    }
    let bytes: u64 = after.size.tables.iter().map(|table| table.bytes).sum();
    assert!(bytes <= after.size.file && bytes > after.size.file / 2);
}

#[tokio::test]
async fn every_rule_that_rows_break_is_named() {
    let rows = [
        (
            "DELETE FROM alert WHERE id = 'queued'",
            Rule::JobHasAlert,
            1,
        ),
        (
            "UPDATE alert SET jobs = 0 WHERE id = 'dead'",
            Rule::JobHasAlert,
            1,
        ),
        (
            "UPDATE job SET recipient = 99 WHERE state = 'dead'",
            Rule::JobHasRecipient,
            1,
        ),
        (
            "DELETE FROM delivery WHERE state = 'pending';
             DELETE FROM content WHERE delivery NOT IN (SELECT seq FROM delivery);
             DELETE FROM attempt WHERE delivery NOT IN (SELECT seq FROM delivery)",
            Rule::JobIsCarried,
            1,
        ),
        (
            "DELETE FROM job WHERE state = 'delivery'",
            Rule::DeliveryHasJobs,
            1,
        ),
        (
            "UPDATE job SET state = 'queued' WHERE state = 'waiting'",
            Rule::JobsKeepOrder,
            1,
        ),
        (
            "DELETE FROM job WHERE state = 'queued'",
            Rule::JobsKeepOrder,
            1,
        ),
        (
            "DELETE FROM delivery WHERE state = 'delivered'",
            Rule::DeliveryIsWhole,
            2,
        ),
        (
            "DELETE FROM content WHERE delivery = (SELECT seq FROM delivery WHERE state = 'delivered')",
            Rule::DeliveryIsWhole,
            1,
        ),
        (
            "UPDATE content SET jobs = '['
             WHERE delivery = (SELECT seq FROM delivery WHERE state = 'pending');
             UPDATE job SET state = 'queued' WHERE state = 'delivery'",
            Rule::DeliveryIsReadable,
            1,
        ),
        (
            "UPDATE content SET messages = CAST(x'ff' AS TEXT)",
            Rule::DeliveryIsReadable,
            2,
        ),
        (
            "UPDATE job SET reason = NULL WHERE state = 'dead'",
            Rule::DeadLetterHasReason,
            1,
        ),
        (
            "UPDATE delivery SET state = 'sent' WHERE state = 'delivered'",
            Rule::StateIsKnown,
            1,
        ),
        (
            "UPDATE alert SET document = '{' WHERE id = 'done'",
            Rule::AlertIsReadable,
            1,
        ),
        ("DELETE FROM endpoint", Rule::RecipientHasEndpoint, 1),
        (
            "UPDATE meta SET value = 1 WHERE name = 'reserved'",
            Rule::NumbersAreReserved,
            1,
        ),
    ];
    let home = Home::new();
    filled(&home).await.close().await.unwrap();
    let before = std::fs::read(home.file()).unwrap();
    for (breaks, rule, rows) in rows {
        let conn = Connection::open(home.file()).unwrap();
        conn.execute_batch(breaks).unwrap();
        drop(conn);
        let found = checked(&home.file());
        assert_eq!(found.damage, [""; 0], "{breaks}");
        assert_eq!(found.broken, [Broken { rule, rows }], "{breaks}");
        std::fs::write(home.file(), &before).unwrap();
    }
}

#[tokio::test]
async fn a_copy_is_whole_and_its_owners_and_never_over_another_file() {
    let home = Home::new();
    let store = filled(&home).await;
    let aside = Aside::open(&home.file()).unwrap();
    let copy = Home::new();
    aside.copy_to(&copy.file()).unwrap();
    let mode = std::fs::metadata(copy.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let size = std::fs::metadata(copy.file()).unwrap().len();
    assert!(size <= aside.used().unwrap());
    whole(&checked(&copy.file()));
    let names = std::fs::read_dir(&copy.0).unwrap().count();
    assert_eq!(names, 1, "looking at a copy leaves nothing beside it");

    let before = std::fs::read(copy.file()).unwrap();
    let refused = aside.copy_to(&copy.file()).unwrap_err();
    assert!(matches!(refused, StoreError::Io(_)), "{refused:?}");
    assert_eq!(std::fs::read(copy.file()).unwrap(), before);
    assert_eq!(store.counts().await, copy.open().await.counts().await);
}

#[tokio::test]
async fn a_file_of_another_version_or_program_and_a_damaged_one_are_told_apart() {
    let home = Home::new();
    filled(&home).await.close().await.unwrap();
    let whole = std::fs::read(home.file()).unwrap();
    let conn = Connection::open(home.file()).unwrap();
    conn.pragma_update(None, "user_version", 5).unwrap();
    let older = checked(&home.file());
    assert!(older.outdated && older.version == 5 && older.broken.is_empty());
    let configured = Aside::open(&home.file()).unwrap().configuration();
    assert_eq!(configured, Ok(None));
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let newer = Aside::open(&home.file()).unwrap_err();
    assert!(matches!(newer, StoreError::Newer { found: 99, .. }));

    let mut damaged = whole;
    let mut pages = damaged.chunks_mut(4_096);
    let of_alerts = |page: &&mut [u8]| page.windows(9).any(|text| text == b"192.0.2.1");
    pages.find(of_alerts).expect("a page")[..64].fill(0xee);
    std::fs::write(home.file(), damaged).unwrap();
    let found = checked(&home.file());
    assert!(!found.damage.is_empty());
    assert_eq!(found.size, Size::default());
    let missing = Aside::open(&home.0.join("none")).unwrap_err();
    assert!(matches!(missing, StoreError::Io(_)), "{missing:?}");
}
