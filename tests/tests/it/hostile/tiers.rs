//! The larger limits: asked for by the manifest, allowed by the operator, and no gift to anybody else.

use campanile::outcome::Reason;
use campanile::sandbox::{Limits, Sandbox, Tiers, Unfit, Why};

use campanile_tests::hostile::raw::{MANIFEST, NOTHING, Raw};
use campanile_tests::hostile::stage::{call, dequeue, limits, recipient};

/// A component that asks for the larger limits.
fn asking() -> Raw {
    Raw::new().manifest(&MANIFEST.replacen('{', r#"{"limits":"large","#, 1))
}

/// With this much memory from the start, in pages of 64 KiB, beside the 8 that it has.
fn born_with(raw: Raw, pages: u32) -> Raw {
    raw.field(&format!("(memory $second {pages})"))
}

/// Grows its memory by so many pages when it is called.
fn growing(raw: Raw, pages: u32) -> Raw {
    raw.body(
        "dequeue-recipient-alerts",
        &format!("(drop (memory.grow $main (i32.const {pages}))) i32.const {NOTHING}"),
    )
}

fn sandbox(large_allowed: bool) -> Sandbox {
    let tiers = Tiers {
        large_allowed,
        ..Tiers::from(limits())
    };
    Sandbox::start(tiers, Why::Test).expect("a sandbox")
}

#[test]
fn the_larger_limits_are_had_by_who_asks_and_is_allowed_and_by_nobody_else() {
    let pages = |limits: &Limits| u32::try_from(limits.memory >> 16).expect("it") - 8;
    let sandbox = sandbox(true);
    let (standard, large) = (
        pages(&sandbox.tiers().standard),
        pages(&sandbox.tiers().large),
    );
    assert_eq!((standard, large), (512 - 8, 2048 - 8));
    for (name, raw, grown, stopped) in [
        ("standard, at its limit", Raw::new(), standard, None),
        (
            "standard, one page over",
            Raw::new(),
            standard + 1,
            Some("33554432 are allowed"),
        ),
        (
            "large, over the standard limit",
            asking(),
            standard + 1,
            None,
        ),
        ("large, at its limit", asking(), large, None),
        (
            "large, one page over",
            asking(),
            large + 1,
            Some("134217728 are allowed"),
        ),
    ] {
        let installed = sandbox.install(&growing(raw, grown).build());
        let digest = installed
            .unwrap_or_else(|unfit| panic!("{name}: {unfit}"))
            .digest;
        let answer = call(&sandbox, &digest, dequeue(recipient(&[]), 1));
        match (answer.result, stopped) {
            (Ok(_), None) => {}
            (Err(fault), Some(words)) => {
                assert_eq!(fault.reason, Reason::Memory, "{name}");
                assert!(fault.detail.contains(words), "{name}: {fault}");
            }
            (result, _) => panic!("{name}: {result:?}"),
        }
    }
}

#[test]
fn what_is_too_large_for_the_limits_that_it_has_is_refused_with_the_way_out() {
    for (name, raw, allowed, words) in [
        (
            "asks, and is not allowed",
            asking(),
            false,
            &["needs the larger limits,", "large_components = true"][..],
        ),
        (
            "asks and needs it, and is not allowed",
            born_with(asking(), 600),
            false,
            &["33554432 are allowed", "large_components = true"],
        ),
        (
            "needs it, and does not ask",
            born_with(Raw::new(), 600),
            true,
            &["33554432 are allowed", "limits = \"large\""],
        ),
        (
            "needs more than there is",
            born_with(asking(), 2041),
            true,
            &["134217728 are allowed"],
        ),
    ] {
        let unfit = sandbox(allowed)
            .install(&raw.build())
            .expect_err(name)
            .to_string();
        for word in words {
            assert!(unfit.contains(word), "{name}: {word} in: {unfit}");
        }
    }
    assert!(
        sandbox(true)
            .install(&born_with(asking(), 600).build())
            .is_ok()
    );
}

#[test]
fn a_file_over_the_standard_size_is_read_only_where_larger_ones_are_allowed() {
    let large = vec![0; limits().component + 1];
    let unfit = sandbox(false).install(&large).expect_err("it");
    assert!(matches!(unfit, Unfit::LargeNotAllowed { .. }), "{unfit}");
    assert!(unfit.to_string().contains("10485761 bytes"), "{unfit}");
    let unfit = sandbox(true).install(&large).expect_err("zeroes");
    assert!(matches!(unfit, Unfit::NotWasm { .. }), "{unfit}");

    let larger = vec![0; limits().enlarged().component + 1];
    for (allowed, words) in [(false, "at most 10485760"), (true, "at most 41943040")] {
        let unfit = sandbox(allowed)
            .install(&larger)
            .expect_err("it")
            .to_string();
        assert!(unfit.contains(words), "{unfit}");
    }
}

#[test]
fn core_instances_memories_and_tables_are_counted_by_tier() {
    let tables =
        |raw: Raw, count: u32| (0..count).fold(raw, |raw, _| raw.field("(table 1 funcref)"));
    let memories = |raw: Raw, count: u32| (0..count).fold(raw, |raw, _| raw.field("(memory 1)"));
    for (name, raw, words) in [
        ("a ninth table", tables(Raw::new(), 9), "8 are allowed"),
        ("a fifth memory", memories(Raw::new(), 4), "4 are allowed"),
    ] {
        let unfit = sandbox(true)
            .install(&raw.build())
            .expect_err(name)
            .to_string();
        assert!(
            unfit.contains(words) && unfit.contains("limits = \"large\""),
            "{name}: {unfit}"
        );
    }
    for (name, raw) in [
        ("tables", tables(asking(), 9)),
        ("memories", memories(asking(), 4)),
    ] {
        let installed = sandbox(true).install(&raw.build());
        assert!(installed.is_ok(), "{name}: {:?}", installed.err());
    }
}
