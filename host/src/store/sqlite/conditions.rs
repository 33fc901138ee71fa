//! Conditions that hold, for producers that tell their state again and again.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::writer::Writer;
use crate::clock::Millis;
use crate::condition::Condition;
use crate::store::{StoreError, Told};

/// Those of these fingerprints whose condition holds.
pub(super) fn known(
    conn: &Connection,
    fingerprints: Vec<String>,
) -> Result<HashMap<String, Condition>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT started_at, content FROM condition WHERE fingerprint = ?1")?;
    let mut known = HashMap::new();
    for fingerprint in fingerprints {
        let condition = statement
            .query_row([&fingerprint], |row| {
                Ok(Condition {
                    started_at: row.get(0)?,
                    content: row.get(1)?,
                })
            })
            .optional()?;
        if let Some(condition) = condition {
            known.insert(fingerprint, condition);
        }
    }
    Ok(known)
}

impl Writer {
    /// Notes what was told of conditions, in its order.
    pub(super) fn tell(&self, told: &[Told], now: Millis) -> Result<(), StoreError> {
        for told in told {
            match told {
                Told::Holds(fingerprint, condition) => self
                    .conn
                    .prepare_cached(
                        "INSERT INTO condition (fingerprint, started_at, content, told_at)
                         VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT (fingerprint) DO UPDATE SET started_at = excluded.started_at,
                             content = excluded.content, told_at = excluded.told_at",
                    )?
                    .execute(params![
                        fingerprint,
                        condition.started_at,
                        condition.content,
                        now
                    ])?,
                Told::Ended(fingerprint) => self
                    .conn
                    .prepare_cached("DELETE FROM condition WHERE fingerprint = ?1")?
                    .execute([fingerprint])?,
            };
        }
        Ok(())
    }
}
