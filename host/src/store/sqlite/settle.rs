//! What attempts change: the delivery, its jobs, receipts and the recipient's parameters.

use std::sync::Arc;

use campanile_contract::params::Param;
use rusqlite::{OptionalExtension, params};

use super::fate;
use super::leases::Held;
use super::writer::Writer;
use crate::clock::Millis;
use crate::job::{Attempt, RecipientId, Settlement, State, Then};
use crate::store::StoreError;

/// Settlements with their JSON written out, which is done before the writer is asked.
#[derive(Debug)]
pub(super) struct Written {
    settlements: Arc<[Settlement]>,
    /// New messages of each.
    messages: Vec<Option<String>>,
}

impl Written {
    pub(super) fn new(settlements: Arc<[Settlement]>) -> Result<Self, StoreError> {
        let messages = |settlement: &Settlement| match &settlement.then {
            Then::Again {
                messages: Some(messages),
                ..
            } => serde_json::to_string(messages)
                .map(Some)
                .map_err(|_| StoreError::Mismatch("a delivery cannot be written as JSON")),
            _ => Ok(None),
        };
        Ok(Self {
            messages: settlements.iter().map(messages).collect::<Result<_, _>>()?,
            settlements,
        })
    }
}

/// The name of a state, as it is stored.
pub(super) fn state_name(state: State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Delivered => "delivered",
        State::Dead => "dead",
        State::Superseded => "superseded",
    }
}

impl Writer {
    /// Returns the ids of deliveries that the lease does not hold any more; nothing of theirs changed.
    pub(super) fn settle(
        &mut self,
        token: u64,
        written: &Written,
        now: Millis,
    ) -> Result<Vec<String>, StoreError> {
        let settlements = &written.settlements;
        self.check_settlements(token, settlements)?;
        let recipient = self.leases.get(token).map_or(0, |grant| grant.recipient);
        let mut fenced = Vec::new();
        for (settlement, messages) in settlements.iter().zip(&written.messages) {
            let delivery = &settlement.delivery;
            match self.leases.take(token, delivery) {
                Some(held) => {
                    self.settle_one(recipient, &held, settlement, messages.as_deref(), now)?;
                }
                None => fenced.push(delivery.clone()),
            }
        }
        if fenced.len() < settlements.len() {
            self.agenda.touch(recipient);
        }
        Ok(fenced)
    }

    /// Everything that can be wrong with `settle` is found before the first write.
    fn check_settlements(&self, token: u64, settlements: &[Settlement]) -> Result<(), StoreError> {
        for settlement in settlements {
            let held = self
                .leases
                .get(token)
                .and_then(|grant| grant.deliveries.get(&settlement.delivery));
            if let Some(held) = held
                && let Then::Over { state, fates } = &settlement.then
            {
                if *state == State::Pending {
                    return Err(StoreError::Mismatch("a delivery that is over is pending"));
                }
                if fates.len() != held.jobs.len() {
                    return Err(StoreError::Mismatch("there is not one fate for each job"));
                }
            }
        }
        Ok(())
    }

    fn settle_one(
        &mut self,
        recipient: RecipientId,
        held: &Held,
        settlement: &Settlement,
        messages: Option<&str>,
        now: Millis,
    ) -> Result<(), StoreError> {
        if let Some(attempt) = &settlement.attempt {
            self.record(held.seq, attempt)?;
        }
        let tried = held.attempts + u32::from(settlement.attempt.is_some());
        match &settlement.then {
            Then::Again {
                progress, due, tag, ..
            } => {
                let attempts = if *progress > held.progress { 0 } else { tried };
                self.conn
                    .prepare_cached(
                        "UPDATE delivery SET progress = ?2, due = ?3, attempts = ?4 WHERE seq = ?1",
                    )?
                    .execute(params![held.seq, progress, due, attempts])?;
                if tag.is_some() || messages.is_some() {
                    self.conn
                        .prepare_cached(
                            "UPDATE content SET tag = coalesce(?2, tag),
                                 messages = coalesce(?3, messages)
                             WHERE delivery = ?1",
                        )?
                        .execute(params![held.seq, tag, messages])?;
                }
            }
            Then::Over { state, fates } => {
                self.conn
                    .prepare_cached(
                        "UPDATE delivery SET state = ?2, attempts = ?3, ended_at = ?4 WHERE seq = ?1",
                    )?
                    .execute(params![held.seq, state_name(*state), tried, now])?;
                for (&job, fate) in held.jobs.iter().zip(fates) {
                    fate::meet(&self.conn, &mut self.tally, recipient, job, fate, now)?;
                }
            }
        }
        for (fingerprint, receipt) in &settlement.receipts {
            self.keep_receipt(recipient, fingerprint, receipt.as_deref(), now)?;
        }
        if !settlement.changed.is_empty() {
            self.change_params(recipient, &settlement.changed)?;
        }
        Ok(())
    }

    fn record(&self, delivery: i64, attempt: &Attempt) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO attempt (delivery, number, message, started_at, duration_ms, outcome,
                     reason, status, retry_at, detail)
                 VALUES (?1,
                     (SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE delivery = ?1),
                     ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                delivery,
                attempt.message,
                attempt.started_at,
                attempt.duration_ms,
                attempt.outcome,
                attempt.reason.as_str(),
                attempt.status,
                attempt.retry_at,
                attempt.detail
            ])?;
        Ok(())
    }

    /// Forgets it where it is `None`.
    pub(super) fn keep_receipt(
        &self,
        recipient: RecipientId,
        fingerprint: &str,
        receipt: Option<&str>,
        now: Millis,
    ) -> Result<(), StoreError> {
        match receipt {
            Some(receipt) => self
                .conn
                .prepare_cached(
                    "INSERT INTO receipt (recipient, fingerprint, receipt, kept_at)
                     VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (recipient, fingerprint) DO UPDATE SET
                         receipt = excluded.receipt, kept_at = excluded.kept_at",
                )?
                .execute(params![recipient, fingerprint, receipt, now])?,
            None => self
                .conn
                .prepare_cached("DELETE FROM receipt WHERE recipient = ?1 AND fingerprint = ?2")?
                .execute(params![recipient, fingerprint])?,
        };
        Ok(())
    }

    fn change_params(&self, recipient: RecipientId, changed: &[Param]) -> Result<(), StoreError> {
        let stored: Option<Vec<u8>> = self
            .conn
            .prepare_cached("SELECT CAST(params AS BLOB) FROM recipient WHERE id = ?1")?
            .query_row([recipient], |row| row.get(0))
            .optional()?;
        // What is no array of parameters was not written by this program, and stays as it is.
        let Some(mut all) =
            stored.and_then(|params| serde_json::from_slice::<Vec<Param>>(&params).ok())
        else {
            tracing::warn!(
                recipient,
                "changed parameters cannot be merged: those stored are not readable"
            );
            return Ok(());
        };
        for new in changed {
            match all
                .iter_mut()
                .find(|old| old.name == new.name && old.key == new.key)
            {
                Some(old) => old.value.clone_from(&new.value),
                None => all.push(new.clone()),
            }
        }
        let all = serde_json::to_string(&all)
            .map_err(|_| StoreError::Mismatch("parameters cannot be written as JSON"))?;
        self.conn
            .prepare_cached("UPDATE recipient SET params = ?2 WHERE id = ?1")?
            .execute(params![recipient, all])?;
        Ok(())
    }
}
