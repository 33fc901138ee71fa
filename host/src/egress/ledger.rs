//! Step 7, what was judged beside what was dialled: every connection is entered with both, and a test that ends
//! compares them. Builds for release keep no ledger.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// Every connection that was made, and where it went.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Account>);

/// What a ledger comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Connections that were made.
    pub dialled: usize,
    /// Those that went elsewhere than was judged, in words.
    pub strayed: Vec<String>,
}

impl Ledger {
    /// Enters a connection: what was judged, and the other end as the system names it.
    pub fn enter(&self, judged: SocketAddr, dialled: SocketAddr) {
        if cfg!(debug_assertions) {
            let mut account = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            account.dialled += 1;
            if dialled != judged {
                tracing::error!(%judged, %dialled, "{STRAYED}");
                account.strayed.push(format!("{dialled} for {judged}"));
            }
        }
    }

    /// What it comes to so far.
    #[must_use]
    pub fn account(&self) -> Account {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What the log says of a connection that strayed: tests of whole processes look for it.
pub const STRAYED: &str = "dialled what was not judged";
