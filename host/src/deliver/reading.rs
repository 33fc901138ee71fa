//! What a component may read of a response: what its manifest declared, and nothing of one in which a
//! secret shows.

use campanile_contract::manifest::{Manifest, When};

use crate::alert::pointer;
use crate::egress::Received;
use crate::message::Response;
use crate::outcome::Reason;

/// What of a body a component is given at most.
const BODY: usize = 64 << 10;

/// What of a body that is no JSON a component is given where its manifest names `text`: an error's words, and
/// of a page only its beginning.
const TEXT: usize = 1 << 10;

/// Whether the manifest wants to read this response. `some_refused`: a mail was not taken for every address.
#[must_use]
pub(super) fn wanted(manifest: &Manifest, status: u16, some_refused: bool) -> bool {
    match manifest.reads.when {
        When::Never => false,
        When::Failures => some_refused || !(200..300).contains(&status),
        When::Always => true,
    }
}

/// Why the component cannot read all of a response that it wants to read, if so.
#[must_use]
pub(super) fn unread(received: &Received) -> Option<Reason> {
    if received.encoded {
        Some(Reason::ResponseEncoding)
    } else if received.truncated {
        Some(Reason::ResponseTooLarge)
    } else {
        None
    }
}

/// The declared part of a response.
#[must_use]
pub(super) fn declared(manifest: &Manifest, message: u32, received: &Received) -> Response {
    let mut response = Response {
        message,
        status: received.status,
        headers: Vec::new(),
        body: String::new(),
        truncated: false,
    };
    if received.secret_shown {
        return response;
    }
    for name in &manifest.reads.headers {
        for value in received.headers.get_all(name.as_str()) {
            if let Ok(value) = value.to_str() {
                response.headers.push((name.clone(), value.to_owned()));
            }
        }
    }
    let body = String::from_utf8_lossy(&received.body);
    if manifest.reads.body.iter().any(|pointer| pointer == "*") {
        let end = body.floor_char_boundary(BODY);
        body[..end].clone_into(&mut response.body);
        response.truncated = received.truncated || end < body.len();
    } else if !manifest.reads.body.is_empty() {
        response.body = pointers(&manifest.reads.body, &body);
        response.truncated = received.truncated;
    }
    response
}

/// A JSON object of the pointers that are there, each with the JSON text that it points to.
fn pointers(pointers: &[String], body: &str) -> String {
    let mut object = String::from("{");
    for pointer in pointers {
        let text;
        let value = if pointer == "text" {
            // Anything that is JSON has pointers.
            if serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok() {
                continue;
            }
            text = serde_json::Value::from(&body[..body.floor_char_boundary(TEXT)]).to_string();
            text.as_str()
        } else if let Some(value) = pointer::find(body, pointer) {
            value
        } else {
            continue;
        };
        if object.len() + pointer.len() + value.len() > BODY {
            continue;
        }
        if object.len() > 1 {
            object.push(',');
        }
        object.push_str(&serde_json::Value::from(pointer.as_str()).to_string());
        object.push(':');
        object.push_str(value);
    }
    object.push('}');
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_body_that_is_no_json_is_given_where_text_is_declared() {
        let all = |body: &str| {
            let declared = [String::from("/ok"), String::from("text")];
            pointers(&declared, body)
        };
        assert_eq!(all("no_service"), r#"{"text":"no_service"}"#);
        assert_eq!(all("<p>\"ok\""), r#"{"text":"<p>\"ok\""}"#);
        assert_eq!(all(r#"{"ok":true,"text":"x"}"#), r#"{"/ok":true}"#);
        assert_eq!(all("\"ok\""), "{}");
        assert_eq!(pointers(&[String::from("/ok")], "no_service"), "{}");
        let page = format!("x{}", "\u{e8}".repeat(TEXT));
        let given: serde_json::Value = serde_json::from_str(&all(&page)).unwrap();
        assert_eq!(given["text"].as_str().map(str::len), Some(TEXT - 1));
    }

    #[test]
    fn only_what_is_declared_is_given_and_nothing_where_a_secret_shows() {
        let manifest: Manifest = serde_json::from_value(serde_json::json!({
            "manifest": 1, "name": "x", "title": "x", "version": "1.0.0",
            "reads": {"when": "always", "headers": ["retry-after"], "body": ["/ok", "/a/b", "/none"]},
        }))
        .unwrap();
        let mut headers = http::HeaderMap::new();
        headers.insert("retry-after", http::HeaderValue::from_static("2"));
        headers.insert("server", http::HeaderValue::from_static("x"));
        let received = Received {
            status: 429,
            headers,
            body: br#"{"ok":false,"a":{"b":18446744073709551616,"c":1},"secret":"s"}"#.to_vec(),
            truncated: false,
            encoded: false,
            secret_shown: false,
            mail: None,
        };
        assert_eq!(unread(&received), None);
        let response = declared(&manifest, 3, &received);
        assert_eq!(
            response.headers,
            [(String::from("retry-after"), String::from("2"))]
        );
        assert_eq!(
            response.body,
            r#"{"/ok":false,"/a/b":18446744073709551616}"#
        );
        assert_eq!((response.message, response.status), (3, 429));

        let shown = Received {
            secret_shown: true,
            ..received
        };
        let response = declared(&manifest, 3, &shown);
        assert_eq!(
            (
                response.headers.len(),
                response.body.as_str(),
                response.status
            ),
            (0, "", 429)
        );
        let cut = Received {
            truncated: true,
            ..shown
        };
        assert_eq!(unread(&cut), Some(Reason::ResponseTooLarge));
        let packed = Received {
            encoded: true,
            ..cut
        };
        assert_eq!(unread(&packed), Some(Reason::ResponseEncoding));
    }
}
