//! [`Catalog`]: what a record shows, by configuration and learning. Route, dataset, people, outcome.
//!
//! Decisive choice: a pure function of a batch and an immutable catalog. It asks for a few columns only, so that a query engine can call
//! it with arrays, and resolves each distinct path of a batch once.

use crate::apply::{Resolved, Rules};
use crate::links::CREDENTIAL;
use crate::outcome::{Outcome, shows_data};
use crate::{Asns, CatalogError, Countries, Learned, Links, learn};
use arrow_array::builder::{ArrayBuilder, BooleanBuilder, ListBuilder, StringBuilder, StructBuilder};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Int32Array, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow_schema::{DataType, Fields};
use hashbrown::HashMap;
use std::sync::Arc;
use weir_model::Basis;
use weir_model::case::DatasetUsed;
use weir_model::config::Config;
use weir_model::record::subjects_type;
use weir_stats::{hash64, hash64_in};

/// Version of the rules in this crate and of what rollups keep by them; part of a catalog's id, so that older rollups are folded again.
const RULES_VERSION: u64 = 6;

/// What personal data is and where it stands in a record. Immutable; share it in an `Arc`.
#[derive(Debug)]
pub struct Catalog {
    rules: Rules,
    links: Links,
    countries: Option<Arc<Countries>>,
    asns: Option<Arc<Asns>>,
    id: String,
}

/// The columns of `access` that derivation reads; what is absent is unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inputs<'a> {
    /// Number of rows.
    pub rows: usize,
    /// `path`.
    pub path: Option<&'a StringArray>,
    /// `query`.
    pub query: Option<&'a StringArray>,
    /// `service`.
    pub service: Option<&'a StringArray>,
    /// `operation`.
    pub operation: Option<&'a StringArray>,
    /// `resource`.
    pub resource: Option<&'a StringArray>,
    /// `request`.
    pub request: Option<&'a StringArray>,
    /// `credential`.
    pub credential: Option<&'a StringArray>,
    /// `actor`.
    pub actor: Option<&'a StringArray>,
    /// `src_ip`.
    pub src_ip: Option<&'a StringArray>,
    /// `user_agent`; read by learning only.
    pub user_agent: Option<&'a StringArray>,
    /// `subjects`: people the log itself names.
    pub subjects: Option<&'a ListArray>,
    /// `status_id`.
    pub status_id: Option<&'a Int32Array>,
    /// `status_code`.
    pub status_code: Option<&'a StringArray>,
    /// `http_method`.
    pub http_method: Option<&'a StringArray>,
}

/// A column that a catalog derives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// [`Derived::route`].
    Route,
    /// [`Derived::dataset`].
    Dataset,
    /// [`Derived::subject`].
    Subject,
    /// [`Derived::subjects`].
    Subjects,
    /// [`Derived::outcome`].
    Outcome,
    /// [`Derived::shown`].
    Shown,
    /// [`Derived::country`].
    Country,
    /// [`Derived::asn`].
    Asn,
}

impl Column {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Route,
        Self::Dataset,
        Self::Subject,
        Self::Subjects,
        Self::Outcome,
        Self::Shown,
        Self::Country,
        Self::Asn,
    ];

    /// Its name in `access`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Dataset => "dataset",
            Self::Subject => "subject",
            Self::Subjects => "subjects",
            Self::Outcome => "outcome",
            Self::Shown => "shown",
            Self::Country => "country",
            Self::Asn => "asn",
        }
    }

    /// Its type.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Route | Self::Dataset | Self::Subject | Self::Outcome | Self::Country | Self::Asn => {
                DataType::Utf8
            }
            Self::Subjects => subjects_type(),
            Self::Shown => DataType::Boolean,
        }
    }
}

/// What was derived, a row for each row of the batch; a column that was not asked for is null throughout.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The route: `/members/{id}/addresses`, `s3:GetObject`; null when the record has neither path nor operation.
    pub route: StringArray,
    /// The dataset it belongs to, if any.
    pub dataset: StringArray,
    /// The first subject, as `namespace:id`.
    pub subject: StringArray,
    /// Everyone it shows or asks for: `{namespace, id, basis}`.
    pub subjects: ListArray,
    /// `ok`, `denied`, `missing`, `failed`; null when the log does not say.
    pub outcome: StringArray,
    /// Whether the answer showed what was asked for.
    pub shown: BooleanArray,
    /// The country the origin is registered in; null without a database that says so.
    pub country: StringArray,
    /// The autonomous system that announces the origin: `AS15169`; null without a database that says so.
    pub asn: StringArray,
}

