//! Memory: as much as there is, or writable and executable at once.

use std::io;

use super::attempt::{Attempt, attempt};
use super::raw::{at, call, text, try_call};

const RW: i64 = (libc::PROT_READ | libc::PROT_WRITE) as i64;
const RWX: i64 = RW | libc::PROT_EXEC as i64;
const PRIVATE: i64 = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as i64;

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt("memory to write and execute", |_| {
        map(4096, RWX, PRIVATE).map(drop)
    }),
    attempt("memory made executable while writable", |_| {
        let address = map(4096, RW, PRIVATE)?;
        try_call(libc::SYS_mprotect, [address, 4096, RWX])
    }),
    attempt("memory that others share", |_| {
        map(4096, RW, i64::from(libc::MAP_SHARED | libc::MAP_ANONYMOUS)).map(drop)
    }),
    attempt("more memory than it may", |_| {
        let reserve = PRIVATE | i64::from(libc::MAP_NORESERVE);
        map(super::MEMORY.cast_signed() * 2, RW, reserve).map(drop)
    })
    .refused(libc::ENOMEM),
    attempt("more descriptors than it may", |_| {
        (0..300).try_for_each(|_| try_call(libc::SYS_memfd_create, [text(c"one more"), 3]))
    })
    .refused(libc::EMFILE),
    attempt("a larger file than it may", |_| {
        let file = call(libc::SYS_memfd_create, [text(c"large"), 3])?;
        let mebibytes = vec![0_u8; 1 << 20];
        (0..256).try_for_each(|_| write_all(file, &mebibytes))
    })
    .ended_by(libc::SIGXFSZ),
    attempt("memory of a secret kind", |_| {
        try_call(libc::SYS_memfd_secret, [0])
    })
    .depends(),
    attempt("memory that stays", |_| try_call(libc::SYS_mlockall, [1])).depends(),
];

fn map(length: i64, protection: i64, flags: i64) -> io::Result<i64> {
    call(libc::SYS_mmap, [0, length, protection, flags, -1, 0])
}

fn write_all(file: i64, bytes: &[u8]) -> io::Result<()> {
    let written = call(libc::SYS_write, [file, at(bytes), bytes.len() as i64])?;
    let rest = &bytes[usize::try_from(written).unwrap_or_default()..];
    if rest.is_empty() {
        return Ok(());
    }
    try_call(libc::SYS_write, [file, at(rest), rest.len() as i64])
}
