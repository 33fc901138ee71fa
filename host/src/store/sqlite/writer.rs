//! The one thread that writes. It takes all commands that wait and carries them out in one transaction:
//! under load many share one sync of the disk, and alone none waits for company.

use std::collections::{HashMap, VecDeque};
use std::fs::File;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot};

use super::agenda::Agenda;
use super::leases::Leases;
use super::prune::Cursors;
use super::trouble::Trouble;
use super::wipe;
use crate::clock::Millis;
use crate::job::{JobId, RecipientId};
use crate::store::StoreError;

/// The most commands of one transaction: nobody waits for more than these, some 10 ms of small ones.
const GROUP: usize = 256;

/// Numbers of alerts and jobs that are reserved at once; reserved ones are skipped after a restart. One
/// write in so many, and 10^13 restarts.
const RESERVED: i64 = 100_000;

/// Tells the caller, after the commit.
pub(super) type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Carried out in a transaction, or told why there is none. `Err` ends the transaction for all.
pub(super) type Command =
    Box<dyn FnOnce(&mut Writer, Result<(), StoreError>) -> (Result<(), StoreError>, Reply) + Send>;

/// Makes a command of what is to be done, and what becomes of its result.
pub(super) fn command<T: Send + 'static>(
    work: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    answer: oneshot::Sender<Result<T, StoreError>>,
) -> Command {
    Box::new(move |writer, begun| {
        let result = begun.and_then(|()| work(writer));
        let outcome = match &result {
            Err(error) if error.breaks_transaction() => Err(error.clone()),
            _ => Ok(()),
        };
        let reply: Reply = Box::new(move |committed| {
            // Who does not listen any more does not need to be told.
            let _ = answer.send(committed.and(result));
        });
        (outcome, reply)
    })
}

/// A command that changes nothing that lasts: it needs no transaction, and is carried out without one too.
pub(super) fn remembered(
    work: impl FnOnce(&mut Writer) + Send + 'static,
    answer: oneshot::Sender<Result<(), StoreError>>,
) -> Command {
    Box::new(move |writer, _| {
        work(writer);
        // Who does not listen any more does not need to be told.
        let reply: Reply = Box::new(move |_| drop(answer.send(Ok(()))));
        (Ok(()), reply)
    })
}

/// What the writing thread has.
pub(super) struct Writer {
    pub(super) conn: Connection,
    pub(super) leases: Leases,
    pub(super) agenda: Agenda,
    pub(super) tally: Tally,
    /// Where pruning goes on.
    pub(super) cursors: Cursors,
    /// Who is configured, and whether anything may be sent there.
    pub(super) recipients: HashMap<RecipientId, bool>,
    pub(super) closing: Option<oneshot::Sender<()>>,
    /// Told when the whole file was written anew.
    pub(super) vacuuming: Option<oneshot::Sender<Result<(), StoreError>>>,
    /// Whether the log may hold secrets that were replaced or removed.
    pub(super) log_has_secrets: bool,
    last_number: i64,
    reserved: i64,
    trouble: Trouble,
    /// Whether what is in memory has to be read again, after a transaction that failed.
    stale: bool,
    _lock: File,
}

/// What a transaction adds to the totals in `meta`.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) alerts: i64,
    pub(super) delivered: i64,
    pub(super) forgotten: i64,
}

impl Writer {
    /// Takes over a connection, and the lock that says so to other processes.
    pub(super) fn new(conn: Connection, lock: File, trouble: Trouble) -> Result<Self, StoreError> {
        add_to_meta(&conn, "openings", 1)?;
        let opening = meta(&conn, "openings")?;
        let mut writer = Self {
            conn,
            leases: Leases::new(opening.unsigned_abs()),
            agenda: Agenda::default(),
            tally: Tally::default(),
            cursors: Cursors::default(),
            recipients: HashMap::new(),
            closing: None,
            vacuuming: None,
            log_has_secrets: false,
            last_number: 0,
            reserved: 0,
            trouble,
            stale: true,
            _lock: lock,
        };
        writer.refresh()?;
        Ok(writer)
    }

    /// Serves until the last sender is gone, or the store is closed.
    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut group = VecDeque::with_capacity(GROUP);
        while self.closing.is_none()
            && let Some(first) = inbox.blocking_recv()
        {
            group.push_back(first);
            while group.len() < GROUP
                && let Ok(next) = inbox.try_recv()
            {
                group.push_back(next);
            }
            while !group.is_empty() {
                self.carry_out(&mut group);
            }
            if let Some(done) = self.vacuuming.take() {
                // Who does not listen any more does not need to be told.
                let _ = done.send(wipe::vacuum(&self.conn));
            }
        }
        let closing = self.closing.take();
        if let Some(StoreError::Corrupt(_)) = self.trouble.now() {
            // Who looks at the damage finds all of it as it was met.
            let _ = self
                .conn
                .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
        drop(self);
        if let Some(closing) = closing {
            // Who does not listen any more does not need to be told.
            let _ = closing.send(());
        }
    }

