//! Times for programs. Those for people come from the host, in the recipient's language and time zone:
//! [`Notification::time`](crate::Notification::time).

/// RFC 3339 in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`. Takes milliseconds since the Unix
/// epoch; what is after the year 9999, which RFC 3339 cannot say, is written as its end.
#[must_use]
pub fn rfc3339(milliseconds: u64) -> String {
    const LAST: u64 = 253_402_300_799_999;
    let milliseconds = milliseconds.min(LAST);
    let (seconds, fraction) = (milliseconds / 1000, milliseconds % 1000);
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
}

/// The Gregorian date of a day, counted from 1970-01-01. Years are taken to begin in March, so that the leap
/// day is the last; 400 of them have 146 097 days.
fn date(day: u64) -> (u64, u64, u64) {
    // From 0000-03-01.
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on, months have 31, 30, 31, 30 and 31 days, again and again.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_rfc_3339_has_them() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (1_720_517_073_250, "2024-07-09T09:24:33.250Z"),
            (1_735_689_599_001, "2024-12-31T23:59:59.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(milliseconds), text);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = date(0);
        for day in 1..400 * 366 {
            let (year, month, day) = date(day);
            let next = match before {
                (last, of, on) if (year, month, day) == (last, of, on + 1) => true,
                (last, of, 28..=31) => {
                    day == 1
                        && ((year, month) == (last, of + 1)
                            || (of, year, month) == (12, last + 1, 1))
                }
                _ => false,
            };
            assert!(next, "{before:?} before {year}-{month}-{day}");
            before = (year, month, day);
        }
    }
}
