//! What Discord's answers mean: <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json> and
//! <https://docs.discord.com/developers/topics/rate-limits>.

use campanile_guest::{Action, Notification, Response, Verdict};

/// The tag of a delivery whose message is edited when its condition ends.
const ANNOUNCES: &str = "announces";

/// Unknown webhook, unknown guild, invalid webhook token.
const WEBHOOK_GONE: [i64; 3] = [10_015, 10_004, 50_027];

/// Unknown channel; missing access or permissions; a locked thread; a forum, which wants a thread.
const THREAD_GONE: [i64; 5] = [10_003, 50_001, 50_013, 160_005, 220_001];

/// Unknown message, another's message, an archived thread.
const UNEDITABLE: [i64; 3] = [10_008, 50_005, 50_083];

/// What is to be remembered of an alert that is sent alone: nothing where another message announced the
/// condition, and nothing of an event, which has no end.
pub(crate) fn tag(alert: &Notification) -> &'static str {
    if alert.action() == Action::Stored || alert.receipt().is_some() {
        ""
    } else {
        ANNOUNCES
    }
}

/// The verdict on an answer.
pub(crate) fn read(response: &Response) -> Verdict {
    let status = response.status();
    if (200..300).contains(&status) {
        return delivered(response);
    }
    let reason = response.text("/message").unwrap_or_default();
    let code = response.integer("/code");
    let is = |codes: &[i64]| code.is_some_and(|code| codes.contains(&code));
    let verdict = if status == 429 {
        slow_down(response)
    } else if is(&UNEDITABLE) {
        Verdict::restart(None).forget(0)
    } else if is(&THREAD_GONE) {
        Verdict::recipient_gone()
    } else if is(&WEBHOOK_GONE) || status == 401 || (status == 404 && code.is_some()) {
        // "If a webhook returns a 404 status you should not attempt to use it again."
        Verdict::endpoint_gone()
    } else {
        Verdict::agree()
    };
    verdict.reason(reason)
}

/// The first message's id finds it again when the condition ends. The last request that a limit allows says
/// how long there will be no other.
fn delivered(response: &Response) -> Verdict {
    let mut verdict = Verdict::delivered();
    let first = response.message() == 0 && response.tag() == ANNOUNCES && response.alerts() == 1;
    if let Some(id) = response.text("/id").filter(|_| first) {
        verdict = verdict.receipt(0, id);
    }
    let last = response.header("x-ratelimit-remaining") == Some("0");
    let reset = response.header("x-ratelimit-reset-after").filter(|_| last);
    match reset
        .and_then(|seconds| seconds.parse().ok())
        .and_then(milliseconds)
    {
        Some(wait) => verdict.pause_destination(wait),
        None => verdict,
    }
}

fn slow_down(response: &Response) -> Verdict {
    let header = || response.header("retry-after")?.parse().ok();
    let seconds = response.number("/retry_after").or_else(header);
    let Some(wait) = seconds.and_then(milliseconds) else {
        return Verdict::retry(None);
    };
    let verdict = Verdict::retry(Some(wait));
    if response.flag("/global") == Some(true) {
        verdict.pause_endpoint(wait)
    } else {
        verdict.pause_destination(wait)
    }
}

/// Rounded up: a request that is early is one more that is refused.
fn milliseconds(seconds: f64) -> Option<u32> {
    let wait = (seconds * 1000.0).ceil();
    // A cast of a float is exact here, and stays within the bounds elsewhere.
    (wait.is_finite() && wait >= 0.0).then_some(wait as u32)
}
