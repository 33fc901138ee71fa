//! Where JSON differs from the form that it should have, and in what way.

use serde::Deserialize;

use super::{Code, Fault, body};

/// Why `text` is no `T`. It is read once more, slowly, to learn where the fault is.
pub(super) fn fault<'a, T: Deserialize<'a>>(text: &'a str) -> Fault {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let Err(error) = T::deserialize(tracked) else {
        return Fault::new("", Code::Malformed, "cannot be read");
    };
    let detail = body::words(&error);
    let code = code(&detail);
    let mut path = path(&track.path());
    // The key itself is at fault, so its name belongs to the path.
    if matches!(
        code,
        Code::MissingField | Code::UnknownField | Code::DuplicateField
    ) && let Some(key) = detail.split('`').nth(1)
    {
        let last = segment(key);
        if code != Code::UnknownField || !path.ends_with(&last) {
            path.push_str(&last);
        }
    }
    Fault::new(path, code, detail)
}

/// The sort of fault, by the words in which serde and `serde_json` tell it; they have no other sign.
fn code(detail: &str) -> Code {
    const WORDS: [(&str, Code); 9] = [
        ("missing field", Code::MissingField),
        ("unknown field", Code::UnknownField),
        ("duplicate field", Code::DuplicateField),
        ("unknown variant", Code::UnknownValue),
        ("invalid type", Code::WrongType),
        ("invalid value", Code::OutOfRange),
        ("number out of range", Code::OutOfRange),
        ("lone ", Code::BadCharacter),
        ("unexpected end of hex escape", Code::BadCharacter),
    ];
    let known = WORDS.iter().find(|(words, _)| detail.starts_with(words));
    known.map_or(Code::Malformed, |(_, code)| *code)
}

fn path(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;

    path.iter().fold(String::new(), |mut text, part| {
        match part {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Map { key } => text.push_str(&segment(key)),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        text
    })
}

/// `.key`, or `["a key"]` where a path could not be read otherwise.
pub(super) fn segment(key: &str) -> String {
    let plain = !key.is_empty()
        && key
            .chars()
            .all(|char| char.is_alphanumeric() || char == '_');
    if plain {
        format!(".{key}")
    } else {
        format!("[{key:?}]")
    }
}
