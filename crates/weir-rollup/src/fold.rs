//! Records into partials.

use crate::spill::{Merged, Row, Run};
use crate::{Partial, RollupError};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch, StringArray};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use weir_catalog::derive::each_subject;
use weir_catalog::{Derived, Outcome};
use weir_model::entity::prefix_of;
use weir_model::{EntityKind, Table};
use weir_stats::{Merge, hash64};

/// Bytes an entry takes beside its sketches' heap: key, partial, map.
const ENTRY_BYTES: usize = 400;
/// Runs that are merged at once; more are merged in steps, so that open files stay few.
const RUNS_MAX: usize = 64;

/// Folds batches; what does not fit the budget is spilled.
pub struct Fold {
    held: HashMap<(EntityKind, i32), HashMap<Box<str>, Partial>>,
    bytes: usize,
    budget: usize,
    folder: PathBuf,
    runs: Vec<Run>,
}

/// What one record adds to each of its entities.
#[derive(Default)]
struct Step<'a> {
    at: i64,
    day: i32,
    bytes: u64,
    outcome: Option<Outcome>,
    shows: bool,
    people: &'a [u64],
    credential: Option<u64>,
    route: Option<u64>,
    origin: Option<u64>,
}

impl Step<'_> {
    fn add_to(&self, partial: &mut Partial, hours: bool) {
        partial.records += 1;
        partial.bytes += self.bytes;
        match self.outcome {
            Some(Outcome::Ok) => partial.ok += 1,
            Some(Outcome::Denied) => partial.denied += 1,
            Some(Outcome::Missing) => partial.missing += 1,
            Some(Outcome::Failed) => partial.failed += 1,
            _ => {}
        }
        partial.data_records += u64::from(self.shows);
        partial.first = Some(partial.first.map_or(self.at, |f| f.min(self.at)));
        partial.last = partial.last.max(Some(self.at));
        if self.shows {
            self.people.iter().for_each(|p| partial.people.insert(*p));
        }
        self.credential.iter().for_each(|c| partial.credentials.insert(*c));
        self.route.iter().for_each(|r| partial.routes.insert(*r));
        self.origin.iter().for_each(|o| partial.origins.insert(*o));
        if hours {
            let hour =
                usize::try_from(self.at.rem_euclid(weir_model::time::DAY_US) / 3_600_000_000).unwrap_or(0);
            if let Some(n) = partial.hours.get_or_insert([0; 24]).get_mut(hour) {
                *n += 1;
            }
        }
    }
}

/// A text column of a batch, by name.
fn texts<'b>(batch: &'b RecordBatch, name: &str) -> Option<&'b StringArray> {
    batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>())
}

fn cell<'b>(column: Option<&'b StringArray>, row: usize) -> Option<&'b str> {
    column.filter(|c| c.is_valid(row)).map(|c| c.value(row))
}

impl Fold {
    /// A fold that holds at most about `budget_bytes` and spills to unnamed files in `folder`.
    pub fn new(budget_bytes: usize, folder: &Path) -> Self {
        Self {
            held: HashMap::new(),
            bytes: 0,
            budget: budget_bytes,
            folder: folder.to_owned(),
            runs: Vec::new(),
        }
    }

    /// Folds a batch of `access` with what was derived from it.
    pub fn access(&mut self, batch: &RecordBatch, derived: &Derived) -> Result<(), RollupError> {
        let text = |name: &str| texts(batch, name);
        let (ip, agent, credential) = (text("src_ip"), text("user_agent"), text("credential"));
        let (key, actor, sensor) = (text("key_uid"), text("actor"), text("sensor"));
        let bytes = batch.column_by_name("bytes_out").and_then(|c| c.as_primitive_opt::<Int64Type>());
        let mut people = Vec::new();
        for row in 0..batch.num_rows() {
            let Some((at, day)) = when(batch, row) else { continue };
            people.clear();
            each_subject(Some(&derived.subjects), row, |namespace, id, _| {
                people.push(subject_hash(namespace, id))
            });
            let dataset = cell(Some(&derived.dataset), row);
            let step = Step {
                at,
                day,
                bytes: bytes
                    .filter(|b| b.is_valid(row))
                    .and_then(|b| u64::try_from(b.value(row)).ok())
                    .unwrap_or(0),
                outcome: outcome(batch, row),
                shows: derived.shown.is_valid(row)
                    && derived.shown.value(row)
                    && (dataset.is_some() || !people.is_empty()),
                people: &people,
                credential: cell(credential, row).map(|c| hash64(c.as_bytes())),
                route: cell(Some(&derived.route), row).map(|r| hash64(r.as_bytes())),
                origin: cell(ip, row).map(|o| hash64(o.as_bytes())),
            };
            let entities = [
                (EntityKind::Origin, cell(ip, row)),
                (EntityKind::Client, cell(agent, row)),
                (EntityKind::Credential, cell(credential, row)),
                (EntityKind::Key, cell(key, row)),
                (EntityKind::Actor, cell(actor, row)),
                (EntityKind::Dataset, dataset),
                (EntityKind::Country, cell(derived.country.as_ref(), row)),
                (EntityKind::Sensor, cell(sensor, row)),
            ];
            self.add(&entities, &step);
            if let Some(prefix) = cell(ip, row).and_then(prefix_of) {
                self.add(&[(EntityKind::Prefix, Some(&prefix))], &step);
            }
        }
        self.settle()
    }

