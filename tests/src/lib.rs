//! The harness: the real program on port 0 with a data directory of its own, and receivers that answer
//! what a test tells them to.

mod dialled;
pub mod fakes;
mod folder;
mod process;
mod receiver;
mod secrets;
pub mod smtp;
pub mod tools;
mod wait;
mod world;

pub use dialled::Dialled;
pub use folder::Folder;
pub use process::{Process, Ran, run};
pub use receiver::{Behaviour, Receiver, Request};
pub use secrets::{Variant, secret_value};
pub use wait::wait_for;
pub use world::{Posted, World, WorldBuilder, alert, unhurried};
