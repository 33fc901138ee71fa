//! Step 3, and all that lasts: configuration, the queue with its leases, deliveries with their attempts,
//! receipts and dead letters. `intake` writes alerts and their jobs here, `deliver` takes them out.
//!
//! A job goes `accept`, `lease`, `begin`, `settle`, and back into the queue from any of these. It leaves only
//! when it was delivered, or when it became a dead letter. What was answered lasts: replies come after the
//! commit.

mod acceptance;
mod aside;
mod configuration;
mod error;
mod keep;
mod sqlite;
mod view;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Millis;
use crate::condition::Condition;
use crate::config::Keep;
use crate::job::{Attempt, Lease, RecipientId, Settlement, Stored, Unsent};
use sqlite::Sqlite;

pub use acceptance::{Acceptance, Accepted, Idempotency, Told};
pub use aside::{Aside, Broken, Checked, Rule, Size, TableSize, Totals};
pub use configuration::{
    Change, ComponentRow, Configuration, EndpointRow, NO_SECRETS, NetworkRow, RecipientRow,
    Removal, TokenRow,
};
pub use error::StoreError;
pub use keep::Pruned;
pub use view::{
    Counts, DeadLetter, DeadLetterFilter, DeliveryFilter, DeliveryView, Due, PAGE, Redrive,
};

/// A handle on the store, cheap to clone. Dropping the last one waits until what was sent is carried out.
///
/// A call that is not awaited to its end may have been carried out; what it leased is given out again when
/// that lease ends.
#[derive(Debug, Clone)]
pub struct Store(Engine);

#[derive(Debug, Clone)]
enum Engine {
    Sqlite(Sqlite),
}

