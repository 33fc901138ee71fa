//! Files that are no component, or one that may not be called: refused at the installation, in words.

use std::time::Instant;

use campanile::app::builtin;
use campanile::outcome::Reason;
use campanile::sandbox::Limits;
use serde_json::json;

use super::raw::{MANIFEST, NOTHING, Raw};
use super::stage::limits;
use super::{Bystander, FORMATTER, Stopped, told};
use crate::World;

/// Each of these files is refused with words that hold these, and is not there afterwards.
async fn refused(limits: Limits, rows: &[(Vec<u8>, &[&str])]) -> Stopped {
    let world = World::builder().limits(limits).start().await;
    let beside = Bystander::beside(&world).await;
    let before = world.get("/api/v1/components").await.body;
    let mut said = Vec::new();
    for (wasm, words) in rows {
        let refused = world.app.install(wasm.clone()).await;
        let unfit = refused.expect_err("it is refused").to_string();
        for word in *words {
            assert!(unfit.contains(word), "{word:?} in: {unfit}");
        }
        said.push(unfit);
    }
    assert_eq!(world.get("/api/v1/components").await.body, before);
    beside.stopped(said.swap_remove(0)).await
}

/// Components within components, and lists of lists.
pub async fn nests_types_ten_thousand_deep() -> Stopped {
    const DEEP: usize = 10_000;
    let header = b"\0asm\x0d\0\x01\0";
    let mut nested = header.to_vec();
    for _ in 0..DEEP {
        // A section with a component in it.
        let mut outer = header.to_vec();
        outer.push(4);
        leb128(nested.len(), &mut outer);
        outer.extend(&nested);
        nested = outer;
    }
    let lists: String = (1..DEEP)
        .map(|number| format!("(type $t{number} (list $t{}))", number - 1))
        .collect();
    let lists = wat::parse_str(format!("(component (type $t0 (list u8)) {lists})"));
    let lists = lists.expect("a component");
    refused(limits(), &[(nested, &[]), (lists, &[])]).await
}

fn leb128(mut number: usize, to: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        to.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return;
        }
    }
}

/// A file of some megabytes whose code, while it is compiled, takes more than compiling may. What failed is
/// remembered: the second time nothing is compiled.
pub async fn compiles_to_two_gibibytes() -> Stopped {
    let function = format!(
        "(func (param i32) (result i32) local.get 0 {})",
        "local.get 0 i32.load i32.add ".repeat(1_200_000)
    );
    let wasm = Raw::new().field(&function).build();
    let world = World::builder().limits(limits()).start().await;
    let beside = Bystander::beside(&world).await;
    let mut tries = Vec::new();
    for _ in 0..2 {
        let begun = Instant::now();
        let refused = world.app.install(wasm.clone()).await;
        let unfit = refused.expect_err("it takes too much").to_string();
        tries.push((unfit, begun.elapsed()));
    }
    let [(first, took), (second, remembered)] = &tries[..] else {
        unreachable!("two tries");
    };
    assert_eq!(first, second);
    assert!(
        *remembered < *took / 10,
        "{remembered:?} the second time, {took:?} the first"
    );
    assert!(
        first.contains("it may need more memory than compiling may take")
            || first.contains("which is what it may take"),
        "{first}"
    );
    beside.stopped(first.clone()).await
}

/// In the middle of a section.
pub async fn is_cut_in_half() -> Stopped {
    let whole = builtin("webhook").expect("it is there");
    let half = whole[..whole.len() / 2].to_vec();
    refused(limits(), &[(half, &["the component is damaged"])]).await
}

/// As `wasm32-wasip1` makes them.
pub async fn is_a_core_module() -> Stopped {
    let core = wat::parse_str("(module (func (export \"f\")))").expect("a module");
    refused(limits(), &[(core, &["core module", "wasm32-wasip2"])]).await
}

/// By a letter of the title.
pub async fn describes_itself_differently_each_call() -> Stopped {
    let random = Raw::new()
        .importing(
            "wasi:random/random@0.2.0",
            "get-random-u64: func() -> u64;",
            "get-random-u64",
            "(result i64)",
        )
        .body("describe", &changing("(i32.wrap_i64 (call $called))"));
    refused(limits(), &[(random.build(), &["describe-unstable"])]).await
}

/// A description in which this number, which may change, chooses a letter of the title.
pub fn changing(number: &str) -> String {
    let at = 4096 + MANIFEST.find("Raw").expect("its title");
    format!(
        "(i32.store8 (i32.const {at}) (i32.add (i32.const 97) (i32.rem_u {number} (i32.const 26)))) i32.const 8"
    )
}

/// Of which it has 32 MiB, and says that it is one.
pub async fn describes_itself_in_a_gigabyte() -> Stopped {
    let rows =
        [1 << 30, 30 << 20].map(|length| (describing(length).build(), &["`describe` failed"][..]));
    refused(limits(), &rows).await
}

/// One whose description is so many spaces.
pub fn describing(length: u32) -> Raw {
    Raw::new().body(
        "describe",
        &format!(
            "(drop (memory.grow (i32.const 480)))
             (memory.fill (i32.const 524288) (i32.const 32) (i32.const 31457280))
             (i32.store (i32.const 8) (i32.const 524288))
             (i32.store (i32.const 12) (i32.const {length})) i32.const 8"
        ),
    )
}