    /// One transaction. After a failure all its commands are told, none of them lasts, and the rest of the
    /// group is left for the next one.
    fn carry_out(&mut self, group: &mut VecDeque<Command>) {
        let mut replies = Vec::with_capacity(group.len());
        let outcome = match self.begin_transaction() {
            Ok(()) => self.transact(group, &mut replies),
            Err(error) => {
                for command in group.drain(..) {
                    replies.push(command(self, Err(error.clone())).1);
                }
                self.leases.commit();
                Err(error)
            }
        };
        match &outcome {
            Ok(()) => {
                self.leases.commit();
                self.trouble.over();
            }
            Err(error) => {
                // Fails where SQLite has rolled back already.
                let _ = self.conn.execute_batch("ROLLBACK");
                self.leases.roll_back();
                self.tally = Tally::default();
                self.trouble.note(error);
            }
        }
        for reply in replies {
            reply(outcome.clone());
        }
    }

    /// After a failure each transaction waits for a trial: only what was seen to be written says that the
    /// next ones can be, and until then nothing is given out whose outcome could not be kept.
    fn begin_transaction(&mut self) -> Result<(), StoreError> {
        match self.trouble.now() {
            Some(trouble) if trouble.may_pass() => add_to_meta(&self.conn, "trials", 1)?,
            Some(damage) => return Err(damage),
            None => {}
        }
        self.refresh()?;
        // A transaction that begins as a reader may fail to become a writer.
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }

    fn transact(
        &mut self,
        group: &mut VecDeque<Command>,
        replies: &mut Vec<Reply>,
    ) -> Result<(), StoreError> {
        self.stale = true;
        while let Some(command) = group.pop_front() {
            let (outcome, reply) = command(self, Ok(()));
            replies.push(reply);
            outcome?;
        }
        let Tally {
            alerts,
            delivered,
            forgotten,
        } = std::mem::take(&mut self.tally);
        for (name, more) in [
            ("alerts", alerts),
            ("delivered", delivered),
            ("forgotten", forgotten),
        ] {
            if more > 0 {
                add_to_meta(&self.conn, name, more)?;
            }
        }
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        self.stale = false;
        if self.log_has_secrets {
            // What was committed stays so, whatever comes of this; it is tried again after the next group.
            self.log_has_secrets = !wipe::empty_log(&self.conn).unwrap_or(false);
        }
        Ok(())
    }

    /// Brings what is in memory in line with what is stored.
    fn refresh(&mut self) -> Result<(), StoreError> {
        if self.stale {
            self.reserved = meta(&self.conn, "reserved")?;
            self.last_number = self.last_number.max(self.reserved);
            self.recipients.clear();
            self.read_recipients()?;
            self.stale = false;
        }
        Ok(())
    }

    /// Reads who is configured; those that come, go, pause or go on are touched.
    pub(super) fn read_recipients(&mut self) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT r.id, r.paused IS NULL AND e.name IS NOT NULL AND e.paused IS NULL
             FROM recipient r LEFT JOIN endpoint e ON e.tenant = r.tenant AND e.name = r.endpoint
             WHERE r.removed = 0",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let recipients: HashMap<RecipientId, bool> = rows.collect::<Result<_, _>>()?;
        for (recipient, open) in &recipients {
            if self.recipients.get(recipient) != Some(open) {
                self.agenda.touch(*recipient);
            }
        }
        for recipient in self.recipients.keys() {
            if !recipients.contains_key(recipient) {
                self.agenda.touch(*recipient);
            }
        }
        self.recipients = recipients;
        Ok(())
    }

    /// Whether anything may be sent there.
    pub(super) fn is_open(&self, recipient: RecipientId) -> bool {
        self.recipients.get(&recipient).copied().unwrap_or(false)
    }

    /// Ends leases whose time is over.
    pub(super) fn expire(&mut self, now: Millis) {
        for recipient in self.leases.expire(now) {
            self.agenda.touch(recipient);
        }
    }

    /// The first of `count` numbers that follow each other and were never used.
    pub(super) fn numbers(&mut self, count: i64) -> Result<JobId, StoreError> {
        let first = self.last_number + 1;
        let last = self.last_number + count;
        if last > self.reserved {
            let reserved = last + RESERVED;
            self.conn
                .prepare_cached(
                    "INSERT INTO meta (name, value) VALUES ('reserved', ?1)
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                )?
                .execute(params![reserved])?;
            self.reserved = reserved;
        }
        self.last_number = last;
        Ok(first)
    }

    /// Carries out what may fail half-way: then nothing of it lasts, and its neighbours go on.
    pub(super) fn whole<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.conn.execute_batch("SAVEPOINT whole")?;
        let result = work(self);
        match &result {
            // The transaction ends with it; SQLite may have ended it already.
            Err(error) if error.breaks_transaction() => return result,
            Err(_) => self.conn.execute_batch("ROLLBACK TO whole")?,
            Ok(_) => {}
        }
        self.conn.execute_batch("RELEASE whole")?;
        result
    }
}

pub(super) fn meta(conn: &Connection, name: &str) -> Result<i64, StoreError> {
    Ok(conn
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

fn add_to_meta(conn: &Connection, name: &str, more: i64) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO meta (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
    )?
    .execute(params![name, more])?;
    Ok(())
}
