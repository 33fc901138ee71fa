//! Sockets, files, programs and other processes.

use std::io;

use libc::{
    AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, AF_VSOCK, AT_EMPTY_PATH, AT_FDCWD, O_RDONLY,
    O_RDWR, O_TMPFILE, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM,
};

use super::attempt::{Attempt, attempt};
use super::raw::{at, call, fork, text, try_call};

/// What a filter answers instead of ending the process.
const REFUSED: i32 = libc::EPERM;
const UNKNOWN: i32 = libc::ENOSYS;

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt("socket to the internet", |_| socket(AF_INET, SOCK_STREAM)),
    attempt("socket for names", |_| socket(AF_INET, SOCK_DGRAM)),
    attempt("socket to the newer internet", |_| {
        socket(AF_INET6, SOCK_STREAM)
    })
    .depends(),
    attempt("socket on this machine", |_| socket(AF_UNIX, SOCK_STREAM)),
    attempt("socket to the machine below", |_| {
        socket(AF_VSOCK, SOCK_STREAM)
    })
    .depends(),
    attempt("socket to the kernel", |_| socket(AF_NETLINK, SOCK_RAW)),
    attempt("socket to the wire", |_| socket(AF_PACKET, SOCK_RAW)).depends(),
    attempt("pair of sockets", |_| {
        let pair = [0_i32; 2];
        let kind = i64::from(SOCK_STREAM);
        try_call(
            libc::SYS_socketpair,
            [i64::from(AF_UNIX), kind, 0, at(&pair)],
        )
    }),
    attempt("connect the socket elsewhere", |_| {
        let address = abstract_address(b"nowhere");
        try_call(libc::SYS_connect, [0, at(&address), 10])
    })
    .depends(),
    attempt("options of the socket", |_| {
        let size = 1_i32 << 20;
        let (level, name) = (i64::from(libc::SOL_SOCKET), i64::from(libc::SO_SNDBUF));
        try_call(libc::SYS_setsockopt, [0, level, name, at(&size), 4])
    }),
    attempt("message with descriptors", |_| {
        let header = [0_u64; 7];
        try_call(libc::SYS_sendmsg, [0, at(&header), 0])
    }),
    attempt("messages with descriptors", |_| {
        let headers = [0_u64; 8];
        try_call(libc::SYS_sendmmsg, [0, at(&headers), 1, 0])
    }),
    attempt("message to a foreign abstract socket", |ground| {
        let name = super::listener(ground.victim);
        let (byte, address) = ([1_u8], abstract_address(name.as_bytes()));
        let length = i64::try_from(2 + 1 + name.len()).map_err(io::Error::other)?;
        try_call(libc::SYS_sendto, [0, at(&byte), 1, 0, at(&address), length])
    })
    .second(),
    attempt("file", |_| open(c"/etc/passwd", O_RDONLY))
        .refused(REFUSED)
        .second(),
    #[cfg(target_arch = "x86_64")]
    attempt("file by the old call", |_| {
        let path = text(c"/etc/passwd");
        try_call(libc::SYS_open, [path, i64::from(O_RDONLY)])
    })
    .refused(REFUSED)
    .second(),
    attempt("file by the newest call", |_| {
        let how = [0_u64; 3];
        let path = text(c"/etc/passwd");
        try_call(libc::SYS_openat2, [i64::from(AT_FDCWD), path, at(&how), 24])
    })
    .second(),
    attempt("new file", |_| open(c"/tmp", O_TMPFILE | O_RDWR))
        .refused(REFUSED)
        .second(),
    attempt("new file in shared memory", |_| {
        open(c"/dev/shm", O_TMPFILE | O_RDWR)
    })
    .refused(REFUSED)
    .depends(),
    attempt("its own memory as a file", |_| {
        open(c"/proc/self/mem", O_RDWR)
    })
    .refused(REFUSED)
    .second(),
    attempt("handle of a file", |_| {
        let (handle, mount) = ([128_u32; 40], 0_i32);
        let arguments = [i64::from(AT_FDCWD), text(c"/"), at(&handle), at(&mount), 0];
        try_call(libc::SYS_name_to_handle_at, arguments)
    })
    .depends(),
    attempt("file by its handle", |_| {
        let handle = [0_u32; 40];
        try_call(libc::SYS_open_by_handle_at, [-1, at(&handle), 0])
    })
    .depends(),
    attempt("watch files", |_| try_call(libc::SYS_inotify_init1, [0])),
    attempt("another folder", |_| {
        try_call(libc::SYS_chdir, [text(c"/")])
    }),
    attempt("program", |_| {
        let arguments = [text(c"true"), 0];
        try_call(libc::SYS_execve, [text(c"/bin/true"), at(&arguments), 0])
    })
    .second(),
    #[cfg(target_arch = "x86_64")]
    attempt("program out of memory", |_| {
        let file = call(libc::SYS_memfd_create, [text(c"program"), 3])?;
        let program = exits();
        call(
            libc::SYS_write,
            [file, at(&program[..]), program.len() as i64],
        )?;
        let arguments = [text(c"program"), 0];
        let flags = i64::from(AT_EMPTY_PATH);
        try_call(
            libc::SYS_execveat,
            [file, text(c""), at(&arguments), 0, flags],
        )
    }),
    attempt("fork", |_| {
        fork(libc::SYS_clone, [i64::from(libc::SIGCHLD)])
    }),
    #[cfg(target_arch = "x86_64")]
    attempt("fork by the old call", |_| fork(libc::SYS_fork, [])),
    #[cfg(target_arch = "x86_64")]
    attempt("fork that shares memory", |_| fork(libc::SYS_vfork, [])).untried(),
    attempt("fork by the newest call", |_| {
        // `struct clone_args`: its fifth word is the signal at the child's end.
        let mut how = [0_i64; 11];
        how[4] = i64::from(libc::SIGCHLD);
        fork(libc::SYS_clone3, [at(&how), 88])
    })
    .refused(UNKNOWN),
    attempt("fork into a namespace", |_| {
        let flags = i64::from(libc::CLONE_NEWUSER | libc::SIGCHLD);
        fork(libc::SYS_clone, [flags])
    })
    .depends(),
    attempt("thread", |_| {
        let thread = std::thread::Builder::new().spawn(|| {})?;
        thread.join().map_err(|_| io::ErrorKind::Other.into())
    }),
];

