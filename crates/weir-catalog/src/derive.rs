//! [`Catalog`]: what a record shows, by configuration and learning. Route, dataset, people, outcome.
//!
//! Decisive choice: a pure function of a batch and an immutable catalog. It asks for a few columns only, so that a query engine can call
//! it with arrays, and resolves each distinct path of a batch once.

use crate::apply::{Means, Rules};
use crate::gather::{NONE, gather};
use crate::links::CREDENTIAL;
use crate::naming::{Names, listed, names};
use crate::people::{People, Shown};
use crate::places::{Found, Named, Places};
use crate::{Asns, CatalogError, Countries, Learned, Links, Requests, learn};
use arrow_array::builder::StringBuilder;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Int32Array, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow_schema::DataType;
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use weir_model::Basis;
use weir_model::case::DatasetUsed;
use weir_model::config::Config;
use weir_model::record::subjects_type;
use weir_stats::hash64_in;

/// Version of the rules in this crate and of what rollups keep by them; part of a catalog's id, so that older rollups are folded again.
const RULES_VERSION: u64 = 11;

/// What stands between things in a cell.
pub(crate) const BETWEEN_THINGS: char = '\n';

/// How columns begin that a source is told to fill with people its records name.
const NAMED: &str = "subject.";

/// What personal data is and where it stands in a record. Immutable; share it in an `Arc`.
#[derive(Debug)]
pub struct Catalog {
    rules: Rules,
    links: Links,
    countries: Option<Arc<Countries>>,
    asns: Option<Arc<Asns>>,
    /// Whether a source is told where its records name people.
    told_people: bool,
    /// Every kind of people that a record may show.
    namespaces: BTreeSet<String>,
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
    /// [`Derived::thing`].
    Thing,
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
    pub const ALL: [Self; 9] = [
        Self::Route,
        Self::Dataset,
        Self::Subject,
        Self::Subjects,
        Self::Thing,
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
            Self::Thing => "thing",
            Self::Outcome => "outcome",
            Self::Shown => "shown",
            Self::Country => "country",
            Self::Asn => "asn",
        }
    }

    /// Whether it is told by where a record belongs: by its path, operation or resource.
    pub(crate) fn is_of_place(self) -> bool {
        matches!(self, Self::Route | Self::Dataset) || self.is_of_whom()
    }

    /// Whether it says whom a record shows, or what of somebody's.
    fn is_of_whom(self) -> bool {
        matches!(self, Self::Subject | Self::Subjects | Self::Thing)
    }

    /// Whether it is told by how a request ended.
    pub(crate) fn is_of_ending(self) -> bool {
        matches!(self, Self::Outcome | Self::Shown)
    }

    /// Its type.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Subjects => subjects_type(),
            Self::Shown => DataType::Boolean,
            Self::Route
            | Self::Dataset
            | Self::Subject
            | Self::Thing
            | Self::Outcome
            | Self::Country
            | Self::Asn => DataType::Utf8,
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
    /// The things of one person each that a record shows or asks for, of which neither the log nor the path says whose they are: as `namespace:id`
    /// (`order:55120`), each on a line (see [`each_thing`]).
    pub thing: StringArray,
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

    /// The same without columns that hold nothing.
    pub(crate) fn without_nulls(&self) -> Self {
        let text = |column: Option<&'a StringArray>| column.filter(|c| c.null_count() < c.len());
        Self {
            rows: self.rows,
            path: text(self.path),
            query: text(self.query),
            service: text(self.service),
            operation: text(self.operation),
            resource: text(self.resource),
            request: text(self.request),
            credential: text(self.credential),
            actor: text(self.actor),
            src_ip: text(self.src_ip),
            user_agent: text(self.user_agent),
            subjects: self.subjects.filter(|c| c.value_offsets().first() != c.value_offsets().last()),
            status_id: self.status_id.filter(|c| c.null_count() < c.len()),
            status_code: text(self.status_code),
            http_method: text(self.http_method),
        }
    }

    pub(crate) fn client(&self, row: usize) -> Option<u64> {
        learn::client_of(cell(self.credential, row), cell(self.src_ip, row), cell(self.user_agent, row))
    }

    pub(crate) fn credentialed(&self, row: usize) -> bool {
        cell(self.credential, row).or_else(|| cell(self.actor, row)).is_some()
    }
}

/// A cell of a text column; `None` where it or the column is not there.
pub(crate) fn cell(column: Option<&StringArray>, row: usize) -> Option<&str> {
    column.filter(|c| row < c.len() && c.is_valid(row)).map(|c| c.value(row))
}

