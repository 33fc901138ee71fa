//! Lengths of time as people write them: `500ms`, `30s`, `5m`, `2h`, `1d`. Also how serde writes `linger`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// The longest `linger`. An alert that waits longer for company is late by anybody's measure.
pub const LONGEST_LINGER: Duration = Duration::from_secs(3600);

/// The most digits of a number: eleven days in milliseconds, and in days no overflow of a `u64`.
const DIGITS: usize = 9;

/// Units, with their milliseconds. `ms` stands before `m` and `s`, of which it is made.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Reads a whole number with its unit, without blanks or sign.
///
/// # Errors
///
/// Says in words what is not a length of time.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let scale = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, scale)| *scale);
    match (scale, number.parse::<u64>()) {
        (Some(scale), Ok(number)) if digits <= DIGITS => Ok(Duration::from_millis(number * scale)),
        _ => Err(format!(
            "`{text}` is not a length of time; expected a whole number with ms, s, m, h or d, such as 30s"
        )),
    }
}

/// Writes it so that [`parse`] reads the same: in seconds, where they are whole, else in milliseconds.
#[must_use]
pub fn write(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis.is_multiple_of(1_000) {
        format!("{}s", millis / 1_000)
    } else {
        format!("{millis}ms")
    }
}

pub(super) fn serialize<S: Serializer>(
    linger: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&write(*linger))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let linger = parse(&text).map_err(serde::de::Error::custom)?;
    if linger > LONGEST_LINGER {
        return Err(serde::de::Error::custom(format!(
            "`{text}` is too long; expected at most {}",
            write(LONGEST_LINGER)
        )));
    }
    Ok(linger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_number_with_its_unit_and_nothing_else() {
        for (text, millis) in [
            ("0s", 0),
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
            ("007s", 7_000),
            ("999999999d", 999_999_999 * 86_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "s",
            "5",
            "5 s",
            " 5s",
            "5s ",
            "-5s",
            "+5s",
            "5S",
            "5sec",
            "5.5s",
            "5m30s",
            "1w",
            "٥s",
            "1e3s",
            "1000000000s",
            "0000000001s",
            "99999999999999999999s",
            "5µs",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for (millis, text) in [(0, "0s"), (1, "1ms"), (1_500, "1500ms"), (60_000, "60s")] {
            let duration = Duration::from_millis(millis);
            assert_eq!(write(duration), text);
            assert_eq!(parse(text), Ok(duration));
        }
    }
}
