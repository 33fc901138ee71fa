//! The embedded store: one file, one thread that writes, one that reads what may take long. SQLite is known
//! to this folder only.

mod accept;
mod agenda;
mod aside;
mod conditions;
mod configure;
mod due;
mod fate;
mod leases;
mod prune;
mod queue;
mod reader;
mod redrive;
mod rules;
mod schema;
mod settle;
mod trouble;
mod views;
mod wipe;
mod writer;

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{
    Acceptance, Accepted, Change, ComponentRow, Configuration, Counts, DeadLetter,
    DeadLetterFilter, DeliveryFilter, DeliveryView, Due, Pruned, Redrive, Removal, StoreError,
};
use crate::clock::Millis;
use crate::condition::Condition;
use crate::config::Keep;
use crate::job::{Attempt, Job, Lease, RecipientId, Settlement, Stored, Unsent};
use accept::Prepared;
pub(super) use aside::Aside;
use queue::{Leased, LeasedJob};
use reader::Query;
#[cfg(test)]
pub(super) use schema::KNOWN;
use trouble::Trouble;
use writer::{Command, Writer, command, remembered};

/// Commands that may wait for the writer: four full groups. Who comes later waits for a place.
const INBOX: usize = 1_024;

/// Queries that may wait for the reader.
const QUERIES: usize = 64;

/// A handle on the threads; they end with the last one.
#[derive(Debug, Clone)]
pub(super) struct Sqlite {
    threads: Arc<Threads>,
    trouble: Trouble,
}

struct Threads {
    commands: Option<mpsc::Sender<Command>>,
    queries: Option<mpsc::Sender<Query>>,
    running: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Threads").finish_non_exhaustive()
    }
}

impl Drop for Threads {
    /// Waits until what was sent is carried out and the file is closed.
    fn drop(&mut self) {
        self.queries = None;
        self.commands = None;
        for thread in self.running.drain(..) {
            // One that panicked has said so on standard error.
            let _ = thread.join();
        }
    }
}

