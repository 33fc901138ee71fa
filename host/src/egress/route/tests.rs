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
    let routes = Routes::new(&manifest, &params, &Permit::all());
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    routes.leading(method, &url).next().is_some()
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
        let hook = Param {
            name: "hook".into(),
            key: None,
            value: "https://h.example".into(),
        };
        let routes = Routes::new(&manifest, &[hook], &Permit::all());
        let found = routes
            .leading_below(method, "hook", suffix)
            .next()
            .is_some();
        assert!(
            routes
                .leading_below(method, "other", suffix)
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
