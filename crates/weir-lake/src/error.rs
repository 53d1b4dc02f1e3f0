//! What can go wrong with a lake: always which file or table, and what to do about it.

/// An error in writing, reading or querying a lake.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// There is no lake where one was expected.
    #[error("`{path}` is not a lake")]
    Missing {
        /// Where it was looked for.
        path: String,
    },
    /// Tables cannot lie under such a path.
    #[error("a lake cannot lie in `{path}`: the path is not UTF-8")]
    Name {
        /// The path, what is not UTF-8 in it replaced.
        path: String,
    },
    /// A file could not be written: a full disk, missing rights.
    #[error("`{path}` cannot be written: {message}")]
    Write {
        /// The file, relative to the lake.
        path: String,
        /// The system's own words.
        message: String,
    },
    /// A file could not be read.
    #[error("`{path}` cannot be read: {message}")]
    Read {
        /// The file, relative to the lake.
        path: String,
        /// The system's own words.
        message: String,
    },
    /// The Delta log of a table could not be read or extended.
    #[error("the log of table `{table}` failed: {message}")]
    Log {
        /// The table.
        table: String,
        /// Delta's own words.
        message: String,
    },
    /// Part of the lake is gone: nothing may be concluded from what is left.
    #[error("the lake has lost part of table `{table}`: {what}")]
    Lost {
        /// The table.
        table: String,
        /// What is missing.
        what: String,
    },
    /// What is asked for is kept in the lake's folder, and the lake lies in a bucket.
    #[error(
        "{place} is no folder, and what people say of findings and who saw people by name is recorded in the lake's folder"
    )]
    NoFolder {
        /// The lake.
        place: String,
    },
    /// A version of a table that does not exist (any more).
    #[error("table `{table}` has no version {version}")]
    Version {
        /// The table.
        table: String,
        /// The version asked for.
        version: i64,
    },
    /// A batch that does not fit its table: a defect of the caller, never of the input.
    #[error("a batch does not fit table `{table}`: {message}")]
    Batch {
        /// The table.
        table: String,
        /// What does not fit.
        message: String,
    },
    /// A hold that is not there, or has ended.
    #[error("no hold `{id}` stands in this lake")]
    NoHold {
        /// The id given.
        id: String,
        /// Those that stand.
        standing: Vec<String>,
    },
    /// A query that cannot be run.
    #[error("{message}")]
    Query {
        /// What is wrong, in one sentence.
        message: String,
        /// How to mend it, where known.
        help: Option<String>,
        /// Whose fault it is.
        fault: Fault,
    },
    /// A cluster cannot be used as it is.
    #[error("`{address}` {message}")]
    Cluster {
        /// The scheduler's address, or the one that was to be listened on.
        address: String,
        /// What is wrong with it.
        message: String,
        /// How to mend it.
        help: String,
    },
    /// A cluster is asked for, and this build has none.
    #[error("this build of weir cannot work on a cluster")]
    NoCluster,
    /// A test asked for a failure at this point.
    #[error("stopped before `{point}` as asked")]
    Fault {
        /// The point.
        point: String,
    },
}

/// Whose fault it is that a query cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The query's: it cannot be read, names what is not there, or what it works out fails.
    Question,
    /// The lake's: a file of it is damaged.
    Lake,
    /// The machine's: there is too little memory.
    Machine,
}

/// How a lake is mended that is not whole.
pub(crate) const MEND_LAKE: &str = "restore the lake's folder from a backup, or ingest the logs again into a new lake; from the rest nothing is concluded";

/// What this crate returns.
pub type Result<T, E = LakeError> = std::result::Result<T, E>;

impl LakeError {
    /// How to mend it, where known.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Missing { .. } => Some("make one by ingesting logs into it, or name another with --lake"),
            Self::Name { .. } => {
                Some("name a folder for it with --lake whose whole path is UTF-8; logs may lie under any")
            }
            Self::Write { .. } => {
                Some("nothing of this ingest is visible; free space or mend the rights, then run it again")
            }
            Self::Log { .. } | Self::Lost { .. } => Some(MEND_LAKE),
            Self::Version { .. } => Some("the snapshot was taken from another lake, or its log was cut"),
            Self::NoFolder { .. } => Some(
                "a lake in a bucket answers `weir ingest`, `weir sql` and `weir learn`; for the rest, ingest the same logs into a lake in a folder",
            ),
            Self::NoHold { .. } => Some("`weir hold list` shows every hold"),
            Self::Query { help, .. } => help.as_deref(),
            Self::Cluster { help, .. } => Some(help),
            Self::NoCluster => Some("build it with `cargo build --release --features cluster`"),
            _ => None,
        }
    }

    pub(crate) fn write(path: impl Into<String>, message: impl ToString) -> Self {
        Self::Write { path: path.into(), message: message.to_string() }
    }

    pub(crate) fn read(path: impl Into<String>, message: impl ToString) -> Self {
        Self::Read { path: path.into(), message: message.to_string() }
    }

    pub(crate) fn log(table: impl Into<String>, message: impl ToString) -> Self {
        Self::Log { table: table.into(), message: message.to_string() }
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn cluster(address: &impl ToString, message: impl ToString, help: impl Into<String>) -> Self {
        Self::Cluster { address: address.to_string(), message: message.to_string(), help: help.into() }
    }

    pub(crate) fn batch(table: impl Into<String>, message: impl ToString) -> Self {
        Self::Batch { table: table.into(), message: message.to_string() }
    }
}
