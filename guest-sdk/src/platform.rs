//! The host's side of a call: imports on wasm, and on the author's machine the same rules from the
//! contract's own crate.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod native;
#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{Handle, dequeue, escape, log, split, translate};
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::{Handle, dequeue, escape, log, split, translate};

/// Whether the host has a scheme, fact, message kind or feature by this name.
#[must_use]
pub fn has(feature: &str) -> bool {
    #[cfg(target_arch = "wasm32")]
    return wasm::has(feature);
    #[cfg(not(target_arch = "wasm32"))]
    return native::has(feature);
}
