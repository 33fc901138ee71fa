//! The configuration file: TOML with unknown keys refused. Every mistake is said with file, line and key.

mod ceiling;
mod error;
mod keep;
mod limits;
mod trust;
mod units;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_path_to_error::Segment;
use toml::Spanned;
use zeroize::Zeroizing;

use crate::desired::{Desired, Endpoint, Networks, ParamValue, Recipient, Token, default_tenant};
use crate::directory::Role;
use crate::grant::Ceilings;
use crate::route::Filter;

use ceiling::CeilingTable;
pub use error::ConfigError;
pub use keep::Keep;
use keep::StoreTable;
pub use limits::{LimitsTable, TierTable};
pub use trust::Authority;
pub use units::{Size, Time};

/// `[server]`. Relative paths in the file are below the file's own folder, here as everywhere in it.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// Where to listen.
    pub listen: Option<SocketAddr>,
    /// The data directory.
    pub data: Option<PathBuf>,
    /// The file with the master key; it must not be in the data directory.
    pub master_key: Option<PathBuf>,
    /// Authorities that are trusted besides the system's: the files that `ca` names.
    pub authorities: Vec<Authority>,
    /// Whether components may be installed that ask for the larger limits, as those in JavaScript and
    /// Python do. They are not unless the operator says so: such a component may take five times the
    /// processor time and four times the memory of another for each call, and compiling it takes the
    /// start of the server minutes on a small machine.
    pub large_components: bool,
    /// Components that each tenant may install for itself, where the operator says how many; 0: none.
    pub tenant_components: Option<usize>,
    /// Digests of components that the operator vouches for: they share the processes of those that came with the
    /// program, and run where no other component may because the machine cannot lock it down.
    pub vouched: Vec<String>,
    /// What components may use: `[limits.standard]`, `[limits.large]`.
    pub limits: LimitsTable,
    /// What tenants may do at most: `[[ceiling]]`.
    pub ceilings: Ceilings,
    /// What is kept of what is over: `[store]`.
    pub keep: Keep,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerTable {
    #[serde(default)]
    listen: Option<SocketAddr>,
    #[serde(default)]
    data: Option<PathBuf>,
    #[serde(default)]
    master_key: Option<PathBuf>,
    #[serde(default)]
    ca: Option<Spanned<toml::Value>>,
    #[serde(default)]
    large_components: bool,
    #[serde(default)]
    tenant_components: Option<usize>,
    #[serde(default)]
    vouched: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    server: ServerTable,
    #[serde(default)]
    store: StoreTable,
    #[serde(default)]
    limits: LimitsTable,
    #[serde(default)]
    endpoint: Vec<EndpointTable>,
    #[serde(default)]
    recipient: Vec<RecipientTable>,
    #[serde(default)]
    network: Vec<NetworkTable>,
    #[serde(default)]
    token: Vec<TokenTable>,
    #[serde(default)]
    ceiling: Vec<CeilingTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointTable {
    #[serde(default = "default_tenant")]
    tenant: String,
    name: String,
    component: Spanned<String>,
    #[serde(default)]
    params: BTreeMap<String, Spanned<toml::Value>>,
    #[serde(default)]
    grant: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecipientTable {
    #[serde(default = "default_tenant")]
    tenant: String,
    name: String,
    endpoint: String,
    #[serde(default)]
    params: BTreeMap<String, Spanned<toml::Value>>,
    #[serde(default = "default_language")]
    language: String,
    #[serde(default = "default_time_zone")]
    time_zone: String,
    #[serde(default)]
    filter: Filter,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkTable {
    #[serde(default = "default_tenant")]
    tenant: String,
    allow: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenTable {
    #[serde(default = "default_tenant")]
    tenant: String,
    name: String,
    #[serde(default = "default_role")]
    role: Role,
    value: Spanned<toml::Value>,
}

fn default_language() -> String {
    String::from("en")
}

fn default_time_zone() -> String {
    String::from("UTC")
}

fn default_role() -> Role {
    Role::Ingest
}

/// What a configuration file says, its references to environment and files resolved for whoever reads it.
#[derive(Debug)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// Everything else.
    pub desired: Desired,
    /// Components that are named by a path, by that path as it stands in `desired`.
    pub component_files: Vec<PathBuf>,
}

/// A tokens's least length: 16 characters of a random alphabet cannot be guessed over a network.
const TOKEN_LENGTH: usize = 16;

/// Reads a configuration file.
///
/// # Errors
///
/// The first mistake, with its line and key.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    let file = path.display().to_string();
    // It may hold secrets.
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| ConfigError {
        file: file.clone(),
        line: None,
        key: None,
        what: format!("cannot be read: {error}"),
    })?);
    parse(
        &file,
        &text,
        path.parent().unwrap_or(Path::new(".")),
        &|name| std::env::var(name).ok(),
    )
}

