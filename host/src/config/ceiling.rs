//! `[[ceiling]]`: what the operator allows a tenant at most, read when the server starts.

use campanile_contract::manifest::Tier;
use serde::Deserialize;
use toml::Spanned;

use super::{ConfigError, Reader, default_tenant};
use crate::grant::{Ceiling, Ceilings, Mode};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CeilingTable {
    #[serde(default = "default_tenant")]
    tenant: String,
    #[serde(default)]
    origins: Option<Vec<Spanned<String>>>,
    #[serde(default = "any_tier")]
    limits: Tier,
    #[serde(default)]
    components: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    mode: Mode,
}

fn any_tier() -> Tier {
    Tier::Large
}

impl Reader<'_> {
    /// All ceilings. A tenant has one.
    pub(super) fn ceilings(&self, tables: Vec<CeilingTable>) -> Result<Ceilings, ConfigError> {
        let mut ceilings = Ceilings::default();
        for (at, table) in tables.into_iter().enumerate() {
            let origins = self.each(&format!("ceiling[{at}].origins"), table.origins, |text| {
                text.parse().map_err(|error| format!("{error}"))
            })?;
            let components = self.each(
                &format!("ceiling[{at}].components"),
                table.components,
                digest,
            )?;
            let ceiling = Ceiling {
                origins,
                standard_only: table.limits == Tier::Standard,
                components: components.map(|digests| digests.into_iter().collect()),
                mode: table.mode,
                ..Ceiling::default()
            };
            if !ceilings.add(&table.tenant, ceiling) {
                let what = format!("the tenant `{}` has a ceiling already", table.tenant);
                return Err(self.error(0, &format!("ceiling[{at}].tenant"), &what));
            }
        }
        Ok(ceilings)
    }

    fn each<T>(
        &self,
        key: &str,
        texts: Option<Vec<Spanned<String>>>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<Vec<T>>, ConfigError> {
        let Some(texts) = texts else { return Ok(None) };
        let one = |(at, text): (usize, Spanned<String>)| {
            let start = text.span().start;
            read(text.get_ref()).map_err(|what| self.error(start, &format!("{key}[{at}]"), &what))
        };
        texts
            .into_iter()
            .enumerate()
            .map(one)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// SHA-256 in hex, as `component list --json` shows it.
fn digest(text: &str) -> Result<String, String> {
    let is_hex = text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hex.then(|| text.to_owned()).ok_or_else(|| {
        format!(
            "`{text}` is no digest: 64 hex digits, as `campanile component list --json` shows them"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parse;
    use crate::grant::Mode;

    fn read(text: &str) -> Result<super::Ceilings, super::ConfigError> {
        parse("f.toml", text, Path::new("/nowhere"), &|_| None).map(|config| config.server.ceilings)
    }

    #[test]
    fn ceilings_are_read_by_tenant() {
        let digest = "ab".repeat(32);
        let text = format!(
            "[[ceiling]]\norigins = [\"https://*.example.com\"]\nlimits = \"standard\"\n\
             [[ceiling]]\ntenant = \"*\"\ncomponents = [\"{digest}\"]\nmode = \"report\"\n"
        );
        let ceilings = read(&text).unwrap();
        let own = ceilings.over("default").unwrap();
        assert!(own.reaches("https://api.example.com") && !own.reaches("https://example.com"));
        assert!(own.admits("any", false) && !own.admits("any", true));
        assert_eq!(own.mode, Mode::Enforce);
        let other = ceilings.over("acme").unwrap();
        assert!(other.admits(&digest, true) && !other.admits("any", false));
        assert_eq!(other.mode, Mode::Report);
        assert!(read("").unwrap().over("default").is_none());
    }

    #[test]
    fn mistakes_of_ceilings_are_said_with_their_line_and_key() {
        for (text, place, what) in [
            (
                "[[ceiling]]\norigins = [\"https://*\",\n\"a.b\"]",
                "f.toml:3: ceiling[0].origins[1]",
                "https://",
            ),
            (
                "[[ceiling]]\ncomponents = [\"abc\"]",
                "f.toml:2: ceiling[0].components[0]",
                "64 hex",
            ),
            (
                "[[ceiling]]\nlimits = \"huge\"",
                "f.toml:2: ceiling[0].limits",
                "unknown variant",
            ),
            (
                "[[ceiling]]\nmode = \"log\"",
                "f.toml:2: ceiling[0].mode",
                "unknown variant",
            ),
            (
                "[[ceiling]]\norigin = []",
                "f.toml:2: ceiling[0].origin",
                "unknown field",
            ),
            ("[[ceiling]]\n[[ceiling]]", "ceiling[1].tenant", "already"),
        ] {
            let told = read(text).unwrap_err().to_string();
            assert!(
                told.contains(place) && told.contains(what),
                "{text}: {told}"
            );
        }
    }
}
