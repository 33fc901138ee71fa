//! Compiled code is taken over as it is: the one place that trusts bytes to be what this program compiled.

use wasmtime::Engine;
use wasmtime::component::Component;

use super::unfit::Unfit;

/// Makes compiled code executable. It is native code: loading it is running it. Where it comes from is settled
/// before it comes here, by [`Codes`](super::code::Codes), and it runs as this process may, locked down.
#[expect(
    unsafe_code,
    reason = "compiled code is trusted, or nothing is gained by compiling it once"
)]
pub(crate) fn compiled(engine: &Engine, code: &[u8]) -> Result<Component, Unfit> {
    // SAFETY: `serve` sends only what a compile child of this engine made of the component that is called; the
    // files it keeps are authenticated. Such a child may have been overcome by that very component, which gains
    // nothing by it: this process may run that component's code, and nothing more.
    unsafe { Component::deserialize(engine, code) }
        .map_err(|error| Unfit::Damaged(format!("{error:#}")))
}
