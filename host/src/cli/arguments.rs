//! What can be asked of the command line. The doc comments are its English help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};

/// Delivers alerts through sandboxed endpoint components.
#[derive(Debug, Parser)]
#[command(
    name = "campanile",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Print JSON, for machines.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// The language of help, output and errors: en, it or de.
    #[arg(long, global = true, env = "CAMPANILE_LANGUAGE", value_name = "TAG")]
    pub(super) language: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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
pub(super) struct Serve {
    /// The configuration file.
    #[arg(long)]
    pub(super) config: Option<PathBuf>,
    /// The data directory [default: campanile-data].
    #[arg(long, env = "CAMPANILE_DATA")]
    pub(super) data: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8300].
    #[arg(long)]
    pub(super) listen: Option<SocketAddr>,
    /// The file with the master key, made at first start [default: <data>.key].
    #[arg(long, value_name = "FILE")]
    pub(super) master_key: Option<PathBuf>,
    /// Allow all that the file's endpoints ask to do, without a question.
    #[arg(long)]
    pub(super) yes: bool,
}

/// Which server's secrets are meant.
#[derive(Debug, Args)]
pub(super) struct Sealed {
    /// The data directory of a server on this machine.
    #[arg(long, env = "CAMPANILE_DATA", default_value = "campanile-data")]
    pub(super) data: PathBuf,
    /// The file with the master key, made at first start [default: <data>.key].
    #[arg(long, value_name = "FILE")]
    pub(super) master_key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Secret {
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
pub(super) enum StoreFile {
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
pub(super) struct Server {
    /// The data directory of a server on this machine.
    #[arg(long, env = "CAMPANILE_DATA", default_value = "campanile-data")]
    pub(super) data: PathBuf,
    /// Another server's address, such as http://127.0.0.1:8300; needs a token.
    #[arg(long, env = "CAMPANILE_SERVER", requires = "token")]
    pub(super) server: Option<String>,
    /// A token for that server.
    #[arg(long, env = "CAMPANILE_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Alert {
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
pub(super) enum Component {
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
pub(super) enum Endpoint {
    /// List endpoints with their components, and newer ones that wait for consent.
    List {
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Recipient {
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
pub(super) enum Delivery {
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
pub(super) struct Page {
    /// Only this recipient's.
    #[arg(long)]
    pub(super) recipient: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub(super) limit: u32,
    /// Those before this one.
    #[arg(long)]
    pub(super) before: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum DeadLetter {
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
