//! Destinations that behave as their documentation says: they know who may write where, hold their limits,
//! and remember the messages that they took. Slack and Discord count requests by the program's clock. Each rule names its page.

mod discord;
mod slack;
mod telegram;

pub use discord::{Bucket, Discord, Message, invalid as invalid_for_discord};
pub use slack::{Posted, Slack, invalid as invalid_for_slack};
pub use telegram::{Sent, Telegram, seen as seen_in_telegram};

use std::sync::{Mutex, MutexGuard, PoisonError};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a text is, as documentation counts it: in characters.
fn length(text: &str) -> usize {
    text.chars().count()
}
