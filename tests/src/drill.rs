//! The escape drill: what native code would try that got out of WebAssembly, tried by
//! native code in a process that is locked down as a sandbox process is ([`run`]), and by a sandbox process itself
//! ([`intrude`]). Tests see from outside what became of each attempt.

mod attempt;
mod kernel;
mod memory;
mod outside;
mod parent;
mod raw;

use std::ffi::OsStr;
use std::io::Write;
use std::process::ExitCode;

pub use attempt::{Attempt, End, Open};

use attempt::Ground;

use campanile::sandbox::lockdown::{self, Purpose};
use campanile::sandbox::{Call, Invocation};

/// What makes this program a drill. The attempt's name, the pid that it is made on, and the layers follow.
pub const ARGUMENT: &str = "sandbox-drill";

/// Which layers are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// None: the attempt shows that it would do harm.
    None,
    /// All but the filters of system calls.
    Second,
    /// The whole lock-down.
    All,
}

impl Layers {
    /// As an argument.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Second => "second",
            Self::All => "all",
        }
    }
}

/// What the process may have of memory, in bytes.
pub const MEMORY: u64 = 512 << 20;

/// The `how` of a recipient with which a sandbox process computes for ever.
pub const STAYS: &str = "computes-for-ever";

/// What an attempt says when it waits for the parent to write to its socket.
pub const ARMED: &str = "armed";

/// The abstract name at which somebody else listens for datagrams, by the victim's pid.
#[must_use]
pub fn listener(victim: i32) -> String {
    format!("campanile-drill-{victim}")
}

/// What opens sockets, files and other processes, or the kernel itself.
#[must_use]
pub fn outwards() -> Vec<Attempt> {
    [outside::ATTEMPTS, kernel::ATTEMPTS, memory::ATTEMPTS].concat()
}

/// What kills or starves the process that started this one.
#[must_use]
pub fn on_the_parent() -> Vec<Attempt> {
    parent::ATTEMPTS.to_vec()
}

/// Whether this program was started as a drill: then its `main` is [`run`], and nothing comes before.
#[must_use]
pub fn asked() -> bool {
    std::env::args_os().nth(1).as_deref() == Some(OsStr::new(ARGUMENT))
}

/// Makes the attempt, and writes what became of it to standard output, if it can.
#[must_use]
pub fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [name, victim, layers] = &arguments[..] else {
        return ExitCode::FAILURE;
    };
    let attempts = [outwards(), on_the_parent()].concat();
    let attempt = attempts.iter().find(|attempt| attempt.name == name);
    let (Some(attempt), Ok(victim)) = (attempt, victim.parse()) else {
        return ExitCode::FAILURE;
    };
    let ground = Ground { victim };
    let purpose = Purpose::Calls { memory: MEMORY };
    let confined = match layers.as_str() {
        "all" => Some(lockdown::lockdown(purpose, &[])),
        "second" => Some(lockdown::without_system_calls(purpose)),
        _ => None,
    };
    if let Some(confined) = &confined {
        let missing: Vec<&str> = confined
            .missing()
            .iter()
            .map(|part| part.as_str())
            .collect();
        say(&format!("missing [{}]", missing.join(" ")));
        if confined.no_more_threads().is_err() {
            return ExitCode::FAILURE;
        }
    }
    match (attempt.act)(&ground) {
        Ok(()) => say("done"),
        Err(error) => say(&format!(
            "refused {}",
            error.raw_os_error().unwrap_or_default()
        )),
    }
    ExitCode::SUCCESS
}

/// Makes an attempt in a sandbox process, on this parent of it, where the recipient's `how` is the attempt's
/// label. What is refused goes on to the component.
pub fn intrude(invocation: &Invocation, parent: u32) {
    let Call::Dequeue { recipient, .. } = &invocation.call else {
        return;
    };
    let how = recipient.params.iter().find(|param| param.name == "how");
    while how.is_some_and(|how| how.value == STAYS) {
        std::hint::spin_loop();
    }
    let attempts = [outwards(), on_the_parent()].concat();
    let attempt = attempts
        .iter()
        .find(|attempt| how.is_some_and(|how| how.value == attempt.label()));
    if let Some(attempt) = attempt {
        let victim = parent.cast_signed();
        let _ = (attempt.act)(&Ground { victim });
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
