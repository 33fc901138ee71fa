//! Programs of other packages that some tests run. The project's own build needs none of them: a test whose
//! program is not there says so and ends, unless `CAMPANILE_REQUIRE_TOOLS` is set, as it is in CI.

use std::path::PathBuf;

/// Where CI says that every test must really run.
pub const REQUIRED: &str = "CAMPANILE_REQUIRE_TOOLS";

/// The program of this name in `PATH`; `None` where it is not there and need not be. `install` is the command
/// that a person would install it with.
///
/// # Panics
///
/// Where it is not there and [`REQUIRED`] is set.
#[must_use]
pub fn program(name: &str, install: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        missing(name, install);
    }
    found
}

/// Says that a test is left out for want of something.
///
/// # Panics
///
/// Where [`REQUIRED`] is set.
pub fn missing(what: &str, install: &str) {
    let words = format!("{what} is not installed; to run this test: {install}");
    assert!(std::env::var_os(REQUIRED).is_none(), "{words}");
    eprintln!("left out: {words}");
}
