//! Carrying an attack out, and the yardstick for how late a bystander is.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use campanile_tests::hostile::{Bystander, Stopped};
use campanile_tests::{World, wait_for};
use futures_util::FutureExt;

use crate::row::Row;

/// What a bystander is used to, where nobody is hostile.
pub(crate) struct Yardstick {
    /// Deliveries that were measured.
    pub(crate) deliveries: usize,
    /// What half of them took at most.
    pub(crate) median: Duration,
    /// What 99 of 100 took at most.
    pub(crate) p99: Duration,
}

/// Deliveries of the yardstick: ten seconds of them, so that its 99th percentile is not that of a single one.
const DELIVERIES: usize = 500;

/// No attack takes as long as this: what waits in vain gives up after a minute.
const LONGEST: Duration = Duration::from_secs(600);

static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps what the first panic of an attack says, for its row, and prints none.
pub(crate) fn keep_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let mut first = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| panic.to_string().replace('\n', " "));
    }));
}

impl Yardstick {
    pub(crate) async fn measure() -> Self {
        let world = World::builder().start().await;
        let beside = Bystander::beside(&world).await;
        wait_for("deliveries", || async {
            (beside.told() >= DELIVERIES).then_some(())
        })
        .await;
        let mut times = beside.stopped("nobody").await.beside.times;
        times.sort_unstable();
        Self {
            deliveries: times.len(),
            median: quantile(&times, 50),
            p99: quantile(&times, 99),
        }
    }

    /// Whether this took more than a tenth longer than it should at most.
    fn is_late(&self, time: Duration) -> bool {
        time > self.p99 + self.p99 / 10
    }
}

/// What so many of a hundred of these sorted times are at most.
fn quantile(times: &[Duration], percent: usize) -> Duration {
    let at = (times.len() * percent).div_ceil(100).max(1) - 1;
    times.get(at).copied().unwrap_or_default()
}

/// Carries out an attack.
pub(crate) async fn row(
    name: &str,
    yardstick: &Yardstick,
    attack: impl Future<Output = Stopped>,
) -> Row {
    *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let begun = Instant::now();
    let attack = AssertUnwindSafe(tokio::time::timeout(LONGEST, attack)).catch_unwind();
    let mut row = Row {
        attack: name.to_owned(),
        contained: false,
        stopped_by: String::new(),
        stopped_after_ms: 0.0,
        bystander: 0,
        lost: 0,
        late: 0,
        p99_ms: 0.0,
    };
    match attack.await {
        Ok(Ok(Stopped { by, after, beside })) => {
            let mut times = beside.times;
            times.sort_unstable();
            row.contained = beside.repeated == 0;
            row.stopped_by = match row.contained {
                true => by,
                false => format!("{} of the bystander's alerts came again", beside.repeated),
            };
            row.stopped_after_ms = millis(after);
            row.bystander = times.len() + beside.lost;
            row.lost = beside.lost;
            row.late = times
                .iter()
                .filter(|time| yardstick.is_late(**time))
                .count();
            row.p99_ms = millis(quantile(&times, 99));
        }
        Ok(Err(_)) => {
            row.stopped_by = String::from("it was not stopped");
            row.stopped_after_ms = millis(begun.elapsed());
        }
        Err(_) => {
            let mut panic = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
            row.stopped_by = panic.take().unwrap_or_default();
            row.stopped_after_ms = millis(begun.elapsed());
        }
    }
    row
}

/// To a hundredth.
pub(crate) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}
