//! What a host of this version can do, by name: for `features` in the manifest and for `host.has`.

/// Every feature. Message kinds stand alone; all others are `<what>.<name>`. The README of the contract
/// has the same list.
pub const FEATURES: &[&str] = &[
    "http",
    "mail",
    "syslog",
    "scheme.authorization",
    "scheme.basic",
    "scheme.standard-webhooks",
    "scheme.hmac-sha256",
    "scheme.xoauth2",
    "fact.delivery-id",
    "fact.unix-seconds",
    "fact.rfc3339",
    "encoding.raw",
    "encoding.json-string",
    "encoding.percent",
    "encoding.form",
    "encoding.base64",
    "markup.plain",
    "markup.html",
    "markup.markdown",
    "markup.slack",
    "markup.telegram",
];

/// Whether a host of this version has this feature.
#[must_use]
pub fn has(feature: &str) -> bool {
    FEATURES.contains(&feature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_only_what_is_carried_out() {
        assert!(has("http"));
        assert!(has("mail"));
        assert!(has("syslog"));
        assert!(has("scheme.xoauth2"));
        assert!(has("scheme.standard-webhooks"));
        for name in [
            "",
            "Mail",
            "smtp",
            "xoauth2",
            "syslog+tls",
            "HTTP",
            "standard-webhooks",
            "scheme.",
            "scheme.aws-sigv4",
        ] {
            assert!(!has(name), "{name}");
        }
    }

    #[test]
    fn the_readme_lists_every_feature() {
        let readme = include_str!("../../README.md");
        for feature in FEATURES {
            assert!(readme.contains(&format!("`{feature}`")), "{feature}");
        }
    }
}
