//! Times: milliseconds since the Unix epoch in memory, RFC 3339 in UTC in JSON. Serde's `with` module.

use jiff::Timestamp;
use serde::de::{Deserializer, Error};
use serde::ser::Serializer;

use crate::clock::Millis;

/// The last moment that is taken: what the calendar library holds, which leaves room for every offset
/// within the year 9999 (9999-12-30T22:00:00Z).
pub const LAST: Millis = 253_402_207_200_000;

/// Reads `2024-07-09T09:24:33.250+02:00`: RFC 3339 as it is written, with `T`, seconds and an offset.
/// Fractions beyond a millisecond are dropped. `None` for another form, a date that does not exist, and
/// what is not in 1970 to 9999.
#[must_use]
pub fn parse(text: &str) -> Option<Millis> {
    if !is_rfc3339(text) {
        return None;
    }
    let millis = text.parse::<Timestamp>().ok()?.as_millisecond();
    Millis::try_from(millis)
        .ok()
        .filter(|millis| *millis <= LAST)
}

/// A number of seconds since the epoch, to the millisecond; `None` outside of 1970 to 9999. A number of
/// milliseconds is out of range for every date after January 1978, so that the two are not taken for each
/// other.
#[must_use]
pub fn from_seconds(seconds: f64) -> Option<Millis> {
    let millis = (seconds * 1000.0).round();
    (0.0..=LAST as f64)
        .contains(&millis)
        .then_some(millis as Millis)
}

/// Section 5.6 of RFC 3339, which the calendar library reads more loosely.
fn is_rfc3339(text: &str) -> bool {
    let shape = |part: &[u8], form: &[u8]| {
        part.len() == form.len()
            && part.iter().zip(form).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == form,
            })
    };
    let Some((local, rest)) = text
        .as_bytes()
        .split_at_checked("0000-00-00T00:00:00".len())
    else {
        return false;
    };
    let offset = match rest.strip_prefix(b".") {
        Some(fraction) => {
            let digits = fraction
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
        None => rest,
    };
    shape(local, b"0000-00-00T00:00:00")
        && (offset == b"Z" || shape(offset, b"+00:00") || shape(offset, b"-00:00"))
}

/// Writes `2024-07-09T07:24:33.250Z`. What is later than [`LAST`] is written as that.
#[must_use]
pub fn format(millis: Millis) -> String {
    let millis = i64::try_from(millis.min(LAST)).unwrap_or_default();
    let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

/// Writes a time.
///
/// # Errors
///
/// The serializer's own.
pub fn serialize<S: Serializer>(millis: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*millis))
}

/// Reads a time.
///
/// # Errors
///
/// What [`parse`] does not take.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 time"))
}

/// The same for a time that may be absent.
pub mod option {
    use serde::de::Deserializer;
    use serde::ser::Serializer;
    use serde::{Deserialize, Serialize};

    use crate::clock::Millis;

    #[derive(Serialize, Deserialize)]
    struct Time(#[serde(with = "super")] Millis);

    /// Writes a time or null.
    ///
    /// # Errors
    ///
    /// The serializer's own.
    pub fn serialize<S: Serializer>(
        millis: &Option<Millis>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        millis.map(Time).serialize(serializer)
    }

    /// Reads a time or null.
    ///
    /// # Errors
    ///
    /// What [`super::parse`] does not take.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Millis>, D::Error> {
        Ok(Option::<Time>::deserialize(deserializer)?.map(|Time(millis)| millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_is_read_and_nothing_looser() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-07-09T09:24:33Z", Some(1_720_517_073_000)),
            ("2024-07-09T11:24:33.2509+02:00", Some(1_720_517_073_250)),
            ("2024-07-09T05:24:33.1-04:00", Some(1_720_517_073_100)),
            ("2024-07-09T09:24:33-00:00", Some(1_720_517_073_000)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800_000)),
            ("9999-12-30T22:00:00Z", Some(LAST)),
            ("9999-12-31T23:59:59Z", None),
            ("1969-12-31T23:59:59Z", None),
            ("1970-01-01T00:59:59+01:00", None),
            ("0001-01-01T00:00:00Z", None),
            ("2023-02-29T00:00:00Z", None),
            ("2024-13-01T00:00:00Z", None),
            ("2024-07-09T24:00:00Z", None),
            ("2024-07-09T09:24:33", None),
            ("2024-07-09 09:24:33Z", None),
            ("2024-07-09T09:24Z", None),
            ("2024-07-09T09:24:33.Z", None),
            ("2024-07-09T09:24:33,5Z", None),
            ("2024-07-09T09:24:33+02", None),
            ("2024-07-09T09:24:33Z[Europe/Rome]", None),
            ("+002024-07-09T09:24:33Z", None),
            ("2024-07-09T09:24:3é", None),
            ("", None),
        ] {
            assert_eq!(parse(text), millis, "{text}");
        }
    }

    #[test]
    fn seconds_may_have_fractions_and_are_never_milliseconds() {
        for (seconds, millis) in [
            (0.0, Some(0)),
            (1_720_517_073.0, Some(1_720_517_073_000)),
            (1_720_517_073.25, Some(1_720_517_073_250)),
            (253_402_207_200.0, Some(LAST)),
            (253_402_207_200.001, None),
            (1_720_517_073_000.0, None),
            (9_007_199_254_740_993.0, None),
            (-1.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(from_seconds(seconds), millis, "{seconds}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for millis in [0, 1, 1_720_517_073_250, LAST] {
            assert_eq!(parse(&format(millis)), Some(millis));
        }
        assert_eq!(format(u64::MAX), "9999-12-30T22:00:00.000Z");
    }
}
