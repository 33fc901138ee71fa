//! Which module may know which: the rules that keep foreign code, the network and the store apart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A source file longer than this, above its tests, has a second responsibility in it.
const LONGEST: usize = 500;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a parent")
        .to_owned()
}

/// All Rust files below a folder, by their path in it.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let root = project().join(folder);
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&root).expect("below it");
                let text = std::fs::read_to_string(&path).expect("text");
                found.insert(name.display().to_string(), text);
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

/// A file up to its own tests.
fn above_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests {")
        .map_or(text, |at| &text[..at])
}

/// Lines that are not comments, up to a file's own tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    above_tests(text)
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// Whether this word stands in the code, as a word of its own.
fn mentions(text: &str, word: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    code(text).any(|line| {
        line.match_indices(word).any(|(at, _)| {
            !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
        })
    })
}

/// The module of the first level that a file belongs to.
fn module(file: &str) -> &str {
    let first = file.split('/').next().unwrap_or(file);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/") || file.ends_with("/fixture.rs")
}

/// The modules of the first level that a file's code names.
fn known_to(text: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    let code: String = code(text).collect::<Vec<_>>().join("\n");
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => rest
                .split(|char: char| !char.is_alphanumeric() && char != '_')
                .next()
                .unwrap_or_default(),
        };
        for name in names.split(',') {
            let first = name.trim().split("::").next().unwrap_or_default();
            if modules.contains(first) {
                known.insert(first.to_owned());
            }
        }
    }
    known
}

fn modules(sources: &BTreeMap<String, String>) -> BTreeSet<String> {
    sources
        .keys()
        .map(|file| module(file).to_owned())
        .filter(|name| name != "lib" && name != "main")
        .collect()
}

#[test]
fn what_holds_secrets_and_sockets_runs_no_foreign_code_and_parses_no_wasm() {
    // Where components are compiled and called: in a sandbox process, or by an author on their own desk.
    let inside = [
        "bindings.rs",
        "call.rs",
        "component.rs",
        "convert.rs",
        "engine.rs",
        "imports.rs",
        "install.rs",
        "load.rs",
        "meter.rs",
        "stop.rs",
        "wasi.rs",
        "worker.rs",
    ];
    let authors = ["check", "cli/check.rs", "cli/inspect.rs"];
    let sources = sources("host/src");
    for (file, text) in &sources {
        if let Some(file) = file.strip_prefix("sandbox/") {
            let runs = mentions(text, "wasmtime") && !file.starts_with("lockdown/");
            assert!(
                !runs || inside.contains(&file),
                "sandbox/{file} mentions wasmtime"
            );
        }
        let may = file == "sandbox.rs" || file.starts_with("sandbox/");
        let may = may
            || authors
                .iter()
                .any(|one| one == file || *one == module(file));
        assert!(
            may || is_test(file) || !mentions(text, "Sandbox"),
            "host/src/{file} mentions the sandbox of its own process"
        );
    }
    assert!(mentions(&sources["app.rs"], "Sandboxes"));
    assert!(mentions(&sources["sandbox/worker.rs"], "Sandbox"));
}

#[test]
fn each_library_that_reaches_outside_stands_behind_one_module() {
    // The word in the code, and the files that may have it; the last column is one that must, so that
    // a word that is written otherwise is noticed.
    let rows: [(&str, &[&str], &str); 14] = [
        ("wasmtime", &["sandbox"], "sandbox/engine.rs"),
        ("seccompiler", &["sandbox"], "sandbox/lockdown/seccomp.rs"),
        ("landlock", &["sandbox"], "sandbox/lockdown/landlock.rs"),
        ("rusqlite", &["store"], "store/sqlite.rs"),
        ("rustls", &["egress"], "egress/tls.rs"),
        ("tokio_rustls", &["egress"], "egress/dial.rs"),
        ("TcpStream", &["egress"], "egress/dial.rs"),
        ("UdpSocket", &["egress"], "egress/own.rs"),
        ("lookup_host", &["egress"], "egress/dial.rs"),
        ("hyper", &["egress"], "egress/http.rs"),
        ("lettre", &["egress"], "egress/mail/talk.rs"),
        (
            "hyper_util",
            &["egress", "cli/client.rs", "demo"],
            "egress/http.rs",
        ),
        ("chacha20poly1305", &["secret"], "secret/vault.rs"),
        ("axum", &["api", "app", "cli/client.rs", "demo"], "api.rs"),
    ];
    let sources = sources("host/src");
    for (word, allowed, must) in rows {
        assert!(
            mentions(&sources[must], word),
            "{must} does not mention {word}"
        );
        for (file, text) in &sources {
            let may = allowed
                .iter()
                .any(|allowed| allowed == file || *allowed == module(file));
            assert!(
                may || is_test(file) || !mentions(text, word),
                "host/src/{file} mentions {word}, which belongs to {allowed:?}"
            );
        }
    }
}

