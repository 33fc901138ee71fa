//! Forms of alerts that many programs read, for any endpoint to send. Titles and messages are plain text in the
//! recipient's language.
//!
//! ```rust,ignore
//! let group = alertmanager::group(alerts, recipient.name(), "https://campanile.example/");
//! Request::post(secret("url")).json(group)
//! ```

#![warn(missing_docs)]

pub mod alertmanager;
pub mod cloudevents;
pub mod ntopng;

#[cfg(test)]
mod tests;
