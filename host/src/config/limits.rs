//! `[limits.standard]` and `[limits.large]`: what components may use, where that is not the default.

use std::num::{NonZeroU32, NonZeroUsize};

use serde::Deserialize;

use super::units::{Size, Time};

/// What the operator says of the limits on components; what is left out has its default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsTable {
    /// Of components that ask for nothing else.
    pub standard: TierTable,
    /// Of those whose manifest says `limits = "large"`.
    pub large: TierTable,
}

/// The limits of one tier.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TierTable {
    /// Linear memory of one call, all memories together.
    pub memory: Option<Size>,
    /// Processor time of one call.
    pub cpu: Option<Time>,
    /// Time that may go by in one call.
    pub wall: Option<Time>,
    /// Elements of all tables together.
    pub table_elements: Option<NonZeroUsize>,
    /// Core instances of one component.
    pub core_instances: Option<NonZeroU32>,
    /// Memories of one component.
    pub memories: Option<NonZeroU32>,
    /// Tables of one component.
    pub tables: Option<NonZeroU32>,
    /// Live handles of a call.
    pub handles: Option<NonZeroUsize>,
    /// Host calls of one invocation.
    pub host_calls: Option<NonZeroU32>,
    /// Deliveries of one answer.
    pub deliveries: Option<NonZeroUsize>,
    /// Messages of one delivery.
    pub messages: Option<NonZeroUsize>,
    /// All of an answer.
    pub answer: Option<Size>,
    /// Log lines of one call.
    pub log_lines: Option<NonZeroUsize>,
    /// One log line.
    pub log_line: Option<Size>,
    /// Names, tags, reasons and receipts.
    pub name: Option<Size>,
    /// The component itself.
    pub component: Option<Size>,
    /// How long compiling may take.
    pub compile: Option<Time>,
    /// Memory that compiling may take.
    pub compile_memory: Option<Size>,
    /// What `describe` returns.
    pub description: Option<Size>,
}
