//! A message with holes, parsed once.

use crate::locales::{self, Segment};

/// A message with holes: `%{name}` is filled with the argument of that name, `%%` is a percent sign,
/// anything else is text. A value that was put in is never parsed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(Box<str>),
    Hole(Box<str>),
}

impl Template {
    /// Parses a message. Every text is one: what is no hole stays as it is.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        for segment in locales::segments(text) {
            match segment {
                Segment::Text(text) => literal.push_str(text),
                Segment::Hole(name) => {
                    if !literal.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut literal).into()));
                    }
                    parts.push(Part::Hole(name.into()));
                }
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal.into()));
        }
        Self(parts)
    }

    /// Parses what a person typed: whatever begins as a hole must be one.
    ///
    /// # Errors
    /// The text from the first `%{` on that has no end, or whose name no hole can have.
    pub fn checked(text: &str) -> Result<Self, &str> {
        let mut rest = text;
        for segment in locales::segments(text) {
            match segment {
                Segment::Text(part) if part.starts_with("%{") => return Err(rest),
                Segment::Text("%") if rest.starts_with("%%") => rest = &rest[2..],
                Segment::Text(part) => rest = &rest[part.len()..],
                Segment::Hole(name) => rest = &rest[name.len() + "%{}".len()..],
            }
        }
        Ok(Self::parse(text))
    }

    /// The names of its holes, in their order; one that stands twice is named twice.
    pub fn holes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Hole(name) => Some(&**name),
            Part::Text(_) => None,
        })
    }

    /// The text, where it has no holes.
    pub(super) fn literal(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_as_a_hole_and_is_none_is_told_from_there_on() {
        for good in ["", "%", "100%", "5%% %{a} %%{b", "%%%{a}", "%d", "{}"] {
            assert_eq!(Template::checked(good), Ok(Template::parse(good)), "{good}");
        }
        let table = [
            ("%{", "%{"),
            ("a %{b", "%{b"),
            ("%{a} %% %{b c} d", "%{b c} d"),
            ("%{}", "%{}"),
            ("%{a{b}}", "%{a{b}}"),
            ("%%%{a b}", "%{a b}"),
        ];
        for (text, from) in table {
            assert_eq!(Template::checked(text), Err(from), "{text}");
        }
    }

    #[test]
    fn a_message_is_parsed_into_text_and_holes() {
        let template = Template::parse("%{a} is 100%% of %{b}, %{a}!");
        assert_eq!(template.holes().collect::<Vec<_>>(), ["a", "b", "a"]);
        assert_eq!(template.parts().len(), 6);
        assert_eq!(template.literal(), None);
        assert_eq!(Template::parse("5%% %d").literal(), Some("5% %d"));
        assert_eq!(Template::parse("").literal(), Some(""));
    }
}
