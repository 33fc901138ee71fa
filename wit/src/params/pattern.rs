//! A parameter's `pattern`: Rust's regex syntax over the whole value, checked by the host alone.
//!
//! Classes are ASCII (`\d` is `[0-9]`) unless the pattern says `(?u)`: what destinations give out is ASCII,
//! and a Unicode class is a hundred times its size.

use regex::bytes::{Regex, RegexBuilder};

/// The largest compiled pattern, in bytes. Patterns are foreign: with values of at most 64 KiB this
/// bounds what one check costs.
const SIZE_LIMIT: usize = 64 * 1024;

/// The deepest nesting of a pattern's groups: more than a person writes.
const NEST_LIMIT: u32 = 32;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// Says in words why it does not compile.
    pub(crate) fn compile(pattern: &str) -> Result<Self, String> {
        // Alone first, so that `a)(b` cannot break out of the group around it.
        build(pattern)?;
        build(&format!(r"\A(?:{pattern})\z")).map(Self)
    }

    pub(crate) fn matches(&self, value: &str) -> bool {
        self.0.is_match(value.as_bytes())
    }
}

fn build(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(SIZE_LIMIT)
        .nest_limit(NEST_LIMIT)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => {
                format!("it is larger than {limit} bytes when compiled")
            }
            other => other
                .to_string()
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_whole_value_only() {
        let token = Pattern::compile(r"\d+:[\w-]{35}").unwrap();
        let value = format!("123:{}", "A".repeat(35));
        assert!(token.matches(&value));
        for near in [
            format!(" {value}"),
            format!("{value}\n"),
            format!("{value}A"),
            format!("x{value}"),
            "١:".to_owned() + &"A".repeat(35),
        ] {
            assert!(!token.matches(&near), "{near:?}");
        }
        let either = Pattern::compile("a|ab").unwrap();
        assert!(either.matches("ab") && either.matches("a") && !either.matches("abc"));
        assert!(!Pattern::compile("(?m)^a$").unwrap().matches("a\nb"));
        assert!(Pattern::compile("(?u)[é]+").unwrap().matches("éé"));
    }

    #[test]
    fn refuses_what_does_not_compile_or_is_too_large() {
        for pattern in [
            "(",
            "a)(b",
            "a{1000}{1000}",
            r"(?u)\w{1,500}",
            "[",
            "(?<n>a)(?<n>b)",
            r"\1",
            "(?=a)",
        ] {
            assert!(Pattern::compile(pattern).is_err(), "{pattern}");
        }
        assert!(Pattern::compile(&format!("{}a{}", "(".repeat(33), ")".repeat(33))).is_err());
    }
}
