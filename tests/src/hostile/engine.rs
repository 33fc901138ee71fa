//! Components that want more of the machine than they may have.

use std::time::Duration;

use campanile::message::Response;
use campanile::outcome::Reason;
use campanile::sandbox::{Call, Level};
use campanile_contract::params::Param;
use serde_json::json;

use super::raw::{MANIFEST, NOTHING, RESULT, Raw};
use super::stage::{dequeue, limits, recipient};
use super::{Bystander, LIAR, Stopped, told};
use crate::World;

const SPIN: &str = "(loop $for_ever (br $for_ever)) unreachable";

const DEADLINE: &str = "deadline: 100 ms of processor time are allowed";

const CLOCK: &str = "record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime;";

/// One that is honest while it is installed and configured, and does this as it starts an hour later.
fn an_hour_later(what: &str) -> Raw {
    let from = World::START / 1000 + 3600;
    Raw::new()
        .importing("wasi:clocks/wall-clock@0.2.0", CLOCK, "now", "(param i32)")
        .field(&format!(
            "(func (export \"_initialize\") (call $called (i32.const {RESULT}))
               (if (i64.ge_u (i64.load (i32.const {RESULT})) (i64.const {from})) (then {what})))"
        ))
}

/// One that does this when it is to build deliveries.
fn building(what: &str) -> Raw {
    Raw::new().body("dequeue-recipient-alerts", what)
}

/// Each of these is installed, configured and, an hour later, given an alert, which is then a dead letter that says
/// these words.
async fn poisons(rows: Vec<(&str, Raw, &str)>) -> Stopped {
    let mut builder = World::builder().held_clock().limits(limits());
    let (mut endpoints, mut recipients, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for (name, raw, words) in rows {
        let manifest = MANIFEST.replace("\"raw\"", &format!("\"{name}\""));
        builder = builder.component(&raw.manifest(&manifest).build());
        endpoints.push(json!({"name": name, "component": name}));
        recipients
            .push(json!({"name": name, "endpoint": name, "language": "en", "time_zone": "UTC"}));
        expected.push((name, words));
    }
    let desired = json!({"endpoints": endpoints, "recipients": recipients});
    let world = builder.desired(desired).start().await;
    world.advance(Duration::from_secs(3600));
    let beside = Bystander::beside(&world).await;
    world.tell("first").await;
    let mut letters = Vec::new();
    for (name, words) in expected {
        let letter = world.dead_letter(name).await;
        assert_eq!(letter.reason, Reason::Poison, "{name}");
        let detail = letter.detail.as_deref().unwrap_or_default();
        assert!(detail.contains(words), "{name}: {detail}");
        letters.push(letter);
    }
    beside.empty().await;
    beside.stopped(told(&letters)).await
}

/// In every export that is called.
pub async fn spins_in_every_export() -> Stopped {
    let response = Response {
        message: 0,
        status: 200,
        headers: Vec::new(),
        body: String::new(),
        truncated: false,
    };
    let lint = Call::Lint {
        params: vec![Param {
            name: String::from("a"),
            key: None,
            value: String::from("b"),
        }],
        complete: true,
    };
    let read = Call::ReadResponse {
        recipient: recipient(&[]),
        tag: String::from("tag"),
        alerts: 1,
        response,
    };
    let format = Call::FormatRecipientParams(recipient(&[]));
    let rows = [
        ("lint", lint),
        ("format-recipient-params", format),
        ("dequeue-recipient-alerts", dequeue(recipient(&[]), 1)),
        ("run-test", Call::RunTest(recipient(&[]))),
        ("read-response", read),
    ];
    let world = World::builder().limits(limits()).start().await;
    let beside = Bystander::beside(&world).await;
    let mut words = String::new();
    for (export, call) in rows {
        let installed = world
            .app
            .install(Raw::new().body(export, SPIN).build())
            .await;
        let digest = &installed.expect(export).digest;
        let called = world.app.sandboxes.call("default", digest, 0, call).await;
        let fault = called.result.expect_err(export);
        words = fault.to_string();
        assert!(words.starts_with(DEADLINE), "{export}: {words}");
        // The next call is not the last one's.
        let other = match export {
            "run-test" => dequeue(recipient(&[]), 1),
            _ => Call::RunTest(recipient(&[])),
        };
        let answer = world.app.sandboxes.call("default", digest, 0, other).await;
        assert!(answer.result.is_ok(), "{export}: {answer:?}");
    }
    let describes = world
        .app
        .install(Raw::new().body("describe", SPIN).build())
        .await;
    let unfit = describes.expect_err("nobody knows what it is").to_string();
    assert!(unfit.contains(DEADLINE), "{unfit}");
    beside.stopped(words).await
}

/// As it starts: at its installation, or later.
pub async fn spins_in_start() -> Stopped {
    let stopped = poisons(vec![("later", an_hour_later(SPIN), DEADLINE)]).await;
    let at_once = Raw::new().field("(func $spin (loop $on (br $on))) (start $spin)");
    let world = World::builder().limits(limits()).start().await;
    let beside = Bystander::beside(&world).await;
    let refused = world.app.install(at_once.build()).await;
    let unfit = refused.expect_err("it never starts").to_string();
    assert!(unfit.contains(DEADLINE), "{unfit}");
    Stopped::all(vec![stopped, beside.stopped(unfit).await])
}

/// In its allocator, which is called before the call itself.
pub async fn spins_in_realloc_while_arguments_are_lowered() -> Stopped {
    let raw = an_hour_later("(global.set $armed (i32.const 1))")
        .field("(global $armed (mut i32) (i32.const 0))")
        .realloc(&format!("(if (global.get $armed) (then {SPIN}))"));
    poisons(vec![("raw", raw, DEADLINE)]).await
}

/// By single instructions of 32 MiB each.
pub async fn fills_all_memory_again_and_again_in_bulk() -> Stopped {
    let raw = building(
        "(drop (memory.grow (i32.const 504)))
         (loop $again
           (memory.fill (i32.const 0) (i32.const 7) (i32.const 33554432)) (br $again)) unreachable",
    );
    poisons(vec![("raw", raw, DEADLINE)]).await
}

/// Each alone would be allowed. 8 pages are there from the start, and 512 are allowed.
pub async fn grows_two_memories_to_just_over_the_sum() -> Stopped {
    let raw = Raw::new().field("(memory $second 0)").body(
        "dequeue-recipient-alerts",
        &format!(
            "(drop (memory.grow $main (i32.const 255))) (drop (memory.grow $second (i32.const 250)))
             i32.const {NOTHING}"
        ),
    );
    poisons(vec![("raw", raw, "memory: ")]).await
}

/// By a thousand elements at a time.
pub async fn grows_a_table_without_end() -> Stopped {
    let raw = building(
        "(loop $more
           (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $more)) unreachable",
    )
    .field("(table $t 0 funcref)");
    poisons(vec![("raw", raw, "20000 are allowed")]).await
}

