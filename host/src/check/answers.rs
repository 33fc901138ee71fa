//! What a component makes of responses: of every class of status, and of bodies that nobody announced.

mod bodies;

use std::time::Duration;

use campanile_contract::manifest::{Carries, Manifest, When};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::alerts::Built;
use super::report::Finding;
use super::rule::Rule;
use super::sample::Answer;
use super::stand::{NOW, Stand};
use crate::deliver::rehearse::{self, Judged};
use crate::egress::{Received, Report};
use crate::job::{Carried, Stored};
use crate::message::Message;
use crate::outcome::{Outcome, Reason};
use crate::sandbox::{Answered, Call};

/// Every status that RFC 9110 and its registry name, some that proxies made up, and both ends of each class.
const STATUSES: [u16; 52] = [
    200, 201, 202, 204, 205, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 399, 400, 401, 402,
    403, 404, 405, 406, 407, 408, 409, 410, 411, 413, 414, 415, 418, 421, 422, 423, 424, 425, 426,
    428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 507, 520, 529, 599,
];

/// Replies of mail servers (RFC 5321, section 4.2.3, and RFC 4954).
const REPLIES: [u16; 13] = [
    250, 251, 421, 450, 451, 452, 454, 501, 530, 535, 550, 552, 554,
];

/// What a 429 asks for in these tests.
const ASKED: u64 = 7;

/// Tries all statuses and bodies on these deliveries.
pub(super) fn check(stand: &mut Stand<'_>, delivered: &[Built]) {
    for (which, built) in delivered.iter().enumerate() {
        let what = if which == 0 {
            String::from("one alert")
        } else {
            format!("{} alerts", built.alerts.len())
        };
        let statuses = match built.delivery.messages.first() {
            Some(Message::Mail(_)) => &REPLIES[..],
            Some(Message::Syslog(_)) => {
                stand.ledger.look(Rule::Responses);
                if let Some(finding) = unanswered(&stand.manifest) {
                    stand.ledger.add(Rule::Responses, finding);
                }
                continue;
            }
            _ => &STATUSES[..],
        };
        for status in statuses.iter().copied() {
            for (body_name, body) in bodies::of(&stand.manifest) {
                // The rest of the cross differs in nothing that a batch would change.
                if which > 0 && !matches!(status, 200 | 250 | 400 | 429 | 450 | 503 | 550) {
                    continue;
                }
                let case = format!("{status} with {body_name}, for {what}");
                let mut headers = HeaderMap::new();
                if matches!(status, 429 | 503) {
                    headers.insert(http::header::RETRY_AFTER, HeaderValue::from(ASKED));
                }
                let received = received(status, headers, body.into_bytes());
                one(stand, &case, built, received);
            }
        }
        let mut hidden = received(400, HeaderMap::new(), Vec::new());
        hidden.secret_shown = true;
        one(
            stand,
            "400 in which a secret shows, so that nothing is given",
            built,
            hidden,
        );
    }
}

/// Nobody answers a syslog line, so that a component which sends nothing else reads nothing.
fn unanswered(manifest: &Manifest) -> Option<Finding> {
    let mut routes = manifest.routes.iter();
    let only_lines = routes.all(|route| manifest.carries(route) == Carries::Lines);
    (only_lines && manifest.reads.when != When::Never).then(|| {
        Finding::failure(
            "reads of the manifest",
            "responses are asked for, and nobody answers a syslog line",
            "who consents is told of something that never happens",
            "take it out of the manifest",
        )
    })
}

/// What the destination's own answer to a message that arrived leaves as the receipt of its first alert.
pub(super) fn arrived(stand: &mut Stand<'_>, built: &Built) -> Option<String> {
    if let Some(Message::Syslog(_)) = built.delivery.messages.first() {
        return None;
    }
    let answer = stand.sample.response.clone();
    let declared = answer.is_some();
    let Answer {
        status,
        headers,
        body,
    } = answer.unwrap_or_else(|| Answer {
        status: 200,
        headers: std::collections::BTreeMap::new(),
        body: bodies::filled(&stand.manifest),
    });
    let headers = headers
        .iter()
        .filter_map(|(name, value)| {
            Some((
                name.parse::<HeaderName>().ok()?,
                value.parse::<HeaderValue>().ok()?,
            ))
        })
        .collect();
    let received = received(status, headers, body.into_bytes());
    let case = "the sample's own response";
    let judged = one(stand, case, built, received)?;
    if declared && judged.outcome != Outcome::Delivered {
        let finding = Finding::failure(
            "read-response",
            format!(
                "the response that the sample declares is judged `{}`: {}",
                judged.outcome.as_str(),
                judged.reason
            ),
            "the sample says that the message arrived",
            "correct read-response, or `response` in the sample",
        );
        stand
            .ledger
            .add(Rule::Responses, finding.of(stand.case(case)));
    }
    judged
        .receipts
        .into_iter()
        .find(|(alert, _)| *alert == 0)
        .map(|(_, receipt)| receipt)
}

fn received(status: u16, headers: HeaderMap, body: Vec<u8>) -> Received {
    Received {
        status,
        headers,
        body,
        truncated: false,
        encoded: false,
        secret_shown: false,
        mail: None,
    }
}

