//! The limits on components, as the configuration says: what it leaves out has its default.

use std::time::Duration;

use crate::config::{LimitsTable, Size, TierTable, Time};
use crate::sandbox::Limits;

/// Those of both tiers, the standard one first. The larger one is at least as large where nothing is said of it.
pub(super) fn both(table: &LimitsTable) -> (Limits, Limits) {
    let standard = over(&table.standard, &Limits::default());
    let large = over(&table.large, &standard.enlarged());
    (standard, large)
}

fn over(said: &TierTable, default: &Limits) -> Limits {
    Limits {
        memory: bytes(said.memory, default.memory),
        cpu: time(said.cpu, default.cpu),
        wall: time(said.wall, default.wall),
        table_elements: said
            .table_elements
            .map_or(default.table_elements, Into::into),
        core_instances: said
            .core_instances
            .map_or(default.core_instances, Into::into),
        memories: said.memories.map_or(default.memories, Into::into),
        tables: said.tables.map_or(default.tables, Into::into),
        handles: said.handles.map_or(default.handles, Into::into),
        host_calls: said.host_calls.map_or(default.host_calls, Into::into),
        deliveries: said.deliveries.map_or(default.deliveries, Into::into),
        messages: said.messages.map_or(default.messages, Into::into),
        answer: bytes(said.answer, default.answer),
        log_lines: said.log_lines.map_or(default.log_lines, Into::into),
        log_line: bytes(said.log_line, default.log_line),
        name: bytes(said.name, default.name),
        component: bytes(said.component, default.component),
        compile: time(said.compile, default.compile),
        compile_memory: bytes(said.compile_memory, default.compile_memory),
        description: bytes(said.description, default.description),
    }
}

fn bytes(said: Option<Size>, default: usize) -> usize {
    said.map_or(default, |Size(bytes)| {
        usize::try_from(bytes).unwrap_or(usize::MAX)
    })
}

fn time(said: Option<Time>, default: Duration) -> Duration {
    said.map_or(default, |Time(milliseconds)| {
        Duration::from_millis(milliseconds)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_tier_holds_and_the_rest_has_its_default() {
        let said =
            "[standard]\nmemory = \"256MiB\"\ncpu = \"2s\"\nhandles = 7\n[large]\ncpu = \"700ms\"";
        let (standard, large) = both(&toml::from_str(said).expect("limits"));
        let expected = Limits {
            memory: 256 << 20,
            cpu: Duration::from_secs(2),
            handles: 7,
            ..Limits::default()
        };
        assert_eq!(standard, expected);
        let cpu = Duration::from_millis(700);
        assert_eq!(
            large,
            Limits {
                cpu,
                ..expected.enlarged()
            }
        );
        assert_eq!(large.memory, 256 << 20);
        let (standard, large) = both(&LimitsTable::default());
        assert_eq!(
            (large, standard),
            (Limits::default().enlarged(), Limits::default())
        );
    }
}
