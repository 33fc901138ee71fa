//! A component's bytes, up to its first instance, which describes itself.

use std::sync::LazyLock;

use campanile::sandbox::{Limits, Sandbox, Why, digest};

static SANDBOX: LazyLock<Sandbox> =
    LazyLock::new(|| Sandbox::start(Limits::default(), Why::Test).expect("address space"));

/// What does not fit is refused in words; what fits is known by its digest.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(wasm: &[u8]) -> bool {
    let installed = SANDBOX.install(wasm);
    match &installed {
        Ok(installed) => assert_eq!(installed.digest, digest(wasm)),
        Err(unfit) => assert!(!unfit.to_string().is_empty()),
    }
    installed.is_ok()
}
