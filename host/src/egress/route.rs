//! Step 7, the route: which of the ways out that a manifest asks for allows this method, origin and
//! path? Pure.
//!
//! | pattern | matches |
//! |---|---|
//! | `/a/b` | itself |
//! | `/bot*/send` | any text without `/` in place of `*`, also none beside other text |
//! | `/a/*` | one whole segment, not an empty one |
//! | `/a/**` | `/a` and all below |
//! | `**` | everything |
//!
//! Patterns are matched below the path of the parameter that names the origin. On a `secret-url` nobody
//! sees that path, so what is judged is the text behind the secret: none, which `/` and `**` match, or
//! segments that need no other spelling. What a server might read as another path (dots, slashes and
//! backslashes behind an escape, empty segments) matches none.

use campanile_contract::manifest::{Manifest, Origin, ParamKind};
use campanile_contract::params::Param;
use url::Url;

use super::encoding::percent_decoded;

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

struct Pattern {
    segments: Vec<String>,
    rest: bool,
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

impl Pattern {
    fn new(text: &str) -> Self {
        let mut segments: Vec<String> = text
            .trim_start_matches('/')
            .split('/')
            .map(str::to_owned)
            .collect();
        let rest = segments.last().is_some_and(|last| last == "**");
        if rest {
            segments.pop();
        }
        Self { segments, rest }
    }

