//! Routes: an origin without wildcards, methods, and path patterns of one small grammar. A route to a mail
//! or syslog server is its origin alone.

use url::Url;

use crate::manifest::mistake::{Findings, quoted};
use crate::manifest::{Carries, Manifest, Origin, ParamKind, Route, grammar};

/// What a route may ask for. HEAD and OPTIONS send nothing, CONNECT and TRACE are tunnels and echoes.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    let names = manifest.routes.iter().map(|route| route.name.as_str());
    findings.require_unique(names, |at| format!("route[{at}].name"));
    for (at, route) in manifest.routes.iter().enumerate() {
        let key = |key: &str| format!("route[{at}].{key}");
        findings.require(
            grammar::is_name(&route.name),
            &key("name"),
            &format!("{} is not a name", quoted(&route.name)),
            "a lower-case letter, then at most 63 lower-case letters, digits and hyphens",
        );
        origin(manifest, route, &key, findings);
        let server = match manifest.carries(route) {
            Carries::Requests => {
                methods(route, &key, findings);
                paths(route, &key, findings);
                continue;
            }
            Carries::Mails => "mail",
            Carries::Lines => "syslog",
        };
        for (name, items) in [("methods", &route.methods), ("paths", &route.paths)] {
            findings.require(
                items.is_empty(),
                &key(name),
                &format!("a {server} server has none"),
                "no such key",
            );
        }
    }
}

fn origin(
    manifest: &Manifest,
    route: &Route,
    key: &impl Fn(&str) -> String,
    findings: &mut Findings,
) {
    match &route.origin {
        Origin::At(at) => findings.require(
            is_origin(at),
            &key("origin.at"),
            &format!("{} is not an origin", quoted(at)),
            "https://host or https://host:port, in lower case, with nothing after it",
        ),
        Origin::Param(name) => {
            let named = manifest.params().find(|param| param.name == *name);
            findings.require(
                named.is_some_and(|param| {
                    matches!(
                        param.kind,
                        ParamKind::Url
                            | ParamKind::SecretUrl
                            | ParamKind::MailServer
                            | ParamKind::SyslogServer
                    )
                }),
                &key("origin.param"),
                &format!("{} is not a parameter that holds an address", quoted(name)),
                "the name of a parameter of kind url, secret-url, mail-server or syslog-server",
            );
        }
    }
}

/// Only the canonical spelling, so that what a person consents to is what is judged.
fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    matches!(url.scheme(), "https" | "http")
        && url
            .host_str()
            .is_some_and(|host| !host.contains('*') && !host.ends_with('.'))
        && url.origin().ascii_serialization() == text
}

fn methods(route: &Route, key: &impl Fn(&str) -> String, findings: &mut Findings) {
    findings.require(
        !route.methods.is_empty(),
        &key("methods"),
        "there are none",
        &METHODS.join(", "),
    );
    for (at, method) in route.methods.iter().enumerate() {
        findings.require(
            METHODS.contains(&method.as_str()),
            &key(&format!("methods[{at}]")),
            &format!("{} is not a method that a route may have", quoted(method)),
            &METHODS.join(", "),
        );
    }
    findings.require_unique(route.methods.iter().map(String::as_str), |at| {
        key(&format!("methods[{at}]"))
    });
}

fn paths(route: &Route, key: &impl Fn(&str) -> String, findings: &mut Findings) {
    findings.require(
        !route.paths.is_empty(),
        &key("paths"),
        "there are none",
        "/path, or ** for all",
    );
    for (at, path) in route.paths.iter().enumerate() {
        findings.require(
            is_path_pattern(path),
            &key(&format!("paths[{at}]")),
            &format!("{} is not a path pattern", quoted(path)),
            "/ and segments of unreserved characters; at most one * in each; ** only as the last",
        );
    }
    findings.require_unique(route.paths.iter().map(String::as_str), |at| {
        key(&format!("paths[{at}]"))
    });
}

