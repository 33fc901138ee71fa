//! The harness: the real program on port 0 with a data directory of its own, and receivers that answer
//! what a test tells them to.

mod alert;
mod dialled;
#[cfg(target_os = "linux")]
pub mod drill;
pub mod fakes;
mod folder;
pub mod hostile;
pub mod html;
mod limits;
pub mod markup;
pub mod native_liar;
mod posted;
mod process;
pub mod programs;
mod receiver;
#[cfg(target_os = "linux")]
pub mod rsyslog;
pub mod smtp;
pub mod tools;
mod wait;
pub mod webhooks;
mod world;

pub use alert::alert;
pub use dialled::Dialled;
pub use folder::Folder;
pub use limits::unhurried;
pub use posted::Posted;
pub use process::{Disk, Process, Ran, run};
pub use programs::under_test;
pub use receiver::{Behaviour, Receiver, Request};
pub use wait::wait_for;
pub use world::{World, WorldBuilder};
