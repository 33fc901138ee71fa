//! Connections and the schema's versions: `PRAGMA user_version` counts the migrations that were applied.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::wipe::{self, Wiping};
use crate::store::StoreError;

/// Applied in order, each in a transaction of its own. One that was released never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_tables.sql"),
    include_str!("0002_recipient_texts.sql"),
    include_str!("0003_conditions.sql"),
    include_str!("0004_grants.sql"),
    include_str!("0005_key_check.sql"),
    include_str!("0006_receipt_age.sql"),
];

/// The newest version that this program knows.
pub(in crate::store) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// How long a statement waits for another process, such as a `sqlite3` shell that writes.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Statements kept prepared; all that the writer has are fewer.
const STATEMENTS: usize = 96;

/// The writer's page cache in KiB: the hot ends of all tables and indexes at 10^6 jobs fit.
const WRITER_CACHE_KIB: i64 = 32 * 1024;

/// The reader's page cache in KiB: lists are read once and not again.
const READER_CACHE_KIB: i64 = 4 * 1024;

/// Pages of the write-ahead log between checkpoints, 16 MiB: a page that many groups touch is written back
/// once.
const CHECKPOINT_PAGES: i64 = 4_096;

/// Bytes of the write-ahead log's file that a checkpoint leaves; what a burst added is given back.
const LOG_BYTES: i64 = 64 * 1024 * 1024;

/// Bytes up to which a store is looked through before it is opened: half a second, at the 130 MB/s that were
/// seen on two busy cores. A damaged page of a larger one is found by `campanile store check`, or when it is met.
const LOOKED_THROUGH: u64 = 64 * 1024 * 1024;

/// The connection that writes, brought to the newest version.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    look_through(path)?;
    let mut conn = Connection::open(path)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    refuse_unknown(&conn)?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "temp_store", "memory")?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    conn.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    Wiping::Cheap.set(&conn)?;
    migrate(&mut conn)?;
    // A crash may have left a log that holds what was wiped. Where a shell reads in it, the next one does it.
    wipe::empty_log(&conn)?;
    Ok(conn)
}

/// A connection that only reads, for what may take long.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    Ok(conn)
}

/// On a connection of its own, so that no page is cached that nobody needs again.
fn look_through(path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(file) if (1..=LOOKED_THROUGH).contains(&file.len()) => {}
        _ => return Ok(()),
    }
    let conn = reader(path)?;
    refuse_unknown(&conn)?;
    let found: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match found.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::Corrupt(found)),
    }
}

pub(super) fn version(conn: &Connection) -> Result<u32, StoreError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Bytes of the pages in use. What was removed leaves free pages, which are used again first.
pub(super) fn used(conn: &Connection) -> Result<u64, StoreError> {
    let pages: u64 = conn.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let bytes: u64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok((pages * bytes).saturating_sub(free(conn)?))
}

/// Bytes of the pages that are free.
pub(super) fn free(conn: &Connection) -> Result<u64, StoreError> {
    let pages: u64 = conn.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    let bytes: u64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(pages * bytes)
}

/// Comes before anything is written to a file that may not be ours.
pub(super) fn refuse_unknown(conn: &Connection) -> Result<(), StoreError> {
    let found = version(conn)?;
    if found > KNOWN {
        return Err(StoreError::Newer {
            found,
            known: KNOWN,
        });
    }
    let tables: u32 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if found == 0 && tables > 0 {
        return Err(StoreError::Foreign);
    }
    Ok(())
}

fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let found = version(conn)?;
    for (number, migration) in (1..=KNOWN).zip(MIGRATIONS) {
        if number > found {
            let transaction = conn.transaction()?;
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", number)?;
            transaction.commit()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What defines tables and indexes, in the order of their names.
    fn schema_of(conn: &Connection) -> Vec<(String, Option<String>)> {
        let mut statement = conn
            .prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY 1")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn no_migration_changes_once_a_store_was_written_by_it() {
        let made = Connection::open_in_memory().unwrap();
        for (version, migration) in (1..=KNOWN).zip(MIGRATIONS) {
            made.execute_batch(migration).unwrap();
            let dump = format!(
                "{}/src/store/tests/golden/v{version}.sql",
                env!("CARGO_MANIFEST_DIR")
            );
            let dump =
                std::fs::read_to_string(&dump).unwrap_or_else(|_| panic!("{dump} is missing"));
            let kept = Connection::open_in_memory().unwrap();
            kept.execute_batch(&dump).unwrap();
            assert_eq!(schema_of(&made), schema_of(&kept), "version {version}");
        }
    }
}
