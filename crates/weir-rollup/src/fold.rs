//! [`Fold`]: takes record batches in and gives rows out, within a budget of bytes.

use crate::RollupError;
use crate::cells::{Text, When, number, text};
use crate::kind;
use crate::merge::Merged;
use crate::partial::{Partial, SPAN_US};
use crate::spill::Runs;
use crate::table::{Hint, Table};
use arrow_array::{Array, Int32Array, RecordBatch};
use std::collections::HashMap;
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
}

/// What one access adds to each of its entities.
#[derive(Clone, Copy)]
struct Touch<'p> {
    time: i64,
    bytes: u64,
    outcome: Outcome,
    /// Whether it concerns a dataset or somebody.
    data: bool,
    shown: bool,
    people: &'p [u64],
    credential: Option<u64>,
    /// Whether it names who asked, by credential or by name.
    named: bool,
    route: Option<u64>,
    origin: Option<u64>,
    client: u64,
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

/// Values of one kind in a batch, and where the last one was found.
struct Lane<'a> {
    kind: u8,
    values: Text<'a>,
    hint: Hint,
}

impl<'a> Lane<'a> {
    fn new(kind: EntityKind, values: Text<'a>) -> Self {
        Self { kind: kind::place(kind), values, hint: Hint::default() }
    }
}

impl Fold {
    /// A fold that holds about `budget_bytes` of partials in memory and spills beyond it into unnamed files in `folder`.
    #[must_use]
    pub fn new(budget_bytes: usize, folder: impl Into<PathBuf>) -> Self {
        Self { table: Table::default(), runs: Runs::new(folder.into()), budget_bytes }
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
        let when = When::of(batch)?;
        let (origins, credentials) = (text(batch, "src_ip"), text(batch, "credential"));
        let (clients, actors) = (text(batch, "user_agent"), text(batch, "actor"));
        let (codes, bytes) = (text(batch, "status_code"), number(batch, "bytes_out"));
        let status = statuses(batch);
        let mut prefixes = Prefixes::new(origins);
        let mut lanes = [
            Lane::new(EntityKind::Origin, origins),
            Lane::new(EntityKind::Client, clients),
            Lane::new(EntityKind::Credential, credentials),
            Lane::new(EntityKind::Key, text(batch, "key_uid")),
            Lane::new(EntityKind::Actor, actors),
            Lane::new(EntityKind::Dataset, Text(Some(&derived.dataset))),
            Lane::new(EntityKind::Country, Text(Some(&derived.country))),
            Lane::new(EntityKind::Asn, Text(Some(&derived.asn))),
            Lane::new(EntityKind::Sensor, text(batch, "sensor")),
        ];
        let (routes, datasets) = (Text(Some(&derived.route)), Text(Some(&derived.dataset)));
        let mut shown = Shown {
            lanes: [
                Lane::new(EntityKind::Host, text(batch, "hostname")),
                Lane::new(EntityKind::Route, routes),
            ],
            countries: Text(Some(&derived.country)),
            datasets,
            names: HashMap::new(),
            hint: Hint::default(),
        };
        let mut people = Vec::new();
        for row in 0..batch.num_rows() {
            let (time, day) = when.at(row);
            people.clear();
            each_subject(Some(&derived.subjects), row, |namespace, id, _| {
                people.push(subject_hash(namespace, id))
            });
            let touch = Touch {
                time,
                bytes: bytes.at(row),
                outcome: Outcome::of(status_at(status, row), codes.at(row)),
                data: datasets.at(row).is_some() || !people.is_empty(),
                shown: row < derived.shown.len() && derived.shown.value(row),
                people: &people,
                credential: credentials.at(row).map(|v| hash64(v.as_bytes())),
                named: credentials.at(row).or(actors.at(row)).is_some(),
                route: routes.at(row).map(|v| hash64(v.as_bytes())),
                origin: origins.at(row).map(|v| hash64(v.as_bytes())),
                client: clients.at(row).map_or(0, |v| hash64(v.as_bytes())),
            };
            self.each(&mut lanes, &mut prefixes, row, day, |kind, partial| {
                touch.add(partial);
                if kind::at(kind).is_some_and(kind::visits) {
                    touch.visit(partial);
                }
            })?;
            if touch.data && touch.shown {
                let actor = actors.at(row).map(|v| hash64(v.as_bytes()));
                self.shown(&mut shown, row, day, &Touch { credential: Some(touch.bearer(actor)), ..touch })?;
            }
            self.hour(&mut lanes, row, (time, day));
        }
        Ok(())
    }

