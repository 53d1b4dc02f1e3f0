//! Deleting records: the one way in which anything a lake has shown leaves it.
//!
//! Decisive choice: [`Deleting`] is a proof. It is made at one place, which takes the locks of ingests, of folds and of deletions, in this order, takes back
//! what killed runs left, and then reads the holds; nothing removes a record or a file of a version without it, and every row is asked whether a hold
//! covers it. What cannot be decided (no time, no account) is held.
//!
//! What it refuses: to change what a record says, and to go on in a lake that has lost a part.

use crate::delta::DataFile;
use crate::held::{held, may_hold};
use crate::hold::{DELETING, all};
use crate::lake::Lake;
use crate::lease::Right;
use crate::reading::Reading;
use crate::removal::Removal;
use crate::rows::Reader;
use crate::snapshot::Snapshot;
use crate::tables::{Name, Part};
use crate::{LakeError, Result};
use arrow_array::{Array, RecordBatch, TimestampMicrosecondArray};
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use weir_model::intake::Intake;
use weir_model::time::DAY_US;
use weir_model::{Hold, Micros, Table};

/// Files smaller than this are put together with others of their day.
const SMALL_BYTES: u64 = 16 << 20;

/// Which records are to go.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Those of event times before this one.
    Before(Micros),
    /// Some, each by its place.
    Named {
        /// Records, by table.
        records: BTreeMap<Table, Picked>,
        /// What could not be read: file id, line, offset.
        rejects: BTreeSet<(i64, i64, i64)>,
    },
}

/// Some records of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picked {
    /// The days they lie in, since 1970.
    pub days: BTreeSet<i32>,
    /// File id, line, offset.
    pub places: BTreeSet<(i64, i64, i64)>,
}

impl Wanted {
    /// Whether a file can have any of them.
    fn may_be_in(&self, name: Name, file: &DataFile) -> bool {
        match self {
            Self::Before(cut) => file.times.is_none_or(|(first, _)| first < *cut),
            Self::Named { rejects, .. } if name == Name::Rejects => !rejects.is_empty(),
            Self::Named { records, .. } => {
                let picked = records.iter().find(|(table, _)| Name::of(**table) == name);
                matches!(&file.part, Part::Day(day) if picked.is_some_and(|(_, of)| of.days.contains(day)))
            }
        }
    }

    /// The places of those that are named in a table.
    fn places(&self, name: Name) -> Option<&BTreeSet<(i64, i64, i64)>> {
        let Self::Named { records, rejects } = self else { return None };
        let picked = || records.iter().find(|(table, _)| Name::of(**table) == name);
        if name == Name::Rejects { Some(rejects) } else { picked().map(|(_, of)| &of.places) }
    }
}

/// The right to delete: nobody else ingests, folds, deletes or records a hold meanwhile.
#[derive(Debug)]
pub struct Deleting {
    pub(crate) lake: Lake,
    rights: Vec<Right>,
    pub(crate) snapshot: Snapshot,
    pub(crate) holds: Vec<Hold>,
    /// Partitions of which a version that is held has files, and the hold. Copies of a row may lie in files of earlier versions, so who erases a person
    /// must not believe that none is left.
    pinned: BTreeMap<(Name, Part), usize>,
    pub(crate) fail_before: Option<String>,
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Stays,
    /// All its rows go.
    Goes,
    /// It is written again without the rows that go, of which there may be none.
    Written,
}

/// What is to go, and what holds keep.
#[derive(Debug, Default)]
pub struct Planned {
    pub(crate) fates: BTreeMap<Name, Vec<(DataFile, Fate)>>,
    pub(crate) wanted: Option<Wanted>,
    /// Days of which records go.
    pub(crate) days: BTreeSet<i32>,
    /// Rows that go, by table.
    pub gone: BTreeMap<String, u64>,
    /// Rows that would go and that a hold keeps, by table.
    pub held: BTreeMap<String, u64>,
    /// The holds that keep them.
    pub by: BTreeSet<String>,
    /// Small files that are put together, by table.
    pub compacted: BTreeMap<String, u64>,
}

impl Planned {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.fates.values().flatten().all(|(_, fate)| *fate == Fate::Stays)
    }
}

/// Rows of a file that are wanted, and of each the hold that keeps it.
struct Judged {
    wanted: Vec<bool>,
    held: Vec<Option<usize>>,
}

impl Deleting {
    pub(crate) async fn take(lake: &Lake, waits: impl FnOnce()) -> Result<Self> {
        let store = &lake.inner.store;
        let mut rights = vec![Right::take(store, "ingest.lock", waits).await?];
        // A bucket has one right to write, whatever for.
        if store.folder().is_some() {
            rights.push(Right::take(store, "refold.lock", || ()).await?);
            rights.push(Right::take(store, DELETING, || ()).await?);
        }
        lake.repair().await?;
        let snapshot = lake.snapshot().await?;
        let holds: Vec<Hold> = all(&snapshot).await?.into_iter().filter(Hold::stands).collect();
        let pinned = pinned(lake, &holds).await?;
        Ok(Self { lake: lake.clone(), rights, snapshot, holds, pinned, fail_before: None })
    }

