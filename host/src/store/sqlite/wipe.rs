//! What sealed secrets leave behind when they are replaced or removed: nothing in the file, nothing in its
//! log. A key that is stolen later then opens no secret of before.

use std::time::Duration;

use rusqlite::Connection;

use super::schema::BUSY;
use crate::store::StoreError;

/// How much SQLite wipes of what is deleted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wiping {
    /// What costs no write of a page: for alerts and jobs.
    Cheap,
    /// Every byte: for changes of the configuration.
    Whole,
}

impl Wiping {
    pub(super) fn set(self, conn: &Connection) -> Result<(), StoreError> {
        let value = match self {
            Self::Cheap => "fast",
            Self::Whole => "on",
        };
        conn.pragma_update_and_check(None, "secure_delete", value, |_| Ok(()))?;
        Ok(())
    }
}

/// Writes the table of endpoints anew, on pages that were wiped: where rows moved between pages, copies of
/// them stay in the pages' free space, which deleting the rows does not reach. In a transaction, and
/// while all is wiped.
pub(super) fn rewrite_endpoints(conn: &Connection) -> Result<(), StoreError> {
    // Without a condition, `DELETE` gives all pages back at once.
    conn.execute_batch(
        "CREATE TEMP TABLE kept AS SELECT * FROM main.endpoint;
         DELETE FROM main.endpoint;
         INSERT INTO main.endpoint SELECT * FROM temp.kept;
         DROP TABLE temp.kept;",
    )?;
    Ok(())
}

/// Empties the write-ahead log, which has earlier states of pages. `false`, at once, where somebody still
/// reads in it.
pub(super) fn empty_log(conn: &Connection) -> Result<bool, StoreError> {
    conn.busy_timeout(Duration::ZERO)?;
    let busy: rusqlite::Result<i64> =
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    conn.busy_timeout(BUSY)?;
    match busy.map_err(StoreError::from) {
        Ok(busy) => Ok(busy == 0),
        Err(StoreError::Locked) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes the whole file anew, so that it holds what is stored and no more. Outside of transactions.
pub(super) fn vacuum(conn: &Connection) -> Result<(), StoreError> {
    Wiping::Whole.set(conn)?;
    // The new file is first made as a temporary one, which is as large: not in memory, as others are.
    conn.pragma_update(None, "temp_store", "file")?;
    let done = conn.execute_batch("VACUUM").map_err(StoreError::from);
    conn.pragma_update(None, "temp_store", "memory")?;
    Wiping::Cheap.set(conn)?;
    done?;
    if empty_log(conn)? {
        Ok(())
    } else {
        Err(StoreError::Locked)
    }
}
