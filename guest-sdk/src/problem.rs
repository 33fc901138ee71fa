//! What is wrong with a set-up, in words that the host localises.

use crate::{Failure, Problem};

impl Problem {
    /// A problem of the set-up as a whole; `message` is a locale key.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            param: None,
            message: message.into(),
            args: Vec::new(),
        }
    }

    /// A problem of one parameter; `message` is a locale key.
    #[must_use]
    pub fn of(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            message: message.into(),
            args: Vec::new(),
        }
    }

    /// `Ok` where there are no problems, such as those that [`Endpoint::lint`](crate::Endpoint::lint) finds.
    ///
    /// # Errors
    /// [`Failure::Invalid`] with the problems.
    pub fn none(problems: Vec<Self>) -> Result<(), Failure> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Failure::Invalid(problems))
        }
    }

    /// Fills the hole `%{name}` of the message.
    #[must_use]
    pub fn arg(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.args.push((name.into(), value.into()));
        self
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Invalid(vec![problem])
    }
}
