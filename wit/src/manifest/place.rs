//! Places: where in a request a secret may stand. One grammar for the manifest, the consent page and the
//! door that keeps it.
//!
//! | written | where |
//! |---|---|
//! | `authorization` | in the value of the scheme `authorization` |
//! | `basic-user`, `basic-password` | in a field of the scheme `basic` |
//! | `header:NAME` | in the value of that header; the name in lower case |
//! | `header:*` | in the value of the header that the row's key names; for `secret-pairs` |
//! | `path` | inside one segment of the path |
//! | `query:NAME` | in the value of that query field |
//! | `form:NAME` | in the value of that field of a form |
//! | `json:POINTER` | in the string at that RFC 6901 pointer of a JSON body |
//! | `whole-url` | as the whole URL, or with text of a path behind it; for `secret-url` |
//! | `mail-user` | in the user of the scheme `basic` or `xoauth2` of a mail |
//! | `mail-password` | in the password of `basic`, or the token of `xoauth2`, of a mail |

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::grammar::{is_json_pointer, is_token};

/// Where in a request a secret may stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In the value of the scheme `authorization`.
    Authorization,
    /// The user of the scheme `basic`.
    BasicUser,
    /// The password of the scheme `basic`.
    BasicPassword,
    /// The value of this header; the name in lower case.
    Header(String),
    /// The value of the header that the row's key names.
    HeaderByKey,
    /// Inside one segment of the path.
    Path,
    /// The value of this query field.
    Query(String),
    /// The value of this field of a form.
    Form(String),
    /// In the string at this RFC 6901 pointer of a JSON body.
    Json(String),
    /// The whole URL, or all of it but text of a path behind it.
    WholeUrl,
    /// The user that a mail server is told.
    MailUser,
    /// The password or token that a mail server is told.
    MailPassword,
}

/// The words for all places, as messages show them.
const EXPECTED: &str = "authorization, basic-user, basic-password, header:NAME, header:*, path, query:NAME, form:NAME, json:POINTER, whole-url, mail-user or mail-password";

impl Place {
    /// Whether it is a place of a mail; all others are of an HTTP request.
    #[must_use]
    pub fn is_of_mail(&self) -> bool {
        matches!(self, Self::MailUser | Self::MailPassword)
    }
}

impl FromStr for Place {
    /// Says in words what is wrong.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = match text {
            "authorization" => Some(Self::Authorization),
            "basic-user" => Some(Self::BasicUser),
            "basic-password" => Some(Self::BasicPassword),
            "header:*" => Some(Self::HeaderByKey),
            "path" => Some(Self::Path),
            "whole-url" => Some(Self::WholeUrl),
            "mail-user" => Some(Self::MailUser),
            "mail-password" => Some(Self::MailPassword),
            _ => None,
        };
        if let Some(place) = plain {
            return Ok(place);
        }
        let wrong = |expected: &str| Err(format!("`{text}` is not a place; expected {expected}"));
        match text.split_once(':') {
            Some(("header", "authorization")) => wrong("the place `authorization`"),
            Some(("header", name)) if is_header_name(name) => Ok(Self::Header(name.to_owned())),
            Some(("header", _)) => wrong("a header's name in lower case after `header:`"),
            Some(("query", name)) if is_field_name(name) => Ok(Self::Query(name.to_owned())),
            Some(("form", name)) if is_field_name(name) => Ok(Self::Form(name.to_owned())),
            Some(("query" | "form", _)) => wrong("a field's name after the colon"),
            Some(("json", pointer)) if pointer.starts_with('/') && is_json_pointer(pointer) => {
                Ok(Self::Json(pointer.to_owned()))
            }
            Some(("json", _)) => {
                wrong("an RFC 6901 pointer after `json:`, such as json:/auth/token")
            }
            _ => wrong(EXPECTED),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorization => f.write_str("authorization"),
            Self::BasicUser => f.write_str("basic-user"),
            Self::BasicPassword => f.write_str("basic-password"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::HeaderByKey => f.write_str("header:*"),
            Self::Path => f.write_str("path"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Form(name) => write!(f, "form:{name}"),
            Self::Json(pointer) => write!(f, "json:{pointer}"),
            Self::WholeUrl => f.write_str("whole-url"),
            Self::MailUser => f.write_str("mail-user"),
            Self::MailPassword => f.write_str("mail-password"),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A token in lower case; without `*`, which reads like a wildcard and is none.
fn is_header_name(name: &str) -> bool {
    is_token(name) && !name.bytes().any(|b| b.is_ascii_uppercase() || b == b'*')
}

/// Visible ASCII only: what a consent page shows of it cannot be mistaken for something else.
fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_place_and_writes_it_the_same() {
        for (text, place) in [
            ("authorization", Place::Authorization),
            ("basic-user", Place::BasicUser),
            ("basic-password", Place::BasicPassword),
            ("header:x-api-key", Place::Header("x-api-key".into())),
            ("header:*", Place::HeaderByKey),
            ("path", Place::Path),
            ("query:key", Place::Query("key".into())),
            ("query:auth:Token", Place::Query("auth:Token".into())),
            ("form:user[token]", Place::Form("user[token]".into())),
            ("json:/auth/token", Place::Json("/auth/token".into())),
            ("json:/a~1b/~0/", Place::Json("/a~1b/~0/".into())),
            ("whole-url", Place::WholeUrl),
            ("mail-user", Place::MailUser),
            ("mail-password", Place::MailPassword),
        ] {
            assert_eq!(text.parse(), Ok(place.clone()), "{text}");
            assert_eq!(place.to_string(), text);
        }
    }

    #[test]
    fn refuses_near_misses() {
        for text in [
            "",
            "Path",
            " path",
            "path ",
            "path:",
            "path:x",
            "paths",
            "body",
            "host",
            "scheme",
            "header",
            "header:",
            "header:X-Key",
            "header:x key",
            "header:x:y",
            "header:**",
            "header:authorization",
            "header:\u{e9}",
            "query",
            "query:",
            "query:a b",
            "query:\u{7f}",
            "form:",
            "form:\n",
            "json",
            "json:",
            "json:a",
            "json:/~",
            "json:/~2",
            "json:/a~",
            "url",
            "whole-url:x",
            "authorization:bearer",
            "Authorization",
            "basic",
            "mail",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
