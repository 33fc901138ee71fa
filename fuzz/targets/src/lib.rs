//! What meets strangers' bytes first, each as a function of bytes that says whether they were taken, and panics
//! where a promise is broken. The fuzzer calls them (`fuzz/README.md`), and a test replays their seeds.

pub mod alerts;
pub mod answer;
pub mod component;
mod destination;
pub mod frame;
pub mod manifest;
pub mod pointer;
pub mod request;
pub mod response;
mod sender;
pub mod smtp;
pub mod syslog;
pub mod text;

use campanile::clock::Millis;

/// Whether these bytes were taken.
pub type Target = fn(&[u8]) -> bool;

/// All of them, by the names that they have in `fuzz_targets` and `seeds`.
pub const TARGETS: [(&str, Target); 11] = [
    ("alerts", alerts::run),
    ("answer", answer::run),
    ("component", component::run),
    ("frame", frame::run),
    ("manifest", manifest::run),
    ("pointer", pointer::run),
    ("request", request::run),
    ("response", response::run),
    ("smtp", smtp::run),
    ("syslog", syslog::run),
    ("text", text::run),
];

/// When everything happens: 2026-01-02 01:04:05 UTC.
const NOW: Millis = 1_767_315_845_000;
