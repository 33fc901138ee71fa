//! The contract between Campanile and its components, as far as Rust code shares it.
//!
//! The WIT files beside `Cargo.toml` say how a component behaves; this crate holds what both sides
//! must read alike: the [`manifest`] with its checks, the [`params`] that an administrator fills in,
//! the words of an [`alert`], and, with the feature `text`, the [`text`] rules and the
//! [`notification`] that a component sees.

pub mod alert;
pub mod locales;
pub mod manifest;
#[cfg(feature = "text")]
pub mod notification;
pub mod params;
#[cfg(feature = "text")]
pub mod text;

/// The version of the WIT package, as components import it.
pub const CONTRACT: &str = "campanile:alerts@0.1.0";
