//! What can be wrong with a bag.
//!
//! Decisive choice: verification ends with a list, not at the first fault, since whoever has to explain a broken bag wants to know all of it.

use std::fmt;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// A file is not what its manifest says.
    Altered,
    /// A file that should be there is not.
    Missing,
    /// A file is there that no manifest lists.
    Added,
    /// Something that cannot be in a bag: a link, a name that leads elsewhere, a manifest that is none.
    Malformed,
    /// The signature does not hold, or nobody listed made it.
    Signature,
    /// The time stamp does not hold.
    Stamp,
    /// The log was cut or forked, or does not hold the bag.
    Log,
    /// An excerpt does not stand in its original.
    Excerpt,
    /// The custody log was meddled with.
    Custody,
}

/// One fault, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as a path in the bag.
    pub file: String,
    /// The kind.
    pub fault: Fault,
    /// What is wrong.
    pub detail: String,
}

/// A bag that is not to be believed, with everything that is wrong with it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bag is refused: {}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Refused {
    /// Sorted by file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Added => "added",
            Self::Malformed => "malformed",
            Self::Signature => "signature",
            Self::Stamp => "time stamp",
            Self::Log => "log",
            Self::Excerpt => "excerpt",
            Self::Custody => "custody",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name can come from a hostile disk.
        write!(f, "`{}`: {}: {}", self.file.escape_debug(), self.fault, self.detail)
    }
}
