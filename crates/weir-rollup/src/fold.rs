//! [`Fold`]: takes record batches in and gives rows out, within a budget of bytes.

use crate::RollupError;
use crate::cells::{Text, When, number, text};
use crate::coded::{Coded, NONE};
use crate::kind;
use crate::merge::Merged;
use crate::partial::{Partial, SPAN_US};
use crate::spill::Runs;
use crate::table::{Slot, Table};
use arrow_array::{Array, Int32Array, RecordBatch};
use std::collections::BTreeMap;
use std::path::PathBuf;
use weir_catalog::Derived;
use weir_catalog::derive::each_subject;
use weir_catalog::outcome::Outcome;
use weir_model::entity::prefix_of;
use weir_model::{EntityKind, Table as Records};
use weir_stats::{hash64, hash64_in};

/// Folds record batches into rows per entity and day.
pub struct Fold {
    table: Table,
    runs: Runs,
    budget_bytes: usize,
    /// Kept from batch to batch for their memory.
    touches: Vec<Touch>,
    people: Vec<u64>,
}

/// What one access adds to each of its entities.
struct Touch {
    time: i64,
    bytes: u64,
    outcome: Outcome,
    /// Whether it concerns a dataset or somebody.
    data: bool,
    shown: bool,
    /// Where its people lie among those of the batch.
    people: (usize, usize),
    credential: Option<u64>,
    /// Whether it names who asked, by credential or by name.
    named: bool,
    route: Option<u64>,
    origin: Option<u64>,
    /// Whose hands the data came into: the credential, else the actor, else the client at its address.
    bearer: u64,
    /// The span it falls in, of its client, and of its client at its origin; none without an origin.
    spans: Option<[u64; 2]>,
}

/// What one sign-in or issuance adds.
struct Sign {
    time: i64,
    failed: bool,
    issued: bool,
    account: Option<u64>,
    credential: Option<u64>,
    origin: Option<u64>,
}

/// The rows of a batch by their day.
type Days = BTreeMap<i32, Vec<usize>>;

impl Fold {
    /// A fold that holds about `budget_bytes` of partials in memory and spills beyond it into unnamed files in `folder`.
    #[must_use]
    pub fn new(budget_bytes: usize, folder: impl Into<PathBuf>) -> Self {
        Self {
            table: Table::default(),
            runs: Runs::new(folder.into()),
            budget_bytes,
            touches: Vec::new(),
            people: Vec::new(),
        }
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
        let (origins, credentials) = (coded("src_ip"), coded("credential"));
        let (clients, actors) = (coded("user_agent"), coded("actor"));
        let (routes, datasets) = (derived_text(&derived.route), derived_text(&derived.dataset));
        let (countries, asns) = (derived_text(&derived.country), derived_text(&derived.asn));
        let (codes, bytes) = (text(batch, "status_code"), number(batch, "bytes_out"));
        let status = statuses(batch);
        let when = When::of(batch)?;
        let (mut touches, mut people) = (std::mem::take(&mut self.touches), std::mem::take(&mut self.people));
        touches.clear();
        people.clear();
        let mut touch = |row: usize| {
            let from = people.len();
            each_subject(Some(&derived.subjects), row, |namespace, id, _| {
                people.push(subject_hash(namespace, id));
            });
            let time = when.at(row).0;
            let (origin, client) = (origins.hash_at(row), clients.hash_at(row).unwrap_or(0));
            let device = || hash64_in(origin.unwrap_or(0), &client.to_le_bytes());
            let credential = credentials.hash_at(row);
            let span = time.div_euclid(SPAN_US);
            let spans = origin.map(|_| [visit(client, span), visit(device(), span)]);
            Touch {
                time,
                bytes: bytes.at(row),
                outcome: Outcome::of(status_at(status, row), codes.at(row)),
                data: datasets.is_at(row) || people.len() > from,
                shown: row < derived.shown.len() && derived.shown.value(row),
                people: (from, people.len()),
                credential,
                named: credential.is_some() || actors.is_at(row),
                route: routes.hash_at(row),
                origin,
                bearer: credential.or_else(|| actors.hash_at(row)).unwrap_or_else(device),
                spans,
            }
        };
        touches.extend((0..rows).map(&mut touch));
        let days = days(when, rows);
        let prefixes = prefixes(&origins);
        for (kind, lane) in [
            (EntityKind::Origin, &origins),
            (EntityKind::Prefix, &origins.map(&prefixes)),
            (EntityKind::Client, &clients),
            (EntityKind::Credential, &credentials),
            (EntityKind::Key, &coded("key_uid")),
            (EntityKind::Actor, &actors),
            (EntityKind::Dataset, &datasets),
            (EntityKind::Country, &countries),
            (EntityKind::Asn, &asns),
        ] {
            let visits = kind::visits(kind);
            let alone = kind == EntityKind::Origin;
            self.lane(kind, lane, &days, |row, partial| {
                let Some(touch) = touches.get(row) else { return };
                touch.add(&people, touch.credential, partial);
                if let Some([of_client, of_both]) = touch.spans.filter(|_| visits) {
                    touch.visit(if alone { of_client } else { of_both }, partial);
                }
            })?;
        }
        self.lane(EntityKind::Sensor, &coded("sensor"), &days, |row, partial| {
            let Some(touch) = touches.get(row) else { return };
            touch.add(&people, touch.credential, partial);
            partial.in_hour(touch.time);
        })?;
        let shows = |row: &usize| touches.get(*row).is_some_and(|touch| touch.data && touch.shown);
        let shown: Days =
            days.into_iter().map(|(day, rows)| (day, rows.into_iter().filter(shows).collect())).collect();
        let crossings = crossings(&countries, &datasets, rows);
        let crossed = Coded::of(rows, |row| crossings.get(row)?.as_deref());
        for (kind, lane) in [
            (EntityKind::Host, &coded("hostname")),
            (EntityKind::Route, &routes),
            (EntityKind::Crossing, &crossed),
        ] {
            self.lane(kind, lane, &shown, |row, partial| {
                if let Some(touch) = touches.get(row) {
                    touch.add(&people, Some(touch.bearer), partial);
                }
            })?;
        }
        (self.touches, self.people) = (touches, people);
        Ok(())
    }

