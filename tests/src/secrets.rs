//! The values of secrets, two for each: what differs between runs with one and with the other depends on a
//! secret.

/// Which of a secret's two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The one.
    First,
    /// The other, of another length.
    Second,
}

/// Names, and both values.
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
        "discord-path",
        [
            "/api/webhooks/1111111111/first-token-of-the-webhook",
            "/api/webhooks/22222222222222222/another-and-longer-token-of-the-webhook_2",
        ],
    ),
    (
        "url-path",
        [
            "/services/T0secret/very-long-hook-secret-42",
            "/in?key=0123456789abcdefghij",
        ],
    ),
    ("bearer", ["bearer~secret+value/of=the-hook", "b2-token"]),
    (
        "header",
        ["header secret \"value\" of the hook", "h2%20\\value"],
    ),
    ("password", ["basic:pass%word of the hook", "pa2"]),
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
            "another text that signs, and is longer",
        ],
    ),
    (
        "shared-secret",
        ["shared-secret-of-the-receiver", "shared/2 \u{e8}"],
    ),
    (
        "mail-password",
        ["pass \"word\\ of nobody", "another-password-of-nobody"],
    ),
    (
        "ingest-token",
        [
            "ingest-secret-of-the-producer",
            "another-ingest-secret-that-is-longer",
        ],
    ),
];

/// A secret's value.
///
/// # Panics
///
/// Where there is no such secret.
#[must_use]
pub fn secret_value(name: &str, variant: Variant) -> &'static str {
    let found = VALUES.iter().find(|(known, _)| *known == name);
    let (_, [first, second]) = found.unwrap_or_else(|| panic!("no secret {name}"));
    match variant {
        Variant::First => first,
        Variant::Second => second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_values_of_a_secret_differ_also_in_length() {
        for (name, [first, second]) in VALUES {
            assert_ne!(first.len(), second.len(), "{name}");
        }
    }
}
