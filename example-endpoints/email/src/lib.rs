//! Alerts as mails, with a text and an HTML part, through a mail server of the user's own.

mod answer;
mod page;
mod words;

#[cfg(test)]
mod tests;

use campanile_guest::{
    Action, Batch, Endpoint, Failure, Mail, Message, Notification, Params, Problem, Queue,
    Recipient, Response, Verdict, secret,
};

/// The endpoint.
#[derive(Debug)]
pub struct Email;

campanile_guest::export_endpoint!(Email);

impl Endpoint for Email {
    fn dequeue(queue: &mut Queue, recipient: &Recipient, budget: u32) -> Result<Batch, Failure> {
        let size = match recipient.param("mails") {
            Some("single") => 1,
            _ => budget,
        };
        Ok(queue.groups(budget, size, |alerts| vec![mail(recipient, alerts).into()]))
    }

    fn run_test(recipient: &Recipient) -> Result<Vec<Message>, Failure> {
        let (subject, text) = words::test(recipient);
        let mail = envelope(recipient).subject(subject).text(text);
        Ok(vec![mail.into()])
    }

    fn lint(params: &Params, _complete: bool) -> Vec<Problem> {
        let problem = match (params.is_set("user"), params.is_set("password")) {
            (true, false) => Some(Problem::of("password", "email.no_password")),
            (false, true) => Some(Problem::of("user", "email.no_user")),
            (false, false) if params.param("login") == Some("xoauth2") => {
                Some(Problem::of("user", "email.no_user"))
            }
            _ => None,
        };
        problem.into_iter().collect()
    }

    fn format_recipient_params(recipient: &Recipient) -> String {
        recipient.lines("to").collect::<Vec<_>>().join(", ")
    }

    fn read_response(_recipient: &Recipient, response: &Response) -> Verdict {
        answer::read(response)
    }
}

/// One mail about these alerts. News of a condition joins the thread that its beginning opened; an event
/// has no further news.
fn mail(recipient: &Recipient, alerts: &[Notification]) -> Mail {
    let conditions = alerts
        .iter()
        .filter(|alert| alert.action() != Action::Stored);
    conditions
        .fold(envelope(recipient), |mail, alert| {
            mail.thread(alert.fingerprint())
        })
        .subject(words::subject(recipient, alerts))
        .text(words::text(alerts))
        .html(page::html(recipient, alerts))
}

/// From whom, to whom, and how.
fn envelope(recipient: &Recipient) -> Mail {
    let mail = Mail::via(recipient.param("server").unwrap_or_default())
        .from(recipient.param("from").unwrap_or_default())
        .from_name(recipient.param("from_name").unwrap_or_default())
        .to_all(recipient.lines("to"))
        .cc_all(recipient.lines("cc"));
    match (recipient.param("user"), recipient.param("login")) {
        (Some(user), Some("xoauth2")) => mail.xoauth2(user, secret("password")),
        (Some(user), _) => mail.basic(user, secret("password")),
        (None, _) => mail,
    }
}
