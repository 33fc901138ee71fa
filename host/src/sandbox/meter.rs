//! Counts what a call grows: wasmtime asks for each memory and table apart, and the limit is on all of
//! them together.

use wasmtime::{ResourceLimiter, Result};

use super::limits::{CORE_INSTANCES, Limits, MEMORIES, TABLES};
use super::stop::Stop;
use crate::outcome::Reason;

/// Linear memory and table elements of one call.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_limit: usize,
    table_limit: usize,
    memory: usize,
    elements: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_limit: limits.memory,
            table_limit: limits.table_elements,
            memory: 0,
            elements: 0,
        }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.memory_limit {
            return Err(Stop::error(
                Reason::Memory,
                format!(
                    "{total} bytes of memory were asked for, {} are allowed",
                    self.memory_limit
                ),
            ));
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let total = self
            .elements
            .saturating_add(desired.saturating_sub(current));
        if total > self.table_limit {
            return Err(Stop::error(
                Reason::Memory,
                format!(
                    "{total} table elements were asked for, {} are allowed",
                    self.table_limit
                ),
            ));
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}
