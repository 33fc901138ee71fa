//! What is refused at install: what is wrong, where, and what was expected.

use campanile::app::builtin;
use campanile::sandbox::{Limits, Sandbox, Unfit, Why};

use campanile_tests::hostile::loading::{changing, describing};
use campanile_tests::hostile::raw::Raw;
use campanile_tests::hostile::stage::{call, dequeue, limits, recipient, sandbox};

fn refused(wasm: &[u8]) -> Unfit {
    let sandbox = Sandbox::start(limits(), Why::Test).expect("a sandbox");
    sandbox.install(wasm).expect_err("it is refused")
}

/// The refusal's words hold all of these.
fn says(unfit: &Unfit, words: &[&str]) {
    let said = unfit.to_string();
    for word in words {
        assert!(said.contains(word), "{word:?} in: {said}");
    }
}

#[test]
fn what_is_no_component_is_refused_with_what_was_found_and_expected() {
    let core = wat::parse_str("(module (func (export \"f\")))").expect("a module");
    let empty = wat::parse_str("(component)").expect("a component");
    let rows: [(&str, &[u8], &[&str]); 8] = [
        (
            "nothing",
            b"",
            &[
                "not a WebAssembly component",
                "nothing",
                "00 61 73 6d 0d 00 01 00",
            ],
        ),
        (
            "text",
            b"#!/bin/sh\n",
            &[
                "not a WebAssembly component",
                "23, 21",
                "expected the bytes",
            ],
        ),
        (
            "an archive",
            b"PK\x03\x04aaaaaaaa",
            &["not a WebAssembly component", "50, 4b"],
        ),
        (
            "four bytes",
            b"\0asm",
            &["not a WebAssembly component", "00, 61, 73, 6d"],
        ),
        (
            "a later format",
            b"\0asm\x0e\0\x01\0aaaa",
            &["not a WebAssembly component", "0e"],
        ),
        (
            "a core module",
            &core,
            &["core module", "alert-endpoint", "--target wasm32-wasip2"],
        ),
        (
            "only a header",
            b"\0asm\x0d\0\x01\0",
            &["exports nothing", "campanile:alerts/endpoint@0.1.0"],
        ),
        (
            "an empty component",
            &empty,
            &["exports nothing", "campanile:alerts/formatter@0.1.0"],
        ),
    ];
    for (name, wasm, words) in rows {
        let unfit = refused(wasm);
        let said = unfit.to_string();
        for word in words {
            assert!(said.contains(word), "{name}: {word:?} in: {said}");
        }
    }
}

#[test]
fn a_component_that_is_cut_anywhere_is_refused() {
    let whole = builtin("webhook").expect("it is there");
    for (numerator, denominator) in [(1, 2), (1, 1000), (1, 10), (9, 10), (999, 1000)] {
        let unfit = refused(&whole[..whole.len() * numerator / denominator]);
        // Between two sections, what is left is whole, and has no exports.
        let fits = matches!(unfit, Unfit::Damaged(_) | Unfit::NoWorld { .. });
        assert!(fits, "{unfit}");
    }
    let unfit = refused(&whole[..whole.len() - 1]);
    says(&unfit, &["the component is damaged"]);
    let mut changed = whole.to_vec();
    let middle = changed.len() / 2;
    changed[middle..middle + 64].fill(0xff);
    let unfit = refused(&changed);
    assert!(matches!(unfit, Unfit::Damaged(_)), "{unfit}");
}

#[test]
fn a_component_over_the_limit_is_refused_before_it_is_read() {
    let limits = Limits {
        component: 1000,
        ..limits()
    };
    let sandbox = Sandbox::start(limits, Why::Test).expect("a sandbox");
    let at = |size: usize| {
        let unfit = sandbox.install(&vec![0; size]).expect_err("zeroes");
        unfit.to_string()
    };
    assert!(at(1001).contains("1001 bytes, and 1000 are allowed"));
    assert!(at(1000).contains("not a WebAssembly component"));
}

