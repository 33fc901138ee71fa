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

use super::identity::Ids;
use super::{Arrival, BodyError, Fault, Parsed, body, explain};
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
    let form =
        serde_json::from_str::<Form<'_>>(text).map_err(|_| explain::fault::<Form<'_>>(text))?;
    form.check(arrival, ids)
}

#[cfg(test)]
mod tests;
