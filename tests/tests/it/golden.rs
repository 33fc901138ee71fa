//! Golden requests: what each destination gets, byte by byte, beside what real parsers make of it.
//!
//! The files in `tests/golden` are written anew by `BLESS=1 cargo test -p campanile-tests golden`. What
//! people read is not taken from them: it stands in the tests, so that no blessing makes it wrong.

mod alerts;
mod bodies;
mod chats;
mod files;
mod long;
mod mails;
mod receipts;
mod requests;
mod sandboxed;
mod setup;
mod shown;
mod signatures;
mod verdicts;
mod whole;
