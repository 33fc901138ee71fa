//! The file with parameters to try a component with: TOML or JSON, one sample or several. Secrets are plain
//! values that nobody has.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::desired::ParamValue;

/// What a component is tried with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    /// At least one.
    #[serde(rename = "sample")]
    pub samples: Vec<Sample>,
}

/// One endpoint and recipient.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// What the report calls it.
    #[serde(default = "default_name")]
    pub name: String,
    /// Endpoint parameters, secrets in clear.
    #[serde(default)]
    pub endpoint: BTreeMap<String, Given>,
    /// Recipient parameters.
    #[serde(default)]
    pub recipient: BTreeMap<String, Given>,
    /// BCP 47.
    #[serde(default = "default_language")]
    pub language: String,
    /// What the destination answers to a message that it took. Without it, only what the component makes of
    /// its `receipt` cannot be tried.
    #[serde(default)]
    pub response: Option<Answer>,
}

/// A destination's response.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The HTTP status.
    #[serde(default = "default_status")]
    pub status: u16,
    /// Header names and values.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: String,
}

/// A value as a configuration file writes it, too.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Given {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal number.
    Decimal(f64),
    /// Text, a list of lines, or rows.
    Value(ParamValue),
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given(..)")
    }
}

impl Given {
    pub(super) fn value(&self) -> ParamValue {
        match self {
            Self::Flag(value) => ParamValue::One(value.to_string()),
            Self::Integer(value) => ParamValue::One(value.to_string()),
            Self::Decimal(value) => ParamValue::One(value.to_string()),
            Self::Value(value) => value.clone(),
        }
    }
}

fn default_name() -> String {
    String::from("sample")
}

fn default_language() -> String {
    String::from("en")
}

fn default_status() -> u16 {
    200
}

/// Why a file of samples cannot be used, with its line where it has one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SamplesError(String);

impl Samples {
    /// Reads TOML, or JSON where the text begins with a brace. A file with neither `[[sample]]` is one
    /// sample itself.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, SamplesError> {
        let said =
            |error: &dyn std::fmt::Display| SamplesError(error.to_string().trim().to_owned());
        let samples = if text.trim_start().starts_with('{') {
            let value: serde_json::Value = serde_json::from_str(text).map_err(|it| said(&it))?;
            if value.get("sample").is_some() {
                serde_json::from_str(text).map_err(|it| said(&it))?
            } else {
                Self {
                    samples: vec![serde_json::from_str(text).map_err(|it| said(&it))?],
                }
            }
        } else {
            let table: toml::Table = toml::from_str(text).map_err(|it| said(&it))?;
            if table.contains_key("sample") {
                toml::from_str(text).map_err(|it| said(&it))?
            } else {
                Self {
                    samples: vec![toml::from_str(text).map_err(|it| said(&it))?],
                }
            }
        };
        if samples.samples.is_empty() {
            return Err(SamplesError(String::from("there is no sample in it")));
        }
        Ok(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sample_or_several_are_read_from_toml_and_json_alike() {
        let one = "endpoint = { token = \"t\", retries = 3, on = true, rows = { a = \"b\" } }\nrecipient = { chat = -5 }";
        let json = r#"{"endpoint":{"token":"t","retries":3,"on":true,"rows":{"a":"b"}},"recipient":{"chat":-5}}"#;
        let samples = Samples::parse(one).unwrap();
        assert_eq!(Samples::parse(json).unwrap(), samples);
        let sample = &samples.samples[0];
        assert_eq!(sample.name, "sample");
        assert!(sample.endpoint["retries"].value() == ParamValue::One(String::from("3")));
        let several =
            "[[sample]]\nname = \"a\"\n[[sample]]\nname = \"b\"\n[sample.response]\nbody = \"ok\"";
        let samples = Samples::parse(several).unwrap().samples;
        assert_eq!(samples.len(), 2);
        assert_eq!(samples[1].response.as_ref().unwrap().status, 200);
    }

    #[test]
    fn what_is_unknown_or_missing_is_said() {
        for (text, words) in [
            ("sample = []", "no sample"),
            ("endpiont = {}", "endpiont"),
            ("[[sample]]\nresponse = { code = 1 }", "code"),
            ("{\"sample\":[]}", "no sample"),
            ("{", "EOF"),
            ("= 1", "line 1"),
        ] {
            let said = Samples::parse(text).unwrap_err().to_string();
            assert!(said.contains(words), "{text:?}: {said}");
        }
    }
}
