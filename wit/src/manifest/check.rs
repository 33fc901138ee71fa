//! Whether a manifest means what it says: the checks that a type cannot express. Every mistake is told at
//! once, each with its key and line.

mod definition;
mod param;
mod route;

use serde_json::Value;

use super::document::{Document, below};
use super::mistake::{Findings, Mistake, Mistakes, quoted};
use super::{Manifest, Pacing, Rate, Reads, When, feature, grammar, shape};

/// The largest manifest without its messages, in bytes: many times that of the largest that is known, and
/// read in a millisecond.
pub const MANIFEST_LIMIT: usize = 256 * 1024;

/// The largest messages of one language, in bytes of JSON: the same.
pub const LANGUAGE_LIMIT: usize = 256 * 1024;

/// The largest document that `describe` may return, in bytes: as large as any other answer of a component.
pub const DOCUMENT_LIMIT: usize = 4 * 1024 * 1024;

/// The longest text of a manifest, in bytes: names, labels, hints and patterns are shown on one page.
const TEXT_LIMIT: usize = 1024;

/// The most parameters and routes, which an administrator has to read.
const MOST_PARAMS_OR_ROUTES: usize = 100;

/// The most alert definitions: ntopng, the producer with most, has a few hundred.
const MOST_DEFINITIONS: usize = 1000;

/// The most of anything else, such as authors, choices or paths.
const MOST_OTHERS: usize = 100;

/// The alerts that one call may ask for: what fits an answer of 4 MiB at 4 KiB each.
const ALERTS: std::ops::RangeInclusive<u32> = 1..=1000;

/// Deliveries at once: more would take the sockets of its neighbours.
const IN_FLIGHT: std::ops::RangeInclusive<u32> = 1..=64;

impl Manifest {
    /// Reads `manifest.toml`.
    ///
    /// # Errors
    ///
    /// All mistakes, with lines. Messages do not belong there: each language has a file of its own.
    pub fn from_toml(text: &str) -> Result<Self, Mistakes> {
        within(text.len(), MANIFEST_LIMIT)?;
        let document = Document::from_toml(text).map_err(Mistakes)?;
        let mut findings = Findings::default();
        if document.value.get("locales").is_some() {
            findings.add(
                "locales",
                "messages do not belong here",
                "a file for each language in locales/",
            );
        }
        judge(&document, findings)
    }

    /// Reads the JSON document that `describe` returns.
    ///
    /// # Errors
    ///
    /// All mistakes, without lines.
    pub fn from_json(text: &str) -> Result<Self, Mistakes> {
        within(text.len(), DOCUMENT_LIMIT)?;
        let document = Document::from_json(text).map_err(|mistake| Mistakes(vec![mistake]))?;
        judge(&document, Findings::default())
    }
}

fn within(size: usize, limit: usize) -> Result<(), Mistakes> {
    if size <= limit {
        return Ok(());
    }
    Err(Mistakes(vec![Mistake {
        key: String::new(),
        line: None,
        what: format!("it has {size} bytes"),
        expected: format!("at most {limit}"),
    }]))
}

fn judge(document: &Document, mut findings: Findings) -> Result<Manifest, Mistakes> {
    sizes(&document.value, &mut findings);
    if findings.0.is_empty()
        && let Some(manifest) = shape::read(&document.value, &mut findings)
    {
        meaning(&manifest, &mut findings);
        if findings.0.is_empty() {
            return Ok(manifest);
        }
    }
    Err(Mistakes(document.with_lines(findings.0)))
}

/// Sizes are judged before meaning, by the tree alone, so that nothing costly is done with what is too large.
fn sizes(tree: &Value, findings: &mut Findings) {
    let Value::Object(members) = tree else { return };
    let mut size = 0;
    for (key, value) in members {
        if key == "locales" {
            let languages = value.as_object().into_iter().flatten();
            for (language, messages) in languages {
                limit(
                    &below("locales", language),
                    messages.to_string().len(),
                    LANGUAGE_LIMIT,
                    "bytes",
                    findings,
                );
            }
        } else {
            size += key.len() + value.to_string().len();
            texts(value, key, findings);
        }
    }
    limit("", size, MANIFEST_LIMIT, "bytes", findings);
}

