//! The filters as the kernel reads them: by an interpreter of their programs, for all calls and near misses.

use std::collections::BTreeSet;

use super::*;

const RUN: Purpose = Purpose::Calls { memory: 0 };
const COMPILE: Purpose = Purpose::Compile {
    memory: 0,
    seconds: 0,
};

/// What the kernel shows a filter.
#[derive(Clone, Copy)]
struct Asked {
    number: i64,
    architecture: u32,
    arguments: [u64; 6],
}

/// `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_AARCH64` of `linux/audit.h`.
const HERE: u32 = if cfg!(target_arch = "x86_64") {
    0xc000_003e
} else {
    0xc000_00b7
};

fn asked(number: i64, arguments: &[u64]) -> Asked {
    let mut all = [0; 6];
    all[..arguments.len()].copy_from_slice(arguments);
    Asked {
        number,
        architecture: HERE,
        arguments: all,
    }
}

impl Asked {
    /// A word of `struct seccomp_data`, little endian.
    fn word(&self, offset: u32) -> u32 {
        let word = |value: u64, upper: bool| {
            let value = if upper { value >> 32 } else { value };
            u32::try_from(value & 0xffff_ffff).expect("a word")
        };
        match offset {
            0 => word(self.number.cast_unsigned(), false),
            4 => self.architecture,
            16.. => {
                let argument = (offset - 16) as usize / 8;
                word(self.arguments[argument], (offset - 16) % 8 == 4)
            }
            _ => panic!("nothing of ours looks at {offset}"),
        }
    }
}

