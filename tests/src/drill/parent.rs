//! What kills, stops, reads or starves the process that started this one.

use std::io;

use super::attempt::{Attempt, Ground, attempt};
use super::raw::{at, try_call};

const KILL: i64 = libc::SIGKILL as i64;

/// What shows a program's next write to it, one's own end of the socket.
const SOCKET: i64 = 0;

/// Standard error, which a careless parent would share.
const ERRORS: i64 = 2;

/// Commands of `linux/fcntl.h` that choose the signal and who gets it, and the kind of owner that is a process.
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;
const F_OWNER_PID: i32 = 1;

pub(super) const ATTEMPTS: &[Attempt] = &[
    attempt("kill the parent", |ground| {
        try_call(libc::SYS_kill, [ground.pid(), KILL])
    })
    .second(),
    attempt("kill a thread of the parent", |ground| {
        try_call(libc::SYS_tgkill, [ground.pid(), ground.pid(), KILL])
    })
    .second(),
    attempt("kill by a thread's number alone", |ground| {
        try_call(libc::SYS_tkill, [ground.pid(), KILL])
    })
    .second(),
    attempt("queue a signal", |ground| {
        // `siginfo_t`: its third word says that a program sent it.
        let mut info = [0_i32; 32];
        info[2] = -1;
        try_call(libc::SYS_rt_sigqueueinfo, [ground.pid(), KILL, at(&info)])
    })
    .second(),
    attempt("signal every process", |_| {
        try_call(libc::SYS_kill, [-1, 0])
    }),
    attempt("signal the group", |_| try_call(libc::SYS_kill, [0, 0])),
    attempt("hold the parent by a descriptor", |ground| {
        try_call(libc::SYS_pidfd_open, [ground.pid(), 0])
    }),
    attempt("signal by a descriptor", |_| {
        try_call(libc::SYS_pidfd_send_signal, [-1, KILL, 0, 0])
    })
    .depends(),
    attempt("take a descriptor of the parent", |_| {
        try_call(libc::SYS_pidfd_getfd, [-1, 0, 0])
    })
    .depends(),
    attempt("have the parent killed by its next write", |ground| {
        control(SOCKET, libc::F_SETOWN, ground.pid())?;
        control(SOCKET, F_SETSIG, KILL)?;
        control(SOCKET, libc::F_SETFL, i64::from(libc::O_ASYNC))?;
        super::say(super::ARMED);
        // It holds for as long as this end is open: until the parent has written. Whoever waits in `read` gets
        // no signal.
        let readable = [
            i32::try_from(SOCKET).unwrap_or_default(),
            i32::from(libc::POLLIN),
        ];
        try_call(libc::SYS_ppoll, [at(&readable), 1, 0, 0, 8])
    }),
    attempt("choose the signal alone", |_| {
        control(SOCKET, F_SETSIG, KILL)
    }),
    attempt("own the socket's signals by the newer command", |ground| {
        let owner = [F_OWNER_PID, ground.victim];
        control(SOCKET, F_SETOWN_EX, at(&owner))
    }),
    attempt("own the socket's signals by ioctl", |ground| {
        // `FIOSETOWN` of `asm/sockios.h`.
        try_call(libc::SYS_ioctl, [SOCKET, 0x8901, at(&ground.victim)])
    })
    .refused(libc::EPERM),
    attempt("ask for signals by ioctl", |_| {
        try_call(libc::SYS_ioctl, [SOCKET, libc::FIOASYNC as i64, at(&1_i32)])
    })
    .refused(libc::EPERM),
    attempt("make the shared pipe not wait", |_| {
        control(ERRORS, libc::F_SETFL, i64::from(libc::O_NONBLOCK))
    }),
    attempt("make the shared pipe not wait, by ioctl", |_| {
        try_call(libc::SYS_ioctl, [ERRORS, libc::FIONBIO as i64, at(&1_i32)])
    })
    .refused(libc::EPERM),
    attempt("make the pipe larger", |_| {
        control(ERRORS, libc::F_SETPIPE_SZ, 1 << 17)
    }),
    attempt("copy descriptors without end", |_| {
        control(ERRORS, libc::F_DUPFD, 3)
    }),
    attempt("let the parent have no descriptors", |ground| {
        limit(ground.pid(), libc::RLIMIT_NOFILE)
    }),
    attempt("let the parent write no files", |ground| {
        limit(ground.pid(), libc::RLIMIT_FSIZE)
    }),
    attempt("raise its own limits", |_| {
        let limit = [1_u64 << 10; 2];
        let which = i64::from(libc::RLIMIT_NOFILE);
        try_call(libc::SYS_prlimit64, [0, which, at(&limit), 0])
    }),
    attempt("raise its own limits by the old call", |_| {
        let limit = [1_u64 << 10; 2];
        try_call(
            libc::SYS_setrlimit,
            [i64::from(libc::RLIMIT_NOFILE), at(&limit)],
        )
    }),
    attempt("put the parent last in line", |ground| {
        try_call(libc::SYS_setpriority, [0, ground.pid(), 19])
    }),
    attempt("give the parent idle time only", |ground| {
        let policy = i64::from(libc::SCHED_IDLE);
        try_call(
            libc::SYS_sched_setscheduler,
            [ground.pid(), policy, at(&0_i32)],
        )
    }),
    attempt("tie the parent to one processor", |ground| {
        try_call(libc::SYS_sched_setaffinity, [ground.pid(), 8, at(&1_u64)])
    }),
    attempt("trace the parent", |ground| {
        let seize = i64::from(libc::PTRACE_SEIZE);
        try_call(libc::SYS_ptrace, [seize, ground.pid(), 0, 0])
    })
    .depends(),
    attempt("read the parent's memory", |ground| {
        memory_of(libc::SYS_process_vm_readv, ground)
    })
    .depends(),
    attempt("write the parent's memory", |ground| {
        memory_of(libc::SYS_process_vm_writev, ground)
    })
    .depends(),
    attempt("compare itself with the parent", |ground| {
        let own = i64::from(std::process::id());
        try_call(libc::SYS_kcmp, [own, ground.pid(), 0, 0, 0])
    })
    .depends(),
    attempt("share memory with other processes", |_| {
        let segment = super::raw::call(libc::SYS_shmget, [0, 4096, 0o600])?;
        try_call(libc::SYS_shmctl, [segment, i64::from(libc::IPC_RMID), 0])
    }),
];

impl Ground {
    fn pid(&self) -> i64 {
        i64::from(self.victim)
    }
}

fn control(descriptor: i64, command: i32, argument: i64) -> io::Result<()> {
    try_call(libc::SYS_fcntl, [descriptor, i64::from(command), argument])
}

fn limit(pid: i64, which: u32) -> io::Result<()> {
    try_call(
        libc::SYS_prlimit64,
        [pid, i64::from(which), at(&[0_u64; 2]), 0],
    )
}

fn memory_of(call: libc::c_long, ground: &Ground) -> io::Result<()> {
    let here = [0_u8; 8];
    let (local, remote) = ([at(&here), 8], [0x1000_i64, 8]);
    try_call(call, [ground.pid(), at(&local), 1, at(&remote), 1, 0])
}
