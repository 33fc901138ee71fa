//! What is over and old is forgotten, oldest first, a little at a time: each step ends soon, however much is
//! stored, and the next one goes on where it ended.

use rusqlite::{Connection, named_params, params};

use super::writer::Writer;
use super::{accept, schema};
use crate::clock::Millis;
use crate::config::Keep;
use crate::job::RecipientId;
use crate::store::keep::REMEMBERED;
use crate::store::{Pruned, StoreError};

/// Rows of each kind that one step removes at most: some 5 ms of the writer's time for all kinds.
const REMOVED: usize = 200;

/// Rows of each kind that one step looks at: what has to stay, such as alerts with dead letters, is passed over.
const LOOKED_AT: usize = 2_000;

/// Where the last step ended; at 0 the next one begins anew.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    dead: i64,
    delivery: i64,
    alert: i64,
    key: i64,
}

/// What is gone through in the order in which it came: `find` gives number, time and whether it may go, from
/// `:after` on; `remove` are what removes the one with `:seq`.
struct Kind {
    find: &'static str,
    remove: &'static [&'static str],
}

const DEAD: Kind = Kind {
    find: "SELECT job.id, alert.accepted_at, 1
           FROM job INDEXED BY job_dead JOIN alert ON alert.seq = job.alert
           WHERE job.state = 'dead' AND job.id > :after ORDER BY job.id",
    remove: &["DELETE FROM job WHERE id = :seq AND state = 'dead'"],
};

const DELIVERY: Kind = Kind {
    find: "SELECT seq, created_at, state <> 'pending' FROM delivery WHERE seq > :after ORDER BY seq",
    remove: &[
        "DELETE FROM attempt WHERE delivery = :seq",
        "DELETE FROM content WHERE delivery = :seq",
        "DELETE FROM delivery WHERE seq = :seq",
    ],
};

const ALERT: Kind = Kind {
    find: "SELECT seq, accepted_at, NOT EXISTS (
               SELECT 1 FROM job WHERE job.id > alert.seq AND job.id <= alert.seq + alert.jobs
           ) FROM alert WHERE seq > :after ORDER BY seq",
    remove: &["DELETE FROM alert WHERE seq = :seq"],
};

const KEY: Kind = Kind {
    find: "SELECT seq, accepted_at, 1 FROM idempotency WHERE seq > :after ORDER BY seq",
    remove: &["DELETE FROM idempotency WHERE seq = :seq"],
};

/// Bytes of what stays, about, with what indexes and free space add: 128 for each row, and an eighth.
const NEEDED: &str = "
    SELECT (SELECT coalesce(sum(coalesce(octet_length(wasm), 0) + octet_length(manifest) + 128), 0)
            FROM component)
        + (SELECT count(*) * 128 FROM job)
        + (SELECT coalesce(sum(octet_length(document) * 9 / 8 + 128), 0)
           FROM alert WHERE seq IN (SELECT alert FROM job))
        + (SELECT coalesce(sum((octet_length(c.params) + octet_length(c.jobs)
               + octet_length(c.messages)) * 9 / 8 + 128), 0)
           FROM delivery d INDEXED BY delivery_pending JOIN content c ON c.delivery = d.seq
           WHERE d.state = 'pending')
        + (SELECT coalesce(sum(octet_length(answer) * 9 / 8 + 128), 0) FROM idempotency)
        + (SELECT coalesce(sum(octet_length(receipt) + 128), 0) FROM receipt)
        + (SELECT count(*) * 128 FROM condition)";

/// Counts only where there is more than `beyond`: it takes longer the more there is.
pub(super) fn needed(conn: &Connection, beyond: u64) -> Result<u64, StoreError> {
    if schema::used(conn)? <= beyond {
        return Ok(0);
    }
    Ok(conn
        .prepare_cached(NEEDED)?
        .query_row([], |row| row.get(0))?)
}

