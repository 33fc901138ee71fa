//! Who is due, and which stored deliveries are to be tried again. After a restart nothing is leased, so what
//! was being sent when the process ended is due again under the same id.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row, params};

use super::fate;
use super::leases::{Grant, Held, Ticket};
use super::writer::Writer;
use crate::clock::Millis;
use crate::job::{Carried, Fate, JobId, RecipientId, Stored};
use crate::outcome::Reason;
use crate::store::{Due, StoreError};

impl Writer {
    pub(super) fn due_recipients(&mut self, now: Millis) -> Result<Due, StoreError> {
        self.expire(now);
        for recipient in self.agenda.touched() {
            let at = self.first_due(recipient)?;
            self.agenda.set(recipient, at);
        }
        let next = [self.agenda.next(now), self.leases.next_end()];
        Ok(Due {
            recipients: self.agenda.due(now),
            next: next.into_iter().flatten().min(),
        })
    }

    /// When the first thing of a recipient that is not leased is due.
    fn first_due(&self, recipient: RecipientId) -> Result<Option<Millis>, StoreError> {
        if !self.is_open(recipient) {
            return Ok(None);
        }
        let job = self.first_free(
            "SELECT id, due FROM job INDEXED BY job_queued
             WHERE recipient = ?1 AND state = 'queued' ORDER BY due",
            recipient,
            |id| self.leases.holds_job(id),
        )?;
        let delivery = self.first_free(
            "SELECT seq, due FROM delivery INDEXED BY delivery_pending
             WHERE recipient = ?1 AND state = 'pending' ORDER BY due",
            recipient,
            |seq| self.leases.holds_delivery(seq),
        )?;
        Ok(job.into_iter().chain(delivery).min())
    }

    fn first_free(
        &self,
        query: &str,
        recipient: RecipientId,
        leased: impl Fn(i64) -> bool,
    ) -> Result<Option<Millis>, StoreError> {
        let mut statement = self.conn.prepare_cached(query)?;
        let mut rows = statement.query([recipient])?;
        while let Some(row) = rows.next()? {
            // A time that is none makes nothing due, and lets nobody wait.
            if let Ok(due) = Millis::try_from(row.get::<_, i64>(1)?)
                && !leased(row.get(0)?)
            {
                return Ok(Some(due));
            }
        }
        Ok(None)
    }

