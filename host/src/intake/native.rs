//! The native form: `POST /api/v1/alerts`, one alert or an array of alerts.
//!
//! | key | value |
//! |---|---|
//! | `kind` | required; letters, digits and `_ . : -` |
//! | `entity` | required; `kind`, `value`, and `name` if there is one |
//! | `severity`, `action` | their names in lower case; `notice` and `stored` |
//! | `subtype`, `category`, `source`, `fingerprint` | one line |
//! | `starts_at`, `ends_at` | RFC 3339, or a number of seconds since the epoch; within 1970 to 9999 |
//! | `score` | a whole number of 32 bits |
//! | `value`, `threshold` | numbers; digits beyond a double's are rounded |
//! | `title`, `message` | plain text |
//! | `labels` | an object of strings |
//! | `url` | http or https |
//! | `details` | any JSON; passed on digit for digit |
//!
//! Other keys are refused by name. `null` is the same as absence.

mod form;

use serde::Deserialize;

use super::identity::Ids;
use super::{Arrival, BodyError, Code, Fault, Parsed, body};
use crate::alert::Alert;
use form::Form;

/// Reads a body.
///
/// # Errors
///
/// When the body as a whole cannot be read; faults of single alerts are in [`Parsed`].
pub fn parse(body: &[u8], arrival: Arrival<'_>) -> Result<Parsed, BodyError> {
    let text = body::text(body)?;
    let items = match text.trim_ascii_start().as_bytes().first() {
        Some(b'[') => body::items(text, "$")?,
        Some(b'{') => body::single(body::value(text)?),
        _ => {
            body::value(text)?;
            let detail = "expected an alert or an array of alerts".to_owned();
            return Err(BodyError::Shape {
                path: "$".to_owned(),
                detail,
            });
        }
    };
    let mut ids = Ids::new(arrival.now);
    Ok(Parsed::collect(items, |item| {
        read(item.text, arrival, &mut ids)
    }))
}

fn read(text: &str, arrival: Arrival<'_>, ids: &mut Ids) -> Result<Alert, Fault> {
    let form = serde_json::from_str::<Form<'_>>(text).map_err(|_| explain(text))?;
    form.check(arrival, ids)
}

/// Reads once more, slowly, to learn where the fault is.
fn explain(text: &str) -> Fault {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let Err(error) = Form::deserialize(tracked) else {
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
fn segment(key: &str) -> String {
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

#[cfg(test)]
mod tests;
