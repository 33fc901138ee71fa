//! What an answer of the Bot API means: <https://core.telegram.org/bots/api#making-requests>.

use campanile_guest::{Response, Verdict};

type Meaning = fn() -> Verdict;

/// What descriptions of a 400 say, and what that means: the chat or topic is no more, or the message that is to
/// be edited is no more, or too old.
const BAD_REQUESTS: [(&str, Meaning); 7] = [
    ("message is not modified", Verdict::delivered),
    ("message to edit not found", Verdict::announce_again),
    ("message can't be edited", Verdict::announce_again),
    ("chat not found", Verdict::recipient_gone),
    ("group chat was deactivated", Verdict::recipient_gone),
    ("message thread not found", Verdict::recipient_gone),
    ("topic_deleted", Verdict::recipient_gone),
];

/// The verdict on an answer.
pub(crate) fn read(response: &Response) -> Verdict {
    if response.flag("/ok") == Some(true) {
        let id = response.integer("/result/message_id");
        return Verdict::delivered().remember(response, id);
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
        429 => {
            let wait = response.wait_at("/parameters/retry_after");
            Verdict::slow_down(wait.or_else(|| response.wait_in("retry-after")))
        }
        _ => Verdict::agree(),
    };
    verdict.reason(reason)
}

fn bad_request(response: &Response, said: &str) -> Verdict {
    if let Some(chat) = response.integer("/parameters/migrate_to_chat_id") {
        return Verdict::restart(Some(0)).changed("chat", chat.to_string());
    }
    let known = BAD_REQUESTS.iter().find(|(words, _)| said.contains(words));
    known.map_or_else(Verdict::agree, |(_, verdict)| verdict())
}
