//! What the API answers.

use serde_json::Value;

/// An answer to a request that a test made.
#[derive(Debug)]
pub struct Posted {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Value,
}
