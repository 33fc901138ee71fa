//! Step 7, whether any of many strings occurs in a text: in one pass over it, whatever stands in either.
//!
//! Each string is known by fingerprints of some of its beginnings: of the first 8, 12 and 13 bytes where it has
//! 13. From each place in the text the longest known beginning is felt for by halving steps, so that a place costs
//! no more look-ups than the longest string's length has binary digits. A fingerprint is a polynomial's value modulo
//! 2^61 - 1 at a point drawn at random, so that nobody can prepare two texts that share one. By chance, with all
//! that [`super::look`] allows, one of 2^25 places at most is taken for what it is not: an answer is hidden in vain,
//! or a string passed over that stands at this very place.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use zeroize::Zeroizing;

use crate::secret::Secret;

/// A Mersenne prime: remainders need no division.
const MODULUS: u64 = (1 << 61) - 1;

/// Strings to look for. Holds none of them.
pub(super) struct Needles {
    /// The point's power of 1, 2, 4 and so on, up to the longest string's length.
    powers: Vec<u64>,
    /// Bytes with which any begins: most places of most texts need no more.
    firsts: [bool; 256],
    /// Fingerprints of beginnings, and whether that is a whole string. None begins with another.
    beginnings: HashMap<u64, bool>,
}

impl Needles {
    /// Of these; an empty one occurs nowhere.
    pub(super) fn new(mut all: Vec<Secret>) -> Self {
        // What begins with another adds nothing, and would lead past it.
        all.sort_unstable_by_key(|needle| needle.expose().len());
        let longest = all.last().map_or(0, |needle| needle.expose().len());
        let point = 256 + RandomState::new().hash_one(longest) % (MODULUS - 256);
        let digits = usize::BITS - longest.leading_zeros();
        let mut needles = Self {
            powers: std::iter::successors(Some(point), |power| Some(times(*power, *power)))
                .take(digits as usize)
                .collect(),
            firsts: [false; 256],
            beginnings: HashMap::new(),
        };
        for needle in &all {
            needles.add(needle.expose().as_bytes());
        }
        needles
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.beginnings.is_empty()
    }

    /// Whether any occurs in a text.
    pub(super) fn occur_in(&self, text: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        let sums = self.sums(text);
        let mut places = text.iter().enumerate();
        places
            .any(|(place, first)| self.firsts[usize::from(*first)] && self.stands_at(place, &sums))
    }

    fn add(&mut self, needle: &[u8]) {
        let Some(first) = needle.first() else {
            return;
        };
        let sums = self.sums(needle);
        if self.stands_at(0, &sums) {
            return;
        }
        self.firsts[usize::from(*first)] = true;
        let mut length = 0;
        for step in (0..self.powers.len()).rev().map(|digit| 1 << digit) {
            if needle.len() & step != 0 {
                length += step;
                self.beginnings.insert(sums[length], length == needle.len());
            }
        }
    }

    /// Fingerprints of the text's own beginnings, the empty one first.
    fn sums(&self, text: &[u8]) -> Zeroizing<Vec<u64>> {
        let point = self.powers.first().copied().unwrap_or_default();
        let mut sums = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        let mut sum = 0;
        sums.push(sum);
        for byte in text {
            // No byte counts as nothing, so that length tells.
            sum = plus(times(sum, point), u64::from(*byte) + 1);
            sums.push(sum);
        }
        sums
    }

    fn stands_at(&self, place: usize, sums: &[u64]) -> bool {
        let (mut length, mut scale) = (0, 1);
        for (digit, power) in self.powers.iter().enumerate().rev() {
            let longer = length + (1 << digit);
            let Some(sum) = sums.get(place + longer) else {
                continue;
            };
            let scaled = times(scale, *power);
            let before = times(sums[place], scaled);
            match self.beginnings.get(&plus(*sum, MODULUS - before)) {
                Some(true) => return true,
                Some(false) => (length, scale) = (longer, scaled),
                None => {}
            }
        }
        false
    }
}

/// Of two that are at most the modulus; the sum is below it.
fn plus(one: u64, other: u64) -> u64 {
    let sum = one + other;
    if sum >= MODULUS { sum - MODULUS } else { sum }
}

fn times(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    // Of two factors below 2^61, both halves are.
    let low = product as u64 & MODULUS;
    let high = (product >> 61) as u64;
    plus(low, high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn needles(all: &[&str]) -> Needles {
        Needles::new(all.iter().map(|it| Secret::new((*it).to_owned())).collect())
    }

    #[test]
    fn a_needle_is_found_wherever_it_stands() {
        for (haystack, all, expected) in [
            ("abcabd", &["abd"][..], true),
            ("aab", &["ab"], true),
            ("abc", &["abc"], true),
            ("abc", &["abcd"], false),
            ("abc", &[""], false),
            ("abc", &[], false),
            ("", &["a"], false),
            ("xaxax", &["axa"], true),
            ("x\0x", &["\0"], true),
            ("\0\0", &["\0\0\0"], false),
            // The longer one's beginning leads past the shorter.
            ("abcdefgh", &["abcdefgi", "abc"], true),
            ("abcdefgh", &["abcdefgi", "abcdefh", "efgi"], false),
        ] {
            let found = needles(all).occur_in(haystack.as_bytes());
            assert_eq!(found, expected, "{haystack} {all:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_comparing_everywhere_finds(
            all in prop::collection::vec("[ab]{0,12}", 0..6),
            haystack in "[ab]{0,40}",
        ) {
            let expected = all.iter().any(|it| !it.is_empty() && haystack.contains(it.as_str()));
            let all: Vec<_> = all.iter().map(String::as_str).collect();
            prop_assert_eq!(needles(&all).occur_in(haystack.as_bytes()), expected);
        }
    }

    /// A place costs as many look-ups as there are powers, whatever the strings are.
    #[test]
    fn a_hundred_strings_that_almost_occur_everywhere_cost_thirteen_looks_a_place() {
        let text = "a".repeat(64 * 1024);
        let almost = |row: usize| format!("{}b", "a".repeat(4095 - row));
        let all: Vec<_> = (0..100).map(almost).collect();
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        let needles = needles(&all);
        assert_eq!(needles.powers.len(), 13);
        assert!(needles.beginnings.len() <= 100 * 13);
        assert!(!needles.occur_in(text.as_bytes()));
        assert!(needles.occur_in(format!("{text}b").as_bytes()));
    }
}
