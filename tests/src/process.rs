//! The program as a process of its own, to be killed, and its commands.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use campanile::app::Contact;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::wait::PATIENCE;

/// How long the program may take to start: it compiles its components first, and those of interpreters are
/// large.
const STARTING: Duration = Duration::from_secs(600);

/// The program with these arguments and an environment that says nothing of its own.
fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    let inherited = std::env::vars_os().map(|(name, _)| name);
    for name in inherited.filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CAMPANILE_") || name.starts_with("LC_") || name.starts_with("CLICOLOR")
    }) {
        command.env_remove(name);
    }
    for name in ["LANG", "NO_COLOR", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Standard output as JSON.
    ///
    /// # Panics
    ///
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs a command to its end, in `folder`, with these variables and this on standard input.
///
/// # Panics
///
/// Where it does not start, or does not end.
pub async fn run(
    program: &str,
    arguments: &[&str],
    folder: &Path,
    environment: &[(&str, &str)],
    input: &[u8],
) -> Ran {
    let mut child = command(program, arguments)
        .current_dir(folder)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("its input");
    // A command that reads nothing may be gone before all is written.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    let output = tokio::time::timeout(STARTING, child.wait_with_output()).await;
    let output = output
        .unwrap_or_else(|_| panic!("{arguments:?} does not end"))
        .expect("its output");
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// What a program wrote to standard error, which says nothing of a connection that went elsewhere than judged.
async fn judged(log: JoinHandle<String>) -> String {
    let log = log.await.expect("its log");
    assert!(!log.contains(campanile::egress::STRAYED), "{log}");
    log
}

fn pid(child: &Child) -> Pid {
    let id = i32::try_from(child.id().expect("it runs"));
    Pid::from_raw(id.expect("a process id")).expect("a process id")
}

/// A process's disk: full at a word, by a limit to the size of its files.
#[derive(Debug, Clone, Copy)]
pub struct Disk(Pid);

impl Disk {
    /// From now on nothing can be written.
    ///
    /// # Panics
    ///
    /// Where the process has ended.
    pub fn fill(self) {
        self.limit(Some(0));
    }

    /// There is room again.
    ///
    /// # Panics
    ///
    /// Where the process has ended.
    pub fn free(self) {
        self.limit(None);
    }

    fn limit(self, bytes: Option<u64>) {
        let before = getrlimit(Resource::Fsize);
        let limit = Rlimit {
            current: bytes.or(before.maximum),
            maximum: before.maximum,
        };
        prlimit(Some(self.0), Resource::Fsize, limit).expect("it runs");
    }
}

/// A running `campanile serve`. It is killed when it is dropped.
pub struct Process {
    child: Child,
    log: JoinHandle<String>,
    /// How to reach it.
    pub contact: Contact,
}

impl Process {
    /// Starts the program on a data directory, with a configuration file.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn serve(program: &str, data: &Path, config: &Path) -> Self {
        Self::start(program, data, Some(config), &[]).await
    }

    /// The same, with or without a configuration file, and with these variables.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn start(
        program: &str,
        data: &Path,
        config: Option<&Path>,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = command(
            program,
            &["serve", "--yes", "--listen", "127.0.0.1:0", "--data"],
        );
        command.arg(data);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        let mut child = command
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // Read all the time: a full pipe would hold the program up.
        let mut stderr = child.stderr.take().expect("its log");
        let log = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.expect("its log");
            text
        });
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let first = tokio::time::timeout(STARTING, lines.next_line()).await;
        let first = first.expect("a line in time").expect("its output");
        let Some(first) = first else {
            panic!("it ended: {}", log.await.expect("its log"));
        };
        assert!(first.contains("listens on"), "{first}");
        Self {
            child,
            log,
            contact: Contact::read(data).expect("how to reach it"),
        }
    }

    /// Its number.
    ///
    /// # Panics
    ///
    /// Where it has ended.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Kills it as `kill -9` does, waits until it is gone, and returns what it wrote to standard error.
    ///
    /// # Panics
    ///
    /// Where it cannot be killed.
    pub async fn kill(mut self) -> String {
        self.child.start_kill().expect("it is killed");
        self.child.wait().await.expect("it is gone");
        judged(self.log).await
    }

    /// Asks it to end with SIGTERM, and waits until it has.
    ///
    /// # Panics
    ///
    /// Where it does not end.
    pub async fn terminate(mut self) -> ExitStatus {
        rustix::process::kill_process(pid(&self.child), Signal::TERM).expect("it can be asked");
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        judged(self.log).await;
        ended.expect("it ends").expect("how it ended")
    }

    /// The disk that it writes to, as far as it can tell.
    ///
    /// # Panics
    ///
    /// Where it has ended.
    #[must_use]
    pub fn disk(&self) -> Disk {
        Disk(pid(&self.child))
    }

    /// Posts native alerts, and returns the status.
    ///
    /// # Panics
    ///
    /// Where there is no answer.
    pub async fn post(&self, alerts: &Value) -> u16 {
        self.answer(alerts).await.status().as_u16()
    }

    /// Posts native alerts, and returns the answer.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub async fn answer(&self, alerts: &Value) -> reqwest::Response {
        let request = reqwest::Client::new()
            .post(format!("{}/api/v1/alerts", self.contact.url))
            .bearer_auth(&self.contact.ingest_token)
            .body(alerts.to_string());
        request.send().await.expect("an answer")
    }

    /// Asks the API as an administrator.
    ///
    /// # Panics
    ///
    /// Where there is no JSON answer.
    pub async fn get(&self, path: &str) -> Value {
        let request = reqwest::Client::new()
            .get(format!("{}{path}", self.contact.url))
            .bearer_auth(&self.contact.admin_token);
        let text = request.send().await.expect("an answer").text().await;
        serde_json::from_str(&text.expect("a body")).expect("JSON")
    }
}
