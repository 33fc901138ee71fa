//! What can go wrong with the store, and what to do about it.

use rusqlite::ErrorCode;

/// Why the store did not do what it was asked. Unless a variant says otherwise, nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A newer Campanile wrote the store.
    #[error(
        "the store has version {found}, and this program knows versions up to {known}: start the newer Campanile that wrote it"
    )]
    Newer {
        /// The store's version.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The file is a database, but not ours.
    #[error(
        "the file is a database of another program: name another place with `--data`, or move it away"
    )]
    Foreign,
    /// Another Campanile has it, under this process id where that is known.
    #[error("the store is in use by another process{}: end that Campanile first", process(.0))]
    InUse(Option<u32>),
    /// Another program keeps the file locked.
    #[error(
        "another program keeps the store locked: close the program that writes to the file, such as `sqlite3`"
    )]
    Locked,
    /// No space is left.
    #[error("the disk is full: free some space; nothing is lost, and sending goes on by itself")]
    Full,
    /// What is stored cannot be read.
    #[error(
        "the store is damaged ({0}): stop Campanile, move the store's files away, and put a backup in their place, or what `sqlite3 FILE .recover` saves of them"
    )]
    Corrupt(String),
    /// One row cannot be understood or is missing; the others can be read. What was written before it was met
    /// lasts, so who writes reads first.
    #[error("what is stored cannot be understood ({0}): please report this")]
    Unreadable(String),
    /// The file cannot be read or written.
    #[error(
        "the store's file cannot be used ({0}): look at its disk, its folder and their permissions"
    )]
    Io(String),
    /// The database refused a statement, which is a fault of this program.
    #[error("the store failed ({0}): please report this")]
    Database(String),
    /// The lease has ended, and others may hold what it held: forget it.
    #[error("the lease has ended: what it held is given out again")]
    Fenced,
    /// What was handed in does not fit what is stored, which is a fault of the caller.
    #[error("the store was asked for something that does not fit: {0}; please report this")]
    Mismatch(&'static str),
    /// A recipient names an endpoint that does not exist.
    #[error(
        "recipient `{recipient}` of tenant `{tenant}` uses endpoint `{endpoint}`, which does not exist: add the endpoint, or change or remove the recipient"
    )]
    Dangling {
        /// Whose.
        tenant: String,
        /// The recipient's name.
        recipient: String,
        /// The endpoint's name.
        endpoint: String,
    },
    /// The store was closed; whether the last command was carried out is not known.
    #[error("the store is closed: start Campanile again")]
    Closed,
}

fn process(id: &Option<u32>) -> String {
    id.map_or_else(String::new, |id| format!(" ({id})"))
}

impl StoreError {
    /// Whether it may pass without anybody changing the store: then the same is worth trying again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Locked | Self::Full | Self::Io(_))
    }

    /// The stable name of what ails the store as a whole.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full => "store-full",
            Self::Locked => "store-locked",
            Self::Io(_) => "store-io",
            Self::Corrupt(_) => "store-damaged",
            _ => "store-unavailable",
        }
    }

    /// Whether the database itself failed, so that the transaction cannot go on.
    pub(super) fn breaks_transaction(&self) -> bool {
        matches!(
            self,
            Self::Locked | Self::Full | Self::Corrupt(_) | Self::Io(_) | Self::Database(_)
        )
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error;
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(text),
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied,
            ) => Self::Io(text),
            Some(_) => Self::Database(text),
            // The database did its work, and what it gave is not what was written.
            None => match error {
                Error::FromSqlConversionFailure(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::InvalidColumnType(..)
                | Error::QueryReturnedNoRows
                | Error::Utf8Error(..) => Self::Unreadable(text),
                _ => Self::Database(text),
            },
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::Full,
            _ => Self::Io(error.to_string()),
        }
    }
}