impl Catalog {
    /// A catalog from what is configured, what was learned, and links from objects to people.
    ///
    /// # Errors
    /// If a configured route or subject cannot be read.
    pub fn new(config: &Config, learned: &Learned, links: Links) -> Result<Self, CatalogError> {
        let rules = Rules::new(config, learned, &links)?;
        let fields = config.sources.iter().flat_map(|source| source.fields.keys());
        let told_people = fields.into_iter().any(|column| column.starts_with(NAMED));
        let told = serde_json::to_vec(&(&config.datasets, learned.told(), told_people)).unwrap_or_default();
        let id = hash64_in(hash64_in(RULES_VERSION, &links.digest().to_le_bytes()), &told);
        let check = hash64_in(id, &told);
        let named = config.sources.iter().flat_map(|s| s.fields.keys()).filter_map(|c| c.strip_prefix(NAMED));
        let namespaces = rules.namespaces().chain(links.people_of()).chain(named).chain([CREDENTIAL]);
        let namespaces = namespaces.map(str::to_owned).collect();
        Ok(Self {
            rules,
            links,
            countries: None,
            asns: None,
            told_people,
            namespaces,
            id: format!("{id:016x}{check:016x}"),
        })
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

    /// The datasets whose pages show whoever asks for them.
    #[must_use]
    pub fn holders(&self) -> BTreeSet<String> {
        let own = self.rules.datasets.iter().enumerate().filter(|(at, _)| self.rules.is_holder(*at));
        own.map(|(_, dataset)| dataset.name.clone()).collect()
    }

    /// Every kind of people that a record may show, sorted.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.iter().map(String::as_str)
    }

    /// Whether a record can be somebody's data or of a dataset. Where nothing is configured or learned, none can: then what exact passes ask for is not kept apart
    /// (looks, visits and the digest), since the next catalog folds all again.
    #[must_use]
    pub fn knows_data(&self) -> bool {
        self.told_people || self.rules.knows_data()
    }

    /// The kinds of things of one person each that a record may show ([`Column::Thing`]); none of them is a kind of people.
    #[must_use]
    pub fn things(&self) -> BTreeSet<&str> {
        self.rules.things().collect()
    }

    /// Whether a link says whose a thing is.
    #[must_use]
    pub fn has_owner(&self, namespace: &str, id: &str) -> bool {
        self.links.people(namespace, id).next().is_some()
    }

    /// The datasets in use; how many people and records they have is for the caller to fill in.
    #[must_use]
    pub fn datasets(&self) -> Vec<DatasetUsed> {
        self.rules.datasets.clone()
    }

    /// Whether a route was learned to show things that belong to one person each, of whom no record says who it is.
    #[must_use]
    pub fn is_of_somebody(&self, route: &str) -> bool {
        self.rules.is_of_somebody(route)
    }

    /// Categories of data of a dataset, if it is known.
    #[must_use]
    pub fn categories(&self, dataset: &str) -> &[String] {
        self.rules.datasets.iter().find(|d| d.name == dataset).map_or(&[], |d| &d.categories)
    }

    /// Derives from a batch of `access`.
    #[must_use]
    pub fn derive(&self, batch: &RecordBatch) -> Derived {
        self.derive_requests(&Requests::of(batch))
    }

    /// Derives from a batch of `access` that was read for more than that.
    #[must_use]
    pub fn derive_requests(&self, requests: &Requests<'_>) -> Derived {
        self.derive_wanted(requests, &Column::ALL)
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
            Column::Subject | Column::Subjects | Column::Thing => {
                [place, vec!["credential", "actor", "subjects"]].concat()
            }
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
        self.derive_wanted(&Requests::some(inputs, wanted), wanted)
    }

