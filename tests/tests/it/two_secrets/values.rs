//! The values of secrets, two for each: other lengths, other characters.

/// Which of a secret's two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    First,
    Second,
}

/// Names, and both values. Quotes, backslashes, `%`, `&`, `<`, `+`, spaces and what is no ASCII are wherever the kind
/// allows them.
const VALUES: &[(&str, [&str; 2])] = &[
    (
        "telegram-token",
        [
            "987654321:AAFsecret-of_the_bot-0123456789abcd",
            "12345678901234:zyxwvutsrqponmlkjihgfedcba987654321",
        ],
    ),
    (
        "slack-token",
        [
            "xoxb-1-abc",
            "xoxb-222222222222-333333333333-AbCdEfGhIjKlMnOpQrStUvWx",
        ],
    ),
    (
        "slack-path",
        [
            "/services/T00000001/B00000001/firstfirstfirst1",
            "/services/T2/B2/second-second-second-2",
        ],
    ),
    (
        "discord-token",
        [
            "first-token-of-the-webhook",
            "another-and-longer-token-of-the-webhook_2",
        ],
    ),
    (
        "url-path",
        [
            "/services/T0secret/very%20long-hook-secret-42",
            "/in?key=0123456789&other=%22%C3%A9%22",
        ],
    ),
    ("bearer", ["bearer~secret+value/of=the-hook", "b2%&"]),
    (
        "header",
        [
            "header secret \"value\" of <the> hook & \u{e8}",
            "h2%20\\value",
        ],
    ),
    ("password", ["basic:pass%word of the hook \u{fc}", "pa2"]),
    (
        "signing-key",
        [
            "whsec_c2VjcmV0LXNpZ25pbmcta2V5LW9mLXRoZS1ob29rLTEyMzQ=",
            "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0",
        ],
    ),
    (
        "signing-text",
        [
            "hmac-signing-secret-of-the-hook",
            "signs \"&\" and more \u{1f511}",
        ],
    ),
    (
        "shared-secret",
        ["shared-secret-of-the-receiver", "shared/2 \\\"\u{e8}"],
    ),
    (
        "mail-password",
        ["pass \"word\\ of nobody", "another-password-of-nobody"],
    ),
    ("ingest-token", ["ingest-secret-of-the-producer", "i2%\"\\"]),
    (
        "liar-token",
        ["123456:token \"of\" <the> first+%25&\u{e9}\\/", "t\"%"],
    ),
    (
        "liar-other-token",
        ["654321:token-of-the-other", "o/2 &amp; more"],
    ),
    ("liar-password", ["p<2", "correct horse, battery+staple%"]),
    (
        "liar-key",
        ["a-signing-key-of-some-length", "k \"2\" of \\sixteen"],
    ),
];

impl Variant {
    /// A secret's value.
    pub(super) fn value(self, name: &str) -> &'static str {
        let found = VALUES.iter().find(|(known, _)| *known == name);
        let (_, [first, second]) = found.unwrap_or_else(|| panic!("no secret {name}"));
        match self {
            Self::First => first,
            Self::Second => second,
        }
    }
}

#[test]
fn both_values_of_a_secret_differ_also_in_length() {
    for (name, [first, second]) in VALUES {
        assert_ne!(first.len(), second.len(), "{name}");
    }
}
