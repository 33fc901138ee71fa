//! What stops a component that wants more of the machine than it may have.

use std::time::Duration;

use campanile::outcome::Reason;
use campanile::sandbox::{Answered, Limits};

use campanile_tests::hostile::LIAR;
use campanile_tests::hostile::engine::refusals;
use campanile_tests::hostile::raw::{NOTHING, RESULT, Raw};
use campanile_tests::hostile::stage::{call, dequeue, limits, recipient, sandbox};

const SPIN: &str = "(loop $for_ever (br $for_ever)) unreachable";

/// The reason and the words with which a call of `dequeue` is stopped.
fn stopped(limits: Limits, raw: Raw) -> (Reason, String) {
    let (sandbox, digest) = sandbox(limits, &raw.build());
    let answer = call(&sandbox, &digest, dequeue(recipient(&[]), 2));
    let fault = answer.result.expect_err("it is stopped");
    (fault.reason, fault.detail)
}

#[test]
fn a_raw_component_that_does_nothing_is_as_good_as_any() {
    let (sandbox, digest) = sandbox(limits(), &Raw::new().build());
    let answer = call(&sandbox, &digest, dequeue(recipient(&[("a", "b")]), 2));
    let Ok(Answered::Batch(batch)) = answer.result else {
        panic!("{:?}", answer.result);
    };
    assert!(batch.deliveries.is_empty() && batch.refused.is_empty());
}

#[test]
fn processor_time_and_the_time_that_goes_by_are_two_limits() {
    for (cpu, wall, words) in [
        (20, 60_000, "20 ms of processor time are allowed"),
        (60_000, 20, "20 ms are allowed"),
    ] {
        let limits = Limits {
            cpu: Duration::from_millis(cpu),
            wall: Duration::from_millis(wall),
            ..limits()
        };
        let (reason, detail) = stopped(limits, Raw::new().body("dequeue-recipient-alerts", SPIN));
        assert_eq!(reason, Reason::Deadline);
        assert!(detail.contains(words), "{detail}");
    }
}

#[test]
fn an_allocator_that_gives_out_what_is_not_there_is_a_trap() {
    for (name, body) in [
        ("beyond the memory", "(return (i32.const -16))"),
        ("not aligned", "(return (i32.const 262145))"),
        ("at its very end", "(return (i32.const 524287))"),
        ("nowhere", "unreachable"),
    ] {
        let (reason, detail) = stopped(limits(), Raw::new().realloc(body));
        assert_eq!(reason, Reason::Trap, "{name}: {detail}");
    }
}

#[test]
fn memory_is_limited_to_the_sum_of_all_memories_and_to_the_byte() {
    // 8 pages are there from the start, and 512 are allowed.
    let grow = |first: u32, second: u32| {
        Raw::new().field("(memory $second 0)").body(
            "dequeue-recipient-alerts",
            &format!(
                "(drop (memory.grow $main (i32.const {first}))) (drop (memory.grow $second (i32.const {second})))
                 i32.const {NOTHING}"
            ),
        )
    };
    for (first, second) in [(504, 0), (0, 504), (254, 250), (503, 1)] {
        let (sandbox, digest) = sandbox(limits(), &grow(first, second).build());
        let answer = call(&sandbox, &digest, dequeue(recipient(&[]), 1));
        assert!(answer.result.is_ok(), "{first} and {second}: {answer:?}");
    }
    for (first, second) in [(505, 0), (0, 505), (255, 250), (504, 1), (65535, 0)] {
        let (reason, detail) = stopped(limits(), grow(first, second));
        assert_eq!(reason, Reason::Memory, "{first} and {second}: {detail}");
        assert!(detail.contains("33554432 are allowed"), "{detail}");
    }
}