impl<'a> Inputs<'a> {
    /// The columns of a batch of `access`.
    #[must_use]
    pub fn of(batch: &'a RecordBatch) -> Self {
        let text = |name| batch.column_by_name(name).and_then(|c| c.as_any().downcast_ref::<StringArray>());
        Self {
            rows: batch.num_rows(),
            path: text("path"),
            query: text("query"),
            service: text("service"),
            operation: text("operation"),
            resource: text("resource"),
            request: text("request"),
            credential: text("credential"),
            actor: text("actor"),
            src_ip: text("src_ip"),
            user_agent: text("user_agent"),
            subjects: batch.column_by_name("subjects").and_then(|c| c.as_any().downcast_ref()),
            status_id: batch.column_by_name("status_id").and_then(|c| c.as_any().downcast_ref()),
            status_code: text("status_code"),
            http_method: text("http_method"),
        }
    }

    pub(crate) fn path(&self, row: usize) -> Option<&'a str> {
        cell(self.path, row)
    }

    pub(crate) fn query(&self, row: usize) -> Option<&'a str> {
        cell(self.query, row)
    }

    pub(crate) fn outcome(&self, row: usize) -> Outcome {
        let id = self.status_id.filter(|c| row < c.len() && c.is_valid(row)).map(|c| c.value(row));
        Outcome::of(id, cell(self.status_code, row))
    }

    pub(crate) fn client(&self, row: usize) -> Option<u64> {
        learn::client_of(cell(self.credential, row), cell(self.src_ip, row), cell(self.user_agent, row))
    }

    pub(crate) fn credentialed(&self, row: usize) -> bool {
        cell(self.credential, row).or_else(|| cell(self.actor, row)).is_some()
    }
}

/// A cell of a text column; `None` where it or the column is not there.
fn cell(column: Option<&StringArray>, row: usize) -> Option<&str> {
    column.filter(|c| row < c.len() && c.is_valid(row)).map(|c| c.value(row))
}

impl Catalog {
    /// A catalog from what is configured, what was learned, and links from objects to people.
    ///
    /// # Errors
    /// If a configured route or subject cannot be read.
    pub fn new(config: &Config, learned: &Learned, links: Links) -> Result<Self, CatalogError> {
        let rules = Rules::new(config, learned, &links)?;
        let told = serde_json::to_vec(&(&config.datasets, learned)).unwrap_or_default();
        let id = hash64_in(hash64_in(RULES_VERSION, &links.digest().to_le_bytes()), &told);
        let check = hash64_in(id, &told);
        Ok(Self { rules, links, countries: None, asns: None, id: format!("{id:016x}{check:016x}") })
    }

    /// The catalog with a database of where addresses are registered.
    #[must_use]
    pub fn with_countries(mut self, countries: Option<Arc<Countries>>) -> Self {
        if let Some(known) = &countries {
            self.id = format!("{}{:016x}", self.id, known.digest());
        }
        self.countries = countries;
        self
    }

    /// The catalog with a database of whose networks addresses are in.
    #[must_use]
    pub fn with_asns(mut self, asns: Option<Arc<Asns>>) -> Self {
        if let Some(known) = &asns {
            self.id = format!("{}a{:016x}", self.id, known.digest());
        }
        self.asns = asns;
        self
    }

    /// Names everything that derivation depends on: equal ids derive equally.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The datasets in use; how many people and records they have is for the caller to fill in.
    #[must_use]
    pub fn datasets(&self) -> Vec<DatasetUsed> {
        self.rules.datasets.clone()
    }

    /// Categories of data of a dataset, if it is known.
    #[must_use]
    pub fn categories(&self, dataset: &str) -> &[String] {
        self.rules.datasets.iter().find(|d| d.name == dataset).map_or(&[], |d| &d.categories)
    }

    /// Derives from a batch of `access`.
    #[must_use]
    pub fn derive(&self, batch: &RecordBatch) -> Derived {
        self.derive_columns(&Inputs::of(batch))
    }

