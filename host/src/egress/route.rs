//! Step 7, the route: which of the ways out that a manifest asks for allows this method, origin and
//! path? Pure.
//!
//! Patterns (see [`path`]) are matched below the path of the parameter that names the origin. On a
//! `secret-url` nobody sees that path, so what is judged is the text behind the secret: none, which `/` and
//! `**` match, or segments that need no other spelling. What a server might read as another path (dots,
//! slashes and backslashes behind an escape, empty segments) matches none.

mod path;

use campanile_contract::manifest::{Manifest, Origin, ParamKind};
use campanile_contract::params::Param;
use url::Url;

use path::{Pattern, is_ambiguous};

pub(super) use path::{is_dots, is_plain};

/// A manifest's routes with their origins resolved, in the manifest's order.
pub(super) struct Routes(Vec<Route>);

struct Route {
    name: String,
    methods: Vec<String>,
    target: Target,
    patterns: Vec<Pattern>,
}

enum Target {
    /// An origin, and the path that it has before the patterns' own.
    Below(Url),
    /// A `secret-url`, by its parameter's name, and what is below its path.
    BelowSecret(String),
    /// A mail server, as its parameter names it.
    Mail(String),
    /// The parameter is not set, or cannot be read: nothing is there.
    Nowhere,
}

impl Routes {
    /// Resolves the origins from the endpoint's and the recipient's parameters.
    pub(super) fn new(manifest: &Manifest, params: &[Param]) -> Self {
        let target = |origin: &Origin| {
            let is_mail = |name: &str| {
                manifest
                    .params()
                    .any(|spec| spec.name == name && spec.kind == ParamKind::MailServer)
            };
            let text = match origin {
                Origin::At(text) => Some(text),
                Origin::Param(name) => {
                    if manifest
                        .params()
                        .any(|spec| spec.name == *name && spec.kind.is_secret())
                    {
                        return Target::BelowSecret(name.clone());
                    }
                    let value = params
                        .iter()
                        .find(|param| param.name == *name)
                        .map(|param| &param.value);
                    if is_mail(name) {
                        return value.map_or(Target::Nowhere, |value| Target::Mail(value.clone()));
                    }
                    value
                }
            };
            text.and_then(|text| Url::parse(text).ok())
                .filter(|url| url.has_host() && url.query().is_none())
                .map_or(Target::Nowhere, Target::Below)
        };
        let route = |route: &campanile_contract::manifest::Route| Route {
            name: route.name.clone(),
            methods: route.methods.clone(),
            target: target(&route.origin),
            patterns: route.paths.iter().map(|path| Pattern::new(path)).collect(),
        };
        Self(manifest.routes.iter().map(route).collect())
    }

    /// The names of the routes that allow a request by this method to this URL, in order.
    pub(super) fn allowing<'a>(
        &'a self,
        method: &'a str,
        url: &'a Url,
    ) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(|route| route.allows(method, url))
            .map(|route| route.name.as_str())
    }

    /// The names of the routes that lead to this mail server, as a parameter names it.
    pub(super) fn allowing_mail<'a>(&'a self, server: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |route| matches!(&route.target, Target::Mail(known) if known == server))
            .map(|route| route.name.as_str())
    }

    /// The names of the routes that allow a request by this method to a `secret-url` with this text behind
    /// its path.
    pub(super) fn allowing_below<'a>(
        &'a self,
        method: &'a str,
        param: &'a str,
        suffix: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        let plain = suffix.is_empty() || is_plain(suffix);
        self.0
            .iter()
            .filter(move |route| {
                plain
                    && matches!(&route.target, Target::BelowSecret(name) if name == param)
                    && route.methods.iter().any(|allowed| allowed == method)
                    && route.patterns.iter().any(|pattern| pattern.matches(suffix))
            })
            .map(|route| route.name.as_str())
    }
}

impl Route {
    fn allows(&self, method: &str, url: &Url) -> bool {
        let Target::Below(base) = &self.target else {
            return false;
        };
        let same_origin = base.scheme() == url.scheme()
            && base.host() == url.host()
            && base.port_or_known_default() == url.port_or_known_default();
        if !same_origin || !self.methods.iter().any(|allowed| allowed == method) {
            return false;
        }
        let prefix = base.path().trim_end_matches('/');
        let Some(path) = url
            .path()
            .strip_prefix(prefix)
            .filter(|path| path.starts_with('/') || path.is_empty())
        else {
            return false;
        };
        !is_ambiguous(path) && self.patterns.iter().any(|pattern| pattern.matches(path))
    }
}

#[cfg(test)]
mod tests;