    /// Takes in a batch of `auth`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn auth(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let rows = batch.num_rows();
        let coded = |name| Coded::new(text(batch, name), rows);
        let (origins, credentials, users) = (coded("src_ip"), coded("credential"), coded("user"));
        let (actors, activities) = (coded("actor"), text(batch, "activity"));
        let status = statuses(batch);
        let when = When::of(batch)?;
        let sign = |row: usize| {
            let failed = status_at(status, row) == Some(weir_model::record::STATUS_FAILURE);
            let credential = credentials.hash_at(row);
            let other = matches!(activities.at(row), Some("logon" | "logoff" | "delete"));
            let issued = credential.is_some() && !failed && !other;
            let (account, origin) = (users.hash_at(row), origins.hash_at(row));
            Sign { time: when.at(row).0, failed, issued, account, credential, origin }
        };
        let signs: Vec<Sign> = (0..rows).map(sign).collect();
        let days = days(when, rows);
        let prefixes = prefixes(&origins);
        // Whose identity it is counts as an actor too, once.
        let others = Coded::of(rows, |row| users.at(row).filter(|user| actors.at(row) != Some(user)));
        for (kind, lane) in [
            (EntityKind::Origin, &origins),
            (EntityKind::Prefix, &origins.map(&prefixes)),
            (EntityKind::Client, &coded("user_agent")),
            (EntityKind::Credential, &credentials),
            (EntityKind::Key, &coded("key_uid")),
            (EntityKind::Actor, &actors),
            (EntityKind::Actor, &others),
            (EntityKind::Host, &coded("hostname")),
            (EntityKind::Sensor, &coded("sensor")),
        ] {
            self.lane(kind, lane, &days, |row, partial| {
                let Some(sign) = signs.get(row) else { return };
                sign.add(partial);
                if kind == EntityKind::Sensor {
                    partial.in_hour(sign.time);
                }
            })?;
        }
        Ok(())
    }

    /// Takes in a batch of `flow`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn flow(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let rows = batch.num_rows();
        let coded = |name| Coded::new(text(batch, name), rows);
        let (origins, bytes, when) = (coded("src_ip"), number(batch, "bytes_out"), When::of(batch)?);
        let days = days(when, rows);
        let prefixes = prefixes(&origins);
        for (kind, lane) in [
            (EntityKind::Origin, &origins),
            (EntityKind::Prefix, &origins.map(&prefixes)),
            (EntityKind::Host, &coded("dst_ip")),
            (EntityKind::Sensor, &coded("sensor")),
        ] {
            self.lane(kind, lane, &days, |row, partial| {
                let time = when.at(row).0;
                partial.at(time);
                partial.flows = partial.flows.saturating_add(1);
                partial.bytes_sent = partial.bytes_sent.saturating_add(bytes.at(row));
                origins.hash_at(row).into_iter().for_each(|hash| partial.origins.insert(hash));
                if kind == EntityKind::Sensor {
                    partial.in_hour(time);
                }
            })?;
        }
        Ok(())
    }

    /// Takes in a batch of `host`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn host(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let rows = batch.num_rows();
        let coded = |name| Coded::new(text(batch, name), rows);
        let (origins, users, when) = (coded("src_ip"), coded("user"), When::of(batch)?);
        let days = days(when, rows);
        let prefixes = prefixes(&origins);
        for (kind, lane) in [
            (EntityKind::Origin, &origins),
            (EntityKind::Prefix, &origins.map(&prefixes)),
            (EntityKind::Host, &coded("hostname")),
            (EntityKind::Actor, &users),
            (EntityKind::Sensor, &coded("sensor")),
        ] {
            self.lane(kind, lane, &days, |row, partial| {
                let time = when.at(row).0;
                partial.at(time);
                origins.hash_at(row).into_iter().for_each(|hash| partial.origins.insert(hash));
                users.hash_at(row).into_iter().for_each(|hash| partial.accounts.insert(hash));
                if kind == EntityKind::Sensor {
                    partial.in_hour(time);
                }
            })?;
        }
        Ok(())
    }

    /// The rows, sorted by kind, entity and day, each once.
    ///
    /// # Errors
    /// If a run cannot be read.
    pub fn finish(self) -> Result<Merged, RollupError> {
        self.runs.finish(self.table.into_sorted())
    }

    /// Bytes of partials held in memory now, an upper estimate.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// Changes the entity of a kind that each row names.
    fn lane(
        &mut self,
        kind: EntityKind,
        lane: &Coded<'_>,
        days: &Days,
        change: impl Fn(usize, &mut Partial),
    ) -> Result<(), RollupError> {
        if lane.values.is_empty() {
            return Ok(());
        }
        let kind = kind::place(kind);
        // Of this day, by the number of the value.
        let mut slots: Vec<Slot> = vec![NONE; lane.values.len()];
        let mut used: Vec<u32> = Vec::new();
        for (day, rows) in days {
            for row in rows {
                let code = lane.codes.get(*row).copied().unwrap_or(NONE);
                let Some(slot) = slots.get_mut(code as usize) else { continue };
                if *slot == NONE {
                    *slot = self.table.slot(
                        kind,
                        lane.values.get(code as usize).copied().unwrap_or_default(),
                        *day,
                    );
                    used.push(code);
                }
                if let Some(partial) = self.table.at(*slot) {
                    change(*row, partial);
                }
            }
            for code in used.drain(..) {
                if let Some(slot) = slots.get_mut(code as usize) {
                    self.table.count(*slot);
                    *slot = NONE;
                }
            }
        }
        if self.table.bytes() > self.budget_bytes {
            self.runs.add(&self.table)?;
            self.table.clear();
        }
        Ok(())
    }
}

