//! From the queue into deliveries: `lease`, then `begin`, or `release`.

use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension, Row, params};

use super::fate;
use super::leases::{Grant, Held, Ticket};
use super::writer::Writer;
use crate::clock::Millis;
use crate::job::{Fate, JobId, RecipientId, Stored, Unsent};
use crate::outcome::Reason;
use crate::store::StoreError;

/// A lease before its alerts are read, which is done after the writer has answered.
#[derive(Debug, Default)]
pub(super) struct Leased {
    pub(super) token: u64,
    pub(super) jobs: Vec<LeasedJob>,
}

/// A leased job, its alert as it is stored.
#[derive(Debug)]
pub(super) struct LeasedJob {
    pub(super) id: JobId,
    pub(super) given: u32,
    pub(super) attempts: u32,
    pub(super) accepted_at: Millis,
    pub(super) document: String,
    pub(super) receipt: Option<String>,
}

/// A delivery with its JSON written out, which is done before the writer is asked.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) delivery: Stored,
    pub(super) jobs: String,
    pub(super) messages: String,
}

impl Written {
    pub(super) fn new(delivery: Stored) -> Result<Self, StoreError> {
        let json = |_| StoreError::Mismatch("a delivery cannot be written as JSON");
        Ok(Self {
            jobs: serde_json::to_string(&delivery.jobs).map_err(json)?,
            messages: serde_json::to_string(&delivery.messages).map_err(json)?,
            delivery,
        })
    }
}

struct Candidate {
    ticket: Ticket,
    alert: i64,
    batch: Option<i64>,
    given: u32,
    attempts: u32,
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        ticket: Ticket {
            id: row.get(0)?,
            condition: row.get(1)?,
        },
        alert: row.get(2)?,
        batch: row.get(3)?,
        given: row.get(4)?,
        attempts: row.get(5)?,
    })
}

