//! What formatters return.

use crate::{Arg, Entity, Piece};

impl Piece {
    /// A message of the component's locales, or the host's, with its arguments.
    #[must_use]
    pub fn key(key: impl Into<String>, args: impl Into<Vec<Arg>>) -> Self {
        Self::Key((key.into(), args.into()))
    }

    /// Text as it is.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }

    /// Bold text as it is.
    #[must_use]
    pub fn strong(text: impl Into<String>) -> Self {
        Self::Strong(text.into())
    }

    /// Text of one letter width as it is.
    #[must_use]
    pub fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }

    /// A text and the http, https or mailto address that it leads to.
    #[must_use]
    pub fn link(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self::Link((text.into(), url.into()))
    }

    /// What the alert is about, with its label.
    #[must_use]
    pub fn entity(entity: &Entity) -> Self {
        Self::Entity(entity.clone())
    }
}
