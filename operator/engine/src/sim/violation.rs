//! What no correct engine ever does: recorded as it happens, so that every test can assert that it did not.

use jiff::Timestamp;

/// A rule of the contract that a call broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// A create, update or delete of a kind that is only looked at.
    ReadOnly,
    /// A wish that is not one of its kind.
    NotAWish,
    /// A wish with open references.
    OpenReference,
    /// An address that is not the wish's.
    WrongAddress,
    /// A create without the owner's tags.
    NoOwnerTags,
    /// A change of something that is another's.
    Foreign,
    /// An update that changes nothing.
    EmptyDiff,
    /// A change that AWS cannot make in place.
    Impossible,
    /// A delete of what the same object still refers to.
    EarlyDelete,
    /// A last snapshot of what can have none.
    NoSnapshots,
}

/// One breach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub breach: Breach,
    pub at: Timestamp,
    pub message: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}: {}", self.at, self.breach, self.message)
    }
}
