//! From a tree to a [`Manifest`], or all keys that are missing, unknown or of the wrong type.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::mistake::Findings;
use super::{Definition, Manifest, ParamSpec, Route};

/// Reads one item at a path.
type ReadItem = fn(&Value, &str, &mut Findings);

/// Lists whose items are read one by one, so that one author's mistakes are all told at once.
const LISTS: [(&str, ReadItem); 4] = [
    ("endpoint-param", read_item::<ParamSpec>),
    ("recipient-param", read_item::<ParamSpec>),
    ("route", read_item::<Route>),
    ("definition", read_item::<Definition>),
];

/// The manifest, where the tree has its shape; else what is wrong is added to `findings`.
pub(super) fn read(tree: &Value, findings: &mut Findings) -> Option<Manifest> {
    if let Some(version) = tree.get("manifest").filter(|version| **version != 1) {
        findings.add(
            "manifest",
            &format!("`{version}` is not a version of this format that is known here"),
            "1",
        );
        return None;
    }
    let before = findings.0.len();
    tables(tree, findings);
    if findings.0.len() > before {
        return None;
    }
    let mut rest = tree.clone();
    for (key, read_item) in LISTS {
        if let Some(Value::Array(items)) = rest.get_mut(key).map(Value::take) {
            for (at, item) in items.iter().enumerate() {
                read_item(item, &format!("{key}[{at}]"), findings);
            }
            rest[key] = Value::Array(Vec::new());
        } else if let Some(object) = rest.as_object_mut()
            && let Some(other) = tree.get(key)
        {
            object.insert(key.to_owned(), other.clone());
        }
    }
    let _: Option<Manifest> = read_value(&rest, "", findings);
    if findings.0.len() > before {
        return None;
    }
    read_value(tree, "", findings)
}

/// Serde also reads a struct from a list of its values in order; here a table is a table.
fn tables(tree: &Value, findings: &mut Findings) {
    let Value::Object(members) = tree else {
        findings.add("", "it is not a table", "the keys of a manifest");
        return;
    };
    for (key, value) in members.iter().filter(|(key, _)| *key != "locales") {
        if matches!(key.as_str(), "reads" | "pacing") && value.is_array() {
            findings.add(key, "it is a list", "one table");
        }
        no_list_in_a_list(value, key, findings);
    }
}

fn no_list_in_a_list(value: &Value, path: &str, findings: &mut Findings) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let path = format!("{path}[{at}]");
                findings.require(!item.is_array(), &path, "it is a list", "no list in a list");
                no_list_in_a_list(item, &path, findings);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                no_list_in_a_list(member, &super::document::below(path, key), findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn read_item<T: DeserializeOwned>(item: &Value, path: &str, findings: &mut Findings) {
    let _: Option<T> = read_value(item, path, findings);
}

fn read_value<T: DeserializeOwned>(
    value: &Value,
    path: &str,
    findings: &mut Findings,
) -> Option<T> {
    match serde_path_to_error::deserialize::<_, T>(value) {
        Ok(read) => Some(read),
        Err(error) => {
            let inner = match error.path().to_string().as_str() {
                "." => String::new(),
                inner => inner.to_owned(),
            };
            let key = match (path, inner.as_str()) {
                (path, "") => path.to_owned(),
                ("", inner) => inner.to_owned(),
                (path, inner) => format!("{path}.{inner}"),
            };
            let (key, what, expected) = in_words(key, &error.inner().to_string());
            findings.add(&key, &what, &expected);
            None
        }
    }
}

/// Serde's message in the words of this format.
fn in_words(key: String, message: &str) -> (String, String, String) {
    let (what, expected) = message
        .split_once("; expected ")
        .or_else(|| message.split_once(", expected "))
        .unwrap_or((message, ""));
    let expected = expected.replace('`', "");
    let expected = expected
        .strip_prefix("one of ")
        .unwrap_or(&expected)
        .to_owned();
    let name = |prefix: &str| {
        what.strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix('`'))
    };
    if let Some(name) = name("missing field `") {
        return (
            super::document::below(&key, name),
            "it is missing".to_owned(),
            expected,
        );
    }
    if let Some(name) = name("unknown field `") {
        let key = match key.strip_suffix(name) {
            Some("") => String::new(),
            Some(table) if table.ends_with('.') => table[..table.len() - 1].to_owned(),
            _ => key,
        };
        let key = super::document::below(&key, name);
        return (key, format!("there is no key `{name}`"), expected);
    }
    if let Some(name) = name("unknown variant `") {
        let last = key
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .split('[')
            .next()
            .unwrap_or_default();
        let article = if last.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        let what = match last {
            "" | "when" | "limits" => format!("there is no `{name}`"),
            last => format!("`{name}` is not {article} {last}"),
        };
        return (key, what, expected);
    }
    (key, what.to_owned(), expected)
}

