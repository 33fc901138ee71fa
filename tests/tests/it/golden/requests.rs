//! Requests as golden files show them: everything that came, with names for what differs each time.

use std::fmt::Write;

use campanile::alert::sound::repeated_key;
use campanile_tests::Request;

use super::setup::{TELEGRAM_TOKEN, is_uuid};

/// Requests, one after the other.
pub(super) fn shown(requests: &[Request]) -> String {
    let mut text = String::new();
    for (at, request) in requests.iter().enumerate() {
        if at > 0 {
            text.push_str("\n======\n\n");
        }
        text.push_str(&one(request));
    }
    text
}

fn one(request: &Request) -> String {
    let path = request.path.replace(TELEGRAM_TOKEN, "{token}");
    let mut text = format!("{} {path}\n", request.method);
    let delivery = request.header("idempotency-key").unwrap_or("none");
    for (name, value) in &request.headers {
        let value = match name.as_str() {
            "host" => {
                assert!(value.starts_with("127.0.0.1:"), "host: {value}");
                "{host}"
            }
            "content-length" => {
                assert_eq!(value, &request.body.len().to_string());
                "{length}"
            }
            "idempotency-key" | "webhook-id" => {
                assert!(is_uuid(value) && value == delivery, "{name}: {value}");
                "{delivery}"
            }
            "webhook-timestamp" => "{seconds}",
            "webhook-signature" | "x-campanile-signature" => "{signature}",
            _ => value,
        };
        let _ = writeln!(text, "{name}: {value}");
    }
    let body = std::str::from_utf8(&request.body).expect("UTF-8");
    assert_eq!(repeated_key(body), None, "a name stands twice");
    text.push('\n');
    text.push_str(&visible(&lines(&named(body, &request.json()))));
    text.push('\n');
    text
}

/// The ids of alerts have names.
fn named(body: &str, json: &serde_json::Value) -> String {
    let mut text = body.to_owned();
    for alert in json["alerts"].as_array().into_iter().flatten() {
        let id = alert["id"].as_str().expect("an id");
        assert!(is_uuid(id), "{id}");
        text = text.replace(id, "{alert}");
    }
    text
}

/// JSON of one line with line ends after commas between values and after `\n` within strings; no other
/// character is touched, so that a golden file without its line ends is the body.
pub(super) fn lines(json: &str) -> String {
    assert!(!json.contains('\n'), "a body is one line");
    let mut out = String::with_capacity(json.len() * 2);
    let (mut in_string, mut escaped) = (false, false);
    for char in json.chars() {
        out.push(char);
        let ends = if escaped {
            char == 'n'
        } else {
            !in_string && char == ','
        };
        if ends {
            out.push('\n');
        }
        if char == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && char == '\\' && !escaped;
    }
    out
}

/// What cannot be seen in an editor, or turns its lines around, by number; what is too long to be read,
/// by its length.
pub(super) fn visible(text: &str) -> String {
    const LONGEST: usize = 2_000;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let count = line.chars().count();
        let cut = count.saturating_sub(LONGEST);
        for (at, char) in line.chars().enumerate() {
            if cut > 0 && (LONGEST / 2..LONGEST / 2 + cut).contains(&at) {
                if at == LONGEST / 2 {
                    let _ = write!(out, "{{{cut} characters}}");
                }
                continue;
            }
            match char {
                '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    let _ = write!(out, "{{U+{:04X}}}", u32::from(char));
                }
                char if char.is_control() && char != '\n' => {
                    let _ = write!(out, "{{U+{:04X}}}", u32::from(char));
                }
                char => out.push(char),
            }
        }
    }
    out
}

#[test]
fn line_ends_stand_after_values_and_after_line_ends_of_texts_alone() {
    for (json, expected) in [
        (r#"{"a":1,"b":2}"#, "{\"a\":1,\n\"b\":2}"),
        (r#"{"a":"x,y\nz"}"#, "{\"a\":\"x,y\\n\nz\"}"),
        (r#"{"a":"\\n\"\n,"}"#, "{\"a\":\"\\\\n\\\"\\n\n,\"}"),
        (r#"["\\",1]"#, "[\"\\\\\",\n1]"),
    ] {
        assert_eq!(lines(json), expected);
        assert_eq!(lines(json).replace('\n', ""), json);
    }
}

#[test]
fn what_cannot_be_seen_is_shown_and_what_is_long_is_counted() {
    assert_eq!(
        visible("a\u{202e}b\u{7f}\tc\u{200f}\n"),
        "a{U+202E}b{U+007F}{U+0009}c{U+200F}\n"
    );
    assert_eq!(visible(&"x".repeat(2_000)), "x".repeat(2_000));
    let shown = visible(&format!("{}{}", "x".repeat(1_000), "y".repeat(1_001)));
    assert_eq!(
        shown,
        format!("{}{{1 characters}}{}", "x".repeat(1_000), "y".repeat(1_000))
    );
}