    fn derive_wanted(&self, requests: &Requests<'_>, wanted: &[Column]) -> Derived {
        let wants = |column| wanted.contains(&column);
        let rows = requests.inputs.rows;
        let null = || StringArray::new_null(rows);
        let (route, dataset, whom) = if wanted.iter().any(|column| column.is_of_place()) {
            self.place(requests, wanted.iter().any(|column| column.is_of_whom()))
        } else {
            (null(), null(), People::unasked(rows))
        };
        let (outcome, shown) = if wanted.iter().any(|column| column.is_of_ending()) {
            requests.endings.columns()
        } else {
            (null(), BooleanArray::new_null(rows))
        };
        let countries = self.countries.as_ref().filter(|_| wants(Column::Country));
        let asns = self.asns.as_ref().filter(|_| wants(Column::Asn));
        let ips = requests.inputs.src_ip;
        let country = countries.map(|countries| by_value(ips, rows, |ip| countries.of(ip)));
        let asn = asns.map(|asns| by_value(ips, rows, |ip| asns.of(ip)));
        Derived {
            route,
            dataset,
            subject: whom.subject,
            subjects: whom.subjects,
            thing: whom.thing,
            outcome,
            shown,
            country: country.unwrap_or_else(null),
            asn: asn.unwrap_or_else(null),
        }
    }

    /// Route, dataset and, where it is wanted, whom records show.
    fn place<'x>(
        &'x self,
        requests: &'x Requests<'x>,
        wants_people: bool,
    ) -> (StringArray, StringArray, Shown) {
        let inputs = &requests.inputs;
        let rows = inputs.rows;
        // Nothing known and nobody named: so is a log when it is met.
        let nobody = self.rules.know_no_path() && inputs.subjects.is_none();
        let mut places = Places::new(&self.rules, &requests.paths);
        let mut people = People::new(rows);
        let (mut routes, mut datasets) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let mut ids = Vec::new();
        for row in 0..rows {
            ids.clear();
            let found = match (cell(inputs.service, row), cell(inputs.operation, row), requests.paths.at(row))
            {
                (Some(service), Some(operation), _) => Some(places.operation(service, operation)),
                (_, _, Some(node)) => {
                    let query = inputs.query.filter(|_| self.rules.reads_queries());
                    Some(places.find(row, node, cell(query, row).unwrap_or(""), &mut ids))
                }
                (_, Some(operation), None) => Some(places.operation("", operation)),
                (_, None, None) => None,
            };
            routes.push(found.map_or(NONE, |found| found.route));
            let dataset = found.and_then(|found| found.dataset).or_else(|| self.of_resource(inputs, row));
            datasets.push(dataset.and_then(|dataset| u32::try_from(dataset).ok()).unwrap_or(NONE));
            if wants_people && !nobody {
                self.people(inputs, row, &ids, found, &mut people);
            }
        }
        let names: Vec<&str> = self.rules.datasets.iter().map(|dataset| dataset.name.as_str()).collect();
        let people = match (wants_people, nobody) {
            (false, _) => People::unasked(rows),
            (true, true) => People::nobody(rows),
            (true, false) => people.finish(),
        };
        (gather(&routes, &places.texts()), gather(&datasets, &names), people)
    }

    fn of_resource(&self, inputs: &Inputs<'_>, row: usize) -> Option<usize> {
        let rules = Some(&self.rules).filter(|rules| rules.reads_resources())?;
        rules.of_resource(cell(inputs.resource, row), cell(inputs.request, row))
    }

    /// Everyone a record shows: those the log names, those the request names or a link leads to, the holder of the credential; and the innermost things of
    /// somebody's that the request names, unless the log or the path says whose. What a query says besides says nothing: whoever asks writes there what he likes.
    fn people<'x>(
        &'x self,
        inputs: &Inputs<'x>,
        row: usize,
        ids: &[Named<'x>],
        found: Option<Found>,
        out: &mut People<'x>,
    ) {
        let mut whose = false;
        each_subject(inputs.subjects, row, |namespace, id, basis| {
            whose = true;
            let linked = self.links.people(namespace, id).next().is_some();
            if linked || names(id) != Names::Nobody {
                out.add(namespace, id, basis);
            }
            self.linked(namespace, id, Basis::Linked, out);
        });
        let mut holder = found.is_some_and(|found| found.holder);
        let mut name = |namespace: &'x str, id: &str, means: Means, out: &mut People<'x>| {
            if self.linked(namespace, id, Basis::Linked, out) || means != Means::Person {
                return;
            }
            match names(id) {
                Names::Somebody => out.add(namespace, id, Basis::Named.as_str()),
                Names::Holder => holder = true,
                Names::Nobody => {}
            }
        };
        let mut things: Vec<(&str, &str)> = Vec::new();
        for (at, (namespace, id, means)) in ids.iter().enumerate() {
            let in_path = found.is_some_and(|found| at < found.in_path);
            whose |= in_path && *means == Means::Person && names(id) == Names::Somebody;
            if *means == Means::Owned {
                things.retain(|(of, _)| of == namespace);
                let several = listed(id);
                let each = if several.is_empty() { vec![id.as_ref()] } else { several };
                let ids = each.into_iter().filter(|id| names(id) == Names::Somebody);
                things.extend(ids.map(|id| (*namespace, id)));
            }
            // An id that a link leads from is one id, whatever its form.
            let several =
                if self.links.people(namespace, id).next().is_some() { Vec::new() } else { listed(id) };
            if several.is_empty() {
                name(namespace, id, *means, out);
            }
            several.into_iter().for_each(|id| name(namespace, id, *means, out));
        }
        if holder {
            let credential = cell(inputs.credential, row);
            let known = credential.is_some_and(|c| self.linked(CREDENTIAL, c, Basis::CredentialHolder, out));
            match (known, cell(inputs.actor, row), credential) {
                (true, ..) | (false, None, None) => {}
                (false, Some(actor), _) => {
                    out.add(&self.rules.holder_namespace, actor, Basis::CredentialHolder.as_str())
                }
                (false, None, Some(credential)) => {
                    out.add(CREDENTIAL, credential, Basis::CredentialHolder.as_str())
                }
            }
        }
        out.end_row(if whose { &[] } else { &things });
    }

    fn linked<'x>(&'x self, namespace: &str, id: &str, basis: Basis, out: &mut People<'x>) -> bool {
        if self.links.is_empty() {
            return false;
        }
        let mut any = false;
        for (to, person) in self.links.people(namespace, id) {
            out.add(to, person, basis.as_str());
            any = true;
        }
        any
    }
}

