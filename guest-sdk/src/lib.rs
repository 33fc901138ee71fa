#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
#![warn(missing_docs)]

mod batch;
mod bindings;
mod condition;
mod endpoint;
#[cfg(target_arch = "wasm32")]
mod export;
mod formatter;
#[cfg(not(target_arch = "wasm32"))]
pub mod harness;
pub mod json;
pub mod log;
mod mail;
mod notification;
mod params;
mod piece;
mod platform;
mod problem;
mod queue;
mod request;
mod response;
mod room;
mod syslog;
mod template;
pub mod text;
pub mod time;
mod verdict;

pub use bindings::endpoint::campanile::alerts::alert::{Action, Entity, Severity};
pub use bindings::endpoint::campanile::alerts::delivery::{
    Batch, Body, Delivery, Encoding, Exception, Field, FollowUp, HttpRequest, Message, Outcome,
    Part, Refusal, Scheme, Template, Verdict,
};
pub use bindings::endpoint::campanile::alerts::params::{Param, Problem};
pub use bindings::endpoint::campanile::alerts::text::{Arg, Markup, Unit, Value};
pub use bindings::endpoint::exports::campanile::alerts::endpoint::Failure;
pub use bindings::formatter::exports::campanile::alerts::formatter::{Event, Piece};
pub use campanile_guest_macros::{export_endpoint, export_formatter};
pub use endpoint::{Described, Endpoint};
pub use formatter::Formatter;
pub use mail::Mail;
pub use notification::Notification;
pub use params::{Params, Recipient};
pub use platform::has;
pub use queue::Queue;
pub use request::Request;
pub use response::{Item, Response};
pub use room::{Block, Room, together};
pub use syslog::Syslog;
pub use template::{Hole, IntoTemplate, delivery_id, fact, percent, row, secret};

/// What the export macros expand to names; nothing else may.
#[doc(hidden)]
#[cfg(target_arch = "wasm32")]
pub mod __private {
    pub use crate::bindings::{endpoint, formatter};
    pub use crate::export::{ExportedEndpoint, ExportedFormatter};
}