    fn matches(&self, path: &str) -> bool {
        let mut given = path.strip_prefix('/').unwrap_or(path).split('/');
        for pattern in &self.segments {
            match given.next() {
                Some(segment) if segment_matches(pattern, segment) => {}
                _ => return false,
            }
        }
        self.rest || given.next().is_none()
    }
}

/// `*` stands for any text, greedily or not; a segment of `*` alone is not empty.
fn segment_matches(pattern: &str, segment: &str) -> bool {
    if pattern == "*" {
        return !segment.is_empty();
    }
    let Some((first, others)) = pattern.split_once('*') else {
        return pattern == segment;
    };
    let Some(mut left) = segment.strip_prefix(first) else {
        return false;
    };
    let mut pieces = others.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return left.ends_with(piece);
        }
        match left.find(piece) {
            Some(at) => left = &left[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// Whether a text is `/` and segments in the one spelling that every parser leaves as it is: what is put
/// behind a path that nobody sees must not change its meaning. No escapes, so that none is completed or
/// read twice; no empty segments, and no dots alone, also before path parameters.
pub(super) fn is_plain(suffix: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    suffix.strip_prefix('/').is_some_and(|path| {
        path.split('/').all(|segment| {
            !segment.is_empty() && segment.bytes().all(is_letter) && !is_dots(segment.as_bytes())
        })
    })
}

/// Whether a server that decodes once more, or drops empty segments and path parameters, would read
/// another path than the one that is judged. A trailing slash is harmless.
fn is_ambiguous(path: &str) -> bool {
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() && segments.peek().is_some() {
            return true;
        }
        let decoded = percent_decoded(segment.as_bytes());
        let hides = decoded
            .iter()
            .any(|byte| matches!(byte, b'/' | b'\\') || byte.is_ascii_control());
        if hides || is_dots(&decoded) {
            return true;
        }
    }
    false
}

/// Whether a decoded segment is `.` or `..`, also with path parameters behind a semicolon.
pub(super) fn is_dots(decoded: &[u8]) -> bool {
    let name = decoded
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    matches!(name, b"." | b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: &str, paths: &[&str], method: &str, url: &str) -> bool {
        let manifest: Manifest = serde_json::from_value(serde_json::json!({
            "manifest": 1, "name": "x", "title": "x", "version": "1.0.0",
            "endpoint-param": [{"name": "api", "kind": "url"}],
            "route": [{"name": "send", "origin": {"param": "api"}, "methods": ["POST", "PUT"], "paths": paths}]
        }))
        .expect("a manifest");
        let params = [Param {
            name: "api".into(),
            key: None,
            value: origin.into(),
        }];
        let routes = Routes::new(&manifest, &params);
        let Ok(url) = Url::parse(url) else {
            return false;
        };
        routes.allowing(method, &url).next().is_some()
    }

    #[test]
    fn origins_match_wholly_or_not_at_all() {
        let table = [
            ("https://api.example/x", true),
            ("https://API.EXAMPLE/x", true),
            ("https://api.example:443/x", true),
            ("https://api.example/x?y=z", true),
            ("http://api.example/x", false),
            ("https://api.example:444/x", false),
            ("https://api.example.evil/x", false),
            ("https://evil.api.example/x", false),
            ("https://api.example./x", false),
            ("https://api.exampl/x", false),
            ("https://api.example@evil.example/x", false),
            ("https://evil.example\\@api.example/x", false),
            ("https:///api.example/x", true),
        ];
        for (url, expected) in table {
            assert_eq!(
                allowed("https://api.example", &["/x"], "POST", url),
                expected,
                "{url}"
            );
        }
        assert!(allowed(
            "https://api.example",
            &["/x"],
            "PUT",
            "https://api.example/x"
        ));
        for method in ["GET", "DELETE", "post", "POST "] {
            assert!(
                !allowed(
                    "https://api.example",
                    &["/x"],
                    method,
                    "https://api.example/x"
                ),
                "{method}"
            );
        }
    }

    #[test]
    fn paths_match_by_segment_and_do_not_escape() {
        let table = [
            ("/x", "/x", true),
            ("/x", "/X", false),
            ("/x", "/x/", false),
            ("/x", "/", false),
            ("/x", "/xy", false),
            ("/x", "/x/y", false),
            ("/x/", "/x/", true),
            ("/bot*/sendMessage", "/bot123:abc/sendMessage", true),
            ("/bot*/sendMessage", "/bot/sendMessage", true),
            ("/bot*/sendMessage", "/bot123/setWebhook", false),
            ("/bot*/sendMessage", "/bot1/2/sendMessage", false),
            ("/bot*/sendMessage", "/bot1/sendMessage/", false),
            ("/bot*/sendMessage", "/bo1/sendMessage", false),
            ("/bot*/sendMessage", "/bot1/../bot1/sendMessage", true),
            (
                "/bot*/sendMessage",
                "/bot1/sendMessage/../setWebhook",
                false,
            ),
            (
                "/bot*/sendMessage",
                "/bot1/sendMessage/%2e%2e/setWebhook",
                false,
            ),
            ("/bot*/sendMessage", "/bot1%2fsetWebhook/sendMessage", false),
            ("/bot*/sendMessage", "/bot1%5csetWebhook/sendMessage", false),
            ("/bot*/sendMessage", "/bot1\\setWebhook\\sendMessage", false),
            ("/bot*/sendMessage", "/bot1%00/sendMessage", false),
            ("/bot*/sendMessage", "//bot1/sendMessage", false),
            ("/bot*/sendMessage", "/bot1//sendMessage", false),
            ("/bot*/sendMessage", "/bot1/%73endMessage", false),
            ("/a/*/c", "/a/b/c", true),
            ("/a/*/c", "/a//c", false),
            ("/a/*/c", "/a/..;/c", false),
            ("/a/*/c", "/a/..;x=y/c", false),
            ("/a/*/c", "/a/%2e%2e;/c", false),
            ("/a/*/c", "/a/.../c", true),
            ("/a/*/c", "/a/b.c/c", true),
            ("/a/*/c", "/a/b/b/c", false),
            ("/a/*", "/a/", false),
            ("/a/*", "/a", false),
            ("/a/*-*.x", "/a/b-c.x", true),
            ("/a/*-*.x", "/a/b-.x", true),
            ("/a/*-*.x", "/a/bc.x", false),
            ("/a/*-*.x", "/a/b-c.y", false),
            ("/a/x*x", "/a/x", false),
            ("/a/x*x", "/a/xx", true),
            ("/a/**", "/a", true),
            ("/a/**", "/a/", true),
            ("/a/**", "/a/b/c/d", true),
            ("/a/**", "/ab", false),
            ("/a/**", "/b", false),
            ("/a/**", "/a/../b", false),
            ("/a/**", "/a/..%2fb", false),
            ("/a/**", "/a/%2e%2e%2fb", false),
            ("/a/**", "/a//../b", true),
            ("/a/**", "/a/b//c", false),
            ("**", "/", true),
            ("**", "/any/thing", true),
            ("**", "/any//thing", false),
        ];
        for (pattern, path, expected) in table {
            let url = format!("https://api.example{path}");
            assert_eq!(
                allowed("https://api.example", &[pattern], "POST", &url),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn below_a_secret_url_only_what_needs_no_other_spelling_is_matched() {
        let below = |patterns: &[&str], method: &str, suffix: &str| {
            let manifest: Manifest = serde_json::from_value(serde_json::json!({
                "manifest": 1, "name": "x", "title": "x", "version": "1.0.0",
                "endpoint-param": [{"name": "hook", "kind": "secret-url",
                    "uses": [{"route": "hook", "place": "whole-url"}]}],
                "route": [{"name": "hook", "origin": {"param": "hook"}, "methods": ["PATCH"], "paths": patterns}]
            }))
            .expect("a manifest");
            let routes = Routes::new(&manifest, &[]);
            let found = routes
                .allowing_below(method, "hook", suffix)
                .next()
                .is_some();
            assert!(
                routes
                    .allowing_below(method, "other", suffix)
                    .next()
                    .is_none()
            );
            found
        };
        let table = [
            ("/", "", true),
            ("/", "/", false),
            ("/", "/x", false),
            ("/**", "", true),
            ("**", "", true),
            ("**", "/messages/1", true),
            ("/messages/*", "", false),
            ("/messages/*", "/messages", false),
            ("/messages/*", "/messages/", false),
            ("/messages/*", "/messages/1", true),
            ("/messages/*", "messages/1", false),
            ("/messages/*", "/messages/1/", false),
            ("/messages/*", "/messages/1/2", false),
            ("/messages/*", "/Messages/1", false),
            ("/messages/*", "x/messages/1", false),
            ("**", "//messages/1", false),
            ("**", "/messages//1", false),
            ("**", "/messages/..", false),
            ("**", "/..", false),
            ("**", "/.", false),
            ("**", "/..;x", false),
            ("**", "/...", true),
            ("**", "/messages/%2e%2e", false),
            ("**", "/messages/1%2f2", false),
            ("**", "/messages/%31", false),
            ("**", "/messages/1?wait=true", false),
            ("**", "/messages/1#x", false),
            ("**", "/messages\\1", false),
            ("**", "/messages/1 ", false),
            ("**", "/messages/\u{e9}", false),
            ("**", "@evil.example/messages/1", false),
            ("**", "/@evil.example", true),
            ("**", ".evil.example", false),
            ("**", ":8080/x", false),
        ];
        for (pattern, suffix, expected) in table {
            assert_eq!(
                below(&[pattern], "PATCH", suffix),
                expected,
                "{pattern} {suffix}"
            );
            assert!(!below(&[pattern], "POST", suffix), "{pattern} {suffix}");
        }
    }

    #[test]
    fn the_parameters_own_path_stays_in_front() {
        let table = [
            ("https://h/base", "https://h/base/x", true),
            ("https://h/base/", "https://h/base/x", true),
            ("https://h/base", "https://h/x", false),
            ("https://h/base", "https://h/basement/x", false),
            ("https://h/base", "https://h/base/../x", false),
            ("https://h/base", "https://h/base/%2e%2e/x", false),
            ("https://h/base", "https://h/base%2f/x", false),
            ("https://h/base", "https://h//base/x", false),
            ("https://h/base?q=1", "https://h/base/x", false),
            ("not a url", "https://h/x", false),
            ("", "https://h/x", false),
        ];
        for (origin, url, expected) in table {
            assert_eq!(
                allowed(origin, &["/x"], "POST", url),
                expected,
                "{origin} {url}"
            );
        }
    }
}
