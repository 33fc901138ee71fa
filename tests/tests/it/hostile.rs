//! Components that lie, waste, trap and pry: each is stopped by name, its alerts stay, and a bystander in the
//! same program gets all of its own.

mod addresses;
mod bystander;
mod determinism;
mod dialled;
mod engine;
mod formatters;
mod grants;
mod install;
mod manifests;
#[cfg(all(debug_assertions, target_os = "linux"))]
mod native;
mod people;
mod processes;
mod raw;
mod readings;
mod requests;
mod responses;
mod sealing;
mod secrets;
mod stage;
mod syslog;
mod tiers;
mod verdicts;

/// An endpoint that misbehaves as its recipient's parameter `how` says.
const LIAR: &[u8] = include_bytes!(env!("HOSTILE_LIAR"));

/// A formatter of the kind `faulty` that fails as the alert's field `fault` says.
const FORMATTER: &[u8] = include_bytes!(env!("HOSTILE_FORMATTER"));
