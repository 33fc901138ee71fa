//! Mail, from the alert to a real mail server of another package.

mod server;
