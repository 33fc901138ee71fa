//! Builds the example components for WebAssembly, so that one `cargo` command makes one binary with
//! everything in it.

use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

fn main() {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("..");
    let names = example_components(&root);
    for folder in [
        "wit",
        "guest-sdk",
        "example-endpoints",
        "locales",
        ".cargo",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!("cargo:rerun-if-changed={}", root.join(folder).display());
    }
    // Beside the profiles, so that all of them share it; a folder of the outer build is locked.
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    let out = out.ancestors().nth(4).unwrap_or(&out).join("components");
    let build = |root: &Path| {
        let mut cargo = Command::new(std::env::var("CARGO").expect("cargo sets it"));
        // The outer build's flags are for the host.
        for name in [
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_TARGET_DIR",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO_PROFILE_RELEASE_LTO",
        ] {
            cargo.env_remove(name);
        }
        cargo
            .current_dir(root)
            .args([
                "build",
                "--profile",
                "component",
                "--target",
                TARGET,
                "--target-dir",
            ])
            .arg(&out);
        for name in &names {
            cargo.args(["--package", &format!("campanile-{name}")]);
        }
        cargo.output()
    };
    let mut built = build(&root).expect("cargo can be run");
    if !built.status.success() && missing_target(&built.stderr) {
        let added = Command::new("rustup")
            .args(["target", "add", TARGET])
            .current_dir(&root)
            .status();
        if added.is_ok_and(|status| status.success()) {
            built = build(&root).expect("cargo can be run");
        }
    }
    if !built.status.success() {
        let words = String::from_utf8_lossy(&built.stderr);
        if missing_target(&built.stderr) {
            println!(
                "cargo::error=the WebAssembly target is missing and could not be added; run: rustup target add {TARGET}"
            );
        } else {
            println!("cargo::error=the example components could not be built:");
        }
        for line in words.lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
    let list: String = names
        .iter()
        .map(|name| {
            let file = format!("campanile_{}.wasm", name.replace('-', "_"));
            let file = out.join(TARGET).join("component").join(file);
            format!("({name:?}, include_bytes!({file:?})),\n")
        })
        .collect();
    let generated = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    std::fs::write(generated.join("builtin.rs"), format!("&[\n{list}]"))
        .expect("the build's own folder can be written");
}

/// The folders below `example-endpoints` that hold a crate, in alphabetical order. A folder's name is the
/// component's, and its package is `campanile-` and that name.
fn example_components(root: &Path) -> Vec<String> {
    let folders = ["example-endpoints", "example-endpoints/formatters"];
    let mut names: Vec<String> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).expect("the examples are there"))
        .map(|entry| entry.expect("a folder's entry").path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

fn missing_target(stderr: &[u8]) -> bool {
    let words = String::from_utf8_lossy(stderr);
    words.contains("target may not be installed") || words.contains("rustup target add")
}
