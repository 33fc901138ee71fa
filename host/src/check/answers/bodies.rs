//! Bodies of responses: none, of another kind, of the declared shape with other types, and noise.

use campanile_contract::manifest::Manifest;
use serde_json::{Map, Value, json};

const HTML: &str =
    "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>It works!</h1></body></html>";

/// All bodies, by what they are.
pub(super) fn of(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let mut bodies = vec![
        ("an empty body", String::new()),
        ("HTML", HTML.to_owned()),
        (
            "other JSON",
            String::from(r#"{"unheard":["of",{"x":null}]}"#),
        ),
        ("a JSON list", String::from("[1,2,3]")),
        ("half of a JSON text", String::from(r#"{"ok":tr"#)),
        (
            "noise",
            String::from("\u{0}\u{1}\u{fffd}%{x}\"\\\r\n\u{202e}"),
        ),
    ];
    for (name, value) in [
        ("text in every declared place", json!("<b>text</b>")),
        ("numbers in every declared place", json!(-1)),
        ("huge numbers in every declared place", json!(1e308)),
        ("null in every declared place", Value::Null),
        ("lists in every declared place", json!([[], {}])),
    ] {
        if !manifest.reads.body.is_empty() {
            bodies.push((name, with(manifest, &value)));
        }
    }
    bodies
}

/// The declared places filled as a destination might that took the message.
pub(super) fn filled(manifest: &Manifest) -> String {
    with(manifest, &json!(7))
}

/// A document with this value at each pointer that the manifest reads.
fn with(manifest: &Manifest, value: &Value) -> String {
    let mut document = Value::Object(Map::new());
    for pointer in &manifest.reads.body {
        let mut at = &mut document;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            let Value::Object(members) = at else { continue };
            at = members.entry(token).or_insert(Value::Null);
        }
        *at = value.clone();
    }
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_pointer_is_filled() {
        let manifest: Manifest = serde_json::from_value(json!({
            "manifest": 1, "name": "x", "title": "x", "version": "1.0.0",
            "reads": {"when": "always", "body": ["/ok", "/a/b", "/a/c~1d", "/list/0/id"]},
        }))
        .unwrap();
        let document: Value = serde_json::from_str(&filled(&manifest)).unwrap();
        for pointer in &manifest.reads.body {
            assert_eq!(document.pointer(pointer), Some(&json!(7)), "{pointer}");
        }
        assert_eq!(of(&manifest).len(), 11);
    }
}
