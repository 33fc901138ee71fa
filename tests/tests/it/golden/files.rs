//! Golden files, and how they differ from what came.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// Every golden file that a test refers to.
fn known() -> BTreeSet<String> {
    super::whole::files()
        .chain(super::sandboxed::files())
        .chain(super::bodies::files())
        .chain(super::mails::files())
        .chain(super::chats::files())
        .collect()
}

/// Compares with the golden file, or writes it where `BLESS` is set.
pub(super) fn check(name: &str, actual: &str) {
    assert!(
        known().contains(name),
        "{name} is in no list of golden files"
    );
    let path = folder().join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(&path, actual).expect("the golden file is written");
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == actual,
        "{name} differs (- golden, + came; BLESS=1 takes what came):\n{}",
        difference(&golden, actual)
    );
}

/// The lines that differ, with two lines around them.
fn difference(golden: &str, actual: &str) -> String {
    const AROUND: usize = 2;
    let (old, new): (Vec<_>, Vec<_>) = (golden.lines().collect(), actual.lines().collect());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let head = old.iter().zip(&new).take_while(same).count();
    let tail = old[head..]
        .iter()
        .rev()
        .zip(new[head..].iter().rev())
        .take_while(same)
        .count();
    let mut text = format!("line {}:\n", head + 1);
    let mut show = |sign: char, lines: &[&str]| {
        for line in lines {
            let _ = writeln!(text, "{sign} {line}");
        }
    };
    show(' ', &old[head.saturating_sub(AROUND)..head]);
    show('-', &old[head..old.len() - tail]);
    show('+', &new[head..new.len() - tail]);
    show(
        ' ',
        &old[old.len() - tail..(old.len() - tail + AROUND).min(old.len())],
    );
    if old == new {
        text.push_str("(only the end of the last line)\n");
    }
    text
}

fn there(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the folder of golden files") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            there(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name);
        }
    }
}

#[test]
fn every_golden_file_is_some_tests_and_every_test_has_its_file() {
    if std::env::var_os("BLESS").is_some() {
        return;
    }
    let mut found = BTreeSet::new();
    there(&folder(), "", &mut found);
    let known = known();
    let orphans: Vec<_> = found.difference(&known).collect();
    let missing: Vec<_> = known.difference(&found).collect();
    assert!(
        orphans.is_empty() && missing.is_empty(),
        "no test refers to {orphans:?}; there is no file {missing:?}"
    );
}

#[test]
fn a_difference_shows_the_lines_that_differ_and_those_around() {
    for (golden, actual, expected) in [
        (
            "a\nb\nc\nd\ne\nf\ng\n",
            "a\nb\nc\nX\nY\ne\nf\ng\n",
            "line 4:\n  b\n  c\n- d\n+ X\n+ Y\n  e\n  f\n",
        ),
        ("", "a\n", "line 1:\n+ a\n"),
        ("a\nb\n", "a\n", "line 2:\n  a\n- b\n"),
        (
            "a\n",
            "a",
            "line 2:\n  a\n(only the end of the last line)\n",
        ),
    ] {
        assert_eq!(difference(golden, actual), expected);
    }
}
