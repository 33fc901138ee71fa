//! What Slack's answers mean: <https://docs.slack.dev/reference/methods/chat.postMessage#errors> and
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>.

use campanile_guest::{Response, Verdict};

/// The channel is no more, or not for this bot.
const CHANNEL_GONE: &str = "action_prohibited cannot_dm_bot channel_is_archived channel_not_found \
    channel_type_not_supported is_archived messages_tab_disabled not_in_channel \
    posting_to_general_channel_denied restricted_action restricted_action_read_only_channel \
    restricted_action_thread_only_channel user_not_found";

/// The token or webhook is void, or may not do this.
const CREDENTIAL_GONE: &str = "access_denied account_inactive ekm_access_denied invalid_auth \
    invalid_token missing_scope no_active_hooks no_permission no_service no_service_id no_team \
    not_allowed_token_type not_authed org_login_required team_disabled token_expired token_revoked";

/// It may work later.
const PASSING: &str = "fatal_error internal_error message_limit_exceeded rate_limited \
    request_timeout rollup_error service_unavailable team_added_to_org";

/// The message that was to be answered cannot be.
const THREAD_GONE: &str = "cannot_reply_to_message message_not_found \
    restricted_action_non_threadable_channel thread_not_found";

/// The verdict on an answer, of the Web API to a bot or else of a webhook.
pub(crate) fn read(response: &Response, bot: bool) -> Verdict {
    let words = response.text("/error").or_else(|| response.text("text"));
    let words = words.unwrap_or_default();
    let word = words.trim();
    let is = |list: &str| list.split(' ').any(|known| known == word);
    let verdict = match (response.flag("/ok"), response.status()) {
        (Some(true), _) => Verdict::delivered().remember(response, response.text("/ts")),
        // A page of somebody in between.
        (None, 200) if bot && !word.is_empty() => return Verdict::retry(None),
        (None, 200) => return Verdict::agree(),
        // <https://docs.slack.dev/apis/web-api/rate-limits#responding>
        (_, 429) => Verdict::slow_down(response.wait_in("retry-after")),
        _ if word == "ratelimited" => Verdict::slow_down(response.wait_in("retry-after")),
        _ if is(CHANNEL_GONE) => Verdict::recipient_gone(),
        _ if is(CREDENTIAL_GONE) => Verdict::endpoint_gone(),
        _ if is(PASSING) => Verdict::retry(None),
        _ if is(THREAD_GONE) => Verdict::announce_again(),
        // Under HTTP 200: what is wrong with a message stays wrong.
        (Some(false), _) => Verdict::rejected(),
        _ => Verdict::agree(),
    };
    verdict.reason(word)
}
