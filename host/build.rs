//! Builds the example components for WebAssembly, so that one `cargo` command makes one binary with
//! everything in it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Name of the environment variable that the code reads, package, and file.
const COMPONENTS: [(&str, &str, &str); 3] = [
    (
        "CAMPANILE_TELEGRAM",
        "campanile-telegram",
        "campanile_telegram.wasm",
    ),
    (
        "CAMPANILE_WEBHOOK",
        "campanile-webhook",
        "campanile_webhook.wasm",
    ),
    ("CAMPANILE_FLOWS", "campanile-flows", "campanile_flows.wasm"),
];

const TARGET: &str = "wasm32-wasip2";

fn main() {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("..");
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
        for (_, package, _) in COMPONENTS {
            cargo.args(["--package", package]);
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
    for (variable, _, file) in COMPONENTS {
        println!(
            "cargo:rustc-env={variable}={}",
            out.join(TARGET).join("component").join(file).display()
        );
    }
}

fn missing_target(stderr: &[u8]) -> bool {
    let words = String::from_utf8_lossy(stderr);
    words.contains("target may not be installed") || words.contains("rustup target add")
}