/// Runs a program: the instructions of classic BPF that filters are made of.
fn run(program: &BpfProgram, asked: Asked) -> u32 {
    let (mut at, mut register) = (0, 0_u32);
    loop {
        let step = &program[at];
        at += 1;
        let jump = |truth: bool| usize::from(if truth { step.jt } else { step.jf });
        match step.code {
            0x20 => register = asked.word(step.k),
            0x54 => register &= step.k,
            0x05 => at += step.k as usize,
            0x15 => at += jump(register == step.k),
            0x25 => at += jump(register > step.k),
            0x35 => at += jump(register >= step.k),
            0x06 => return step.k,
            code => panic!("an instruction {code:#x}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Refused,
    Unknown,
    Killed,
}

/// What becomes of a call, by all filters together.
fn fate(purpose: Purpose, started: bool, asked: Asked) -> Fate {
    let end = started.then_some(&END);
    let answers = FILTERS.iter().chain(end).map(|filter| {
        let program = filter.program(purpose).expect("a filter");
        run(&program, asked)
    });
    // The severest is the smallest, read as a signed number (`linux/seccomp.h`).
    let severest = answers.min_by_key(|answer| answer.cast_signed());
    match severest.expect("filters") {
        0x7fff_0000 => Fate::Done,
        0x0005_0001 => Fate::Refused,
        0x0005_0026 => Fate::Unknown,
        0x8000_0000 => Fate::Killed,
        other => panic!("an answer {other:#x}"),
    }
}

#[test]
fn what_is_not_in_the_table_ends_the_process() {
    let known: BTreeSet<i64> = CALLS.iter().map(|call| call.number).collect();
    for number in (0..1024).filter(|number| !known.contains(number)) {
        for purpose in [RUN, COMPILE] {
            let fate = fate(purpose, false, asked(number, &[]));
            assert_eq!(fate, Fate::Killed, "{number} {purpose:?}");
        }
    }
    // The second table of x86-64, and its negative numbers.
    for number in [0x4000_0000, 0x4000_0001, 0x4000_0209, -1] {
        assert_eq!(fate(RUN, false, asked(number, &[])), Fate::Killed);
    }
}

#[test]
fn another_architecture_ends_the_process_whatever_it_asks() {
    // `AUDIT_ARCH_I386`, whose number 4 is write, and big endian MIPS.
    for architecture in [0x4000_0003, 0x0000_0008, 0] {
        for number in 0..500 {
            let asked = Asked {
                architecture,
                ..asked(number, &[])
            };
            assert_eq!(
                fate(RUN, false, asked),
                Fate::Killed,
                "{architecture:#x} {number}"
            );
        }
    }
}

#[test]
fn arguments_are_judged_to_the_bit() {
    let own = u64::from(std::process::id());
    let high = 1 << 32;
    let rows: [(i64, &[u64], Fate); 67] = [
        (libc::SYS_read, &[3, 0, 8], Fate::Done),
        // Flags of descriptors may be read, seals added.
        (libc::SYS_fcntl, &[3, 1], Fate::Done),
        (libc::SYS_fcntl, &[3, 1033], Fate::Done),
        (libc::SYS_fcntl, &[3, 1033 | high], Fate::Done),
        (libc::SYS_fcntl, &[3, 0], Fate::Killed),
        (libc::SYS_fcntl, &[3, 2], Fate::Killed),
        (libc::SYS_fcntl, &[2, 4], Fate::Killed),
        (libc::SYS_fcntl, &[3, 8], Fate::Killed),
        (libc::SYS_fcntl, &[3, 10], Fate::Killed),
        (libc::SYS_fcntl, &[3, 15], Fate::Killed),
        (libc::SYS_fcntl, &[3, 1031], Fate::Killed),
        (libc::SYS_fcntl, &[3, 1032], Fate::Killed),
        // A socket is written without an address.
        (libc::SYS_sendto, &[3, 1, 1, 0, 0, 0], Fate::Done),
        (libc::SYS_sendto, &[3, 1, 1, 0x4000, 0, 0], Fate::Done),
        (libc::SYS_sendto, &[3, 1, 1, 1, 0, 0], Fate::Killed),
        (libc::SYS_sendto, &[3, 1, 1, 0, 1, 0], Fate::Killed),
        (libc::SYS_sendto, &[3, 1, 1, 0, high, 0], Fate::Killed),
        (libc::SYS_recvfrom, &[3, 1, 1, 0, 0], Fate::Done),
        (libc::SYS_recvfrom, &[3, 1, 1, 0, high], Fate::Killed),
        // Limits are read, and only one's own.
        (libc::SYS_prlimit64, &[0, 7, 0, 1], Fate::Done),
        (libc::SYS_prlimit64, &[1, 7, 0, 1], Fate::Killed),
        (libc::SYS_prlimit64, &[own, 7, 0, 1], Fate::Killed),
        (libc::SYS_prlimit64, &[0, 7, 1, 0], Fate::Killed),
        (libc::SYS_prlimit64, &[0, 7, high, 0], Fate::Killed),
        // Signals are SIGABRT to oneself.
        (libc::SYS_tgkill, &[own, own, 6], Fate::Done),
        (libc::SYS_tgkill, &[own, own, 9], Fate::Killed),
        (libc::SYS_tgkill, &[own, own, 0], Fate::Killed),
        (libc::SYS_tgkill, &[own + 1, own, 6], Fate::Killed),
        (libc::SYS_tgkill, &[own - 1, own, 6], Fate::Killed),
        (libc::SYS_tgkill, &[u64::MAX, own, 6], Fate::Killed),
        // Memory is private, and never writable and executable.
        (libc::SYS_mmap, &[0, 1, 3, 0x22, u64::MAX], Fate::Done),
        (libc::SYS_mmap, &[0, 1, 0, 0x4022, u64::MAX], Fate::Done),
        (libc::SYS_mmap, &[0, 1, 1, 2, 4], Fate::Done),
        (libc::SYS_mmap, &[0, 1, 5, 0x22, u64::MAX], Fate::Killed),
        (libc::SYS_mmap, &[0, 1, 7, 0x22, u64::MAX], Fate::Killed),
        (libc::SYS_mmap, &[0, 1, 4, 0x22, u64::MAX], Fate::Killed),
        (libc::SYS_mmap, &[0, 1, 3, 0x21, u64::MAX], Fate::Killed),
        (libc::SYS_mmap, &[0, 1, 3, 0x23, u64::MAX], Fate::Killed),
        (libc::SYS_mprotect, &[0, 1, 5], Fate::Done),
        (libc::SYS_mprotect, &[0, 1, 3], Fate::Done),
        (libc::SYS_mprotect, &[0, 1, 7], Fate::Killed),
        (libc::SYS_mprotect, &[0, 1, 6], Fate::Killed),
        (libc::SYS_mprotect, &[0, 1, 4], Fate::Killed),
        (libc::SYS_mprotect, &[0, 1, 5 | high], Fate::Killed),
        (libc::SYS_memfd_create, &[1, 3], Fate::Done),
        (libc::SYS_memfd_create, &[1, 2], Fate::Killed),
        (libc::SYS_memfd_create, &[1, 7], Fate::Killed),
        (libc::SYS_madvise, &[0, 1, 4], Fate::Done),
        (libc::SYS_madvise, &[0, 1, 100], Fate::Killed),
        // Waiting and waking, private or not, by either clock.
        (libc::SYS_futex, &[1, 128], Fate::Done),
        (libc::SYS_futex, &[1, 9 | 128 | 256], Fate::Done),
        (libc::SYS_futex, &[1, 3 | 128], Fate::Killed),
        (libc::SYS_futex, &[1, 6 | 128], Fate::Killed),
        (libc::SYS_futex, &[1, 1 | 512], Fate::Killed),
        // Clocks of other processes are negative.
        (libc::SYS_clock_gettime, &[3, 1], Fate::Done),
        (libc::SYS_clock_gettime, &[11, 1], Fate::Done),
        (libc::SYS_clock_gettime, &[12, 1], Fate::Killed),
        (libc::SYS_clock_gettime, &[u64::MAX - 5, 1], Fate::Killed),
        // Libraries ask, and go on.
        (libc::SYS_clone3, &[1, 88], Fate::Unknown),
        (libc::SYS_openat, &[1, 1], Fate::Refused),
        (libc::SYS_ioctl, &[1, 0x5401], Fate::Refused),
        (libc::SYS_ioctl, &[2, 0x5421], Fate::Refused),
        // The last thread may still be on its way when the start ends.
        (libc::SYS_rseq, &[1, 32], Fate::Done),
        (libc::SYS_set_robust_list, &[1, 24], Fate::Done),
        (libc::SYS_prctl, &[15, 1], Fate::Done),
        (libc::SYS_prctl, &[0x5356_4d41], Fate::Refused),
        (libc::SYS_prctl, &[4, 1], Fate::Killed),
    ];
    for (number, arguments, expected) in rows {
        let name = CALLS.iter().find(|call| call.number == number);
        let name = name.expect("a row of the table").name;
        let fate = fate(RUN, true, asked(number, arguments));
        assert_eq!(fate, expected, "{name} {arguments:x?}");
    }
}

#[test]
fn threads_and_filters_belong_to_the_start() {
    let rows: [(i64, &[u64], Fate); 10] = [
        (libc::SYS_clone, &[0x003d_0f00], Fate::Done),
        (libc::SYS_clone, &[0x007d_0f00], Fate::Done),
        // A fork, a fork that shares memory, and a thread with a namespace of its own.
        (libc::SYS_clone, &[17], Fate::Killed),
        (libc::SYS_clone, &[0x4111], Fate::Killed),
        (libc::SYS_clone, &[0x103d_0f00], Fate::Killed),
        (libc::SYS_clone, &[0x1_003d_0f00], Fate::Killed),
        (libc::SYS_prctl, &[38, 1], Fate::Done),
        (libc::SYS_seccomp, &[1, 1, 1], Fate::Done),
        (libc::SYS_seccomp, &[1, 0, 1], Fate::Killed),
        (libc::SYS_seccomp, &[1, 8, 1], Fate::Killed),
    ];
    for (number, arguments, expected) in rows {
        for purpose in [RUN, COMPILE] {
            let asked = asked(number, arguments);
            assert_eq!(
                fate(purpose, false, asked),
                expected,
                "{number} {arguments:x?}"
            );
            assert_eq!(
                fate(purpose, true, asked),
                Fate::Killed,
                "{number} {arguments:x?}"
            );
        }
    }
}

#[test]
fn who_compiles_can_make_no_code_executable() {
    let rows: [(i64, &[u64]); 3] = [
        (libc::SYS_mprotect, &[0, 1, 5]),
        (libc::SYS_memfd_create, &[1, 3]),
        (libc::SYS_fcntl, &[3, 1033]),
    ];
    for (number, arguments) in rows {
        let asked = asked(number, arguments);
        assert_eq!(fate(COMPILE, false, asked), Fate::Killed, "{number}");
        assert_eq!(fate(RUN, false, asked), Fate::Done, "{number}");
    }
}

#[test]
fn rows_of_one_call_do_not_open_it_for_one_another() {
    for call in CALLS {
        assert_eq!(
            call.checks.is_empty(),
            call.form.is_empty(),
            "{}",
            call.name
        );
        let rows: Vec<&Call> = CALLS
            .iter()
            .filter(|row| row.number == call.number)
            .collect();
        // A row without checks, among others, would be lost: all that is left of it are the others' checks.
        assert!(
            rows.len() == 1 || rows.iter().all(|row| !row.checks.is_empty()),
            "{}",
            call.name
        );
    }
}
