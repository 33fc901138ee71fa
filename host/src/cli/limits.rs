//! What the process asks of the system for itself. What is in memory stays there: commands hold secrets and keys,
//! and a dump of a crash is a file that anybody may send on. A file that may not grow is an error, and no end.

use std::io;

use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// From now on, this process leaves no core dump; on Linux, no other process of its user reads its memory
/// either.
///
/// # Errors
///
/// Where the system refuses.
pub(super) fn undumped() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// From now on, who sets a limit to the size of files ends no write with a signal, which would end the process,
/// but with an error, as a disk that is full does. Inside of a runtime.
///
/// # Errors
///
/// Where the system refuses.
pub(super) fn outlive_file_limit() -> io::Result<()> {
    // What handles the signal stays when this is dropped.
    signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).map(drop)
}

#[cfg(test)]
mod tests {
    use rustix::process::getrlimit;

    use super::*;

    #[test]
    fn the_limit_of_core_dumps_is_zero_for_good_and_the_process_is_not_dumpable() {
        undumped().unwrap();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().unwrap(),
            rustix::process::DumpableBehavior::NotDumpable
        );
    }
}
