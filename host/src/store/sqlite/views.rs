//! What is shown, on a connection of its own that only reads: a long list delays nobody.

use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::de::DeserializeOwned;

use super::settle::state_name;
use crate::job::{Attempt, JobId, State};
use crate::outcome::Reason;
use crate::store::{
    ComponentRow, Configuration, Counts, DeadLetter, DeadLetterFilter, DeliveryFilter,
    DeliveryView, EndpointRow, NetworkRow, PAGE, RecipientRow, StoreError, TokenRow,
};

pub(super) fn configuration(conn: &Connection) -> Result<Configuration, StoreError> {
    Ok(Configuration {
        components: all(
            conn,
            "SELECT digest, name, nullif(tenant, ''), builtin, manifest, installed_at
             FROM component ORDER BY digest, tenant",
            |row| {
                Ok(ComponentRow {
                    digest: row.get(0)?,
                    name: row.get(1)?,
                    tenant: row.get(2)?,
                    builtin: row.get(3)?,
                    manifest: row.get(4)?,
                    wasm: None,
                    installed_at: row.get(5)?,
                })
            },
        )?,
        endpoints: all(
            conn,
            "SELECT tenant, name, component, params, sealed, granted, follows, paused
             FROM endpoint ORDER BY tenant, name",
            |row| {
                Ok(EndpointRow {
                    tenant: row.get(0)?,
                    name: row.get(1)?,
                    component: row.get(2)?,
                    params: row.get(3)?,
                    sealed: row.get(4)?,
                    granted: row.get(5)?,
                    follows: row.get(6)?,
                    paused: row.get(7)?,
                })
            },
        )?,
        recipients: all(
            conn,
            "SELECT id, tenant, name, endpoint, params, language, time_zone, filter, title, message,
                 paused
             FROM recipient WHERE removed = 0 ORDER BY tenant, name",
            |row| {
                Ok(RecipientRow {
                    id: row.get(0)?,
                    tenant: row.get(1)?,
                    name: row.get(2)?,
                    endpoint: row.get(3)?,
                    params: row.get(4)?,
                    language: row.get(5)?,
                    time_zone: row.get(6)?,
                    filter: row.get(7)?,
                    title: row.get(8)?,
                    message: row.get(9)?,
                    paused: row.get(10)?,
                })
            },
        )?,
        tokens: all(
            conn,
            "SELECT tenant, name, role, hash FROM token ORDER BY tenant, name",
            |row| {
                Ok(TokenRow {
                    tenant: row.get(0)?,
                    name: row.get(1)?,
                    role: row.get(2)?,
                    hash: row.get(3)?,
                })
            },
        )?,
        networks: all(
            conn,
            "SELECT tenant, allow FROM network ORDER BY tenant",
            |row| {
                Ok(NetworkRow {
                    tenant: row.get(0)?,
                    allow: row.get(1)?,
                })
            },
        )?,
        key_check: all(conn, "SELECT value FROM key_check", |row| row.get(0))?.pop(),
    })
}

fn all<T>(
    conn: &Connection,
    query: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = conn.prepare_cached(query)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn component_wasm(
    conn: &Connection,
    digest: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT wasm FROM component WHERE digest = ?1 AND wasm IS NOT NULL LIMIT 1",
        )?
        .query_row([digest], |row| row.get(0))
        .optional()?)
}

const DELIVERY: &str = "
    SELECT d.id, d.tenant, d.recipient, coalesce(r.name, ''), c.component, d.state, c.jobs, d.progress,
        d.attempts, d.created_at, d.accepted_at, d.due, d.ended_at,
        (SELECT reason FROM attempt WHERE delivery = d.seq ORDER BY number DESC LIMIT 1), c.messages
    FROM delivery d JOIN content c ON c.delivery = d.seq
        LEFT JOIN recipient r ON r.id = d.recipient";

fn delivery_view(row: &Row<'_>, messages: bool) -> Result<DeliveryView, StoreError> {
    let id: String = row.get(0)?;
    let state: String = row.get(5)?;
    let reason: Option<String> = row.get(13)?;
    Ok(DeliveryView {
        tenant: row.get(1)?,
        recipient: row.get(2)?,
        recipient_name: row.get(3)?,
        component: row.get(4)?,
        state: state_of(&state)?,
        jobs: json(&id, &row.get::<_, String>(6)?)?,
        progress: row.get(7)?,
        attempts: row.get(8)?,
        created_at: row.get(9)?,
        accepted_at: row.get(10)?,
        due: row.get(11)?,
        ended_at: row.get(12)?,
        reason: reason.as_deref().map(reason_of).transpose()?,
        messages: if messages {
            json(&id, &row.get::<_, String>(14)?)?
        } else {
            Vec::new()
        },
        id,
    })
}

fn json<T: DeserializeOwned>(id: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Unreadable(format!("delivery {id}: {error}")))
}

