//! What Slack's answers mean: <https://docs.slack.dev/reference/methods/chat.postMessage#errors> and
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>.

use campanile_guest::{Response, Verdict};

/// The tag of a delivery in whose thread later news of its conditions goes.
pub(crate) const ANNOUNCES: &str = "announces";

/// The channel is no more, or not for this bot.
const CHANNEL_GONE: [&str; 13] = [
    "action_prohibited",
    "cannot_dm_bot",
    "channel_is_archived",
    "channel_not_found",
    "channel_type_not_supported",
    "is_archived",
    "messages_tab_disabled",
    "not_in_channel",
    "posting_to_general_channel_denied",
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "user_not_found",
];

/// The token or webhook is void, or may not do this.
const CREDENTIAL_GONE: [&str; 17] = [
    "access_denied",
    "account_inactive",
    "ekm_access_denied",
    "invalid_auth",
    "invalid_token",
    "missing_scope",
    "no_active_hooks",
    "no_permission",
    "no_service",
    "no_service_id",
    "no_team",
    "not_allowed_token_type",
    "not_authed",
    "org_login_required",
    "team_disabled",
    "token_expired",
    "token_revoked",
];

/// It may work later.
const PASSING: [&str; 8] = [
    "fatal_error",
    "internal_error",
    "message_limit_exceeded",
    "rate_limited",
    "request_timeout",
    "rollup_error",
    "service_unavailable",
    "team_added_to_org",
];

/// The message that was to be answered cannot be.
const THREAD_GONE: [&str; 4] = [
    "cannot_reply_to_message",
    "message_not_found",
    "restricted_action_non_threadable_channel",
    "thread_not_found",
];

/// The verdict on an answer, of the Web API to a bot or else of a webhook.
pub(crate) fn read(response: &Response, bot: bool) -> Verdict {
    if response.flag("/ok") == Some(true) {
        return delivered(response);
    }
    if !bot && response.status() == 200 {
        return Verdict::agree();
    }
    let words = response.text("/error").or_else(|| response.text("text"));
    let words = words.unwrap_or_default();
    let word = words.trim();
    if response.status() == 429 || word == "ratelimited" {
        return slow_down(response).reason(word);
    }
    let is = |list: &[&str]| list.contains(&word);
    let verdict = if is(&CHANNEL_GONE) {
        Verdict::recipient_gone()
    } else if is(&CREDENTIAL_GONE) {
        Verdict::endpoint_gone()
    } else if is(&PASSING) {
        Verdict::retry(None)
    } else if is(&THREAD_GONE) {
        Verdict::restart(None).forget(0)
    } else if response.flag("/ok") == Some(false) {
        // Under HTTP 200: what is wrong with a message stays wrong.
        Verdict::rejected()
    } else if response.status() == 200 && !word.is_empty() {
        // A page of somebody in between.
        return Verdict::retry(None);
    } else {
        Verdict::agree()
    };
    verdict.reason(word)
}

/// The first message's `ts` is its thread.
fn delivered(response: &Response) -> Verdict {
    let mut verdict = Verdict::delivered();
    let first = response.message() == 0 && response.tag() == ANNOUNCES;
    if let Some(ts) = response.text("/ts").filter(|_| first) {
        for alert in 0..response.alerts() {
            verdict = verdict.receipt(alert, ts.clone());
        }
    }
    verdict
}

/// <https://docs.slack.dev/apis/web-api/rate-limits#responding>
fn slow_down(response: &Response) -> Verdict {
    let seconds = response.header("retry-after");
    match seconds.and_then(|seconds| seconds.parse::<u32>().ok()) {
        Some(seconds) => {
            let milliseconds = seconds.saturating_mul(1000);
            Verdict::retry(Some(milliseconds)).pause_destination(milliseconds)
        }
        None => Verdict::retry(None),
    }
}
