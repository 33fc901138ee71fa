//! How fast a destination is served: what a manifest declares and a response asks for, kept by tenant,
//! endpoint and destination.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use campanile_contract::manifest::Rate;

use crate::clock::Millis;

/// Whose pace it is. The tenant is part of the key by type: nobody's pace is another's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The owner.
    pub tenant: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// The destination, or `None` for the endpoint as a whole.
    pub destination: Option<String>,
}

/// The paces of all destinations that were served lately.
#[derive(Debug, Default)]
pub struct Pacing {
    paces: Mutex<HashMap<Key, Pace>>,
}

/// A rate of more than this many is kept as its thousandth part, so that memory is bounded.
const REMEMBERED: u32 = 1_000;

/// Keys that are kept before those that no longer matter are dropped.
const KEYS: usize = 10_000;

#[derive(Debug, Default)]
struct Pace {
    /// Nothing is sent before.
    paused_until: Millis,
    /// When the last messages were or will be sent, by rate, oldest first.
    sent: Vec<VecDeque<Millis>>,
}

fn window(rate: &Rate) -> (usize, Millis) {
    let per = u64::try_from(rate.per.as_millis()).unwrap_or(u64::MAX);
    if rate.count <= REMEMBERED {
        (rate.count as usize, per)
    } else {
        (
            REMEMBERED as usize,
            (per * u64::from(REMEMBERED) / u64::from(rate.count)).max(1),
        )
    }
}

impl Pace {
    /// The first time from `now` on at which all rates hold.
    fn free(&self, rates: &[Rate], now: Millis) -> Millis {
        rates
            .iter()
            .zip(&self.sent)
            .fold(now.max(self.paused_until), |at, (rate, sent)| {
                let (count, per) = window(rate);
                if sent.len() < count {
                    at
                } else {
                    at.max(sent[sent.len() - count] + per)
                }
            })
    }

    fn book(&mut self, rates: &[Rate], at: Millis) {
        for (rate, sent) in rates.iter().zip(&mut self.sent) {
            let (count, _) = window(rate);
            sent.push_back(at);
            while sent.len() > count {
                sent.pop_front();
            }
        }
    }

    fn matters(&self, now: Millis) -> bool {
        self.paused_until > now
            || self
                .sent
                .iter()
                .any(|sent| sent.back().is_some_and(|last| last + 86_400_000 > now))
    }
}

impl Pacing {
    /// Books a place for one message and says when it may be sent: `now`, or later.
    pub fn book(&self, keys: &[(Key, &[Rate])], now: Millis) -> Millis {
        if keys.iter().all(|(_, rates)| rates.is_empty()) {
            let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
            return keys
                .iter()
                .filter_map(|(key, _)| paces.get(key))
                .fold(now, |at, pace| at.max(pace.paused_until));
        }
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() > KEYS {
            paces.retain(|_, pace| pace.matters(now));
        }
        let mut at = now;
        for (key, rates) in keys {
            let pace = paces.entry(key.clone()).or_default();
            pace.sent.resize_with(rates.len(), VecDeque::new);
            at = at.max(pace.free(rates, now));
        }
        for (key, rates) in keys {
            if let Some(pace) = paces.get_mut(key) {
                pace.book(rates, at);
            }
        }
        at
    }

    /// Whether any of these wants quiet now.
    pub fn is_paused(&self, keys: &[(Key, &[Rate])], now: Millis) -> bool {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .filter_map(|(key, _)| paces.get(key))
            .any(|pace| pace.paused_until > now)
    }

    /// Nothing more is sent under this key before `until`.
    pub fn pause(&self, key: Key, until: Millis) {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = paces.entry(key).or_default();
        pace.paused_until = pace.paused_until.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn key(destination: &str) -> Key {
        Key {
            tenant: String::from("default"),
            endpoint: String::from("bot"),
            destination: Some(destination.to_owned()),
        }
    }

    fn rate(count: u32, seconds: u64) -> Rate {
        Rate {
            count,
            per: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn all_rates_hold_at_once_in_every_window() {
        let pacing = Pacing::default();
        let rates = [rate(1, 1), rate(3, 10)];
        let times: Vec<_> = (0..7)
            .map(|_| pacing.book(&[(key("a"), &rates)], 0))
            .collect();
        assert_eq!(times, [0, 1_000, 2_000, 10_000, 11_000, 12_000, 20_000]);
    }

    #[test]
    fn one_destination_does_not_slow_another_but_both_count_for_the_endpoint() {
        let pacing = Pacing::default();
        let whole = Key {
            destination: None,
            ..key("a")
        };
        let (each, all) = ([rate(1, 10)], [rate(2, 1)]);
        let book = |to: &str| pacing.book(&[(whole.clone(), &all), (key(to), &each)], 0);
        assert_eq!([book("a"), book("b"), book("c")], [0, 0, 1_000]);
        assert_eq!(book("a"), 10_000);
    }

    #[test]
    fn a_pause_holds_for_its_key_alone_also_without_rates() {
        let pacing = Pacing::default();
        pacing.pause(key("a"), 500);
        pacing.pause(key("a"), 300);
        assert_eq!(pacing.book(&[(key("a"), &[])], 100), 500);
        assert_eq!(pacing.book(&[(key("b"), &[])], 100), 100);
        let is_paused = |to: &str, now| pacing.is_paused(&[(key("c"), &[]), (key(to), &[])], now);
        assert!(is_paused("a", 499) && !is_paused("a", 500) && !is_paused("b", 100));
        assert_eq!(pacing.book(&[(key("a"), &[])], 501), 501);
    }

    #[test]
    fn a_very_high_rate_is_kept_in_bounded_memory() {
        let pacing = Pacing::default();
        let rates = [rate(1_000_000, 1)];
        let last = (0..5_000)
            .map(|_| pacing.book(&[(key("a"), &rates)], 0))
            .max();
        assert_eq!(last, Some(4));
    }
}
