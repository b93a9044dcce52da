//! What can go wrong in a call to AWS, by what is to be done about it.

use std::time::Duration;

/// An error of a provider. Its category decides the condition and the next try; see docs/architecture.md.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A throttle, a 5xx, a broken connection: whether the call had an effect is not known. Tried again, with backoff,
    /// after a new look.
    #[error("{message}")]
    Retry { message: String },
    /// AWS is not ready for this yet: a state that passes by itself. No error to anybody.
    #[error("{message}")]
    Wait { reason: &'static str, message: String },
    /// Somebody must do something outside the object: a permission, a quota, a foreign resource.
    #[error("{message}")]
    Blocked { reason: &'static str, message: String },
    /// The object asks for what AWS does not take.
    #[error("{message}")]
    Invalid { reason: &'static str, message: String },
}

/// Fixed reasons: the `reason` of conditions and events.
pub mod reason {
    pub const ACCESS_DENIED: &str = "AccessDenied";
    pub const ALREADY_EXISTS: &str = "AlreadyExists";
    pub const APPROVAL_REQUIRED: &str = "ApprovalRequired";
    pub const DELETING: &str = "Deleting";
    pub const FAILED: &str = "Failed";
    pub const IN_USE: &str = "InUse";
    pub const INVALID: &str = "InvalidParameter";
    pub const MISSING: &str = "Missing";
    pub const NAME_HELD: &str = "NameHeld";
    pub const NOT_EMPTY: &str = "NotEmpty";
    pub const NOT_OWNED: &str = "NotOwned";
    pub const NOT_READY: &str = "NotReady";
    pub const QUOTA: &str = "QuotaExceeded";
    pub const REFUSED: &str = "ChangeRefused";
    pub const RETRYING: &str = "Retrying";
    pub const SETTLING: &str = "Settling";
    pub const WAITING: &str = "Waiting";
}

/// The result of a call.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A passing failure.
    pub fn retry(message: impl std::fmt::Display) -> Self {
        Error::Retry { message: message.to_string() }
    }

    /// A state that passes by itself.
    pub fn wait(reason: &'static str, message: impl std::fmt::Display) -> Self {
        Error::Wait { reason, message: message.to_string() }
    }

    /// Something to be mended outside the object.
    pub fn blocked(reason: &'static str, message: impl std::fmt::Display) -> Self {
        Error::Blocked { reason, message: message.to_string() }
    }

    /// Something to be mended in the object.
    pub fn invalid(message: impl std::fmt::Display) -> Self {
        Error::Invalid { reason: reason::INVALID, message: message.to_string() }
    }

    /// The fixed reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Error::Retry { .. } => reason::RETRYING,
            Error::Wait { reason, .. } | Error::Blocked { reason, .. } | Error::Invalid { reason, .. } => reason,
        }
    }

    /// True where nothing but a person helps.
    pub fn is_stalled(&self) -> bool {
        matches!(self, Error::Blocked { .. } | Error::Invalid { .. })
    }

    /// When to try again, after so many failures in a row.
    pub fn next_try(&self, failures: u32) -> Duration {
        let doubled =
            |first: u64, most: u64| Duration::from_secs(first.saturating_mul(1 << failures.min(12)).min(most));
        match self {
            Error::Retry { .. } => doubled(1, 120),
            Error::Wait { .. } => doubled(2, 30),
            Error::Blocked { .. } => doubled(15, 300),
            Error::Invalid { .. } => doubled(60, 600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_apart_up_to_a_bound_that_the_category_sets() {
        let seconds = |error: &Error, failures| error.next_try(failures).as_secs();
        let retry = Error::retry("reset");
        assert_eq!([seconds(&retry, 0), seconds(&retry, 3), seconds(&retry, 40)], [1, 8, 120]);
        assert_eq!(seconds(&Error::wait(reason::IN_USE, "eni"), 9), 30);
        assert_eq!(seconds(&Error::blocked(reason::QUOTA, "full"), 1), 30);
        assert_eq!(seconds(&Error::invalid("class"), 9), 600);
    }

    #[test]
    fn only_what_a_person_must_mend_is_stalled() {
        assert!(Error::invalid("x").is_stalled() && Error::blocked(reason::QUOTA, "x").is_stalled());
        assert!(!Error::retry("x").is_stalled() && !Error::wait(reason::IN_USE, "x").is_stalled());
    }
}
