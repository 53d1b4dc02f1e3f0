//! Citations and claims: a statement is either backed by records or says what would be needed to know it.
//!
//! Security invariant as types: [`Evidence`] cannot be empty and [`Claim::Stated`] cannot be made without it, so a claim
//! without a citation does not compile into existence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a record stands in an acquired file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Citation {
    /// Path as given to intake, relative to the folder investigated.
    pub path: String,
    /// 1-based line (of the record's first line).
    pub line: i64,
    /// Byte offset of the record in the decompressed content.
    pub offset: i64,
    /// The file's id in the lake (`files.file`).
    pub file: i64,
}

/// The most citations one claim carries; the query beside them gives all.
pub const CITATIONS_MAX: usize = 100;

/// A non-empty, sorted list of citations, at most [`CITATIONS_MAX`], and how many records there are in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    cited: Vec<Citation>,
    total: u64,
    query: String,
}

impl Evidence {
    /// Evidence from citations; `None` when there is none. Chooses deterministically: sorts, removes doubles, keeps the first
    /// and last quarter and an even spread between when there are more than [`CITATIONS_MAX`].
    pub fn new(mut cited: Vec<Citation>, total: u64, query: impl Into<String>) -> Option<Self> {
        if cited.is_empty() {
            return None;
        }
        cited.sort();
        cited.dedup();
        let found = cited.len();
        if found > CITATIONS_MAX {
            let picks = (0..CITATIONS_MAX).map(|i| i * (found - 1) / (CITATIONS_MAX - 1));
            cited = picks.filter_map(|i| cited.get(i).cloned()).collect();
        }
        Some(Self { cited, total: total.max(found as u64), query: query.into() })
    }

    /// The citations, sorted; never empty.
    pub fn cited(&self) -> &[Citation] {
        &self.cited
    }

    /// How many records support the claim in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The `weir sql` query that gives all of them.
    pub fn query(&self) -> &str {
        &self.query
    }
}

/// A statement with its records, or what would be needed to make one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "known", rename_all = "snake_case")]
pub enum Claim<T> {
    /// The records say so.
    Stated {
        /// What they say.
        value: T,
        /// The records.
        evidence: Evidence,
    },
    /// The logs do not show it.
    Unknown {
        /// What would be needed to know it.
        needed: String,
    },
}

impl<T> Claim<T> {
    /// A stated claim.
    pub fn stated(value: T, evidence: Evidence) -> Self {
        Self::Stated { value, evidence }
    }

    /// An unknown, with what would be needed to know it.
    pub fn unknown(needed: impl Into<String>) -> Self {
        Self::Unknown { needed: needed.into() }
    }

    /// The value, where stated.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Stated { value, .. } => Some(value),
            Self::Unknown { .. } => None,
        }
    }
}
