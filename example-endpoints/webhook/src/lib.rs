//! Alerts as JSON to any HTTP address, in the form, batches and authentication that the receiver wants.

mod body;
mod setup;

#[cfg(test)]
mod tests;

use body::Form;
use campanile_guest::{
    Batch, Endpoint, Failure, Message, Notification, Params, Problem, Queue, Recipient, Request,
    Scheme, delivery_id, row, secret,
};

/// The endpoint.
#[derive(Debug)]
pub struct Webhook;

campanile_guest::export_endpoint!(Webhook);

impl Endpoint for Webhook {
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure> {
        let size = setup::alerts_per_request(recipient.params())?;
        Ok(queue.groups(budget, size, |alerts| {
            vec![request(recipient, alerts).into()]
        }))
    }

    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure> {
        setup::alerts_per_request(recipient.params())?;
        Ok(vec![request(recipient, &[]).into()])
    }

    fn lint(params: &Params, _complete: bool) -> Vec<Problem> {
        setup::problems(params)
    }
}

fn request(recipient: &Recipient, alerts: &[Notification]) -> Request {
    let request = Request::new(recipient.param("method").unwrap_or("POST"), secret("url"))
        .header("Idempotency-Key", delivery_id());
    let mut request = Form::of(recipient.params()).write(request, recipient, alerts);
    for (name, _) in recipient.rows("headers") {
        request = request.header(name, row("headers", name));
    }
    if recipient.is_set("bearer") {
        request = request.auth(Scheme::bearer(secret("bearer")));
    }
    if let Some(user) = recipient.param("user") {
        request = request.auth(Scheme::basic(user, secret("password")));
    }
    match recipient.param("signing") {
        Some("standard-webhooks") => request.auth(Scheme::standard_webhooks("signing_key")),
        Some("hmac-sha256") => {
            let header = recipient
                .param("signature_header")
                .unwrap_or("X-Campanile-Signature");
            request.auth(Scheme::hmac_sha256("signing_key", header, "sha256="))
        }
        _ => request,
    }
}
