//! Consent in words: the host's own, in the language of whoever grants. What a component brings (names,
//! paths) stands in them as it is; its messages are not looked at, so that none takes the place of these.

use campanile_contract::manifest::Place;
use campanile_contract::text::{Localizer, Value};
use serde::{Deserialize, Serialize};

use super::{Ask, Permission, To};

/// One thing that an endpoint may do, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// The words.
    pub text: String,
    /// Whether it was not granted before.
    pub new: bool,
}

/// All that an endpoint asks, and what of that was granted before, in words of this language.
#[must_use]
pub fn clauses(ask: &Ask, granted: Option<&Ask>, language: &str) -> Vec<Clause> {
    let speaker = Speaker(Localizer::new(None, language, "UTC"));
    let granted = granted.filter(|granted| granted.component == ask.component);
    let clause = |permission: &Permission| Clause {
        text: speaker.permission(permission),
        new: !granted.is_some_and(|granted| granted.allows(permission)),
    };
    ask.permissions.iter().map(clause).collect()
}

struct Speaker(Localizer<'static>);

impl Speaker {
    fn say(&self, key: &str, args: &[(&str, &str)]) -> String {
        let args: Vec<_> = args
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
            .collect();
        self.0.text(&format!("consent.{key}"), &args)
    }

    fn permission(&self, permission: &Permission) -> String {
        match permission {
            Permission::Send { method, to, path } => self.clear(
                self.say("send", &[("method", method), ("to", &self.below(to, path))]),
                to,
            ),
            Permission::Mail { to } => {
                self.clear(self.say("mail", &[("server", &self.to(to))]), to)
            }
            Permission::Syslog { to } => {
                self.clear(self.say("syslog", &[("server", &self.to(to))]), to)
            }
            Permission::Fill { secret, place, to } => {
                let args = [
                    ("secret", secret.as_str()),
                    ("place", &self.place(place)),
                    ("to", &self.to(to)),
                ];
                let key = if place.is_of_mail() { "log_in" } else { "fill" };
                self.say(key, &args)
            }
            Permission::Sign { secret, to } => {
                self.say("sign", &[("secret", secret), ("to", &self.to(to))])
            }
            Permission::Read { what } => match (what.as_str(), what.strip_prefix("header:")) {
                ("*", _) => self.say("read_all", &[]),
                ("text", _) => self.say("read_text", &[]),
                (_, Some(name)) => self.say("read_header", &[("name", name)]),
                (pointer, None) => self.say("read", &[("pointer", pointer)]),
            },
            Permission::Large => self.say("large", &[]),
            Permission::Foreign => self.say("foreign", &[]),
        }
    }

    /// Says so where everybody on the way can read it.
    fn clear(&self, words: String, to: &To) -> String {
        let address = match to {
            To::Address(address)
            | To::Secret {
                origin: address, ..
            } => address.as_str(),
            To::Recipient(_) => "",
        };
        let in_clear = ["http://", "smtp://", "syslog+tcp://", "syslog+udp://"];
        if in_clear.iter().any(|scheme| address.starts_with(scheme)) {
            self.say("in_clear", &[("what", &words)])
        } else {
            words
        }
    }

    fn to(&self, to: &To) -> String {
        match to {
            To::Address(address) => address.clone(),
            To::Secret { param, origin } => {
                self.say("secret_address", &[("param", param), ("origin", origin)])
            }
            To::Recipient(param) => self.say("recipients_address", &[("param", param)]),
        }
    }

    fn below(&self, to: &To, path: &str) -> String {
        let path = if path == "**" { "/**" } else { path };
        match to {
            _ if path == "/" => self.to(to),
            To::Address(address) => format!("{address}{path}"),
            _ => self.say("below", &[("to", &self.to(to)), ("path", path)]),
        }
    }

    fn place(&self, place: &Place) -> String {
        let (key, name) = match place {
            Place::Authorization => ("authorization", ""),
            Place::BasicUser => ("basic_user", ""),
            Place::BasicPassword => ("basic_password", ""),
            Place::Header(name) => ("header", name.as_str()),
            Place::HeaderByKey => ("header", "*"),
            Place::Path => ("path", ""),
            Place::Query(name) => ("query", name.as_str()),
            Place::Form(name) => ("form", name.as_str()),
            Place::Json(pointer) => ("json", pointer.as_str()),
            Place::WholeUrl => ("whole_url", ""),
            Place::MailUser => ("mail_user", ""),
            Place::MailPassword => ("mail_password", ""),
        };
        self.say(&format!("place.{key}"), &[("name", name)])
    }
}