fn is_path_pattern(pattern: &str) -> bool {
    if pattern == "**" {
        return true;
    }
    let Some(rest) = pattern.strip_prefix('/') else {
        return false;
    };
    let mut segments: Vec<&str> = rest.split('/').collect();
    // A `**` or nothing may end it: all below, or a trailing slash.
    if matches!(segments.last(), Some(&("**" | ""))) {
        segments.pop();
    }
    segments.iter().all(|segment| {
        !segment.is_empty()
            && !matches!(*segment, "." | "..")
            && segment.matches('*').count() <= 1
            && segment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::sample::{ENDPOINT, MAIL, SYSLOG, each_makes_one_mistake, told};

    #[test]
    fn an_origin_is_scheme_host_and_port_in_one_spelling() {
        for good in [
            "https://api.telegram.org",
            "http://localhost:8025",
            "https://a.b:8443",
            "https://127.0.0.1",
            "https://[::1]:9",
            "https://xn--mnchen-3ya.de",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "api.telegram.org",
            "https://api.telegram.org/",
            "https://a.b/x",
            "https://a.b?x",
            "https://a.b#x",
            "https://u@a.b",
            "https://u:p@a.b",
            "https://a.b:443",
            "http://a.b:80",
            "HTTPS://a.b",
            "https://A.b",
            "https://*.a.b",
            "https://*",
            "https://a.b.",
            "ftp://a.b",
            "smtps://a.b:465",
            "https://a b",
            "https://a.b:99999",
            "https:a.b",
            "https:///a.b",
            "https://m\u{fc}nchen.de",
            "https://0x7f.1",
            "file:///etc/passwd",
            "null",
            "https://a.b\n",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn a_path_pattern_has_one_small_grammar() {
        for good in [
            "/",
            "**",
            "/**",
            "/a",
            "/a/",
            "/a/b",
            "/bot*/sendMessage",
            "/*",
            "/*/x",
            "/a/*/b/**",
            "/a*b",
            "/services/*/*/*",
            "/v1.0/me@x:y",
            "/...",
        ] {
            assert!(is_path_pattern(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "a",
            "a/b",
            "***",
            "/***",
            "/**/a",
            "/a**",
            "/**a",
            "**/a",
            "/a/**/",
            "/a*b*",
            "//",
            "/a//b",
            "//**",
            "/.",
            "/..",
            "/a/../b",
            "/a/./b",
            "/a%2fb",
            "/%2e",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\\b",
            "/\u{e9}",
            "/a\n",
            "https://a.b/c",
        ] {
            assert!(!is_path_pattern(bad), "{bad}");
        }
    }

    #[test]
    fn a_route_to_a_mail_server_is_its_origin_alone() {
        assert_eq!(told(MAIL), Vec::<String>::new());
        each_makes_one_mistake(
            MAIL,
            &[
                (
                    "{ param = \"server\" }",
                    "{ param = \"server\" }\nmethods = [\"POST\"]",
                    "route[0].methods: a mail server has none",
                ),
                (
                    "{ param = \"server\" }",
                    "{ param = \"server\" }\npaths = [\"**\"]",
                    "route[0].paths: a mail server has none",
                ),
            ],
        );
    }

    #[test]
    fn a_route_to_a_syslog_server_is_its_origin_alone() {
        assert_eq!(told(SYSLOG), Vec::<String>::new());
        each_makes_one_mistake(
            SYSLOG,
            &[
                (
                    "{ param = \"server\" }",
                    "{ param = \"server\" }\nmethods = [\"POST\"]",
                    "route[0].methods: a syslog server has none",
                ),
                (
                    "{ param = \"server\" }",
                    "{ param = \"server\" }\npaths = [\"**\"]",
                    "route[0].paths: a syslog server has none",
                ),
            ],
        );
    }

    #[test]
    fn routes_mean_something() {
        each_makes_one_mistake(
            ENDPOINT,
            &[
                (
                    "[[route]]\nname = \"send\"",
                    "[[route]]\nname = \"send\"\nnot = 1",
                    "route[0].not: there is no key",
                ),
                (
                    "methods = [\"POST\"]",
                    "methods = []",
                    "route[0].methods: there are none",
                ),
                (
                    "methods = [\"POST\"]",
                    "methods = [\"post\"]",
                    "route[0].methods[0]: ",
                ),
                (
                    "methods = [\"POST\"]",
                    "methods = [\"HEAD\"]",
                    "route[0].methods[0]: ",
                ),
                (
                    "methods = [\"POST\"]",
                    "methods = [\"CONNECT\"]",
                    "route[0].methods[0]: ",
                ),
                ("\"PUT\"", "\"POST\"", "route[1].methods[1]: "),
                (
                    "paths = [\"**\"]",
                    "paths = []",
                    "route[1].paths: there are none",
                ),
                (
                    "\"/bot*/sendMessage\"",
                    "\"bot*/sendMessage\"",
                    "route[0].paths[0]: ",
                ),
                ("\"/bot*/sendMessage\"", "\"/bot**\"", "route[0].paths[0]: "),
                (
                    "\"/bot*/sendMessage\"",
                    "\"/bot*/editMessageText\"",
                    "route[0].paths[1]: ",
                ),
                (
                    "{ param = \"api\" }",
                    "{ param = \"chat\" }",
                    "route[0].origin.param: ",
                ),
                (
                    "{ param = \"api\" }",
                    "{ param = \"nobody\" }",
                    "route[0].origin.param: ",
                ),
                (
                    "{ param = \"api\" }",
                    "{ at = \"https://api.telegram.org/\" }",
                    "route[0].origin.at: ",
                ),
                (
                    "{ param = \"api\" }",
                    "{ at = \"https://*.telegram.org\" }",
                    "route[0].origin.at: ",
                ),
            ],
        );
    }
}
