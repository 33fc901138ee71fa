//! What a system may lack of the lock-down, in words for operators.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of the lock-down that could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// None of it exists here.
    OtherSystem,
    /// Components run beside everything else.
    OwnProcess,
    /// Threads that ran already are not held by all layers.
    Alone,
    /// What was inherited could not be closed.
    Descriptors,
    /// Capabilities, or that the memory can be read from outside.
    Privileges,
    /// Limits of the kernel on a process.
    Limits,
    /// The second layer.
    Landlock,
    /// The second layer is too old to hold signals and abstract sockets.
    LandlockScopes,
    /// The first layer.
    SystemCalls,
}

impl Missing {
    /// The name of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OtherSystem => "other-system",
            Self::OwnProcess => "own-process",
            Self::Alone => "alone",
            Self::Descriptors => "descriptors",
            Self::Privileges => "privileges",
            Self::Limits => "limits",
            Self::Landlock => "landlock",
            Self::LandlockScopes => "landlock-scopes",
            Self::SystemCalls => "system-calls",
        }
    }
}

/// What is missing, and what would bring it.
impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OtherSystem => "sandbox processes can be locked down on Linux only",
            Self::OwnProcess => "components run in the program's own process",
            Self::Alone => "other threads ran before the lock-down",
            Self::Descriptors => {
                "inherited descriptors cannot be closed: close_range is not there (Linux 5.9 has it)"
            }
            Self::Privileges => "capabilities cannot be given up",
            Self::Limits => "resource limits cannot be set",
            Self::Landlock => {
                "Landlock is not there: switch it on in the kernel's lsm= list (Linux 6.12 has all of it)"
            }
            Self::LandlockScopes => {
                "Landlock does not hold signals and abstract sockets (Linux 6.12 does)"
            }
            Self::SystemCalls => {
                "system calls cannot be filtered: seccomp is not there, or forbidden (on x86-64 and aarch64 \
                 Linux has it)"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_on_the_wire_and_in_the_api() {
        for missing in [
            Missing::OtherSystem,
            Missing::OwnProcess,
            Missing::Alone,
            Missing::Descriptors,
            Missing::Privileges,
            Missing::Limits,
            Missing::Landlock,
            Missing::LandlockScopes,
            Missing::SystemCalls,
        ] {
            let json = serde_json::to_string(&missing).expect("JSON");
            assert_eq!(json, format!("\"{}\"", missing.as_str()));
        }
    }
}