/// One response to a delivery's first message: what host and component make of it together.
fn one(stand: &mut Stand<'_>, case: &str, built: &Built, received: Received) -> Option<Judged> {
    let delivery = stored(built);
    let by_mail = matches!(delivery.messages.first(), Some(Message::Mail(_)));
    let mut received = received;
    if by_mail {
        // What a mail server says is its code and its words.
        received.mail = Some(Report {
            reply: String::from("2.0.0 as you say"),
            ..Report::default()
        });
    }
    let received = &received;
    let verdict = match rehearse::response(&stand.manifest, delivery.progress, received) {
        None => {
            stand.ledger.look(Rule::Responses);
            None
        }
        Some(response) => {
            let call = Call::ReadResponse {
                recipient: stand.recipient.clone(),
                tag: delivery.tag.clone(),
                alerts: u32::try_from(delivery.jobs.len()).unwrap_or(u32::MAX),
                response,
            };
            match stand.call(Rule::Responses, case, call)? {
                Answered::Verdict(verdict) => Some(verdict),
                _ => return None,
            }
        }
    };
    if let Some((next, _)) = verdict.as_ref().and_then(|verdict| verdict.next.as_ref()) {
        stand.message(&format!("the follow-up of {case}"), 0, next);
    }
    match rehearse::outcome(&stand.manifest, &delivery, received, verdict, NOW) {
        Ok(judged) => {
            if !by_mail && let Some(finding) = senseless(received.status, &judged) {
                stand
                    .ledger
                    .add(Rule::Responses, finding.of(stand.case(case)));
            }
            Some(judged)
        }
        Err(fault) => {
            stand.failed(Rule::Responses, "read-response", case, &fault);
            None
        }
    }
}

/// The delivery as the store would hold it.
fn stored(built: &Built) -> Stored {
    let carried =
        |(number, alert): (i64, &campanile_contract::notification::Notification)| Carried {
            job: number,
            alert: alert.id.clone(),
            fingerprint: alert.fingerprint.clone(),
            releases: alert.ends_at.is_some(),
            answers: alert.receipt.is_some(),
        };
    Stored {
        id: String::from("01a20121-3f93-7e8c-9662-000000000000"),
        tenant: String::from("check"),
        recipient: 1,
        component: String::new(),
        params: String::new(),
        jobs: (1..).zip(&built.alerts).map(carried).collect(),
        messages: built.delivery.messages.clone(),
        progress: 0,
        tag: built.delivery.tag.clone(),
        attempts: 0,
        created_at: NOW,
        accepted_at: NOW,
        due: NOW,
    }
}

/// What no destination can mean by such a status, whatever the body says that the component was not told to
/// expect.
fn senseless(status: u16, judged: &Judged) -> Option<Finding> {
    let finding = |what: String, why: &str, fix: &str| {
        Some(Finding::failure("read-response", what, why, fix))
    };
    match (status, judged.outcome) {
        (500..=599, _) if judged.reason == Reason::Overruled => finding(
            String::from("it calls a 5xx delivered"),
            "the destination says that it failed; the host overrules this, and sends again",
            "agree with the host on 5xx, or name a time to try again",
        ),
        (401 | 403 | 404 | 410, Outcome::Delivered) => finding(
            format!("it calls a {status} delivered, without an answer that says so"),
            "nobody got the alert, and nobody learns that",
            "say `delivered` only where the body says it in the destination's own way",
        ),
        (401, Outcome::Retry { .. }) => finding(
            String::from("it tries again after a 401"),
            "a void credential does not get better, and every attempt may lock the account",
            "say `endpoint-gone` where the credential is void, else agree",
        ),
        (429, Outcome::Retry { after }) if after < Some(Duration::from_secs(ASKED)) => finding(
            String::from("it tries again before the time that Retry-After names"),
            "the destination asked for more time",
            "agree, or name a longer time",
        ),
        (
            408 | 429 | 500 | 502 | 503 | 504,
            Outcome::Rejected | Outcome::Gone | Outcome::Expired,
        ) => finding(
            format!("it gives up at a {status}, without an answer that says so"),
            "such a failure passes, and the alert would be lost",
            "agree, or name a time to try again",
        ),
        (429, Outcome::Delivered) => finding(
            String::from("it calls a 429 delivered"),
            "the destination took nothing",
            "agree, or name a time to try again",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::unanswered;

    #[test]
    fn who_sends_nothing_but_syslog_lines_has_nothing_to_read() {
        let log = json!({"name": "log", "origin": {"param": "log"}});
        let post = json!({"name": "post", "origin": {"at": "https://a.example"},
            "methods": ["POST"], "paths": ["/"]});
        for (routes, when, found) in [
            (vec![&log], "never", false),
            (vec![&log], "failures", true),
            (vec![&log], "always", true),
            (vec![&log, &post], "always", false),
            (vec![&post], "always", false),
        ] {
            let manifest = serde_json::from_value(json!({
                "manifest": 1, "name": "x", "title": "x", "version": "1.0.0",
                "endpoint-param": [{"name": "log", "kind": "syslog-server"}],
                "route": routes, "reads": {"when": when},
            }));
            let told = unanswered(&manifest.unwrap());
            assert_eq!(told.is_some(), found, "{routes:?} {when}");
        }
    }
}
