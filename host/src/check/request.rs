//! One message: judged and filled as the way out does it, and parsed as a destination would.

use std::collections::BTreeSet;

use campanile_contract::manifest::{Manifest, ParamKind, Place};

use super::report::{Finding, Ledger};
use super::rule::Rule;
use super::stand::{NOW, Stand};
use crate::egress::{self, Failure};
use crate::message::{Body, Fact, HttpRequest, Message, Part, Scheme, Template};
use crate::outcome::Reason;

/// A signing key stands nowhere; this is how its use is noted.
const SIGNS: &str = "a signature";

impl Stand<'_> {
    /// Judges one message of a case.
    pub(super) fn message(&mut self, case: &str, at: usize, message: &Message) {
        self.ledger.look(Rule::Requests);
        let first = egress::shown(message);
        let first = first.lines().next().unwrap_or_default();
        let case = self.case(&format!("{case}, message {at}: {}", shortened(first)));
        match egress::rehearse(&self.sender, message, NOW) {
            Ok(rehearsed) => {
                self.used_body(rehearsed.body);
                for (name, place) in rehearsed.stands {
                    self.stands.insert((name, place.to_string()));
                }
            }
            Err(failure) => {
                self.ledger
                    .add(Rule::Requests, refused(&failure).of(case.as_str()));
            }
        }
        let Message::Http(request) = message else {
            return;
        };
        for scheme in &request.auth {
            if let Scheme::StandardWebhooks { key } | Scheme::HmacSha256 { key, .. } = scheme {
                self.stands.insert((key.clone(), SIGNS.to_owned()));
            }
        }
        if let Some(finding) = unparsed(request) {
            self.ledger.add(Rule::Requests, finding.of(case));
        }
    }
}

fn shortened(line: &str) -> String {
    const ENOUGH: usize = 100;
    let end = line.floor_char_boundary(ENOUGH);
    if end < line.len() {
        format!("{}...", &line[..end])
    } else {
        line.to_owned()
    }
}

/// Where in a request, and what to do, by the reason that the way out gave.
fn refused(failure: &Failure) -> Finding {
    let (place, fix) = match failure.reason {
        Reason::Url => (
            "the URL of a request",
            "encode what stands in it: `percent`",
        ),
        Reason::Scheme | Reason::UserInfo => (
            "the URL of a request",
            "use https, and `auth` for credentials",
        ),
        Reason::Route => (
            "the method or URL of a request",
            "add the method or path to a route of the manifest, or keep to what is there",
        ),
        Reason::SecretPlace => (
            "a secret in a request",
            "declare the place under `uses` of that parameter, or take the secret out of there",
        ),
        Reason::EnterSecretAgain => (
            "a secret in a request",
            "use it only where it is set: its value reads `set` in the parameters",
        ),
        Reason::HeaderName => (
            "a header of a request",
            "leave it to the host, or use `auth`",
        ),
        Reason::HeaderValue => (
            "a header of a request",
            "keep text of alerts out of headers: it may have line breaks and letters of any script",
        ),
        Reason::SyslogField => (
            "a field of a syslog line",
            "keep to the lengths and characters of wit/README.md: text of alerts may have line breaks and letters of any script",
        ),
        Reason::RequestTooLarge => (
            "the size of a request",
            "cut or split the text: `text.split`",
        ),
        _ => (
            "a request",
            "see the list of what is refused in wit/README.md",
        ),
    };
    Finding::failure(
        place,
        failure.to_string(),
        "the host refuses it, and the alerts become dead letters",
        fix,
    )
}

/// What a destination could not read of it.
fn unparsed(request: &HttpRequest) -> Option<Finding> {
    let content_type = request
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map(|(_, value)| unfilled(value).to_ascii_lowercase());
    let text = match &request.body {
        Body::Text(template) => unfilled(template),
        Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Body::None | Body::Form(_) => return None,
    };
    let Some(content_type) = content_type else {
        let why = "a destination has to guess what the body is";
        let fix = "add the header Content-Type";
        return Some(
            Finding::failure(
                "the headers of a request",
                "the body has no Content-Type",
                why,
                fix,
            )
            .as_advice(),
        );
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence != "application/json" && !essence.ends_with("+json") {
        return None;
    }
    let error = serde_json::from_str::<serde::de::IgnoredAny>(&text).err()?;
    Some(Finding::failure(
        format!("the body of a request, near {:?}", around(&text, &error)),
        format!("it is not the JSON that its Content-Type says: {error}"),
        "the destination refuses it",
        "build the body with a JSON library; text of alerts has quotes, backslashes and control characters",
    ))
}

/// A template with plain letters in its holes, and a number where one is meant.
fn unfilled(template: &Template) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Fact(Fact::UnixSeconds, _) => (NOW / 1000).to_string(),
        Part::Secret(..) | Part::Fact(..) => String::from("hole"),
    };
    template.iter().map(part).collect()
}

fn around(text: &str, error: &serde_json::Error) -> String {
    const AROUND: usize = 20;
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let from = line.floor_char_boundary(error.column().saturating_sub(AROUND));
    let to = line.floor_char_boundary(error.column().saturating_add(AROUND));
    line[from..to].to_owned()
}

/// That each place that the manifest declares for a secret was used by some request of some sample.
pub(super) fn places(
    manifest: &Manifest,
    stands: &BTreeSet<(String, String)>,
    ledger: &mut Ledger,
) {
    let stood = |name: &str, place: &Place| {
        stands.iter().any(|(secret, there)| {
            let (parameter, key) = secret.split_once('/').unwrap_or((secret, ""));
            parameter == name
                && match place {
                    Place::HeaderByKey => there
                        .strip_prefix("header:")
                        .is_some_and(|header| header.eq_ignore_ascii_case(key)),
                    place => *there == place.to_string(),
                }
        })
    };
    for (level, params) in [
        ("endpoint-param", &manifest.endpoint_params),
        ("recipient-param", &manifest.recipient_params),
    ] {
        for (at, param) in params.iter().enumerate() {
            if param.kind == ParamKind::SigningKey {
                ledger.look(Rule::Secrets);
                if !stands.contains(&(param.name.clone(), SIGNS.to_owned())) {
                    let key = format!("{level}[{at}]");
                    ledger.add(Rule::Secrets, unused(&key, &param.name, SIGNS));
                }
            }
            for (number, allowed) in param.uses.iter().enumerate() {
                ledger.look(Rule::Secrets);
                if !stood(&param.name, &allowed.place) {
                    let key = format!("{level}[{at}].uses[{number}]");
                    let place = allowed.place.to_string();
                    ledger.add(Rule::Secrets, unused(&key, &param.name, &place));
                }
            }
        }
    }
}

fn unused(key: &str, name: &str, place: &str) -> Finding {
    Finding::failure(
        format!("{key} of the manifest"),
        format!("`{name}` is declared for {place}, and no request of any sample has it there"),
        "a place that is not needed is a way out for the secret",
        "take it out of the manifest, or add a sample that uses it",
    )
}