    /// Pending deliveries that are due, oldest first, and the token that they are leased under.
    pub(super) fn due_deliveries(
        &mut self,
        recipient: RecipientId,
        now: Millis,
        max: usize,
        until: Millis,
    ) -> Result<(u64, Vec<Stored>), StoreError> {
        self.expire(now);
        let chosen = if self.is_open(recipient) {
            self.choose_deliveries(recipient, now, max)?
        } else {
            Vec::new()
        };
        let mut deliveries = Vec::with_capacity(chosen.len());
        let mut held = HashMap::with_capacity(chosen.len());
        for seq in chosen {
            let read = self
                .read_delivery(seq)
                .and_then(|delivery| Ok((self.tickets(&delivery.jobs)?, delivery)));
            let (jobs, delivery) = match read {
                Ok(read) => read,
                Err(StoreError::Unreadable(what)) => {
                    self.bury_delivery(recipient, seq, &what, now)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            held.insert(
                delivery.id.clone(),
                Held {
                    seq,
                    progress: delivery.progress,
                    attempts: delivery.attempts,
                    jobs,
                },
            );
            deliveries.push(delivery);
        }
        if held.is_empty() {
            return Ok((0, deliveries));
        }
        self.agenda.touch(recipient);
        let token = self.leases.grant(Grant {
            recipient,
            until,
            jobs: Vec::new(),
            deliveries: held,
        });
        Ok((token, deliveries))
    }

    fn choose_deliveries(
        &self,
        recipient: RecipientId,
        now: Millis,
        max: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT seq FROM delivery INDEXED BY delivery_pending
             WHERE recipient = ?1 AND state = 'pending' AND due <= ?2 ORDER BY seq",
        )?;
        let mut rows = statement.query(params![recipient, now])?;
        let mut chosen = Vec::new();
        while chosen.len() < max
            && let Some(row) = rows.next()?
        {
            let seq = row.get(0)?;
            if !self.leases.holds_delivery(seq) {
                chosen.push(seq);
            }
        }
        Ok(chosen)
    }

    fn read_delivery(&self, seq: i64) -> Result<Stored, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, tenant, recipient, component, params, progress, tag, attempts, created_at,
                 accepted_at, due, jobs, messages
             FROM delivery JOIN content ON content.delivery = delivery.seq WHERE seq = ?1",
        )?;
        let (delivery, jobs, messages) = statement.query_row([seq], |row| {
            let delivery = Stored {
                id: row.get(0)?,
                tenant: row.get(1)?,
                recipient: row.get(2)?,
                component: row.get(3)?,
                params: row.get(4)?,
                jobs: Vec::new(),
                messages: Vec::new(),
                progress: row.get(5)?,
                tag: row.get(6)?,
                attempts: row.get(7)?,
                created_at: row.get(8)?,
                accepted_at: row.get(9)?,
                due: row.get(10)?,
            };
            Ok((
                delivery,
                row.get::<_, String>(11)?,
                row.get::<_, String>(12)?,
            ))
        })?;
        let damaged = |error: serde_json::Error| {
            StoreError::Unreadable(format!("delivery {}: {error}", delivery.id))
        };
        Ok(Stored {
            jobs: serde_json::from_str(&jobs).map_err(damaged)?,
            messages: serde_json::from_str(&messages).map_err(damaged)?,
            ..delivery
        })
    }

    /// A delivery that cannot be understood must not hold up the queue: it is over, and its jobs are dead
    /// letters. Which they are is told by what no other delivery carries.
    fn bury_delivery(
        &mut self,
        recipient: RecipientId,
        seq: i64,
        what: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        tracing::error!(what, "a stored delivery is given up");
        self.agenda.touch(recipient);
        self.conn
            .prepare_cached("UPDATE delivery SET state = 'dead', ended_at = ?2 WHERE seq = ?1")?
            .execute(params![seq, now])?;
        let mut statement = self.conn.prepare_cached(
            "SELECT id, condition FROM job INDEXED BY job_condition
             WHERE recipient = ?1 AND state <> 'dead' AND state = 'delivery' AND id NOT IN (
                 SELECT carried.value ->> 'job'
                 FROM delivery JOIN content ON content.delivery = delivery.seq, json_each(
                     CASE WHEN json_valid(content.jobs) THEN content.jobs ELSE '[]' END) carried
                 WHERE delivery.recipient = ?1 AND delivery.state = 'pending')",
        )?;
        let ticket = |row: &Row<'_>| {
            let (id, condition) = (row.get(0)?, row.get(1)?);
            Ok(Ticket { id, condition })
        };
        let left: Vec<Ticket> = statement
            .query_map([recipient], ticket)?
            .collect::<Result<_, _>>()?;
        for job in left {
            let fate = Fate::Dead(Reason::Poison, Some(what.to_owned()));
            fate::meet(&self.conn, &mut self.tally, recipient, job, &fate, now)?;
        }
        Ok(())
    }

    fn tickets(&self, carried: &[Carried]) -> Result<Vec<Ticket>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT condition FROM job WHERE id = ?1")?;
        let ticket = |id: JobId| {
            let condition: Option<i64> = statement.query_row([id], |row| row.get(0)).optional()?;
            let condition = condition.ok_or_else(|| {
                StoreError::Unreadable(format!("job {id} of a delivery is missing"))
            })?;
            Ok(Ticket { id, condition })
        };
        carried
            .iter()
            .map(|carried| carried.job)
            .map(ticket)
            .collect()
    }
}
