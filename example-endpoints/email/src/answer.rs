//! What a mail server's answer means: the codes of RFC 5321, section 4.2, and the finer ones of RFC 3463.

use campanile_guest::{Response, Verdict};

/// An address that is nobody's: no such mailbox, no such domain, moved away, and Exchange's unknown recipient.
const NOBODY: [&str; 4] = ["5.1.1", "5.1.2", "5.1.6", "5.1.10"];

/// The verdict on an answer; the host's own, but for a login or addresses that are void.
pub(crate) fn read(response: &Response) -> Verdict {
    let verdict = match response.status() {
        // RFC 4954, sections 4 and 6: who we are is wanted, is not enough, is not so.
        530 | 534 | 535 => Verdict::endpoint_gone(),
        550 | 551 | 553 if nobody_is_there(response) => Verdict::recipient_gone(),
        _ => Verdict::agree(),
    };
    verdict.reason(response.text("/reply").unwrap_or_default())
}

/// Whether every address was refused as nobody's.
fn nobody_is_there(response: &Response) -> bool {
    let refused = response.items("/refused");
    let mut replies = refused.iter().map(|address| address.text("reply"));
    let nobody = |reply: Option<String>| {
        let code = reply
            .as_deref()
            .and_then(|reply| reply.split_whitespace().next());
        code.is_some_and(|code| NOBODY.contains(&code))
    };
    !refused.is_empty() && replies.all(nobody)
}
