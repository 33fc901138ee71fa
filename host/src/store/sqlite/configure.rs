//! Changes of the configuration.

use rusqlite::{OptionalExtension, params};

use super::wipe::{self, Wiping};
use super::writer::Writer;
use crate::clock::Millis;
use crate::job::RecipientId;
use crate::outcome::Reason;
use crate::store::{Change, ComponentRow, EndpointRow, RecipientRow, Removal, StoreError};

impl Writer {
    pub(super) fn put_component(&mut self, row: &ComponentRow) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO component
                     (digest, tenant, name, builtin, installed_at, manifest, wasm)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                row.digest,
                row.tenant.as_deref().unwrap_or_default(),
                row.name,
                row.builtin,
                row.installed_at,
                row.manifest,
                row.wasm
            ])?;
        Ok(())
    }

    /// Removes a component, unless it is the last of its digest and deliveries that it built are pending: it reads
    /// what becomes of them.
    pub(super) fn remove_component(
        &mut self,
        digest: &str,
        tenant: Option<&str>,
    ) -> Result<Removal, StoreError> {
        let tenant = tenant.unwrap_or_default();
        let pending: bool = self
            .conn
            .prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM component WHERE digest = ?1 AND tenant <> ?2)
                    AND EXISTS (SELECT 1 FROM delivery JOIN content ON content.delivery = delivery.seq
                                WHERE delivery.state = 'pending' AND content.component = ?1)",
            )?
            .query_row([digest, tenant], |row| row.get(0))?;
        if pending {
            return Ok(Removal::Pending);
        }
        let removed = self
            .conn
            .prepare_cached("DELETE FROM component WHERE digest = ?1 AND tenant = ?2")?
            .execute([digest, tenant])?;
        Ok(if removed > 0 {
            Removal::Removed
        } else {
            Removal::NotThere
        })
    }

    /// All of the changes, or none.
    pub(super) fn apply(&mut self, changes: &[Change], now: Millis) -> Result<(), StoreError> {
        Wiping::Whole.set(&self.conn)?;
        let removed = self.whole(|writer| {
            let mut removed = Vec::new();
            for change in changes {
                removed.extend(writer.change(change, now)?);
            }
            writer.refuse_dangling()?;
            if changes.iter().any(Change::may_replace_secrets) {
                wipe::rewrite_endpoints(&writer.conn)?;
                writer.log_has_secrets = true;
            }
            Ok(removed)
        });
        Wiping::Cheap.set(&self.conn)?;
        let removed = removed?;
        for recipient in removed {
            self.leases.end_recipient(recipient);
        }
        self.read_recipients()
    }

    /// Returns the recipient that was removed, if one was.
    fn change(&self, change: &Change, now: Millis) -> Result<Option<RecipientId>, StoreError> {
        match change {
            Change::PutEndpoint(row) => self.put_endpoint(row)?,
            Change::RemoveEndpoint(tenant, name) => {
                self.conn
                    .prepare_cached("DELETE FROM endpoint WHERE tenant = ?1 AND name = ?2")?
                    .execute([tenant, name])?;
            }
            Change::PutRecipient(row) => self.put_recipient(row)?,
            Change::RemoveRecipient(tenant, name) => {
                return self.remove_recipient(tenant, name, now);
            }
            Change::PutToken(row) => {
                self.conn
                    .prepare_cached(
                        "INSERT OR REPLACE INTO token (tenant, name, role, hash)
                         VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute([&row.tenant, &row.name, &row.role, &row.hash])?;
            }
            Change::RemoveToken(tenant, name) => {
                self.conn
                    .prepare_cached("DELETE FROM token WHERE tenant = ?1 AND name = ?2")?
                    .execute([tenant, name])?;
            }
            Change::PutNetworks(row) => {
                self.conn
                    .prepare_cached(
                        "INSERT OR REPLACE INTO network (tenant, allow) VALUES (?1, ?2)",
                    )?
                    .execute([&row.tenant, &row.allow])?;
            }
            Change::PutKeyCheck(value) => {
                self.conn
                    .prepare_cached("DELETE FROM key_check")?
                    .execute([])?;
                self.conn
                    .prepare_cached("INSERT INTO key_check (value) SELECT ?1 WHERE ?1 IS NOT NULL")?
                    .execute([value])?;
            }
            Change::PauseRecipient(id, reason) => {
                self.conn
                    .prepare_cached("UPDATE recipient SET paused = ?2 WHERE id = ?1")?
                    .execute(params![id, reason])?;
            }
            Change::PauseEndpoint(tenant, name, reason) => {
                self.conn
                    .prepare_cached(
                        "UPDATE endpoint SET paused = ?3 WHERE tenant = ?1 AND name = ?2",
                    )?
                    .execute(params![tenant, name, reason])?;
            }
        }
        Ok(None)
    }

    fn put_endpoint(&self, row: &EndpointRow) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO endpoint
                     (tenant, name, component, params, sealed, granted, follows, paused)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                row.tenant,
                row.name,
                row.component,
                row.params,
                row.sealed,
                row.granted,
                row.follows,
                row.paused
            ])?;
        Ok(())
    }

    fn put_recipient(&self, row: &RecipientRow) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO recipient
                     (tenant, name, endpoint, params, language, time_zone, filter, title, message,
                      paused)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (tenant, name) WHERE removed = 0 DO UPDATE SET
                     endpoint = excluded.endpoint, params = excluded.params,
                     language = excluded.language, time_zone = excluded.time_zone,
                     filter = excluded.filter, title = excluded.title,
                     message = excluded.message, paused = excluded.paused",
            )?
            .execute(params![
                row.tenant,
                row.name,
                row.endpoint,
                row.params,
                row.language,
                row.time_zone,
                row.filter,
                row.title,
                row.message,
                row.paused
            ])?;
        Ok(())
    }

    fn remove_recipient(
        &self,
        tenant: &str,
        name: &str,
        now: Millis,
    ) -> Result<Option<RecipientId>, StoreError> {
        let removed: Option<RecipientId> = self
            .conn
            .prepare_cached(
                "UPDATE recipient SET removed = 1 WHERE tenant = ?1 AND name = ?2 AND removed = 0
                 RETURNING id",
            )?
            .query_row([tenant, name], |row| row.get(0))
            .optional()?;
        if let Some(recipient) = removed {
            self.conn
                .prepare_cached(
                    "UPDATE job INDEXED BY job_condition
                     SET state = 'dead', batch = NULL, died_at = ?2, reason = ?3
                     WHERE recipient = ?1 AND state <> 'dead'",
                )?
                .execute(params![recipient, now, Reason::RecipientRemoved.as_str()])?;
            self.conn
                .prepare_cached(
                    "UPDATE delivery INDEXED BY delivery_pending SET state = 'dead', ended_at = ?2
                     WHERE recipient = ?1 AND state = 'pending'",
                )?
                .execute(params![recipient, now])?;
            self.conn
                .prepare_cached("DELETE FROM receipt WHERE recipient = ?1")?
                .execute([recipient])?;
        }
        Ok(removed)
    }

    /// A recipient without its endpoint could never be served, and nobody would be told.
    fn refuse_dangling(&self) -> Result<(), StoreError> {
        let dangling = self
            .conn
            .prepare_cached(
                "SELECT r.tenant, r.name, r.endpoint FROM recipient r
                 LEFT JOIN endpoint e ON e.tenant = r.tenant AND e.name = r.endpoint
                 WHERE r.removed = 0 AND e.name IS NULL LIMIT 1",
            )?
            .query_row([], |row| {
                Ok(StoreError::Dangling {
                    tenant: row.get(0)?,
                    recipient: row.get(1)?,
                    endpoint: row.get(2)?,
                })
            })
            .optional()?;
        dangling.map_or(Ok(()), Err)
    }
}