    /// Takes in a batch of `auth`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn auth(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let when = When::of(batch)?;
        let (origins, credentials, users) =
            (text(batch, "src_ip"), text(batch, "credential"), text(batch, "user"));
        let (actors, activities) = (text(batch, "actor"), text(batch, "activity"));
        let status = statuses(batch);
        let mut prefixes = Prefixes::new(origins);
        let mut lanes = [
            Lane::new(EntityKind::Origin, origins),
            Lane::new(EntityKind::Client, text(batch, "user_agent")),
            Lane::new(EntityKind::Credential, credentials),
            Lane::new(EntityKind::Key, text(batch, "key_uid")),
            Lane::new(EntityKind::Actor, actors),
            Lane::new(EntityKind::Host, text(batch, "hostname")),
            Lane::new(EntityKind::Sensor, text(batch, "sensor")),
        ];
        let mut user_hint = Hint::default();
        for row in 0..batch.num_rows() {
            let (time, day) = when.at(row);
            let failed = status_at(status, row) == Some(weir_model::record::STATUS_FAILURE);
            let hash = |column: Text<'_>| column.at(row).map(|v| hash64(v.as_bytes()));
            let credential = hash(credentials);
            let other = matches!(activities.at(row), Some("logon" | "logoff" | "delete"));
            let issued = credential.is_some() && !failed && !other;
            let sign = Sign { time, failed, issued, account: hash(users), credential, origin: hash(origins) };
            self.each(&mut lanes, &mut prefixes, row, day, |_, partial| sign.add(partial))?;
            // Whose identity it is counts as an actor too, once.
            if let Some(user) = users.at(row).filter(|user| actors.at(row) != Some(user)) {
                self.update(kind::place(EntityKind::Actor), user, day, &mut user_hint, |partial| {
                    sign.add(partial)
                })?;
            }
            self.hour(&mut lanes, row, (time, day));
        }
        Ok(())
    }

    /// Takes in a batch of `flow`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn flow(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let when = When::of(batch)?;
        let (origins, bytes) = (text(batch, "src_ip"), number(batch, "bytes_out"));
        let mut prefixes = Prefixes::new(origins);
        let mut lanes = [
            Lane::new(EntityKind::Origin, origins),
            Lane::new(EntityKind::Host, text(batch, "dst_ip")),
            Lane::new(EntityKind::Sensor, text(batch, "sensor")),
        ];
        for row in 0..batch.num_rows() {
            let (time, day) = when.at(row);
            let (origin, sent) = (origins.at(row).map(|v| hash64(v.as_bytes())), bytes.at(row));
            self.each(&mut lanes, &mut prefixes, row, day, |_, partial| {
                partial.at(time);
                partial.flows = partial.flows.saturating_add(1);
                partial.bytes_sent = partial.bytes_sent.saturating_add(sent);
                origin.into_iter().for_each(|hash| partial.origins.insert(hash));
            })?;
            self.hour(&mut lanes, row, (time, day));
        }
        Ok(())
    }

    /// Takes in a batch of `host`.
    ///
    /// # Errors
    /// If the batch has no times, or a run cannot be written.
    pub fn host(&mut self, batch: &RecordBatch) -> Result<(), RollupError> {
        let when = When::of(batch)?;
        let (origins, users) = (text(batch, "src_ip"), text(batch, "user"));
        let mut prefixes = Prefixes::new(origins);
        let mut lanes = [
            Lane::new(EntityKind::Origin, origins),
            Lane::new(EntityKind::Host, text(batch, "hostname")),
            Lane::new(EntityKind::Actor, users),
            Lane::new(EntityKind::Sensor, text(batch, "sensor")),
        ];
        for row in 0..batch.num_rows() {
            let (time, day) = when.at(row);
            let origin = origins.at(row).map(|v| hash64(v.as_bytes()));
            let account = users.at(row).map(|v| hash64(v.as_bytes()));
            self.each(&mut lanes, &mut prefixes, row, day, |_, partial| {
                partial.at(time);
                origin.into_iter().for_each(|hash| partial.origins.insert(hash));
                account.into_iter().for_each(|hash| partial.accounts.insert(hash));
            })?;
            self.hour(&mut lanes, row, (time, day));
        }
        Ok(())
    }

    /// The rows, sorted by kind, entity and day, each once.
    ///
    /// # Errors
    /// If a run cannot be read.
    pub fn finish(mut self) -> Result<Merged, RollupError> {
        let rest = self.table.take_sorted();
        self.runs.finish(rest)
    }

    /// Bytes of partials held in memory now, an upper estimate.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// Changes each entity of a row, the origin's prefix among them.
    fn each(
        &mut self,
        lanes: &mut [Lane<'_>],
        prefixes: &mut Prefixes<'_>,
        row: usize,
        day: i32,
        change: impl Fn(u8, &mut Partial),
    ) -> Result<(), RollupError> {
        for lane in lanes {
            if let Some(value) = lane.values.at(row) {
                let kind = lane.kind;
                self.update(kind, value, day, &mut lane.hint, |partial| change(kind, partial))?;
            }
        }
        let mut hint = prefixes.hint;
        if let Some(prefix) = prefixes.at(row) {
            let kind = kind::place(EntityKind::Prefix);
            self.update(kind, prefix, day, &mut hint, |partial| change(kind, partial))?;
        }
        prefixes.hint = hint;
        Ok(())
    }

    /// Changes the entities that count nothing but data that was shown.
    fn shown(
        &mut self,
        shown: &mut Shown<'_>,
        row: usize,
        day: i32,
        touch: &Touch<'_>,
    ) -> Result<(), RollupError> {
        for lane in &mut shown.lanes {
            if let Some(value) = lane.values.at(row) {
                self.update(lane.kind, value, day, &mut lane.hint, |partial| touch.add(partial))?;
            }
        }
        if let (Some(country), Some(dataset)) = (shown.countries.at(row), shown.datasets.at(row)) {
            let name =
                shown.names.entry((country, dataset)).or_insert_with(|| kind::crossing(country, dataset));
            let kind = kind::place(EntityKind::Crossing);
            self.update(kind, name, day, &mut shown.hint, |partial| touch.add(partial))?;
        }
        Ok(())
    }

    /// Counts a row in its sensor's hour: the last lane, which was just found.
    fn hour(&mut self, lanes: &mut [Lane<'_>], row: usize, (time, day): (i64, i32)) {
        if let Some(lane) = lanes.last_mut()
            && let Some(sensor) = lane.values.at(row)
        {
            self.table.update(lane.kind, sensor, day, &mut lane.hint, |partial| partial.in_hour(time));
        }
    }

    fn update(
        &mut self,
        kind: u8,
        entity: &str,
        day: i32,
        hint: &mut Hint,
        change: impl FnOnce(&mut Partial),
    ) -> Result<(), RollupError> {
        if self.table.bytes() > self.budget_bytes {
            let entries = self.table.take_sorted();
            self.runs.add(entries)?;
        }
        self.table.update(kind, entity, day, hint, change);
        Ok(())
    }
}

/// The hash under which a person is counted: [`hash64_in`] of the id, in the space of the namespace's [`hash64`].
#[must_use]
pub fn subject_hash(namespace: &str, id: &str) -> u64 {
    hash64_in(hash64(namespace.as_bytes()), id.as_bytes())
}

impl Touch<'_> {
    fn add(&self, partial: &mut Partial) {
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
        let people = if self.shown { &mut partial.people } else { &mut partial.missed };
        self.people.iter().for_each(|hash| people.insert(*hash));
        if self.shown && !self.named {
            self.people.iter().for_each(|hash| partial.unnamed.insert(*hash));
        }
        self.credential.into_iter().for_each(|hash| partial.credentials.insert(hash));
        self.route.into_iter().for_each(|hash| partial.routes.insert(hash));
        self.origin.into_iter().for_each(|hash| partial.origins.insert(hash));
    }
}

