//! One attempt, and what is expected of it.

use std::io;

/// What an attempt has to work with. Its standard input is the socket to the parent.
pub(super) struct Ground {
    /// A process that stands for the parent, so that nothing else is harmed where nothing is locked down.
    pub(super) victim: i32,
}

/// What becomes of an attempt behind the whole lock-down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// This signal ends the process: SIGSYS, where a filter does.
    Killed(i32),
    /// This error comes back.
    Refused(i32),
}

/// What becomes of it where nothing is locked down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// It succeeds, for any user.
    Done,
    /// It depends on user, kernel and machine.
    Depends,
    /// It would take this process along.
    Untried,
}

/// One thing that native code tries.
#[derive(Clone, Copy)]
pub struct Attempt {
    /// What it does.
    pub name: &'static str,
    /// What becomes of it behind the whole lock-down.
    pub end: End,
    /// What becomes of it without.
    pub open: Open,
    /// Whether Landlock refuses it too, by itself.
    pub second: bool,
    pub(super) act: fn(&Ground) -> io::Result<()>,
}

/// A filter of system calls ends the process.
const KILLED: End = End::Killed(libc::SIGSYS);

/// An attempt that a filter ends, and that anybody succeeds with otherwise.
pub(super) const fn attempt(name: &'static str, act: fn(&Ground) -> io::Result<()>) -> Attempt {
    Attempt {
        name,
        end: KILLED,
        open: Open::Done,
        second: false,
        act,
    }
}

impl Attempt {
    /// Its name, as a name of endpoints and recipients.
    #[must_use]
    pub fn label(&self) -> String {
        format!("drill-{}", self.name.replace(' ', "-").replace(',', ""))
    }

    /// It is refused with this error.
    pub(super) const fn refused(self, errno: i32) -> Self {
        Self {
            end: End::Refused(errno),
            ..self
        }
    }

    /// Another signal than a filter's ends it.
    pub(super) const fn ended_by(self, signal: i32) -> Self {
        Self {
            end: End::Killed(signal),
            ..self
        }
    }

    pub(super) const fn depends(self) -> Self {
        Self {
            open: Open::Depends,
            ..self
        }
    }

    pub(super) const fn untried(self) -> Self {
        Self {
            open: Open::Untried,
            ..self
        }
    }

    /// Landlock holds it too.
    pub(super) const fn second(self) -> Self {
        Self {
            second: true,
            ..self
        }
    }
}
