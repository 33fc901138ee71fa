//! What becomes of single jobs. One rule is kept here: a job waits exactly while an earlier one of the same
//! recipient and condition is unfinished, so that what is queued can be given out without looking further.

use rusqlite::{Connection, OptionalExtension, params};

use super::leases::Ticket;
use super::writer::Tally;
use crate::clock::Millis;
use crate::job::{Fate, JobId, RecipientId};
use crate::store::StoreError;

/// Ends a job, or puts it back into the queue. Its counts stay.
pub(super) fn meet(
    conn: &Connection,
    tally: &mut Tally,
    recipient: RecipientId,
    job: Ticket,
    fate: &Fate,
    now: Millis,
) -> Result<(), StoreError> {
    match fate {
        Fate::Delivered => {
            conn.prepare_cached("DELETE FROM job WHERE id = ?1")?
                .execute([job.id])?;
            tally.delivered += 1;
            wake_next(conn, recipient, job.condition)
        }
        Fate::Queued { due, batch } => {
            conn.prepare_cached(
                "UPDATE job SET due = ?2, batch = ?3, state = CASE WHEN EXISTS (
                     SELECT 1 FROM job earlier INDEXED BY job_condition
                     WHERE earlier.recipient = ?4 AND earlier.condition = ?5
                         AND earlier.state <> 'dead' AND earlier.id < ?1
                 ) THEN 'waiting' ELSE 'queued' END
                 WHERE id = ?1",
            )?
            .execute(params![
                job.id,
                due,
                batch.map(u64::cast_signed),
                recipient,
                job.condition
            ])?;
            Ok(())
        }
        Fate::Dead(reason, detail) => {
            conn.prepare_cached(
                "UPDATE job SET state = 'dead', batch = NULL, died_at = ?2, reason = ?3, detail = ?4
                 WHERE id = ?1",
            )?
            .execute(params![job.id, now, reason.as_str(), detail])?;
            wake_next(conn, recipient, job.condition)
        }
    }
}

/// After a job has ended, the earliest that is left of its condition waits no longer.
fn wake_next(conn: &Connection, recipient: RecipientId, condition: i64) -> Result<(), StoreError> {
    let next: Option<(JobId, bool)> = conn
        .prepare_cached(
            "SELECT id, state = 'waiting' FROM job INDEXED BY job_condition
             WHERE recipient = ?1 AND condition = ?2 AND state <> 'dead' ORDER BY id LIMIT 1",
        )?
        .query_row(params![recipient, condition], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    if let Some((job, true)) = next {
        conn.prepare_cached("UPDATE job SET state = 'queued' WHERE id = ?1")?
            .execute([job])?;
    }
    Ok(())
}

/// Makes a dead letter a job again, as if it were new but in its old place. Returns whether it was one.
pub(super) fn revive(
    conn: &Connection,
    recipient: RecipientId,
    job: JobId,
) -> Result<bool, StoreError> {
    let condition: Option<i64> = conn
        .prepare_cached(
            "SELECT condition FROM job WHERE id = ?1 AND recipient = ?2 AND state = 'dead'",
        )?
        .query_row([job, recipient], |row| row.get(0))
        .optional()?;
    let Some(condition) = condition else {
        return Ok(false);
    };
    conn.prepare_cached(
        "UPDATE job SET given = 0, attempts = 0, died_at = NULL, reason = NULL, detail = NULL
         WHERE id = ?1",
    )?
    .execute([job])?;
    let back = Fate::Queued {
        due: 0,
        batch: None,
    };
    let ticket = Ticket { id: job, condition };
    meet(conn, &mut Tally::default(), recipient, ticket, &back, 0)?;
    // A later one may have been the earliest until now.
    conn.prepare_cached(
        "UPDATE job INDEXED BY job_condition SET state = 'waiting'
         WHERE recipient = ?1 AND condition = ?2 AND state <> 'dead' AND state = 'queued' AND id > ?3",
    )?
    .execute(params![recipient, condition, job])?;
    Ok(true)
}