impl Store {
    /// Opens the file at `path`, or makes it. Beside it lie `<path>-wal` and `<path>.lock`.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] while another process has it, [`StoreError::Corrupt`] where it is damaged,
    /// [`StoreError::Newer`] and [`StoreError::Foreign`] where this program cannot use it. Nothing was changed.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Ok(Self(Engine::Sqlite(Sqlite::open(path.into()).await?)))
    }

    /// Carries out what was sent before, and closes the file. Other handles get [`StoreError::Closed`].
    pub async fn close(self) -> Result<(), StoreError> {
        match self.0 {
            Engine::Sqlite(store) => store.close().await,
        }
    }

    /// Writes the whole file anew, so that nothing is left in it of what was replaced or removed, such as
    /// secrets that were sealed with another key. Takes as long as copying it, and as much room.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] while another program reads the file.
    pub async fn vacuum(&self) -> Result<(), StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.vacuum().await,
        }
    }

    /// What ails the store as a whole, as it was last met: until that has passed, nothing is stored and nothing
    /// given out. What may pass is found to have passed by the next call, and by the scheduler's each second.
    #[must_use]
    pub fn trouble(&self) -> Option<StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.trouble(),
        }
    }

    /// Everything that is configured, without the components' files.
    pub async fn configuration(&self) -> Result<Configuration, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.configuration().await,
        }
    }

    /// The file of a component.
    pub async fn component_wasm(
        &self,
        digest: impl Into<String>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.component_wasm(digest.into()).await,
        }
    }

    /// Adds or replaces a component, by digest and tenant.
    pub async fn put_component(&self, row: ComponentRow) -> Result<(), StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.put_component(row).await,
        }
    }

    /// Removes a component of a tenant, or one that all may use. Whether an endpoint still uses it is the caller's
    /// to ask.
    pub async fn remove_component(
        &self,
        digest: impl Into<String>,
        tenant: Option<String>,
    ) -> Result<Removal, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.remove_component(digest.into(), tenant).await,
        }
    }

    /// Carries out all changes in their order, or none. The jobs of removed recipients die at `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Dangling`] if a recipient would be left without its endpoint.
    pub async fn apply(&self, changes: Vec<Change>, now: Millis) -> Result<(), StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.apply(changes, now).await,
        }
    }

    /// Stores alerts and makes their jobs. A job for a recipient that was removed is a dead letter at once.
    pub async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.accept(acceptance).await,
        }
    }

    /// Those of these fingerprints whose condition holds, as it was last told.
    pub async fn conditions(
        &self,
        fingerprints: Vec<String>,
    ) -> Result<HashMap<String, Condition>, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.conditions(fingerprints).await,
        }
    }

    /// Gives out up to `max` jobs of a recipient, oldest first, until the time `until`: those that are due
    /// at `now`, are in no other lease, and have no earlier unfinished job of the same fingerprint. If the
    /// first of them has a batch number, only jobs of that batch; otherwise only jobs without one. Without
    /// jobs there is no lease.
    ///
    /// A lease ends by its time when anybody asks for work after `until`; as long as nobody does, its holder
    /// may still finish.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] only if the lease ended before it was returned.
    pub async fn lease(
        &self,
        recipient: RecipientId,
        max: u32,
        now: Millis,
        until: Millis,
    ) -> Result<Lease, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.lease(recipient, max, now, until).await,
        }
    }

    /// Ends a lease of jobs: stores the deliveries that were built, and does what becomes of jobs that none
    /// carries; leased jobs that are not named stay queued. The deliveries are in the caller's hands until
    /// `until`; the token that is returned settles them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] if the lease has ended; then nothing was stored.
    pub async fn begin(
        &self,
        token: u64,
        deliveries: Vec<Stored>,
        unsent: Vec<Unsent>,
        now: Millis,
        until: Millis,
    ) -> Result<u64, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.begin(token, deliveries, unsent, now, until).await,
        }
    }

    /// Ends a lease, of jobs or of deliveries, without change. One that has ended is no error, and a disk that
    /// is full no hindrance.
    pub async fn release(&self, token: u64) -> Result<(), StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.release(token).await,
        }
    }

    /// As [`release`](Self::release), but not before `at`, where the lease does not end sooner by itself.
    pub async fn release_at(&self, token: u64, at: Millis) -> Result<(), StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.release_at(token, at).await,
        }
    }

    /// Gives out up to `max` pending deliveries of a recipient that are due at `now` and in no other lease,
    /// oldest first, until the time `until`; with the token that settles them.
    pub async fn due_deliveries(
        &self,
        recipient: RecipientId,
        now: Millis,
        max: u32,
        until: Millis,
    ) -> Result<(u64, Vec<Stored>), StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.due_deliveries(recipient, now, max, until).await,
        }
    }

    /// Notes what attempts changed. After an error that [`may_pass`](StoreError::may_pass) the lease still holds
    /// them, and they can be handed in again. Each delivery leaves the lease; one that goes on is given out again by
    /// [`due_deliveries`](Self::due_deliveries). Returns the ids of those that the lease did not hold any
    /// more: nothing of theirs changed.
    pub async fn settle(
        &self,
        token: u64,
        settlements: impl Into<Arc<[Settlement]>>,
        now: Millis,
    ) -> Result<Vec<String>, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.settle(token, settlements.into(), now).await,
        }
    }

    /// Who has a job or delivery that is due at `now` and not leased. Paused recipients, and those of
    /// paused endpoints, are left out.
    pub async fn due_recipients(&self, now: Millis) -> Result<Due, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.due_recipients(now).await,
        }
    }

    /// Makes dead letters jobs again, in their old place, with their counts at zero. At most [`PAGE`] of
    /// them; returns how many. Those of removed recipients stay.
    pub async fn redrive(&self, which: Redrive) -> Result<u64, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.redrive(which).await,
        }
    }

    /// Forgets a little of what is over and older than it is kept, oldest first: dead letters, deliveries with
    /// their attempts, alerts that have no job, idempotency keys, and receipts and conditions that nobody told
    /// since. Call it again while there may be more. Of `keep`, the bytes are those of [`needed`](Self::needed) and
    /// of history together.
    pub async fn prune(&self, keep: Keep, now: Millis) -> Result<Pruned, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.prune(keep, now).await,
        }
    }

    /// About how many bytes pruning leaves whatever its size may be: components, what waits to be sent, dead
    /// letters, and what is remembered of requests and conditions. 0 where all that is stored is no more
    /// than `beyond`. Takes longer the more there is, and holds up lists alone.
    pub async fn needed(&self, beyond: u64) -> Result<u64, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.needed(beyond).await,
        }
    }

    /// Deliveries, newest first.
    pub async fn deliveries(
        &self,
        filter: DeliveryFilter,
    ) -> Result<Vec<DeliveryView>, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.deliveries(filter).await,
        }
    }

    /// One delivery, with its messages and its attempts in their order.
    pub async fn delivery(
        &self,
        id: impl Into<String>,
    ) -> Result<Option<(DeliveryView, Vec<Attempt>)>, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.delivery(id.into()).await,
        }
    }

    /// Dead letters, those of the newest jobs first.
    pub async fn dead_letters(
        &self,
        filter: DeadLetterFilter,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.dead_letters(filter).await,
        }
    }

    /// How much there is.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        match &self.0 {
            Engine::Sqlite(store) => store.counts().await,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