    /// The columns of `access` that a derived column is made from, under this catalog.
    #[must_use]
    pub fn inputs(&self, column: Column) -> Vec<&'static str> {
        let mut place = vec!["path", "service", "operation"];
        if self.rules.reads_queries() {
            place.push("query");
        }
        match column {
            Column::Outcome => vec!["status_id", "status_code"],
            Column::Country | Column::Asn => vec!["src_ip"],
            Column::Shown => vec!["status_id", "status_code", "http_method"],
            Column::Route => place,
            Column::Dataset if self.rules.reads_resources() => [place, vec!["resource", "request"]].concat(),
            Column::Dataset => place,
            Column::Subject | Column::Subjects => [place, vec!["credential", "actor", "subjects"]].concat(),
        }
    }

    /// Derives from the columns alone.
    #[must_use]
    pub fn derive_columns(&self, inputs: &Inputs<'_>) -> Derived {
        self.derive_some(inputs, &Column::ALL)
    }

    /// Derives some columns.
    #[must_use]
    pub fn derive_some(&self, inputs: &Inputs<'_>, wanted: &[Column]) -> Derived {
        let wants = |column| wanted.contains(&column);
        let people = wants(Column::Subject) || wants(Column::Subjects);
        let placed = people || wants(Column::Route) || wants(Column::Dataset);
        let (outcomes, shown) = (wants(Column::Outcome), wants(Column::Shown));
        let mut out = Rows::new(inputs.rows);
        let mut memo = Memo::default();
        for row in 0..inputs.rows {
            if placed {
                let place = memo.place(&self.rules, inputs, row).and_then(|at| memo.places.get(at));
                out.route.append_option(place.and_then(|p| memo.routes.get(p.route)));
                let resolved = place.map(|p| &p.resolved);
                let by_resource = || memo.resource(&self.rules, inputs, row);
                let dataset = resolved.and_then(|r| r.dataset).or_else(by_resource);
                out.dataset
                    .append_option(dataset.and_then(|d| self.rules.datasets.get(d)).map(|d| d.name.as_str()));
                if people {
                    self.people(inputs, row, resolved, &mut out);
                }
            }
            if outcomes || shown {
                let outcome = inputs.outcome(row);
                out.outcome.append_option(outcome.as_str());
                let (code, method) = (cell(inputs.status_code, row), cell(inputs.http_method, row));
                out.shown.append_value(shows_data(outcome, code, method));
            }
        }
        if wants(Column::Country)
            && let Some(countries) = &self.countries
        {
            let mut known: HashMap<&str, Option<&str>> = HashMap::new();
            for row in 0..inputs.rows {
                let found = cell(inputs.src_ip, row);
                let found = found.and_then(|ip| *known.entry(ip).or_insert_with(|| countries.of(ip)));
                out.country.append_option(found);
            }
        }
        if wants(Column::Asn)
            && let Some(asns) = &self.asns
        {
            let mut known: HashMap<&str, Option<String>> = HashMap::new();
            for row in 0..inputs.rows {
                let found = cell(inputs.src_ip, row);
                let found = found.and_then(|ip| known.entry(ip).or_insert_with(|| asns.of(ip)).as_deref());
                out.asn.append_option(found);
            }
        }
        out.finish(inputs.rows)
    }

    /// Everyone a record shows: those the log names, those the request names or a link leads to, the holder of the credential.
    fn people(&self, inputs: &Inputs<'_>, row: usize, resolved: Option<&Resolved<'_, '_>>, out: &mut Rows) {
        each_subject(inputs.subjects, row, |namespace, id, basis| {
            out.person(namespace, id, basis);
            self.linked(namespace, id, Basis::Linked, out);
        });
        let Some(resolved) = resolved else { return out.end_row() };
        for (namespace, id, person) in &resolved.ids {
            if !self.linked(namespace, id, Basis::Linked, out) && *person {
                out.person(namespace, id, Basis::Named.as_str());
            }
        }
        if resolved.holder {
            let credential = cell(inputs.credential, row);
            let known = credential.is_some_and(|c| self.linked(CREDENTIAL, c, Basis::CredentialHolder, out));
            match (known, cell(inputs.actor, row), credential) {
                (true, ..) | (false, None, None) => {}
                (false, Some(actor), _) => {
                    out.person(&self.rules.holder_namespace, actor, Basis::CredentialHolder.as_str())
                }
                (false, None, Some(credential)) => {
                    out.person(CREDENTIAL, credential, Basis::CredentialHolder.as_str())
                }
            }
        }
        out.end_row();
    }

    fn linked(&self, namespace: &str, id: &str, basis: Basis, out: &mut Rows) -> bool {
        if self.links.is_empty() {
            return false;
        }
        let mut any = false;
        for (to, person) in self.links.people(namespace, id) {
            out.person(to, person, basis.as_str());
            any = true;
        }
        any
    }
}

