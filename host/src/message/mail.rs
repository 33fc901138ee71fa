//! A mail as data. Its login alone has holes; everything else is text.

use serde::{Deserialize, Serialize};

use super::{LIST, Part, Template};
use crate::bounded;
use crate::clock::Millis;

/// A mail with holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The value of a `mail-server` parameter.
    pub server: String,
    /// Where the server wants a user.
    #[serde(default)]
    pub login: Option<Login>,
    /// The sender's address.
    pub from: String,
    /// What mail programs show beside it.
    #[serde(default)]
    pub from_name: Option<String>,
    /// Addresses.
    #[serde(deserialize_with = "bounded::list::<_, _, LIST>")]
    pub to: Vec<String>,
    /// Addresses that get a copy.
    #[serde(default, deserialize_with = "bounded::list::<_, _, LIST>")]
    pub cc: Vec<String>,
    /// Further headers, in order.
    #[serde(default, deserialize_with = "bounded::list::<_, _, LIST>")]
    pub headers: Vec<(String, String)>,
    /// One line.
    pub subject: String,
    /// The body as text.
    pub text: String,
    /// The body as HTML.
    #[serde(default)]
    pub html: Option<String>,
    /// Fingerprints of the conditions that it is about.
    #[serde(default, deserialize_with = "bounded::list::<_, _, LIST>")]
    pub threads: Vec<String>,
    /// Where it is sent once more; no component says that.
    #[serde(default)]
    pub repeat: Option<Repeat>,
}

/// How a mail logs in. `wit/README.md` lists the schemes and their fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// `AUTH PLAIN` or `AUTH LOGIN`; fields: `user`, `password`.
    Basic {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
    /// `AUTH XOAUTH2`; fields: `user`, `token`.
    Xoauth2 {
        /// The user.
        user: Template,
        /// An OAuth 2.0 access token.
        token: Template,
    },
}

/// A mail that some addresses refused for a while, for these alone. It is the same mail: `Message-ID`, `To`
/// and `Cc` are those of the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// Which of the delivery's messages it was.
    pub message: u32,
    /// The addresses.
    #[serde(deserialize_with = "bounded::list::<_, _, LIST>")]
    pub to: Vec<String>,
    /// When they are given up.
    pub until: Millis,
}

impl Mail {
    /// All addresses that it names, `to` before `cc`.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.to.iter().chain(&self.cc).map(String::as_str)
    }
}

impl Login {
    /// The scheme's name, and its fields in order.
    #[must_use]
    pub fn fields(&self) -> (&'static str, [(&'static str, &[Part]); 2]) {
        match self {
            Self::Basic { user, password } => {
                ("basic", [("user", user.as_slice()), ("password", password)])
            }
            Self::Xoauth2 { user, token } => ("xoauth2", [("user", user), ("token", token)]),
        }
    }
}
