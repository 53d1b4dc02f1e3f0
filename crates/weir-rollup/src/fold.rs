//! [`Fold`]: takes record batches in and gives rows out, within a budget of bytes.
//!
//! Decisive choice: what a prefix did is what its addresses did. So no record is counted for its prefix: rows of prefixes are made of rows of
//! addresses when all are read ([`Prefixes`](crate::prefixes::Prefixes)), and a fold holds none of them.

use crate::RollupError;
use crate::cells::{Text, When, number, text};
use crate::coded::{Coded, NONE};
use crate::kind;
use crate::merge::Merged;
use crate::partial::Sketch;
use crate::spill::Spill;
use crate::table::{Named, Table, Touches};
use crate::touch::{Data, Hash, Marks, Touch, What};
use arrow_array::{Array, Int32Array, RecordBatch};
use std::path::PathBuf;
use weir_catalog::Derived;
use weir_catalog::derive::{Subjects, each_thing};
use weir_catalog::outcome::Outcome;
use weir_model::{EntityKind, Table as Records};
use weir_stats::{hash64, hash64_in};

/// Folds record batches into rows per entity and day.
pub struct Fold {
    table: Table,
    spill: Spill,
    budget_bytes: usize,
    spans: bool,
    /// Kept from batch to batch for its memory.
    batch: Batch,
}

impl Fold {
    /// A fold that holds about `budget_bytes` of partials in memory and spills beyond it into unnamed files in `folder`.
    #[must_use]
    pub fn new(budget_bytes: usize, folder: impl Into<PathBuf>) -> Self {
        Self {
            table: Table::default(),
            spill: Spill::new(folder.into()),
            budget_bytes,
            spans: true,
            batch: Batch::default(),
        }
    }

    /// Whether visits and looks are kept, as they are unless this is said. Under a catalog that knows no data nothing is ever a visit, so
    /// looks, half of all that rollups hold, are kept for nothing; under the next catalog, all is folded again.
    #[must_use]
    pub fn spans(mut self, kept: bool) -> Self {
        self.spans = kept;
        self
    }

