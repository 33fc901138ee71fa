//! Times and sizes, in words for people: `"500ms"`, `"30d"`, `"4GiB"`.

use serde::Deserialize;

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Time(pub u64);

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Size(pub u64);

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const MINUTE: u64 = 60_000;
        let units = [
            ("ms", 1),
            ("s", 1_000),
            ("m", MINUTE),
            ("h", 60 * MINUTE),
            ("d", 24 * 60 * MINUTE),
            ("w", 7 * 24 * 60 * MINUTE),
        ];
        measured(&text, &units)
            .map(Self)
            .ok_or("expected a time such as \"500ms\", \"12h\" or \"30d\"")
    }
}

impl TryFrom<String> for Size {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let units = [
            ("kB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
        ];
        measured(&text, &units)
            .map(Self)
            .ok_or("expected a size such as \"500MB\" or \"4GiB\"")
    }
}

/// A whole number, not 0, and its unit.
fn measured(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, size) = units.iter().find(|(known, _)| *known == unit.trim())?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    // Times are compared as SQLite's integers.
    number
        .checked_mul(*size)
        .filter(|all| i64::try_from(*all).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_whole_numbers_with_a_unit() {
        const HOUR: u64 = 3_600_000;
        for (text, expected) in [
            ("500ms", Some(500)),
            ("90s", Some(90_000)),
            ("90m", Some(HOUR * 3 / 2)),
            ("12h", Some(12 * HOUR)),
            ("30d", Some(720 * HOUR)),
            ("2 w", Some(336 * HOUR)),
            ("0d", None),
            ("30", None),
            ("d", None),
            ("-1d", None),
            ("1.5d", None),
            ("30D", None),
            ("30days", None),
            ("106751991168d", None),
            ("99999999999999999999d", None),
        ] {
            let time = Time::try_from(text.to_owned());
            assert_eq!(time.ok().map(|time| time.0), expected, "{text}");
        }
        for (text, expected) in [
            ("64KiB", Some(65_536)),
            ("500MB", Some(500_000_000)),
            ("4GiB", Some(4 << 30)),
            ("1 MiB", Some(1 << 20)),
            ("4G", None),
            ("4gib", None),
            ("", None),
            ("10000000000GiB", None),
        ] {
            let size = Size::try_from(text.to_owned());
            assert_eq!(size.ok().map(|size| size.0), expected, "{text}");
        }
    }
}
