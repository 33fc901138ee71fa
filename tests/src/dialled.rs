//! What every test ends with: each connection went to the address that was judged for it.

use std::sync::Arc;

use campanile::egress::{Account, Egress, Ledger};

/// Looks at a door's ledger as it is dropped.
pub struct Dialled(Arc<Ledger>);

impl Dialled {
    /// Of this door.
    #[must_use]
    pub fn of(egress: &Egress) -> Self {
        Self(egress.ledger())
    }

    /// Of this ledger.
    #[must_use]
    pub fn by(ledger: Arc<Ledger>) -> Self {
        Self(ledger)
    }
}

impl Drop for Dialled {
    fn drop(&mut self) {
        let Account { strayed, .. } = self.0.account();
        // A test that fails already has its own words.
        assert!(
            strayed.is_empty() || std::thread::panicking(),
            "dialled, but not judged: {strayed:?}"
        );
    }
}
