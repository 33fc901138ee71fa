//! The table, for machines, for a terminal, and as the page of the documentation.

use std::fmt::Write;

use serde_json::json;

use crate::row::Row;
use crate::run::{Yardstick, millis};

/// Letters of what stopped an attack: the reason and what it was about.
const WORDS: usize = 110;

pub(crate) fn json(yardstick: &Yardstick, rows: &[Row]) -> String {
    let table = json!({
        "tests": rows.len(),
        "contained": rows.iter().filter(|row| row.contained).count(),
        "bystander_lost": rows.iter().map(|row| row.lost).sum::<usize>(),
        "bystander_late": rows.iter().map(|row| row.late).sum::<usize>(),
        "bystander_deliveries": rows.iter().map(|row| row.bystander).sum::<usize>(),
        "yardstick": {
            "deliveries": yardstick.deliveries,
            "median_ms": millis(yardstick.median),
            "p99_ms": millis(yardstick.p99),
        },
        "rows": rows,
    });
    format!("{table:#}")
}

pub(crate) fn text(yardstick: &Yardstick, rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let _ = writeln!(
            text,
            "{:<48} {:>8.0} ms  {:>4} of {:<4} lost  {:>3} late  p99 {:>6.1} ms  {}{}",
            row.attack,
            row.stopped_after_ms,
            row.lost,
            row.bystander,
            row.late,
            row.p99_ms,
            if row.contained { "" } else { "NOT CONTAINED: " },
            if row.contained {
                shortened(&row.stopped_by)
            } else {
                row.stopped_by.clone()
            },
        );
    }
    let _ = writeln!(text, "{}", summary(yardstick, rows));
    text
}

/// `docs/containment.md`.
pub(crate) fn page(yardstick: &Yardstick, rows: &[Row]) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let (kernel, load) = (read("/proc/sys/kernel/osrelease"), read("/proc/loadavg"));
    let load = load.split(' ').nth(1).unwrap_or_default();
    let mut page = format!(
        "# Containment\n\n\
         Every attack of the list, carried out against a program with real sandbox processes, one after the other, by\n\
         `cargo run --release -p campanile-tests --bin contain -- --markdown`. Component files as further arguments are\n\
         judged too: `... --bin contain -- FILE ...`. The same attacks are tests: `cargo test -p campanile-tests attacks`.\n\n\
         While each runs, a bystander, a tenant of its own with an honest webhook, posts an alert every 20 ms. *Lost* are\n\
         those that were not taken in or did not arrive; none may be. The time of a delivery is that from posting the\n\
         alert to when all of it has arrived at the receiver. *Late* is one that took more than a tenth longer than the\n\
         yardstick: what 99 of 100 deliveries take at most in the same run while nobody is hostile. Of deliveries that\n\
         nothing disturbs, up to one of a hundred is late by this measure.\n\n\
         Lateness says something on an idle machine alone.\n\n\
         This run: {cores} processors, Linux {}, load average over the last five minutes {load}. {}\n\n\
         | attack | what stopped it | after | deliveries | lost | late | p99 |\n|---|---|--:|--:|--:|--:|--:|\n",
        kernel.trim(),
        summary(yardstick, rows),
    );
    for row in rows {
        let words = shortened(&row.stopped_by)
            .replace('|', "\\|")
            .replace('<', "&lt;");
        let _ = writeln!(
            page,
            "| `{}` | {}{words} | {:.0} ms | {} | {} | {} | {:.1} ms |",
            row.attack,
            if row.contained {
                ""
            } else {
                "**not contained:** "
            },
            row.stopped_after_ms,
            row.bystander,
            row.lost,
            row.late,
            row.p99_ms,
        );
    }
    page
}

fn summary(yardstick: &Yardstick, rows: &[Row]) -> String {
    let total = |of: fn(&Row) -> usize| rows.iter().map(of).sum::<usize>();
    format!(
        "{} of {} attacks contained; of the bystander's {} deliveries {} were lost and {} late. \
         Yardstick: {} deliveries, half within {:.1} ms, 99 of 100 within {:.1} ms.",
        rows.iter().filter(|row| row.contained).count(),
        rows.len(),
        total(|row| row.bystander),
        total(|row| row.lost),
        total(|row| row.late),
        yardstick.deliveries,
        millis(yardstick.median),
        millis(yardstick.p99),
    )
}

/// One line, cut.
fn shortened(words: &str) -> String {
    let line: Vec<&str> = words.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