    /// The lake as it was when the right was taken.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The holds that stand.
    pub fn holds(&self) -> &[Hold] {
        &self.holds
    }

    /// Gives the right back.
    ///
    /// # Errors
    /// If another process has taken it over, or the bucket cannot be reached.
    pub async fn release(self) -> Result<()> {
        for right in self.rights.into_iter().rev() {
            right.release().await?;
        }
        Ok(())
    }

    /// For tests: fail before this step, as if the process had been killed there.
    #[doc(hidden)]
    pub fn fail_before(&mut self, point: &str) {
        self.fail_before = Some(point.to_owned());
    }

    pub(crate) fn stop_at(&self, point: &str) -> Result<()> {
        match &self.fail_before {
            Some(at) if at == point => Err(LakeError::Fault { point: point.to_owned() }),
            _ => Ok(()),
        }
    }

    /// Works out what is to go; changes nothing.
    pub fn plan<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Planned>> {
        Box::pin(async move {
            let mut planned = Planned { wanted: Some(wanted.clone()), ..Planned::default() };
            for name in Table::ALL.map(Name::of) {
                for file in self.snapshot.files(name) {
                    self.judge_file(wanted, name, file, &BTreeMap::new(), &mut planned).await?;
                }
            }
            let accounts = self.snapshot.intake().await?;
            let accounts = accounts.into_iter().map(|a| ((a.ingest, a.file), a)).collect();
            for file in self.snapshot.files(Name::Rejects) {
                self.judge_file(wanted, Name::Rejects, file, &accounts, &mut planned).await?;
            }
            if matches!(wanted, Wanted::Before(_)) {
                planned.compact();
            }
            Ok(planned)
        })
    }

    async fn judge_file(
        &self,
        wanted: &Wanted,
        name: Name,
        file: &DataFile,
        accounts: &BTreeMap<(i64, i64), Intake>,
        planned: &mut Planned,
    ) -> Result<()> {
        let fates = planned.fates.entry(name).or_default();
        if !wanted.may_be_in(name, file) {
            fates.push((file.clone(), Fate::Stays));
            return Ok(());
        }
        let day = if let Part::Day(day) = file.part { Some(day) } else { None };
        if let (Wanted::Before(cut), Some((first, last)), Some(rows)) = (wanted, file.times, file.rows)
            && last < *cut
            && !may_hold(&self.holds, Some(first), Some(last))
        {
            fates.push((file.clone(), Fate::Goes));
            *planned.gone.entry(name.to_string()).or_default() += rows;
            planned.days.extend(day);
            return Ok(());
        }
        let (mut gone, mut kept) = (0_u64, 0_u64);
        let mut reading = Reading::open(&self.snapshot, name, file).await?;
        while let Some(batch) = reading.next().await? {
            let judged = self.judge(wanted, name, file, &batch, accounts)?;
            for (wanted, held) in judged.wanted.into_iter().zip(judged.held) {
                gone += u64::from(wanted && held.is_none());
                kept += u64::from(!wanted || held.is_some());
                if let Some(hold) = held.filter(|_| wanted).and_then(|place| self.holds.get(place)) {
                    *planned.held.entry(name.to_string()).or_default() += 1;
                    planned.by.insert(hold.id.clone());
                }
            }
        }
        let fate = match (gone, kept) {
            (0, _) => Fate::Stays,
            (_, 0) => Fate::Goes,
            _ => Fate::Written,
        };
        fates.push((file.clone(), fate));
        if gone > 0 {
            *planned.gone.entry(name.to_string()).or_default() += gone;
            planned.days.extend(day);
        }
        Ok(())
    }

    /// The rows of a batch that stay.
    pub(crate) fn stay(
        &self,
        wanted: &Wanted,
        name: Name,
        file: &DataFile,
        batch: &RecordBatch,
        accounts: &BTreeMap<(i64, i64), Intake>,
    ) -> Result<Vec<bool>> {
        let judged = self.judge(wanted, name, file, batch, accounts)?;
        Ok(judged.wanted.iter().zip(&judged.held).map(|(wanted, held)| !wanted || held.is_some()).collect())
    }

