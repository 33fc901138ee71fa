//! One sandbox process, as `serve` sees it. What it says is read under limits; where it says anything that it
//! was not asked for, it is killed. Dropping it kills it.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr};
use tokio::time::timeout;

use super::boundary::Answer;
use super::frame::{self, Ready, Reply, Request, Task};
use super::install::Built;
use super::limits::{Limits, Tiers};
use super::realm::Realm;
use super::starter::Starter;
use super::unfit::Unfit;

/// How long a process may take to start, to load a component, or to read a request: milliseconds, where the
/// machine is not out of everything.
const PATIENCE: Duration = Duration::from_secs(60);

/// What of a process's standard error goes into the log, in bytes: it is that of one that fails.
const WORDS: u64 = 8 << 10;

/// Why a process is of no use any more.
#[derive(Debug)]
pub(crate) enum Broken {
    /// It could not be had, or not what it was to load: nobody's doing who asked for it.
    Host(String),
    /// It ended.
    Died(String),
    /// It tried what no sandbox process may do, and was ended for it by the system, or it answered what it was
    /// not asked.
    Escaping(String),
    /// It took too long, though it was told how long it may take.
    Late,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(why) => f.write_str(why),
            Self::Died(how) => write!(f, "the sandbox process ended: {how}"),
            Self::Escaping(what) => write!(f, "the sandbox process was ended: {what}"),
            Self::Late => write!(f, "the sandbox process hung"),
        }
    }
}

impl std::error::Error for Broken {}

/// A process that has loaded nothing foreign.
pub(crate) struct Spare(Process);

/// A process of one realm, for the rest of its life: there is no way back.
pub(crate) struct Bound {
    process: Process,
    realm: Realm,
    loaded: HashSet<String>,
}

struct Process {
    child: Child,
    socket: UnixStream,
    ready: Ready,
}

impl Spare {
    /// Starts a sandbox process for this task, with these limits.
    pub(crate) async fn start(
        starter: &Starter,
        task: Task,
        tiers: &Tiers,
    ) -> Result<Self, Broken> {
        let started = starter.start().await;
        let (mut child, socket) = started.map_err(|error| Broken::Host(error.to_string()))?;
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(log(stderr));
        }
        let mut process = Process {
            child,
            socket,
            ready: Ready::default(),
        };
        let tiers = Box::new(tiers.clone());
        let start = Request::Start { task, tiers };
        match process.ask(&start, None, frame::SHORT, PATIENCE).await? {
            Reply::Ready(ready) => process.ready = ready,
            _ => return Err(process.lied()),
        }
        Ok(Self(process))
    }

    /// What it said of itself when it had started.
    pub(crate) fn ready(&self) -> &Ready {
        &self.0.ready
    }

    /// Gives it to a realm.
    pub(crate) fn bind(self, realm: Realm) -> Bound {
        Bound {
            process: self.0,
            realm,
            loaded: HashSet::new(),
        }
    }

    /// Has it compile a component, which is the last thing that it does.
    pub(crate) async fn compile(
        self,
        wasm: &[u8],
        limits: &Limits,
    ) -> Result<Result<Vec<u8>, Unfit>, Broken> {
        let Self(mut process) = self;
        let asked = process.ask(&Request::Compile, Some(wasm), frame::SHORT, limits.compile);
        match asked.await? {
            Reply::Compiled(Ok(())) => {
                let code = frame::receive(&mut process.socket, limits.code());
                match timeout(limits.compile, code).await {
                    Ok(Ok(code)) => Ok(Ok(code)),
                    Ok(Err(error)) => Err(process.broken(&error).await),
                    Err(_) => Err(Broken::Late),
                }
            }
            Reply::Compiled(Err(unfit)) => Ok(Err(*unfit)),
            _ => Err(process.lied()),
        }
    }

    /// Has it say what a component is, which is the last thing that it does.
    pub(crate) async fn describe(
        self,
        code: &[u8],
        limits: &Limits,
    ) -> Result<Result<Built, Unfit>, Broken> {
        let Self(mut process) = self;
        let longest = frame::longest_description(limits);
        let asked = process.ask(&Request::Describe, Some(code), longest, limits.compile);
        match asked.await? {
            Reply::Described(built) => Ok(built.map(|built| *built).map_err(|unfit| *unfit)),
            _ => Err(process.lied()),
        }
    }
}