fn limit(key: &str, size: usize, limit: usize, what: &str, findings: &mut Findings) {
    findings.require(
        size <= limit,
        key,
        &format!("it has {size} {what}"),
        &format!("at most {limit}"),
    );
}

fn texts(value: &Value, path: &str, findings: &mut Findings) {
    match value {
        Value::String(text) => text_fits(text, path, findings),
        Value::Array(items) => {
            let most = match path {
                "endpoint-param" | "recipient-param" | "route" => MOST_PARAMS_OR_ROUTES,
                "definition" => MOST_DEFINITIONS,
                _ => MOST_OTHERS,
            };
            limit(path, items.len(), most, "items", findings);
            for (at, item) in items.iter().enumerate().take(most) {
                texts(item, &format!("{path}[{at}]"), findings);
            }
        }
        Value::Object(members) => {
            limit(path, members.len(), MOST_OTHERS, "keys", findings);
            for (key, member) in members.iter().take(MOST_OTHERS) {
                text_fits(key, path, findings);
                texts(member, &below(path, key), findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn text_fits(text: &str, path: &str, findings: &mut Findings) {
    limit(path, text.len(), TEXT_LIMIT, "bytes", findings);
    findings.require(
        !text.chars().any(char::is_control),
        path,
        &format!("{} has control characters", quoted(text)),
        "one line of text",
    );
}

fn meaning(manifest: &Manifest, findings: &mut Findings) {
    facts(manifest, findings);
    param::check(manifest, findings);
    route::check(manifest, findings);
    reads(&manifest.reads, findings);
    pacing(manifest, findings);
    definition::check(manifest, findings);
    locales(manifest, findings);
}

fn facts(manifest: &Manifest, findings: &mut Findings) {
    findings.require(
        grammar::is_name(&manifest.name),
        "name",
        &format!("{} is not a name", quoted(&manifest.name)),
        "a lower-case letter, then at most 63 lower-case letters, digits and hyphens",
    );
    findings.require(
        !manifest.title.trim().is_empty(),
        "title",
        "it is empty",
        "a locale key or text",
    );
    findings.require(
        grammar::is_version(&manifest.version),
        "version",
        &format!("{} is not a version", quoted(&manifest.version)),
        "a semantic version such as 1.0.0",
    );
    if let Some(homepage) = &manifest.homepage {
        findings.require(
            crate::params::is_url(homepage),
            "homepage",
            &format!("{} is not an address", quoted(homepage)),
            "https://...",
        );
    }
    icon(manifest.icon.as_deref(), "icon", findings);
    for (at, name) in manifest.features.iter().enumerate() {
        findings.require(
            feature::has(name),
            &format!("features[{at}]"),
            &format!("this host does not have {}", quoted(name)),
            &feature::FEATURES.join(", "),
        );
    }
    findings.require_unique(manifest.features.iter().map(String::as_str), |at| {
        format!("features[{at}]")
    });
}

fn icon(icon: Option<&str>, key: &str, findings: &mut Findings) {
    if let Some(icon) = icon {
        findings.require(
            grammar::is_icon(icon),
            key,
            &format!("{} is not an icon", quoted(icon)),
            "a Font Awesome 5 name such as fab fa-telegram",
        );
    }
}

fn reads(reads: &Reads, findings: &mut Findings) {
    for (at, header) in reads.headers.iter().enumerate() {
        findings.require(
            grammar::is_token(header) && !header.bytes().any(|b| b.is_ascii_uppercase()),
            &format!("reads.headers[{at}]"),
            &format!("{} is not a header's name", quoted(header)),
            "a name in lower case such as retry-after",
        );
    }
    findings.require_unique(reads.headers.iter().map(String::as_str), |at| {
        format!("reads.headers[{at}]")
    });
    let whole = reads.body.len() == 1 && reads.body[0] == "*";
    for (at, pointer) in reads.body.iter().enumerate() {
        // The empty pointer is the whole body, for which `*` asks consent of its own.
        findings.require(
            whole
                || pointer == "text"
                || (pointer.starts_with('/') && grammar::is_json_pointer(pointer)),
            &format!("reads.body[{at}]"),
            &format!("{} is not a pointer", quoted(pointer)),
            "RFC 6901 pointers such as /ok, and text; or a single *",
        );
    }
    findings.require_unique(reads.body.iter().map(String::as_str), |at| {
        format!("reads.body[{at}]")
    });
    findings.require(
        reads.when != When::Never || (reads.headers.is_empty() && reads.body.is_empty()),
        "reads.when",
        "`never`, but headers or body are asked for",
        "failures or always",
    );
}

fn pacing(manifest: &Manifest, findings: &mut Findings) {
    let Pacing {
        linger: _,
        alerts,
        in_flight,
        per_endpoint,
        per_destination,
        destination,
    } = &manifest.pacing;
    findings.require(
        ALERTS.contains(alerts),
        "pacing.alerts",
        &format!("`{alerts}` is out of range"),
        "1 to 1000",
    );
    findings.require(
        IN_FLIGHT.contains(in_flight),
        "pacing.in-flight",
        &format!("`{in_flight}` is out of range"),
        "1 to 64",
    );
    for (key, rates) in [
        ("pacing.per-endpoint", per_endpoint),
        ("pacing.per-destination", per_destination),
    ] {
        let windows: Vec<String> = rates
            .iter()
            .map(|Rate { per, .. }| super::duration::write(*per))
            .collect();
        findings.require_unique(windows.iter().map(String::as_str), |at| {
            format!("{key}[{at}]")
        });
    }
    for (at, name) in destination.iter().enumerate() {
        let named = manifest.params().find(|param| param.name == *name);
        findings.require(
            named.is_some_and(|param| !param.kind.is_secret()),
            &format!("pacing.destination[{at}]"),
            &format!("{} is not a parameter, or is a secret", quoted(name)),
            "the name of a parameter that is no secret",
        );
    }
    findings.require_unique(destination.iter().map(String::as_str), |at| {
        format!("pacing.destination[{at}]")
    });
}

fn locales(manifest: &Manifest, findings: &mut Findings) {
    if manifest.locales.is_empty() {
        return;
    }
    for mistake in crate::locales::check(&manifest.locales) {
        findings.add("locales", &mistake, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::sample::{ENDPOINT, FORMATTER, each_makes_one_mistake, edited, told};

    #[test]
    fn good_manifests_are_read_and_survive_the_way_through_json() {
        for text in [ENDPOINT, FORMATTER] {
            let manifest = Manifest::from_toml(text).unwrap();
            let json = serde_json::to_string(&manifest).unwrap();
            assert_eq!(Manifest::from_json(&json).unwrap(), manifest);
        }
        let manifest = Manifest::from_toml(ENDPOINT).unwrap();
        assert!(!manifest.is_formatter());
        assert_eq!(manifest.params().count(), 7);
        assert_eq!(manifest.pacing.linger, std::time::Duration::from_secs(1));
        assert!(Manifest::from_toml(FORMATTER).unwrap().is_formatter());
    }

    #[test]
    fn other_good_manifests_are_near_the_mistakes() {
        for (from, to) in [
            ("alerts = 100", "alerts = 1000"),
            ("in-flight = 4", "in-flight = 64"),
            ("linger = \"1s\"", "linger = \"1h\""),
            ("body = [\"/ok\", \"/result/message_id\"]", "body = [\"*\"]"),
            ("place = \"path\"", "place = \"json:/auth\""),
            ("max-length = 64", "max-length = 4096"),
            ("default = \"reply\"", ""),
            (
                "destination = [\"chat\"]",
                "destination = [\"chat\", \"api\"]",
            ),
            ("name = \"telegram\"", "name = \"t\""),
            (
                "features = [\"http\"]",
                "features = [\"http\", \"scheme.basic\"]",
            ),
            (
                "kind = \"text\"\nmax-length = 64",
                "kind = \"multiline\"\nmax-length = 65536",
            ),
        ] {
            assert_eq!(
                told(&edited(ENDPOINT, from, to)),
                Vec::<String>::new(),
                "{from:?} to {to:?}"
            );
        }
    }

    #[test]
    fn the_manifests_of_the_readme_are_good() {
        let readme = include_str!("../../README.md");
        let mut blocks = readme
            .split("```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next());
        let (endpoint, formatter) = (blocks.next().unwrap(), blocks.next().unwrap());
        assert_eq!(told(endpoint), Vec::<String>::new());
        let facts = FORMATTER.split("[[definition]]").next().unwrap();
        assert_eq!(told(&format!("{facts}{formatter}")), Vec::<String>::new());
        assert_eq!(blocks.next(), None);
    }

    #[test]
    fn facts_reads_and_pacing_mean_something() {
        each_makes_one_mistake(
            ENDPOINT,
            &[
                (
                    "name = \"telegram\"",
                    "name = \"Telegram\"",
                    "name: `Telegram` is not a name",
                ),
                (
                    "name = \"telegram\"",
                    "name = \"tele_gram\"",
                    "name: `tele_gram` is not a name",
                ),
                (
                    "title = \"telegram.title\"",
                    "title = \" \"",
                    "title: it is empty",
                ),
                (
                    "version = \"1.0.0\"",
                    "version = \"1.0\"",
                    "version: `1.0` is not a version",
                ),
                (
                    "https://example.com/telegram",
                    "javascript:alert(1)",
                    "homepage: ",
                ),
                ("fab fa-telegram", "telegram", "icon: "),
                (
                    "features = [\"http\"]",
                    "features = [\"syslog+tls\"]",
                    "features[0]: this host does not have `syslog+tls`; expected http",
                ),
                (
                    "features = [\"http\"]",
                    "features = [\"http\", \"http\"]",
                    "features[1]: ",
                ),
                ("\"retry-after\"", "\"Retry-After\"", "reads.headers[0]: "),
                ("\"retry-after\"", "\"a\", \"a\"", "reads.headers[1]: "),
                ("\"/ok\"", "\"ok\"", "reads.body[0]: "),
                ("\"/ok\"", "\"Text\"", "reads.body[0]: "),
                ("\"/ok\"", "\"text\", \"text\"", "reads.body[1]: "),
                ("\"/ok\"", "\"\"", "reads.body[0]: "),
                ("\"/ok\"", "\"*\"", "reads.body[0]: "),
                ("\"/ok\"", "\"/~2\"", "reads.body[0]: "),
                ("when = \"always\"", "when = \"never\"", "reads.when: "),
                ("when = \"always\"", "", "reads.when: "),
                ("alerts = 100", "alerts = 0", "pacing.alerts: "),
                ("alerts = 100", "alerts = 1001", "pacing.alerts: "),
                ("in-flight = 4", "in-flight = 0", "pacing.in-flight: "),
                ("in-flight = 4", "in-flight = 65", "pacing.in-flight: "),
                ("\"20/60s\"", "\"20/1s\"", "pacing.per-destination[1]: "),
                (
                    "destination = [\"chat\"]",
                    "destination = [\"chut\"]",
                    "pacing.destination[0]: ",
                ),
                (
                    "destination = [\"chat\"]",
                    "destination = [\"token\"]",
                    "pacing.destination[0]: ",
                ),
                (
                    "destination = [\"chat\"]",
                    "destination = [\"chat\", \"chat\"]",
                    "pacing.destination[1]: ",
                ),
            ],
        );
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_lines() {
        let text = edited(ENDPOINT, "kind = \"secret\"", "kind = \"secrt\"");
        let text = edited(&text, "kind = \"url\"", "kynd = \"url\"");
        let text = edited(&text, "methods = [\"POST\"]", "methods = \"POST\"");
        let lines: Vec<_> = Manifest::from_toml(&text)
            .unwrap_err()
            .0
            .iter()
            .map(|m| m.line.unwrap())
            .collect();
        assert_eq!(lines, [11, 18, 49]);
        let text = edited(ENDPOINT, "version = \"1.0.0\"", "version = \"1\"");
        let text = edited(&text, "alerts = 100", "alerts = 0");
        assert_eq!(
            told(&text),
            [
                "manifest.toml:4: version: `1` is not a version; expected a semantic version such as 1.0.0",
                "manifest.toml:65: pacing.alerts: `0` is out of range; expected 1 to 1000",
            ]
        );
    }

    #[test]
    fn sizes_are_judged_one_past_the_limit() {
        let titled = |length: usize| edited(ENDPOINT, "telegram.title", &"x".repeat(length));
        assert_eq!(told(&titled(TEXT_LIMIT)), Vec::<String>::new());
        assert!(
            told(&titled(TEXT_LIMIT + 1))[0]
                .contains("title: it has 1025 bytes; expected at most 1024")
        );
        let authors = |count: usize| {
            edited(
                ENDPOINT,
                "[[end",
                &format!("authors = {:?}\n[[end", vec!["a"; count]),
            )
        };
        assert_eq!(told(&authors(MOST_OTHERS)), Vec::<String>::new());
        assert_eq!(told(&authors(MOST_OTHERS + 1)).len(), 1);
        let params = |count: usize| {
            (0..count).fold(ENDPOINT.to_owned(), |text, at| {
                format!("{text}[[recipient-param]]\nname = \"p{at}\"\nkind = \"text\"\n")
            })
        };
        assert_eq!(
            told(&params(MOST_PARAMS_OR_ROUTES - 2)),
            Vec::<String>::new()
        );
        assert_eq!(told(&params(MOST_PARAMS_OR_ROUTES - 1)).len(), 1);
        let definitions = |count: usize| {
            (0..count).fold(FORMATTER.to_owned(), |text, at| {
                format!("{text}[[definition]]\nkind = \"k{at}\"\ntitle = \"t\"\n")
            })
        };
        assert_eq!(
            told(&definitions(MOST_DEFINITIONS - 2)),
            Vec::<String>::new()
        );
        assert_eq!(told(&definitions(MOST_DEFINITIONS - 1)).len(), 1);
        assert!(told(&format!("{ENDPOINT}#{}", " ".repeat(MANIFEST_LIMIT))).len() == 1);
        assert!(
            told(&edited(ENDPOINT, "telegram.title", "a\\u0007b"))[0]
                .contains("control characters")
        );
    }

    #[test]
    fn messages_belong_in_the_json_document_alone() {
        let with = |locales: Value| {
            let mut json = serde_json::to_value(Manifest::from_toml(ENDPOINT).unwrap()).unwrap();
            json["locales"] = locales;
            Manifest::from_json(&json.to_string())
        };
        let large =
            |size: usize| serde_json::json!({"en": {"a": "x".repeat(size - r#"{"a":""}"#.len())}});
        assert!(
            with(serde_json::json!({"en": {"a": {"b": "c"}}, "pt-BR": {"a": {"b": "d"}}})).is_ok()
        );
        assert!(with(large(LANGUAGE_LIMIT)).is_ok());
        assert!(with(large(LANGUAGE_LIMIT + 1)).is_err());
        assert!(with(serde_json::json!({"../en": {}})).is_err());
        assert!(with(serde_json::json!({"en": "x"})).is_err());
        assert!(with(serde_json::json!(["en"])).is_err());
        assert!(told(&format!("{ENDPOINT}[locales.en]\na = \"b\"\n"))[0].contains("locales: "));
        assert!(Manifest::from_json(&" ".repeat(DOCUMENT_LIMIT + 1)).is_err());
    }

    #[test]
    fn hostile_documents_are_mistakes_and_nothing_else() {
        for text in [
            "",
            "[]",
            "1",
            "\"x\"",
            "{}",
            "{\"manifest\":1}",
            "{\"manifest\":1e400}",
            "{\"endpoint-param\":{}}",
            "{\"route\":[null]}",
        ] {
            assert!(
                !Manifest::from_json(text).unwrap_err().0.is_empty(),
                "{text}"
            );
        }
        let many = Manifest::from_toml(&edited(
            ENDPOINT,
            "name = \"telegram\"",
            "name = \"\\u001b[2J\"",
        ))
        .unwrap_err();
        assert!(!many.to_string().contains('\u{1b}'));
    }
}
