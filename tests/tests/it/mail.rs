//! Mail, from the alert to a real mail server of another package.

mod delivery;
pub(crate) mod page;
mod refusals;
mod server;
mod setup;
