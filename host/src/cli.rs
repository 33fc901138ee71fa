//! The command line: arguments, and which function each command is.

mod arguments;
mod check;
mod client;
mod component;
mod consent;
mod endpoint;
mod help;
mod inspect;
mod limits;
mod mistake;
pub(crate) mod print;
mod remote;
mod secret;
mod serve;
mod store;
mod tiers;
pub(crate) mod words;

pub(crate) use serve::stop_signal;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::sandbox;
use arguments::{
    Alert, Cli, Command, Component, DeadLetter, Delivery, Endpoint, Page, Recipient, Secret, Serve,
    Server, StoreFile,
};
use print::Terminal;
use words::Words;

/// Carries out what the arguments say.
#[must_use]
pub fn main() -> ExitCode {
    if sandbox::asked() {
        return sandbox::work();
    }
    let arguments: Vec<_> = std::env::args_os().collect();
    let words = Words::chosen(&arguments, |name| std::env::var(name).ok());
    let read = help::localised(Cli::command(), &words)
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match read {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(mistake::show(&error, &words)),
    };
    let terminal = Terminal {
        json: cli.json,
        words,
    };
    if let Err(error) = limits::undumped() {
        terminal.error(&anyhow::anyhow!(
            "core dumps cannot be switched off: {error}"
        ));
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal.error(&anyhow::anyhow!("no threads: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(cli.command, &terminal));
    // What still runs, such as a name that is being resolved, is not waited for.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => {
            terminal.error(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, terminal: &Terminal) -> anyhow::Result<ExitCode> {
    limits::outlive_file_limit()?;
    let json = terminal.json;
    match command {
        Command::Demo { once, listen } => {
            crate::telemetry::start(json, true)?;
            crate::demo::run(once, listen, json).await
        }
        Command::Serve(options) => {
            crate::telemetry::start(json, false)?;
            serve::serve(terminal, options).await
        }
        Command::Apply {
            file,
            dry_run,
            prune,
            yes,
            server,
        } => {
            let how = remote::How {
                dry_run,
                prune,
                yes,
            };
            remote::apply(terminal, &server, &file, how).await
        }
        Command::Alert(Alert::Send { file, server }) => {
            remote::send(terminal, &server, &file).await
        }
        Command::Component(Component::List { server }) => component::list(terminal, &server).await,
        Command::Component(Component::Inspect { component, server }) => {
            inspect::inspect(terminal, &server, &component).await
        }
        Command::Component(Component::Install {
            file,
            tenant,
            server,
        }) => component::install(terminal, &server, &file, tenant.as_deref()).await,
        Command::Component(Component::Remove {
            component,
            tenant,
            server,
        }) => component::remove(terminal, &server, &component, tenant.as_deref()).await,
        Command::Endpoint(Endpoint::List { server }) => endpoint::list(terminal, &server).await,
        Command::Recipient(Recipient::List { server }) => {
            remote::recipients(terminal, &server).await
        }
        Command::Recipient(Recipient::Test { name, server }) => {
            remote::test(terminal, &server, &name).await
        }
        Command::Delivery(Delivery::List {
            page,
            state,
            server,
        }) => remote::deliveries(terminal, &server, &page, state.as_deref()).await,
        Command::Delivery(Delivery::Show { id, server }) => {
            remote::delivery(terminal, &server, &id).await
        }
        Command::DeadLetter(DeadLetter::List { page, server }) => {
            remote::dead_letters(terminal, &server, &page).await
        }
        Command::DeadLetter(DeadLetter::Redrive {
            jobs,
            all: _,
            recipient,
            server,
        }) => remote::redrive(terminal, &server, jobs, recipient).await,
        Command::Secret(Secret::Rotate { sealed, to }) => {
            secret::rotate(terminal, &sealed.data, sealed.master_key, to).await
        }
        Command::Secret(Secret::Forget { sealed }) => {
            secret::forget(terminal, &sealed.data, sealed.master_key).await
        }
        Command::Store(StoreFile::Check { file, sealed }) => Ok(store::check(
            terminal,
            file,
            &sealed.data,
            sealed.master_key,
        )),
        Command::Store(StoreFile::Backup { file, data }) => store::backup(terminal, &file, &data),
        Command::Store(StoreFile::Compact { data }) => store::compact(terminal, &data).await,
        Command::Check { component, params } => {
            check::check(terminal, &component, params.as_deref())
        }
        Command::Completion { shell } => {
            // Not straight to the output: it panics where that is closed.
            let mut script = Vec::new();
            let mut command = help::localised(Cli::command(), &terminal.words);
            clap_complete::generate(shell, &mut command, "campanile", &mut script);
            let _ = std::io::stdout().write_all(&script);
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_missing_or_wrong_is_refused() {
        let rows: [(&[&str], bool); 10] = [
            (&["campanile", "demo", "--once"], true),
            (&["campanile", "demo", "--twice"], false),
            (&["campanile", "apply"], false),
            (&["campanile", "apply", "-f", "x.toml", "--dry-run"], true),
            (&["campanile", "serve", "--listen", "nowhere"], false),
            (&["campanile", "delivery", "list", "--state", "dead"], true),
            (&["campanile", "delivery", "list", "--state", "deaf"], false),
            (&["campanile", "dead-letter", "redrive"], false),
            (
                &["campanile", "dead-letter", "redrive", "--all", "7"],
                false,
            ),
            (
                &["campanile", "delivery", "list", "--server", "http://x"],
                false,
            ),
        ];
        for (arguments, fits) in rows {
            assert_eq!(
                Cli::try_parse_from(arguments).is_ok(),
                fits,
                "{arguments:?}"
            );
        }
    }
}
