//! Waiting for what will be so, without a measure of speed.

use std::future::Future;
use std::time::Duration;

/// How long anything may take before a test fails: no measure of speed, only an end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often is asked: who waits leaves the processor to those who work.
const OFTEN: Duration = Duration::from_millis(1);

/// Asks again and again until there is an answer.
///
/// # Panics
///
/// Where there is none after a minute.
pub async fn wait_for<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let asking = async {
        let mut often = tokio::time::interval(OFTEN);
        loop {
            often.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("waited in vain for {what}"),
    }
}
