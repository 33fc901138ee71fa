//! What runs first in a sandbox process: it gives up whatever it could do harm with, before any thread and
//! any foreign byte. What is left is to compute, and to answer on the descriptors that it was started with.
//!
//! Seccomp carries the load: a list of system calls with checked arguments (`calls` is the list, and
//! `calls.md` the page made of it). Landlock is a second layer for what a hole in that list would open;
//! limits, capabilities and closed descriptors take away what neither judges. Code may still be made executable
//! there, by `mprotect` and never while it is writable: loading compiled code is that. Whoever escapes from
//! WebAssembly can therefore run code of their own; they find nothing to run it against.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod limits;
mod missing;
#[cfg(target_os = "linux")]
mod privileges;
#[cfg(target_os = "linux")]
mod raw;
#[cfg(target_os = "linux")]
mod seccomp;

#[cfg(target_os = "linux")]
pub use calls::page;
pub use missing::Missing;

use std::os::fd::BorrowedFd;

/// What a locked-down process is for. It decides the limits, and which system calls remain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Runs components.
    Calls {
        /// Writable memory, in bytes, on top of what the process has at its start.
        memory: u64,
    },
    /// Compiles one component; its code cannot be run there.
    Compile {
        /// Writable memory, in bytes, on top of what the process has at its start.
        memory: u64,
        /// Processor time of all its threads together, in seconds: the kernel ends it then.
        seconds: u64,
    },
}

/// Why components run in a process that is not locked down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A test looks at the engine itself.
    Test,
    /// An author's command, on components of their own.
    Check,
}

/// That this process has been locked down as far as the system goes. An engine asks for one: there is no
/// other way to run foreign code.
#[derive(Debug)]
pub struct Confined {
    missing: Vec<Missing>,
    #[cfg(target_os = "linux")]
    purpose: Option<Purpose>,
}

impl Confined {
    /// For a process that is not locked down, and says so.
    #[must_use]
    pub fn in_process(_why: Why) -> Self {
        Self {
            missing: vec![Missing::OwnProcess],
            #[cfg(target_os = "linux")]
            purpose: None,
        }
    }

    /// What could not be had. Where this is not empty, only components that the operator vouches for may run.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Ends the start of a process that runs components: from now on it can start no thread and install no
    /// filter. Threads would be a way to use up what `serve` needs, since the kernel counts them by user.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses: run nothing foreign then.
    pub fn no_more_threads(&self) -> Result<(), Missing> {
        #[cfg(target_os = "linux")]
        if let Some(purpose) = self.purpose
            && !self.missing.contains(&Missing::SystemCalls)
        {
            return seccomp::end_start(purpose);
        }
        Ok(())
    }
}

/// Locks this process down for good. Standard input, output and error and these descriptors stay open, all others
/// are closed. Call it before any other thread runs, and before anything else is open.
#[must_use]
pub fn lockdown(purpose: Purpose, keep: &[BorrowedFd<'_>]) -> Confined {
    #[cfg(target_os = "linux")]
    {
        lock(purpose, keep, &LAYERS)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (purpose, keep);
        Confined {
            missing: vec![Missing::OtherSystem],
        }
    }
}

/// A step of the lock-down: what it could not have is what it returns.
#[cfg(target_os = "linux")]
type Layer = fn(Purpose, &[BorrowedFd<'_>]) -> Result<(), Missing>;

/// In the order in which they can be had: each takes away what those above it need.
#[cfg(target_os = "linux")]
const LAYERS: [Layer; 6] = [
    |_, _| privileges::alone(),
    |_, keep| privileges::close_descriptors(keep),
    |_, _| privileges::drop(),
    |purpose, _| limits::set(purpose),
    |_, _| landlock::restrict(),
    |purpose, _| seccomp::install(purpose),
];

#[cfg(target_os = "linux")]
fn lock(purpose: Purpose, keep: &[BorrowedFd<'_>], layers: &[Layer]) -> Confined {
    Confined {
        missing: layers
            .iter()
            .filter_map(|layer| layer(purpose, keep).err())
            .collect(),
        purpose: Some(purpose),
    }
}

/// All but the filters of system calls, for a test to see what the other layers hold by themselves.
#[cfg(target_os = "linux")]
#[must_use]
pub fn without_system_calls(purpose: Purpose) -> Confined {
    let [others @ .., _] = &LAYERS;
    let mut confined = lock(purpose, &[], others);
    confined.missing.push(Missing::SystemCalls);
    confined
}