#[test]
fn ways_out_are_refused_by_name_though_nothing_calls_them() {
    for (interface, function) in [
        ("wasi:keyvalue/store@0.2.0", "open"),
        ("wasi:filesystem/preopens@0.3.0", "get-directories"),
        ("wasi:cli/run@0.2.0", "run"),
        ("wasi:clocks/wall-clock@1.2.0", "now"),
        ("evil:things/thing@1.0.0", "go"),
        ("campanile:alertsx/host@0.1.0", "has"),
    ] {
        let wasm = Raw::new()
            .importing(interface, &format!("{function}: func();"), function, "")
            .build();
        let unfit = refused(&wasm);
        let Unfit::UnknownImport { name, .. } = &unfit else {
            panic!("{interface}: {unfit}");
        };
        assert_eq!(name, interface);
        says(
            &unfit,
            &["campanile:alerts/host@0.1.0", "a closed WASI 0.2"],
        );
    }
}

#[test]
fn a_function_that_the_contract_does_not_have_is_refused_by_name() {
    // A later contract may have it; this host must not make it up.
    let wat = r#"(component (import "campanile:alerts/host@0.1.0" (instance
        (export "has" (func (param "feature" string) (result bool)))
        (export "execute" (func (param "command" string))))))"#;
    let wasm = wat::parse_str(wat).expect("a component");
    let unfit = refused(&wasm);
    assert!(matches!(unfit, Unfit::Types(_)), "{unfit}");
    says(&unfit, &["campanile:alerts/host@0.1.0", "execute"]);

    let wat = r#"(component (import "campanile:alerts/host@0.1.0" (instance
        (export "has" (func (param "feature" u32) (result bool))))))"#;
    let unfit = refused(&wat::parse_str(wat).expect("a component"));
    assert!(matches!(unfit, Unfit::Types(_)), "{unfit}");
    says(&unfit, &["campanile:alerts/host@0.1.0", "has"]);
}

