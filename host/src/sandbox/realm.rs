//! Whose foreign code a sandbox process may run.

/// Whose foreign code a process may run, for as long as it lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Realm {
    /// The components that the operator vouches for.
    Vouched,
    /// One tenant's use of all others.
    Tenant(String),
}
