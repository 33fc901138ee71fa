//! The system calls of a locked-down process: which, in which form, for whom, and what needs it. Whatever is not
//! here ends the process. A test holds that `calls.md` is this table.

use std::fmt::Write;

use super::Purpose;

use Answer::{Allow, Refuse, Unknown};
use Check::{Int, Mask, Own, UpTo, Word};
use Span::{Always, Run, Start};

/// The table as a page.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# The system calls of a sandbox process\n\n\
         Every other call, and every other form of these, ends the process. *Refused* is `EPERM`, *unknown* is\n\
         `ENOSYS`. *Start* is until a process that runs components has started its threads. Who compiles never has\n\
         what is for *running* alone.\n\n\
         | call | form | answer | when | what needs it |\n|---|---|---|---|---|\n",
    );
    for call in CALLS {
        let name = call.name.trim_start_matches("SYS_");
        let answer = match call.answer {
            Allow => "allowed",
            Refuse => "refused",
            Unknown => "unknown",
        };
        let span = match call.span {
            Always => "always",
            Start => "start",
            Run => "running",
        };
        let Call { form, why, .. } = call;
        let _ = writeln!(page, "| `{name}` | {form} | {answer} | {span} | {why} |");
    }
    page
}

/// What a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// Carried out.
    Allow,
    /// `EPERM`: libraries ask, and do without.
    Refuse,
    /// `ENOSYS`: libraries go another way.
    Unknown,
}

/// Who may, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// Both kinds of process, to their end.
    Always,
    /// Both, but those that run components only until they have started.
    Start,
    /// Those that run components.
    Run,
}

impl Span {
    pub(super) fn holds(self, purpose: Purpose) -> bool {
        match self {
            Self::Always | Self::Start => true,
            Self::Run => matches!(purpose, Purpose::Calls { .. }),
        }
    }
}