fn socket(family: i32, kind: i32) -> io::Result<()> {
    try_call(libc::SYS_socket, [i64::from(family), i64::from(kind), 0])
}

fn open(path: &std::ffi::CStr, flags: i32) -> io::Result<()> {
    let arguments = [i64::from(AT_FDCWD), text(path), i64::from(flags), 0o600];
    try_call(libc::SYS_openat, arguments)
}

/// `struct sockaddr_un` of a name that is no path.
fn abstract_address(name: &[u8]) -> [u8; 110] {
    let mut address = [0; 110];
    let family = u16::try_from(AF_UNIX).unwrap_or_default();
    address[..2].copy_from_slice(&family.to_ne_bytes());
    address[3..3 + name.len()].copy_from_slice(name);
    address
}

/// The smallest program that ends well: an ELF header, one segment, and three instructions.
#[cfg(target_arch = "x86_64")]
fn exits() -> Vec<u8> {
    const BASE: u64 = 0x0040_0000;
    const HEADERS: u64 = 64 + 56;
    // xor edi, edi; mov eax, 60; syscall
    let code = [0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05];
    let size = HEADERS + code.len() as u64;
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(16, 0);
    let halves = |values: &[u16]| {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let words = |values: &[u32]| {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let longs = |values: &[u64]| {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let parts: [Vec<u8>; 7] = [
        // An executable, for this processor.
        halves(&[2, 62]),
        words(&[1]),
        // Where it starts, where the segment's header is; no sections.
        longs(&[BASE + HEADERS, 64, 0]),
        words(&[0]),
        halves(&[64, 56, 1, 0, 0, 0]),
        // A segment to load: readable, executable, all of the file.
        words(&[1, 5]),
        longs(&[0, BASE, BASE, size, size, 0x1000]),
    ];
    program.extend(parts.concat());
    program.extend(code);
    program
}