    fn judge(
        &self,
        wanted: &Wanted,
        name: Name,
        file: &DataFile,
        batch: &RecordBatch,
        accounts: &BTreeMap<(i64, i64), Intake>,
    ) -> Result<Judged> {
        let reader = Reader::new(name, batch);
        let number = |column, row| reader.number(column, row).map(Option::unwrap_or_default);
        let rows = 0..batch.num_rows();
        match wanted {
            Wanted::Before(cut) if name == Name::Rejects => {
                let mut judged = Judged { wanted: Vec::new(), held: Vec::new() };
                for row in rows {
                    let account = accounts.get(&(number("ingest", row)?, number("file", row)?));
                    let (first, last) = account.map_or((None, None), |a| (a.first_time, a.last_time));
                    // Of a file without a record that has a time, when it was ingested is all that is known.
                    let time = last.unwrap_or(Micros(file.modified.saturating_mul(1_000)));
                    judged.wanted.push(time < *cut);
                    judged.held.push(self.may_hold_reject(account, first, last));
                }
                Ok(judged)
            }
            Wanted::Before(cut) => {
                let times = batch.column_by_name("time");
                let times = times.and_then(|c| c.as_any().downcast_ref::<TimestampMicrosecondArray>());
                let times = times.ok_or_else(|| LakeError::batch(name.as_str(), "there is no `time`"))?;
                let wanted = times.iter().map(|at| at.is_some_and(|at| at < cut.0)).collect();
                Ok(Judged { wanted, held: held(&self.holds, batch)? })
            }
            Wanted::Named { .. } => {
                let places = wanted.places(name);
                let mut judged = Judged { wanted: Vec::with_capacity(batch.num_rows()), held: Vec::new() };
                for row in rows {
                    let place = (number("file", row)?, number("line", row)?, number("offset", row)?);
                    judged.wanted.push(places.is_some_and(|places| places.contains(&place)));
                    if name == Name::Rejects {
                        let account = accounts.get(&(number("ingest", row)?, place.0));
                        let (first, last) = account.map_or((None, None), |a| (a.first_time, a.last_time));
                        judged.held.push(self.may_hold_reject(account, first, last));
                    }
                }
                if name != Name::Rejects {
                    judged.held = held(&self.holds, batch)?;
                }
                let pinned = self.pinned.get(&(name, file.part.clone())).copied();
                judged.held.iter_mut().for_each(|by| *by = by.or(pinned));
                Ok(judged)
            }
        }
    }

    /// The first hold that may cover a reject: whom it names cannot be read, so only its file's period and producer count.
    fn may_hold_reject(
        &self,
        account: Option<&Intake>,
        first: Option<Micros>,
        last: Option<Micros>,
    ) -> Option<usize> {
        let of = |a: fn(&Intake) -> Option<&str>| account.and_then(a);
        let (source, sensor) = (of(|a| a.source.as_deref()), of(|a| a.sensor.as_deref()));
        self.holds.iter().position(|hold| {
            hold.covers.iter().any(|cover| cover.overlaps(first, last) && cover.concerns(source, sensor))
        })
    }

    /// Stages what stays of the files that go; [`Removal::commit`] makes it so.
    pub fn remove(&self, planned: Planned) -> BoxFuture<'_, Result<Removal<'_>>> {
        Box::pin(Removal::stage(self, planned))
    }
}

async fn pinned(lake: &Lake, holds: &[Hold]) -> Result<BTreeMap<(Name, Part), usize>> {
    let mut parts = BTreeMap::new();
    for (place, hold) in holds.iter().enumerate() {
        for versions in &hold.versions {
            for (name, version) in Name::ALL.iter().filter_map(|n| Some((*n, *versions.get(n.as_str())?))) {
                let listing = lake.inner.log(name)?.list(Some(version)).await?;
                let files = listing.map(|l| l.files).unwrap_or_default();
                parts.extend(files.into_iter().map(|f| ((name, f.part), place)));
            }
        }
    }
    Ok(parts)
}

impl Planned {
    /// Puts small files of one day together, where there are several.
    fn compact(&mut self) {
        for (name, files) in self.fates.iter_mut().filter(|(name, _)| name.partition() == Some("day")) {
            let mut small: BTreeMap<Part, Vec<usize>> = BTreeMap::new();
            for (place, (file, fate)) in files.iter().enumerate() {
                if *fate == Fate::Written || (*fate == Fate::Stays && file.size < SMALL_BYTES) {
                    small.entry(file.part.clone()).or_default().push(place);
                }
            }
            for places in small.into_values().filter(|places| places.len() > 1) {
                for place in places {
                    if let Some((_, fate)) = files.get_mut(place).filter(|(_, fate)| *fate == Fate::Stays) {
                        *fate = Fate::Written;
                        *self.compacted.entry(name.to_string()).or_default() += 1;
                    }
                }
            }
        }
    }
}

/// The instant so many days before another.
#[must_use]
pub fn days_before(at: Micros, days: u32) -> Micros {
    Micros(at.0.saturating_sub(i64::from(days).saturating_mul(DAY_US)))
}