#[test]
fn memory_that_somebody_filled_is_empty_for_the_next_one() {
    let fills = Raw::new().body(
        "dequeue-recipient-alerts",
        "(drop (memory.grow (i32.const 504)))
         (memory.fill (i32.const 0) (i32.const 119) (i32.const 33554432)) unreachable",
    );
    // From where nothing was handed over to the end, eight bytes at a time.
    let looks = Raw::new().body(
        "dequeue-recipient-alerts",
        &format!(
            "(local $at i32)
             (drop (memory.grow (i32.const 504)))
             (local.set $at (i32.const 393216))
             (loop $on
               (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
               (local.set $at (i32.add (local.get $at) (i32.const 8)))
               (br_if $on (i32.lt_u (local.get $at) (i32.const 33554432))))
             i32.const {NOTHING}"
        ),
    );
    let (sandbox, first) = sandbox(limits(), &fills.build());
    let second = sandbox.install(&looks.build()).expect("it fits").digest;
    for _ in 0..8 {
        let filled = call(&sandbox, &first, dequeue(recipient(&[]), 1));
        assert!(filled.result.is_err());
        let looked = call(&sandbox, &second, dequeue(recipient(&[]), 1));
        assert!(looked.result.is_ok(), "{looked:?}");
    }
}

#[test]
fn a_text_that_is_named_often_counts_each_time() {
    let (reason, detail) = stopped(limits(), refusals(5, 1 << 20));
    assert_eq!(reason, Reason::AnswerTooLarge, "{detail}");

    let (sandbox, digest) = sandbox(limits(), &refusals(2, 1 << 20).build());
    let answer = call(&sandbox, &digest, dequeue(recipient(&[]), 2));
    let Ok(Answered::Batch(batch)) = answer.result else {
        panic!("{:?}", answer.result);
    };
    assert_eq!(batch.refused.len(), 2);
    let judged = campanile::sandbox::judge(batch, 2, sandbox.limits());
    assert_eq!(
        judged.expect_err("a reason has 1 KiB").reason,
        Reason::AnswerTooLarge
    );
}

#[test]
fn an_answer_that_lies_outside_of_the_memory_is_a_trap() {
    for body in [
        "i32.const -1",
        "i32.const 524288",
        "i32.const 524280",
        "i32.const 513",
    ] {
        let raw = Raw::new().body("dequeue-recipient-alerts", body);
        let (reason, detail) = stopped(limits(), raw);
        assert_eq!(reason, Reason::Trap, "{body}: {detail}");
    }
}

#[test]
fn text_that_is_not_utf_8_and_a_case_that_is_not_there_are_traps() {
    let stored = |what: &str| {
        let body = format!("{what} i32.const {RESULT}");
        Raw::new().body("dequeue-recipient-alerts", &body)
    };
    for (name, what) in [
        (
            "a third case of a result",
            format!("(i32.store8 (i32.const {RESULT}) (i32.const 2))"),
        ),
        (
            "a failure with bytes that are no text",
            format!(
                "(i32.store8 (i32.const {RESULT}) (i32.const 1)) (i32.store8 offset=4 (i32.const {RESULT}) (i32.const 1))
                 (i32.store offset=8 (i32.const {RESULT}) (i32.const 2048))
                 (i32.store offset=12 (i32.const {RESULT}) (i32.const 4))
                 (i32.store (i32.const 2048) (i32.const -1))"
            ),
        ),
    ] {
        let (reason, detail) = stopped(limits(), stored(&what));
        assert_eq!(reason, Reason::Trap, "{name}: {detail}");
    }
}

#[test]
fn a_component_that_calls_the_host_from_within_its_allocator_does_not_get_in() {
    let raw = Raw::new()
        .field(
            "(import \"campanile:alerts/host@0.1.0\" \"has\" (func $has (param i32 i32) (result i32)))",
        )
        .realloc("(drop (call $has (i32.const 4096) (i32.const 4)))");
    let (reason, detail) = stopped(limits(), raw);
    assert_eq!(reason, Reason::Trap, "{detail}");
}

#[test]
fn what_a_compiled_guest_wastes_is_stopped_by_its_name() {
    let (sandbox, digest) = sandbox(limits(), LIAR);
    for (how, reason, words) in [
        ("spins", Reason::Deadline, "100 ms of processor time"),
        ("allocates", Reason::Memory, "33554432 are allowed"),
        ("panics", Reason::Trap, "in so many words"),
        ("exits", Reason::Trap, "exit"),
        ("recurses", Reason::Trap, "wasm trap: "),
        ("traps-after-dequeuing-half", Reason::Trap, "after 4"),
        (
            "calls-the-host-for-ever",
            Reason::HostCalls,
            "10000 host calls",
        ),
        ("sleeps", Reason::Trap, "wasi:"),
    ] {
        let answer = call(&sandbox, &digest, dequeue(recipient(&[("how", how)]), 8));
        let fault = answer.result.expect_err(how);
        assert_eq!(fault.reason, reason, "{how}: {fault}");
        assert!(fault.detail.contains(words), "{how}: {fault}");
    }
    let honest = call(
        &sandbox,
        &digest,
        dequeue(recipient(&[("how", "honest")]), 8),
    );
    assert!(honest.result.is_ok(), "{honest:?}");
}

#[test]
fn what_a_component_has_the_host_do_counts_as_its_own_time() {
    let (sandbox, digest) = sandbox(limits(), LIAR);
    for how in ["splits-four-megabytes", "escapes-four-megabytes"] {
        let answer = call(&sandbox, &digest, dequeue(recipient(&[("how", how)]), 1));
        let fault = answer.result.expect_err(how);
        let expected = [Reason::Deadline, Reason::Memory, Reason::AnswerTooLarge];
        assert!(expected.contains(&fault.reason), "{how}: {fault}");
    }
}

#[test]
fn other_limits_than_the_default_ones_hold_too() {
    type Change = fn(&mut Limits);
    let rows: [(&str, Change, Option<Reason>); 8] = [
        (
            "few host calls",
            |limits| limits.host_calls = 10,
            Some(Reason::HostCalls),
        ),
        (
            "enough host calls",
            |limits| limits.host_calls = 1_000,
            None,
        ),
        (
            "few handles",
            |limits| limits.handles = 99,
            Some(Reason::HostCalls),
        ),
        ("enough handles", |limits| limits.handles = 101, None),
        (
            "a short answer",
            |limits| limits.answer = 8 << 10,
            Some(Reason::AnswerTooLarge),
        ),
        ("a longer answer", |limits| limits.answer = 64 << 10, None),
        ("a small table", |limits| limits.table_elements = 500, None),
        ("a small memory", |limits| limits.memory = 2 << 20, None),
    ];
    for (name, change, expected) in rows {
        let mut changed = limits();
        change(&mut changed);
        let (sandbox, digest) = sandbox(changed, LIAR);
        let honest = recipient(&[("how", "honest"), ("url", "http://destination.example")]);
        let answer = call(&sandbox, &digest, dequeue(honest, 100));
        let reason = answer.result.as_ref().err().map(|fault| fault.reason);
        assert_eq!(reason, expected, "{name}: {answer:?}");
    }
}
