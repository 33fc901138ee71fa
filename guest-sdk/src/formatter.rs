//! What an author of an alert formatter writes.

use crate::{Described, Event, Piece};

/// Descriptions of alert kinds whose definition says `description = "computed"`.
pub trait Formatter: Described {
    /// The description of one event, a piece at a time. The host joins, localises and escapes the
    /// pieces, once for each language that is needed.
    ///
    /// # Errors
    /// The reason why this event has no description; the host then uses its own text.
    fn format(event: &Event) -> Result<Vec<Piece>, String>;
}