/// One that imports this and calls none of it is refused by its name.
async fn imports(ways: &[(&str, &str)]) -> Stopped {
    let rows: Vec<_> = ways
        .iter()
        .map(|(interface, function)| {
            let raw =
                Raw::new().importing(interface, &format!("{function}: func();"), function, "");
            (raw.build(), [*interface, "a closed WASI 0.2"])
        })
        .collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|(wasm, words)| (wasm.clone(), &words[..]))
        .collect();
    refused(limits(), &rows).await
}

/// The ways out that a toolchain's library may bring along.
pub async fn imports_sockets_but_never_calls_them() -> Stopped {
    imports(&[
        ("wasi:sockets/tcp-create-socket@0.2.0", "create-tcp-socket"),
        ("wasi:sockets/instance-network@0.2.0", "instance-network"),
        ("wasi:sockets/ip-name-lookup@0.2.3", "resolve-addresses"),
    ])
    .await
}

/// Requests that the host would send for it.
pub async fn imports_wasi_http() -> Stopped {
    imports(&[
        ("wasi:http/outgoing-handler@0.2.0", "handle"),
        ("wasi:http/types@0.2.0", "http-error-code"),
    ])
    .await
}

/// Files are an interface that toolchains' libraries name, so it is there, with nothing in it.
pub async fn imports_files() -> Stopped {
    let opens = Raw::new()
        .importing(
            "wasi:filesystem/types@0.2.0",
            "resource descriptor { sync: func(); } open-all: func();",
            "open-all",
            "",
        )
        .body(
            "dequeue-recipient-alerts",
            &format!("(call $called) i32.const {NOTHING}"),
        );
    let world = World::builder()
        .limits(limits())
        .component(&opens.build())
        .desired(json!({
            "endpoints": [{"name": "raw", "component": "raw"}],
            "recipients": [{"name": "raw", "endpoint": "raw", "language": "en", "time_zone": "UTC"}],
        }))
        .start()
        .await;
    let beside = Bystander::beside(&world).await;
    world.tell("first").await;
    let letter = world.dead_letter("raw").await;
    assert_eq!(letter.reason, Reason::Poison);
    let detail = letter.detail.clone().unwrap_or_default();
    assert!(
        detail.contains("wasi:filesystem/types@0.2.0#open-all"),
        "{detail}"
    );
    beside.stopped(told(&[letter])).await
}

/// Which this host must not make up.
pub async fn wants_a_later_contract() -> Stopped {
    let rows = ["0.2.0", "0.1.1", "1.0.0", "0.0.9"].map(|version| {
        let found = format!("campanile:alerts/alert@{version}");
        (Raw::new().version(version).build(), found)
    });
    let rows: Vec<_> = rows
        .iter()
        .map(|(wasm, found)| (wasm.clone(), vec![found.as_str(), "build it again"]))
        .collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|(wasm, words)| (wasm.clone(), &words[..]))
        .collect();
    refused(limits(), &rows).await
}

/// Under a name of its own, after the other. Alerts of that kind are told as before.
pub async fn claims_a_kind_that_another_formatter_defines() -> Stopped {
    let world = World::builder()
        .limits(limits())
        .component(FORMATTER)
        .start()
        .await;
    let beside = Bystander::beside(&world).await;
    let (name, other) = (b"faulty-formatter", b"faulty-formattes");
    let mut claims = FORMATTER.to_vec();
    for at in 0..claims.len() - name.len() {
        if &claims[at..at + name.len()] == name {
            claims[at..at + name.len()].copy_from_slice(other);
        }
    }
    let refused = world.app.install(claims).await;
    let unfit = refused.expect_err("there is one").to_string();
    for word in ["`faulty`", "`faulty-formatter`"] {
        assert!(unfit.contains(word), "{word} in: {unfit}");
    }
    let snapshot = world.app.directory.now();
    let (defines, _) = snapshot
        .definition("default", "faulty")
        .expect("the first defines it");
    assert_eq!(defines.digest, campanile::sandbox::digest(FORMATTER));
    beside.stopped(unfit).await
}

/// Numbers that would have it called without end, or never.
pub async fn declares_interval_max_budget_zero_window_zero() -> Stopped {
    let zero = json!({"alerts": 0, "in-flight": 0});
    let rows: [(_, &[&str]); 4] = [
        (zero, &["pacing.alerts", "pacing.in-flight"]),
        (json!({"linger": "100000d"}), &["pacing.linger"]),
        (json!({"per-endpoint": ["1/0s"]}), &["pacing.per-endpoint"]),
        (
            json!({"per-destination": ["1/99999999999d"]}),
            &["pacing.per-destination"],
        ),
    ];
    let rows = rows.map(|(pacing, fields)| {
        let manifest = json!({
            "manifest": 1, "name": "raw", "title": "Raw", "version": "1.0.0", "pacing": pacing,
        });
        (Raw::new().manifest(&manifest.to_string()).build(), fields)
    });
    refused(limits(), &rows).await
}
