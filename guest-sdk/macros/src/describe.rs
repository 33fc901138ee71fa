//! From a crate's `manifest.toml` and `locales/` to the document that `describe` returns.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use campanile_contract::locales;
use campanile_contract::manifest::Manifest;
use serde_json::Value;

/// What a component exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum World {
    Endpoint,
    Formatter,
}

/// What the macros make of the files.
#[derive(Debug)]
pub(crate) struct Description {
    /// The manifest with its locales, as JSON.
    pub(crate) document: String,
    /// The recipient's parameters that are no secrets.
    pub(crate) recipient_params: Vec<String>,
    /// What was read.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads and checks the files in `directory`. Each mistake names its file.
pub(crate) fn describe(directory: &Path, world: World) -> Result<Description, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut files = Vec::new();
    let manifest = read_manifest(directory, world, &mut files, &mut mistakes);
    let locales = read_locales(&directory.join("locales"), &mut files, &mut mistakes);
    mistakes.extend(
        locales::check(&locales)
            .into_iter()
            .map(|mistake| format!("locales: {mistake}")),
    );
    let Some(mut manifest) = manifest else {
        return Err(mistakes);
    };
    mistakes.extend(missing_messages(&manifest, &locales));
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    manifest.locales = locales;
    let recipient_params = manifest
        .recipient_params
        .iter()
        .filter(|spec| !spec.kind.is_secret())
        .map(|spec| spec.name.clone())
        .collect();
    let document = serde_json::to_string(&manifest).map_err(|error| vec![error.to_string()])?;
    Manifest::from_json(&document).map_err(|mistakes| vec![mistakes.to_string()])?;
    Ok(Description {
        document,
        recipient_params,
        files,
    })
}

fn read_manifest(
    directory: &Path,
    world: World,
    files: &mut Vec<PathBuf>,
    mistakes: &mut Vec<String>,
) -> Option<Manifest> {
    let path = directory.join("manifest.toml");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            mistakes.push(format!("{}: {error}", path.display()));
            return None;
        }
    };
    files.push(path);
    let manifest = match Manifest::from_toml(&text) {
        Ok(manifest) => manifest,
        Err(found) => {
            mistakes.push(found.to_string());
            return None;
        }
    };
    if !manifest.locales.is_empty() {
        mistakes.push("manifest.toml: locales: messages belong into the folder `locales`".into());
    }
    if manifest.is_formatter() != (world == World::Formatter) {
        mistakes.push(match world {
            World::Endpoint => {
                "manifest.toml: [[definition]] is a formatter's: use export_formatter!".into()
            }
            World::Formatter => "manifest.toml: a formatter has at least one [[definition]]".into(),
        });
    }
    Some(manifest)
}

fn read_locales(
    folder: &Path,
    files: &mut Vec<PathBuf>,
    mistakes: &mut Vec<String>,
) -> BTreeMap<String, Value> {
    let mut languages = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return languages;
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    for path in paths {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let Some(language) = name.strip_suffix(".json") else {
            mistakes.push(format!("locales/{name}: not a <language>.json"));
            continue;
        };
        let parsed = fs::read_to_string(&path)
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        match parsed {
            Ok(messages) => {
                languages.insert(language.to_owned(), messages);
            }
            Err(error) => mistakes.push(format!("locales/{name}: {error}")),
        }
        files.push(path);
    }
    languages
}

