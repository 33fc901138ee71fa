//! Everything that people read is there in every language of the host: its own words, and those of every
//! crate that comes with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use campanile_contract::text::Catalog;
use serde_json::Value;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a parent")
        .to_owned()
}

/// The folders that hold messages: the host's, and each `locales` below the example components.
fn folders() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![
        project().join("locales"),
        project().join("example-endpoints"),
    ];
    while let Some(folder) = folders.pop() {
        let is_words = folder
            .components()
            .any(|name| name.as_os_str() == "locales");
        if is_words && files(&folder).next().is_some() {
            found.push(folder.clone());
        }
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            // What tools put there is not ours.
            let is_ours = !path.ends_with("node_modules") && !path.ends_with("target");
            if path.is_dir() && is_ours {
                folders.push(path);
            }
        }
    }
    found
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
}

/// The messages in a folder, by language.
fn messages(folder: &Path) -> BTreeMap<String, Value> {
    let file = |path: PathBuf| {
        let language = path.file_stem().expect("a name").to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("text");
        let json = serde_json::from_str(&text);
        let json = json.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (language.into_owned(), json)
    };
    files(folder).map(file).collect()
}

/// The leaves that are the same in two languages, by dotted key.
fn same(at: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in one {
                let at = format!("{at}.{key}");
                same(&at, value, other.get(key).unwrap_or(&Value::Null), found);
            }
        }
        (Value::String(one), Value::String(other)) if one == other => found.push(at.to_owned()),
        _ => {}
    }
}

#[test]
fn every_language_of_the_host_is_everywhere_with_the_keys_and_holes_of_english() {
    let languages: Vec<&str> = Catalog::host().languages().collect();
    assert!(["de", "en", "it"].iter().all(|tag| languages.contains(tag)));
    let folders = folders();
    for crates in ["telegram", "webhook", "formatters/flows"] {
        let folder = format!("example-endpoints/{crates}/locales");
        assert!(folders.contains(&project().join(&folder)), "{folder}");
    }
    let mut wrong = Vec::new();
    for folder in folders {
        let name = folder.strip_prefix(project()).expect("below it").display();
        let messages = messages(&folder);
        for language in &languages {
            if !messages.contains_key(*language) {
                wrong.push(format!("{name}: there is no {language}.json"));
            }
        }
        match Catalog::parse(&messages) {
            Ok(catalog) => {
                let differences = catalog.differences().iter();
                wrong.extend(differences.map(|difference| format!("{name}: {difference}")));
            }
            Err(mistakes) => {
                let mistakes = mistakes.iter();
                wrong.extend(mistakes.map(|mistake| format!("{name}: {mistake}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Languages share names, symbols and single words, but no sentence.
#[test]
fn no_sentence_was_left_in_english() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let messages = messages(&folder);
        for (language, translated) in messages.iter().filter(|(tag, _)| *tag != "en") {
            let mut found = Vec::new();
            same("", &messages["en"], translated, &mut found);
            for key in found {
                let text = messages["en"].pointer(&key.replace('.', "/"));
                let text = text.and_then(Value::as_str).expect("a text");
                let words = text
                    .split_whitespace()
                    .filter(|word| word.chars().all(char::is_alphabetic) && word.len() > 1);
                if words.count() > 2 {
                    wrong.push(format!("{}: {language}{key}: {text}", folder.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
