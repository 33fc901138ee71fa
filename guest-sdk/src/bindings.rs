//! What wit-bindgen makes of the contract. The crate's public words are re-exports of its plain data;
//! its resources, imports and exports stay in here.
#![cfg_attr(target_arch = "wasm32", expect(missing_docs, reason = "generated"))]
#![cfg_attr(
    not(target_arch = "wasm32"),
    expect(unreachable_pub, reason = "generated")
)]

pub mod endpoint;
pub mod formatter;
