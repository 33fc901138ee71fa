//! Words for step 7: secrets, sealed to where they go. A stolen database opens none without the master
//! key, and a row that is copied, or whose endpoint is pointed elsewhere, opens none with it.

mod binding;
mod key;
mod vault;

use std::fmt;

use zeroize::Zeroizing;

pub use binding::{Binding, with_origins};
pub use key::{KEY_BYTES, MacKey, MasterKey};
pub use vault::{Sealed, Vault, VaultError};

/// A value that components never see. It is wiped when dropped, and does not print.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value in.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value: for what fills requests, and for checks as it is saved.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
