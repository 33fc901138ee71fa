//! A producer's own JSON, which is passed on as it came.

use serde_json::value::RawValue;

use super::{Code, Fault};
use crate::alert::sound;

/// The text on one line, where no reader could take it for something else; `path` is where it stands.
pub(super) fn checked(path: &str, raw: &RawValue) -> Result<Box<RawValue>, Fault> {
    let text = raw.get();
    let fault = |code, detail: String| Err(Fault::new(path, code, detail));
    if sound::too_deep(text) {
        return fault(
            Code::TooDeep,
            format!("nested deeper than {}", sound::MAX_DEPTH),
        );
    }
    if let Some(key) = sound::repeated_key(text) {
        return fault(
            Code::DuplicateField,
            format!("the key `{key}` stands twice in one object"),
        );
    }
    if sound::lone_surrogate(text).is_some() {
        return fault(Code::BadCharacter, "half of a surrogate pair".to_owned());
    }
    Ok(sound::one_line(raw))
}
