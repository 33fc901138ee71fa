//! Every seed of every fuzzed target, replayed: what was once found stays mended.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use campanile_fuzz_targets::TARGETS;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz")
        .join(name)
}

/// The names of a folder's entries, without `extension`.
fn names(folder: &Path, extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
    names
        .map(|name| {
            name.expect("a name in UTF-8")
                .trim_end_matches(extension)
                .to_owned()
        })
        .collect()
}

#[test]
fn no_target_breaks_a_promise_over_any_of_its_seeds() {
    for (name, run) in TARGETS {
        let folder = folder("seeds").join(name);
        let mut taken = BTreeSet::new();
        for seed in names(&folder, "") {
            let bytes = fs::read(folder.join(&seed)).expect("a seed");
            let ran = std::panic::catch_unwind(|| run(&bytes));
            let ran = ran.unwrap_or_else(|_| panic!("fuzz/seeds/{name}/{seed} breaks a promise"));
            taken.insert(ran);
        }
        // Else they would show one way through alone.
        assert_eq!(taken.len(), 2, "all seeds of {name} are taken, or none");
    }
}

#[test]
fn every_target_can_be_fuzzed_and_has_seeds_and_nothing_else_does() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder("seeds"), ""), targets);
    assert_eq!(names(&folder("fuzz_targets"), ".rs"), targets);
    let manifest = fs::read_to_string(folder("Cargo.toml")).expect("the fuzzer's manifest");
    for name in targets {
        let file = format!("fuzz_targets/{name}.rs");
        assert!(manifest.contains(&format!("path = \"{file}\"\n")), "{file}");
        let text = fs::read_to_string(folder(&file)).expect("a target");
        assert!(
            text.contains(&format!("campanile_fuzz_targets::{name}::run(data)")),
            "{text}"
        );
    }
}
