//! What an administrator filled in.

use crate::Param;
use crate::bindings::endpoint::exports::campanile::alerts::endpoint as raw;

/// Parameters by name. A secret's value is never here: it reads `set`, and [`secret`](crate::secret)
/// makes the hole that the host fills.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(Vec<Param>);

impl Params {
    /// The value of a parameter, or `None` where it is unset or empty.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|param| param.name == name && param.key.is_none())
            .map(|param| param.value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a boolean parameter is `true`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.param(name) == Some("true")
    }

    /// The value of an integer parameter, or `None` where it is unset or no integer.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.param(name)?.parse().ok()
    }

    /// The filled lines of a parameter of kind `list` or `emails`, without the space around them.
    pub fn lines<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let lines = self.param(name).unwrap_or_default().lines();
        lines.map(str::trim).filter(|line| !line.is_empty())
    }

    /// Whether a parameter, also a secret one, is set.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|param| param.name == name && !param.value.is_empty())
    }

    /// Keys and values of a parameter with rows, in order. The value of a secret row reads `set`.
    pub fn rows<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .filter(move |param| param.name == name)
            .filter_map(|param| {
                let key = param.key.as_deref()?;
                Some((key, param.value.as_str()))
            })
    }
}

impl From<Vec<Param>> for Params {
    fn from(params: Vec<Param>) -> Self {
        Self(params)
    }
}

/// One destination: an endpoint with its parameters, and the recipient's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipient {
    endpoint: String,
    name: String,
    language: String,
    params: Params,
}

impl Recipient {
    /// A recipient of the endpoint `endpoint`. `params` are the endpoint's parameters, then the
    /// recipient's; `language` is a BCP 47 tag.
    #[must_use]
    pub fn new(
        endpoint: impl Into<String>,
        name: impl Into<String>,
        language: impl Into<String>,
        params: Params,
    ) -> Self {
        Self {
            endpoint: endpoint.into(),
            name: name.into(),
            language: language.into(),
            params,
        }
    }

    /// The configured endpoint's name.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The recipient's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The recipient's language, a BCP 47 tag.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// All parameters.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// See [`Params::param`].
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.param(name)
    }

    /// See [`Params::flag`].
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.params.flag(name)
    }

    /// See [`Params::integer`].
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.params.integer(name)
    }

    /// See [`Params::lines`].
    pub fn lines<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.params.lines(name)
    }

    /// See [`Params::is_set`].
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.params.is_set(name)
    }

    /// See [`Params::rows`].
    pub fn rows<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.params.rows(name)
    }
}

impl From<raw::Recipient> for Recipient {
    fn from(raw: raw::Recipient) -> Self {
        Self {
            endpoint: raw.endpoint,
            name: raw.name,
            language: raw.language,
            params: Params(raw.params),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Params {
        let row = |name: &str, key: Option<&str>, value: &str| Param {
            name: name.into(),
            key: key.map(Into::into),
            value: value.into(),
        };
        Params::from(vec![
            row("chat", None, "-100"),
            row("empty", None, ""),
            row("silent", None, "true"),
            row("loud", None, "yes"),
            row("headers", Some("X-A"), "set"),
            row("headers", Some("X-B"), "set"),
        ])
    }

    #[test]
    fn a_value_is_found_by_name_and_an_empty_one_counts_as_unset() {
        let params = params();
        assert_eq!(params.param("chat"), Some("-100"));
        assert_eq!(params.integer("chat"), Some(-100));
        assert_eq!(params.param("Chat"), None);
        assert_eq!(params.param("empty"), None);
        assert!(!params.is_set("empty"));
        assert_eq!(params.integer("silent"), None);
    }

    #[test]
    fn lines_are_trimmed_and_empty_ones_left_out() {
        let params = Params::from(vec![Param {
            name: "to".into(),
            key: None,
            value: "a@b.example\r\n\n  c@d.example \n".into(),
        }]);
        let lines: Vec<&str> = params.lines("to").collect();
        assert_eq!(lines, ["a@b.example", "c@d.example"]);
        assert_eq!(params.lines("cc").count(), 0);
    }

    #[test]
    fn only_true_is_true() {
        let params = params();
        assert!(params.flag("silent"));
        assert!(!params.flag("loud"));
        assert!(!params.flag("absent"));
    }

    #[test]
    fn rows_keep_their_order_and_are_no_single_value() {
        let params = params();
        let keys: Vec<&str> = params.rows("headers").map(|(key, _)| key).collect();
        assert_eq!(keys, ["X-A", "X-B"]);
        assert_eq!(params.param("headers"), None);
        assert!(params.is_set("headers"));
    }
}
