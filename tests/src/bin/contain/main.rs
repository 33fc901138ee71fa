//! The containment table: every attack of the list, what stopped it and when, and what became of a bystander's
//! deliveries meanwhile; and the same for component files that somebody brings.
//!
//! `contain [--json | --markdown] [--only NAME,...] [FILE ...]`. It fails where an attack was not stopped, or the
//! bystander lost anything.

mod row;
mod run;
mod table;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use campanile_tests::hostile::{attacks, stranger};
use campanile_tests::programs;
use clap::Parser;

use run::Yardstick;

/// Attacks a program in every way of the list, one after the other, beside a bystander who is to notice nothing.
#[derive(Debug, Parser)]
struct Arguments {
    /// Print JSON, for machines.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print the page of the documentation.
    #[arg(long)]
    markdown: bool,
    /// Only attacks of these names, with commas between them.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Component files to judge besides.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    if let Some(code) = programs::stands_in() {
        return code;
    }
    contain(&Arguments::parse()).unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn contain(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut attacks = attacks();
    for name in &arguments.only {
        let known = attacks.iter().any(|attack| attack.name == name);
        anyhow::ensure!(known, "there is no attack `{name}` in the list");
    }
    if !arguments.only.is_empty() {
        attacks.retain(|attack| arguments.only.iter().any(|name| name == attack.name));
    }
    let mut files = Vec::new();
    for path in &arguments.files {
        let file =
            std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        files.push((path.display().to_string(), file));
    }
    let _programs = programs::stand_in_for_all()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let (yardstick, rows) = runtime.block_on(async {
        progress("nobody, for comparison");
        let yardstick = Yardstick::measure().await;
        // Until here a panic is this program's own.
        run::keep_panics();
        let mut rows = Vec::new();
        for attack in attacks {
            progress(attack.name);
            rows.push(run::row(attack.name, &yardstick, (attack.run)()).await);
        }
        for (name, file) in files {
            progress(&name);
            rows.push(run::row(&name, &yardstick, stranger::judged(file)).await);
        }
        (yardstick, rows)
    });
    if arguments.json {
        println!("{}", table::json(&yardstick, &rows));
    } else if arguments.markdown {
        print!("{}", table::page(&yardstick, &rows));
    } else {
        print!("{}", table::text(&yardstick, &rows));
    }
    let well = rows.iter().all(|row| row.contained && row.lost == 0);
    Ok(match well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Says on a terminal what takes so long.
fn progress(what: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{what} ...");
    }
}
