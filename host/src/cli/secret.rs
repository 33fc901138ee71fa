//! `campanile secret`: what an operator does with the master key while the server stands still.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::print;
use super::print::Terminal;
use crate::app::{self, Gone, KeyPlace};
use crate::clock::Clock;

/// Where the key stands that an argument, the service manager or the configuration names, in this order;
/// nothing where it stands beside the data directory.
pub(super) fn place(argument: Option<PathBuf>, configured: Option<PathBuf>) -> Option<KeyPlace> {
    argument
        .map(KeyPlace::File)
        .or_else(|| KeyPlace::credential(std::env::var_os("CREDENTIALS_DIRECTORY")))
        .or_else(|| configured.map(KeyPlace::File))
}

pub(super) async fn rotate(
    terminal: &Terminal,
    data: &Path,
    key: Option<PathBuf>,
    to: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let place = place(key, None).unwrap_or_else(|| KeyPlace::beside(data));
    let rotated = app::rotate(data, &place, to, Clock::System.now()).await?;
    if terminal.json {
        print::json(&rotated)?;
        return Ok(ExitCode::SUCCESS);
    }
    print::line(&terminal.words.count("secret.sealed", rotated.sealed as u64));
    terminal.say("secret.key", &[("key", &rotated.key.display())]);
    enter_again(terminal, &rotated.lost);
    if rotated.key != place.path() {
        terminal.say("secret.from_now_on", &[("key", &rotated.key.display())]);
    }
    terminal.say("secret.copies", &[]);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn forget(
    terminal: &Terminal,
    data: &Path,
    key: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let place = place(key, None).unwrap_or_else(|| KeyPlace::beside(data));
    let forgotten = app::forget(data, &place, Clock::System.now()).await?;
    if terminal.json {
        print::json(&forgotten)?;
    } else {
        enter_again(terminal, &forgotten);
        terminal.say("secret.forgotten", &[]);
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn enter_again(terminal: &Terminal, gone: &[Gone]) {
    for Gone {
        tenant,
        endpoint,
        secrets,
    } in gone
    {
        let item = terminal.words.item(&format!("endpoint {endpoint}"), tenant);
        let args: [(&str, &dyn std::fmt::Display); 2] =
            [("item", &item), ("secrets", &secrets.join(", "))];
        terminal.say("secret.enter_again", &args);
    }
}