    /// Takes in a batch of any record table; `derive` is asked for those of `access`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn table(
        &mut self,
        table: Records,
        batch: &RecordBatch,
        derive: impl FnOnce(&RecordBatch) -> Derived,
    ) -> Result<(), RollupError> {
        match table {
            Records::Access => self.access(batch, &derive(batch)),
            Records::Auth => self.auth(batch),
            Records::Flow => self.flow(batch),
            Records::Host => self.host(batch),
        }
    }

    /// Takes in a batch of `access` with what the catalog derived from it.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn access(&mut self, batch: &RecordBatch, derived: &Derived) -> Result<(), RollupError> {
        let rows = batch.num_rows();
        let coded = |name| Coded::new(text(batch, name), rows);
        let derived_text = |column| Coded::new(Text(Some(column)), rows);
        let (origins, credentials) = (coded("src_ip").numbered(), coded("credential"));
        let (clients, actors) = (coded("user_agent"), coded("actor"));
        let (routes, datasets) = (derived_text(&derived.route), derived_text(&derived.dataset));
        let (countries, asns) = (derived_text(&derived.country), derived_text(&derived.asn));
        let (codes, bytes) = (text(batch, "status_code"), number(batch, "bytes_out"));
        let status = statuses(batch);
        let when = When::of(batch)?;
        let crossings = crossings(&countries, &datasets, rows);
        let subjects = Subjects::of(Some(&derived.subjects));
        let things = Text(Some(&derived.thing).filter(|column| column.null_count() < rows));
        let spans = self.spans;
        let touch = |row: usize, people: &mut Vec<u64>| {
            let from = people.len();
            subjects.each(row, |namespace, id, _| {
                people.push(subject_hash(namespace, id));
            });
            let (origin, client) = (origins.hash_at(row), clients.hash_at(row).unwrap_or(0));
            let device = || hash64_in(origin.unwrap_or(0), &client.to_le_bytes());
            let credential = credentials.hash_at(row);
            let outcome = Outcome::of(status_at(status, row), codes.at(row));
            let shown = row < derived.shown.len() && derived.shown.value(row);
            let data = match datasets.is_at(row) || people.len() > from {
                true if shown => Data::Shown,
                true => Data::Missed,
                false => Data::None,
            };
            let span = match data {
                _ if !spans || origin.is_none() => None,
                Data::Shown => Some(Sketch::Visits),
                Data::None if outcome == Outcome::Ok => Some(Sketch::Looks),
                Data::None | Data::Missed => None,
            };
            let named = credential.is_some() || actors.is_at(row);
            let to = people.len();
            if let Some(thing) = things.at(row).filter(|_| shown) {
                let each = each_thing(thing).take(u8::MAX.into());
                people.extend(each.map(|(namespace, id)| subject_hash(namespace, id)));
            }
            let things = (people.len() - to) as u8;
            let what = What::Access { outcome, data, marks: Marks::of(named, span), things };
            Touch {
                time: when.at(row).0,
                bytes: bytes.at(row),
                credential: credential.and_then(Hash::new),
                bearer: Hash::new(credential.or_else(|| actors.hash_at(row)).unwrap_or_else(device)),
                target: routes.hash_at(row).and_then(Hash::new),
                origin: origin.and_then(Hash::new),
                client: (client >> 32) as u32,
                people: [from, people.len()].map(|at| at as u32),
                what,
            }
        };
        self.batch.begin(when, rows, touch);
        let all = [
            (EntityKind::Origin, &origins),
            (EntityKind::Client, &clients),
            (EntityKind::Credential, &credentials),
            (EntityKind::Key, &coded("key_uid")),
            (EntityKind::Actor, &actors),
            (EntityKind::Dataset, &datasets),
            (EntityKind::Country, &countries),
            (EntityKind::Asn, &asns),
            (EntityKind::Sensor, &coded("sensor")),
        ];
        all.into_iter().try_for_each(|(kind, lane)| self.lane(kind, lane))?;
        self.batch.keep_shown();
        let shown = [
            (EntityKind::Host, &coded("hostname")),
            (EntityKind::Route, &routes),
            (EntityKind::Crossing, &Coded::of(rows, |row| crossings.get(row)?.as_deref())),
        ];
        shown.into_iter().try_for_each(|(kind, lane)| self.lane(kind, lane))
    }

    /// Takes in a batch of `auth`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn auth(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let rows = batch.num_rows();
        let coded = |name| Coded::new(text(batch, name), rows);
        let (origins, credentials, users) = (coded("src_ip").numbered(), coded("credential"), coded("user"));
        let (actors, activities) = (coded("actor"), text(batch, "activity"));
        let status = statuses(batch);
        let when = When::of(batch)?;
        let touch = |row: usize, _: &mut Vec<u64>| {
            let failed = status_at(status, row) == Some(weir_model::record::STATUS_FAILURE);
            let credential = credentials.hash_at(row).and_then(Hash::new);
            let other = matches!(activities.at(row), Some("logon" | "logoff" | "delete"));
            let issued = credential.is_some() && !failed && !other;
            Touch {
                credential,
                bearer: credential,
                target: users.hash_at(row).and_then(Hash::new),
                ..Touch::of(when.at(row).0, origins.hash_at(row), What::Auth { failed, issued })
            }
        };
        self.batch.begin(when, rows, touch);
        // Whose identity it is counts as an actor too, once.
        let others = Coded::of(rows, |row| users.at(row).filter(|user| actors.at(row) != Some(user)));
        let lanes = [
            (EntityKind::Origin, &origins),
            (EntityKind::Client, &coded("user_agent")),
            (EntityKind::Credential, &credentials),
            (EntityKind::Key, &coded("key_uid")),
            (EntityKind::Actor, &actors),
            (EntityKind::Actor, &others),
            (EntityKind::Host, &coded("hostname")),
            (EntityKind::Sensor, &coded("sensor")),
        ];
        lanes.into_iter().try_for_each(|(kind, lane)| self.lane(kind, lane))
    }

    /// Takes in a batch of `flow`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn flow(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let rows = batch.num_rows();
        let coded = |name| Coded::new(text(batch, name), rows);
        let (origins, bytes, when) =
            (coded("src_ip").numbered(), number(batch, "bytes_out"), When::of(batch)?);
        let touch = |row: usize, _: &mut Vec<u64>| Touch {
            bytes: bytes.at(row),
            ..Touch::of(when.at(row).0, origins.hash_at(row), What::Flow)
        };
        self.batch.begin(when, rows, touch);
        let lanes = [
            (EntityKind::Origin, &origins),
            (EntityKind::Host, &coded("dst_ip")),
            (EntityKind::Sensor, &coded("sensor")),
        ];
        lanes.into_iter().try_for_each(|(kind, lane)| self.lane(kind, lane))
    }

    /// Takes in a batch of `host`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn host(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let rows = batch.num_rows();
        let coded = |name| Coded::new(text(batch, name), rows);
        let (origins, users, when) = (coded("src_ip").numbered(), coded("user"), When::of(batch)?);
        let touch = |row: usize, _: &mut Vec<u64>| Touch {
            target: users.hash_at(row).and_then(Hash::new),
            ..Touch::of(when.at(row).0, origins.hash_at(row), What::Host)
        };
        self.batch.begin(when, rows, touch);
        let lanes = [
            (EntityKind::Origin, &origins),
            (EntityKind::Host, &coded("hostname")),
            (EntityKind::Actor, &users),
            (EntityKind::Sensor, &coded("sensor")),
        ];
        lanes.into_iter().try_for_each(|(kind, lane)| self.lane(kind, lane))
    }

    /// The rows, sorted by kind, entity and day, each once, those of prefixes among them.
    ///
    /// # Errors
    /// If a run cannot be read.
    pub fn finish(self) -> Result<Merged, RollupError> {
        self.spill.finish(self.table, self.budget_bytes)
    }

    /// Bytes of partials held in memory now, an upper estimate.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.table.bytes() + self.spill.bytes()
    }

    /// Adds the records of the batch to the entities of a kind that they name.
    fn lane(&mut self, kind: EntityKind, lane: &Coded<'_>) -> Result<(), RollupError> {
        if lane.values.is_empty() {
            return Ok(());
        }
        let kind = kind::place(kind);
        let Batch { touches, rows, days, order, ends } = &mut self.batch;
        group(lane, rows, order, ends);
        let day = |row: &u32| days.get(*row as usize).copied().unwrap_or_default();
        let mut from = 0;
        let named = lane.values.iter().zip(ends).flat_map(|(entity, end)| {
            let of_entity = order.get(from..*end as usize).unwrap_or_default();
            from = *end as usize;
            let of_days = of_entity.chunk_by(|a, b| day(a) == day(b));
            of_days.map(|rows| Named { entity, day: rows.first().map_or(0, day), rows })
        });
        self.table.add(kind, named, touches);
        // Half is for what is being written meanwhile.
        let bytes = self.table.bytes();
        if bytes > self.budget_bytes / 2 || bytes + self.spill.bytes() > self.budget_bytes {
            self.spill.add(&mut self.table)?;
            touches.forget();
        }
        Ok(())
    }
}