impl Writer {
    pub(super) fn lease(
        &mut self,
        recipient: RecipientId,
        max: usize,
        now: Millis,
        until: Millis,
    ) -> Result<Leased, StoreError> {
        self.expire(now);
        let chosen = if self.is_open(recipient) && max > 0 {
            self.ripen(recipient, now)?;
            self.choose(recipient, max)?
        } else {
            Vec::new()
        };
        if chosen.is_empty() {
            return Ok(Leased::default());
        }
        self.agenda.touch(recipient);
        // Most recipients leave no receipts; then none has to be looked for.
        let receipts = self
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM receipt WHERE recipient = ?1)")?
            .query_row([recipient], |row| row.get(0))?;
        let mut tickets = Vec::with_capacity(chosen.len());
        let mut jobs = Vec::with_capacity(chosen.len());
        for candidate in chosen {
            match self.read_leased(recipient, &candidate, receipts) {
                Ok(job) => {
                    tickets.push(candidate.ticket);
                    jobs.push(job);
                }
                Err(StoreError::Unreadable(what)) => {
                    let what = format!("the stored alert cannot be read: {what}");
                    self.bury_one(recipient, candidate.ticket, what, now)?;
                }
                Err(error) => return Err(error),
            }
        }
        if jobs.is_empty() {
            return Ok(Leased::default());
        }
        let token = self.leases.grant(Grant {
            recipient,
            until,
            jobs: tickets,
            deliveries: HashMap::new(),
        });
        Ok(Leased { token, jobs })
    }

    /// What has come due joins those that are due at once: among them the index is in the order of
    /// acceptance, so that no lease has to pass over what is not due.
    fn ripen(&self, recipient: RecipientId, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE job INDEXED BY job_queued SET due = 0
                 WHERE recipient = ?1 AND state = 'queued' AND due > 0 AND due <= ?2",
            )?
            .execute(params![recipient, now])?;
        Ok(())
    }

    fn choose(&self, recipient: RecipientId, max: usize) -> Result<Vec<Candidate>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, condition, alert, batch, given, attempts FROM job INDEXED BY job_queued
             WHERE recipient = ?1 AND state = 'queued' AND due = 0 ORDER BY id",
        )?;
        let mut rows = statement.query([recipient])?;
        let mut chosen = Vec::new();
        while chosen.len() < max
            && let Some(row) = rows.next()?
        {
            if self.leases.holds_job(row.get(0)?) {
                continue;
            }
            let next = candidate(row)?;
            match next.batch {
                None => chosen.push(next),
                Some(batch) if chosen.is_empty() => {
                    return self.choose_batch(recipient, max, batch);
                }
                Some(_) => {}
            }
        }
        Ok(chosen)
    }

    fn choose_batch(
        &self,
        recipient: RecipientId,
        max: usize,
        batch: i64,
    ) -> Result<Vec<Candidate>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, condition, alert, batch, given, attempts FROM job INDEXED BY job_batch
             WHERE recipient = ?1 AND batch = ?2 AND state = 'queued' AND due = 0 ORDER BY id",
        )?;
        let mut rows = statement.query([recipient, batch])?;
        let mut chosen = Vec::new();
        while chosen.len() < max
            && let Some(row) = rows.next()?
        {
            if !self.leases.holds_job(row.get(0)?) {
                chosen.push(candidate(row)?);
            }
        }
        Ok(chosen)
    }

    fn read_leased(
        &self,
        recipient: RecipientId,
        candidate: &Candidate,
        receipts: bool,
    ) -> Result<LeasedJob, StoreError> {
        let (accepted_at, document, fingerprint) = self
            .conn
            .prepare_cached("SELECT accepted_at, document, fingerprint FROM alert WHERE seq = ?1")?
            .query_row([candidate.alert], |row| {
                let fingerprint: Option<String> = if receipts { Some(row.get(2)?) } else { None };
                Ok((row.get(0)?, row.get(1)?, fingerprint))
            })?;
        let receipt = match fingerprint {
            Some(fingerprint) => self.receipt(recipient, &fingerprint)?,
            None => None,
        };
        Ok(LeasedJob {
            id: candidate.ticket.id,
            given: candidate.given,
            attempts: candidate.attempts,
            accepted_at,
            document,
            receipt,
        })
    }

    fn receipt(
        &self,
        recipient: RecipientId,
        fingerprint: &str,
    ) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT receipt FROM receipt WHERE recipient = ?1 AND fingerprint = ?2",
            )?
            // One that cannot be read is as good as none.
            .query_row(params![recipient, fingerprint], |row| Ok(row.get(0).ok()))
            .optional()?
            .flatten())
    }

    /// Makes dead letters of leased jobs whose stored alert cannot be read. The others go on under the token
    /// that is returned.
    pub(super) fn bury(
        &mut self,
        token: u64,
        unreadable: &[(JobId, String)],
        now: Millis,
    ) -> Result<u64, StoreError> {
        let mut grant = self.leases.end(token).ok_or(StoreError::Fenced)?;
        let recipient = grant.recipient;
        self.agenda.touch(recipient);
        for (job, detail) in unreadable {
            if let Some(at) = grant.jobs.iter().position(|ticket| ticket.id == *job) {
                let ticket = grant.jobs.remove(at);
                self.bury_one(recipient, ticket, detail.clone(), now)?;
            }
        }
        if grant.jobs.is_empty() {
            return Ok(0);
        }
        Ok(self.leases.grant(grant))
    }

    fn bury_one(
        &mut self,
        recipient: RecipientId,
        ticket: Ticket,
        detail: String,
        now: Millis,
    ) -> Result<(), StoreError> {
        let fate = Fate::Dead(Reason::Poison, Some(detail));
        fate::meet(&self.conn, &mut self.tally, recipient, ticket, &fate, now)
    }

    /// Stores deliveries, and ends the lease of the jobs. The deliveries are leased in turn; returns their
    /// token.
    pub(super) fn begin(
        &mut self,
        token: u64,
        deliveries: &[Written],
        unsent: &[Unsent],
        now: Millis,
        until: Millis,
    ) -> Result<u64, StoreError> {
        let (recipient, tickets) = self.check_begin(token, deliveries, unsent)?;
        let mut held = HashMap::with_capacity(deliveries.len());
        for written in deliveries {
            let jobs = written
                .delivery
                .jobs
                .iter()
                .filter_map(|carried| tickets.get(&carried.job).copied())
                .collect();
            let seq = self.insert_delivery(written)?;
            held.insert(
                written.delivery.id.clone(),
                Held {
                    seq,
                    progress: written.delivery.progress,
                    attempts: written.delivery.attempts,
                    jobs,
                },
            );
        }
        for Unsent {
            job,
            fate,
            given,
            attempts,
        } in unsent
        {
            self.conn
                .prepare_cached("UPDATE job SET given = ?2, attempts = ?3 WHERE id = ?1")?
                .execute(params![job, given, attempts])?;
            fate::meet(
                &self.conn,
                &mut self.tally,
                recipient,
                tickets[job],
                fate,
                now,
            )?;
        }
        self.leases.end(token);
        self.agenda.touch(recipient);
        if held.is_empty() {
            return Ok(0);
        }
        Ok(self.leases.grant(Grant {
            recipient,
            until,
            jobs: Vec::new(),
            deliveries: held,
        }))
    }

    /// Everything that can be wrong with `begin` is found before the first write.
    fn check_begin(
        &self,
        token: u64,
        deliveries: &[Written],
        unsent: &[Unsent],
    ) -> Result<(RecipientId, HashMap<JobId, Ticket>), StoreError> {
        let grant = self.leases.get(token).ok_or(StoreError::Fenced)?;
        let tickets: HashMap<JobId, Ticket> = grant
            .jobs
            .iter()
            .map(|ticket| (ticket.id, *ticket))
            .collect();
        let carried = deliveries
            .iter()
            .flat_map(|written| written.delivery.jobs.iter().map(|carried| carried.job));
        let mut named = HashSet::with_capacity(tickets.len());
        for job in carried.chain(unsent.iter().map(|unsent| unsent.job)) {
            if !tickets.contains_key(&job) {
                return Err(StoreError::Mismatch("a job is not in the lease"));
            }
            if !named.insert(job) {
                return Err(StoreError::Mismatch("a job is named twice"));
            }
        }
        for Written { delivery, .. } in deliveries {
            if delivery.recipient != grant.recipient {
                return Err(StoreError::Mismatch("a delivery is for another recipient"));
            }
            if delivery.jobs.is_empty() {
                return Err(StoreError::Mismatch("a delivery carries no job"));
            }
        }
        if unsent
            .iter()
            .any(|unsent| matches!(unsent.fate, Fate::Delivered))
        {
            return Err(StoreError::Mismatch(
                "a job without a delivery was delivered",
            ));
        }
        Ok((grant.recipient, tickets))
    }

    fn insert_delivery(&self, written: &Written) -> Result<i64, StoreError> {
        let delivery = &written.delivery;
        self.conn
            .prepare_cached(
                "INSERT INTO delivery (id, recipient, state, due, progress, attempts, created_at,
                     accepted_at, tenant)
                 VALUES (?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                delivery.id,
                delivery.recipient,
                delivery.due,
                delivery.progress,
                delivery.attempts,
                delivery.created_at,
                delivery.accepted_at,
                delivery.tenant
            ])?;
        let seq = self.conn.last_insert_rowid();
        self.conn
            .prepare_cached(
                "INSERT INTO content (delivery, component, params, tag, jobs, messages)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                seq,
                delivery.component,
                delivery.params,
                delivery.tag,
                written.jobs,
                written.messages
            ])?;
        let mut carry = self
            .conn
            .prepare_cached("UPDATE job SET state = 'delivery', batch = NULL WHERE id = ?1")?;
        for carried in &delivery.jobs {
            carry.execute([carried.job])?;
        }
        Ok(seq)
    }

    pub(super) fn release(&mut self, token: u64) {
        if let Some(grant) = self.leases.release(token) {
            self.agenda.touch(grant.recipient);
        }
    }
}