impl Writer {
    /// One step.
    pub(super) fn prune(&mut self, keep: Keep, now: Millis) -> Result<Pruned, StoreError> {
        let history = if schema::used(&self.conn)? > keep.bytes {
            now
        } else {
            now.saturating_sub(keep.history)
        };
        let dead = now.saturating_sub(keep.dead_letters);
        let told = now.saturating_sub(keep.history.max(REMEMBERED));
        let mut pruned = Pruned::default();
        let mut cursors = std::mem::take(&mut self.cursors);
        for (kind, cursor, before) in [
            (DEAD, &mut cursors.dead, dead),
            (DELIVERY, &mut cursors.delivery, history),
            (ALERT, &mut cursors.alert, history),
            (KEY, &mut cursors.key, told),
        ] {
            let step = kind.step(&self.conn, cursor, before, now)?;
            pruned.rows += step.rows;
            pruned.more |= step.more;
        }
        self.cursors = cursors;
        for step in [
            self.forget_conditions(told)?,
            self.forget_receipts(told, now)?,
        ] {
            pruned.rows += step.rows;
            pruned.more |= step.more;
        }
        self.tally.forgotten += i64::try_from(pruned.rows).unwrap_or(i64::MAX);
        Ok(pruned)
    }

    fn forget_conditions(&self, before: Millis) -> Result<Pruned, StoreError> {
        let went = self
            .conn
            .prepare_cached(
                "DELETE FROM condition WHERE fingerprint IN
                     (SELECT fingerprint FROM condition WHERE told_at < :before LIMIT :most)",
            )?
            .execute(named_params! {":before": before, ":most": REMOVED})?;
        Ok(Pruned {
            rows: went as u64,
            more: went == REMOVED,
        })
    }

    /// Receipts of conditions that hold, and those that jobs wait for, are needed: they count as left now, so
    /// that no step looks at them again for long. A fingerprint is bound to its token, and with it to its tenant.
    fn forget_receipts(&self, before: Millis, now: Millis) -> Result<Pruned, StoreError> {
        let old: Vec<(RecipientId, String, bool)> = self
            .conn
            .prepare_cached(
                "SELECT recipient, fingerprint,
                     EXISTS (SELECT 1 FROM condition
                             WHERE condition.fingerprint = receipt.fingerprint)
                 FROM receipt WHERE kept_at < :before ORDER BY kept_at LIMIT :most",
            )?
            .query_map(named_params! {":before": before, ":most": REMOVED}, |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let mut rows = 0;
        for (recipient, fingerprint, holds) in &old {
            if *holds || self.has_job(*recipient, fingerprint)? {
                self.conn
                    .prepare_cached(
                        "UPDATE receipt SET kept_at = ?3 WHERE recipient = ?1 AND fingerprint = ?2",
                    )?
                    .execute(params![recipient, fingerprint, now])?;
            } else {
                self.keep_receipt(*recipient, fingerprint, None, now)?;
                rows += 1;
            }
        }
        Ok(Pruned {
            rows,
            more: old.len() == REMOVED,
        })
    }

    fn has_job(&self, recipient: RecipientId, fingerprint: &str) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM job INDEXED BY job_condition
                     WHERE recipient = ?1 AND condition = ?2 AND state <> 'dead')",
            )?
            .query_row(params![recipient, accept::condition(fingerprint)], |row| {
                row.get(0)
            })?)
    }
}

impl Kind {
    fn step(
        &self,
        conn: &Connection,
        cursor: &mut i64,
        before: Millis,
        now: Millis,
    ) -> Result<Pruned, StoreError> {
        let mut found = Vec::new();
        let mut looked_at = 0;
        let mut ended = false;
        {
            let mut statement = conn.prepare_cached(self.find)?;
            let mut rows = statement.query(named_params! {":after": *cursor})?;
            while found.len() < REMOVED && looked_at < LOOKED_AT {
                let Some(row) = rows.next()? else {
                    ended = true;
                    break;
                };
                let (seq, at): (i64, Millis) = (row.get(0)?, row.get(1)?);
                // All that follows is younger. What came from the future says nothing of that: the clock
                // was wrong, and its rows are passed over until their time comes.
                if (before..=now).contains(&at) {
                    ended = true;
                    break;
                }
                looked_at += 1;
                *cursor = seq;
                if at < before && row.get(2)? {
                    found.push(seq);
                }
            }
        }
        for seq in &found {
            for statement in self.remove {
                conn.prepare_cached(statement)?
                    .execute(named_params! {":seq": seq})?;
            }
        }
        if ended {
            *cursor = 0;
        }
        Ok(Pruned {
            rows: found.len() as u64,
            more: !ended,
        })
    }
}
