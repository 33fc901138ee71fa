//! What a component used of its limits, at most.

use super::report::Usage;
use crate::sandbox::{Limits, Used};

/// The most that any call used.
#[derive(Default)]
pub(super) struct Use {
    most: Used,
    body: usize,
}

impl Use {
    /// All of it, beside what is allowed.
    pub(super) fn against(&self, limits: &Limits) -> Vec<Usage> {
        let wide = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        let usage = |limit, used, allowed, unit| Usage {
            limit,
            used,
            allowed,
            unit,
        };
        let cpu = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        vec![
            usage(
                "memory",
                wide(self.most.memory),
                wide(limits.memory),
                "bytes",
            ),
            usage("processor time", cpu(self.most.cpu), cpu(limits.cpu), "us"),
            usage(
                "table elements",
                wide(self.most.table_elements),
                wide(limits.table_elements),
                "",
            ),
            usage(
                "host calls",
                u64::from(self.most.host_calls),
                u64::from(limits.host_calls),
                "",
            ),
            usage(
                "one body",
                wide(self.body),
                wide(crate::egress::MAX_BODY_BYTES),
                "bytes",
            ),
        ]
    }

    /// Notes what a call used.
    pub(super) fn note(&mut self, used: Used) {
        let most = &mut self.most;
        most.cpu = most.cpu.max(used.cpu);
        most.memory = most.memory.max(used.memory);
        most.table_elements = most.table_elements.max(used.table_elements);
        most.host_calls = most.host_calls.max(used.host_calls);
    }

    /// Notes the size of a body.
    pub(super) fn note_body(&mut self, size: usize) {
        self.body = self.body.max(size);
    }
}
