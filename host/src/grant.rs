//! Words for consent: what an endpoint asks to do, what its tenant granted, and below which ceiling of the
//! operator's that stays. Pure.
//!
//! An ask follows from a component's manifest and an endpoint's parameters. A grant is the ask that
//! somebody was shown and allowed; it covers every ask that wants no more. A request leaves only where ask,
//! grant and ceiling all allow it.

mod ceiling;
mod pattern;
mod permit;
mod words;

use std::collections::BTreeSet;

use campanile_contract::manifest::{
    Carries, Manifest, Origin, ParamKind, ParamSpec, Place, Route, Tier, When,
};
use campanile_contract::params::{MailServer, Param, SyslogServer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

pub use ceiling::{Ceiling, CeilingError, Ceilings, Mode, OriginPattern, Over};
pub use pattern::Pattern;
pub use permit::{Permit, Standing};
pub use words::{Clause, clauses};

/// What an endpoint asks to do, or was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The component's name: another one is another matter, whatever it asks.
    pub component: String,
    /// All that it may do with what it is given.
    pub permissions: BTreeSet<Permission>,
}

/// One thing that an endpoint may do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "may", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Permission {
    /// Send requests.
    Send {
        /// In capitals.
        method: String,
        /// Where to.
        to: To,
        /// A [`Pattern`], below the path of `to`.
        path: String,
    },
    /// Send mail, to addresses that parameters hold.
    Mail {
        /// The mail server.
        to: To,
    },
    /// Send syslog lines.
    Syslog {
        /// The syslog server.
        to: To,
    },
    /// Put a secret into a request.
    Fill {
        /// The parameter, or `parameter/row`.
        secret: String,
        /// Where in the request.
        place: Place,
        /// Where the request goes.
        to: To,
    },
    /// Sign requests.
    Sign {
        /// The parameter.
        secret: String,
        /// Where the requests go.
        to: To,
    },
    /// Read of responses.
    Read {
        /// A JSON pointer into the body, `text` for its beginning, `*` for all of it, or `header:NAME`.
        what: String,
    },
    /// Use the larger limits.
    Large,
    /// Be code that did not come with this program: it never takes a built-in component's place unasked.
    Foreign,
}

/// Where something goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum To {
    /// An address, and what is below its path; or a mail or syslog server.
    Address(String),
    /// The address that a `secret-url` holds.
    Secret {
        /// The parameter.
        param: String,
        /// Its scheme, host and port.
        origin: String,
    },
    /// The address in this parameter of each recipient.
    Recipient(String),
}

impl To {
    /// What this origin is for an endpoint with these parameters, in which each `secret-url` reads its
    /// origin. `None` where the parameter is not set: nothing is there.
    #[must_use]
    pub fn of(origin: &Origin, manifest: &Manifest, params: &[Param]) -> Option<Self> {
        let name = match origin {
            Origin::At(address) => return Some(Self::Address(address.clone())),
            Origin::Param(name) => name,
        };
        let is_recipients = |spec: &ParamSpec| spec.name == *name;
        if manifest.recipient_params.iter().any(is_recipients) {
            return Some(Self::Recipient(name.clone()));
        }
        let value = &params.iter().find(|param| param.name == *name)?.value;
        let kind = manifest.params().find(|spec| spec.name == *name)?.kind;
        if kind == ParamKind::SecretUrl {
            return Some(Self::Secret {
                param: name.clone(),
                origin: value.clone(),
            });
        }
        spelled(value).map(Self::Address)
    }
}

/// An address in the one spelling that is judged: a person consents to that.
fn spelled(address: &str) -> Option<String> {
    if let Some(server) = MailServer::parse(address) {
        return Some(server.to_string());
    }
    if let Some(server) = SyslogServer::parse(address) {
        return Some(server.to_string());
    }
    let url = Url::parse(address).ok().filter(Url::has_host)?;
    Some(url.as_str().trim_end_matches('/').to_owned())
}

