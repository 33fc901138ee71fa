//! Text for people: localised, written in a destination's markup, and cut to its size.
//!
//! A [`Catalog`] holds messages by language. A [`Localizer`] is one recipient's language and time zone:
//! it makes [`Rich`] text of keys and [`Value`]s. `Rich` text is escaped only when it is written in a
//! [`Markup`], and [`split`] cuts what was written without tearing any of it. Everything put into text
//! comes from strangers: it arrives as that text, whatever it looks like.

mod bidi;
mod catalog;
mod escape;
mod figures;
mod link;
mod localizer;
mod markup;
mod rich;
mod split;
mod template;
mod value;
mod writer;

pub use catalog::Catalog;
pub use localizer::Localizer;
pub use markup::Markup;
pub use rich::{Rich, Span};
pub use split::{Unit, split};
pub use template::Template;
pub use value::{Arg, Filling, Piece, Value};
pub use writer::MAX_TEXT;