/// What is asked of one argument, by its position.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// The kernel reads an `int`, which is one of these.
    Int(u8, &'static [u64]),
    /// The same, of a whole register.
    Word(u8, &'static [u64]),
    /// An `int` with these bits taken out is one of these.
    Mask(u8, u32, &'static [u64]),
    /// An `int` that is no more, and not negative.
    UpTo(u8, u64),
    /// The process itself.
    Own(u8),
}

/// A row of the table.
pub(super) struct Call {
    pub(super) name: &'static str,
    pub(super) number: i64,
    pub(super) answer: Answer,
    pub(super) span: Span,
    /// All must hold. A call may have several rows.
    pub(super) checks: &'static [Check],
    /// The checks in words.
    pub(super) form: &'static str,
    /// What needs it.
    pub(super) why: &'static str,
}

/// Rows: a call's constant, its answer, span and checks, the checks in words, and the reason.
macro_rules! calls {
    ($($(#[$when:meta])* $name:ident $answer:ident $span:ident [$($check:expr),*] $form:literal $why:literal;)*) => {
        /// The rows, by what they are about.
        pub(super) const CALLS: &[Call] = &[$(
            $(#[$when])*
            Call {
                name: stringify!($name),
                number: libc::$name,
                answer: $answer,
                span: $span,
                checks: &[$($check),*],
                form: $form,
                why: $why,
            },
        )*];
    };
}

/// `CLONE_VM`, `FS`, `FILES`, `SIGHAND`, `THREAD`, `SYSVSEM`, `SETTLS`, `PARENT_SETTID` and `CHILD_CLEARTID`:
/// what glibc starts a thread with, and musl, which adds `DETACHED`.
const THREAD: &[u64] = &[0x003d_0f00, 0x007d_0f00];

/// `FUTEX_PRIVATE_FLAG` and `FUTEX_CLOCK_REALTIME`.
const FUTEX_FLAGS: u32 = 128 | 256;

/// `PR_SET_VMA`, which names memory.
const NAME_MEMORY: u64 = 0x5356_4d41;

calls! {
    SYS_read Allow Always [] "" "frames, from the descriptors that it has";
    SYS_write Allow Always [] "" "frames, panics and the log; images of memories";
    SYS_recvfrom Allow Always [Word(4, &[0])] "no address" "frames, as the standard library reads sockets";
    SYS_sendto Allow Always [Word(4, &[0]), Int(3, &[0, 0x4000])] "no address, at most MSG_NOSIGNAL"
        "frames, as the standard library writes sockets";
    SYS_close Allow Always [] "" "whatever is dropped";
    SYS_fcntl Allow Always [Int(1, &[1])] "F_GETFD" "the standard library, before it closes, in debug builds";
    SYS_fcntl Allow Run [Int(1, &[1033])] "F_ADD_SEALS" "wasmtime, on images of memories";
    SYS_memfd_create Allow Run [Int(1, &[3])] "MFD_CLOEXEC and MFD_ALLOW_SEALING"
        "wasmtime, for images of memories";

    SYS_mmap Allow Always [Int(2, &[0, 1, 3]), Mask(3, !0x0f, &[2])] "private, and not executable"
        "memory of the allocator, of thread stacks and of components";
    SYS_munmap Allow Always [] "" "the same";
    SYS_madvise Allow Always [Int(2, &[4, 8, 14])] "MADV_DONTNEED, FREE or HUGEPAGE" "the allocator; wasmtime, between calls";
    SYS_mprotect Allow Always [Word(2, &[0, 1, 3])] "not executable" "the allocator; a memory that grows";
    SYS_mprotect Allow Run [Word(2, &[5])] "executable, and not writable" "wasmtime: loading compiled code";
    SYS_brk Allow Always [] "" "the C library's allocator";
    SYS_mremap Unknown Always [] "" "the C library's allocator";

    SYS_futex Allow Always [Mask(1, FUTEX_FLAGS, &[0, 1, 9, 10])] "waiting and waking" "locks between threads";
    SYS_sched_yield Allow Always [] "" "the allocator, and threads that wait for one another";
    SYS_sched_getaffinity Allow Always [] "" "how many threads are worth while";
    SYS_clone Allow Start [Word(0, THREAD)] "a thread" "the thread that counts time; the compiler's";
    SYS_clone3 Unknown Always [] "" "the C library, which takes clone then";
    SYS_set_robust_list Allow Always [] "" "each new thread";
    SYS_rseq Allow Always [] "" "each new thread";
    SYS_prctl Allow Always [Int(0, &[15])] "PR_SET_NAME" "each new thread";
    SYS_prctl Allow Start [Int(0, &[38])] "PR_SET_NO_NEW_PRIVS" "the last filter, which ends the start";
    SYS_prctl Refuse Always [Int(0, &[NAME_MEMORY])] "PR_SET_VMA" "the allocator";
    SYS_seccomp Allow Start [Int(0, &[1]), Int(1, &[1])] "a filter for all threads" "the last filter, which ends the start";

    SYS_clock_gettime Allow Always [UpTo(0, 11)] "no other process's clock" "processor time of a call";
    SYS_clock_nanosleep Allow Always [UpTo(0, 11)] "no other process's clock" "the thread that counts time";
    SYS_restart_syscall Allow Always [] "" "waiting, after the process was stopped and goes on";
    SYS_getrandom Allow Always [] "" "hash tables";
    SYS_getpid Allow Always [] "" "abort";
    SYS_gettid Allow Always [] "" "abort; each new thread";
    SYS_tgkill Allow Always [Own(0), Int(2, &[6])] "SIGABRT, to itself" "abort, after a panic";
    SYS_rt_sigaction Allow Always [] "" "wasmtime: a trap is a signal at first; abort";
    SYS_rt_sigprocmask Allow Always [] "" "each new thread; abort";
    SYS_rt_sigreturn Allow Always [] "" "the end of a trap";
    SYS_sigaltstack Allow Always [] "" "each new thread; wasmtime";
    SYS_exit Allow Always [] "" "the end of a thread";
    SYS_exit_group Allow Always [] "" "the end";

    SYS_prlimit64 Allow Always [Int(0, &[0]), Word(2, &[0])] "its own, and only read" "the size of its stack";
    SYS_openat Refuse Always [] "" "the allocator, backtraces, and counting processors: they look into /proc and /sys";
    SYS_faccessat Refuse Always [] "" "the same";
    SYS_faccessat2 Refuse Always [] "" "the same";
    SYS_newfstatat Refuse Always [] "" "the same";
    SYS_fstat Refuse Always [] "" "the same";
    SYS_statx Refuse Always [] "" "the same";
    SYS_readlinkat Refuse Always [] "" "the same";
    SYS_getcwd Refuse Always [] "" "backtraces";
    SYS_sysinfo Refuse Always [] "" "the allocator";
    SYS_uname Refuse Always [] "" "the allocator";
    SYS_ioctl Refuse Always [] "" "whether something is a terminal";
    #[cfg(target_arch = "x86_64")]
    SYS_open Refuse Always [] "" "as openat";
    #[cfg(target_arch = "x86_64")]
    SYS_access Refuse Always [] "" "as faccessat";
    #[cfg(target_arch = "x86_64")]
    SYS_stat Refuse Always [] "" "as newfstatat";
    #[cfg(target_arch = "x86_64")]
    SYS_lstat Refuse Always [] "" "as newfstatat";
    #[cfg(target_arch = "x86_64")]
    SYS_readlink Refuse Always [] "" "as readlinkat";
    #[cfg(target_arch = "aarch64")]
    SYS_membarrier Allow Run [Int(0, &[32, 64])] "of its own processors' code caches" "wasmtime: loading compiled code";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_page_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sandbox/lockdown/calls.md");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, page()).expect("the page is written");
        }
        let written = std::fs::read_to_string(path).expect("the page");
        assert!(written == page(), "BLESS=1 writes the page anew");
    }
}
