//! The harness: the real program on port 0 with a data directory of its own, and receivers that answer
//! what a test tells them to.

mod alert;
mod dialled;
pub mod fakes;
mod folder;
mod limits;
mod posted;
mod process;
mod programs;
mod receiver;
#[cfg(target_os = "linux")]
pub mod rsyslog;
pub mod smtp;
pub mod tools;
mod wait;
mod world;

pub use alert::alert;
pub use dialled::Dialled;
pub use folder::Folder;
pub use limits::unhurried;
pub use posted::Posted;
pub use process::{Disk, Process, Ran, run};
pub use receiver::{Behaviour, Receiver, Request};
pub use wait::wait_for;
pub use world::{World, WorldBuilder};
