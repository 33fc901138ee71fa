//! What foreign code may use. Each limit has its default beside it, with the reason.

use std::time::Duration;

use campanile_contract::manifest::Tier;
use serde::{Deserialize, Serialize};

/// Limits on one component's calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Linear memory of one call, all memories together, in bytes. 32 MiB holds a hundred alerts of
    /// 100 KiB and their requests; a `memory.fill` over all of it takes a few milliseconds, which
    /// bounds how late a deadline can be noticed.
    pub memory: usize,
    /// CPU time of one call. A batch of 100 alerts takes under 5 ms; twenty times that is no accident.
    pub cpu: Duration,
    /// Wall time of one call: ten times the CPU time, so that a busy machine does not kill the honest.
    pub wall: Duration,
    /// Elements of all tables together. A Rust component has a few hundred functions in its table.
    pub table_elements: usize,
    /// Core instances of one component: its own, and the shims that a toolchain adds.
    pub core_instances: u32,
    /// Memories of one component.
    pub memories: u32,
    /// Tables of one component.
    pub tables: u32,
    /// Live handles of a call: one an alert, and as many again for a toolchain's streams.
    pub handles: usize,
    /// Host calls of one invocation: a hundred for each of a hundred alerts.
    pub host_calls: u32,
    /// Deliveries of one answer: one an alert at the default budget, with room for splitting.
    pub deliveries: usize,
    /// Bytes of an answer, and of what one host call may carry.
    pub answer: usize,
    /// Log lines of one call.
    pub log_lines: usize,
    /// Bytes of one log line.
    pub log_line: usize,
    /// Names, tags, reasons and receipts, in bytes.
    pub name: usize,
    /// Bytes of the component itself. Rust's are 150 KB, QuickJS's 1.7 MB.
    pub component: usize,
    /// How long compiling may take, with the two calls of `describe`. Python's component, the largest that is known,
    /// takes some 15 s of an idle processor.
    pub compile: Duration,
    /// Bytes of memory that compiling may take, besides what the process has at its start.
    pub compile_memory: usize,
    /// Bytes of what `describe` returns: a manifest and several languages of at most 256 KiB.
    pub description: usize,
    /// Messages of one delivery. A text of 100 KB takes 25 of Telegram's; the longest that is taken in,
    /// 256 KiB, takes 390 where it is nothing but quotes, each of which is written as `&quot;`.
    pub messages: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 32 << 20,
            cpu: Duration::from_millis(100),
            wall: Duration::from_secs(1),
            table_elements: 20_000,
            core_instances: 8,
            memories: 4,
            tables: 8,
            handles: 1_000,
            host_calls: 10_000,
            deliveries: 256,
            answer: 4 << 20,
            log_lines: 100,
            log_line: 4 << 10,
            name: 1 << 10,
            component: 10 << 20,
            compile: Duration::from_secs(30),
            compile_memory: 1 << 30,
            description: 2 << 20,
            messages: 512,
        }
    }
}

impl Limits {
    /// Bytes of compiled code: that of the examples takes three times as much as they do.
    pub(crate) fn code(&self) -> usize {
        self.component.saturating_mul(8)
    }

    /// What a component may use that brings an interpreter along, at least. JavaScript's smallest has 9 core
    /// instances; Python's begins with 12 MiB of memory and 5 800 table elements, and a batch of 50 alerts
    /// takes it 15 ms. There is room for programs eight times as large. All else is what `self` says: what
    /// protects the rest of the host does not grow.
    #[must_use]
    pub fn enlarged(&self) -> Self {
        Self {
            memory: self.memory.max(128 << 20),
            cpu: self.cpu.max(Duration::from_millis(500)),
            wall: self.wall.max(Duration::from_secs(5)),
            table_elements: self.table_elements.max(100_000),
            core_instances: self.core_instances.max(200),
            memories: self.memories.max(8),
            tables: self.tables.max(16),
            component: self.component.max(40 << 20),
            compile: self.compile.max(Duration::from_secs(120)),
            compile_memory: self.compile_memory.max(2 << 30),
            ..self.clone()
        }
    }
}

/// The limits of both tiers, and whether components may ask for the larger one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiers {
    /// What a component may use that asks for nothing else.
    pub standard: Limits,
    /// What a component may use whose manifest says `limits = "large"`.
    pub large: Limits,
    /// Whether such a component may be installed.
    pub large_allowed: bool,
}

impl Tiers {
    /// Both tiers, the larger one allowed: for the commands of authors.
    #[must_use]
    pub fn all(standard: Limits) -> Self {
        Self {
            large_allowed: true,
            ..Self::from(standard)
        }
    }

    /// The widest limits that a component may have here: what a process must have room for that does not know
    /// its components yet.
    #[must_use]
    pub fn widest(&self) -> &Limits {
        match self.large_allowed {
            true => &self.large,
            false => &self.standard,
        }
    }

    /// The limits of a tier.
    #[must_use]
    pub fn of(&self, tier: Tier) -> &Limits {
        match tier {
            Tier::Standard => &self.standard,
            Tier::Large => &self.large,
        }
    }
}

impl From<Limits> for Tiers {
    fn from(standard: Limits) -> Self {
        Self {
            large: standard.enlarged(),
            standard,
            large_allowed: false,
        }
    }
}

/// The wasm stack, in bytes: wasmtime's own default.
pub(crate) const STACK: usize = 512 << 10;
/// How often a running call is looked at. A deadline is noticed at most one tick late.
pub(crate) const TICK: Duration = Duration::from_millis(5);
