//! The command line: arguments, and which function each command is.

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
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::sandbox;
use print::Terminal;
use words::Words;

/// Delivers alerts through sandboxed endpoint components.
#[derive(Debug, Parser)]
#[command(
    name = "campanile",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print JSON, for machines.
    #[arg(long, global = true)]
    json: bool,
    /// The language of help, output and errors: en, it or de.
    #[arg(long, global = true, env = "CAMPANILE_LANGUAGE", value_name = "TAG")]
    language: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything at once, on this machine: server, example components and receivers.
    Demo {
        /// End after the alerts have arrived.
        #[arg(long)]
        once: bool,
        /// Where the demo's server listens.
        #[arg(long, default_value = "127.0.0.1:8300")]
        listen: SocketAddr,
    },
    /// Take alerts in and deliver them.
    Serve(Serve),
    /// Have the state that a file describes.
    Apply {
        /// The file: TOML with [[endpoint]], [[recipient]], [[network]] and [[token]].
        #[arg(short, long)]
        file: PathBuf,
        /// Show the difference, change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Remove what the file does not name.
        #[arg(long)]
        prune: bool,
        /// Allow all that endpoints ask to do, without a question.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Post alerts.
    #[command(subcommand)]
    Alert(Alert),
    /// Components: list, inspect, install, remove.
    #[command(subcommand)]
    Component(Component),
    /// Endpoints: list.
    #[command(subcommand)]
    Endpoint(Endpoint),
    /// Recipients: list and test.
    #[command(subcommand)]
    Recipient(Recipient),
    /// Deliveries with their attempts.
    #[command(subcommand)]
    Delivery(Delivery),
    /// Alerts that will not be tried again by themselves.
    #[command(subcommand)]
    DeadLetter(DeadLetter),
    /// Secrets, while the server stands still: a new master key, or one that is lost.
    #[command(subcommand)]
    Secret(Secret),
    /// The store's file: look through it, copy it, make it smaller.
    #[command(subcommand)]
    Store(StoreFile),
    /// Check that a component is as every component has to be: for its author.
    Check {
        /// A file, or the name of a component that came with the program.
        component: String,
        /// Sample parameters of an endpoint and its recipient: TOML or JSON.
        #[arg(long)]
        params: Option<PathBuf>,
    },
    /// Print a completion script for a shell.
    Completion {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
struct Serve {
    /// The configuration file.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The data directory [default: campanile-data].
    #[arg(long, env = "CAMPANILE_DATA")]
    data: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8300].
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// The file with the master key, made at first start [default: <data>.key].
    #[arg(long, value_name = "FILE")]
    master_key: Option<PathBuf>,
    /// Allow all that the file's endpoints ask to do, without a question.
    #[arg(long)]
    yes: bool,
}

/// Which server's secrets are meant.
#[derive(Debug, Args)]
struct Sealed {
    /// The data directory of a server on this machine.
    #[arg(long, env = "CAMPANILE_DATA", default_value = "campanile-data")]
    data: PathBuf,
    /// The file with the master key, made at first start [default: <data>.key].
    #[arg(long, value_name = "FILE")]
    master_key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Secret {
    /// Seal all secrets with a new master key.
    Rotate {
        #[command(flatten)]
        sealed: Sealed,
        /// A file for the new key, which stays there [default: the new key takes the old one's place].
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Let go of all secrets, because their master key is lost; they have to be entered again.
    Forget {
        #[command(flatten)]
        sealed: Sealed,
    },
}

#[derive(Debug, Subcommand)]
enum StoreFile {
    /// Look through a store for what is damaged, and show how large things are; a server may run meanwhile.
    Check {
        /// A backup [default: the store in the data directory].
        file: Option<PathBuf>,
        #[command(flatten)]
        sealed: Sealed,
    },
    /// Copy all that is stored into a new file; a server may run meanwhile. The master key is not in it.
    Backup {
        /// The new file.
        file: PathBuf,
        /// The data directory of a server on this machine.
        #[arg(long, env = "CAMPANILE_DATA", default_value = "campanile-data")]
        data: PathBuf,
    },
    /// Give back what is free in the store's file, while the server stands still.
    Compact {
        /// The data directory of a server on this machine.
        #[arg(long, env = "CAMPANILE_DATA", default_value = "campanile-data")]
        data: PathBuf,
    },
}

/// Which server is meant.
#[derive(Debug, Args)]
struct Server {
    /// The data directory of a server on this machine.
    #[arg(long, env = "CAMPANILE_DATA", default_value = "campanile-data")]
    data: PathBuf,
    /// Another server's address, such as http://127.0.0.1:8300; needs a token.
    #[arg(long, env = "CAMPANILE_SERVER", requires = "token")]
    server: Option<String>,
    /// A token for that server.
    #[arg(long, env = "CAMPANILE_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Alert {
    /// Post one alert, or an array of alerts, as native JSON.
    Send {
        /// The file; `-` for standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Debug, Subcommand)]
enum Component {
    /// List what is installed.
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Show what a component says of itself: a file, or an installed one by name.
    Inspect {
        /// A `.wasm` file, or a name or digest.
        component: String,
        #[command(flatten)]
        server: Server,
    },
    /// Install a component file: the operator's is everybody's, another tenant's administrator installs its own.
    Install {
        /// The `.wasm` file.
        file: PathBuf,
        /// Install it for this tenant alone; for the operator to say.
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        server: Server,
    },
    /// Remove an installed component that no endpoint uses.
    Remove {
        /// Its name or digest; by name the newest is meant.
        component: String,
        /// Remove this tenant's own; for the operator to say.
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Debug, Subcommand)]
enum Endpoint {
    /// List endpoints with their components, and newer ones that wait for consent.
    List {
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Debug, Subcommand)]
enum Recipient {
    /// List recipients.
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Send a recipient's test message, and show request and response.
    Test {
        /// The recipient.
        name: String,
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Debug, Subcommand)]
enum Delivery {
    /// List deliveries, newest first.
    List {
        #[command(flatten)]
        page: Page,
        /// Only those in this state.
        #[arg(long, value_parser = ["pending", "delivered", "dead", "superseded"])]
        state: Option<String>,
        #[command(flatten)]
        server: Server,
    },
    /// Show a delivery's messages and attempts.
    Show {
        /// The delivery.
        id: String,
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Debug, Args)]
struct Page {
    /// Only this recipient's.
    #[arg(long)]
    recipient: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Those before this one.
    #[arg(long)]
    before: Option<String>,
}

#[derive(Debug, Subcommand)]
enum DeadLetter {
    /// List dead letters, newest first.
    List {
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        server: Server,
    },
    /// Send dead letters again.
    #[command(group(ArgGroup::new("which").required(true).multiple(true)))]
    Redrive {
        /// These jobs.
        #[arg(group = "which")]
        jobs: Vec<i64>,
        /// All of them.
        #[arg(long, group = "which", conflicts_with = "jobs")]
        all: bool,
        /// All of this recipient.
        #[arg(long, group = "which", conflicts_with = "jobs")]
        recipient: Option<String>,
        #[command(flatten)]
        server: Server,
    },
}

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
