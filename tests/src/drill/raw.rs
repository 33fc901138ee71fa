//! System calls as an attacker makes them: any number, any arguments.
#![expect(
    unsafe_code,
    reason = "what is tried here is just what safe code does not do"
)]

use std::ffi::CStr;
use std::io;

use libc::c_long;

/// Asks the kernel.
pub(super) fn call<const N: usize>(number: c_long, arguments: [i64; N]) -> io::Result<i64> {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&arguments);
    let [a, b, c, d, e, f] = all;
    // SAFETY: the callers pass numbers, and addresses of what outlives the call. What it does to this process is
    // what is being found out.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// The same, where only success matters.
pub(super) fn try_call<const N: usize>(number: c_long, arguments: [i64; N]) -> io::Result<()> {
    call(number, arguments).map(drop)
}

/// The same for calls that return twice: the child ends at once.
pub(super) fn fork<const N: usize>(number: c_long, arguments: [i64; N]) -> io::Result<()> {
    match call(number, arguments)? {
        0 => std::process::exit(0),
        _ => Ok(()),
    }
}

/// The kernel's other door: `getpid` of 32-bit programs.
#[cfg(target_arch = "x86_64")]
pub(super) fn old_getpid() -> io::Result<()> {
    let mut result: i64 = 20;
    // SAFETY: the call takes no arguments and changes nothing but its result.
    unsafe { std::arch::asm!("int 0x80", inout("rax") result) };
    if result < 0 {
        return Err(io::Error::from_raw_os_error(38));
    }
    Ok(())
}

/// The address of a value.
pub(super) fn at<T: ?Sized>(value: &T) -> i64 {
    std::ptr::from_ref(value).cast::<u8>().addr().cast_signed() as i64
}

/// The address of a text.
pub(super) fn text(text: &CStr) -> i64 {
    text.as_ptr().addr().cast_signed() as i64
}