/// A column made from another, each of its values asked about once.
fn by_value<T: AsRef<str>>(
    column: Option<&StringArray>,
    rows: usize,
    of: impl Fn(&str) -> Option<T>,
) -> StringArray {
    let mut known: HashMap<&str, Option<T>> = HashMap::new();
    let mut made = StringBuilder::new();
    for row in 0..rows {
        let value = cell(column, row);
        let found = value.and_then(|value| known.entry(value).or_insert_with(|| of(value)).as_ref());
        made.append_option(found);
    }
    made.finish()
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
            Column::Thing => Arc::new(self.thing),
            Column::Outcome => Arc::new(self.outcome),
            Column::Shown => Arc::new(self.shown),
            Column::Country => Arc::new(self.country),
            Column::Asn => Arc::new(self.asn),
        }
    }
}

/// Namespace and id of each thing in a cell of [`Derived::thing`].
pub fn each_thing(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    cell.split(BETWEEN_THINGS).filter_map(|thing| thing.split_once(':'))
}

/// A `subjects` column, to be read row by row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subjects<'a> {
    offsets: &'a [i32],
    list: Option<&'a ListArray>,
    columns: [Option<&'a StringArray>; 3],
}

impl<'a> Subjects<'a> {
    /// Of a column; of none, every row is empty.
    #[must_use]
    pub fn of(column: Option<&'a ListArray>) -> Self {
        let people = column.and_then(|list| list.values().as_any().downcast_ref::<StructArray>());
        let (Some(list), Some(people)) = (column, people) else { return Self::default() };
        let text = |name| people.column_by_name(name).and_then(|c| c.as_any().downcast_ref::<StringArray>());
        let columns = ["namespace", "id", "basis"].map(text);
        Self { offsets: list.value_offsets(), list: Some(list), columns }
    }

    /// Calls with namespace, id and basis of each subject in a row.
    pub fn each(&self, row: usize, mut call: impl FnMut(&'a str, &'a str, &'a str)) {
        if self.list.is_none_or(|list| row >= list.len() || list.is_null(row)) {
            return;
        }
        let [namespaces, ids, bases] = self.columns;
        let offset = |at: usize| self.offsets.get(at).and_then(|o| usize::try_from(*o).ok()).unwrap_or(0);
        for at in offset(row)..offset(row + 1) {
            if let Some(id) = cell(ids, at) {
                call(cell(namespaces, at).unwrap_or(""), id, cell(bases, at).unwrap_or(""));
            }
        }
    }
}

/// Calls with namespace, id and basis of each subject in a row of a `subjects` column.
pub fn each_subject<'a>(
    column: Option<&'a ListArray>,
    row: usize,
    call: impl FnMut(&'a str, &'a str, &'a str),
) {
    // Most records name nobody.
    if column.is_some_and(|list| row < list.len() && list.value_length(row) > 0) {
        Subjects::of(column).each(row, call);
    }
}
