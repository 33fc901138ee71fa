//! A frame of a sandbox process, without its length: postcard.

use campanile::sandbox::{Answered, answer_of};

use crate::answer;

/// Whether it carries an answer that is taken. What a component returned is judged as in [`answer`].
///
/// # Panics
///
/// As there.
#[must_use]
pub fn run(frame: &[u8]) -> bool {
    let Ok(Some(answer)) = answer_of(frame) else {
        return false;
    };
    match answer.result {
        Ok(Answered::Batch(batch)) => answer::judged(batch),
        result => result.is_ok(),
    }
}