#[cfg(test)]
mod tests {
    use crate::manifest::sample::{ENDPOINT, each_makes_one_mistake, edited, told};

    #[test]
    fn the_shape_is_strict() {
        each_makes_one_mistake(
            ENDPOINT,
            &[
                (
                    "manifest = 1",
                    "manifest = 2",
                    "manifest: `2` is not a version",
                ),
                (
                    "manifest = 1",
                    "manifest = \"1\"",
                    "manifest: `\"1\"` is not a version",
                ),
                ("manifest = 1", "", "manifest: it is missing"),
                ("name = \"telegram\"", "", "name: it is missing"),
                (
                    "name = \"telegram\"",
                    "name = 3",
                    "name: invalid type: integer `3`; expected a string",
                ),
                (
                    "title = ",
                    "titel = \"x\"\ntitle = ",
                    "titel: there is no key `titel`; expected manifest, name",
                ),
                (
                    "kind = \"secret\"",
                    "kind = \"secrt\"",
                    "endpoint-param[0].kind: `secrt` is not a kind; expected text, multiline",
                ),
                (
                    "kind = \"secret\"",
                    "kind = \"Secret\"",
                    "endpoint-param[0].kind: `Secret` is not a kind",
                ),
                (
                    "required = true",
                    "required = \"yes\"",
                    "endpoint-param[0].required: invalid type",
                ),
                (
                    "required = true",
                    "requird = true",
                    "endpoint-param[0].requird: there is no key `requird`; expected name, kind",
                ),
                (
                    "place = \"path\"",
                    "place = \"Path\"",
                    "endpoint-param[0].uses[0].place: `Path` is not a place; expected authorization",
                ),
                (
                    "place = \"path\"",
                    "place = \"header:X-A\"",
                    "endpoint-param[0].uses[0].place: `header:X-A` is not a place",
                ),
                (
                    "place = \"path\"",
                    "place = \"path\", x = 1",
                    "endpoint-param[0].uses[0].x: there is no key `x`",
                ),
                (
                    ", place = \"path\"",
                    "",
                    "endpoint-param[0].uses[0].place: it is missing",
                ),
                (
                    "origin = { param = \"api\" }",
                    "origin = { parm = \"api\" }",
                    "route[0].origin",
                ),
                (
                    "origin = { param = \"api\" }",
                    "origin = { param = \"api\", at = \"https://a.b\" }",
                    "route[0].origin",
                ),
                (
                    "origin = { param = \"api\" }",
                    "origin = \"https://a.b\"",
                    "route[0].origin",
                ),
                (
                    "when = \"always\"",
                    "when = \"sometimes\"",
                    "reads.when: there is no `sometimes`; expected never, failures, always",
                ),
                (
                    "when = \"always\"",
                    "whn = \"always\"",
                    "reads.whn: there is no key `whn`",
                ),
                (
                    "linger = \"1s\"",
                    "linger = \"1\"",
                    "pacing.linger: `1` is not a length of time; expected a whole number",
                ),
                (
                    "linger = \"1s\"",
                    "linger = \"61m\"",
                    "pacing.linger: `61m` is too long; expected at most 3600s",
                ),
                (
                    "\"30/1s\"",
                    "\"30/0s\"",
                    "pacing.per-endpoint[0]: `30/0s` is not a rate; expected",
                ),
                (
                    "\"20/60s\"",
                    "\"0/60s\"",
                    "pacing.per-destination[1]: `0/60s` is not a rate",
                ),
                (
                    "alerts = 100",
                    "alerts = -1",
                    "pacing.alerts: invalid value",
                ),
                (
                    "alerts = 100",
                    "alerts = 1.5",
                    "pacing.alerts: invalid type",
                ),
                (
                    "in-flight = 4",
                    "in_flight = 4",
                    "pacing.in_flight: there is no key `in_flight`",
                ),
                ("[pacing]", "[[pacing]]", "pacing"),
                (
                    "[[endpoint-param]]\nname = \"token\"",
                    "[endpoint-parm]\n[[endpoint-param]]\nname = \"token\"",
                    "endpoint-parm: there is no key",
                ),
                (
                    "features = [\"http\"]",
                    "features = \"http\"",
                    "features: invalid type",
                ),
            ],
        );
        assert!(
            !told(&edited(
                ENDPOINT,
                "name = \"telegram\"",
                "name = \"a\"\nname = \"b\""
            ))
            .is_empty()
        );
        assert!(!told("").is_empty());
        for (from, to, key) in [
            (
                "uses = [{ route = \"send\", place = \"path\" }]",
                "uses = [[\"send\", \"path\"]]",
                "endpoint-param[0].uses[0]: ",
            ),
            (
                "[reads]\nwhen = \"always\"",
                "[[reads]]\nwhen = \"always\"",
                "reads: ",
            ),
        ] {
            let told = told(&edited(ENDPOINT, from, to));
            assert!(told.len() == 1 && told[0].contains(key), "{told:?}");
        }
    }
}
