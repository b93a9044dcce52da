//! Why an object cannot be worked on at all: a condition and when to come again.

use std::time::Duration;

use terrace_engine::Error;

/// A sentence for status, before any node is looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    pub reason: &'static str,
    pub message: String,
    /// Nothing but a person helps.
    pub stalled: bool,
    pub retry: Duration,
}

impl Problem {
    /// Something that a person must mend; a watch brings the object up when they have.
    pub fn stalled(reason: &'static str, message: impl Into<String>) -> Self {
        Problem { reason, message: message.into(), stalled: true, retry: Duration::from_secs(300) }
    }

    /// Something that passes.
    pub fn waiting(reason: &'static str, message: impl Into<String>) -> Self {
        Problem { reason, message: message.into(), stalled: false, retry: Duration::from_secs(5) }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Problem {
            reason: error.reason(),
            message: error.to_string(),
            stalled: error.is_stalled(),
            retry: error.next_try(2),
        }
    }
}