/// The hash under which a person is counted: [`hash64_in`] of the id, in the space of the namespace's [`hash64`].
#[must_use]
pub fn subject_hash(namespace: &str, id: &str) -> u64 {
    hash64_in(hash64(namespace.as_bytes()), id.as_bytes())
}

impl Touch {
    /// Adds it to an entity that counts these bearers.
    fn add(&self, people: &[u64], credential: Option<u64>, partial: &mut Partial) {
        partial.at(self.time);
        partial.accesses = partial.accesses.saturating_add(1);
        partial.bytes = partial.bytes.saturating_add(self.bytes);
        match self.outcome {
            Outcome::Ok => partial.ok = partial.ok.saturating_add(1),
            Outcome::Denied => partial.denied = partial.denied.saturating_add(1),
            Outcome::Missing => partial.missing = partial.missing.saturating_add(1),
            Outcome::Failed => partial.failed = partial.failed.saturating_add(1),
            Outcome::Unknown => {}
        }
        if self.data {
            partial.data_records = partial.data_records.saturating_add(1);
            partial.shown_records = partial.shown_records.saturating_add(u64::from(self.shown));
        }
        let own = people.get(self.people.0..self.people.1).unwrap_or_default();
        let people = if self.shown { &mut partial.people } else { &mut partial.missed };
        own.iter().for_each(|hash| people.insert(*hash));
        if self.shown && !self.named {
            own.iter().for_each(|hash| partial.unnamed.insert(*hash));
        }
        credential.into_iter().for_each(|hash| partial.credentials.insert(hash));
        self.route.into_iter().for_each(|hash| partial.routes.insert(hash));
        self.origin.into_iter().for_each(|hash| partial.origins.insert(hash));
    }

    /// Counts the span in which a client was shown data, or looked around.
    fn visit(&self, span: u64, partial: &mut Partial) {
        if self.data && self.shown {
            partial.visits.insert(span);
        } else if !self.data && self.outcome == Outcome::Ok {
            partial.looks.insert(span);
            partial.looks.insert(span.wrapping_add(1));
        }
    }
}

impl Sign {
    fn add(&self, partial: &mut Partial) {
        partial.at(self.time);
        partial.auths = partial.auths.saturating_add(1);
        partial.auths_failed = partial.auths_failed.saturating_add(u64::from(self.failed));
        partial.issued = partial.issued.saturating_add(u64::from(self.issued));
        self.account.into_iter().for_each(|hash| partial.accounts.insert(hash));
        self.credential.into_iter().for_each(|hash| partial.credentials.insert(hash));
        self.origin.into_iter().for_each(|hash| partial.origins.insert(hash));
    }
}

/// The number of somebody's span. Spans that follow one another have numbers that do, so that sets of them compress.
fn visit(who: u64, span: i64) -> u64 {
    (who >> 32 << 32) | (span.cast_unsigned() & u64::from(u32::MAX))
}

/// The rows of a batch by their day.
fn days(when: When<'_>, rows: usize) -> Days {
    let mut days = Days::new();
    for row in 0..rows {
        days.entry(when.at(row).1).or_default().push(row);
    }
    days
}

/// The prefix of each origin, by the origin's number.
fn prefixes(origins: &Coded<'_>) -> Vec<Option<String>> {
    origins.values.iter().map(|origin| prefix_of(origin)).collect()
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
