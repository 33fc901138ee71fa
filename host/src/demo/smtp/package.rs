//! Python and the package aiosmtpd: found, or installed into a cache of ours. Neither the system's nor the
//! user's own packages are touched.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};

/// Tried against this version; pip looks after what it needs itself.
const PACKAGE: &str = "aiosmtpd==1.4.6";

/// What the server is made of; any 1.4 that can be imported will do.
const WORKS: &str = "import sys; sys.path[:0] = sys.argv[1:]; import aiosmtpd; \
     sys.exit(not aiosmtpd.__version__.startswith('1.4.'))";

/// Something of other people's is not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not here; to get it: {install}")]
pub struct Missing {
    /// What.
    pub what: &'static str,
    /// The command that helps.
    pub install: String,
}

/// A Python that has the package.
pub(super) struct Python {
    program: PathBuf,
    site: Option<PathBuf>,
}

impl Python {
    /// Runs a script, which has the package's folder as its arguments. Neither the working directory nor the
    /// environment has a say in what it imports.
    pub(super) fn command(&self, script: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-I", "-c", script]).args(&self.site);
        command
    }

    fn works(&self) -> bool {
        run(&mut self.command(WORKS)).is_some()
    }
}

/// Finds Python and the package, or installs the package.
pub(super) fn ready(progress: fn(&str)) -> Result<Python, Missing> {
    // One at a time in this process; others are met in `install`.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let version = "import sys; print('%d.%d' % sys.version_info[:2], sys.version_info >= (3, 9))";
    let found = ["python3", "python"].into_iter().find_map(|name| {
        let output = run(Command::new(name).args(["-I", "-c", version]))?;
        let said = String::from_utf8(output.stdout).ok()?;
        let version = said.trim().strip_suffix(" True")?.to_owned();
        Some((PathBuf::from(name), version))
    });
    let (program, version) = found.ok_or_else(|| Missing {
        what: "Python 3.9 or later",
        install: String::from("apt install python3 python3-aiosmtpd"),
    })?;
    let mut python = Python {
        program,
        site: None,
    };
    if python.works() {
        return Ok(python);
    }
    // A Python of another version may need other versions of what the package needs.
    let site = cache().join(format!("{}-python{version}", PACKAGE.replace("==", "-")));
    python.site = Some(site.clone());
    if !python.works() {
        progress(&format!("Installing {PACKAGE} into {} ...", site.display()));
        install(&python.program, &site);
    }
    if python.works() {
        return Ok(python);
    }
    Err(Missing {
        what: "the Python package aiosmtpd",
        install: format!(
            "python3 -m pip install --upgrade --target {} {PACKAGE}",
            site.display()
        ),
    })
}

/// Installs the package beside `site`, and then puts it there in one step: of two processes that do so at the
/// same time one comes first, and the other's is as good.
fn install(program: &Path, site: &Path) {
    let mut unfinished = site.to_owned().into_os_string();
    unfinished.push(format!(".{}", uuid::Uuid::now_v7()));
    let unfinished = PathBuf::from(unfinished);
    let mut pip = Command::new(program);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ])
    .arg("--target")
    .args([unfinished.as_os_str(), PACKAGE.as_ref()])
    .env("PIP_ROOT_USER_ACTION", "ignore");
    if run(&mut pip).is_none() || std::fs::rename(&unfinished, site).is_err() {
        let _ = std::fs::remove_dir_all(&unfinished);
    }
}

/// What a program printed that succeeded.
fn run(command: &mut Command) -> Option<Output> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then_some(output)
}

/// Where programs keep what they can get again: <https://specifications.freedesktop.org/basedir-spec/latest>.
fn cache() -> PathBuf {
    let absolute = |name: &str| {
        let folder = PathBuf::from(std::env::var_os(name)?);
        folder.is_absolute().then_some(folder)
    };
    let home = || Some(absolute("HOME")?.join(".cache"));
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("LOCALAPPDATA"))
        .or_else(home)
        .unwrap_or_else(std::env::temp_dir)
        .join("campanile")
}
