//! What a sandbox process does: it answers `serve` on its standard input, which is a socket, one request at a
//! time, until that closes.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;

use wasmtime::Engine;

use super::boundary::{Answer, Fault, Invocation};
use super::component::Component;
use super::frame::{self, Ready, Reply, Request, Task};
use super::install::{self, Built};
use super::limits::Tiers;
use super::lockdown::{Purpose, lockdown};
use super::unfit::Unfit;
use super::{Sandbox, call, load};
use crate::outcome::Reason;

/// What makes this program a sandbox process. No command of the command line has this name.
pub(crate) const ARGUMENT: &str = "sandbox-process";

/// What a process needs for itself, in bytes: the engine, and components that others have loaded before.
const OWN: u64 = 1 << 30;

/// Processors that compiling may keep busy all the time that it has.
const PROCESSORS: u64 = 4;

/// The longest request: code of the largest component, and what stands around it.
const LONGEST: usize = 1 << 30;

/// Whether this program was started as a sandbox process: then its `main` is [`work`], and nothing comes before.
#[must_use]
pub fn asked() -> bool {
    std::env::args_os().nth(1).as_deref() == Some(OsStr::new(ARGUMENT))
}

/// Works until `serve` closes the socket.
#[must_use]
pub fn work() -> ExitCode {
    work_after(|_| {})
}

/// The same, doing this before each call: a test's program is a sandbox process so that somebody has broken into.
#[must_use]
pub fn work_after(intrusion: impl Fn(&Invocation)) -> ExitCode {
    match answer_all(intrusion) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error is a pipe, and `serve` logs what comes out of it.
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn answer_all(intrusion: impl Fn(&Invocation)) -> anyhow::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut from = BufReader::new(socket.try_clone()?);
    let mut to = socket;
    let Some(Request::Start { task, tiers }) = next(&mut from)? else {
        anyhow::bail!("the first request is not the start");
    };
    // Where the clock is, is looked up once, in what cannot be read later.
    let _ = call::thread_time();
    let confined = lockdown(purpose(task, &tiers), &[from.get_ref().as_fd(), to.as_fd()]);
    let sandbox = Sandbox::confined(*tiers, &confined)?;
    if task == Task::Call {
        confined.no_more_threads().map_err(anyhow::Error::msg)?;
    }
    let ready = Ready {
        engine: engine_hash(&sandbox.shared.engine),
        missing: confined.missing().to_vec(),
    };
    frame::write(&mut to, &Reply::Ready(ready))?;
    while let Some(request) = next(&mut from)? {
        let reply = match request {
            Request::Call(invocation) => {
                intrusion(&invocation);
                let answer = presentable(&sandbox, sandbox.call(*invocation))?;
                to.write_all(&answer)?;
                continue;
            }
            Request::Load {
                digest,
                size,
                built,
            } => {
                let loaded = keep(&sandbox, &blob(&mut from)?, *built, digest, size);
                Reply::Loaded(loaded.map_err(|error| format!("{error:#}")))
            }
            Request::Compile => {
                match install::compile(&sandbox.shared.engine, sandbox.tiers(), &blob(&mut from)?) {
                    Ok(code) => {
                        frame::write(&mut to, &Reply::Compiled(Ok(())))?;
                        frame::write_blob(&mut to, &code)?;
                        continue;
                    }
                    Err(unfit) => Reply::Compiled(Err(Box::new(unfit))),
                }
            }
            Request::Describe => {
                let described = describe(&sandbox, &blob(&mut from)?);
                Reply::Described(described.map(Box::new).map_err(Box::new))
            }
            Request::Start { .. } => anyhow::bail!("the start comes once"),
        };
        frame::write(&mut to, &reply)?;
    }
    Ok(())
}

/// An answer as a frame that `serve` takes. It takes none that breaks a bound, and ends the process that sent it:
/// what a component is to blame for is said here.
fn presentable(sandbox: &Sandbox, answer: Answer) -> io::Result<Vec<u8>> {
    let nonce = answer.nonce;
    let frame = frame::encode(&Reply::Answer(Box::new(answer)))?;
    let longest = frame::longest_answer(sandbox.limits());
    let bytes = &frame[4..];
    let what = match frame::decode::<Reply>(bytes) {
        Ok(_) if bytes.len() <= longest => return Ok(frame),
        Ok(_) => format!("an answer of {} bytes, {longest} are allowed", bytes.len()),
        Err(error) => format!("a list in the answer is too long: {error}"),
    };
    let fault = Fault::new(Reason::AnswerTooLarge, what);
    frame::encode(&Reply::Answer(Box::new(Answer {
        nonce,
        result: Err(fault),
        log: Vec::new(),
    })))
}

fn describe(sandbox: &Sandbox, code: &[u8]) -> Result<Built, Unfit> {
    let engine = &sandbox.shared.engine;
    let compiled = load::compiled(engine, code)?;
    let _running = sandbox.shared.run();
    let (_, built) = install::describe(engine, sandbox.tiers(), &compiled)?;
    Ok(built)
}

fn blob(from: &mut BufReader<UnixStream>) -> io::Result<Vec<u8>> {
    frame::read(from, LONGEST)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// What a process may have of the machine for its task.
fn purpose(task: Task, tiers: &Tiers) -> Purpose {
    let limits = tiers.widest();
    match task {
        // Code is there twice while it is loaded.
        Task::Call => Purpose::Calls {
            memory: OWN + (limits.memory + 8 * limits.answer + 2 * limits.code()) as u64,
        },
        Task::Compile => Purpose::Compile {
            memory: limits.compile_memory as u64,
            seconds: limits.compile.as_secs() * PROCESSORS,
        },
    }
}

fn next(from: &mut BufReader<UnixStream>) -> io::Result<Option<Request>> {
    frame::read(from, LONGEST)?
        .map(|frame| frame::decode(&frame))
        .transpose()
}

fn keep(
    sandbox: &Sandbox,
    code: &[u8],
    built: Built,
    digest: String,
    size: usize,
) -> anyhow::Result<()> {
    let Sandbox { shared } = sandbox;
    let compiled = load::compiled(&shared.engine, code)?;
    let limits = Arc::new(shared.tiers.standard.clone());
    let component = Component::link(&shared.engine, &compiled, limits)?;
    sandbox.keep(Arc::new(component), built, digest, size)?;
    Ok(())
}

/// The same number for engines that can run the same code, on this machine and with this build.
fn engine_hash(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
