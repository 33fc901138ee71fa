//! What of a response the manifest asked to read.

use crate::bindings::endpoint::exports::campanile::alerts::endpoint::Response as Raw;
use crate::json::read;

/// What of a response the manifest's `[reads]` declares; nothing at all where a secret shows in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    tag: String,
    alerts: u32,
    raw: Raw,
}

impl Response {
    pub(crate) fn new(tag: String, alerts: u32, raw: Raw) -> Self {
        Self { tag, alerts, raw }
    }

    /// The delivery's tag, or the follow-up's.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// How many alerts the delivery carries; their positions count from 0.
    #[must_use]
    pub fn alerts(&self) -> u32 {
        self.alerts
    }

    /// Which of the delivery's messages was answered, counted from 0; follow-ups count on.
    #[must_use]
    pub fn message(&self) -> u32 {
        self.raw.message
    }

    /// The HTTP status; of a mail, SMTP's code: 250, 451, 550 ...
    #[must_use]
    pub fn status(&self) -> u16 {
        self.raw.status
    }

    /// A declared header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.raw
            .headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The whole body, where the manifest declares `*`; otherwise a JSON object of the declared
    /// pointers that were there.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.raw.body
    }

    /// Whether more came than is shown.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.raw.truncated
    }

    /// What stood at a declared JSON pointer, as JSON.
    #[must_use]
    pub fn json(&self, pointer: &str) -> Option<&str> {
        read::member(&self.raw.body, pointer)
    }

    /// The string at a declared JSON pointer; at `text`, a body that is no JSON.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<String> {
        read::string(self.json(pointer)?)
    }

    /// The number at a declared JSON pointer.
    #[must_use]
    pub fn number(&self, pointer: &str) -> Option<f64> {
        read::scalar(self.json(pointer)?)
    }

    /// The whole number at a declared JSON pointer.
    #[must_use]
    pub fn integer(&self, pointer: &str) -> Option<i64> {
        read::scalar(self.json(pointer)?)
    }

    /// The boolean at a declared JSON pointer.
    #[must_use]
    pub fn flag(&self, pointer: &str) -> Option<bool> {
        read::scalar(self.json(pointer)?)
    }

    /// How long to wait, in milliseconds: a declared header says so in seconds, also in a fraction of one.
    /// `None` where it is absent or says anything else, such as a date.
    #[must_use]
    pub fn wait_in(&self, header: &str) -> Option<u32> {
        milliseconds(self.header(header)?.trim().parse().ok()?)
    }

    /// The same of the number of seconds at a declared JSON pointer.
    #[must_use]
    pub fn wait_at(&self, pointer: &str) -> Option<u32> {
        milliseconds(self.number(pointer)?)
    }

    /// The objects in the array at a declared JSON pointer; empty where there is none.
    #[must_use]
    pub fn items(&self, pointer: &str) -> Vec<Item<'_>> {
        let array = self.json(pointer).unwrap_or_default();
        read::items(array).into_iter().map(Item).collect()
    }
}

/// Rounded up: a request that is early is one more that is refused.
fn milliseconds(seconds: f64) -> Option<u32> {
    let wait = (seconds * 1000.0).ceil();
    // A cast of a float is exact here, and stays within the bounds elsewhere.
    (wait.is_finite() && wait >= 0.0).then_some(wait as u32)
}

/// An object in an array of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a>(&'a str);

impl Item<'_> {
    /// The string that it has by this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        read::string(read::member(self.0, name)?)
    }

    /// The whole number that it has by this name.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        read::scalar(read::member(self.0, name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_whole_milliseconds_that_suffice() {
        for (seconds, expected) in [
            ("0", Some(0)),
            ("5", Some(5_000)),
            ("0.0001", Some(1)),
            ("64.57", Some(64_570)),
            ("5000000", Some(u32::MAX)),
            ("-1", None),
            ("1e999", None),
            ("\"5\"", None),
            ("null", None),
            ("", None),
        ] {
            let response = Response::new(
                String::new(),
                1,
                Raw {
                    message: 0,
                    status: 429,
                    headers: vec![("retry-after".into(), seconds.into())],
                    body: format!(r#"{{"/wait":{seconds}}}"#),
                    truncated: false,
                    extra: Vec::new(),
                },
            );
            assert_eq!(response.wait_in("Retry-After"), expected, "{seconds}");
            assert_eq!(response.wait_at("/wait"), expected, "{seconds}");
            assert_eq!(response.wait_in("x"), None);
        }
    }
}
