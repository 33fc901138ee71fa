//! Where the programs of this package are, and the master key that they share in tests.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where cargo puts programs: the test binary is one level below.
pub(crate) fn programs() -> PathBuf {
    let own = std::env::current_exe().expect("this program's path");
    let folder = own.ancestors().nth(2).expect("cargo's layout");
    folder.to_path_buf()
}

/// A key that is the same for all: what one test had compiled serves the next.
pub(crate) fn master_key(folder: &Path) -> PathBuf {
    let path = folder.join("data.key");
    if !path.exists() {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .expect("a new file");
        file.write_all(&[7; 32]).expect("a key");
    }
    path
}
