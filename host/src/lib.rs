//! Campanile delivers alerts through components that other people wrote. The modules stand in the order
//! in which an alert meets them.

/// Requests are many short strings that one thread makes and another drops; the system's allocator spends a
/// tenth of a delivery on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// Words: no I/O.
pub mod alert;
mod bounded;
pub mod clock;
pub mod condition;
pub mod config;
pub mod desired;
pub mod grant;
pub mod job;
pub mod message;
pub mod network;
pub mod outcome;
pub mod secret;
pub mod template;

// The path of an alert.
pub mod deliver;
pub mod egress;
pub mod intake;
pub mod route;
pub mod sandbox;
pub mod schedule;
pub mod store;

// What the path is configured with.
pub mod apply;
pub mod directory;

// What authors run at home.
pub mod check;

// The edges; `app` alone knows all others.
pub mod api;
pub mod app;
pub mod cli;
pub mod demo;
pub mod telemetry;