impl Derived {
    /// One of its columns.
    #[must_use]
    pub fn column(self, column: Column) -> ArrayRef {
        match column {
            Column::Route => Arc::new(self.route),
            Column::Dataset => Arc::new(self.dataset),
            Column::Subject => Arc::new(self.subject),
            Column::Subjects => Arc::new(self.subjects),
            Column::Outcome => Arc::new(self.outcome),
            Column::Shown => Arc::new(self.shown),
            Column::Country => Arc::new(self.country),
            Column::Asn => Arc::new(self.asn),
        }
    }
}

/// Calls with namespace, id and basis of each subject in a row of a `subjects` column.
pub fn each_subject<'a>(
    column: Option<&'a ListArray>,
    row: usize,
    mut call: impl FnMut(&'a str, &'a str, &'a str),
) {
    let Some(list) = column.filter(|c| row < c.len() && c.is_valid(row)) else { return };
    let Some(people) = list.values().as_any().downcast_ref::<StructArray>() else { return };
    let text = |name| people.column_by_name(name).and_then(|c| c.as_any().downcast_ref::<StringArray>());
    let columns = (text("namespace"), text("id"), text("basis"));
    let offset = |at: usize| list.value_offsets().get(at).and_then(|o| usize::try_from(*o).ok()).unwrap_or(0);
    for at in offset(row)..offset(row + 1) {
        if let Some(id) = cell(columns.1, at) {
            call(cell(columns.0, at).unwrap_or(""), id, cell(columns.2, at).unwrap_or(""));
        }
    }
}

/// What a path of this batch resolved to.
struct Place<'c, 'a> {
    route: usize,
    resolved: Resolved<'c, 'a>,
}

/// What was resolved so far in this batch.
#[derive(Default)]
struct Memo<'c, 'a> {
    paths: HashMap<(&'a str, &'a str), usize>,
    operations: HashMap<(&'a str, &'a str), usize>,
    places: Vec<Place<'c, 'a>>,
    routes: Routes,
    text: String,
}

/// Route texts of this batch, each once.
#[derive(Default)]
struct Routes {
    index: HashMap<Box<str>, usize>,
    texts: Vec<Box<str>>,
}

impl Routes {
    fn intern(&mut self, text: &str) -> usize {
        if let Some(at) = self.index.get(text) {
            return *at;
        }
        self.texts.push(text.into());
        self.index.insert(text.into(), self.texts.len() - 1);
        self.texts.len() - 1
    }

    fn get(&self, at: usize) -> Option<&str> {
        self.texts.get(at).map(AsRef::as_ref)
    }
}

impl<'c, 'a> Memo<'c, 'a> {
    fn place(&mut self, rules: &'c Rules, inputs: &Inputs<'a>, row: usize) -> Option<usize> {
        Some(match (cell(inputs.service, row), cell(inputs.operation, row), inputs.path(row)) {
            (Some(service), Some(operation), _) => self.operation(service, operation),
            (_, _, Some(path)) => {
                let query = if rules.reads_queries() { inputs.query(row).unwrap_or("") } else { "" };
                self.path(rules, path, query)
            }
            (_, Some(operation), None) => self.operation("", operation),
            (_, None, None) => return None,
        })
    }

    fn path(&mut self, rules: &'c Rules, path: &'a str, query: &'a str) -> usize {
        if let Some(at) = self.paths.get(&(path, query)) {
            return *at;
        }
        let resolved = rules.resolve(path, query, &mut self.text);
        let route = self.routes.intern(&self.text);
        self.places.push(Place { route, resolved });
        self.paths.insert((path, query), self.places.len() - 1);
        self.places.len() - 1
    }

