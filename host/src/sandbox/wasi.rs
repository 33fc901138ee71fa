//! A closed WASI 0.2: what the standard libraries of guest languages want to link against, and nothing
//! that reaches anything. No environment, arguments, files or sockets; a clock that stands at the
//! invocation's time; random numbers seeded by it; standard output goes to the log. What is listed and
//! not defined here traps when it is called; what is not listed is refused at install.

use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{
    ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType,
};
use wasmtime::{Engine, Result, StoreContextMut};

use super::call::Guest;
use super::stop::Stop;
use crate::outcome::Reason;

/// Interfaces of WASI 0.2 that a component may import. `wasi:http`, `wasi:sockets` and all others are
/// ways out, so they are refused by name even where nothing calls them.
pub(crate) const ALLOWED: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// `output-stream`: standard output or standard error; both are the log.
struct Output;
/// `input-stream`: always at its end.
struct Input;
/// `error`: never made.
struct IoError;
/// `pollable`: of a stream, and always ready. Nothing else can be waited for.
struct Pollable;
/// `descriptor`: never made.
struct Descriptor;
/// Any other resource: never made.
struct Never;
/// `terminal-input`: never made.
struct TerminalInput;
/// `terminal-output`: never made.
struct TerminalOutput;

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// Standard output takes this many bytes at a time.
const WRITE: u64 = 4096;

/// Defines the interface that a component imports under `name`, a version included: all that it wants of it
/// as traps, and over that what there is. The linker must allow shadowing.
pub(crate) fn define(
    linker: &mut Linker<Guest>,
    name: &str,
    wanted: &ComponentInstance,
    engine: &Engine,
) -> Result<()> {
    let interface = name.split('@').next().unwrap_or(name);
    let mut instance = linker.instance(name)?;
    for (item, import) in wanted.exports(engine) {
        match import.ty {
            ComponentItem::ComponentFunc(_) => {
                let called = format!("{name}#{item}");
                instance.func_new(item, move |_, _, _, _| {
                    let detail = format!("the component called `{called}`, which is not there");
                    Err(Stop::error(Reason::Trap, detail))
                })?;
            }
            ComponentItem::Resource(_) => {
                instance.resource(item, ResourceType::host::<Never>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    resources(&mut instance)?;
    match interface {
        "wasi:cli/environment" => environment(&mut instance),
        "wasi:cli/exit" => instance.func_wrap(
            "exit",
            |_: StoreContextMut<'_, Guest>, (_,): (Result<(), ()>,)| {
                Err::<(), _>(Stop::error(Reason::Trap, "the component called exit"))
            },
        ),
        "wasi:cli/stdout" => instance.func_wrap("get-stdout", output),
        "wasi:cli/stderr" => instance.func_wrap("get-stderr", output),
        "wasi:cli/stdin" => instance
            .func_wrap("get-stdin", |_: StoreContextMut<'_, Guest>, (): ()| {
                Ok((Resource::<Input>::new_own(0),))
            }),
        "wasi:cli/terminal-stdin" => terminal::<TerminalInput>(&mut instance, "get-terminal-stdin"),
        "wasi:cli/terminal-stdout" => {
            terminal::<TerminalOutput>(&mut instance, "get-terminal-stdout")
        }
        "wasi:cli/terminal-stderr" => {
            terminal::<TerminalOutput>(&mut instance, "get-terminal-stderr")
        }
        "wasi:io/streams" => streams(&mut instance),
        "wasi:io/poll" => poll(&mut instance),
        "wasi:clocks/monotonic-clock" => {
            instance.func_wrap("now", |_: StoreContextMut<'_, Guest>, (): ()| Ok((0_u64,)))?;
            instance.func_wrap("resolution", |_: StoreContextMut<'_, Guest>, (): ()| {
                Ok((1_000_000_u64,))
            })
        }
        "wasi:clocks/wall-clock" => wall_clock(&mut instance),
        "wasi:random/random" => random(&mut instance, "get-random-bytes", "get-random-u64"),
        "wasi:random/insecure" => random(
            &mut instance,
            "get-insecure-random-bytes",
            "get-insecure-random-u64",
        ),
        "wasi:random/insecure-seed" => instance.func_wrap(
            "insecure-seed",
            |mut store: StoreContextMut<'_, Guest>, (): ()| {
                let guest = store.data_mut();
                Ok(((guest.random(), guest.random()),))
            },
        ),
        "wasi:filesystem/preopens" => instance.func_wrap(
            "get-directories",
            |_: StoreContextMut<'_, Guest>, (): ()| {
                Ok((Vec::<(Resource<Descriptor>, String)>::new(),))
            },
        ),
        _ => Ok(()),
    }
}

/// The resources, in every interface: one that uses another's names its resources too. What a component
/// does not import of them harms nothing.
fn resources(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    instance.resource("error", ResourceType::host::<IoError>(), |_, _| Ok(()))?;
    instance.resource("pollable", ResourceType::host::<Pollable>(), |_, _| Ok(()))?;
    instance.resource("input-stream", ResourceType::host::<Input>(), |_, _| Ok(()))?;
    instance.resource("output-stream", ResourceType::host::<Output>(), |_, _| {
        Ok(())
    })?;
    instance.resource("descriptor", ResourceType::host::<Descriptor>(), |_, _| {
        Ok(())
    })?;
    instance.resource(
        "terminal-input",
        ResourceType::host::<TerminalInput>(),
        |_, _| Ok(()),
    )?;
    instance.resource(
        "terminal-output",
        ResourceType::host::<TerminalOutput>(),
        |_, _| Ok(()),
    )
}

