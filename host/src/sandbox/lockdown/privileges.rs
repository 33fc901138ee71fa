//! What the process has from birth, and gives up.

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::process::{
    DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal, setsid,
};

use super::{Missing, raw};

/// The kernel restricts threads one by one, so there must be one.
pub(super) fn alone() -> Result<(), Missing> {
    // Where there is no /proc it cannot be looked up, and is true all the same.
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(Missing::Alone);
    }
    Ok(())
}

/// Closes all descriptors but the standard ones and these.
pub(super) fn close_descriptors(keep: &[BorrowedFd<'_>]) -> Result<(), Missing> {
    let mut kept: Vec<u32> = keep
        .iter()
        .map(|descriptor| descriptor.as_raw_fd().unsigned_abs())
        .chain(0..=2)
        .collect();
    kept.sort_unstable();
    // Between each and the next one, and behind the last.
    let ends = kept.iter().skip(1).map(|next| next.saturating_sub(1));
    for (kept, last) in kept.iter().zip(ends.chain([u32::MAX])) {
        if last > *kept {
            raw::close(kept + 1, last).map_err(|_| Missing::Descriptors)?;
        }
    }
    Ok(())
}

/// Capabilities, which a process of root has, and being looked into or dumped.
pub(super) fn drop() -> Result<(), Missing> {
    // When memory runs out, this is what the kernel ends, not `serve`. Some systems hide the file.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    // Ctrl-C at a terminal is for `serve`, which finishes what is in flight. Who leads a group has its own already.
    let _ = setsid();
    raw::drop_capabilities().map_err(|_| Missing::Privileges)?;
    // Whoever started it ends with `serve`, and nothing that computes for ever stays behind. What did not live to see
    // this reads the end of its socket.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|_| Missing::Privileges)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|_| Missing::Privileges)
}