#[test]
fn what_is_no_instance_is_refused_by_name() {
    for (name, wat) in [
        ("go", r#"(component (import "go" (func)))"#),
        (
            "wasi:cli/stdout@0.2.0",
            r#"(component (import "wasi:cli/stdout@0.2.0" (func)))"#,
        ),
    ] {
        let unfit = refused(&wat::parse_str(wat).expect("a component"));
        says(&unfit, &[name]);
    }
}

#[test]
fn files_may_be_imported_but_there_are_none() {
    let preopens = Raw::new().importing(
        "wasi:filesystem/preopens@0.2.0",
        "resource descriptor { sync: func(); } get-directories: func() -> list<tuple<descriptor, string>>;",
        "get-directories",
        "(param i32)",
    );
    // The list's length is what the component traps on.
    let counts = preopens.body(
        "dequeue-recipient-alerts",
        "(call $called (i32.const 1536)) (if (i32.load offset=4 (i32.const 1536)) (then unreachable)) i32.const 512",
    );
    let (sandbox_, digest) = sandbox(limits(), &counts.build());
    let answer = call(&sandbox_, &digest, dequeue(recipient(&[]), 1));
    assert!(answer.result.is_ok(), "{answer:?}");
}

#[test]
fn imports_of_another_version_of_the_contract_are_refused_by_its_name() {
    let imports = Raw::new()
        .version("0.2.0")
        .field(
            "(import \"campanile:alerts/host@0.2.0\" \"has\" (func $has (param i32 i32) (result i32)))",
        )
        .build();
    says(&refused(&imports), &["@0.2.0", "campanile:alerts@0.1.0"]);
}

#[test]
fn a_description_that_tells_the_time_is_refused() {
    const CLOCK: &str =
        "record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime;";
    let clock = Raw::new()
        .importing("wasi:clocks/wall-clock@0.2.0", CLOCK, "now", "(param i32)")
        .body(
            "describe",
            &format!(
                "(call $called (i32.const 1536)) {}",
                changing("(i32.wrap_i64 (i64.load (i32.const 1536)))")
            ),
        );
    let unfit = refused(&clock.build());
    assert!(matches!(unfit, Unfit::DescribeUnstable), "{unfit}");
    let same = Raw::new().body("describe", &changing("(i32.const 5)"));
    let (_, digest) = sandbox(limits(), &same.build());
    assert_eq!(digest.len(), 64);
}

#[test]
fn a_description_that_is_too_long_is_refused_without_taking_the_memory() {
    let of_length = |length: u32| describing(length).build();
    let unfit = refused(&of_length(3 << 20));
    let Unfit::DescriptionTooLarge { found, allowed } = unfit else {
        panic!("{unfit}");
    };
    assert_eq!((found, allowed), (3 << 20, 2 << 20));
    let unfit = refused(&of_length(2 << 20));
    assert!(
        matches!(unfit, Unfit::Manifest(_)),
        "spaces are no JSON: {unfit}"
    );
}

#[test]
fn a_component_that_fails_while_it_is_described_is_refused_with_the_reason() {
    for (body, words) in [
        ("unreachable", "trap: "),
        ("(loop $on (br $on)) unreachable", "deadline: 100 ms"),
        (
            "(drop (memory.grow (i32.const 4096))) i32.const 8",
            "memory: ",
        ),
    ] {
        let unfit = refused(&Raw::new().body("describe", body).build());
        says(&unfit, &["`describe` failed: ", words]);
    }
}

#[test]
fn a_component_of_more_parts_than_any_may_have_is_refused_with_the_limit() {
    let modules = "(core module $m)".to_owned() + &"(core instance (instantiate $m))".repeat(201);
    let memories = format!(
        "(core module $m {}) (core instance (instantiate $m))",
        "(memory 1)".repeat(9)
    );
    let tables = format!(
        "(core module $m {}) (core instance (instantiate $m))",
        "(table 1 funcref)".repeat(17)
    );
    let table =
        "(core module $m (table 100001 funcref)) (core instance (instantiate $m))".to_owned();
    let memory = "(core module $m (memory 2049)) (core instance (instantiate $m))".to_owned();
    for (name, parts, words) in [
        ("instances", modules, "200"),
        ("memories", memories, "8"),
        ("tables", tables, "16"),
        ("table elements", table, "100000"),
        ("memory", memory, "limit of 0x8000000 bytes"),
    ] {
        let wasm = wat::parse_str(format!("(component {parts})")).expect("a component");
        let unfit = refused(&wasm);
        let said = unfit.to_string();
        assert!(said.contains(words), "{name}: {said}");
        assert!(!matches!(unfit, Unfit::NoWorld { .. }), "{name}: {said}");
    }
}

#[test]
fn proposals_that_no_toolchain_needs_are_refused() {
    for (name, module) in [
        ("threads", "(memory 1 1 shared)"),
        ("64-bit memories", "(memory i64 1)"),
        ("tail calls", "(func $f return_call $f)"),
        ("custom page sizes", "(memory 1 (pagesize 1))"),
        (
            "relaxed SIMD",
            "(func (param v128 v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))",
        ),
        (
            "garbage collection",
            "(type $s (struct (field i32)))(func (result (ref $s)) (struct.new_default $s))",
        ),
    ] {
        let Ok(wasm) = wat::parse_str(format!("(component (core module {module}))")) else {
            panic!("{name} cannot be written");
        };
        let unfit = refused(&wasm);
        assert!(matches!(unfit, Unfit::Damaged(_)), "{name}: {unfit}");
    }
}

/// A seed that a newer contract refuses would lead the fuzzer nowhere.
#[test]
fn the_fuzzers_seed_of_a_component_is_the_smallest_that_fits() {
    let seed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../fuzz/seeds/component/fits.wasm"
    );
    let built = Raw::new().build();
    let _fits = sandbox(limits(), &built);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(seed, &built).expect("the seed is written");
    }
    let kept = std::fs::read(seed).expect("the seed");
    assert!(kept == built, "BLESS=1 takes the component that fits today");
}
