//! The store seen from aside: its file is only read, whether a server writes to it or not.

use std::path::Path;

use serde::Serialize;

use super::sqlite::Aside as Sqlite;
use super::{Configuration, StoreError};

/// A look at a store's file, or at a backup of one.
#[derive(Debug)]
pub struct Aside(Sqlite);

impl Aside {
    /// Opens the file, which is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`], [`StoreError::Foreign`] and [`StoreError::Corrupt`] where it cannot be looked at.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self(Sqlite::open(path)?))
    }

    /// Reads all of it, and says what is wrong. Takes as long as reading the file does; meanwhile a server's log
    /// grows by what it writes.
    pub fn check(&self) -> Result<Checked, StoreError> {
        self.0.check()
    }

    /// Everything that is configured; nothing where an older Campanile wrote the store.
    pub fn configuration(&self) -> Result<Option<Configuration>, StoreError> {
        self.0.configuration()
    }

    /// Bytes of what is stored.
    pub fn used(&self) -> Result<u64, StoreError> {
        self.0.used()
    }

    /// Copies all that is stored, as it is at one moment, into a new file that only its owner reads. Nothing of
    /// what was removed or replaced is in it. What fails leaves no file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] where the file is there already.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        self.0.copy_to(path)
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The store's version.
    pub version: u32,
    /// Whether this program's version is another: then the file alone was looked at, and rows were not.
    pub outdated: bool,
    /// What is wrong with the file, in SQLite's words.
    pub damage: Vec<String>,
    /// Rules that rows break.
    pub broken: Vec<Broken>,
    /// How much of what there is.
    pub size: Size,
    /// Alerts that were ever taken, jobs that were ever delivered, and rows that were forgotten.
    pub totals: Totals,
}

/// A rule, and how many rows break it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The rule.
    pub rule: Rule,
    /// How many.
    pub rows: u64,
}

/// What is always so in a store that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A job has its alert.
    JobHasAlert,
    /// A job has a recipient; one that is not over has one that was not removed.
    JobHasRecipient,
    /// A job that is being delivered is in one pending delivery.
    JobIsCarried,
    /// A pending delivery's jobs are being delivered.
    DeliveryHasJobs,
    /// A job waits exactly while an earlier one of its recipient and condition is not over.
    JobsKeepOrder,
    /// A delivery has its content, and neither content nor attempts are without one.
    DeliveryIsWhole,
    /// A stored delivery can be read.
    DeliveryIsReadable,
    /// A dead letter has its reason.
    DeadLetterHasReason,
    /// Every state has a known name.
    StateIsKnown,
    /// A stored alert can be read.
    AlertIsReadable,
    /// A recipient has its endpoint.
    RecipientHasEndpoint,
    /// No number of a job will be given a second time.
    NumbersAreReserved,
}

impl Rule {
    /// Its name, in words of the command line's locales.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JobHasAlert => "job-has-alert",
            Self::JobHasRecipient => "job-has-recipient",
            Self::JobIsCarried => "job-is-carried",
            Self::DeliveryHasJobs => "delivery-has-jobs",
            Self::JobsKeepOrder => "jobs-keep-order",
            Self::DeliveryIsWhole => "delivery-is-whole",
            Self::DeliveryIsReadable => "delivery-is-readable",
            Self::DeadLetterHasReason => "dead-letter-has-reason",
            Self::StateIsKnown => "state-is-known",
            Self::AlertIsReadable => "alert-is-readable",
            Self::RecipientHasEndpoint => "recipient-has-endpoint",
            Self::NumbersAreReserved => "numbers-are-reserved",
        }
    }
}

/// How much there is, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// The file.
    pub file: u64,
    /// Of it, what is free to be used again, or to be given back by `campanile store compact`.
    pub free: u64,
    /// The write-ahead log beside it.
    pub log: u64,
    /// Tables with their indexes, the largest first.
    pub tables: Vec<TableSize>,
}

/// How much there is of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableSize {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Bytes, those of its indexes with it.
    pub bytes: u64,
}

/// Since the store was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Alerts that were accepted.
    pub alerts: u64,
    /// Jobs that were delivered.
    pub delivered: u64,
    /// Rows that were over and old.
    pub forgotten: u64,
}
