//! Whether one value fits its kind. Pure: nothing is looked up.

use std::collections::BTreeSet;

use thiserror::Error;
use url::Url;

use super::pattern::Pattern;
use super::server::MailServer;
use super::syslog::SyslogServer;
use crate::manifest::{ParamKind, ParamSpec, duration};

/// The longest value of one line, in bytes: more than any token or address that a destination gives out.
/// A hole in a request counts as this much.
pub const LONGEST_LINE: usize = 4 * 1024;

/// The longest value of several lines, in bytes.
pub const LONGEST_TEXT: usize = 64 * 1024;

/// The most addresses of one mail: RFC 5321, section 4.5.3.1.8, obliges every server to take so many.
pub const MOST_ADDRESSES: usize = 100;

/// The fewest characters of a signing key that is plain text: 16 of them are past guessing.
const SHORTEST_SIGNING_KEY: usize = 16;

/// The bytes of a Standard Webhooks key: <https://www.standardwebhooks.com>, "Signature scheme".
const SIGNING_KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a value does not fit. Displayed in English for the author of a manifest; administrators are shown
/// the locale key [`Fault::message`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    #[error("a value, for it must be given")]
    Required,
    #[error("{expected}")]
    Malformed { expected: String },
    #[error("at most {limit}")]
    TooLong { limit: usize },
    #[error("one of {choices}")]
    NotAChoice { choices: String },
    #[error("one mail address")]
    NotAnAddress,
    #[error("one mail address a line, at most {MOST_ADDRESSES}, each once")]
    NotAddresses,
    #[error("smtps://host:465, smtp+starttls://host:587 or smtp://host:25")]
    NotAMailServer,
    #[error("syslog+tls://host:6514, syslog+tcp://host:port or syslog+udp://host:514")]
    NotASyslogServer,
    #[error("http:// or https://, a host, and neither user nor fragment")]
    NotAUrl,
    #[error("a decimal number")]
    NotANumber,
    #[error("a whole number with ms, s, m, h or d")]
    NotADuration,
    #[error("true or false")]
    NotABoolean,
    #[error("no control characters")]
    ControlCharacters,
    #[error("each key once")]
    DuplicateKey,
    #[error("whsec_ with the base64 of 24 to 64 bytes, or at least 16 characters")]
    WrongSigningKey,
    #[error("a parameter that is there")]
    Unknown,
}

impl Fault {
    /// The locale key.
    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::Required => "params.required",
            Self::Malformed { .. } => "params.malformed",
            Self::TooLong { .. } => "params.too_long",
            Self::NotAChoice { .. } => "params.not_a_choice",
            Self::NotAnAddress => "params.not_an_address",
            Self::NotAddresses => "params.not_addresses",
            Self::NotAMailServer => "params.not_a_mail_server",
            Self::NotASyslogServer => "params.not_a_syslog_server",
            Self::NotAUrl => "params.not_a_url",
            Self::NotANumber => "params.not_a_number",
            Self::NotADuration => "params.not_a_duration",
            Self::NotABoolean => "params.not_a_boolean",
            Self::ControlCharacters => "params.control_characters",
            Self::DuplicateKey => "params.duplicate_key",
            Self::WrongSigningKey => "params.wrong_signing_key",
            Self::Unknown => "params.unknown",
        }
    }

    /// What stands in the holes of that message, besides the label.
    pub(crate) fn arg(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Malformed { expected } => Some(("expected", expected.clone())),
            Self::TooLong { limit } => Some(("limit", limit.to_string())),
            Self::NotAChoice { choices } => Some(("choices", choices.clone())),
            _ => None,
        }
    }
}

/// The longest value of this kind, in bytes.
pub(crate) fn longest(kind: ParamKind) -> usize {
    match kind {
        ParamKind::Multiline | ParamKind::List | ParamKind::Emails => LONGEST_TEXT,
        _ => LONGEST_LINE,
    }
}

