//! Whether a syslog line may have these fields, by RFC 5424, section 6. Pure.
//!
//! | field | may be |
//! |---|---|
//! | facility; severity | 0 to 23; 0 to 7 |
//! | TIMESTAMP | up to the year 9999, as RFC 3339 can write it |
//! | HOSTNAME, APP-NAME, MSGID | at most 255, 48 and 32 visible ASCII characters; none is `-` |
//! | SD-ID | at most 32 visible ASCII characters but `=`, `]` and `"`: a name, `@` and an enterprise's number; once |
//! | PARAM-NAME | the same characters |
//! | PARAM-VALUE, MSG | any text without control characters |
//!
//! SD-IDs without `@` are IANA's. Those that there are say who sent a line and how good its clock is, or number the
//! sender's lines: that is not a component's to say.
//!
//! A control character breaks no frame, but what a server writes to a file is read line by line: behind a line feed
//! another line would begin that nobody sent, and behind a NUL some readers see nothing.

use std::collections::BTreeSet;

use crate::alert::time;
use crate::egress::failure::Failure;
use crate::message::{Element, Syslog};
use crate::outcome::Reason;

const HOSTNAME: usize = 255;
const APP_NAME: usize = 48;
const MSGID: usize = 32;
const SD_NAME: usize = 32;

/// Every field in its range, and with characters that it may have.
pub(super) fn judge(line: &Syslog) -> Result<(), Failure> {
    for (what, value, most) in [
        ("facility", line.facility, 23),
        ("severity", line.severity, 7),
    ] {
        if value > most {
            return refused(format!("the {what} {value} is above {most}"));
        }
    }
    if line.timestamp > time::LAST {
        return refused(String::from("the time is after the year 9999"));
    }
    let message_id = line.message_id.as_deref().unwrap_or_default();
    for (what, text, most) in [
        ("HOSTNAME", line.hostname.as_str(), HOSTNAME),
        ("APP-NAME", &line.app_name, APP_NAME),
        ("MSGID", message_id, MSGID),
    ] {
        if text.len() > most || !is_visible(text) {
            return refused(format!(
                "{what} is not at most {most} visible ASCII characters: {}",
                text.escape_debug()
            ));
        }
    }
    let mut ids = BTreeSet::new();
    for element in &line.structured_data {
        judge_element(element)?;
        if !ids.insert(&element.id) {
            return refused(format!("the SD-ID {} stands there twice", element.id));
        }
    }
    readable("MSG", &line.message)
}

fn judge_element(Element { id, params }: &Element) -> Result<(), Failure> {
    let private = id.split_once('@').is_some_and(|(name, number)| {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        !name.is_empty() && !number.is_empty() && digits
    });
    if !is_sd_name(id) || !private {
        return refused(format!(
            "{} is no SD-ID of one's own, such as name@32473",
            id.escape_debug()
        ));
    }
    for (name, value) in params {
        if !is_sd_name(name) {
            return refused(format!("{} is no PARAM-NAME", name.escape_debug()));
        }
        readable(name, value)?;
    }
    Ok(())
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_sd_name(name: &str) -> bool {
    (1..=SD_NAME).contains(&name.len()) && is_visible(name) && !name.contains(['=', ']', '"'])
}

fn readable(what: &str, text: &str) -> Result<(), Failure> {
    if text.chars().any(char::is_control) {
        return refused(format!(
            "{what} has a line end or another control character"
        ));
    }
    Ok(())
}

fn refused<T>(detail: String) -> Result<T, Failure> {
    Err(Failure::new(Reason::SyslogField, detail))
}