impl Bound {
    /// Whose code it runs.
    pub(crate) fn realm(&self) -> &Realm {
        &self.realm
    }

    /// Whether it has said nothing since it was last asked. What says more has lied, and its next answer would be
    /// that to another question.
    pub(crate) fn is_quiet(&self) -> bool {
        let unasked = self.process.socket.try_read(&mut [0]);
        unasked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether it has this component.
    pub(crate) fn has(&self, digest: &str) -> bool {
        self.loaded.contains(digest)
    }

    /// Has it load a component.
    pub(crate) async fn load(
        &mut self,
        digest: &str,
        size: usize,
        built: Built,
        code: &[u8],
    ) -> Result<Result<(), String>, Broken> {
        let load = Request::Load {
            digest: digest.to_owned(),
            size,
            built: Box::new(built),
        };
        let loaded = self
            .process
            .ask(&load, Some(code), frame::SHORT, PATIENCE)
            .await?;
        match loaded {
            Reply::Loaded(Ok(())) => {
                self.loaded.insert(digest.to_owned());
                Ok(Ok(()))
            }
            Reply::Loaded(Err(error)) => Ok(Err(error)),
            _ => Err(self.process.lied()),
        }
    }

    /// Has it answer an invocation, within this time.
    pub(crate) async fn call(
        &mut self,
        invocation: &Request,
        nonce: u64,
        longest: usize,
        within: Duration,
    ) -> Result<Answer, Broken> {
        match self.process.ask(invocation, None, longest, within).await? {
            Reply::Answer(answer) if answer.nonce == nonce => Ok(*answer),
            _ => Err(self.process.lied()),
        }
    }
}

impl Process {
    /// Sends a request, with what follows it, and reads its reply.
    async fn ask(
        &mut self,
        request: &Request,
        blob: Option<&[u8]>,
        longest: usize,
        within: Duration,
    ) -> Result<Reply, Broken> {
        let socket = &mut self.socket;
        let exchange = async move {
            frame::send(socket, request).await?;
            if let Some(blob) = blob {
                frame::send_blob(socket, blob).await?;
            }
            frame::receive(socket, longest).await
        };
        let Ok(received) = timeout(within, exchange).await else {
            return Err(Broken::Late);
        };
        let reply = match received {
            Ok(frame) => frame::decode(&frame),
            Err(error) => Err(error),
        };
        match reply {
            Ok(reply) => Ok(reply),
            Err(error) => Err(self.broken(&error).await),
        }
    }

    fn lied(&self) -> Broken {
        Broken::Escaping(String::from("it answered what it was not asked"))
    }

    /// What an error in talking to it means: it is dead, or it says what nobody understands.
    async fn broken(&mut self, error: &io::Error) -> Broken {
        if error.kind() == io::ErrorKind::InvalidData {
            return Broken::Escaping(error.to_string());
        }
        // It closed its socket, so it ends by itself; one that does not is as good as dead.
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(Ok(status)) if status.signal() == Some(SIGSYS) => Broken::Escaping(String::from(
                "it made a system call that is none of its own",
            )),
            Ok(Ok(status)) => Broken::Died(status.to_string()),
            Ok(Err(error)) => Broken::Died(error.to_string()),
            Err(_) => Broken::Late,
        }
    }
}

/// What the system ends a process with that makes a system call it may not make.
const SIGSYS: i32 = rustix::process::Signal::SYS.as_raw();

/// Logs what a process says as it fails.
async fn log(stderr: ChildStderr) {
    let mut lines = BufReader::new(stderr.take(WORDS)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // Printed as a debug string, so that control characters are escaped.
        tracing::warn!(target: "campanile::sandbox", ?line, "a sandbox process says");
    }
}
