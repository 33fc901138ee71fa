//! What an answer of the Bot API means: <https://core.telegram.org/bots/api#making-requests>.

use campanile_guest::{Action, Notification, Response, Verdict};

/// What descriptions of a 400 say where the chat or topic is no more.
const GONE: [&str; 4] = [
    "chat not found",
    "group chat was deactivated",
    "message thread not found",
    "topic_deleted",
];

/// What descriptions of a 400 say where the message that is to be edited is no more, or too old.
const UNEDITABLE: [&str; 2] = ["message to edit not found", "message can't be edited"];

/// The tag of a delivery whose message is looked for when its condition ends.
const ANNOUNCES: &str = "announces";

/// What is to be remembered of an alert's delivery: nothing where another message announced the condition,
/// and nothing of an event, which has no end.
pub(crate) fn tag(alert: &Notification) -> &'static str {
    if alert.action() == Action::Stored || alert.receipt().is_some() {
        ""
    } else {
        ANNOUNCES
    }
}

/// The verdict on an answer.
pub(crate) fn read(response: &Response) -> Verdict {
    if response.flag("/ok") == Some(true) {
        return delivered(response);
    }
    let code = response
        .integer("/error_code")
        .unwrap_or_else(|| response.status().into());
    let reason = response.text("/description").unwrap_or_default();
    let said = reason.to_ascii_lowercase();
    let verdict = match code {
        400 => bad_request(response, &said),
        401 => Verdict::endpoint_gone(),
        // A void token is an unknown path. A proxy's own 404 has no description.
        404 if said.contains("not found") => Verdict::endpoint_gone(),
        // Blocked by the user, kicked from the group, or no right to write there.
        403 => Verdict::recipient_gone(),
        429 => slow_down(response),
        _ => Verdict::agree(),
    };
    verdict.reason(reason)
}

/// The first message's id finds it again when the condition ends.
fn delivered(response: &Response) -> Verdict {
    let mut verdict = Verdict::delivered();
    if let Some(id) = response
        .integer("/result/message_id")
        .filter(|_| response.message() == 0 && response.tag() == ANNOUNCES)
    {
        for alert in 0..response.alerts() {
            verdict = verdict.receipt(alert, id.to_string());
        }
    }
    verdict
}

fn bad_request(response: &Response, said: &str) -> Verdict {
    if let Some(chat) = response.integer("/parameters/migrate_to_chat_id") {
        return Verdict::restart(Some(0)).changed("chat", chat.to_string());
    }
    if said.contains("message is not modified") {
        return Verdict::delivered();
    }
    if UNEDITABLE.iter().any(|words| said.contains(words)) {
        return Verdict::restart(None).forget(0);
    }
    if GONE.iter().any(|gone| said.contains(gone)) {
        return Verdict::recipient_gone();
    }
    Verdict::agree()
}

fn slow_down(response: &Response) -> Verdict {
    let seconds = response
        .integer("/parameters/retry_after")
        .or_else(|| response.header("retry-after")?.parse().ok())
        .and_then(|seconds| u32::try_from(seconds).ok());
    let Some(milliseconds) = seconds.map(|seconds| seconds.saturating_mul(1000)) else {
        return Verdict::agree();
    };
    Verdict::retry(Some(milliseconds)).pause_destination(milliseconds)
}
