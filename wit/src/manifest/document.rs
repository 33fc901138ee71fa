//! A manifest's text as one tree, TOML or JSON, with the line of each key where there are lines. Nothing is
//! dropped: a key that stands twice, a date or a null is a mistake.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

use super::mistake::{Findings, Mistake, quoted};

/// The text as data.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) value: Value,
    /// By path; absent for JSON.
    lines: Option<BTreeMap<String, usize>>,
}

impl Document {
    pub(super) fn from_json(text: &str) -> Result<Self, Mistake> {
        match serde_json::from_str::<Strict>(text) {
            Ok(Strict(value)) => Ok(Self { value, lines: None }),
            Err(error) => {
                let mut findings = Findings::default();
                findings.add("", &format!("not a JSON document: {error}"), "");
                Err(findings.0.remove(0))
            }
        }
    }

    pub(super) fn from_toml(text: &str) -> Result<Self, Vec<Mistake>> {
        let starts = line_starts(text);
        let mut findings = Findings::default();
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                findings.add("", error.message(), "");
                findings.0[0].line = error.span().map(|span| line_at(&starts, span.start));
                return Err(findings.0);
            }
        };
        let mut walk = Walk {
            starts: &starts,
            lines: BTreeMap::new(),
            findings,
        };
        let value = walk.table(table.get_ref(), "");
        let document = Self {
            value,
            lines: Some(walk.lines),
        };
        if walk.findings.0.is_empty() {
            Ok(document)
        } else {
            Err(document.with_lines(walk.findings.0))
        }
    }

    /// Gives each mistake the line of its key, or of the nearest table around it.
    pub(super) fn with_lines(&self, mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
        if let Some(lines) = &self.lines {
            for mistake in &mut mistakes {
                mistake.line = Some(nearest(lines, &mistake.key));
            }
            mistakes.sort_by_key(|mistake| mistake.line);
        }
        mistakes
    }
}

fn nearest(lines: &BTreeMap<String, usize>, key: &str) -> usize {
    let mut key = key;
    loop {
        if let Some(line) = lines.get(key) {
            return *line;
        }
        match key.rfind(['.', '[']) {
            Some(end) => key = &key[..end],
            None => return 1,
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect()
}

fn line_at(starts: &[usize], offset: usize) -> usize {
    starts.partition_point(|start| *start <= offset)
}

/// The path of a key inside a table.
pub(super) fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

struct Walk<'a> {
    starts: &'a [usize],
    lines: BTreeMap<String, usize>,
    findings: Findings,
}

impl Walk<'_> {
    fn table(&mut self, table: &DeTable<'_>, path: &str) -> Value {
        let mut object = Map::new();
        for (key, value) in table {
            let path = below(path, key.get_ref());
            self.lines
                .insert(path.clone(), line_at(self.starts, key.span().start));
            object.insert(
                key.get_ref().to_string(),
                self.value(value.get_ref(), &path),
            );
        }
        Value::Object(object)
    }

    fn value(&mut self, value: &DeValue<'_>, path: &str) -> Value {
        let number = match value {
            DeValue::String(text) => return Value::String(text.to_string()),
            DeValue::Boolean(truth) => return Value::Bool(*truth),
            DeValue::Table(table) => return self.table(table, path),
            DeValue::Array(items) => {
                let items = items.iter().enumerate().map(|(at, item)| {
                    let path = format!("{path}[{at}]");
                    self.lines
                        .insert(path.clone(), line_at(self.starts, item.span().start));
                    self.value(item.get_ref(), &path)
                });
                return Value::Array(items.collect());
            }
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(Number::from),
            DeValue::Float(number) => number.as_str().parse().ok().and_then(Number::from_f64),
            DeValue::Datetime(_) => None,
        };
        number.map_or_else(
            || {
                self.findings.add(
                    path,
                    &format!("a {} that means nothing here", value.type_str()),
                    "",
                );
                Value::Null
            },
            Value::Number,
        )
    }
}

/// A JSON value without nulls, and without an object that has a key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value other than null")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the key {} stands here twice",
                    quoted(&key)
                )));
            }
            let Strict(value) = members.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_keeps_the_line_of_every_key() {
        let document = Document::from_toml(
            "a = 1\n\n[b]\nc = [\n  { d = 'x' },\n  { d = 0x1f },\n]\n[[e]]\nf = true\n[[e]]\n",
        )
        .unwrap();
        assert_eq!(
            document.value,
            serde_json::json!({"a": 1, "b": {"c": [{"d": "x"}, {"d": 31}]}, "e": [{"f": true}, {}]})
        );
        let lines = document.lines.unwrap();
        for (key, line) in [
            ("a", 1),
            ("b", 3),
            ("b.c", 4),
            ("b.c[1].d", 6),
            ("e[0].f", 9),
            ("e[1].g.h[2]", 10),
            ("z", 1),
        ] {
            assert_eq!(nearest(&lines, key), line, "{key}");
        }
    }

    #[test]
    fn toml_that_cannot_be_read_names_its_line() {
        for (text, line) in [
            ("a = 1\na = 2\n", 2),
            ("\n\nb =\n", 3),
            ("x = 1\nd = 2020-01-01\n", 2),
            ("f = nan\n", 1),
        ] {
            let mistakes = Document::from_toml(text).unwrap_err();
            assert_eq!(mistakes[0].line, Some(line), "{text}");
        }
    }

    #[test]
    fn json_has_no_nulls_and_no_key_twice() {
        assert!(Document::from_json(r#"{"a":[1,2.5,-3,true,"x",{"b":{}}]}"#).is_ok());
        for text in [
            "",
            "{",
            "null",
            r#"{"a":null}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"x":{"a":1,"b":2,"a":3}}"#,
            "{} {}",
        ] {
            assert!(Document::from_json(text).is_err(), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Document::from_json(&deep).is_err());
        assert!(Document::from_toml(&format!("a = {deep}")).is_err());
    }
}
