//! Whether a lake is whole: what its account names must be there, or no answer may be drawn from what is left.
//!
//! Three things are compared that a loss does not take together: which tables there are (all are made before the first ingest), which
//! files the tables' logs name against those that lie there, and how many rows each ingest says it wrote against those that its
//! files hold or the ledger of deletions ([`crate::ledger`]) says were taken out. What each ingest wrote is kept in `state`. What it refuses: to guess what is missing, or to go on without it.

use crate::delta::{DataFile, ingest_of};
use crate::lease::Lease;
use crate::ledger::{self, OfTable};
use crate::rows::Reader;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::tables::Name;
use crate::{LakeError, Result};
use datafusion::prelude::{col, lit};
use futures::TryStreamExt;
use object_store::path::Path as StorePath;
use std::collections::{BTreeMap, BTreeSet};

/// Key of the state under which an ingest says how many rows it wrote, by table.
const WROTE: &str = "wrote";

/// Rows that an ingest wrote, by table.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Wrote(BTreeMap<String, u64>);

impl Wrote {
    pub(crate) fn add(&mut self, table: Name, rows: usize) {
        *self.0.entry(table.to_string()).or_default() += rows as u64;
    }

    /// As an entry of the state.
    pub(crate) fn entry(&self) -> (String, Vec<u8>) {
        (WROTE.to_owned(), serde_json::to_vec(self).unwrap_or_default())
    }
}

fn lost(table: Name, what: String) -> LakeError {
    LakeError::Lost { table: table.to_string(), what }
}

/// That no table is missing whose log a whole lake has.
pub(crate) fn no_table_is_missing(there: &BTreeSet<Name>) -> Result<()> {
    let all = Name::ALL.into_iter().filter(|name| name.schema().is_some());
    match all.into_iter().find(|name| !there.contains(name)) {
        Some(name) => Err(lost(name, format!("its log `{name}/_delta_log` is not there"))),
        None => Ok(()),
    }
}

/// Files of ingests that neither committed nor are under way: the account has lost them.
pub(crate) async fn unaccounted(
    store: &Store,
    snapshot: &Snapshot,
    all: &BTreeSet<i64>,
) -> Option<LakeError> {
    for id in all.iter().filter(|id| !snapshot.ingests().contains(id)) {
        if !Lease::is_there(store, *id).await {
            let name = Name::Intake;
            let what =
                format!("other tables hold ingest {id} and an entry of `{name}/_delta_log` is missing");
            return Some(lost(name, what));
        }
    }
    None
}

/// That every file the snapshot names lies there, whole, and that every ingest's rows are in them.
pub(crate) async fn check(store: &Store, snapshot: &Snapshot) -> Result<()> {
    for name in Name::ALL {
        let files = snapshot.files(name);
        if !files.is_empty() {
            files_are_there(store, name, files).await?;
        }
    }
    let named: BTreeSet<i64> = snapshot.files(Name::State).iter().filter_map(DataFile::ingest).collect();
    if let Some(id) = snapshot.ingests().difference(&named).next() {
        let name = Name::State;
        return Err(lost(name, format!("an entry of `{name}/_delta_log` is missing, that of ingest {id}")));
    }
    let ledger = ledger::read(snapshot).await?;
    let wrote = wrote(snapshot).await?;
    for name in Name::ALL {
        let files = snapshot.files(name);
        let listed: BTreeSet<&str> = files.iter().map(|f| f.path.as_str()).collect();
        let taken = OfTable::of(&ledger, name, &listed);
        // A fold takes the place of rollups that a deletion had left.
        if let Some(path) = taken.lost.as_ref().filter(|_| name.schema().is_some()) {
            return Err(lost(name, format!("an entry of `{name}/_delta_log` is missing, that of `{path}`")));
        }
        for (id, wrote) in &wrote {
            let Some(expected) = wrote.0.get(name.as_str()) else { continue };
            rows_are_there(files, &taken, name, *id, *expected)?;
        }
    }
    Ok(())
}

async fn files_are_there(store: &Store, name: Name, files: &[DataFile]) -> Result<()> {
    let folder = StorePath::from(name.as_str());
    let fail = |e| LakeError::read(name.as_str(), e);
    let listed: Vec<_> = store.objects.list(Some(&folder)).try_collect().await.map_err(fail)?;
    let sizes: BTreeMap<&str, u64> = listed.iter().map(|o| (o.location.as_ref(), o.size)).collect();
    for file in files {
        let path = format!("{name}/{}", file.path);
        match sizes.get(path.as_str()) {
            None => return Err(lost(name, format!("the file `{path}` is missing"))),
            Some(size) if *size != file.size => {
                return Err(lost(name, format!("the file `{path}` has {size} bytes and had {}", file.size)));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// What each committed ingest says it wrote.
async fn wrote(snapshot: &Snapshot) -> Result<BTreeMap<i64, Wrote>> {
    let mut all = BTreeMap::new();
    for batch in &snapshot.small(Name::State, |frame| frame.filter(col("key").eq(lit(WROTE)))).await? {
        let reader = Reader::new(Name::State, batch);
        for row in 0..batch.num_rows() {
            let wrote = serde_json::from_slice(&reader.bytes("value", row)?);
            let wrote = wrote.map_err(|e| LakeError::read(Name::State.as_str(), e))?;
            all.insert(reader.number("ingest", row)?.unwrap_or_default(), wrote);
        }
    }
    Ok(all)
}

fn rows_are_there(files: &[DataFile], taken: &OfTable, name: Name, id: i64, expected: u64) -> Result<()> {
    // What was folded again, or left by a deletion, took the place of what the ingest had folded.
    let folded_again = || files.iter().any(|f| f.ingest().is_none()) || !taken.out.is_empty();
    let own = files.iter().filter(|f| f.ingest() == Some(id));
    let there: u64 = own.filter_map(|f| f.rows).sum();
    let out = taken.out.iter().filter(|(path, _)| ingest_of(path) == Some(id));
    let out: u64 = out.map(|(_, rows)| rows).sum();
    if there + out >= expected || (name.schema().is_none() && there == 0 && folded_again()) {
        return Ok(());
    }
    let what = format!(
        "ingest {id} wrote {expected} rows, {} are accounted for: an entry of `{name}/_delta_log` is missing",
        there + out
    );
    Err(lost(name, what))
}
