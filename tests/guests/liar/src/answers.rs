//! What it makes of responses.

use campanile_guest::{
    Message, Outcome, Recipient, Request, Response, Verdict, log, secret, template,
};

use crate::{hook, url};

/// The end of a `how` that hands on all that it read of the response, by each way that there is.
pub const TELLS: &str = "-and-tells";

/// The verdict, by `how`.
pub fn read_response(recipient: &Recipient, response: &Response) -> Verdict {
    let how = recipient.param("how").unwrap_or_default();
    let again = |message: Message| Verdict::agree().then(message, "1");
    let other = recipient.param("other").unwrap_or_default();
    let (_, rest) = other.split_once("://").unwrap_or_default();
    match how {
        "says-delivered" => Verdict::delivered().reason("it did arrive"),
        "gives-up" => Verdict::rejected(),
        "never-gives-up" => Verdict::retry(Some(0)),
        "retries-in-136-years" => Verdict::retry(Some(u32::MAX)),
        "pauses-for-136-years" => Verdict::agree()
            .pause_destination(u32::MAX)
            .pause_endpoint(u32::MAX),
        "restarts-for-ever" => Verdict::restart(Some(0)),
        "traps-on-the-response" => panic!("unreadable"),
        "spins-on-the-response" => loop {
            std::hint::spin_loop();
        },
        "follows-up-for-ever" => again(hook(recipient, "more")),
        "follows-up-once" if response.tag() == "0" => again(hook(recipient, "more")),
        "follows-up-to-another-origin" => again(Request::post(format!("{other}/other")).into()),
        "follows-up-in-pieces" => again(Request::post(template!["http://", rest, "/other"]).into()),
        "follows-up-with-one-slash" => again(Request::post(format!("http:/{rest}/other")).into()),
        "follows-up-with-many-slashes" => {
            again(Request::post(format!("http:////{rest}/other")).into())
        }
        "follows-up-by-user-info" => {
            let base = recipient.param("url").unwrap_or_default();
            let host = base.split('/').nth(2).unwrap_or_default();
            again(Request::post(format!("http://{host}@{rest}/other")).into())
        }
        "follows-up-with-a-long-tag" => {
            Verdict::agree().then(hook(recipient, "more"), "x".repeat(2048))
        }
        "speaks-for-an-alert-that-it-does-not-carry" => {
            Verdict::agree().except(7, Outcome::Rejected, "not mine")
        }
        "speaks-twice-of-one-alert" => Verdict::agree()
            .except(0, Outcome::Delivered, "yes")
            .except(0, Outcome::Rejected, "no"),
        "leaves-a-receipt-for-another" => Verdict::agree().receipt(7, "x"),
        "leaves-a-receipt-of-two-kilobytes" => Verdict::agree().receipt(0, "x".repeat(2048)),
        "gives-a-reason-of-two-kilobytes" => Verdict::agree().reason("x".repeat(2048)),
        "renames-the-url" => Verdict::agree().changed("url", other),
        "renames-a-secret" => Verdict::agree().changed("token", "mine"),
        "renames-what-is-not-there" => Verdict::agree().changed("chat", "mine"),
        "asks-for-an-echo" if response.tag() == "0" => {
            let read = format!("read {:?} {:?}", response.body(), response.truncated());
            let next = Request::post(url(recipient, "/hook"))
                .header("x-token", secret("token"))
                .text(read);
            Verdict::agree().then(next, "1")
        }
        _ if how.ends_with(TELLS) && response.tag() == "0" => {
            let (body, cut) = (response.body(), response.truncated());
            let read = format!("read {} {body:?} {cut:?}", response.status());
            log::warn(&read);
            let verdict = Verdict::agree().reason(read.as_str());
            let verdict = verdict.receipt(0, read.as_str());
            verdict.then(hook(recipient, &read), "1")
        }
        _ => Verdict::agree(),
    }
}