    /// Folds a batch of `auth`.
    pub fn auth(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let columns =
            [(EntityKind::Actor, "user"), (EntityKind::Key, "key_uid"), (EntityKind::Sensor, "sensor")];
        self.plain(batch, &columns)
    }

    /// Folds a batch of `flow`.
    pub fn flow(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        self.plain(batch, &[(EntityKind::Sensor, "sensor")])
    }

    /// Folds a batch of `host`.
    pub fn host(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        self.plain(batch, &[(EntityKind::Host, "hostname"), (EntityKind::Sensor, "sensor")])
    }

    /// Folds a batch of any table.
    pub fn table(
        &mut self,
        table: Table,
        batch: &RecordBatch,
        derive: impl FnOnce(&RecordBatch) -> Derived,
    ) -> Result<(), RollupError> {
        match table {
            Table::Access => self.access(batch, &derive(batch)),
            Table::Auth => self.auth(batch),
            Table::Flow => self.flow(batch),
            Table::Host => self.host(batch),
        }
    }

    /// Records that show nobody's data: counts, outcomes and addresses only.
    fn plain(&mut self, batch: &RecordBatch, columns: &[(EntityKind, &str)]) -> Result<(), RollupError> {
        let found: Vec<_> = columns.iter().map(|(kind, name)| (*kind, texts(batch, name))).collect();
        let (ip, credential) = (texts(batch, "src_ip"), texts(batch, "credential"));
        for row in 0..batch.num_rows() {
            let Some((at, day)) = when(batch, row) else { continue };
            let step = Step {
                at,
                day,
                outcome: outcome(batch, row),
                credential: cell(credential, row).map(|c| hash64(c.as_bytes())),
                origin: cell(ip, row).map(|o| hash64(o.as_bytes())),
                ..Step::default()
            };
            for (kind, column) in &found {
                self.add(&[(*kind, cell(*column, row))], &step);
            }
        }
        self.settle()
    }

    fn add(&mut self, entities: &[(EntityKind, Option<&str>)], step: &Step<'_>) {
        for (kind, value) in entities {
            let Some(value) = value.filter(|v| !v.is_empty()) else { continue };
            let of_day = self.held.entry((*kind, step.day)).or_default();
            let partial = match of_day.get_mut(value) {
                Some(partial) => partial,
                None => {
                    self.bytes += ENTRY_BYTES + value.len();
                    of_day.entry(value.into()).or_default()
                }
            };
            let before = partial.heap_bytes();
            step.add_to(partial, *kind == EntityKind::Sensor);
            self.bytes += partial.heap_bytes().saturating_sub(before);
        }
    }

    fn settle(&mut self) -> Result<(), RollupError> {
        if self.bytes > self.budget { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), RollupError> {
        let rows = self.drain();
        self.runs.push(Run::write(&self.folder, &rows)?);
        if self.runs.len() >= RUNS_MAX {
            let merged: Merged = Merged::new(std::mem::take(&mut self.runs))?;
            self.runs.push(Run::write_all(&self.folder, merged)?);
        }
        Ok(())
    }

    fn drain(&mut self) -> Vec<Row> {
        self.bytes = 0;
        let mut rows: Vec<Row> = std::mem::take(&mut self.held)
            .into_iter()
            .flat_map(|((kind, day), entities)| {
                entities.into_iter().map(move |(entity, partial)| Row {
                    kind: kind.as_str().to_owned(),
                    entity: entity.into(),
                    day,
                    partial,
                })
            })
            .collect();
        rows.sort_by(|a, b| (&a.kind, &a.entity, a.day).cmp(&(&b.kind, &b.entity, b.day)));
        rows
    }

    /// Everything folded, ordered by (kind, entity, day), each key once.
    pub fn finish(mut self) -> Result<Merged, RollupError> {
        let rows = self.drain();
        let mut runs = std::mem::take(&mut self.runs);
        runs.push(Run::write(&self.folder, &rows)?);
        Merged::new(runs)
    }
}

/// A person's hash in sketches of people.
pub fn subject_hash(namespace: &str, id: &str) -> u64 {
    weir_stats::hash64_in(hash64(namespace.as_bytes()), id.as_bytes())
}

fn when(batch: &RecordBatch, row: usize) -> Option<(i64, i32)> {
    let time = batch.column_by_name("time")?.as_primitive_opt::<TimestampMicrosecondType>()?.value(row);
    let day =
        batch.column_by_name("day").and_then(|c| c.as_primitive_opt::<Date32Type>()).map(|d| d.value(row));
    Some((time, day.unwrap_or_else(|| weir_model::Micros(time).day())))
}

fn outcome(batch: &RecordBatch, row: usize) -> Option<Outcome> {
    let id = batch.column_by_name("status_id").and_then(|c| c.as_primitive_opt::<Int32Type>());
    let id = id.filter(|c| c.is_valid(row)).map(|c| c.value(row));
    Some(Outcome::of(id, cell(texts(batch, "status_code"), row)))
}

/// Merges rows of equal keys that follow one another, as a query over several ingests gives them.
pub fn merge_neighbours(rows: impl IntoIterator<Item = Row>) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::new();
    for row in rows {
        match out.last_mut().filter(|l| (&l.kind, &l.entity, l.day) == (&row.kind, &row.entity, row.day)) {
            Some(last) => last.partial.merge(&row.partial),
            None => out.push(row),
        }
    }
    out
}
