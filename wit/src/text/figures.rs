//! Numbers as a language writes them.

/// Decimals of a number: more is noise in an alert.
const DECIMALS: usize = 3;

/// Beyond it a double no longer tells whole numbers apart, and its digits would pretend to.
const LARGEST_IN_FULL: f64 = 1e15;

/// Names of the powers of 1000, as in the locale keys `format.bytes.*`; a `u64` reaches the last.
const POWERS: [&str; 7] = ["byte", "kilo", "mega", "giga", "tera", "peta", "exa"];

/// Units of time and their milliseconds, as in the locale keys `format.duration.*`.
const UNITS: [(&str, u64); 4] = [
    ("days", 86_400_000),
    ("hours", 3_600_000),
    ("minutes", 60_000),
    ("seconds", 1_000),
];

/// The signs between a language's digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digits<'a> {
    /// Between groups of three.
    pub(super) group: &'a str,
    /// Before decimals.
    pub(super) decimal: &'a str,
}

/// A figure and its unit's name.
pub(super) type Figure = (String, &'static str);

impl Digits<'_> {
    /// `1,081`.
    pub(super) fn integer(&self, number: i64) -> String {
        self.grouped(number < 0, &number.unsigned_abs().to_string(), "")
    }

    /// `1,081.5`; very large and very small ones as `1.5e20`.
    pub(super) fn number(&self, number: f64) -> String {
        if number.is_nan() {
            return "NaN".to_owned();
        }
        if number.is_infinite() {
            return if number < 0.0 { "-∞" } else { "∞" }.to_owned();
        }
        let digits = plain_number(number);
        let (sign, digits) = digits
            .strip_prefix('-')
            .map_or((false, &*digits), |digits| (true, digits));
        let (mantissa, exponent) = digits
            .find('e')
            .map_or((digits, ""), |at| digits.split_at(at));
        let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        self.grouped(sign, whole, decimals) + exponent
    }

    /// A number of bytes with at most one decimal, rounded, and its power of 1000: SI units, as disks and
    /// links are sold and as `GB` means.
    pub(super) fn bytes(&self, bytes: u64) -> Figure {
        let mut power = 0;
        let mut unit: u128 = 1;
        let mut tenths = u128::from(bytes) * 10;
        while tenths >= 10_000 && power + 1 < POWERS.len() {
            power += 1;
            unit *= 1000;
            tenths = (u128::from(bytes) * 10 + unit / 2) / unit;
        }
        (self.tenths(tenths), POWERS[power])
    }

    /// A duration in its largest unit and the next smaller one, cut; below a minute in seconds with one
    /// decimal, below a second in milliseconds.
    pub(super) fn duration(&self, milliseconds: u64) -> Vec<Figure> {
        match milliseconds {
            1..1_000 => return vec![(milliseconds.to_string(), "milliseconds")],
            0..60_000 => return vec![(self.tenths(u128::from(milliseconds / 100)), "seconds")],
            _ => {}
        }
        let largest = UNITS
            .iter()
            .position(|(_, length)| milliseconds >= *length)
            .unwrap_or(UNITS.len() - 1);
        let mut rest = milliseconds;
        let mut figures = Vec::with_capacity(2);
        for (name, length) in UNITS.into_iter().skip(largest).take(2) {
            let amount = rest / length;
            rest %= length;
            if amount > 0 {
                figures.push((self.grouped(false, &amount.to_string(), ""), name));
            }
        }
        figures
    }

    fn tenths(&self, tenths: u128) -> String {
        let decimals = if tenths.is_multiple_of(10) {
            String::new()
        } else {
            (tenths % 10).to_string()
        };
        self.grouped(false, &(tenths / 10).to_string(), &decimals)
    }

    fn grouped(&self, negative: bool, whole: &str, decimals: &str) -> String {
        let mut out = String::with_capacity(whole.len() * 2 + decimals.len() + 2);
        if negative {
            out.push('-');
        }
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                out.push_str(self.group);
            }
            out.push(digit);
        }
        if !decimals.is_empty() {
            out.push_str(self.decimal);
            out.push_str(decimals);
        }
        out
    }
}

/// The digits of a number as they will be shown, with a decimal point.
pub(super) fn plain_number(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        return "0".to_owned();
    }
    if size >= LARGEST_IN_FULL || size < 0.5 / 10_f64.powi(DECIMALS as i32) {
        return format!("{number:e}");
    }
    let digits = format!("{number:.DECIMALS$}");
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Digits<'_> = Digits {
        group: ",",
        decimal: ".",
    };
    const ITALIAN: Digits<'_> = Digits {
        group: ".",
        decimal: ",",
    };

    #[test]
    fn whole_numbers_are_grouped() {
        let table = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-1_081, "-1,081"),
            (1_234_567, "1,234,567"),
            (i64::MIN, "-9,223,372,036,854,775,808"),
        ];
        for (number, expected) in table {
            assert_eq!(ENGLISH.integer(number), expected);
        }
        assert_eq!(ITALIAN.integer(1_081), "1.081");
    }

    #[test]
    fn decimals_are_pointed_and_few() {
        let table = [
            (1081.5, "1,081.5"),
            (0.0, "0"),
            (-0.0, "0"),
            (2.0, "2"),
            (1.0 / 3.0, "0.333"),
            (999.9996, "1,000"),
            (-0.001, "-0.001"),
            (0.00025, "2.5e-4"),
            (1.5e20, "1.5e20"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-∞"),
        ];
        for (number, expected) in table {
            assert_eq!(ENGLISH.number(number), expected);
        }
        assert_eq!(ITALIAN.number(1081.5), "1.081,5");
    }

    #[test]
    fn bytes_are_counted_in_thousands() {
        let table = [
            (0, "0", "byte"),
            (999, "999", "byte"),
            (1_000, "1", "kilo"),
            (1_200_000_000, "1.2", "giga"),
            (999_949, "999.9", "kilo"),
            (999_950, "1", "mega"),
            (u64::MAX, "18.4", "exa"),
        ];
        for (bytes, figure, unit) in table {
            assert_eq!(ENGLISH.bytes(bytes), (figure.to_owned(), unit), "{bytes}");
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let table: [(u64, &[(&str, &str)]); 9] = [
            (0, &[("0", "seconds")]),
            (350, &[("350", "milliseconds")]),
            (1_500, &[("1.5", "seconds")]),
            (59_999, &[("59.9", "seconds")]),
            (60_000, &[("1", "minutes")]),
            (65_500, &[("1", "minutes"), ("5", "seconds")]),
            (7_500_000, &[("2", "hours"), ("5", "minutes")]),
            (86_460_000, &[("1", "days")]),
            (90_000_000_000, &[("1,041", "days"), ("16", "hours")]),
        ];
        for (milliseconds, expected) in table {
            let figures = ENGLISH.duration(milliseconds);
            let figures: Vec<(&str, &str)> = figures
                .iter()
                .map(|(figure, unit)| (&**figure, *unit))
                .collect();
            assert_eq!(figures, expected, "{milliseconds}");
        }
    }
}
