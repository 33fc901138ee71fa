//! The small grammars of a manifest: names, versions, pointers, tokens. Pure predicates.

/// The longest name of a component, parameter or route.
const LONGEST_NAME: usize = 64;

/// The longest alert kind: producers put a name space before a name.
const LONGEST_KIND: usize = 128;

/// `[a-z][a-z0-9-]{0,63}`.
pub(crate) fn is_name(text: &str) -> bool {
    starts_and_goes_on(text, |b| b.is_ascii_digit() || b == b'-')
}

/// `[a-z][a-z0-9_]{0,63}`.
pub(crate) fn is_param_name(text: &str) -> bool {
    starts_and_goes_on(text, |b| b.is_ascii_digit() || b == b'_')
}

fn starts_and_goes_on(text: &str, more: impl Fn(u8) -> bool) -> bool {
    text.len() <= LONGEST_NAME
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text.bytes().all(|b| b.is_ascii_lowercase() || more(b))
}

/// `[a-z0-9_.-]{1,128}`.
pub(crate) fn is_alert_kind(text: &str) -> bool {
    (1..=LONGEST_KIND).contains(&text.len())
        && text.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-')
        })
}

/// `[A-Za-z][A-Za-z0-9_]{0,63}`: what stands between the braces of `%{name}`.
pub(crate) fn is_hole_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// RFC 9110, section 5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// RFC 6901, in its string form.
pub(crate) fn is_json_pointer(text: &str) -> bool {
    let escapes_are_whole = text
        .split('~')
        .skip(1)
        .all(|rest| rest.starts_with('0') || rest.starts_with('1'));
    (text.is_empty() || text.starts_with('/')) && escapes_are_whole
}

/// Semantic Versioning 2.0.0, section 2, 9 and 10.
pub(crate) fn is_version(text: &str) -> bool {
    let (text, build) = split_off(text, '+');
    let (core, pre) = split_off(text, '-');
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|number| is_plain_number(number))
        && pre.is_none_or(|pre| {
            pre.split('.')
                .all(|part| is_identifier(part) && (!is_digits(part) || is_plain_number(part)))
        })
        && build.is_none_or(|build| build.split('.').all(is_identifier))
}

fn split_off(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Digits without a leading zero, in the range of a `u64`.
fn is_plain_number(text: &str) -> bool {
    is_digits(text) && (text == "0" || !text.starts_with('0')) && text.parse::<u64>().is_ok()
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// ATT&CK: `T1498`, `T1498.001`.
pub(crate) fn is_technique(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('T') else {
        return false;
    };
    let (technique, sub) = split_off(rest, '.');
    technique.len() == 4
        && is_digits(technique)
        && sub.is_none_or(|sub| sub.len() == 3 && is_digits(sub))
}

/// Class names of Font Awesome 5: `fab fa-telegram`. They are put into a page.
pub(crate) fn is_icon(text: &str) -> bool {
    let mut words = text.split(' ');
    text.len() <= LONGEST_NAME
        && matches!(
            words.next(),
            Some("fa" | "fab" | "fad" | "fal" | "far" | "fas")
        )
        && words
            .next()
            .and_then(|word| word.strip_prefix("fa-"))
            .is_some_and(is_name_or_number)
        && words.next().is_none()
}

fn is_name_or_number(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(what: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(what(text), "{text} is good");
        }
        for text in bad {
            assert!(!what(text), "{text} is bad");
        }
    }

    #[test]
    fn names_of_components_and_parameters() {
        let long = "a".repeat(64);
        let longer = "a".repeat(65);
        judge(
            is_name,
            &["a", "a-b", "a1-", &long],
            &["", "A", "1a", "-a", "a_b", "a b", "é", &longer],
        );
        judge(
            is_param_name,
            &["a", "a_b", "a1", &long],
            &["", "_a", "a-b", "1", "aB", "a.b", "a/b", &longer],
        );
        judge(
            is_hole_name,
            &["a", "aB_1"],
            &["", "_a", "1", "a-b", "a.b", "a}", &longer],
        );
    }

    #[test]
    fn alert_kinds() {
        judge(
            is_alert_kind,
            &["flows_flood", "a.b-c", "0", &"k".repeat(128)],
            &["", "A", "a b", "a/b", "a*", &"k".repeat(129)],
        );
    }

    #[test]
    fn tokens_and_pointers() {
        judge(
            is_token,
            &["retry-after", "x", "!#$%&'*+-.^_`|~"],
            &["", "a b", "a:b", "a,b", "é", "a\n", "a/b"],
        );
        judge(
            is_json_pointer,
            &["", "/", "/ok", "/a~0~1/b", "//", "/0"],
            &["ok", "a/b", "/~", "/~2", "/a~", "*", "#/a"],
        );
    }

    #[test]
    fn versions() {
        judge(
            is_version,
            &[
                "0.1.0",
                "1.0.0",
                "1.2.3-rc.1",
                "1.2.3-0-a+b.001",
                "1.0.0+build-7",
                "1.0.0-0",
            ],
            &[
                "",
                "1",
                "1.0",
                "1.0.0.0",
                "v1.0.0",
                "01.0.0",
                "1.0.0-",
                "1.0.0+",
                "1.0.0-01",
                "1.0.0-a..b",
                "1.0.0 ",
                "1.0.x",
                "1.0.-1",
                "1.0.0+a+b",
                "99999999999999999999.0.0",
            ],
        );
    }

    #[test]
    fn techniques_and_icons() {
        judge(
            is_technique,
            &["T1498", "T1498.001"],
            &[
                "", "1498", "T149", "T14980", "T1498.", "T1498.01", "t1498", "TA0001",
            ],
        );
        judge(
            is_icon,
            &["fab fa-telegram", "fas fa-life-ring", "fas fa-500px"],
            &[
                "",
                "fab",
                "telegram",
                "fab telegram",
                "fab fa-",
                "fab fa-a fa-spin",
                "fab  fa-a",
                "fab fa-\"><b",
                "xx fa-a",
            ],
        );
    }
}
