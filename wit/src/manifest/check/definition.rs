//! A formatter's alert definitions; and that a component is a formatter or an endpoint, not both.

use super::icon;
use crate::manifest::mistake::{Findings, quoted};
use crate::manifest::{Manifest, Pacing, Reads, grammar};

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    if manifest.is_formatter() {
        for (key, empty) in [
            ("endpoint-param", manifest.endpoint_params.is_empty()),
            ("recipient-param", manifest.recipient_params.is_empty()),
            ("route", manifest.routes.is_empty()),
            ("reads", manifest.reads == Reads::default()),
            ("pacing", manifest.pacing == Pacing::default()),
        ] {
            findings.require(
                empty,
                key,
                "a formatter has none",
                "either definitions or an endpoint's tables",
            );
        }
    } else {
        findings.require(
            !manifest.routes.is_empty(),
            "",
            "it has neither routes nor definitions",
            "[[route]] for an endpoint, or [[definition]] for a formatter",
        );
    }
    let kinds = manifest
        .definitions
        .iter()
        .map(|definition| definition.kind.as_str());
    findings.require_unique(kinds, |at| format!("definition[{at}].kind"));
    for (at, definition) in manifest.definitions.iter().enumerate() {
        let key = |key: &str| format!("definition[{at}].{key}");
        findings.require(
            grammar::is_alert_kind(&definition.kind),
            &key("kind"),
            &format!("{} is not an alert kind", quoted(&definition.kind)),
            "1 to 128 lower-case letters, digits, underscores, dots and hyphens",
        );
        for (name, text) in [
            ("title", Some(&definition.title)),
            ("description", definition.description.as_ref()),
            ("category", definition.category.as_ref()),
        ] {
            let filled = text.is_none_or(|text| !text.trim().is_empty());
            findings.require(filled, &key(name), "it is empty", "text, or no such key");
        }
        icon(definition.icon.as_deref(), &key("icon"), findings);
        for (at, technique) in definition.mitre.iter().enumerate() {
            findings.require(
                grammar::is_technique(technique),
                &key(&format!("mitre[{at}]")),
                &format!("{} is not a technique", quoted(technique)),
                "an ATT&CK identifier such as T1498 or T1498.001",
            );
        }
        for (name, pointer) in &definition.fields {
            let key = key(&format!("fields.{name}"));
            findings.require(
                grammar::is_hole_name(name),
                &key,
                &format!("{} is not a field's name", quoted(name)),
                "a letter, then at most 63 letters, digits and underscores",
            );
            findings.require(
                grammar::is_json_pointer(pointer),
                &key,
                &format!("{} is not a pointer", quoted(pointer)),
                "an RFC 6901 pointer such as /vlan_id",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::sample::{FORMATTER, each_makes_one_mistake, told};

    #[test]
    fn definitions_mean_something_and_stand_alone() {
        each_makes_one_mistake(
            FORMATTER,
            &[
                (
                    "kind = \"flows_flood\"",
                    "kind = \"Flows\"",
                    "definition[0].kind: ",
                ),
                (
                    "kind = \"flows_flood\"",
                    "kind = \"flows.end\"",
                    "definition[1].kind: `flows.end` stands here a second time",
                ),
                (
                    "title = \"flows.end\"",
                    "title = \"\"",
                    "definition[1].title: ",
                ),
                (
                    "title = \"flows.end\"",
                    "",
                    "definition[1].title: it is missing",
                ),
                (
                    "description = \"computed\"",
                    "description = \"\"",
                    "definition[0].description: ",
                ),
                (
                    "description = ",
                    "desc = ",
                    "definition[0].desc: there is no key",
                ),
                ("fas fa-life-ring", "life-ring", "definition[0].icon: "),
                ("\"T1498\"", "\"1498\"", "definition[0].mitre[0]: "),
                ("\"/vlan_id\"", "\"vlan_id\"", "definition[0].fields.vlan: "),
                ("vlan = ", "\"vl}an\" = ", "definition[0].fields.vl}an: "),
                (
                    "[[definition]]",
                    "[[endpoint-param]]\nname = \"a\"\nkind = \"text\"\n[[definition]]",
                    "endpoint-param: a formatter has none",
                ),
                (
                    "[[definition]]",
                    "[[recipient-param]]\nname = \"a\"\nkind = \"text\"\n[[definition]]",
                    "recipient-param: a formatter has none",
                ),
                (
                    "[[definition]]",
                    "[[route]]\nname = \"a\"\norigin = { at = \"https://a.b\" }\nmethods = [\"POST\"]\npaths = [\"/\"]\n[[definition]]",
                    "route: a formatter has none",
                ),
                (
                    "[[definition]]",
                    "[reads]\nwhen = \"always\"\n[[definition]]",
                    "reads: a formatter has none",
                ),
                (
                    "[[definition]]",
                    "[pacing]\nalerts = 1\n[[definition]]",
                    "pacing: a formatter has none",
                ),
            ],
        );
        let neither = FORMATTER.split("[[definition]]").next().unwrap();
        assert_eq!(told(neither).len(), 1);
        assert!(told(neither)[0].contains("neither routes nor definitions"));
    }
}