fn reason_of(name: &str) -> Result<Reason, StoreError> {
    Reason::from_str(name).map_err(StoreError::Unreadable)
}

fn state_of(name: &str) -> Result<State, StoreError> {
    [
        State::Pending,
        State::Delivered,
        State::Dead,
        State::Superseded,
    ]
    .into_iter()
    .find(|state| state_name(*state) == name)
    .ok_or_else(|| StoreError::Unreadable(format!("there is no state `{name}`")))
}

pub(super) fn deliveries(
    conn: &Connection,
    filter: &DeliveryFilter,
) -> Result<Vec<DeliveryView>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "{DELIVERY}
         WHERE d.seq < coalesce(
                 (SELECT seq FROM delivery
                  WHERE id = :before AND (:tenant IS NULL OR tenant = :tenant)),
                 9223372036854775807)
             AND (:tenant IS NULL OR d.tenant = :tenant)
             AND (:recipient IS NULL OR d.recipient = :recipient)
             AND (:state IS NULL OR d.state = :state)
         ORDER BY d.seq DESC LIMIT :limit"
    ))?;
    let mut rows = statement.query(named_params! {
        ":before": filter.before,
        ":tenant": filter.tenant,
        ":recipient": filter.recipient,
        ":state": filter.state.map(state_name),
        ":limit": filter.limit.min(PAGE),
    })?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        views.push(delivery_view(row, false)?);
    }
    Ok(views)
}

pub(super) fn delivery(
    conn: &Connection,
    id: &str,
) -> Result<Option<(DeliveryView, Vec<Attempt>)>, StoreError> {
    let mut statement = conn.prepare_cached(&format!("{DELIVERY} WHERE d.id = ?1"))?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let view = delivery_view(row, true)?;
    Ok(Some((view, attempts(conn, id)?)))
}

fn attempts(conn: &Connection, id: &str) -> Result<Vec<Attempt>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT message, started_at, duration_ms, outcome, reason, status, detail, retry_at
         FROM attempt WHERE delivery = (SELECT seq FROM delivery WHERE id = ?1) ORDER BY number",
    )?;
    let mut rows = statement.query([id])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        attempts.push(Attempt {
            message: row.get(0)?,
            started_at: row.get(1)?,
            duration_ms: row.get(2)?,
            outcome: row.get(3)?,
            reason: reason_of(&row.get::<_, String>(4)?)?,
            status: row.get(5)?,
            detail: row.get(6)?,
            retry_at: row.get(7)?,
        });
    }
    Ok(attempts)
}

pub(super) fn dead_letters(
    conn: &Connection,
    filter: &DeadLetterFilter,
) -> Result<Vec<DeadLetter>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT job.id, alert.id, alert.kind, job.recipient, coalesce(r.name, ''), alert.tenant,
             job.reason, job.detail, job.died_at
         FROM job INDEXED BY job_dead
             JOIN alert ON alert.seq = job.alert
             LEFT JOIN recipient r ON r.id = job.recipient
         WHERE job.state = 'dead' AND job.id < :before
             AND (:recipient IS NULL OR job.recipient = :recipient)
             AND (:tenant IS NULL OR alert.tenant = :tenant)
         ORDER BY job.id DESC LIMIT :limit",
    )?;
    let mut rows = statement.query(named_params! {
        ":before": filter.before.unwrap_or(JobId::MAX),
        ":recipient": filter.recipient,
        ":tenant": filter.tenant,
        ":limit": filter.limit.min(PAGE),
    })?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        letters.push(DeadLetter {
            job: row.get(0)?,
            alert: row.get(1)?,
            kind: row.get(2)?,
            recipient: row.get(3)?,
            recipient_name: row.get(4)?,
            tenant: row.get(5)?,
            reason: reason_of(&row.get::<_, String>(6)?)?,
            detail: row.get(7)?,
            died_at: row.get(8)?,
        });
    }
    Ok(letters)
}

pub(super) fn counts(conn: &Connection) -> Result<Counts, StoreError> {
    let counts = conn
        .prepare_cached(
            "SELECT coalesce((SELECT value FROM meta WHERE name = 'alerts'), 0),
                 (SELECT count(*) FROM job WHERE state IN ('queued', 'waiting')),
                 (SELECT count(*) FROM delivery INDEXED BY delivery_pending WHERE state = 'pending'),
                 coalesce((SELECT value FROM meta WHERE name = 'delivered'), 0),
                 (SELECT count(*) FROM job INDEXED BY job_dead WHERE state = 'dead')",
        )?
        .query_row([], |row| {
            Ok(Counts {
                alerts: row.get(0)?,
                queued: row.get(1)?,
                pending: row.get(2)?,
                delivered: row.get(3)?,
                dead: row.get(4)?,
            })
        })?;
    Ok(counts)
}
