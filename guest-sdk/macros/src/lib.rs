//! The export macros of `campanile-guest`: they read `manifest.toml` and `locales/` of the crate that
//! invokes them, refuse it with every mistake at once, and export the world on wasm alone.

mod describe;
mod expand;

use proc_macro::TokenStream;

/// Exports a type that implements `Endpoint` as the component's endpoint.
#[proc_macro]
pub fn export_endpoint(input: TokenStream) -> TokenStream {
    expand::export(input.into(), describe::World::Endpoint).into()
}

/// Exports a type that implements `Formatter` as the component's alert formatter.
#[proc_macro]
pub fn export_formatter(input: TokenStream) -> TokenStream {
    expand::export(input.into(), describe::World::Formatter).into()
}
