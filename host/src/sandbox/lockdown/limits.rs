//! Limits that the kernel holds a process to, whatever it runs.

use rustix::param::page_size;
use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};

use super::{Missing, Purpose};

/// Descriptors: the image of each memory of a loaded component is one.
const DESCRIPTORS: u64 = 256;

/// Descriptors of who compiles: those that it has, and what Landlock's rules are while they are made.
const FEW: u64 = 16;

/// The largest file, in bytes. The images of memories are files to the kernel; none is larger than a component
/// of the larger tier and its zeros.
const FILE: u64 = 128 << 20;

/// How much who compiles gives way to who delivers: a quarter of the processor time where both want all of it, and all
/// of it otherwise.
const GIVES_WAY: i32 = 5;

pub(super) fn set(purpose: Purpose) -> Result<(), Missing> {
    if matches!(purpose, Purpose::Compile { .. }) {
        // Where that is refused, only others are slower.
        let _ = nice(GIVES_WAY);
    }
    let own = writable().ok_or(Missing::Limits)?;
    let rows = match purpose {
        Purpose::Calls { memory } => [
            (Resource::Data, own.saturating_add(memory)),
            (Resource::Nofile, DESCRIPTORS),
            (Resource::Fsize, FILE),
            // Processor time is counted for each call.
            (Resource::Cpu, u64::MAX),
        ],
        Purpose::Compile { memory, seconds } => [
            (Resource::Data, own.saturating_add(memory)),
            (Resource::Nofile, FEW),
            (Resource::Fsize, 0),
            (Resource::Cpu, seconds),
        ],
    };
    let always = [
        (Resource::Core, 0),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
        (Resource::Nice, 0),
        (Resource::Rtprio, 0),
    ];
    for (resource, most) in rows.into_iter().chain(always) {
        lower(resource, most).map_err(|_| Missing::Limits)?;
    }
    Ok(())
}

/// To this, or to what it was where that is less.
fn lower(resource: Resource, most: u64) -> rustix::io::Result<()> {
    let limit = getrlimit(resource)
        .maximum
        .map_or(most, |was| was.min(most));
    let limit = (limit != u64::MAX).then_some(limit);
    setrlimit(
        resource,
        Rlimit {
            current: limit,
            maximum: limit,
        },
    )
}

/// Writable memory of this process now, in bytes: the allocator reserves more than it uses.
fn writable() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split_whitespace().nth(5)?.parse().ok()?;
    pages.checked_mul(u64::try_from(page_size()).ok()?)
}
