//! A pointer, and behind the first line's end the JSON into which it points: what components read of alerts
//! and responses.

use campanile::alert::pointer;
use serde_json::Value;

/// What is found is what `serde_json` finds.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let (pointer, json) = text.split_once('\n').unwrap_or((text, ""));
    // A destination's body, which nobody has looked at.
    let _ = pointer::find(json, pointer);
    let Ok(value) = serde_json::from_str::<Value>(json) else {
        return false;
    };
    // Each key once, for readers disagree about repeated ones.
    let json = value.to_string();
    let value: Value = serde_json::from_str(&json).expect("what serde_json wrote");
    let found = pointer::find(&json, pointer).map(|found| {
        serde_json::from_str::<Value>(found)
            .unwrap_or_else(|error| panic!("{pointer} in {json}: {found} is {error}"))
    });
    // An escape that RFC 6901 does not have leads nowhere here.
    let wrong = pointer
        .split('~')
        .skip(1)
        .any(|rest| !rest.starts_with(['0', '1']));
    let expected = value.pointer(pointer).filter(|_| !wrong);
    assert_eq!(found.as_ref(), expected, "{pointer} in {json}");
    found.is_some()
}