/// There is no terminal.
fn terminal<T: 'static>(instance: &mut LinkerInstance<'_, Guest>, name: &str) -> Result<()> {
    instance.func_wrap(name, |_: StoreContextMut<'_, Guest>, (): ()| {
        Ok((None::<Resource<T>>,))
    })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature that the linker wants"
)]
fn output(_: StoreContextMut<'_, Guest>, (): ()) -> Result<(Resource<Output>,)> {
    Ok((Resource::new_own(0),))
}

fn environment(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    instance.func_wrap("get-environment", |_, (): ()| {
        Ok((Vec::<(String, String)>::new(),))
    })?;
    instance.func_wrap("get-arguments", |_, (): ()| Ok((Vec::<String>::new(),)))?;
    instance.func_wrap("initial-cwd", |_, (): ()| Ok((None::<String>,)))
}

fn wall_clock(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    instance.func_wrap("now", |store: StoreContextMut<'_, Guest>, (): ()| {
        let now = store.data().now();
        let nanoseconds = u32::try_from(now % 1000).unwrap_or(0) * 1_000_000;
        Ok((Datetime {
            seconds: now / 1000,
            nanoseconds,
        },))
    })?;
    instance.func_wrap("resolution", |_: StoreContextMut<'_, Guest>, (): ()| {
        Ok((Datetime {
            seconds: 0,
            nanoseconds: 1_000_000,
        },))
    })
}

fn random(instance: &mut LinkerInstance<'_, Guest>, bytes: &str, number: &str) -> Result<()> {
    instance.func_wrap(
        bytes,
        |mut store: StoreContextMut<'_, Guest>, (length,): (u64,)| {
            let guest = store.data_mut();
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > guest.limits().answer {
                return Err(Stop::error(
                    Reason::AnswerTooLarge,
                    format!("{length} random bytes were asked for"),
                ));
            }
            let mut bytes = Vec::with_capacity(length + 8);
            while bytes.len() < length {
                bytes.extend_from_slice(&guest.random().to_le_bytes());
            }
            bytes.truncate(length);
            Ok((bytes,))
        },
    )?;
    instance.func_wrap(number, |mut store: StoreContextMut<'_, Guest>, (): ()| {
        Ok((store.data_mut().random(),))
    })
}

fn streams(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    instance.func_wrap(
        "[method]output-stream.check-write",
        |_: StoreContextMut<'_, Guest>, (_,): (Resource<Output>,)| {
            Ok((Ok::<u64, StreamError>(WRITE),))
        },
    )?;
    for name in [
        "[method]output-stream.write",
        "[method]output-stream.blocking-write-and-flush",
    ] {
        instance.func_wrap(
            name,
            |mut store: StoreContextMut<'_, Guest>, (_, bytes): (Resource<Output>, Vec<u8>)| {
                store
                    .data_mut()
                    .log()
                    .output(&String::from_utf8_lossy(&bytes));
                Ok((Ok::<(), StreamError>(()),))
            },
        )?;
    }
    for name in [
        "[method]output-stream.flush",
        "[method]output-stream.blocking-flush",
    ] {
        instance.func_wrap(
            name,
            |_: StoreContextMut<'_, Guest>, (_,): (Resource<Output>,)| {
                Ok((Ok::<(), StreamError>(()),))
            },
        )?;
    }
    instance.func_wrap(
        "[method]output-stream.subscribe",
        |_: StoreContextMut<'_, Guest>, (_,): (Resource<Output>,)| {
            Ok((Resource::<Pollable>::new_own(0),))
        },
    )?;
    instance.func_wrap(
        "[method]input-stream.subscribe",
        |_: StoreContextMut<'_, Guest>, (_,): (Resource<Input>,)| {
            Ok((Resource::<Pollable>::new_own(0),))
        },
    )?;
    for name in [
        "[method]input-stream.read",
        "[method]input-stream.blocking-read",
    ] {
        instance.func_wrap(
            name,
            |_: StoreContextMut<'_, Guest>, (_, _): (Resource<Input>, u64)| {
                Ok((Err::<Vec<u8>, StreamError>(StreamError::Closed),))
            },
        )?;
    }
    Ok(())
}

/// Waits for streams, which are always ready.
fn poll(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    instance.func_wrap(
        "[method]pollable.ready",
        |_: StoreContextMut<'_, Guest>, (_,): (Resource<Pollable>,)| Ok((true,)),
    )?;
    instance.func_wrap(
        "[method]pollable.block",
        |_: StoreContextMut<'_, Guest>, (_,): (Resource<Pollable>,)| Ok(()),
    )?;
    instance.func_wrap(
        "poll",
        |_: StoreContextMut<'_, Guest>, (all,): (Vec<Resource<Pollable>>,)| {
            Ok(((0_u32..).zip(&all).map(|(at, _)| at).collect::<Vec<_>>(),))
        },
    )
}