/// Of a resource of its own, so that the host is not asked.
pub async fn makes_a_million_handles_without_the_host() -> Stopped {
    let things = "interface things { resource thing { constructor(); } }";
    let raw = building(
        "(local $n i32)
         (loop $more
           (drop (call $new (local.get $n)))
           (local.set $n (i32.add (local.get $n) (i32.const 1)))
           (br_if $more (i32.lt_u (local.get $n) (i32.const 1000000))))
         unreachable",
    )
    .wit(
        &format!("package hostile:things@1.0.0 {{ {things} }}\n"),
        "export hostile:things/things@1.0.0;\n",
    )
    .field(
        "(import \"[export]hostile:things/things@1.0.0\" \"[resource-new]thing\"
           (func $new (param i32) (result i32)))
         (func (export \"hostile:things/things@1.0.0#[constructor]thing\") (result i32)
           (call $new (i32.const 1)))",
    );
    poisons(vec![("raw", raw, "host-calls: ")]).await
}

/// A batch of so many refusals, all with the same reason of so many bytes.
pub fn refusals(count: u32, length: u32) -> Raw {
    // Position, pointer and length of each.
    building(&format!(
        "(local $n i32) (local $at i32)
         (drop (memory.grow (i32.const 32)))
         (i32.store offset=12 (i32.const {RESULT}) (i32.const 2048))
         (i32.store offset=16 (i32.const {RESULT}) (i32.const {count}))
         (loop $more
           (local.set $at (i32.add (i32.const 2048) (i32.mul (local.get $n) (i32.const 12))))
           (i32.store (local.get $at) (local.get $n))
           (i32.store offset=4 (local.get $at) (i32.const 524288))
           (i32.store offset=8 (local.get $at) (i32.const {length}))
           (local.set $n (i32.add (local.get $n) (i32.const 1)))
           (br_if $more (i32.lt_u (local.get $n) (i32.const {count}))))
         i32.const {RESULT}"
    ))
}

/// As the reasons of 256 refusals.
pub async fn returns_one_mebibyte_aliased_256_times() -> Stopped {
    poisons(vec![("raw", refusals(256, 1 << 20), "answer-too-large: ")]).await
}

/// `escape` hands its result over through the allocator, which calls itself without end.
pub async fn overflows_the_stack_inside_an_import() -> Stopped {
    let raw = building(&format!(
        "(global.set $deep (i32.const 1))
         (call $escape (i32.const 4096) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 0)
           (i32.const {RESULT}))
         unreachable"
    ))
    .field(
        "(import \"campanile:alerts/text@0.1.0\" \"escape\"
           (func $escape (param i32 i32 i32 i32 i32 i32)))
         (global $deep (mut i32) (i32.const 0))
         (func $deeper (param i32) (result i32)
           (i32.add (i32.const 1) (call $deeper (i32.add (local.get 0) (i32.const 1)))))",
    )
    .realloc("(if (global.get $deep) (then (drop (call $deeper (i32.const 0)))))");
    poisons(vec![("raw", raw, "stack")]).await
}

/// A thousand lines of some kilobytes each; a hundred are kept, each cut, and the last says how many were not.
pub async fn floods_the_log() -> Stopped {
    let world = World::builder()
        .limits(limits())
        .component(LIAR)
        .start()
        .await;
    let digest = campanile::sandbox::digest(LIAR);
    let beside = Bystander::beside(&world).await;
    let how = recipient(&[("how", "floods-the-log")]);
    let call = dequeue(how, 1);
    let answer = world.app.sandboxes.call("default", &digest, 0, call).await;
    assert!(answer.result.is_ok(), "{:?}", answer.result);
    let (last, lines) = answer.log.split_last().expect("a log");
    assert_eq!(lines.len(), 100);
    for (number, line) in lines.iter().enumerate() {
        assert!(
            line.text.starts_with(&format!("{number} é")),
            "{}",
            line.text
        );
        assert!(line.text.ends_with("é [cut]"), "{}", line.text);
        assert!(line.text.len() <= 4096 + 6, "{}", line.text.len());
    }
    assert!(matches!(last.level, Level::Warn), "{last:?}");
    let said = "901 more lines of this call were cut, 100 are allowed";
    assert_eq!(last.text, said);
    beside.stopped(said).await
}
