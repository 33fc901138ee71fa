//! Templates: text with holes, before and after they are filled.

use campanile_contract::manifest::{ParamKind, Place};
use zeroize::Zeroizing;

use super::{Filler, misplaced};
use crate::egress::encoding::encode;
use crate::egress::failure::Failure;
use crate::egress::sender::Held;
use crate::message::{Encoding, Fact, Part, Template};
use crate::outcome::Reason;

/// A marker is followed by three digits.
const MAX_HOLES: usize = 999;

/// What a byte of a secret becomes at most: `%5Cu0000`, escaped in JSON and then for a form, has 8.
const LONGEST_ESCAPE: usize = 8;

/// A template with markers in place of secrets.
pub(super) struct Marked<'a> {
    pub(super) text: String,
    /// The holes in order of their markers, and whether the whole is form-encoded once more.
    pub(super) holes: Vec<Hole<'a>>,
}

pub(super) struct Hole<'a> {
    pub(super) held: &'a Held,
    pub(super) encoding: Encoding,
    pub(super) within_form: bool,
}

/// The components of a template that stands in one known place.
pub(super) struct Rendered {
    pub(super) value: Zeroizing<String>,
    /// With holes at their largest.
    pub(super) size: usize,
    pub(super) sensitive: bool,
}

impl<'a> Filler<'a> {
    pub(super) fn stand(&mut self, name: &str, place: Place) -> Result<&'a Held, Failure> {
        let held = self.held(name)?;
        if held.kind == ParamKind::SigningKey {
            return Err(misplaced(held, "only signs"));
        }
        self.stands.push((held, place));
        Ok(held)
    }

    /// Renders a template that as a whole stands in one place.
    pub(super) fn render(&mut self, template: &[Part], place: &Place) -> Result<Rendered, Failure> {
        let room = template.iter().map(|part| self.room(part)).sum();
        let mut value = Zeroizing::new(String::with_capacity(room));
        let (mut size, mut sensitive) = (0, false);
        for part in template {
            let before = value.len();
            match part {
                Part::Text(text) => value.push_str(text),
                Part::Fact(fact, encoding) => self.fact(&mut value, *fact, *encoding),
                Part::Secret(name, encoding) => {
                    let held = self.stand(name, place.clone())?;
                    size += held.largest;
                    sensitive = true;
                    encode(
                        &mut value,
                        held.value.as_ref().map_or("", |value| value.expose()),
                        *encoding,
                    );
                    continue;
                }
            }
            size += value.len() - before;
        }
        Ok(Rendered {
            value,
            size,
            sensitive,
        })
    }

    /// What a part may take, so that a text that it is filled into never grows: growing leaves copies.
    fn room(&self, part: &Part) -> usize {
        match part {
            Part::Text(text) => text.len(),
            // An id or a time.
            Part::Fact(..) => 64 * LONGEST_ESCAPE,
            Part::Secret(name, _) => self.sender.secret(name).map_or(0, Held::room),
        }
    }

    fn fact(&self, out: &mut String, fact: Fact, encoding: Encoding) {
        let seconds = self.attempt.now / 1000;
        match fact {
            Fact::DeliveryId => encode(out, self.attempt.delivery_id, encoding),
            Fact::UnixSeconds => encode(out, &seconds.to_string(), encoding),
            Fact::Rfc3339 => {
                let time = i64::try_from(seconds)
                    .ok()
                    .and_then(|it| jiff::Timestamp::from_second(it).ok());
                encode(out, &time.unwrap_or_default().to_string(), encoding);
            }
        }
    }

    /// Renders a template that is parsed before it is known where its secrets stand.
    pub(super) fn mark(
        &self,
        marked: &mut Marked<'a>,
        template: &Template,
        within_form: bool,
    ) -> Result<(), Failure> {
        for part in template {
            match part {
                Part::Text(text) => marked.text.push_str(text),
                Part::Fact(fact, encoding) => self.fact(&mut marked.text, *fact, *encoding),
                Part::Secret(name, encoding) => {
                    let held = self.held(name)?;
                    if held.kind == ParamKind::SigningKey {
                        return Err(misplaced(held, "only signs"));
                    }
                    if marked.holes.len() >= MAX_HOLES {
                        return Err(Failure::new(Reason::RequestTooLarge, "too many secrets"));
                    }
                    marked.text.push_str(&self.sender.marker);
                    marked.text.push_str(&format!("{:03}", marked.holes.len()));
                    marked.holes.push(Hole {
                        held,
                        encoding: *encoding,
                        within_form,
                    });
                }
            }
        }
        Ok(())
    }

    /// The positions in `holes` of the markers in a text.
    pub(super) fn markers<'t>(&self, text: &'t str) -> impl Iterator<Item = usize> + use<'t, 'a> {
        let length = self.sender.marker.len();
        text.match_indices(self.sender.marker.as_str())
            .filter_map(move |(at, _)| text.get(at + length..at + length + 3)?.parse().ok())
    }

    /// Puts the values where the markers are.
    pub(super) fn replace(&self, text: &str, holes: &[Hole<'a>]) -> Zeroizing<String> {
        let room: usize = holes.iter().map(|hole| hole.held.room()).sum();
        let mut filled = Zeroizing::new(String::with_capacity(text.len() + room));
        let mut pieces = text.split(self.sender.marker.as_str());
        filled.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let (number, rest) = piece.split_at_checked(3).unwrap_or(("", piece));
            if let Some(hole) = number
                .parse::<usize>()
                .ok()
                .and_then(|number| holes.get(number))
            {
                hole.write(&mut filled);
            }
            filled.push_str(rest);
        }
        filled
    }
}

impl Marked<'_> {
    pub(super) fn new() -> Self {
        Self {
            text: String::with_capacity(128),
            holes: Vec::new(),
        }
    }

    /// The size of a text with these markers, holes at their largest.
    pub(super) fn size(&self, text: &str, marker: &str) -> usize {
        let largest: usize = self.holes.iter().map(|hole| hole.held.largest).sum();
        (text.len() + largest).saturating_sub(self.holes.len() * (marker.len() + 3))
    }
}

impl Held {
    /// Its value's length, however it is encoded.
    fn room(&self) -> usize {
        // Base64 is padded.
        let length = self.value.as_ref().map_or(0, |value| value.expose().len());
        length * LONGEST_ESCAPE + 4
    }
}

impl Hole<'_> {
    fn write(&self, out: &mut String) {
        let value = self.held.value.as_ref().map_or("", |value| value.expose());
        if self.within_form {
            let mut inner = Zeroizing::new(String::with_capacity(self.held.room()));
            encode(&mut inner, value, self.encoding);
            encode(out, &inner, Encoding::Form);
        } else {
            encode(out, value, self.encoding);
        }
    }
}

pub(super) fn has_secret(template: &[Part]) -> bool {
    template.iter().any(|part| matches!(part, Part::Secret(..)))
}