impl Ask {
    /// What an endpoint with these parameters asks, of a component that is built in or not. `params` are the
    /// endpoint's, completed: a secret that is set has any value, a `secret-url` its origin.
    #[must_use]
    pub fn of(manifest: &Manifest, builtin: bool, params: &[Param]) -> Self {
        let mut permissions = BTreeSet::new();
        for route in &manifest.routes {
            if let Some(to) = To::of(&route.origin, manifest, params) {
                permissions.extend(ways(manifest, route, &to));
            }
        }
        for spec in manifest.params().filter(|spec| spec.kind.is_secret()) {
            let set = params.iter().filter(|param| param.name == spec.name);
            for param in set {
                permissions.extend(uses(manifest, spec, param.key.as_deref(), params));
            }
        }
        if manifest.reads.when != When::Never {
            let headers = manifest.reads.headers.iter();
            let headers = headers.map(|name| format!("header:{name}"));
            let all = headers.chain(manifest.reads.body.iter().cloned());
            permissions.extend(all.map(|what| Permission::Read { what }));
        }
        if manifest.limits == Tier::Large {
            permissions.insert(Permission::Large);
        }
        if !builtin {
            permissions.insert(Permission::Foreign);
        }
        Self {
            component: manifest.name.clone(),
            permissions,
        }
    }

    /// Whether this, as a grant, allows all of another ask.
    #[must_use]
    pub fn covers(&self, ask: &Self) -> bool {
        self.component == ask.component && ask.permissions.iter().all(|wanted| self.allows(wanted))
    }

    /// Whether this, as a grant, allows one thing.
    #[must_use]
    pub fn allows(&self, wanted: &Permission) -> bool {
        self.permissions
            .iter()
            .any(|granted| granted.covers(wanted))
    }

    /// The addresses that messages go to, as far as the endpoint's parameters say.
    #[must_use]
    pub fn addresses(&self) -> BTreeSet<&str> {
        let to = self
            .permissions
            .iter()
            .filter_map(|permission| match permission {
                Permission::Send { to, .. }
                | Permission::Mail { to }
                | Permission::Syslog { to } => Some(to),
                _ => None,
            });
        to.filter_map(|to| match to {
            To::Address(address)
            | To::Secret {
                origin: address, ..
            } => Some(address.as_str()),
            To::Recipient(_) => None,
        })
        .collect()
    }

    /// What names the ask: a SHA-256 in hex. Who grants says this, so that nobody grants anything else than
    /// what was shown.
    #[must_use]
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let hash = Sha256::digest(&json);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Permission {
    /// Whether this leaves nothing to be asked of another.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Send { method, to, path },
                Self::Send {
                    method: wanted,
                    to: target,
                    path: below,
                },
            ) => {
                method == wanted && to == target && Pattern::new(path).covers(&Pattern::new(below))
            }
            (Self::Read { what: all }, Self::Read { what }) if !what.starts_with("header:") => {
                let rest = what.strip_prefix(all.as_str());
                all == "*" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            _ => self == other,
        }
    }
}

/// The ways out of one route.
fn ways(manifest: &Manifest, route: &Route, to: &To) -> Vec<Permission> {
    match manifest.carries(route) {
        Carries::Requests => {}
        Carries::Mails => return vec![Permission::Mail { to: to.clone() }],
        Carries::Lines => return vec![Permission::Syslog { to: to.clone() }],
    }
    let ways = route.methods.iter().flat_map(|method| {
        route.paths.iter().map(move |path| Permission::Send {
            method: method.clone(),
            to: to.clone(),
            path: path.clone(),
        })
    });
    ways.collect()
}

/// What one secret value is used for.
fn uses(
    manifest: &Manifest,
    spec: &ParamSpec,
    row: Option<&str>,
    params: &[Param],
) -> Vec<Permission> {
    let secret = row.map_or_else(|| spec.name.clone(), |row| format!("{}/{row}", spec.name));
    let to = |route: &Route| To::of(&route.origin, manifest, params);
    if spec.kind == ParamKind::SigningKey {
        let requests = manifest
            .routes
            .iter()
            .filter(|route| manifest.carries(route) == Carries::Requests);
        let sign = |to| Permission::Sign {
            secret: secret.clone(),
            to,
        };
        return requests.filter_map(to).map(sign).collect();
    }
    let fill = |place: &Place, to| Permission::Fill {
        secret: secret.clone(),
        place: match (place, row) {
            (Place::HeaderByKey, Some(row)) => Place::Header(row.to_ascii_lowercase()),
            (place, _) => place.clone(),
        },
        to,
    };
    // That an address is one is said where it is sent to.
    let placed = spec
        .uses
        .iter()
        .filter(|entry| entry.place != Place::WholeUrl);
    let uses = placed.filter_map(|entry| {
        let to = manifest.route(&entry.route).and_then(to)?;
        Some(fill(&entry.place, to))
    });
    uses.collect()
}

#[cfg(test)]
mod tests;
