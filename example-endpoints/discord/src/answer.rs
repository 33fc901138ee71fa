//! What Discord's answers mean: <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json> and
//! <https://docs.discord.com/developers/topics/rate-limits>.

use campanile_guest::{Response, Verdict};

/// The verdict on an answer.
pub(crate) fn read(response: &Response) -> Verdict {
    let verdict = match (response.status(), response.integer("/code")) {
        (200..=299, _) => return delivered(response),
        (429, _) => slow_down(response),
        // Unknown message, another's message, an archived thread.
        (_, Some(10_008 | 50_005 | 50_083)) => Verdict::announce_again(),
        // Unknown channel; missing access or permissions; a locked thread; a forum, which wants a thread.
        (_, Some(10_003 | 50_001 | 50_013 | 160_005 | 220_001)) => Verdict::recipient_gone(),
        // Unknown webhook, unknown guild, invalid webhook token.
        (_, Some(10_015 | 10_004 | 50_027)) | (401, _) => Verdict::endpoint_gone(),
        // "If a webhook returns a 404 status you should not attempt to use it again."
        (404, Some(_)) => Verdict::endpoint_gone(),
        _ => Verdict::agree(),
    };
    verdict.reason(response.text("/message").unwrap_or_default())
}

/// The last request that a limit allows says how long there will be no other.
fn delivered(response: &Response) -> Verdict {
    let verdict = Verdict::delivered().remember(response, response.text("/id"));
    let last = response.header("x-ratelimit-remaining") == Some("0");
    match response.wait_in("x-ratelimit-reset-after") {
        Some(wait) if last => verdict.pause_destination(wait),
        _ => verdict,
    }
}

fn slow_down(response: &Response) -> Verdict {
    let wait = response.wait_at("/retry_after");
    match wait.or_else(|| response.wait_in("retry-after")) {
        Some(wait) if response.flag("/global") == Some(true) => {
            Verdict::retry(Some(wait)).pause_endpoint(wait)
        }
        wait => Verdict::slow_down(wait),
    }
}
