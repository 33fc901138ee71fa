//! A syslog line as text: RFC 5424, section 6. What stands in it was judged.

use std::fmt::Write;

use crate::alert::time;
use crate::message::Syslog;

/// What stands for a field that is not known.
const NIL: &str = "-";

/// The line. It names no process: none of this host has anything to do with what happened.
pub(super) fn line(given: &Syslog) -> String {
    let priority = u16::from(given.facility) * 8 + u16::from(given.severity);
    let time = time::format(given.timestamp);
    let [host, app, id] = [
        given.hostname.as_str(),
        &given.app_name,
        given.message_id.as_deref().unwrap_or_default(),
    ]
    .map(|field| if field.is_empty() { NIL } else { field });
    let mut line = format!("<{priority}>1 {time} {host} {app} {NIL} {id} ");
    for element in &given.structured_data {
        let _ = write!(line, "[{}", element.id);
        for (name, value) in &element.params {
            let _ = write!(line, " {name}=\"{}\"", escaped(value));
        }
        line.push(']');
    }
    if given.structured_data.is_empty() {
        line.push_str(NIL);
    }
    if !given.message.is_empty() {
        line.push(' ');
        // Whoever sends UTF-8 says so (section 6.4); ASCII is the same to every reader.
        if !given.message.is_ascii() {
            line.push('\u{feff}');
        }
        line.push_str(&given.message);
    }
    line
}

/// Section 6.3.3: these three, and nothing else.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