/// A batch under way.
#[derive(Default)]
struct Batch {
    touches: Touches,
    /// The rows to count, those of one day together.
    rows: Vec<u32>,
    /// The day of each row.
    days: Vec<i32>,
    /// The rows of a lane by the number of their value, and where each value's end.
    order: Vec<u32>,
    ends: Vec<u32>,
}

impl Batch {
    /// Begins with all rows of a batch; `touch` is given where to put people.
    fn begin(&mut self, when: When<'_>, rows: usize, touch: impl Fn(usize, &mut Vec<u64>) -> Touch) {
        let Self { touches: Touches { each, people, .. }, days, .. } = self;
        each.clear();
        people.clear();
        days.clear();
        self.rows.clear();
        each.extend((0..rows).map(|row| touch(row, people)));
        days.extend((0..rows).map(|row| when.at(row).1));
        self.rows.extend((0..rows).map(|row| row as u32));
        if !days.is_sorted() {
            self.rows.sort_by_key(|row| days.get(*row as usize));
        }
        self.touches.forget();
    }

    /// Leaves only rows that showed what is somebody's.
    fn keep_shown(&mut self) {
        let touches = &self.touches.each;
        self.rows.retain(|row| {
            let what = touches.get(*row as usize).map(|touch| touch.what);
            matches!(what, Some(What::Access { data: Data::Shown, .. }))
        });
    }
}

/// Orders rows by the number of their value, keeping the order of those with one; says where each value's end.
fn group(lane: &Coded<'_>, rows: &[u32], order: &mut Vec<u32>, ends: &mut Vec<u32>) {
    ends.clear();
    ends.resize(lane.values.len(), 0);
    let code = |row: u32| lane.codes.get(row as usize).copied().unwrap_or(NONE) as usize;
    for row in rows {
        ends.get_mut(code(*row)).into_iter().for_each(|number| *number += 1);
    }
    let mut sum = 0;
    for number in ends.iter_mut() {
        sum += std::mem::replace(number, sum);
    }
    order.clear();
    order.resize(sum as usize, 0);
    for row in rows {
        let Some(next) = ends.get_mut(code(*row)) else { continue };
        order.get_mut(*next as usize).into_iter().for_each(|place| *place = *row);
        *next += 1;
    }
}

/// The hash under which a person is counted: [`hash64_in`] of the id, in the space of the namespace's [`hash64`].
#[must_use]
pub fn subject_hash(namespace: &str, id: &str) -> u64 {
    hash64_in(hash64(namespace.as_bytes()), id.as_bytes())
}

/// For each row that says both, its dataset as read from its country.
fn crossings(countries: &Coded<'_>, datasets: &Coded<'_>, rows: usize) -> Vec<Option<String>> {
    if countries.values.is_empty() || datasets.values.is_empty() {
        return Vec::new();
    }
    let both = |row| Some(kind::crossing(countries.at(row)?, datasets.at(row)?));
    (0..rows).map(both).collect()
}

fn statuses(batch: &RecordBatch) -> Option<&Int32Array> {
    batch.column_by_name("status_id").and_then(|c| c.as_any().downcast_ref())
}

fn status_at(column: Option<&Int32Array>, row: usize) -> Option<i32> {
    column.filter(|c| row < c.len() && c.is_valid(row)).map(|c| c.value(row))
}
