//! An endpoint that misbehaves as its recipient's parameter `how` says. Where a name is unknown it is honest:
//! one delivery an alert, with the alert's kind as the body.

mod answers;
mod lies;
mod mails;
mod readings;
mod resources;
mod secrets;
mod syslog;

use campanile_guest::{
    Batch, Endpoint, Failure, Markup, Message, Notification, Params, Problem, Queue, Recipient,
    Request, Response, Verdict,
};

struct Liar;

campanile_guest::export_endpoint!(Liar);

impl Endpoint for Liar {
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure> {
        let how = recipient.param("how").unwrap_or_default();
        if let Some(batch) = resources::dequeue(how, queue, recipient) {
            return Ok(batch);
        }
        let alerts = queue.chunk(budget);
        if let Some(batch) = lies::dequeue(how, &alerts, recipient) {
            return batch;
        }
        let mut batch = Batch::new();
        for alert in &alerts {
            batch.deliver_tagged([alert], messages(how, alert, recipient), String::from("0"));
        }
        Ok(batch)
    }

    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure> {
        Ok(match recipient.param("how") {
            Some("tests-nothing") => Vec::new(),
            _ => vec![hook(recipient, "test")],
        })
    }

    fn lint(params: &Params, _: bool) -> Vec<Problem> {
        match params.param("how") {
            Some("lints-what-is-right") => vec![Problem::of("how", "it is not so")],
            _ => Vec::new(),
        }
    }

    fn format_recipient_params(recipient: &Recipient) -> String {
        match recipient.param("how") {
            Some("shows-two-lines") => String::from("one\ntwo"),
            _ => recipient.name().to_owned(),
        }
    }

    fn read_response(recipient: &Recipient, response: &Response) -> Verdict {
        answers::read_response(recipient, response)
    }
}

fn messages(how: &str, alert: &Notification, recipient: &Recipient) -> Vec<Message> {
    let how = how.strip_suffix(answers::TELLS).unwrap_or(how);
    if let Some(message) = secrets::message(how, recipient) {
        return vec![message];
    }
    if how == "reads-everything" {
        return vec![hook(recipient, &readings::everything(alert, recipient))];
    }
    let title = alert.title(&Markup::Plain);
    let post = Request::post(url(recipient, "/hook"));
    match how {
        "writes-json-by-hand" => vec![
            post.header("Content-Type", "application/json")
                .text(format!("{{\"title\":\"{title}\"}}"))
                .into(),
        ],
        "puts-the-title-in-a-header" => vec![post.header("X-Title", title.as_str()).into()],
        _ => vec![hook(recipient, &alert.kind())],
    }
}

/// The honest message.
fn hook(recipient: &Recipient, body: &str) -> Message {
    Request::post(url(recipient, "/hook")).text(body).into()
}

fn url(recipient: &Recipient, path: &str) -> String {
    format!("{}{path}", recipient.param("url").unwrap_or_default())
}