impl Sqlite {
    pub(super) async fn open(path: PathBuf) -> Result<Self, StoreError> {
        let (opened, answer) = oneshot::channel();
        let (commands, inbox) = mpsc::channel(INBOX);
        let (queries, asked) = mpsc::channel(QUERIES);
        let trouble = Trouble::default();
        let writers_trouble = trouble.clone();
        let reader_path = path.clone();
        // The connection is made where it is used; migrating may take long.
        let writing = spawn("store-writer", move || {
            let writer = lock(&path)
                .and_then(|lock| Ok((schema::writer(&path)?, lock)))
                .and_then(|(conn, lock)| Writer::new(conn, lock, writers_trouble));
            match writer {
                Ok(writer) => {
                    // Who does not listen any more drops the sender, which ends `run`.
                    let _ = opened.send(Ok(()));
                    writer.run(inbox);
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            }
        })?;
        answer.await.map_err(|_| StoreError::Closed)??;
        let conn = schema::reader(&reader_path)?;
        let reading = spawn("store-reader", move || reader::run(conn, asked))?;
        Ok(Self {
            threads: Arc::new(Threads {
                commands: Some(commands),
                queries: Some(queries),
                running: vec![reading, writing],
            }),
            trouble,
        })
    }

    pub(super) async fn close(self) -> Result<(), StoreError> {
        let (closed, reading_ended) = oneshot::channel();
        self.ask(Query::Close(closed)).await?;
        reading_ended.await.map_err(|_| StoreError::Closed)?;
        let (closed, writing_ended) = oneshot::channel();
        let (answer, _) = oneshot::channel();
        let close = |writer: &mut Writer| writer.closing = Some(closed);
        self.command(remembered(close, answer)).await?;
        writing_ended.await.map_err(|_| StoreError::Closed)
    }

    pub(super) async fn vacuum(&self) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        self.write(move |writer| {
            writer.vacuuming = Some(done);
            Ok(())
        })
        .await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) fn trouble(&self) -> Option<StoreError> {
        let Threads {
            commands, queries, ..
        } = &*self.threads;
        let runs = commands.as_ref().is_some_and(|sender| !sender.is_closed())
            && queries.as_ref().is_some_and(|sender| !sender.is_closed());
        self.trouble
            .now()
            .or_else(|| (!runs).then_some(StoreError::Closed))
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.command(command(work, answer)).await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    async fn command(&self, command: Command) -> Result<(), StoreError> {
        let commands = self.threads.commands.as_ref().ok_or(StoreError::Closed)?;
        commands.send(command).await.map_err(|_| StoreError::Closed)
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let trouble = self.trouble.clone();
        self.ask(Query::Look(Box::new(move |conn| {
            let result = look(conn);
            if let Err(damage @ StoreError::Corrupt(_)) = &result {
                trouble.note(damage);
            }
            // Who does not listen any more does not need to be told.
            let _ = answer.send(result);
        })))
        .await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    async fn ask(&self, query: Query) -> Result<(), StoreError> {
        let queries = self.threads.queries.as_ref().ok_or(StoreError::Closed)?;
        queries.send(query).await.map_err(|_| StoreError::Closed)
    }

    pub(super) async fn configuration(&self) -> Result<Configuration, StoreError> {
        self.read(views::configuration).await
    }

    pub(super) async fn component_wasm(
        &self,
        digest: String,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |conn| views::component_wasm(conn, &digest))
            .await
    }

    pub(super) async fn put_component(&self, row: ComponentRow) -> Result<(), StoreError> {
        self.write(move |writer| writer.put_component(&row)).await
    }

    pub(super) async fn remove_component(
        &self,
        digest: String,
        tenant: Option<String>,
    ) -> Result<Removal, StoreError> {
        self.write(move |writer| writer.remove_component(&digest, tenant.as_deref()))
            .await
    }

    pub(super) async fn apply(&self, changes: Vec<Change>, now: Millis) -> Result<(), StoreError> {
        self.write(move |writer| writer.apply(&changes, now)).await
    }

    pub(super) async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, StoreError> {
        let prepared = Prepared::new(acceptance)?;
        self.write(move |writer| writer.accept(&prepared)).await
    }

    pub(super) async fn conditions(
        &self,
        fingerprints: Vec<String>,
    ) -> Result<HashMap<String, Condition>, StoreError> {
        self.read(move |conn| conditions::known(conn, fingerprints))
            .await
    }

    pub(super) async fn lease(
        &self,
        recipient: RecipientId,
        max: u32,
        now: Millis,
        until: Millis,
    ) -> Result<Lease, StoreError> {
        let leased = self
            .write(move |writer| writer.lease(recipient, max as usize, now, until))
            .await?;
        self.read_alerts(leased, now).await
    }

    /// An alert that cannot be read must not hold up the queue: its job becomes a dead letter.
    async fn read_alerts(&self, leased: Leased, now: Millis) -> Result<Lease, StoreError> {
        let Leased { mut token, jobs } = leased;
        let mut readable = Vec::with_capacity(jobs.len());
        let mut unreadable = Vec::new();
        for job in jobs {
            let LeasedJob {
                id,
                given,
                attempts,
                accepted_at,
                document,
                receipt,
            } = job;
            match serde_json::from_str(&document) {
                Ok(alert) => readable.push(Job {
                    id,
                    alert,
                    accepted_at,
                    given,
                    attempts,
                    receipt,
                }),
                Err(error) => {
                    unreadable.push((id, format!("the stored alert cannot be read: {error}")));
                }
            }
        }
        if !unreadable.is_empty() {
            token = self
                .write(move |writer| writer.bury(token, &unreadable, now))
                .await?;
        }
        Ok(Lease {
            token,
            jobs: readable,
        })
    }

    pub(super) async fn begin(
        &self,
        token: u64,
        deliveries: Vec<Stored>,
        unsent: Vec<Unsent>,
        now: Millis,
        until: Millis,
    ) -> Result<u64, StoreError> {
        let deliveries = deliveries
            .into_iter()
            .map(queue::Written::new)
            .collect::<Result<Vec<_>, _>>()?;
        self.write(move |writer| writer.begin(token, &deliveries, &unsent, now, until))
            .await
    }

    pub(super) async fn release(&self, token: u64) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let release = move |writer: &mut Writer| writer.release(token);
        self.command(remembered(release, answer)).await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) async fn release_at(&self, token: u64, at: Millis) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let shorten = move |writer: &mut Writer| writer.leases.shorten(token, at);
        self.command(remembered(shorten, answer)).await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) async fn due_deliveries(
        &self,
        recipient: RecipientId,
        now: Millis,
        max: u32,
        until: Millis,
    ) -> Result<(u64, Vec<Stored>), StoreError> {
        self.write(move |writer| writer.due_deliveries(recipient, now, max as usize, until))
            .await
    }

    pub(super) async fn settle(
        &self,
        token: u64,
        settlements: Arc<[Settlement]>,
        now: Millis,
    ) -> Result<Vec<String>, StoreError> {
        let written = settle::Written::new(settlements)?;
        self.write(move |writer| writer.settle(token, &written, now))
            .await
    }

    pub(super) async fn due_recipients(&self, now: Millis) -> Result<Due, StoreError> {
        self.write(move |writer| writer.due_recipients(now)).await
    }

    pub(super) async fn redrive(&self, which: Redrive) -> Result<u64, StoreError> {
        self.write(move |writer| writer.redrive(&which)).await
    }

    pub(super) async fn needed(&self, beyond: u64) -> Result<u64, StoreError> {
        self.read(move |conn| prune::needed(conn, beyond)).await
    }

    pub(super) async fn prune(&self, keep: Keep, now: Millis) -> Result<Pruned, StoreError> {
        self.write(move |writer| writer.prune(keep, now)).await
    }

    pub(super) async fn deliveries(
        &self,
        filter: DeliveryFilter,
    ) -> Result<Vec<DeliveryView>, StoreError> {
        self.read(move |conn| views::deliveries(conn, &filter))
            .await
    }

    pub(super) async fn delivery(
        &self,
        id: String,
    ) -> Result<Option<(DeliveryView, Vec<Attempt>)>, StoreError> {
        self.read(move |conn| views::delivery(conn, &id)).await
    }

    pub(super) async fn dead_letters(
        &self,
        filter: DeadLetterFilter,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(move |conn| views::dead_letters(conn, &filter))
            .await
    }

    pub(super) async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(views::counts).await
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    Ok(thread::Builder::new().name(name.to_owned()).spawn(work)?)
}