/// Reads configuration text. `environment` resolves `{ env = "NAME" }`; relative paths are below `base`.
///
/// # Errors
///
/// The first mistake, with its line and key.
pub fn parse(
    file: &str,
    text: &str,
    base: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let reader = Reader {
        file,
        text,
        base,
        environment,
    };
    let tables = reader.tables()?;
    let mut component_files = Vec::new();
    let mut desired = Desired::default();
    for (at, table) in tables.endpoint.into_iter().enumerate() {
        let component = reader.component(&table.component, &mut component_files);
        desired.endpoints.push(Endpoint {
            tenant: table.tenant,
            params: reader.params(&format!("endpoint[{at}].params"), table.params)?,
            name: table.name,
            component,
            grant: table.grant,
        });
    }
    for (at, table) in tables.recipient.into_iter().enumerate() {
        desired.recipients.push(Recipient {
            tenant: table.tenant,
            params: reader.params(&format!("recipient[{at}].params"), table.params)?,
            name: table.name,
            endpoint: table.endpoint,
            language: table.language,
            time_zone: table.time_zone,
            filter: table.filter,
            title: table.title,
            message: table.message,
        });
    }
    for (at, table) in tables.network.into_iter().enumerate() {
        let mut allow = Vec::new();
        for (rule, opening) in table.allow.into_iter().enumerate() {
            let key = format!("network[{at}].allow[{rule}]");
            let line = opening.span().start;
            let parsed = opening
                .get_ref()
                .parse()
                .map_err(|error| reader.error(line, &key, &format!("{error}")))?;
            allow.push(parsed);
        }
        desired.networks.push(Networks {
            tenant: table.tenant,
            allow,
        });
    }
    for (at, table) in tables.token.into_iter().enumerate() {
        let key = format!("token[{at}].value");
        let start = table.value.span().start;
        let ParamValue::One(value) = reader.value(&key, start, table.value.into_inner())? else {
            return Err(reader.error(
                start,
                &key,
                "expected text, { env = \"NAME\" } or { file = \"path\" }",
            ));
        };
        if value.len() < TOKEN_LENGTH {
            let what = format!(
                "a token has at least {TOKEN_LENGTH} characters, this one has {}",
                value.len()
            );
            return Err(reader.error(start, &key, &what));
        }
        desired.tokens.push(Token {
            tenant: table.tenant,
            name: table.name,
            role: table.role,
            value,
        });
    }
    let ServerTable {
        listen,
        data,
        master_key,
        ca,
        large_components,
        tenant_components,
        vouched,
    } = tables.server;
    Ok(Config {
        server: Server {
            listen,
            data: data.map(|path| base.join(path)),
            master_key: master_key.map(|path| base.join(path)),
            authorities: reader.authorities(ca)?,
            large_components,
            tenant_components,
            vouched,
            limits: tables.limits,
            ceilings: reader.ceilings(tables.ceiling)?,
            keep: tables.store.keep(),
        },
        desired,
        component_files,
    })
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    base: &'a Path,
    environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    fn tables(&self) -> Result<File, ConfigError> {
        let mistake = |error: &toml::de::Error, key: Option<String>| ConfigError {
            file: self.file.to_owned(),
            line: error.span().map(|span| self.line(span.start)),
            key,
            what: without_values(&error.message().trim().replace('\n', "; ")),
        };
        let document =
            toml::Deserializer::parse(self.text).map_err(|error| mistake(&error, None))?;
        serde_path_to_error::deserialize(document).map_err(|error| {
            let key = key_of(error.path());
            mistake(error.inner(), key)
        })
    }

    fn line(&self, at: usize) -> usize {
        self.text
            .as_bytes()
            .iter()
            .take(at)
            .filter(|byte| **byte == b'\n')
            .count()
            + 1
    }

    fn error(&self, at: usize, key: &str, what: &str) -> ConfigError {
        ConfigError {
            file: self.file.to_owned(),
            line: Some(self.line(at)),
            key: Some(key.to_owned()),
            what: what.to_owned(),
        }
    }

    /// A component by name or digest, or a file, which is told apart by its ending or a slash.
    fn component(&self, reference: &Spanned<String>, files: &mut Vec<PathBuf>) -> String {
        let reference = reference.get_ref();
        if !reference.ends_with(".wasm") && !reference.contains('/') {
            return reference.clone();
        }
        let path = self.base.join(reference);
        files.push(path.clone());
        path.display().to_string()
    }

    fn params(
        &self,
        table: &str,
        params: BTreeMap<String, Spanned<toml::Value>>,
    ) -> Result<BTreeMap<String, ParamValue>, ConfigError> {
        params
            .into_iter()
            .map(|(name, value)| {
                let key = format!("{table}.{name}");
                let start = value.span().start;
                Ok((name, self.value(&key, start, value.into_inner())?))
            })
            .collect()
    }

    fn value(&self, key: &str, at: usize, value: toml::Value) -> Result<ParamValue, ConfigError> {
        match value {
            toml::Value::Array(values) => {
                let mut list = Vec::with_capacity(values.len());
                for (row, value) in values.into_iter().enumerate() {
                    list.push(self.scalar(&format!("{key}[{row}]"), at, value)?);
                }
                Ok(ParamValue::List(list))
            }
            toml::Value::Table(table) if !is_reference(&table) => {
                let mut rows = BTreeMap::new();
                for (row, value) in table {
                    let value = self.scalar(&format!("{key}.{row}"), at, value)?;
                    rows.insert(row, value);
                }
                Ok(ParamValue::Rows(rows))
            }
            value => Ok(ParamValue::One(self.scalar(key, at, value)?)),
        }
    }

    fn scalar(&self, key: &str, at: usize, value: toml::Value) -> Result<String, ConfigError> {
        match value {
            toml::Value::String(text) => Ok(text),
            toml::Value::Integer(number) => Ok(number.to_string()),
            toml::Value::Float(number) => Ok(number.to_string()),
            toml::Value::Boolean(flag) => Ok(flag.to_string()),
            toml::Value::Table(table) if is_reference(&table) => self.reference(key, at, &table),
            other => Err(self.error(
                at,
                key,
                &format!(
                    "{} is no value; expected text, a number, true or false, or a reference",
                    other.type_str()
                ),
            )),
        }
    }

    fn reference(&self, key: &str, at: usize, table: &toml::Table) -> Result<String, ConfigError> {
        let named = |name: &str| table.get(name).and_then(toml::Value::as_str);
        if let Some(name) = named("env") {
            return (self.environment)(name).ok_or_else(|| {
                self.error(
                    at,
                    key,
                    &format!("the environment variable {name} is not set"),
                )
            });
        }
        let path = self.base.join(named("file").unwrap_or_default());
        let text = Zeroizing::new(std::fs::read_to_string(&path).map_err(|error| {
            self.error(
                at,
                key,
                &format!("{} cannot be read: {error}", path.display()),
            )
        })?);
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// The parser's words without the text that it found: that may be a secret in the wrong place, and this
/// goes to a log.
fn without_values(message: &str) -> String {
    match (message.find(" string \""), message.rfind("\", expected")) {
        (Some(start), Some(end)) if start < end => {
            format!("{} text{}", &message[..start], &message[end + 1..])
        }
        _ => message.to_owned(),
    }
}

/// Where in the file, such as `endpoint[0].params`; nothing for the file as a whole.
fn key_of(path: &serde_path_to_error::Path) -> Option<String> {
    let mut key = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => key.push_str(&format!("[{index}]")),
            // What `Spanned` reads itself by is no key of the file.
            Segment::Map { key: name } if name.starts_with("$__") => {}
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                if !key.is_empty() {
                    key.push('.');
                }
                key.push_str(name);
            }
            Segment::Unknown => {}
        }
    }
    (!key.is_empty()).then_some(key)
}

