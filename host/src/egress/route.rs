//! Step 7, the route: which of the ways out that a manifest asks for allows this method, origin and
//! path? Pure.
//!
//! [Patterns](Pattern) are matched below the path of the parameter that names the origin. On a
//! `secret-url` nobody sees that path, so what is judged is the text behind the secret: none, which `/` and
//! `**` match, or segments that need no other spelling. What a server might read as another path (dots,
//! slashes and backslashes behind an escape, empty segments) matches none.

mod path;

use campanile_contract::manifest::{Carries, Manifest, Origin, ParamKind};
use campanile_contract::params::Param;
use url::Url;

use path::is_ambiguous;

pub(super) use path::{is_dots, is_plain};

use crate::grant::{Pattern, Permission, Permit, Standing, To};
use crate::outcome::Reason;

/// A manifest's routes with their origins resolved, in the manifest's order.
pub(super) struct Routes(Vec<Route>);

struct Route {
    name: String,
    target: Target,
    ways: Vec<Way>,
}

/// One method and pattern of a route; of a route to a mail or syslog server, the only way.
struct Way {
    method: String,
    pattern: Pattern,
    standing: Standing,
}

/// A route that leads to where a message goes, and what grant and ceiling say to that.
pub(super) struct Leading<'a> {
    pub(super) route: &'a str,
    pub(super) standing: Standing,
}

enum Target {
    /// An origin, and the path that it has before the patterns' own.
    Below(Url),
    /// A `secret-url`, by its parameter's name, and what is below its path.
    BelowSecret(String),
    /// A mail server, as its parameter names it.
    Mail(String),
    /// A syslog server, likewise.
    Syslog(String),
    /// The parameter is not set, or cannot be read: nothing is there.
    Nowhere,
}

impl Routes {
    /// Resolves the origins from the endpoint's and the recipient's parameters, in which each `secret-url`
    /// reads its origin.
    pub(super) fn new(manifest: &Manifest, params: &[Param], permit: &Permit) -> Self {
        let route = |route: &campanile_contract::manifest::Route| {
            let to = To::of(&route.origin, manifest, params);
            let (target, address) = target(&route.origin, manifest, params);
            let standing = |permission: &dyn Fn(To) -> Permission| {
                // Where nothing is there, nothing was asked.
                to.clone().map_or(Standing::Refused(Reason::Route), |to| {
                    permit.standing(&permission(to), &address)
                })
            };
            let only = |permission: &dyn Fn(To) -> Permission| {
                vec![Way {
                    method: String::new(),
                    pattern: Pattern::new("**"),
                    standing: standing(permission),
                }]
            };
            let ways = match manifest.carries(route) {
                Carries::Mails => only(&|to| Permission::Mail { to }),
                Carries::Lines => only(&|to| Permission::Syslog { to }),
                Carries::Requests => {
                    let ways = route.methods.iter().flat_map(|method| {
                        route.paths.iter().map(|path| Way {
                            method: method.clone(),
                            pattern: Pattern::new(path),
                            standing: standing(&|to| Permission::Send {
                                method: method.clone(),
                                to,
                                path: path.clone(),
                            }),
                        })
                    });
                    ways.collect()
                }
            };
            Route {
                name: route.name.clone(),
                target,
                ways,
            }
        };
        Self(manifest.routes.iter().map(route).collect())
    }

    /// The routes that lead a request by this method to this URL, in order.
    pub(super) fn leading<'a>(
        &'a self,
        method: &'a str,
        url: &'a Url,
    ) -> impl Iterator<Item = Leading<'a>> {
        self.0
            .iter()
            .filter_map(move |route| route.leading(method, route.below(url)?))
    }

    /// The routes that lead to this mail server, as a parameter names it.
    pub(super) fn leading_mail<'a>(&'a self, server: &'a str) -> impl Iterator<Item = Leading<'a>> {
        self.0
            .iter()
            .filter(move |route| matches!(&route.target, Target::Mail(known) if known == server))
            .filter_map(|route| route.leading("", ""))
    }

    /// The routes that lead to this syslog server, likewise.
    pub(super) fn leading_syslog<'a>(
        &'a self,
        server: &'a str,
    ) -> impl Iterator<Item = Leading<'a>> {
        self.0
            .iter()
            .filter(move |route| matches!(&route.target, Target::Syslog(known) if known == server))
            .filter_map(|route| route.leading("", ""))
    }

    /// The routes that lead a request by this method to a `secret-url` with this text behind its path.
    pub(super) fn leading_below<'a>(
        &'a self,
        method: &'a str,
        param: &'a str,
        suffix: &'a str,
    ) -> impl Iterator<Item = Leading<'a>> {
        let plain = suffix.is_empty() || is_plain(suffix);
        self.0
            .iter()
            .filter(move |route| {
                plain && matches!(&route.target, Target::BelowSecret(name) if name == param)
            })
            .filter_map(move |route| route.leading(method, suffix))
    }
}

/// Where an origin leads, and the address of that.
fn target(origin: &Origin, manifest: &Manifest, params: &[Param]) -> (Target, String) {
    let (text, kind) = match origin {
        Origin::At(text) => (Some(text), None),
        Origin::Param(name) => (
            params
                .iter()
                .find(|param| param.name == *name)
                .map(|param| &param.value),
            manifest
                .params()
                .find(|spec| spec.name == *name)
                .map(|spec| (name, spec.kind)),
        ),
    };
    let address = text.cloned().unwrap_or_default();
    let target = match (kind, text) {
        (Some((name, kind)), _) if kind.is_secret() => Target::BelowSecret(name.clone()),
        (Some((_, ParamKind::MailServer)), Some(server)) => Target::Mail(server.clone()),
        (Some((_, ParamKind::SyslogServer)), Some(server)) => Target::Syslog(server.clone()),
        (_, text) => text
            .and_then(|text| Url::parse(text).ok())
            .filter(|url| url.has_host() && url.query().is_none())
            .map_or(Target::Nowhere, Target::Below),
    };
    (target, address)
}

impl Route {
    /// The best way by this method to this path, if one leads there.
    fn leading(&self, method: &str, path: &str) -> Option<Leading<'_>> {
        let ways = self
            .ways
            .iter()
            .filter(|way| way.method == method && way.pattern.matches(path));
        let standing = ways.map(|way| way.standing).min()?;
        Some(Leading {
            route: &self.name,
            standing,
        })
    }

    /// The path of a URL below the target's own; `None` where it leads elsewhere, or may.
    fn below<'u>(&self, url: &'u Url) -> Option<&'u str> {
        let Target::Below(base) = &self.target else {
            return None;
        };
        let same_origin = base.scheme() == url.scheme()
            && base.host() == url.host()
            && base.port_or_known_default() == url.port_or_known_default();
        let path = url
            .path()
            .strip_prefix(base.path().trim_end_matches('/'))
            .filter(|path| path.starts_with('/') || path.is_empty())?;
        (same_origin && !is_ambiguous(path)).then_some(path)
    }
}

#[cfg(test)]
mod tests;
