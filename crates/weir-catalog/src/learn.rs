//! [`Learner`]: takes in access records and keeps what is needed to tell which parts of paths and queries name people.
//!
//! Decisive choice: what is kept is bounded and depends on the set of records alone. A *position* is a place in a route where a value or
//! a word can stand (`/members/{id}`, `/members/{id}/*`, `/profile?id`). At most [`POSITIONS_MAX`] are kept, by a fixed rank of the position
//! itself: places after a word for people first, then shallow before deep, then by hash. A position within the final bound is within it at every
//! moment before, so its evidence is complete however records were cut, ordered or merged.
//!
//! What it refuses: failures. What a scanner asked for and did not get says nothing of the site.
//!
//! Blind spots: a site with more than [`POSITIONS_MAX`] places learns the shallow ones; a person named only in a request body is not seen.

use crate::evidence::{Evidence, take_text};
use crate::identity::Identity;
use crate::lesson::Lesson;
use crate::words;
use crate::{CatalogError, Learned, Requests, propose};
use arrow_array::RecordBatch;
use hashbrown::HashMap;
use weir_model::config::Config;
use weir_stats::wire::{Input, put_nested, put_varint};
use weir_stats::{Merge, hash64, hash64_in};

/// Most positions kept; some 20 KiB each at worst, under 1 KiB as a rule.
pub const POSITIONS_MAX: usize = 2048;

const VERSION: u8 = 1;
const WHAT: &str = "learner";

/// Learns which routes there are and which of their parts name people.
#[derive(Clone, Debug, Default)]
pub struct Learner {
    index: HashMap<Box<str>, usize>,
    pub(crate) positions: Vec<Evidence>,
    /// By position: its rank.
    ranks: Vec<Rank>,
    records: u64,
    /// Once full, the rank of the last position kept: what ranks behind it will not be kept.
    bar: Option<Rank>,
}

/// The order in which positions are kept.
type Rank = (bool, usize, u64);

impl Learner {
    /// One that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records it has taken in.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Takes in a batch of the `access` table.
    pub fn observe(&mut self, batch: &RecordBatch) {
        self.observe_requests(&Requests::of(batch));
    }

    /// Takes in a batch of the `access` table that was read for more than that.
    pub fn observe_requests(&mut self, requests: &Requests<'_>) {
        let mut lesson = Lesson::new(self, requests);
        let learned = (0..requests.inputs.rows).filter(|row| lesson.row(*row)).count();
        lesson.end();
        self.records += learned as u64;
        self.trim();
    }

    /// Where the evidence of a place is kept, if it is.
    pub(crate) fn position(&mut self, key: &str) -> Option<usize> {
        if let Some(position) = self.index.get(key) {
            return Some(*position);
        }
        if self.bar.is_some_and(|bar| !is_within(key, bar)) {
            return None;
        }
        self.keep(key, rank(key), Evidence::default());
        Some(self.positions.len() - 1)
    }

    /// Keeps the evidence of a position that has none yet.
    fn keep(&mut self, key: &str, rank: Rank, evidence: Evidence) {
        self.index.insert(key.into(), self.positions.len());
        self.positions.push(evidence);
        self.ranks.push(rank);
    }

    /// Drops what ranks behind the bound.
    fn trim(&mut self) {
        let full = self.positions.len() == POSITIONS_MAX && self.bar.is_some();
        if self.positions.len() < POSITIONS_MAX || full {
            return;
        }
        let ranks = std::mem::take(&mut self.ranks);
        let ranked = self.index.drain().filter_map(|(key, at)| Some((*ranks.get(at)?, key, at)));
        let mut ranked: Vec<(Rank, Box<str>, usize)> = ranked.collect();
        ranked.sort_unstable();
        ranked.truncate(POSITIONS_MAX);
        let mut old: Vec<Option<Evidence>> =
            std::mem::take(&mut self.positions).into_iter().map(Some).collect();
        self.bar = ranked.last().map(|(rank, ..)| *rank);
        for (rank, key, at) in ranked {
            if let Some(evidence) = old.get_mut(at).and_then(Option::take) {
                self.keep(&key, rank, evidence);
            }
        }
    }

    /// Takes in what another has learned.
    pub fn merge(&mut self, other: &Self) {
        for (key, at) in &other.index {
            let Some(theirs) = other.positions.get(*at) else { continue };
            match self.index.get(key) {
                Some(mine) => {
                    if let Some(mine) = self.positions.get_mut(*mine) {
                        mine.merge(theirs);
                    }
                }
                None => self.keep(key, rank(key), theirs.clone()),
            }
        }
        self.records = self.records.saturating_add(other.records);
        self.trim();
    }

    /// The stored form; equal for equal sets of records.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_varint(&mut out, self.records);
        for (key, evidence) in self.sorted() {
            put_varint(&mut out, key.len() as u64);
            out.extend_from_slice(key.as_bytes());
            put_nested(&mut out, evidence);
        }
        out
    }

    /// Reads a stored form.
    ///
    /// # Errors
    /// If the bytes are not a whole stored form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CatalogError> {
        let mut input = Input::new(WHAT, bytes);
        input.version(VERSION)?;
        let mut read = Self { records: input.varint()?, ..Self::default() };
        while input.remaining() > 0 {
            let key = take_text(&mut input)?;
            let evidence = input.nested()?;
            if read.index.contains_key(key.as_str()) {
                return Err(input.damaged("a position stands twice").into());
            }
            read.keep(&key, rank(&key), evidence);
        }
        read.trim();
        Ok(read)
    }

    /// What can be said from what was seen. What the configuration says outright is not proposed again.
    #[must_use]
    pub fn finish(&self, config: &Config) -> Learned {
        propose::propose(self.sorted(), self.records, config)
    }

    fn sorted(&self) -> Vec<(&str, &Evidence)> {
        let mut all: Vec<_> = self
            .index
            .iter()
            .filter_map(|(key, at)| Some((key.as_ref(), self.positions.get(*at)?)))
            .collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }
}

/// Places after a word for people, or of a holder's own pages, come first; then shallow ones.
fn rank(key: &str) -> Rank {
    let (depth, hash) = place(key);
    (!is_personal(key), depth, hash)
}

/// Whether a position ranks no later than another. Most that do need no look at their words.
fn is_within(key: &str, bar: Rank) -> bool {
    let (depth, hash) = place(key);
    (true, depth, hash) <= bar || (!is_personal(key), depth, hash) <= bar
}

/// Its depth in the path, and its hash.
fn place(key: &str) -> (usize, u64) {
    let path = key.bytes().take_while(|byte| *byte != b'?');
    (path.filter(|byte| *byte == b'/').count(), hash64(key.as_bytes()))
}

fn is_personal(key: &str) -> bool {
    let (path, query) = key.split_once('?').map_or((key, None), |(path, query)| (path, Some(query)));
    let literal = path.rsplit('/').find(|s| !s.starts_with('{') && *s != "*" && !s.is_empty()).unwrap_or("");
    [Some(literal), query].into_iter().flatten().any(words::is_personal)
        || query.and_then(Identity::of).is_some()
}

/// The client of a record: its credential, else its address and client string.
pub(crate) fn client_of(
    credential: Option<&str>,
    src_ip: Option<&str>,
    user_agent: Option<&str>,
) -> Option<u64> {
    match (credential, src_ip) {
        (Some(credential), _) => Some(hash64_in(1, credential.as_bytes())),
        (None, Some(ip)) => Some(hash64_in(hash64(ip.as_bytes()), user_agent.unwrap_or("").as_bytes())),
        (None, None) => None,
    }
}