/// What the manifest names as a locale key of the component's own, by its first word, but the English
/// messages lack. Other texts may be the host's keys, or stand as they are.
fn missing_messages(manifest: &Manifest, locales: &BTreeMap<String, Value>) -> Vec<String> {
    let Some(english) = locales.get("en") else {
        return Vec::new();
    };
    let params = manifest.params().flat_map(|spec| {
        spec.label
            .iter()
            .chain(&spec.hint)
            .chain(spec.choices.iter().map(|choice| &choice.label))
    });
    let definitions = manifest
        .definitions
        .iter()
        .flat_map(|definition| std::iter::once(&definition.title).chain(&definition.description));
    [&manifest.title, &manifest.summary]
        .into_iter()
        .chain(params)
        .chain(definitions)
        .filter(|key| looks_like_a_key(key))
        .filter(|key| {
            key.split('.')
                .next()
                .is_some_and(|first| english.get(first).is_some())
        })
        .filter(|key| {
            key.split('.')
                .try_fold(english, |table, word| table.get(word))
                .is_none()
        })
        .map(|key| format!("manifest.toml: `{key}` is not in locales/en.json"))
        .collect()
}

fn looks_like_a_key(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
manifest = 1
name = "sample"
title = "sample.title"
version = "1.0.0"

[[recipient-param]]
name = "room"
kind = "text"
label = "sample.room"

[[route]]
name = "send"
origin = { at = "https://api.example.com" }
methods = ["POST"]
paths = ["/send"]
"#;

    /// A crate's folder that is gone when the test is over.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, manifest: &str, locales: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir()
                .join(format!("campanile-describe-{}-{name}", std::process::id()));
            fs::create_dir_all(path.join("locales")).expect("a folder");
            fs::write(path.join("manifest.toml"), manifest).expect("a file");
            for (file, text) in locales {
                fs::write(path.join("locales").join(file), text).expect("a file");
            }
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const EN: (&str, &str) = (
        "en.json",
        r#"{"sample": {"title": "Sample", "room": "Room"}}"#,
    );

    #[test]
    fn the_document_holds_manifest_and_locales_and_every_file_is_tracked() {
        let folder = Folder::new(
            "good",
            MANIFEST,
            &[
                EN,
                (
                    "it.json",
                    r#"{"sample": {"title": "Esempio", "room": "Stanza"}}"#,
                ),
            ],
        );
        let description = describe(&folder.0, World::Endpoint).expect("a description");
        assert_eq!(description.files.len(), 3);
        assert_eq!(description.recipient_params, ["room"]);
        let manifest = Manifest::from_json(&description.document).expect("a manifest");
        assert_eq!(manifest.name, "sample");
        assert_eq!(manifest.locales["it"]["sample"]["room"], "Stanza");
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_file() {
        let folder = Folder::new(
            "bad",
            &MANIFEST.replace("\"sample.room\"", "\"sample.rooom\""),
            &[
                EN,
                ("it.json", r#"{"sample": {"title": "Esempio"}}"#),
                ("fr.json", "{"),
                ("notes.txt", ""),
            ],
        );
        let mistakes = describe(&folder.0, World::Formatter)
            .expect_err("mistakes")
            .join("\n");
        for expected in [
            "manifest.toml: a formatter has",
            "`sample.rooom` is not in locales/en.json",
            "locales/fr.json: ",
            "locales/notes.txt: ",
            "sample.room",
        ] {
            assert!(mistakes.contains(expected), "{expected} in\n{mistakes}");
        }
    }

    #[test]
    fn a_mistake_of_the_manifest_names_line_and_key() {
        let folder = Folder::new("kind", &MANIFEST.replace("\"text\"", "\"texxt\""), &[EN]);
        let mistakes = describe(&folder.0, World::Endpoint)
            .expect_err("mistakes")
            .join("\n");
        assert!(mistakes.contains("manifest.toml:9"), "{mistakes}");
        assert!(mistakes.contains("recipient-param[0].kind"), "{mistakes}");
    }

    #[test]
    fn a_text_is_only_taken_for_a_key_of_the_component_if_it_looks_like_one() {
        for (text, key) in [
            ("telegram.title", true),
            ("severity.error", true),
            ("Title", false),
            ("See example.com. Then go on.", false),
            ("a..b", false),
            ("", false),
        ] {
            assert_eq!(looks_like_a_key(text), key, "{text}");
        }
    }
}