impl Touch<'_> {
    /// Whose hands the data came into: the credential, else the actor, else the client at its address.
    fn bearer(&self, actor: Option<u64>) -> u64 {
        let device = || hash64_in(self.origin.unwrap_or(0), &self.client.to_le_bytes());
        self.credential.or(actor).unwrap_or_else(device)
    }

    /// Counts the span in which a client was shown data, or looked around.
    fn visit(&self, partial: &mut Partial) {
        let Some(origin) = self.origin else { return };
        let span = self.time.div_euclid(SPAN_US);
        let who = hash64_in(origin, &self.client.to_le_bytes());
        let at = |span: i64| hash64_in(who, &span.to_le_bytes());
        if self.data && self.shown {
            partial.visits.insert(at(span));
        } else if !self.data && self.outcome == Outcome::Ok {
            partial.looks.insert(at(span));
            partial.looks.insert(at(span + 1));
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

/// Entities of a batch that count data shown and nothing else, so that paths asked for in vain make none: hosts, routes, and datasets by
/// the country they were read from. Their credentials are bearers ([`Touch::bearer`]).
struct Shown<'a> {
    lanes: [Lane<'a>; 2],
    countries: Text<'a>,
    datasets: Text<'a>,
    names: HashMap<(&'a str, &'a str), String>,
    hint: Hint,
}

/// Prefixes of a batch's origins, each computed once.
struct Prefixes<'a> {
    origins: Text<'a>,
    known: HashMap<&'a str, Option<String>>,
    hint: Hint,
}

impl<'a> Prefixes<'a> {
    fn new(origins: Text<'a>) -> Self {
        Self { origins, known: HashMap::new(), hint: Hint::default() }
    }

    fn at(&mut self, row: usize) -> Option<&str> {
        let origin = self.origins.at(row)?;
        self.known.entry(origin).or_insert_with(|| prefix_of(origin)).as_deref()
    }
}

fn statuses(batch: &RecordBatch) -> Option<&Int32Array> {
    batch.column_by_name("status_id").and_then(|c| c.as_any().downcast_ref())
}

fn status_at(column: Option<&Int32Array>, row: usize) -> Option<i32> {
    column.filter(|c| row < c.len() && c.is_valid(row)).map(|c| c.value(row))
}
