//! The alerts that a definition is tried with: as a producer sends them, and as nobody should.

use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::manifest::Definition;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::NOW;
use super::failure::{Failure, Rule};
use crate::alert::Alert;

/// Text that would be markup, holes, or the end of either, if anybody read it as such.
const HOSTILE: &str =
    "</b><a href=\"javascript:x\">&lt;%{entity}%{count}%%`*_[x](y)|\\\u{202e}\u{2066}\u{0}\n";

/// Bytes of a long text: more than any destination takes.
const LONG: usize = 100_000;

/// An alert and what is odd about it.
pub(super) struct Case {
    pub(super) alert: Alert,
    /// In words.
    name: String,
    /// The one field that is unlike the others.
    field: Option<String>,
}

impl Case {
    pub(super) fn failure(&self, rule: Rule, definition: &str, what: String) -> Failure {
        Failure {
            field: self.field.clone(),
            case: self.name.clone(),
            ..Failure::of(rule, definition, what)
        }
    }
}

/// Values that a field may have, and what they are called.
fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("a number", json!(2)),
        ("one", json!(1)),
        ("a fraction", json!(1081.5)),
        ("a word", json!("eth0")),
        ("a number in a string", json!("1081")),
        ("true", json!(true)),
        ("null", Value::Null),
        ("an object", json!({"a": [1, {"b": null}]})),
        ("a list", json!([1, "2"])),
        ("an empty string", json!("")),
        ("0", json!(0)),
        ("a negative number", json!(-1)),
        ("the least whole number", json!(i64::MIN)),
        ("the largest whole number", json!(u64::MAX)),
        ("the largest number", json!(f64::MAX)),
        ("the smallest number", json!(f64::MIN_POSITIVE)),
        ("hostile text", json!(HOSTILE)),
        ("a long text", json!("x ".repeat(LONG / 2))),
        ("NaN in a string", json!("NaN")),
    ]
}

/// All cases of a definition.
pub(super) fn of(definition: &Definition) -> Vec<Case> {
    let fields: Vec<(&String, &String)> = definition.fields.iter().collect();
    let details = |value: &dyn Fn(&str) -> Option<Value>| {
        let mut details = json!({});
        for (name, pointer) in &fields {
            if let Some(value) = value(name) {
                put(&mut details, pointer, value);
            }
        }
        details
    };
    let case = |name: String, field: Option<&str>, details: Option<Value>| Case {
        alert: alert(&definition.kind, details.as_ref()),
        name,
        field: field.map(str::to_owned),
    };
    let mut cases = vec![case(String::from("without its JSON"), None, None)];
    for (name, value) in values() {
        let all = details(&|_| Some(value.clone()));
        cases.push(case(format!("every field {name}"), None, Some(all)));
        if fields.is_empty() {
            break;
        }
    }
    for (field, _) in &fields {
        for usual in [json!(2), json!("eth0")] {
            let rest = details(&|name| (name != *field).then(|| usual.clone()));
            cases.push(case(String::from("missing"), Some(field), Some(rest)));
        }
        for (name, value) in values() {
            let odd = details(&|name| {
                Some(if name == *field {
                    value.clone()
                } else {
                    json!(2)
                })
            });
            cases.push(case(String::from(name), Some(field), Some(odd)));
        }
    }
    let usual = details(&|_| Some(json!(2)));
    cases.extend(events().into_iter().map(|(name, change)| {
        let mut case = case(name.to_owned(), None, Some(usual.clone()));
        change(&mut case.alert);
        case
    }));
    cases
}

/// What else an alert can be like.
type Change = Box<dyn Fn(&mut Alert)>;

fn events() -> Vec<(&'static str, Change)> {
    let entity = |kind: &'static str, value: &'static str, name: Option<&'static str>| -> Change {
        Box::new(move |alert| {
            alert.entity = Entity {
                kind: kind.to_owned(),
                value: value.to_owned(),
                name: name.map(str::to_owned),
            };
        })
    };
    let figures = |value: Option<f64>, threshold: Option<f64>| -> Change {
        Box::new(move |alert| (alert.value, alert.threshold) = (value, threshold))
    };
    let mut changes = vec![
        (
            "an entity with a hostile name",
            entity("host", "10.0.0.1@0", Some(HOSTILE)),
        ),
        (
            "an entity of an unknown kind",
            entity("camera", HOSTILE, None),
        ),
        ("an entity without a value", entity("flow", "flow", None)),
        ("no value and threshold", figures(None, None)),
        ("value and threshold 0", figures(Some(0.0), Some(-0.0))),
        ("value and threshold 1", figures(Some(1.0), Some(1.0))),
        ("an extreme value", figures(Some(f64::MAX), Some(f64::MIN))),
        (
            "an unknown subtype",
            Box::new(|alert: &mut Alert| alert.subtype = Some(HOSTILE.to_owned())) as Change,
        ),
        (
            "no source",
            Box::new(|alert: &mut Alert| alert.source.clear()),
        ),
    ];
    for severity in Severity::ALL {
        changes.push((
            "another severity",
            Box::new(move |alert| alert.severity = severity),
        ));
    }
    for action in [
        Action::Stored,
        Action::Updated,
        Action::Reminded,
        Action::Acknowledged,
        Action::Released,
    ] {
        changes.push((
            "another action",
            Box::new(move |alert| alert.action = action),
        ));
    }
    changes
}

fn alert(kind: &str, details: Option<&Value>) -> Alert {
    Alert {
        id: String::from("019b7c2a-0000-7000-8000-000000000001"),
        kind: kind.to_owned(),
        subtype: None,
        severity: Severity::Error,
        score: Some(100),
        action: Action::Engaged,
        entity: Entity {
            kind: String::from("host"),
            value: String::from("192.168.1.19@0"),
            name: None,
        },
        source: String::from("eth0"),
        category: None,
        starts_at: NOW,
        ends_at: None,
        title: None,
        message: None,
        labels: Vec::new(),
        url: None,
        threshold: Some(256.0),
        value: Some(1081.0),
        fingerprint: String::from("check"),
        details: details.and_then(|json| RawValue::from_string(json.to_string()).ok()),
    }
}

/// Puts a value where an RFC 6901 pointer leads. What stands in its way gives way: of two fields, one may be
/// inside the other.
fn put(into: &mut Value, pointer: &str, value: Value) {
    let mut at = into;
    for segment in pointer.split('/').skip(1) {
        let name = segment.replace("~1", "/").replace("~0", "~");
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[name.as_str()];
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_where_its_pointer_leads() {
        let mut json = json!({});
        for (pointer, value) in [("/a/b", 1), ("/a/c.d", 2), ("/x~1y", 3), ("/0", 4)] {
            put(&mut json, pointer, json!(value));
        }
        assert_eq!(json, json!({"a": {"b": 1, "c.d": 2}, "x/y": 3, "0": 4}));
        for (pointer, value) in [("/a/b", 1), ("/a/c.d", 2), ("/x~1y", 3), ("/0", 4)] {
            let alert = alert("k", Some(&json));
            assert_eq!(alert.detail(pointer), Some(value.to_string().as_str()));
        }
        put(&mut json, "", json!(5));
        assert_eq!(json, json!(5));
    }
}
