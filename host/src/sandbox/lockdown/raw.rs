//! The two system calls that no crate in use offers. Both are safe as they are called here: at the start of a
//! process that owns nothing yet.
#![expect(unsafe_code, reason = "there is no safe form of these calls")]

use std::io;

/// Closes the descriptors from the first to the last.
pub(super) fn close(first: u32, last: u32) -> io::Result<()> {
    // SAFETY: plain numbers. Whoever calls this keeps what this process owns.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    done(result)
}

/// Gives up every capability.
pub(super) fn drop_capabilities() -> io::Result<()> {
    /// `_LINUX_CAPABILITY_VERSION_3` of `linux/capability.h`: two words a set.
    const VERSION: u32 = 0x2008_0522;
    /// This thread.
    const SELF: u32 = 0;
    let header = [VERSION, SELF];
    let none = [0_u32; 6];
    // SAFETY: both are as long as this version of the structures is, and outlive the call, which only reads.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) };
    done(result)
}

fn done(result: libc::c_long) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