    /// `s3.amazonaws.com`, `GetObject`: `s3:GetObject`.
    fn operation(&mut self, service: &'a str, operation: &'a str) -> usize {
        if let Some(at) = self.operations.get(&(service, operation)) {
            return *at;
        }
        self.text.clear();
        if !service.is_empty() {
            self.text.push_str(service.strip_suffix(".amazonaws.com").unwrap_or(service));
            self.text.push(':');
        }
        self.text.push_str(operation);
        let route = self.routes.intern(&self.text);
        self.places.push(Place { route, resolved: Resolved::default() });
        self.operations.insert((service, operation), self.places.len() - 1);
        self.places.len() - 1
    }

    fn resource(&self, rules: &Rules, inputs: &Inputs<'_>, row: usize) -> Option<usize> {
        rules
            .reads_resources()
            .then(|| rules.of_resource(cell(inputs.resource, row), cell(inputs.request, row)))
            .flatten()
    }
}

/// The columns in the making.
struct Rows {
    route: StringBuilder,
    dataset: StringBuilder,
    subject: StringBuilder,
    subjects: ListBuilder<StructBuilder>,
    outcome: StringBuilder,
    shown: BooleanBuilder,
    country: StringBuilder,
    asn: StringBuilder,
    /// Hashes of this row's people, for leaving out doubles.
    seen: Vec<u64>,
    /// The first of them, as written.
    text: String,
}

impl Rows {
    fn new(rows: usize) -> Self {
        let (element, fields) = match subjects_type() {
            DataType::List(element) => match element.data_type() {
                DataType::Struct(fields) => (Some(element.clone()), fields.clone()),
                _ => (None, Fields::empty()),
            },
            _ => (None, Fields::empty()),
        };
        let mut subjects = ListBuilder::new(StructBuilder::from_fields(fields, rows));
        if let Some(element) = element {
            subjects = subjects.with_field(element);
        }
        Self {
            route: StringBuilder::with_capacity(rows, rows * 24),
            dataset: StringBuilder::with_capacity(rows, rows * 8),
            subject: StringBuilder::with_capacity(rows, rows * 16),
            subjects,
            outcome: StringBuilder::with_capacity(rows, rows * 4),
            shown: BooleanBuilder::with_capacity(rows),
            country: StringBuilder::with_capacity(rows, rows * 2),
            asn: StringBuilder::new(),
            seen: Vec::new(),
            text: String::new(),
        }
    }

    fn person(&mut self, namespace: &str, id: &str, basis: &str) {
        let hash = hash64_in(hash64(namespace.as_bytes()), id.as_bytes());
        if self.seen.contains(&hash) {
            return;
        }
        if self.seen.is_empty() {
            self.text.clear();
            self.text.push_str(namespace);
            self.text.push(':');
            self.text.push_str(id);
        }
        self.seen.push(hash);
        let row = self.subjects.values();
        for (i, text) in [namespace, id, basis].into_iter().enumerate() {
            if let Some(column) = row.field_builder::<StringBuilder>(i) {
                column.append_value(text);
            }
        }
        row.append(true);
    }

    fn end_row(&mut self) {
        self.subject.append_option((!self.seen.is_empty()).then_some(self.text.as_str()));
        self.subjects.append(true);
        self.seen.clear();
    }

    /// The columns; those that nothing was appended to are null in all `rows`.
    fn finish(mut self, rows: usize) -> Derived {
        let texts = [
            &mut self.route,
            &mut self.dataset,
            &mut self.subject,
            &mut self.outcome,
            &mut self.country,
            &mut self.asn,
        ];
        for text in texts {
            text.append_nulls(rows - text.len());
        }
        self.subjects.append_nulls(rows - self.subjects.len());
        self.shown.append_nulls(rows - self.shown.len());
        Derived {
            route: self.route.finish(),
            dataset: self.dataset.finish(),
            subject: self.subject.finish(),
            subjects: self.subjects.finish(),
            outcome: self.outcome.finish(),
            shown: self.shown.finish(),
            country: self.country.finish(),
            asn: self.asn.finish(),
        }
    }
}
