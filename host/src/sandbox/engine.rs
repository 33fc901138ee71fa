//! The engine: wasmtime with everything off that no supported toolchain needs.

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result};

use super::limits::{STACK, Tiers};

/// What stays mapped of a linear memory after a call, zeroed instead of unmapped: as much as a batch
/// of a hundred alerts dirties, so that the next call takes no page faults.
const KEEP_MEMORY: usize = 512 << 10;

/// The same for tables.
const KEEP_TABLE: usize = 32 << 10;

/// An engine for `calls` calls at once. Its pool holds components of the larger tier, which costs address
/// space and nothing else; the meter of each call holds a component to the limits of its own.
///
/// # Errors
///
/// Where the address space for the pool cannot be had.
pub(crate) fn engine(tiers: &Tiers, calls: u32) -> Result<Engine> {
    let limits = &tiers.large;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls * limits.core_instances)
        .total_memories(calls * limits.memories)
        .total_tables(calls * limits.tables)
        .max_core_instances_per_component(limits.core_instances)
        .max_memories_per_component(limits.memories)
        .max_tables_per_component(limits.tables)
        // One module may have all that its component may have.
        .max_memories_per_module(limits.memories)
        .max_tables_per_module(limits.tables)
        .max_memory_size(limits.memory)
        .table_elements(limits.table_elements)
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .max_wasm_stack(STACK)
        .epoch_interruption(true)
        // Results must be the same on every machine, NaN bits included.
        .cranelift_nan_canonicalization(true)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16))
        .wasm_component_model(true)
        .wasm_tail_call(false)
        .wasm_memory64(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_relaxed_simd(false)
        .concurrency_support(false)
        .shared_memory(false);
    Engine::new(&config)
}
