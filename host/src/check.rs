//! What every component of a kind does right, for authors and for this project's own tests.

pub mod formatter;
