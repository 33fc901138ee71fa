//! The programs of this package that others start, where they are, and the master key that they share in tests.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use campanile::{cli, sandbox};

use crate::Folder;

/// The command line; as a sandbox process it is one that somebody breaks out into, where a call asks for that.
pub const UNDER_TEST: &str = "campanile-under-test";

/// A sandbox process that was taken over.
pub const NATIVE_LIAR: &str = "native-liar";

static STAND_INS: OnceLock<PathBuf> = OnceLock::new();

/// The main function of [`UNDER_TEST`].
#[must_use]
pub fn under_test() -> ExitCode {
    #[cfg(target_os = "linux")]
    {
        use crate::drill;
        if drill::asked() {
            return drill::run();
        }
        if sandbox::asked() {
            let parent = std::os::unix::process::parent_id();
            return sandbox::work_after(|invocation| drill::intrude(invocation, parent));
        }
    }
    cli::main()
}

/// Has this program stand for the others as long as the folder is there, since cargo builds none of them beside one
/// that is run alone: their names lead to it, and its `main` asks [`stands_in`] first.
///
/// # Errors
///
/// Where the names cannot be made.
///
/// # Panics
///
/// Where it was done before.
pub fn stand_in_for_all() -> io::Result<Folder> {
    let folder = Folder::new();
    let own = std::env::current_exe()?;
    for name in [UNDER_TEST, NATIVE_LIAR] {
        symlink(&own, folder.path().join(name))?;
    }
    let first = STAND_INS.set(folder.path().to_owned());
    first.expect("it is done once");
    Ok(folder)
}

/// What this program does under the name of another, where it was started by that.
#[must_use]
pub fn stands_in() -> Option<ExitCode> {
    let name = PathBuf::from(std::env::args_os().next()?);
    match name.file_name()?.to_str()? {
        UNDER_TEST => Some(under_test()),
        NATIVE_LIAR => Some(match crate::native_liar::lie() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }),
        _ => None,
    }
}

/// Where cargo puts programs: the test binary is one level below.
pub(crate) fn programs() -> PathBuf {
    if let Some(folder) = STAND_INS.get() {
        return folder.clone();
    }
    let own = std::env::current_exe().expect("this program's path");
    let folder = own.ancestors().nth(2).expect("cargo's layout");
    folder.to_path_buf()
}

/// Where one of them is.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    programs().join(name)
}

/// The program of this name beside the one that this program was started by.
pub(crate) fn beside(name: &str) -> io::Result<PathBuf> {
    let own = std::env::args_os().next().map(PathBuf::from);
    let own = own.ok_or(io::ErrorKind::NotFound)?;
    Ok(own.with_file_name(name))
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
