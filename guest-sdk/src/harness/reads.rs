//! What of a response a component is given: what its manifest's `[reads]` declares.

use campanile_contract::manifest::{Reads, When};
use serde_json::{Map, Value};

/// The largest body that a component is given, in bytes, as the contract says.
const BODY_LIMIT: usize = 64 * 1024;

/// What a component is given of a body that is no JSON, in bytes, where the manifest names `text`.
const TEXT_LIMIT: usize = 1024;

/// Whether `read-response` is called at all.
pub(super) fn wanted(reads: &Reads, status: u16, some_refused: bool) -> bool {
    match reads.when {
        When::Never => false,
        When::Failures => some_refused || !(200..300).contains(&status),
        When::Always => true,
    }
}

/// Whether a mail's answer says that some addresses were refused.
pub(super) fn some_refused(body: &str) -> bool {
    let json: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    json.pointer("/refused")
        .and_then(Value::as_array)
        .is_some_and(|refused| !refused.is_empty())
}

/// The declared headers, with their names in lower case.
pub(super) fn headers(reads: &Reads, headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned()))
        .filter(|(name, _)| reads.headers.contains(name))
        .collect()
}

/// The whole body, or an object of the declared pointers that are there; and whether it was cut.
pub(super) fn body(reads: &Reads, body: &str) -> (String, bool) {
    if reads.body.is_empty() {
        return (String::new(), false);
    }
    if reads.body.iter().any(|pointer| pointer == "*") {
        let cut = body.floor_char_boundary(BODY_LIMIT);
        return (body[..cut].to_owned(), cut < body.len());
    }
    let json: Option<Value> = serde_json::from_str(body).ok();
    let at = |pointer: &String| match &json {
        Some(json) => json.pointer(pointer).cloned(),
        None if pointer == "text" => {
            Some(Value::from(&body[..body.floor_char_boundary(TEXT_LIMIT)]))
        }
        None => None,
    };
    let found: Map<String, Value> = reads
        .body
        .iter()
        .filter_map(|pointer| Some((pointer.clone(), at(pointer)?)))
        .collect();
    (Value::Object(found).to_string(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(when: When, body: &[&str]) -> Reads {
        Reads {
            when,
            headers: vec!["retry-after".into()],
            body: body.iter().map(|pointer| (*pointer).to_owned()).collect(),
        }
    }

    #[test]
    fn a_response_is_read_when_the_manifest_says_so() {
        for (when, status, some_refused, expected) in [
            (When::Never, 500, true, false),
            (When::Failures, 199, false, true),
            (When::Failures, 200, false, false),
            (When::Failures, 250, true, true),
            (When::Failures, 299, false, false),
            (When::Failures, 300, false, true),
            (When::Always, 200, false, true),
        ] {
            assert_eq!(
                wanted(&reads(when, &[]), status, some_refused),
                expected,
                "{when:?} {status}"
            );
        }
    }

    #[test]
    fn only_what_is_declared_is_given() {
        let reads = reads(When::Always, &["/ok", "/a/b", "/absent"]);
        assert_eq!(
            headers(&reads, &[("Retry-After", "3"), ("Set-Cookie", "x")]),
            [("retry-after".to_owned(), "3".to_owned())]
        );
        let (given, cut) = body(&reads, r#"{"ok":true,"a":{"b":[1],"c":2},"token":"x"}"#);
        assert_eq!(given, r#"{"/ok":true,"/a/b":[1]}"#);
        assert!(!cut);
        assert_eq!(body(&reads, "<html>").0, "{}");
    }

    #[test]
    fn a_body_that_is_no_json_is_text_where_that_is_declared() {
        let reads = reads(When::Always, &["/ok", "text"]);
        assert_eq!(body(&reads, "no_service").0, r#"{"text":"no_service"}"#);
        assert_eq!(body(&reads, r#"{"ok":true,"text":1}"#).0, r#"{"/ok":true}"#);
    }

    #[test]
    fn a_whole_body_is_cut_at_a_character() {
        let reads = reads(When::Always, &["*"]);
        let long = format!("x{}", "è".repeat(BODY_LIMIT));
        let (given, cut) = body(&reads, &long);
        assert_eq!(given.len(), BODY_LIMIT - 1);
        assert!(cut);
        assert_eq!(body(&reads, "short"), ("short".to_owned(), false));
    }
}
