//! Intake: alerts and their jobs, in one transaction with the answer to a repeated request.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::writer::Writer;
use crate::clock::Millis;
use crate::job::RecipientId;
use crate::outcome::Reason;
use crate::store::{Acceptance, Accepted, Idempotency, StoreError, Told};

/// An acceptance with its alerts written out, which is done before the writer is asked.
#[derive(Debug)]
pub(super) struct Prepared {
    tenant: String,
    token: String,
    alerts: Vec<Row>,
    told: Vec<Told>,
    idempotency: Option<Idempotency>,
    now: Millis,
}

#[derive(Debug)]
struct Row {
    id: String,
    kind: String,
    fingerprint: String,
    condition: i64,
    document: String,
    recipients: Vec<RecipientId>,
}

impl Prepared {
    pub(super) fn new(acceptance: Acceptance) -> Result<Self, StoreError> {
        let Acceptance {
            tenant,
            token,
            alerts,
            told,
            idempotency,
            now,
        } = acceptance;
        let alerts = alerts
            .into_iter()
            .map(|(alert, recipients)| {
                Ok(Row {
                    document: serde_json::to_string(&alert)
                        .map_err(|_| StoreError::Mismatch("an alert cannot be written as JSON"))?,
                    condition: condition(&alert.fingerprint),
                    id: alert.id,
                    kind: alert.kind,
                    fingerprint: alert.fingerprint,
                    recipients,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Self {
            tenant,
            token,
            alerts,
            told,
            idempotency,
            now,
        })
    }
}

/// A fingerprint in eight bytes, so that the index over conditions stays small. Two fingerprints of one
/// recipient that share them would wait for each other, which does no harm; receipts go by the whole one.
pub(super) fn condition(fingerprint: &str) -> i64 {
    let digest: [u8; 32] = Sha256::digest(fingerprint).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Writer {
    pub(super) fn accept(&mut self, prepared: &Prepared) -> Result<Accepted, StoreError> {
        let Prepared {
            tenant, token, now, ..
        } = prepared;
        if let Some(idempotency) = &prepared.idempotency {
            if let Some(known) = self.known(tenant, token, idempotency)? {
                return Ok(known);
            }
            self.conn
                .prepare_cached(
                    "INSERT INTO idempotency (tenant, token, key, body_hash, accepted_at, answer)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    tenant,
                    token,
                    idempotency.key,
                    idempotency.body_hash,
                    now,
                    idempotency.answer
                ])?;
        }
        for row in &prepared.alerts {
            self.insert(tenant, token, row, *now)?;
        }
        self.tell(&prepared.told, *now)?;
        self.tally.alerts += i64::try_from(prepared.alerts.len()).unwrap_or(i64::MAX);
        Ok(Accepted::Stored)
    }

    fn known(
        &self,
        tenant: &str,
        token: &str,
        asked: &Idempotency,
    ) -> Result<Option<Accepted>, StoreError> {
        let known = self
            .conn
            .prepare_cached(
                "SELECT body_hash, answer FROM idempotency
                 WHERE tenant = ?1 AND token = ?2 AND key = ?3",
            )?
            .query_row(params![tenant, token, asked.key], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(known.map(|(body_hash, answer)| {
            if body_hash == asked.body_hash {
                Accepted::Replayed(answer)
            } else {
                Accepted::Conflict
            }
        }))
    }

    fn insert(
        &mut self,
        tenant: &str,
        token: &str,
        row: &Row,
        now: Millis,
    ) -> Result<(), StoreError> {
        let jobs = i64::try_from(row.recipients.len()).unwrap_or(i64::MAX);
        let alert = self.numbers(1 + jobs)?;
        self.conn
            .prepare_cached(
                "INSERT INTO alert
                     (seq, jobs, accepted_at, id, tenant, token, kind, fingerprint, document)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                alert,
                jobs,
                now,
                row.id,
                tenant,
                token,
                row.kind,
                row.fingerprint,
                row.document
            ])?;
        for (job, &recipient) in (alert + 1..).zip(&row.recipients) {
            if self.recipients.contains_key(&recipient) {
                self.conn
                    .prepare_cached(
                        "INSERT INTO job (id, recipient, alert, condition, state)
                         VALUES (?1, ?2, ?3, ?4, CASE WHEN EXISTS (
                             SELECT 1 FROM job INDEXED BY job_condition
                             WHERE recipient = ?2 AND condition = ?4 AND state <> 'dead'
                         ) THEN 'waiting' ELSE 'queued' END)",
                    )?
                    .execute(params![job, recipient, alert, row.condition])?;
                self.agenda.touch(recipient);
            } else {
                // It was removed after the alert was routed: that, too, is shown.
                self.conn
                    .prepare_cached(
                        "INSERT INTO job (id, recipient, alert, condition, state, reason, died_at)
                         VALUES (?1, ?2, ?3, ?4, 'dead', ?5, ?6)",
                    )?
                    .execute(params![
                        job,
                        recipient,
                        alert,
                        row.condition,
                        Reason::RecipientRemoved.as_str(),
                        now
                    ])?;
            }
        }
        Ok(())
    }
}
