//! Why the host ended a call, as an error that passes through wasmtime.

use std::fmt;

use super::boundary::Fault;
use super::limits::Limits;
use crate::outcome::Reason;

/// The host's own reason to end a call: a limit, or an unknown name.
#[derive(Debug)]
pub(crate) struct Stop(Fault);

impl Stop {
    /// As what host functions return.
    pub(crate) fn error(reason: Reason, detail: impl Into<String>) -> wasmtime::Error {
        wasmtime::Error::new(Self(Fault::new(reason, detail)))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Stop {}

/// What an error out of a component's call means.
pub(crate) fn fault(error: &wasmtime::Error, limits: &Limits) -> Fault {
    if let Some(Stop(fault)) = error.downcast_ref::<Stop>() {
        return fault.clone();
    }
    if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
        return Fault::new(
            if *trap == wasmtime::Trap::Interrupt {
                Reason::Deadline
            } else {
                Reason::Trap
            },
            trap.to_string(),
        );
    }
    // What is left are the canonical ABI's own refusals: strings that are not UTF-8, lists over the
    // fuel of host calls, too many handles.
    let detail = format!("{error:#}");
    if let Some(counted) = too_many(&detail, limits) {
        return Fault::new(Reason::Memory, counted);
    }
    let reason = if detail.contains("fuel") {
        Reason::AnswerTooLarge
    } else if detail.contains("handle") {
        Reason::HostCalls
    } else {
        Reason::Trap
    };
    Fault::new(reason, detail)
}

/// What wasmtime says of too many core instances, memories or tables, with what is allowed. It has no error
/// of its own for that.
fn too_many(detail: &str, limits: &Limits) -> Option<String> {
    let (_, counted) = detail.split_once("resource limit exceeded: ")?;
    let (what, count) = counted.split_once(" count too high at ")?;
    let (what, allowed) = match what {
        "instance" => ("core instances", limits.core_instances),
        "memory" => ("memories", limits.memories),
        "table" => ("tables", limits.tables),
        _ => return None,
    };
    let count: String = count.chars().take_while(char::is_ascii_digit).collect();
    Some(format!(
        "{count} {what} were asked for, {allowed} are allowed"
    ))
}
