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
];

/// The newest version that this program knows.
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

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

/// The connection that writes, brought to the newest version.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
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

fn version(conn: &Connection) -> Result<u32, StoreError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Comes before anything is written to a file that may not be ours.
fn refuse_unknown(conn: &Connection) -> Result<(), StoreError> {
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
