//! `[store]`: how much is kept of what is over, in words for people: `"30d"`, `"4GiB"`.

use serde::Deserialize;

use crate::clock::Millis;

const DAY: Millis = 24 * 60 * 60 * 1_000;

/// What is kept, and for how long. What a job still needs is kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Deliveries that are over, with their attempts, and alerts: so many milliseconds.
    pub history: Millis,
    /// Dead letters: so many milliseconds after their alert came.
    pub dead_letters: Millis,
    /// Bytes of all that is stored. Beyond them history goes before its time, oldest first; what waits to be
    /// sent and dead letters stay, however much they are.
    pub bytes: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            // Last month's report can still be written.
            history: 30 * DAY,
            // Nobody has seen them yet: a quarter, which outlasts everybody's holidays.
            dead_letters: 90 * DAY,
            // Two million deliveries of 2 KB; no disk of today is filled by it.
            bytes: 4 << 30,
        }
    }
}

/// The table; what it leaves out has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreTable {
    #[serde(default)]
    keep: Option<Time>,
    #[serde(default)]
    keep_dead_letters: Option<Time>,
    #[serde(default)]
    keep_bytes: Option<Size>,
}

impl StoreTable {
    pub(super) fn keep(&self) -> Keep {
        let default = Keep::default();
        Keep {
            history: self.keep.map_or(default.history, |time| time.0),
            dead_letters: self
                .keep_dead_letters
                .map_or(default.dead_letters, |time| time.0),
            bytes: self.keep_bytes.map_or(default.bytes, |size| size.0),
        }
    }
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Time(u64);

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Size(u64);

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const MINUTE: u64 = 60_000;
        let units = [
            ("m", MINUTE),
            ("h", 60 * MINUTE),
            ("d", 24 * 60 * MINUTE),
            ("w", 7 * 24 * 60 * MINUTE),
        ];
        measured(&text, &units)
            .map(Self)
            .ok_or("expected a time such as \"12h\", \"30d\" or \"8w\"")
    }
}

impl TryFrom<String> for Size {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let units = [
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
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
