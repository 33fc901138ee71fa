//! Counts what a call grows: wasmtime asks for each memory and table apart, and the limit is on all of
//! them together.

use std::time::Duration;

use wasmtime::{ResourceLimiter, Result};

use super::limits::Limits;
use super::stop::Stop;
use crate::outcome::Reason;

/// What one call used of its limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Processor time, from the fresh instance to its end.
    pub cpu: Duration,
    /// Bytes of all its memories together.
    pub memory: usize,
    /// Elements of all its tables together.
    pub table_elements: usize,
    /// Calls of the host's functions.
    pub host_calls: u32,
}

/// Linear memory and table elements of one call.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_limit: usize,
    table_limit: usize,
    instances: usize,
    memories: usize,
    tables: usize,
    memory: usize,
    elements: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_limit: limits.memory,
            table_limit: limits.table_elements,
            instances: limits.core_instances as usize,
            memories: limits.memories as usize,
            tables: limits.tables as usize,
            memory: 0,
            elements: 0,
        }
    }

    /// Bytes of all memories together, as large as they became.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Elements of all tables together.
    pub(crate) fn elements(&self) -> usize {
        self.elements
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
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}