/// `{ env = "NAME" }` or `{ file = "path" }`.
fn is_reference(table: &toml::Table) -> bool {
    table.len() == 1
        && ["env", "file"]
            .iter()
            .any(|name| table.get(*name).is_some_and(toml::Value::is_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        let environment = |name: &str| (name == "TOKEN").then(|| String::from("0123456789abcdef"));
        super::parse("campanile.toml", text, Path::new("/nowhere"), &environment)
    }

    const GOOD: &str = r#"
[server]
listen = "127.0.0.1:8300"
data = "campanile-data"

[[endpoint]]
name = "noc-telegram"
component = "telegram"
params = { token = { env = "TOKEN" }, api = "https://example.org" }

[[recipient]]
name = "noc"
endpoint = "noc-telegram"
params = { chat = "-1001234", silent = true, topic = 7 }
language = "it"
time_zone = "Europe/Rome"
filter = { min_severity = "warning", categories = ["security"] }
title = "[%{severity}] %{title}"
message = """
%{message}
%{time}"""

[[network]]
allow = ["10.20.0.0/16:443"]

[[token]]
name = "ntopng"
value = { env = "TOKEN" }
"#;

    #[test]
    fn the_example_of_the_design_is_read() {
        let config = parse(GOOD).unwrap();
        assert_eq!(config.server.listen.unwrap().port(), 8300);
        assert_eq!(
            config.server.data.as_deref(),
            Some(Path::new("/nowhere/campanile-data"))
        );
        let endpoint = &config.desired.endpoints[0];
        assert_eq!(
            endpoint.params["token"],
            ParamValue::One(String::from("0123456789abcdef"))
        );
        let recipient = &config.desired.recipients[0];
        assert_eq!(recipient.tenant, "default");
        assert_eq!(
            recipient.params["topic"],
            ParamValue::One(String::from("7"))
        );
        assert_eq!(recipient.title.as_deref(), Some("[%{severity}] %{title}"));
        assert_eq!(recipient.message.as_deref(), Some("%{message}\n%{time}"));
        assert_eq!(config.desired.tokens[0].role, Role::Ingest);
    }

    #[test]
    fn what_is_kept_is_what_the_file_says_or_the_default() {
        let kept = |text| parse(text).unwrap().server.keep;
        let default = Keep::default();
        assert_eq!(kept(""), default);
        let expected = Keep {
            history: 7 * 24 * 3_600_000,
            bytes: 1 << 30,
            ..default
        };
        let text = "[store]\nkeep = \"7d\"\nkeep_bytes = \"1GiB\"";
        assert_eq!(kept(text), expected);
    }

    #[test]
    fn a_mistake_is_said_with_its_line_and_key() {
        let rows = [
            (
                "[server]\nlisen = \"127.0.0.1:1\"",
                Some(2),
                Some("server.lisen"),
                "unknown field `lisen`",
            ),
            (
                "[server]\nlisten = 8300",
                Some(2),
                Some("server.listen"),
                "invalid type: integer",
            ),
            (
                "[store]\n\nkeep = \"30\"",
                Some(3),
                Some("store.keep"),
                "expected a time such as \"500ms\"",
            ),
            (
                "[limits.standard]\ncpus = \"1s\"",
                Some(2),
                Some("limits.standard.cpus"),
                "unknown field `cpus`",
            ),
            (
                "[limits.large]\nhandles = 0",
                Some(2),
                Some("limits.large.handles"),
                "nonzero",
            ),
            (
                "[store]\nkeep_bytes = 4000000",
                Some(2),
                Some("store.keep_bytes"),
                "invalid type: integer",
            ),
            (
                "\n[[endpoints]]\nname = \"a\"",
                Some(2),
                Some("endpoints"),
                "unknown field `endpoints`, expected one of",
            ),
            (
                "[[endpoint]]\nname = \"a\"\ncomponent = \"c\"\nparams = \"a \\\"secret\\\", expected\"",
                Some(4),
                Some("endpoint[0].params"),
                "invalid type: text, expected a map",
            ),
            (
                "[[endpoint]]\nname = \"a\"\ncomponent = 7",
                Some(3),
                Some("endpoint[0].component"),
                "invalid type: integer `7`, expected a string",
            ),
            (
                "\n[[endpoint]]\nname = \"a\"",
                Some(2),
                Some("endpoint[0]"),
                "missing field `component`",
            ),
            (
                "[[endpoint]]\nname = \"a",
                Some(2),
                None,
                "invalid basic string",
            ),
            (
                "[[endpoint]]\nname = \"a\"\ncomponent = \"t\"\n[endpoint.params]\ntoken = { env = \"NONE\" }",
                Some(5),
                Some("endpoint[0].params.token"),
                "environment variable NONE is not set",
            ),
            (
                "[[endpoint]]\nname = \"a\"\ncomponent = \"t\"\nparams.token = { file = \"none\" }",
                Some(4),
                Some("endpoint[0].params.token"),
                "/nowhere/none cannot be read",
            ),
            (
                "[[endpoint]]\nname = \"a\"\ncomponent = \"t\"\nparams.x = [[1]]",
                Some(4),
                Some("endpoint[0].params.x[0]"),
                "array is no value",
            ),
            (
                "[[network]]\nallow = [\"127.0.0.1:1\",\n\"127.0.0.0/8:1-9\"]",
                Some(3),
                Some("network[0].allow[1]"),
                "",
            ),
            (
                "[[token]]\nname = \"a\"\nvalue = \"short\"",
                Some(3),
                Some("token[0].value"),
                "at least 16 characters",
            ),
            (
                "[[recipient]]\nname = \"a\"\nendpoint = \"e\"\nfilter = { min_severity = \"warn\" }",
                Some(4),
                Some("recipient[0].filter.min_severity"),
                "unknown variant `warn`",
            ),
        ];
        for (text, line, key, what) in rows {
            let error = parse(text).unwrap_err();
            assert_eq!(
                (error.line, error.key.as_deref()),
                (line, key),
                "{text}\n{error}"
            );
            assert!(error.what.contains(what), "{text}\n{error}");
            assert_eq!(error.file, "campanile.toml");
        }
    }

    #[test]
    fn rows_and_lists_keep_their_keys_and_order() {
        let config = parse(
            "[[endpoint]]\nname = \"a\"\ncomponent = \"w\"\n[endpoint.params]\nto = [\"b\", \"a\"]\n\
             headers = { X-Key = { env = \"TOKEN\" }, X-B = \"b\" }",
        )
        .unwrap();
        let params = &config.desired.endpoints[0].params;
        assert_eq!(
            params["to"],
            ParamValue::List(vec![String::from("b"), String::from("a")])
        );
        let ParamValue::Rows(rows) = &params["headers"] else {
            panic!("rows")
        };
        assert_eq!(rows["X-Key"], "0123456789abcdef");
    }
}
