//! Step 7, what was judged beside what was dialled: every connection is entered with both, and a test that ends
//! compares them. Builds for release keep a ledger only from when somebody asks for it, which is no part of the
//! program.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Every connection that was made, and where it went.
#[derive(Debug, Default)]
pub struct Ledger {
    account: Mutex<Account>,
    is_read: AtomicBool,
}

/// What a ledger comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Where connections went, in the order in which they were made.
    pub dialled: Vec<SocketAddr>,
    /// Those that went elsewhere than was judged, in words.
    pub strayed: Vec<String>,
}

impl Ledger {
    /// Keeps entries from now on, in whatever build.
    pub(super) fn open(&self) {
        self.is_read.store(true, Ordering::Relaxed);
    }

    /// Enters a connection: what was judged, and the other end as the system names it.
    pub fn enter(&self, judged: SocketAddr, dialled: SocketAddr) {
        if cfg!(debug_assertions) || self.is_read.load(Ordering::Relaxed) {
            let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
            account.dialled.push(dialled);
            if dialled != judged {
                tracing::error!(%judged, %dialled, "{STRAYED}");
                account.strayed.push(format!("{dialled} for {judged}"));
            }
        }
    }

    /// What it comes to so far.
    #[must_use]
    pub fn account(&self) -> Account {
        self.account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What the log says of a connection that strayed: tests of whole processes look for it.
pub const STRAYED: &str = "dialled what was not judged";
