//! A rate, written `30/1s`: so many messages in so long a window.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::duration;

/// The highest count: no destination is known to want more, and a counter of it costs nothing.
pub(super) const HIGHEST_COUNT: u32 = 1_000_000;

/// The longest window: a limiter forgets on restart, so a longer one could not be kept.
pub(super) const LONGEST_WINDOW: Duration = Duration::from_secs(86_400);

/// At most `count` messages in any window of length `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// 1 to a million.
    pub count: u32,
    /// A millisecond to a day.
    pub per: Duration,
}

impl FromStr for Rate {
    /// Says in words what is wrong.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!(
                "`{text}` is not a rate; expected a count of 1 to {HIGHEST_COUNT}, a slash and a window of at most 1d, such as 30/1s"
            )
        };
        let (count, per) = text.split_once('/').ok_or_else(wrong)?;
        if count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let count: u32 = count.parse().map_err(|_| wrong())?;
        let per = duration::parse(per).map_err(|_| wrong())?;
        if !(1..=HIGHEST_COUNT).contains(&count) || per.is_zero() || per > LONGEST_WINDOW {
            return Err(wrong());
        }
        Ok(Self { count, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, duration::write(self.per))
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_destinations_publish() {
        for (text, count, millis) in [
            ("30/1s", 30, 1_000),
            ("20/60s", 20, 60_000),
            ("1/1ms", 1, 1),
            ("1000000/1d", 1_000_000, 86_400_000),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(
                (rate.count, rate.per),
                (count, Duration::from_millis(millis)),
                "{text}"
            );
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        assert_eq!("20/1m".parse::<Rate>().unwrap().to_string(), "20/60s");
    }

    #[test]
    fn refuses_near_misses() {
        for text in [
            "",
            "/",
            "30",
            "30/",
            "/1s",
            "0/1s",
            "30/0s",
            "30/1",
            "30/s",
            "+30/1s",
            "-1/1s",
            "30 / 1s",
            "1000001/1s",
            "1/86401s",
            "1/2d",
            "1/1s/1s",
            "4294967296/1s",
            "1.5/1s",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
