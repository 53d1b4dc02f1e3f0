//! The ledger of deletions: which run took which files out of which table, what it put in their place, and why.
//!
//! Decisive choice: a run writes what it is about to do into `state` before it does it, by the paths of the files. An entry counts for a table once a file it
//! names is gone from that table's listing, so a run that was killed between two commits is accounted for exactly as far as it came, and a lake that
//! lost a file otherwise still says so ([`crate::whole`]).

use crate::LakeError;
use crate::Result;
use crate::rows::Reader;
use crate::snapshot::Snapshot;
use crate::tables::Name;
use datafusion::prelude::{col, lit};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::Micros;

/// Key of the state under which deletions are announced.
pub(crate) const REMOVED: &str = "removed";
/// Key of the state under which holds, and their ends, are recorded.
pub(crate) const HOLD: &str = "hold";

/// Why a run deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
#[non_exhaustive]
pub enum Why {
    /// Records had become older than they are kept.
    Retention {
        /// Event time before which they were deleted.
        before: Micros,
    },
    /// A person's records were erased.
    Erasure {
        /// The person's keyed pseudonym.
        subject: String,
        /// Reference of the order.
        order: String,
        /// Why.
        reason: String,
    },
}

/// A run that deleted, as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The run.
    pub run: i64,
    /// When.
    pub time: Micros,
    /// Who ran it.
    pub by: String,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
    /// Rows that are gone, by table.
    pub gone: BTreeMap<String, u64>,
    /// Files, by table.
    pub(crate) files: BTreeMap<String, Replaced>,
}

/// Files of a table with their rows: those taken out and those put in their place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replaced {
    pub(crate) removed: BTreeMap<String, u64>,
    pub(crate) added: BTreeMap<String, u64>,
}

/// All entries, in the order of the runs.
pub(crate) async fn read(snapshot: &Snapshot) -> Result<Vec<Removed>> {
    entries(snapshot, REMOVED).await
}

/// All values of a key of the state, in the order in which they were written.
pub(crate) async fn entries<T: serde::de::DeserializeOwned>(
    snapshot: &Snapshot,
    key: &'static str,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    for batch in &snapshot.small(Name::State, |frame| frame.filter(col("key").eq(lit(key)))).await? {
        let reader = Reader::new(Name::State, batch);
        for row in 0..batch.num_rows() {
            let entry = serde_json::from_slice::<T>(&reader.bytes("value", row)?);
            let entry = entry.map_err(|e| LakeError::read(Name::State.as_str(), e))?;
            let number = |name| reader.number(name, row).map(Option::unwrap_or_default);
            found.push(((number("seq")?, number("ingest")?), entry));
        }
    }
    found.sort_by_key(|(order, _)| *order);
    Ok(found.into_iter().map(|(_, entry)| entry).collect())
}

/// What the ledger says of one table, given the files that are listed.
#[derive(Default)]
pub(crate) struct OfTable {
    /// Rows of files that were taken out.
    pub(crate) out: BTreeMap<String, u64>,
    /// A file that was put in place of others, and is neither listed nor taken out later.
    pub(crate) lost: Option<String>,
}

impl OfTable {
    pub(crate) fn of(ledger: &[Removed], name: Name, listed: &BTreeSet<&str>) -> Self {
        let of_table = |entry| Removed::files_of(entry, name);
        let named: BTreeSet<&str> =
            ledger.iter().filter_map(of_table).flat_map(|r| r.removed.keys()).map(String::as_str).collect();
        let gone = |path: &str| !listed.contains(path);
        let mut this = Self::default();
        for (_, replaced) in done(ledger, name, listed) {
            this.out
                .extend(replaced.removed.iter().filter(|(p, _)| gone(p)).map(|(p, rows)| (p.clone(), *rows)));
            let lost = replaced.added.keys().find(|path| gone(path) && !named.contains(path.as_str()));
            this.lost = this.lost.or(lost.cloned());
        }
        this
    }
}

impl Removed {
    fn files_of(&self, name: Name) -> Option<&Replaced> {
        self.files.get(name.as_str())
    }
}

/// The entries that were carried out on a table. One run deletes at a time, and none names a file that is gone; so where a file is gone, it was the last
/// run that named it.
fn done<'l>(ledger: &'l [Removed], name: Name, listed: &BTreeSet<&str>) -> Vec<(&'l Removed, &'l Replaced)> {
    let entries: Vec<_> = ledger.iter().filter_map(|entry| Some((entry, entry.files_of(name)?))).collect();
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for (entry, replaced) in &entries {
        last.extend(replaced.removed.keys().map(|path| (path.as_str(), entry.run)));
    }
    let by = |run: i64, path: &str| !listed.contains(path) && last.get(path) == Some(&run);
    entries.into_iter().filter(|(entry, r)| r.removed.keys().any(|path| by(entry.run, path))).collect()
}

/// What the ledger's runs did: of each the rows that are gone, where it came so far.
pub(crate) fn carried_out(ledger: &[Removed], snapshot: &Snapshot) -> Vec<Removed> {
    let mut runs: Vec<Removed> =
        ledger.iter().map(|e| Removed { gone: BTreeMap::new(), ..e.clone() }).collect();
    for name in Name::ALL {
        let listed: BTreeSet<&str> = snapshot.files(name).iter().map(|f| f.path.as_str()).collect();
        for (entry, _) in done(ledger, name, &listed) {
            let rows = entry.gone.get(name.as_str()).copied().unwrap_or_default();
            for run in runs.iter_mut().filter(|run| run.run == entry.run && rows > 0) {
                run.gone.insert(name.to_string(), rows);
            }
        }
    }
    runs.retain(|run| !run.gone.is_empty());
    runs
}
