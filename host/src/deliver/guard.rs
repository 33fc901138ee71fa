//! A panic is a fault of this program, and costs what was being done; nobody else's alerts wait for that.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// What the work came to; `None` where it panicked. What is shared stands behind locks that outlive a panic.
pub(super) async fn guarded<T>(work: impl Future<Output = T>) -> Option<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    // What it panicked with is on standard error already.
    done.inspect_err(|_| tracing::error!("a fault of this program: please report this"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_what_was_being_done_and_nothing_else() {
        assert_eq!(guarded(async { 7 }).await, Some(7));
        let panics = async {
            tokio::task::yield_now().await;
            let nothing: Option<u8> = std::hint::black_box(None);
            nothing.expect("something")
        };
        assert_eq!(guarded(panics).await, None);
    }
}
