//! The suite that every formatter passes, on those that come with the program, and on one that does not.

use std::collections::BTreeSet;
use std::time::Duration;

use campanile::app::builtin;
use campanile::check::formatter::{Report, check};
use campanile::sandbox::{Limits, Sandbox};

/// Built by this crate's build script.
const FAULTY: &[u8] = include_bytes!(env!("HOSTILE_FORMATTER"));

fn checked(wasm: &[u8]) -> Report {
    // What is not about time has time: host functions are not optimised here.
    let limits = Limits {
        cpu: Duration::from_secs(5),
        wall: Duration::from_secs(60),
        ..Limits::default()
    };
    let sandbox = Sandbox::start(limits, 0).expect("a sandbox");
    check(&sandbox, wasm)
}

/// Where and how it failed, without the cases.
fn places(report: &Report) -> BTreeSet<(&str, &str, &str, &str)> {
    let place = report.failures.iter().map(|failure| {
        (
            failure.definition.as_str(),
            failure.rule.as_str(),
            failure.language.as_deref().unwrap_or("-"),
            failure.field.as_deref().unwrap_or("-"),
        )
    });
    place.collect()
}

#[test]
fn every_formatter_that_comes_with_the_program_passes() {
    for (name, definitions) in [("flows", 2), ("network", 10)] {
        let report = checked(builtin(name).expect("it"));
        let lines: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{name}:\n{}", lines.join("\n"));
        assert_eq!(report.languages, ["de", "en", "it"]);
        assert!(report.cases > 20 * definitions, "{}", report.cases);
    }
}

#[test]
fn a_faulty_formatter_fails_with_definition_language_and_field() {
    let report = checked(FAULTY);
    let expected = BTreeSet::from([
        ("needs_a_field", "fails", "-", "-"),
        ("needs_a_field", "fails", "-", "name"),
        ("fears_text", "refuses", "-", "-"),
        ("fears_text", "refuses", "-", "port"),
        ("silent", "empty", "en", "-"),
        ("silent", "empty", "it", "-"),
        ("leaves_holes", "holes", "en", "-"),
        ("leaves_holes", "holes", "it", "-"),
        ("forgets_a_field", "holes", "en", "-"),
        ("forgets_a_field", "holes", "it", "-"),
        ("lost_keys", "keys", "-", "-"),
        ("lost_keys", "keys", "en", "-"),
        ("lost_keys", "keys", "it", "-"),
        ("links_nowhere", "links", "en", "-"),
        ("links_nowhere", "links", "it", "-"),
        ("fickle", "repeatable", "-", "-"),
    ]);
    assert_eq!(places(&report), expected, "{:#?}", report.failures);
    let line = |definition: &str, field: &str| {
        let found = report.failures.iter().find(|failure| {
            failure.definition == definition && failure.field.as_deref().unwrap_or("-") == field
        });
        found.expect("that failure").to_string()
    };
    let missing = line("needs_a_field", "name");
    assert!(
        missing.starts_with("fails: definition needs_a_field, field name, missing: trap: "),
        "{missing}"
    );
    assert!(missing.contains("a name"), "{missing}");
    assert!(
        line("fears_text", "port").starts_with(
            "refuses: definition fears_text, field port, hostile text: \
             it has no description: no words for this text"
        ),
        "{}",
        line("fears_text", "port")
    );
    assert_eq!(
        line("forgets_a_field", "-"),
        "holes: definition forgets_a_field, language en: `faulty.two` has the hole %{two}, \
         which is none of its fields"
    );
}

#[test]
fn what_is_no_formatter_is_told_so() {
    for (wasm, what) in [
        (
            builtin("telegram").expect("it"),
            "it is an endpoint, not a formatter",
        ),
        (b"no wasm".as_slice(), "not a WebAssembly component"),
    ] {
        let report = checked(wasm);
        assert_eq!(report.failures.len(), 1, "{report:?}");
        assert_eq!(report.failures[0].rule.as_str(), "installs");
        assert!(report.failures[0].what.contains(what), "{report:?}");
    }
}
