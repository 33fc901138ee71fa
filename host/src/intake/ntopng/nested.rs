//! JSON within JSON: ntopng writes an alert's own parameters as a string that holds JSON, and 4.x another
//! such string within that one.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::Fields;
use crate::alert::sound;
use crate::intake::{Code, Fault};

/// Strings around one value that are undone. ntopng writes one, its oldest webhook two; each costs a pass
/// over the text, and deeper ones are left as the strings that they are.
const LAYERS: usize = 4;

/// The producer's alert with its nested JSON decoded in place.
pub(super) fn details(fields: &Fields<'_>) -> Result<Box<RawValue>, Fault> {
    let text = object(fields, |key, value| match key {
        "json" | "alert_json" => inner(&decoded(value)),
        _ => None,
    });
    if sound::too_deep(&text) {
        return Err(Fault::new(
            "",
            Code::TooDeep,
            format!("nested deeper than {}", sound::MAX_DEPTH),
        ));
    }
    let raw = RawValue::from_string(text)
        .map_err(|error| Fault::new("", Code::Malformed, crate::intake::body::words(&error)))?;
    Ok(sound::one_line(&raw))
}

/// The second level: what of the nested JSON is a string with JSON again.
fn inner(text: &str) -> Option<String> {
    let Ok(fields) = serde_json::from_str::<Fields<'_>>(text) else {
        return Some(text.to_owned());
    };
    Some(object(&fields, |key, value| match key {
        "status_info" | "flow_risk_info" => Some(decoded(value).into_owned()),
        _ => None,
    }))
}

/// Writes an object again, where `change` may give a field another value.
fn object(fields: &Fields<'_>, change: impl Fn(&str, &str) -> Option<String>) -> String {
    let length = fields
        .0
        .iter()
        .map(|(key, value)| key.len() + value.len() + 4);
    let mut text = String::with_capacity(length.sum::<usize>() + 2);
    text.push('{');
    for (key, value) in &fields.0 {
        if text.len() > 1 {
            text.push(',');
        }
        push_key(&mut text, key);
        text.push(':');
        text.push_str(&change(key, value).map_or(Cow::Borrowed(*value), Cow::Owned));
    }
    text.push('}');
    text
}

fn push_key(text: &mut String, key: &str) {
    if key
        .bytes()
        .all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\'))
    {
        text.push('"');
        text.push_str(key);
        text.push('"');
    } else {
        text.push_str(&serde_json::Value::from(key).to_string());
    }
}

/// The object or array that a string holds, or the value itself.
fn decoded(value: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(value);
    for _ in 0..LAYERS {
        if !text.starts_with('"') {
            break;
        }
        let Ok(inside) = serde_json::from_str::<String>(&text) else {
            break;
        };
        let inside = sound::repaired(Cow::Owned(inside));
        let Ok(raw) = serde_json::from_str::<&RawValue>(&inside) else {
            break;
        };
        text = Cow::Owned(raw.get().to_owned());
    }
    if text.starts_with(['{', '[']) {
        text
    } else {
        Cow::Borrowed(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        // Escapes that grow by addition, not by doubling, so that fifty layers stay small.
        let inside = text.replace('\\', "\\u005c").replace('"', "\\u0022");
        format!("\"{inside}\"")
    }

    fn layered(text: &str, layers: usize) -> String {
        (0..layers).fold(text.to_owned(), |text, _| quoted(&text))
    }

    fn details_of(text: &str) -> String {
        details(&Fields::of(text).unwrap())
            .unwrap()
            .get()
            .to_owned()
    }

    #[test]
    fn nested_json_is_decoded_in_place_and_keeps_its_digits() {
        let status = quoted(r#"{"big":18446744073709551615,"x":1e400}"#);
        let json = quoted(&format!(r#"{{"info":"","status_info":{status}}}"#));
        assert_eq!(
            details_of(&format!(
                r#"{{"proto.ndpi":"DNS","alert_json":{json},"proto":17}}"#
            )),
            r#"{"proto.ndpi":"DNS","alert_json":{"info":"","status_info":{"big":18446744073709551615,"x":1e400}},"proto":17}"#
        );
    }

    #[test]
    fn what_is_no_json_stays_the_string_that_it_is() {
        for json in [
            r#""""#,
            r#""a \"b\" {""#,
            r#""{\"a\":nan}""#,
            "17",
            "null",
            r#""17""#,
            r#""\"text\"""#,
        ] {
            let text = format!(r#"{{"json":{json}}}"#);
            assert_eq!(details_of(&text), text);
        }
        let other = r#"{"info":"{\"a\":1}"}"#;
        assert_eq!(details_of(other), other);
    }

    #[test]
    fn keys_keep_their_escapes() {
        let text = r#"{"a\"b":1,"\\":2,"\n":3,"é":4}"#;
        assert_eq!(details_of(text), text);
    }

    #[test]
    fn layers_are_undone_up_to_a_limit() {
        for (layers, undone) in [
            (0, true),
            (1, true),
            (LAYERS, true),
            (LAYERS + 1, false),
            (50, false),
        ] {
            let json = layered(r#"{"value":1}"#, layers);
            let details = details_of(&format!(r#"{{"json":{json}}}"#));
            assert_eq!(details == r#"{"json":{"value":1}}"#, undone, "{layers}");
        }
    }

    #[test]
    fn nested_depth_is_limited_and_nested_surrogates_are_mended() {
        let deep = quoted(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
        let fault = details(&Fields::of(&format!(r#"{{"json":{deep}}}"#)).unwrap()).unwrap_err();
        assert_eq!(fault.code, Code::TooDeep);
        let lone = quoted(r#"{"name":"\ud800"}"#);
        assert_eq!(
            details_of(&format!(r#"{{"json":{lone}}}"#)),
            r#"{"json":{"name":"\ufffd"}}"#
        );
    }
}
