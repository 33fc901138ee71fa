//! What is over and old is forgotten, oldest first, a little at a time.

use rusqlite::{Connection, Row, params};

use super::writer::Writer;
use crate::clock::Millis;
use crate::store::{PAGE, StoreError};

impl Writer {
    /// Forgets deliveries that are over, alerts without jobs, idempotency keys and conditions, of before
    /// `before`. Returns how many rows went; at most about four times [`PAGE`].
    pub(super) fn prune(&mut self, before: Millis) -> Result<u64, StoreError> {
        let deliveries = old(
            &self.conn,
            "SELECT seq, created_at, state <> 'pending' FROM delivery ORDER BY seq",
            before,
        )?;
        for seq in &deliveries {
            self.conn
                .prepare_cached("DELETE FROM attempt WHERE delivery = ?1")?
                .execute([seq])?;
            self.conn
                .prepare_cached("DELETE FROM content WHERE delivery = ?1")?
                .execute([seq])?;
            self.conn
                .prepare_cached("DELETE FROM delivery WHERE seq = ?1")?
                .execute([seq])?;
        }
        let alerts = old(
            &self.conn,
            "SELECT seq, accepted_at, NOT EXISTS (
                 SELECT 1 FROM job WHERE job.id > alert.seq AND job.id <= alert.seq + alert.jobs
             ) FROM alert ORDER BY seq",
            before,
        )?;
        for seq in &alerts {
            self.conn
                .prepare_cached("DELETE FROM alert WHERE seq = ?1")?
                .execute([seq])?;
        }
        let keys = old(
            &self.conn,
            "SELECT seq, accepted_at, 1 FROM idempotency ORDER BY seq",
            before,
        )?;
        for seq in &keys {
            self.conn
                .prepare_cached("DELETE FROM idempotency WHERE seq = ?1")?
                .execute(params![seq])?;
        }
        let conditions = self.prune_conditions(before)?;
        let count = deliveries.len() + alerts.len() + keys.len() + conditions;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

/// The first rows that may go. Rows are in the order of their times, so the first young one ends the search.
fn old(conn: &Connection, query: &str, before: Millis) -> Result<Vec<i64>, StoreError> {
    let read = |row: &Row<'_>| -> rusqlite::Result<(i64, Millis, bool)> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    };
    let mut statement = conn.prepare_cached(query)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while found.len() < PAGE as usize
        && let Some(row) = rows.next()?
    {
        let (seq, at, over) = read(row)?;
        if at >= before {
            break;
        }
        if over {
            found.push(seq);
        }
    }
    Ok(found)
}