#[test]
fn no_module_knows_another_that_it_must_not() {
    let words: &[&str] = &[
        "alert", "clock", "config", "desired", "grant", "job", "message", "network", "outcome",
        "secret",
    ];
    let path: &[&str] = &[
        "intake", "route", "store", "schedule", "sandbox", "egress", "deliver",
    ];
    let edges: &[&str] = &["api", "cli", "demo", "telemetry"];
    let sources = sources("host/src");
    let modules = modules(&sources);
    for name in words.iter().chain(path).chain(edges) {
        assert!(modules.contains(*name), "there is no module {name}");
    }
    // Whom each must not know. `app` is the one that knows all others; only the edges know it.
    let mut forbidden: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // A recipient's filter is configuration, so the words know it.
    let impure = path.iter().filter(|name| **name != "route");
    for name in words {
        forbidden.entry(name).or_default().extend(impure.clone());
    }
    for name in words.iter().chain(path) {
        forbidden.entry(name).or_default().extend(edges);
        forbidden.entry(name).or_default().push("app");
    }
    forbidden.entry("intake").or_default().extend([
        "store",
        "deliver",
        "schedule",
        "sandbox",
        "egress",
        "directory",
        "apply",
    ]);
    forbidden.entry("deliver").or_default().push("intake");
    forbidden
        .entry("store")
        .or_default()
        .extend(["intake", "deliver", "sandbox", "egress", "schedule"]);
    forbidden
        .entry("egress")
        .or_default()
        .extend(["sandbox", "store", "deliver", "intake", "schedule"]);
    forbidden
        .entry("sandbox")
        .or_default()
        .extend(["egress", "store", "deliver", "intake", "schedule"]);
    for (file, text) in &sources {
        if is_test(file) {
            continue;
        }
        let known = known_to(text, &modules);
        for name in forbidden.get(module(file)).into_iter().flatten() {
            assert!(
                *name == module(file) || !known.contains(*name),
                "host/src/{file} knows {name}, and must not"
            );
        }
    }
    // The search finds what is there.
    assert!(
        known_to(&sources["deliver.rs"], &modules).is_superset(&BTreeSet::from([
            String::from("egress"),
            String::from("sandbox"),
            String::from("store"),
        ]))
    );
    assert!(known_to("use crate::{api, store::Store};", &modules).contains("store"));
    assert!(known_to("use crate::storeroom::Store;", &modules).is_empty());
}

#[test]
fn there_is_one_connect() {
    // Who asks which addresses are ours has a socket for datagrams too, and writes nothing to it.
    let rows: [(&str, &[&str]); 6] = [
        ("TcpStream::connect", &["egress/dial.rs"]),
        ("TcpSocket", &[]),
        ("UnixStream::connect", &[]),
        ("UdpSocket::bind", &["egress/dial.rs", "egress/own.rs"]),
        ("UnixDatagram", &[]),
        ("send_to", &[]),
    ];
    let sources = sources("host/src");
    for (word, expected) in rows {
        let mut found = Vec::new();
        for (file, text) in &sources {
            let lines = code(text).filter(|line| line.contains(word));
            if !is_test(file) {
                found.extend(lines.map(|_| file.as_str()));
            }
        }
        assert_eq!(found, expected, "{word}");
    }
}

