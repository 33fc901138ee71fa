//! Step 7, the body of a request: secrets stand in fields of a form, or in strings of a JSON document.

use campanile_contract::manifest::Place;
use hyper::body::Bytes;
use serde_json::Value;
use zeroize::Zeroizing;

use super::template::{Marked, has_secret};
use super::{Failure, Filler, MAX_BODY_BYTES, Reason, misplaced};
use crate::egress::encoding::encode;
use crate::message::{Body, Encoding, Field, Part};

/// A body that was judged.
pub(super) enum Judged<'a> {
    /// Without secrets.
    Plain(Bytes),
    /// A form, or JSON, with markers in place of secrets.
    Marked(Marked<'a>),
}

impl<'a> Filler<'a> {
    /// Judges size and places.
    pub(super) fn body(&mut self, body: &Body) -> Result<Judged<'a>, Failure> {
        match body {
            Body::None => Ok(Judged::Plain(Bytes::new())),
            Body::Bytes(bytes) => {
                bounded(bytes.len())?;
                Ok(Judged::Plain(Bytes::copy_from_slice(bytes)))
            }
            Body::Text(template) => {
                let text: usize = template
                    .iter()
                    .map(|part| {
                        if let Part::Text(text) = part {
                            text.len()
                        } else {
                            0
                        }
                    })
                    .sum();
                bounded(text)?;
                let mut marked = Marked {
                    text: String::with_capacity(text + 64),
                    holes: Vec::new(),
                };
                self.mark(&mut marked, template, false)?;
                if has_secret(template) {
                    self.stand_in_json(&marked)?;
                }
                self.judged(marked)
            }
            Body::Form(fields) => {
                let mut marked = Marked::new();
                for field in fields {
                    self.mark_field(&mut marked, field)?;
                }
                self.judged(marked)
            }
        }
    }

    fn judged(&self, marked: Marked<'a>) -> Result<Judged<'a>, Failure> {
        bounded(marked.size(&marked.text, &self.sender.marker))?;
        Ok(if marked.holes.is_empty() {
            Judged::Plain(marked.text.into())
        } else {
            Judged::Marked(marked)
        })
    }

    fn mark_field(
        &mut self,
        marked: &mut Marked<'a>,
        (name, template): &Field,
    ) -> Result<(), Failure> {
        let mut value = Marked {
            text: String::new(),
            holes: std::mem::take(&mut marked.holes),
        };
        let before = value.holes.len();
        self.mark(&mut value, template, true)?;
        for hole in &value.holes[before..] {
            self.stands.push((hole.held, Place::Form(name.clone())));
        }
        if !marked.text.is_empty() {
            marked.text.push('&');
        }
        encode(&mut marked.text, name, Encoding::Form);
        marked.text.push('=');
        encode(&mut marked.text, &value.text, Encoding::Form);
        marked.holes = value.holes;
        bounded(marked.text.len())
    }

    fn stand_in_json(&mut self, marked: &Marked<'a>) -> Result<(), Failure> {
        if let Some(hole) = marked
            .holes
            .iter()
            .find(|hole| hole.encoding != Encoding::JsonString)
        {
            return Err(misplaced(
                hole.held,
                "must be encoded as json-string in a body",
            ));
        }
        let document: Value = serde_json::from_str(&marked.text).map_err(|_| {
            Failure::new(
                Reason::SecretPlace,
                "a body with secrets must be JSON or a form",
            )
        })?;
        let mut stands = Vec::new();
        self.find(&document, &mut String::new(), &mut stands);
        stands.sort_unstable();
        stands.dedup_by_key(|(number, _)| *number);
        // A hole in a key, or in a string that a later one of the same key replaces, is not found.
        if stands.len() != marked.holes.len() {
            return Err(Failure::new(
                Reason::SecretPlace,
                "a secret stands outside of the JSON strings",
            ));
        }
        for (number, pointer) in stands {
            let Some(hole) = marked.holes.get(number) else {
                continue;
            };
            self.stands.push((hole.held, Place::Json(pointer)));
        }
        Ok(())
    }

    /// serde_json bounds the depth at 128.
    fn find(&self, value: &Value, pointer: &mut String, stands: &mut Vec<(usize, String)>) {
        let length = pointer.len();
        match value {
            Value::String(text) => {
                stands.extend(self.markers(text).map(|number| (number, pointer.clone())));
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    self.find(item, pointer, stands);
                    pointer.truncate(length);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    self.find(member, pointer, stands);
                    pointer.truncate(length);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    pub(super) fn filled_body(&self, body: Judged<'a>) -> Result<Bytes, Failure> {
        match body {
            Judged::Plain(bytes) => Ok(bytes),
            Judged::Marked(marked) => {
                let filled = self.replace(&marked.text, &marked.holes);
                Ok(Bytes::from_owner(Zeroizing::new(
                    filled.as_bytes().to_vec(),
                )))
            }
        }
    }
}

fn bounded(size: usize) -> Result<(), Failure> {
    if size > MAX_BODY_BYTES {
        let detail =
            format!("the body may be over {MAX_BODY_BYTES} bytes, secrets at their largest");
        return Err(Failure::new(Reason::RequestTooLarge, detail));
    }
    Ok(())
}
