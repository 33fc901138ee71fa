//! What is in memory stays there: commands hold secrets and keys, and a dump of a crash is a file that anybody
//! may send on.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

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
