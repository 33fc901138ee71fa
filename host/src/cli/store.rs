//! `campanile store`: what an operator does with the store's file, on the machine where it lies.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use super::print::{self, Terminal};
use super::secret;
use crate::app::{self, Inspected, KeyPlace};
use crate::store::Aside;

/// What could not be looked at.
const UNUSABLE: u8 = 2;

/// Between two looks at how far a copy is.
const TICK: Duration = Duration::from_millis(200);

/// Exit code 0 where all is well, 1 where something is not, 2 where it could not be looked at.
pub(super) fn check(
    terminal: &Terminal,
    file: Option<PathBuf>,
    data: &Path,
    key: Option<PathBuf>,
) -> ExitCode {
    let key = secret::place(key, None).unwrap_or_else(|| KeyPlace::beside(data));
    let inspected = file
        .map_or_else(|| app::stored(data), Ok)
        .and_then(|file| app::inspect(&file, &key))
        .and_then(|inspected| {
            show(terminal, &inspected, &key)?;
            Ok(inspected.passed)
        });
    match inspected {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(UNUSABLE)
        }
    }
}

fn show(terminal: &Terminal, inspected: &Inspected, key: &KeyPlace) -> anyhow::Result<()> {
    if terminal.json {
        return print::json(inspected);
    }
    let Inspected {
        file,
        passed,
        checked,
        secrets,
    } = inspected;
    let size = &checked.size;
    terminal.facts(
        "",
        &[
            ("file", file.display().to_string()),
            ("version", checked.version.to_string()),
            ("size", print::size(size.file)),
            ("free", print::size(size.free)),
            ("log", print::size(size.log)),
        ],
    );
    let tables = size.tables.iter().map(|table| {
        let (rows, bytes) = (table.rows.to_string(), print::size(table.bytes));
        vec![table.name.clone(), rows, bytes]
    });
    if !size.tables.is_empty() {
        terminal.indented(&["table", "rows", "size"], tables.collect());
    }
    if checked.outdated {
        terminal.say("store.outdated", &[]);
    }
    for what in &checked.damage {
        terminal.say("store.damage", &[("what", what)]);
    }
    for broken in &checked.broken {
        let rule = format!("store.rules.{}", broken.rule.as_str().replace('-', "_"));
        let rule = terminal.words.say(&rule);
        terminal.say("store.broken", &[("rule", &rule), ("rows", &broken.rows)]);
    }
    match secrets {
        Some(secrets) => {
            print::line(&terminal.words.count("store.opened", secrets.opened as u64));
            secret::enter_again(terminal, &secrets.lost);
        }
        None => terminal.say("store.no_key", &[("key", &key.path().display())]),
    }
    terminal.say(
        if *passed {
            "store.whole"
        } else {
            "store.not_whole"
        },
        &[],
    );
    Ok(())
}

pub(super) fn backup(terminal: &Terminal, to: &Path, data: &Path) -> anyhow::Result<ExitCode> {
    let file = app::stored(data)?;
    let at = |path: &Path| path.display().to_string();
    anyhow::ensure!(
        !to.exists(),
        terminal
            .words
            .fill("store.exists", &[("file", &to.display())])
    );
    let aside = Aside::open(&file).with_context(|| at(&file))?;
    let all = aside.used().with_context(|| at(&file))?;
    let copied = with_progress(to, all, || aside.copy_to(to));
    copied.with_context(|| at(to))?;
    let bytes = std::fs::metadata(to).map_or(0, |file| file.len());
    if terminal.json {
        print::json(&json!({ "file": to, "bytes": bytes }))?;
    } else {
        let said: [(&str, &dyn std::fmt::Display); 2] =
            [("file", &to.display()), ("size", &print::size(bytes))];
        terminal.say("store.copied", &said);
        terminal.say("store.key_apart", &[]);
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows on a terminal how much of a file is there, of so many bytes, while it is made.
fn with_progress<T>(file: &Path, all: u64, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, working) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while working.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let bytes = std::fs::metadata(file).map_or(0, |file| file.len());
                let percent = bytes.saturating_mul(100) / all.max(1);
                let _ = write!(std::io::stderr(), "\r{:>3} %", percent.min(100));
            }
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        });
        let result = work();
        drop(done);
        result
    })
}

pub(super) async fn compact(terminal: &Terminal, data: &Path) -> anyhow::Result<ExitCode> {
    let file = app::stored(data)?;
    let at = || file.display().to_string();
    let used = Aside::open(&file).and_then(|aside| aside.used());
    let needed = print::size(used.with_context(at)?);
    if !terminal.json {
        let said: [(&str, &dyn std::fmt::Display); 2] =
            [("size", &needed), ("folder", &data.display())];
        terminal.tell("store.needs", &said);
    }
    let size = || std::fs::metadata(&file).map_or(0, |file| file.len());
    let before = size();
    app::compact(&file).await.with_context(at)?;
    let after = size();
    if terminal.json {
        print::json(&json!({ "file": file, "before": before, "after": after }))?;
    } else {
        let said: [(&str, &dyn std::fmt::Display); 2] = [
            ("before", &print::size(before)),
            ("after", &print::size(after)),
        ];
        terminal.say("store.compacted", &said);
    }
    Ok(ExitCode::SUCCESS)
}
