//! What the machine can do, and what of it the program does: figures and ratios of one run.
//!
//! `bench [--json] [--alerts N] [SECTION ...]`, sections: `http` (the bare loop, deliveries, one by one),
//! `sandbox` (against the same crate native) and `instantiate`.

mod deliver;
mod receiver;
mod sandbox;

use std::process::ExitCode;

use clap::Parser;
use serde_json::{Map, Value, json};

/// Measures deliveries and the sandbox; all figures of one run belong together.
#[derive(Debug, Parser)]
struct Arguments {
    /// Print JSON, for machines.
    #[arg(long)]
    json: bool,
    /// Alerts of the delivery section.
    #[arg(long, default_value_t = 40_000)]
    alerts: usize,
    /// Only these sections: http, sandbox, instantiate.
    #[arg(value_parser = ["http", "sandbox", "instantiate"])]
    sections: Vec<String>,
}

/// A figure, and how people read it.
pub(crate) struct Figure {
    name: &'static str,
    value: f64,
    words: &'static str,
}

impl Figure {
    pub(crate) fn new(name: &'static str, value: f64, words: &'static str) -> Self {
        Self { name, value, words }
    }
}

fn main() -> anyhow::Result<()> {
    if campanile::sandbox::asked() {
        anyhow::ensure!(campanile::sandbox::work() == ExitCode::SUCCESS);
        return Ok(());
    }
    let arguments = Arguments::parse();
    let wanted = |section: &str| {
        arguments.sections.is_empty() || arguments.sections.iter().any(|one| one == section)
    };
    let mut figures = Vec::new();
    if wanted("sandbox") {
        progress("the sandbox against the same crate native");
        figures.extend(sandbox::against_native()?);
    }
    if wanted("instantiate") {
        progress("instantiate, call, drop");
        figures.extend(sandbox::instantiate()?);
    }
    if wanted("http") {
        progress("the bare loop, then deliveries");
        figures.extend(deliver::compare(arguments.alerts)?);
    }
    if arguments.json {
        let members: Map<String, Value> = figures
            .iter()
            .map(|figure| (figure.name.to_owned(), json!(figure.value)))
            .collect();
        println!("{}", serde_json::to_string_pretty(&members)?);
    } else {
        for Figure { name, value, words } in &figures {
            println!("{name:<22} {value:>12.2}  {words}");
        }
    }
    Ok(())
}

/// Says on a terminal what takes so long.
fn progress(what: &str) {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() {
        eprintln!("measuring {what} ...");
    }
}
