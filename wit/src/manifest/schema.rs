//! The published JSON Schema of the document that `describe` returns: for editors and other languages' SDKs.
//! The checks here are stricter where a schema cannot follow, and never laxer.

/// JSON Schema 2020-12.
pub const SCHEMA: &str = include_str!("../../manifest.schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;
    use crate::manifest::{
        Choice, Definition, FEATURES, Manifest, Origin, Pacing, ParamKind, ParamSpec, Reads, Route,
        Tier, Use, When,
    };

    fn schema(pointer: &str) -> Value {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        schema
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer} is in the schema"))
            .clone()
    }

    /// The names that serde offers in place of one that it does not know.
    fn offered<T: DeserializeOwned + Debug>(unknown: &Value) -> BTreeSet<String> {
        let error = serde_json::from_value::<T>(unknown.clone())
            .unwrap_err()
            .to_string();
        let (_, expected) = error
            .split_once("expected ")
            .expect("the error names what is expected");
        expected
            .split('`')
            .skip(1)
            .step_by(2)
            .map(ToOwned::to_owned)
            .collect()
    }

    fn keys(table: &Value) -> BTreeSet<String> {
        table.as_object().unwrap().keys().cloned().collect()
    }

    fn texts(list: &Value) -> BTreeSet<String> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn every_key_is_in_the_schema_and_no_other() {
        let unknown = json!({"?": 1});
        for (pointer, known) in [
            ("", offered::<Manifest>(&unknown)),
            ("/$defs/param", offered::<ParamSpec>(&unknown)),
            ("/$defs/choice", offered::<Choice>(&unknown)),
            ("/$defs/use", offered::<Use>(&unknown)),
            ("/$defs/route", offered::<Route>(&unknown)),
            ("/$defs/reads", offered::<Reads>(&unknown)),
            ("/$defs/pacing", offered::<Pacing>(&unknown)),
            ("/$defs/definition", offered::<Definition>(&unknown)),
        ] {
            assert_eq!(
                keys(&schema(&format!("{pointer}/properties"))),
                known,
                "{pointer}"
            );
            assert_eq!(
                schema(&format!("{pointer}/additionalProperties")),
                json!(false),
                "{pointer}"
            );
        }
        let origins = ["0", "1"].iter().flat_map(|at| {
            keys(&schema(&format!(
                "/$defs/route/properties/origin/oneOf/{at}/properties"
            )))
        });
        assert_eq!(
            origins.collect::<BTreeSet<_>>(),
            offered::<Origin>(&unknown)
        );
    }

    #[test]
    fn every_required_key_is_required_in_the_schema() {
        fn refused<T: DeserializeOwned + Debug>(pointer: &str, whole: &Value) {
            serde_json::from_value::<T>(whole.clone()).unwrap();
            let required = keys(whole).into_iter().filter(|key| {
                let mut rest = whole.clone();
                rest.as_object_mut().unwrap().remove(key);
                serde_json::from_value::<T>(rest).is_err()
            });
            assert_eq!(
                required.collect::<BTreeSet<_>>(),
                texts(&schema(&format!("{pointer}/required"))),
                "{pointer}"
            );
        }
        refused::<Manifest>(
            "",
            &json!({"manifest": 1, "name": "a", "title": "a", "version": "1.0.0", "icon": "a"}),
        );
        refused::<ParamSpec>(
            "/$defs/param",
            &json!({"name": "a", "kind": "text", "required": true, "default": "a"}),
        );
        refused::<Choice>("/$defs/choice", &json!({"value": "a", "label": "a"}));
        refused::<Use>("/$defs/use", &json!({"route": "a", "place": "path"}));
        let route = json!({"name": "a", "origin": {"at": "a"}, "methods": [], "paths": []});
        refused::<Route>("/$defs/route", &route);
        refused::<Definition>(
            "/$defs/definition",
            &json!({"kind": "a", "title": "a", "category": "a"}),
        );
    }

    #[test]
    fn every_word_is_in_the_schema_and_no_other() {
        let unknown = json!("?");
        for (pointer, known) in [
            (
                "/$defs/param/properties/kind/enum",
                offered::<ParamKind>(&unknown),
            ),
            (
                "/$defs/reads/properties/when/enum",
                offered::<When>(&unknown),
            ),
            ("/properties/limits/enum", offered::<Tier>(&unknown)),
            (
                "/properties/features/items/enum",
                FEATURES.iter().map(ToString::to_string).collect(),
            ),
        ] {
            assert_eq!(texts(&schema(pointer)), known, "{pointer}");
        }
    }
}