#[test]
fn app_alone_knows_all_others() {
    let sources = sources("host/src");
    let modules = modules(&sources);
    let mut by_module: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in &sources {
        by_module
            .entry(module(file))
            .or_default()
            .extend(known_to(text, &modules));
    }
    let parts = [
        "api",
        "apply",
        "deliver",
        "directory",
        "egress",
        "sandbox",
        "schedule",
        "secret",
        "store",
    ];
    for (name, known) in by_module {
        let all = parts
            .iter()
            .all(|part| *part == name || known.contains(*part));
        assert_eq!(all, name == "app", "{name} knows {known:?}");
    }
}

#[test]
fn every_source_file_is_reached_from_its_crate() {
    for (folder, roots) in [
        ("host/src", &["lib.rs", "main.rs"][..]),
        ("wit/src", &["lib.rs"]),
        ("guest-sdk/src", &["lib.rs"]),
        ("guest-sdk/formats/src", &["lib.rs"]),
        ("guest-sdk/macros/src", &["lib.rs"]),
        ("example-endpoints/discord/src", &["lib.rs"]),
        ("example-endpoints/email/src", &["lib.rs"]),
        ("example-endpoints/slack/src", &["lib.rs"]),
        ("example-endpoints/syslog/src", &["lib.rs"]),
        ("example-endpoints/telegram/src", &["lib.rs"]),
        ("example-endpoints/webhook/src", &["lib.rs"]),
        ("fuzz/targets/src", &["lib.rs"]),
        ("tests/src", &["lib.rs"]),
        ("tests/tests/it", &["main.rs"]),
    ] {
        let sources = sources(folder);
        let mut left: Vec<String> = roots.iter().map(|root| (*root).to_owned()).collect();
        let mut reached = BTreeSet::new();
        while let Some(file) = left.pop() {
            let Some(text) = sources.get(&file) else {
                continue;
            };
            if !reached.insert(file.clone()) {
                continue;
            }
            // `a.rs` has its modules in `a/`, a root beside itself.
            let below = if roots.contains(&file.as_str()) {
                String::new()
            } else {
                format!(
                    "{}/",
                    file.trim_end_matches("/mod.rs").trim_end_matches(".rs")
                )
            };
            for line in text.lines().map(str::trim) {
                let declared = ["mod ", "pub mod ", "pub(crate) mod ", "pub(super) mod "]
                    .iter()
                    .find_map(|start| line.strip_prefix(start));
                if let Some(name) = declared.and_then(|rest| rest.strip_suffix(';')) {
                    left.push(format!("{below}{name}.rs"));
                    left.push(format!("{below}{name}/mod.rs"));
                }
            }
        }
        let lost: Vec<_> = sources
            .keys()
            .filter(|file| !reached.contains(*file) && !file.starts_with("bin/"))
            .collect();
        assert!(lost.is_empty(), "{folder}: no `mod` leads to {lost:?}");
    }
}

#[test]
fn no_source_file_is_longer_than_one_can_read() {
    let mut seen = 0;
    for folder in [
        "host",
        "wit",
        "guest-sdk",
        "example-endpoints",
        "fuzz/targets",
        "tests/src",
    ] {
        for (file, text) in sources(folder) {
            let lines = above_tests(&text).lines().count();
            seen += 1;
            assert!(
                lines <= LONGEST || is_test(&file),
                "{folder}/{file} has {lines} lines above its tests; at most {LONGEST} are wanted"
            );
        }
    }
    assert!(seen > 100, "{seen} files are not the project");
}

#[test]
fn nothing_is_kept_that_nobody_uses_nor_left_to_be_done() {
    for folder in ["host/src", "wit/src", "guest-sdk", "example-endpoints"] {
        for (file, text) in sources(folder) {
            for word in ["dead_code", "unused_imports"] {
                assert!(
                    !mentions(&text, word),
                    "{folder}/{file} silences the warning {word}"
                );
            }
            // Put together here, so that this file does not find itself.
            for word in [["TO", "DO"].concat(), ["FIX", "ME"].concat()] {
                assert!(!text.contains(&word), "{folder}/{file} has a {word}");
            }
        }
    }
    assert!(mentions("#[expect(dead_code)]", "dead_code"));
    assert!(!mentions("// dead_code", "dead_code"));
}