/// One process has a store: another would not know of its leases, and would send everything twice. SQLite's
/// own lock is left to it, so that a shell can look at the store that is in use.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(name)?;
    match file.try_lock() {
        Ok(()) => {
            // Only to be told to the next one: what a start needs written says for itself that it was not.
            let _ = file
                .set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| writeln!(file, "{}", std::process::id()));
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut id = String::new();
            let _ = file.take(20).read_to_string(&mut id);
            Err(StoreError::InUse(id.trim().parse().ok()))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Change;

    impl Sqlite {
        /// Has a disk of so many pages, or of as many as there are already.
        pub(in crate::store) async fn limit_pages(&self, pages: u32) {
            let limit = move |writer: &mut Writer| {
                writer
                    .conn
                    .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
                Ok(())
            };
            self.write(limit).await.expect("the limit is set");
        }

        /// How many things the writer has in memory.
        pub(in crate::store) async fn remembered(&self) -> usize {
            let count = |writer: &mut Writer| {
                Ok(writer.leases.len() + writer.agenda.len() + writer.recipients.len())
            };
            self.write(count).await.expect("they are counted")
        }
    }

    fn networks(text: String) -> Change {
        Change::PutNetworks(crate::store::NetworkRow {
            tenant: "default".to_owned(),
            allow: text,
        })
    }

    #[tokio::test]
    async fn a_full_disk_is_said_and_nothing_half_done_is_left() {
        let folder = std::env::temp_dir().join(format!("campanile-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).unwrap();
        let store = Sqlite::open(folder.join("store.sqlite")).await.unwrap();
        let small = || vec![networks("[]".to_owned())];
        let large = || vec![networks("x".repeat(1 << 20))];
        store.apply(small(), 0).await.unwrap();
        let before = store.configuration().await.unwrap();
        store.limit_pages(60).await;
        let (full, beside) = tokio::join!(store.apply(large(), 0), store.due_recipients(0));
        assert_eq!(full, Err(StoreError::Full));
        assert!(matches!(beside, Ok(_) | Err(StoreError::Full)));
        assert!(matches!(store.trouble(), None | Some(StoreError::Full)));
        assert_eq!(store.configuration().await.unwrap(), before);
        store.limit_pages(10_000).await;
        store.apply(large(), 0).await.unwrap();
        store.close().await.unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn after_a_failed_transaction_everybody_holds_what_was_held_before() {
        let folder = std::env::temp_dir().join(format!("campanile-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).unwrap();
        let store = Sqlite::open(folder.join("store.sqlite")).await.unwrap();
        let grant = || {
            store.write(|writer| {
                Ok(writer.leases.grant(leases::Grant {
                    until: 100,
                    ..Default::default()
                }))
            })
        };
        let held = |token| store.write(move |writer| Ok(writer.leases.get(token).is_some()));
        let before = grant().await.unwrap();
        assert_eq!(held(before).await, Ok(true));
        let broken = store.write(|writer| Ok(writer.conn.execute_batch("no such statement")?));
        assert!(matches!(broken.await, Err(StoreError::Database(_))));
        assert_eq!(held(before).await, Ok(true));
        assert_eq!(store.trouble(), None);
        let unkept = store.write(|writer| {
            let token = writer.leases.grant(leases::Grant::default());
            writer.conn.execute_batch("no such statement")?;
            Ok(token)
        });
        assert!(unkept.await.is_err());
        let after = grant().await.unwrap();
        assert!(after > before + 1);
        assert_eq!(held(before + 1).await, Ok(false));
        for end in [before, after] {
            store.release(end).await.unwrap();
            assert_eq!(held(end).await, Ok(false));
        }
        store.close().await.unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
