//! Builds the hostile guests for WebAssembly, so that a test names one by its constant.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Name of the environment variable that the tests read, and file.
const GUESTS: [(&str, &str); 2] = [
    ("HOSTILE_LIAR", "campanile_guest_liar.wasm"),
    ("HOSTILE_FORMATTER", "campanile_guest_faulty_formatter.wasm"),
];

const TARGET: &str = "wasm32-wasip2";

fn main() {
    let tests = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    for watched in [
        "build.rs",
        "guests",
        "../wit",
        "../guest-sdk",
        "../locales",
        "../.cargo",
    ] {
        println!("cargo:rerun-if-changed={}", tests.join(watched).display());
    }
    // Where the example components are built, so that what both need is built once.
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    let out = out.ancestors().nth(4).unwrap_or(&out).join("components");
    let guests = tests.join("guests");
    let mut built = build(&guests, &out);
    if !built.status.success() && missing_target(&built) {
        let added = Command::new("rustup")
            .args(["target", "add", TARGET])
            .current_dir(&guests)
            .status();
        if added.is_ok_and(|status| status.success()) {
            built = build(&guests, &out);
        }
    }
    if !built.status.success() {
        println!("cargo::error=the hostile guests could not be built:");
        for line in String::from_utf8_lossy(&built.stderr).lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
    for (variable, file) in GUESTS {
        let path = out.join(TARGET).join("component").join(file);
        println!("cargo:rustc-env={variable}={}", path.display());
    }
}

fn build(guests: &Path, out: &Path) -> Output {
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
        .current_dir(guests)
        .args(["build", "--locked", "--profile", "component", "--target"])
        .args([TARGET, "--target-dir"])
        .arg(out)
        .output()
        .expect("cargo can be run")
}

fn missing_target(built: &Output) -> bool {
    let words = String::from_utf8_lossy(&built.stderr);
    words.contains("target may not be installed") || words.contains("rustup target add")
}