/// Judges one value, or the value of one row.
pub(crate) fn judge(spec: &ParamSpec, value: &str) -> Result<(), Fault> {
    let limit = longest(spec.kind);
    if value.len() > limit {
        return Err(Fault::TooLong { limit });
    }
    if let Some(limit) = spec
        .max_length
        .filter(|limit| value.chars().count() > *limit)
    {
        return Err(Fault::TooLong { limit });
    }
    let several_lines = matches!(
        spec.kind,
        ParamKind::Multiline | ParamKind::List | ParamKind::Emails
    );
    if value
        .chars()
        .any(|c| c.is_control() && !(several_lines && matches!(c, '\n' | '\r' | '\t')))
    {
        return Err(Fault::ControlCharacters);
    }
    let good = |good: bool, fault: Fault| if good { Ok(()) } else { Err(fault) };
    match spec.kind {
        ParamKind::Url | ParamKind::SecretUrl => good(is_url(value), Fault::NotAUrl)?,
        ParamKind::Email => good(is_address(value), Fault::NotAnAddress)?,
        ParamKind::Emails => good(are_addresses(value), Fault::NotAddresses)?,
        ParamKind::MailServer => good(MailServer::parse(value).is_some(), Fault::NotAMailServer)?,
        ParamKind::SyslogServer => {
            good(
                SyslogServer::parse(value).is_some(),
                Fault::NotASyslogServer,
            )?;
        }
        ParamKind::Boolean => good(matches!(value, "true" | "false"), Fault::NotABoolean)?,
        ParamKind::Integer => good(is_integer(value), Fault::NotANumber)?,
        ParamKind::Decimal => good(is_decimal(value), Fault::NotANumber)?,
        ParamKind::Duration => good(duration::parse(value).is_ok(), Fault::NotADuration)?,
        ParamKind::SigningKey => good(is_signing_key(value), Fault::WrongSigningKey)?,
        ParamKind::Choice => {
            let known = spec.choices.iter().any(|choice| choice.value == value);
            let choices = || {
                spec.choices
                    .iter()
                    .map(|c| c.value.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            if !known {
                return Err(Fault::NotAChoice { choices: choices() });
            }
        }
        ParamKind::Text
        | ParamKind::Multiline
        | ParamKind::List
        | ParamKind::Pairs
        | ParamKind::Secret
        | ParamKind::SecretPairs => {}
    }
    match &spec.pattern {
        Some(pattern) => follows(pattern, spec.kind, value),
        None => Ok(()),
    }
}

/// A `list` and `emails` are judged line by line.
fn follows(pattern: &str, kind: ParamKind, value: &str) -> Result<(), Fault> {
    let fault = || Fault::Malformed {
        expected: pattern.to_owned(),
    };
    let compiled = Pattern::compile(pattern).map_err(|_| fault())?;
    let good = if matches!(kind, ParamKind::List | ParamKind::Emails) {
        value
            .lines()
            .filter(|line| !line.trim().is_empty())
            .all(|line| compiled.matches(line))
    } else {
        compiled.matches(value)
    };
    if good { Ok(()) } else { Err(fault()) }
}

/// Stricter than the parser, which mends what people paste: what is judged is then what is sent.
pub(crate) fn is_url(value: &str) -> bool {
    let rest = value
        .strip_prefix("https://")
        .or_else(|| value.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    !authority.is_empty()
        && !authority.contains(['@', '*'])
        && !value.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '\\' | '#'))
        && Url::parse(value).is_ok_and(|url| url.has_host())
}

/// Filled lines, each an address, and none of them twice.
fn are_addresses(value: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
    !value.trim().is_empty()
        && lines.all(|line| is_address(line) && seen.insert(line.to_ascii_lowercase()))
        && seen.len() <= MOST_ADDRESSES
}

/// RFC 5321's dot-string at a host name: no quotes, comments, address literals or non-ASCII.
#[must_use]
pub fn is_address(value: &str) -> bool {
    let Some((local, host)) = value.split_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    value.len() <= 254
        && local.len() <= 64
        && local.split('.').all(is_atom)
        && host.split('.').all(is_label)
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    digits.bytes().all(|b| b.is_ascii_digit()) && value.parse::<i64>().is_ok()
}

fn is_decimal(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        && value.parse::<f64>().is_ok_and(f64::is_finite)
}

fn is_signing_key(value: &str) -> bool {
    value.strip_prefix("whsec_").map_or_else(
        || value.chars().count() >= SHORTEST_SIGNING_KEY,
        |encoded| base64_bytes(encoded).is_some_and(|bytes| SIGNING_KEY_BYTES.contains(&bytes)),
    )
}

/// How many bytes a canonical, padded base64 text (RFC 4648, section 4) stands for.
fn base64_bytes(encoded: &str) -> Option<usize> {
    let digits = encoded.trim_end_matches('=');
    let padding = encoded.len() - digits.len();
    let value = |b: u8| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut last = 0;
    for b in digits.bytes() {
        last = value(b)?;
    }
    let unused = match padding {
        0 => 0,
        1 => 0b11,
        2 => 0b1111,
        _ => return None,
    };
    (encoded.len().is_multiple_of(4) && last & unused == 0).then_some(digits.len() * 3 / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: ParamKind) -> ParamSpec {
        ParamSpec {
            name: "p".into(),
            kind,
            label: None,
            hint: None,
            required: false,
            default: None,
            pattern: None,
            max_length: None,
            choices: Vec::new(),
            uses: Vec::new(),
        }
    }

    fn judge_all(kind: ParamKind, fault: &Fault, good: &[&str], bad: &[&str]) {
        for value in good {
            assert_eq!(judge(&spec(kind), value), Ok(()), "{value}");
        }
        for value in bad {
            assert_eq!(judge(&spec(kind), value).as_ref(), Err(fault), "{value}");
        }
    }

    #[test]
    fn urls_are_http_with_a_host_and_without_user_or_fragment() {
        for kind in [ParamKind::Url, ParamKind::SecretUrl] {
            judge_all(
                kind,
                &Fault::NotAUrl,
                &[
                    "https://api.telegram.org",
                    "http://127.0.0.1:8025/x",
                    "https://a.b/c?d=e",
                    "https://[::1]:9/",
                    "https://h?q=a@b",
                    "https://m\u{fc}nchen.de/",
                ],
                &[
                    "",
                    "https://",
                    "https:///a",
                    "https:a.b",
                    "ftp://a.b",
                    "//a.b",
                    "a.b",
                    "HTTPS://a.b",
                    "https://u@a.b",
                    "https://u:p@a.b",
                    "https://@a.b",
                    "https://a.b/#x",
                    "https://a.b/ c",
                    " https://a.b",
                    "https:\\\\a.b",
                    "https://a.b\\@c.d",
                    "https://*.a.b",
                    "https://a b",
                    "https://a.b:99999",
                    "https://[::1",
                    "javascript:alert(1)",
                    "https://a.b\u{a0}/",
                ],
            );
        }
    }

    #[test]
    fn addresses_are_plain() {
        let long_local = format!("{}@a.b", "x".repeat(65));
        judge_all(
            ParamKind::Email,
            &Fault::NotAnAddress,
            &[
                "noc@example.com",
                "a.b+c@x-y.example",
                "root@localhost",
                "o'neil@a.b",
            ],
            &[
                "",
                "noc",
                "@a.b",
                "noc@",
                "a@b@c",
                ".a@b.c",
                "a.@b.c",
                "a..b@c.d",
                "a b@c.d",
                "a@b..c",
                "a@-b.c",
                "a@b-.c",
                "a@b.c.",
                "\"a\"@b.c",
                "a@[1.2.3.4]",
                "N <a@b.c>",
                "a@b.c,d@e.f",
                "a@b.c;",
                "a@m\u{fc}.de",
                &long_local,
            ],
        );
    }

    #[test]
    fn several_addresses_are_one_a_line() {
        let many = |count: usize| {
            (0..count)
                .map(|at| format!("a{at}@b.c\n"))
                .collect::<String>()
        };
        judge_all(
            ParamKind::Emails,
            &Fault::NotAddresses,
            &[
                "noc@example.com",
                "a@b.c\nd@e.f",
                "a@b.c\r\n\r\n  d@e.f \n",
                &many(MOST_ADDRESSES),
            ],
            &[
                "",
                "\n",
                "a@b.c,d@e.f",
                "a@b.c d@e.f",
                "a@b.c\nnoc",
                "a@b.c\nA@b.C",
                "a@b.c\n<d@e.f>",
                &many(MOST_ADDRESSES + 1),
            ],
        );
        let ours = ParamSpec {
            pattern: Some(".*@example[.]com".into()),
            ..spec(ParamKind::Emails)
        };
        assert_eq!(judge(&ours, "a@example.com\nb@example.com"), Ok(()));
        assert!(judge(&ours, "a@example.com\nb@example.org").is_err());
    }

    #[test]
    fn numbers_are_decimal() {
        judge_all(
            ParamKind::Integer,
            &Fault::NotANumber,
            &["0", "-1001234", "007", "9223372036854775807"],
            &[
                "",
                "-",
                "+1",
                "1.0",
                "1e3",
                " 1",
                "0x1",
                "9223372036854775808",
                "\u{661}",
                "--1",
            ],
        );
        judge_all(
            ParamKind::Decimal,
            &Fault::NotANumber,
            &["0", "-1.5", "12", "0.001"],
            &[
                "", ".", "1.", ".5", "1,5", "1e3", "NaN", "inf", "-inf", "+1.5", "1.2.3", "1.-2",
            ],
        );
        judge_all(
            ParamKind::Duration,
            &Fault::NotADuration,
            &["30s", "500ms"],
            &["", "30", "1w", "-1s"],
        );
        judge_all(
            ParamKind::Boolean,
            &Fault::NotABoolean,
            &["true", "false"],
            &["", "True", "1", "yes"],
        );
    }

    #[test]
    fn signing_keys_are_long_enough() {
        let whsec = |bytes: usize| {
            let padding = (3 - bytes % 3) % 3;
            format!(
                "whsec_{}{}",
                "A".repeat((bytes * 4).div_ceil(3)),
                "=".repeat(padding)
            )
        };
        let long = "k".repeat(16);
        judge_all(
            ParamKind::SigningKey,
            &Fault::WrongSigningKey,
            &[&whsec(24), &whsec(25), &whsec(26), &whsec(64), &long],
            &[
                "",
                "short",
                &"k".repeat(15),
                &whsec(23),
                &whsec(65),
                "whsec_",
                "whsec_aaaaaaaaaaaaaaaa-aaaaaaaaaaaaaaa",
                whsec(25).trim_end_matches('='),
                &whsec(25).replace("A==", "B=="),
                &format!("{}====", whsec(24)),
            ],
        );
    }

    #[test]
    fn lengths_and_control_characters() {
        let line = "x".repeat(LONGEST_LINE);
        let text = "x".repeat(LONGEST_TEXT);
        let over = |limit| Err(Fault::TooLong { limit });
        assert_eq!(judge(&spec(ParamKind::Secret), &line), Ok(()));
        assert_eq!(
            judge(&spec(ParamKind::Secret), &format!("{line}x")),
            over(LONGEST_LINE)
        );
        assert_eq!(judge(&spec(ParamKind::Multiline), &text), Ok(()));
        assert_eq!(
            judge(&spec(ParamKind::List), &format!("{text}x")),
            over(LONGEST_TEXT)
        );
        let short = ParamSpec {
            max_length: Some(2),
            ..spec(ParamKind::Text)
        };
        assert_eq!(judge(&short, "éé"), Ok(()));
        assert_eq!(judge(&short, "ééé"), over(2));
        for (kind, value, good) in [
            (ParamKind::Text, "a\nb", false),
            (ParamKind::Text, "a\tb", false),
            (ParamKind::Secret, "a\r\nb", false),
            (ParamKind::Pairs, "a\n", false),
            (ParamKind::Multiline, "a\r\n\tb", true),
            (ParamKind::List, "a\nb\n", true),
            (ParamKind::Multiline, "a\u{1b}[2J", false),
            (ParamKind::List, "a\0", false),
        ] {
            let fault = if good {
                Ok(())
            } else {
                Err(Fault::ControlCharacters)
            };
            assert_eq!(judge(&spec(kind), value), fault, "{kind:?} {value:?}");
        }
    }

    #[test]
    fn patterns_hold_for_the_value_or_each_line_of_a_list() {
        let pattern = |kind| ParamSpec {
            pattern: Some("[a-z]+".into()),
            ..spec(kind)
        };
        let fault = Err(Fault::Malformed {
            expected: "[a-z]+".into(),
        });
        assert_eq!(judge(&pattern(ParamKind::Text), "abc"), Ok(()));
        assert_eq!(judge(&pattern(ParamKind::Text), "abc1"), fault);
        assert_eq!(judge(&pattern(ParamKind::List), "abc\n\ndef\n"), Ok(()));
        assert_eq!(judge(&pattern(ParamKind::List), "abc\nd1"), fault);
        assert_eq!(judge(&pattern(ParamKind::Multiline), "abc\ndef"), fault);
    }
}
