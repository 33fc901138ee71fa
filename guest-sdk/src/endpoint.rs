//! What an author of an endpoint writes.

use crate::{Batch, Failure, Message, Params, Problem, Queue, Recipient, Response, Verdict};

/// What the export macros make of `manifest.toml` and `locales/`. Nobody else implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no manifest",
    note = "write `campanile_guest::export_endpoint!({Self});` or `campanile_guest::export_formatter!({Self});`"
)]
pub trait Described {
    /// The manifest with its locales, one JSON document.
    const DESCRIPTION: &'static str;
    /// The recipient's parameters that are no secrets, in the manifest's order.
    const RECIPIENT_PARAMS: &'static [&'static str];
}

/// A destination for alerts. All functions are pure: they say what to send, and the host sends it.
///
/// Every call may happen in a fresh instance, so nothing is kept between two of them.
pub trait Endpoint: Described {
    /// Takes at most `budget` alerts from the queue and says what to send. What is in no delivery and
    /// not refused stays queued.
    ///
    /// # Errors
    /// [`Failure::Invalid`] pauses the recipient and shows the problems; [`Failure::Internal`] counts
    /// as a failed attempt.
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure>;

    /// The messages that prove a set-up right.
    ///
    /// # Errors
    /// As for [`Endpoint::dequeue`].
    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure>;

    /// What no single field of the manifest can express. `complete` is false while there is no
    /// recipient yet: then only the endpoint's parameters are there.
    fn lint(params: &Params, complete: bool) -> Vec<Problem> {
        let _ = (params, complete);
        Vec::new()
    }

    /// One line that tells an administrator where this recipient's alerts go. By default the values of
    /// the recipient's own parameters, or the recipient's name where it has none.
    fn format_recipient_params(recipient: &Recipient) -> String {
        let values: Vec<&str> = Self::RECIPIENT_PARAMS
            .iter()
            .filter_map(|name| recipient.param(name))
            .collect();
        if values.is_empty() {
            recipient.name().to_owned()
        } else {
            values.join(", ")
        }
    }

    /// Reads a response, where the manifest's `[reads]` asks for it. By default the host's judgement by
    /// status stands.
    fn read_response(recipient: &Recipient, response: &Response) -> Verdict {
        let _ = (recipient, response);
        Verdict::agree()
    }
}
