//! Parts of the kernel that a computing process has no use for: its largest surface.

use super::attempt::{Attempt, attempt};
use super::raw::{at, text, try_call};

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt("ring of requests", |_| {
        let parameters = [0_u64; 15];
        try_call(libc::SYS_io_uring_setup, [8, at(&parameters)])
    })
    .depends(),
    attempt("ring of requests, used", |_| {
        try_call(libc::SYS_io_uring_enter, [-1, 1, 0, 0, 0, 0])
    })
    .depends(),
    attempt("program in the kernel", |_| {
        let map = [1_u32, 4, 4, 1, 0, 0, 0, 0];
        try_call(libc::SYS_bpf, [0, at(&map), 32])
    })
    .depends(),
    attempt("page faults in user space", |_| {
        try_call(libc::SYS_userfaultfd, [1])
    })
    .depends(),
    attempt("counters of the processor", |_| {
        let mut attributes = [0_u32; 32];
        attributes[1] = 128;
        try_call(libc::SYS_perf_event_open, [at(&attributes), 0, -1, -1, 0])
    })
    .depends(),
    attempt("keys of the user", |_| {
        // The identity of the session's keyring.
        try_call(libc::SYS_keyctl, [0, -3, 1])
    })
    .depends(),
    attempt("new key", |_| {
        let (kind, name) = (text(c"user"), text(c"campanile-drill"));
        try_call(libc::SYS_add_key, [kind, name, at(&[0_u8]), 1, -2])
    })
    .depends(),
    attempt("namespace of users", |_| {
        try_call(libc::SYS_unshare, [i64::from(libc::CLONE_NEWUSER)])
    })
    .depends(),
    attempt("namespace of the network", |_| {
        try_call(libc::SYS_unshare, [i64::from(libc::CLONE_NEWNET)])
    })
    .depends(),
    attempt("namespace of another", |_| {
        try_call(libc::SYS_setns, [-1, 0])
    })
    .depends(),
    attempt("mount", |_| {
        let (none, folder) = (text(c"none"), text(c"/nowhere"));
        try_call(libc::SYS_mount, [none, folder, text(c"tmpfs"), 0, 0])
    })
    .depends(),
    attempt("mount by the newest call", |_| {
        try_call(libc::SYS_fsopen, [text(c"tmpfs"), 0])
    })
    .depends(),
    attempt("another root", |_| try_call(libc::SYS_chroot, [text(c"/")])).depends(),
    attempt("module", |_| {
        try_call(libc::SYS_finit_module, [-1, text(c""), 0])
    })
    .depends(),
    attempt("the kernel's log", |_| {
        try_call(libc::SYS_syslog, [10, 0, 0])
    })
    .depends(),
    attempt("timer", |_| {
        let timer = 0_i32;
        try_call(libc::SYS_timer_create, [1, 0, at(&timer)])
    }),
    attempt("be dumpable again", |_| {
        try_call(
            libc::SYS_prctl,
            [i64::from(libc::PR_SET_DUMPABLE), 1, 0, 0, 0],
        )
    }),
    attempt("capabilities again", |_| {
        let (header, sets) = ([0x2008_0522_u32, 0], [u32::MAX; 6]);
        try_call(libc::SYS_capset, [at(&header), at(&sets)])
    })
    .depends(),
    attempt("another user", |_| try_call(libc::SYS_setuid, [0])).depends(),
    attempt("another personality", |_| {
        try_call(libc::SYS_personality, [0xffff_ffff])
    }),
    attempt("another filter", |_| {
        // Which actions there are; asking is already more than it may.
        try_call(libc::SYS_seccomp, [2, 0, at(&0x7fff_0000_u32)])
    }),
    #[cfg(target_arch = "x86_64")]
    attempt("segments of the processor", |_| {
        let entry = [0_u32; 4];
        try_call(libc::SYS_modify_ldt, [1, at(&entry), 16])
    })
    .depends(),
    #[cfg(target_arch = "x86_64")]
    attempt("ports of the machine", |_| try_call(libc::SYS_iopl, [3])).depends(),
    #[cfg(target_arch = "x86_64")]
    attempt("call of 32-bit programs", |_| super::raw::old_getpid()).depends(),
    #[cfg(target_arch = "x86_64")]
    attempt("call of the third table", |_| {
        try_call(0x4000_0000 + libc::SYS_getpid, [])
    })
    .depends(),
];
