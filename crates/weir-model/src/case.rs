//! A case: everything found, for people. The one set of facts that every report format and duty is drawn from.

use crate::time::DAY_US;
use crate::{
    Citation, Claim, Entity, EntityKind, Evidence, Finding, Language, Micros, Severity, intake::Intake,
};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Version of the case folder's format.
pub const CASE_VERSION: u32 = 1;

/// Everything found in one investigation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    /// [`CASE_VERSION`].
    pub version: u32,
    /// Name and version of the program that wrote it.
    pub program: String,
    /// Whether it is the version to pass on, in which people, accounts and addresses stand under pseudonyms (`weir report --masked`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// From its content: the same inputs give the same id.
    pub id: String,
    /// The configuration that it was made with; absent in cases of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Configuration>,
    /// The organisation, as far as configured.
    pub organisation: Organisation,
    /// First and last event time in the logs; null when nothing was parsed.
    pub period: Option<Period>,
    /// Totals of the intake account.
    pub totals: Totals,
    /// The intake account, a row per file, by path.
    pub intake: Vec<Intake>,
    /// What each sensor delivered, and where it was silent.
    pub coverage: Vec<Coverage>,
    /// What personal data was taken to be, and on what ground.
    pub datasets: Vec<DatasetUsed>,
    /// Those that call for somebody (open, acknowledged), then suppressed ones, then superseded ones; each by severity (highest first),
    /// first event and id. Superseded ones count nowhere else in the case.
    pub findings: Vec<Finding>,
    /// What happened, in order.
    pub timeline: Vec<TimelineEvent>,
    /// Whose data, overall.
    pub scope: Scope,
    /// Exposed people whom only suppressed findings reached; null when none is suppressed.
    pub suppressed_subjects: Option<u64>,
    /// How the exposed people divide.
    #[serde(default)]
    pub divided: Divided,
    /// How many people were reported before, if that was said.
    #[serde(default)]
    pub reported: Option<u64>,
    /// Those who were reported before, by name, beside those in evidence, if a list was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// Whose data, per finding id (only findings that reached data or could have).
    pub finding_scopes: BTreeMap<String, Scope>,
    /// Who did it touched what: nodes and edges of the trace, per finding id.
    pub traces: BTreeMap<String, Trace>,
    /// The incident, section by section.
    pub incident: Incident,
    /// Series for the pictures.
    pub series: Vec<Series>,
    /// What retention deleted, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aged_out: Option<Gap>,
    /// What the whole case cannot say.
    pub limits: Vec<String>,
    /// False alarms that all detectors together may raise in 30 days; null in cases of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_budget: Option<f64>,
    /// How the detectors that found something work, by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Method>,
    /// Table to version: what it was computed from.
    pub snapshot: BTreeMap<String, i64>,
}

/// A configuration, named so that another one is known from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Configuration {
    /// The name of the file, without its folder; null where none was given.
    pub file: Option<String>,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
}

/// How a detector works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Method {
    /// Its name.
    pub detector: String,
    /// What it sees, in one line.
    pub summary: String,
    /// Its page of the manual, Markdown.
    pub manual: String,
    /// Its part of the alert budget; 0 for rules, which have no chance of luck.
    #[serde(default)]
    pub budget_share: f64,
}

/// Who the logs belong to, as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Organisation {
    /// Its name.
    pub name: Option<String>,
    /// Its sector.
    pub sector: Option<String>,
    /// Its home country, ISO 3166-1 alpha-2.
    pub home_country: Option<String>,
    /// How many people live where it works, for shares.
    pub population: Option<u64>,
    /// How many people it holds data of.
    pub members: Option<u64>,
    /// The language of its reports.
    #[serde(default, skip_serializing_if = "Language::is_english")]
    pub language: Language,
}

/// A closed period of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Period {
    /// First event.
    pub first: Micros,
    /// Last event.
    pub last: Micros,
}

/// Sums over the intake account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Files given.
    pub files: u64,
    /// Files no source recognised or that could not be opened.
    pub files_unread: u64,
    /// Records found.
    pub records: u64,
    /// Records now in the lake.
    pub parsed: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// Records that were there already.
    pub duplicates: u64,
    /// Bytes of content read.
    pub bytes: u64,
    /// Bytes of content not understood.
    pub bytes_unread: u64,
}

/// What one sensor delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// The sensor.
    pub sensor: String,
    /// Its log format.
    pub source: String,
    /// Its first and last event.
    pub period: Period,
    /// Records a UTC day; days without records are absent.
    pub days: BTreeMap<String, u64>,
    /// Silences longer than its rhythm explains.
    pub gaps: Vec<Gap>,
}

/// A stretch of event time in which something was not logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The sensor, or what is not logged.
    pub what: String,
    /// Start; null when it begins before the logs do.
    pub from: Option<Micros>,
    /// End; null when it lasts to the end of the logs.
    pub to: Option<Micros>,
    /// Why it is a gap.
    pub reason: String,
    /// How many records would be expected in it by the log's own rhythm; null when unknown.
    pub records_expected: Option<f64>,
}

/// A dataset as used in this case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetUsed {
    /// Its name.
    pub name: String,
    /// `configured` or `learned`.
    pub origin: String,
    /// Data categories: `name`, `e_mail`, `postal_address` ...
    pub categories: Vec<String>,
    /// Routes, tables or buckets that hold it.
    pub routes: Vec<String>,
    /// How a subject is found in a record of it.
    pub subject: String,
    /// Why it was taken to hold personal data, with the numbers.
    pub ground: String,
    /// Distinct subjects seen over the whole period (estimate where large).
    pub subjects: u64,
    /// Records.
    pub records: u64,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEvent {
    /// When.
    pub time: Micros,
    /// When it ended, for runs of like events folded into one.
    pub until: Option<Micros>,
    /// What happened, in words.
    pub what: String,
    /// `initial_access`, `lateral_movement`, `exfiltration`, `detection`, `response`, `persistence` ... : ATT&CK tactic in snake case.
    pub phase: String,
    /// Who and what took part.
    pub entities: Vec<Entity>,
    /// ATT&CK technique ids.
    pub attack: Vec<String>,
    /// Ids of the findings it belongs to.
    pub findings: Vec<String>,
    /// Whether it was tried and failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// The records.
    pub evidence: Evidence,
}

/// Whether the logs can tell whom it concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Determinable {
    /// They can.
    Yes,
    /// In part.
    Partly,
    /// They cannot.
    No,
}

/// Lower and upper bound of a count of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds {
    /// At least so many: records show it.
    pub lower: u64,
    /// At most so many; null when nothing bounds it.
    pub upper: Option<u64>,
}

/// Whose data, what data, how many people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// Whether the logs can tell.
    pub determinable: Determinable,
    /// Why, and what would be needed.
    pub reason: String,
    /// Distinct people; null when not determinable at all (which is not zero).
    pub subjects: Option<Bounds>,
    /// Data categories, sorted.
    pub categories: Vec<String>,
    /// Records that show it.
    pub records: u64,
    /// Bytes sent in them, where logged.
    pub bytes: Option<u64>,
    /// First such record.
    pub first: Option<Micros>,
    /// Last such record.
    pub last: Option<Micros>,
    /// What limits the claim.
    pub gaps: Vec<Gap>,
    /// What the upper bound has beyond the lower: added to it, these are the upper bound. Empty where nothing bounds it, and in cases of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Beyond>,
}

/// People who may be others than those of the lower bound: a summand of the upper one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Beyond {
    /// Why they are not counted for certain.
    pub what: String,
    /// How many there may be.
    pub people: u64,
}

/// One exposed person: a row of `scope.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExposedSubject {
    /// `namespace:id`.
    pub subject: String,
    /// `named`, `linked`, `credential_holder` or `claimed`.
    pub status: String,
    /// First access.
    pub first: Micros,
    /// Last access.
    pub last: Micros,
    /// Records.
    pub records: u64,
    /// Data categories, sorted.
    pub categories: Vec<String>,
    /// Finding ids, sorted.
    pub findings: Vec<String>,
    /// Countries from where the records were read, those with most records first; empty where it is not known.
    pub countries: Vec<String>,
}

/// How the exposed people divide. Whoever stands under several words is counted under each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Divided {
    /// By what their ids count (`member`, `recipient`); the same people may stand under several.
    pub kinds: BTreeMap<String, u64>,
    /// Those of these kinds that are things of people (`order`), of which no record says whose they are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub things: BTreeSet<String>,
    /// By the strongest basis on which a record shows them.
    pub bases: BTreeMap<String, u64>,
    /// By data category.
    pub categories: BTreeMap<String, u64>,
    /// By the country from where they were read, where known.
    pub countries: BTreeMap<String, u64>,
    /// Records that show data, by the country from where they were read, where known: of those of [`Scope::records`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub country_records: BTreeMap<String, u64>,
    /// By the UTC day on which they were first shown.
    pub days: BTreeMap<String, u64>,
    /// People beside these, whom doubtful findings alone reached.
    pub doubtful: u64,
}

/// A list of people who were reported, held against the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// People or ids that the list names.
    pub listed: u64,
    /// People in evidence whom it names; an id without a namespace names whoever has it.
    pub confirmed: u64,
    /// Entries of the list whom no record shows.
    pub not_in_evidence: u64,
    /// People in evidence whom it does not name.
    pub not_reported: u64,
    /// Sessions in evidence of whose holders no record says who they are: each may be anybody, listed or not.
    #[serde(default)]
    pub unnamed_sessions: u64,
    /// Things in evidence of which no record says whose they are, likewise.
    #[serde(default)]
    pub unnamed_things: u64,
}

/// Whom some findings, or some records, concerned: what `weir scope` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// Name and version of the program that answered.
    pub program: String,
    /// The findings asked about, by id.
    pub of: Vec<String>,
    /// The condition on `access` that selected the records, where one was given instead.
    pub condition: Option<String>,
    /// Whether people stand under pseudonyms.
    pub masked: bool,
    /// Whose data, overall.
    pub scope: Scope,
    /// How the exposed people divide.
    pub divided: Divided,
    /// Whose data, per finding id.
    pub finding_scopes: BTreeMap<String, Scope>,
    /// How many people were reported before, if that was said.
    pub reported: Option<u64>,
    /// Those who were reported before, by name, beside those in evidence, if a list was given.
    #[serde(default)]
    pub compared: Option<Compared>,
    /// The organisation, as far as configured.
    pub organisation: Organisation,
    /// What the answer cannot say.
    pub limits: Vec<String>,
    /// Table to version: what it was computed from.
    pub snapshot: BTreeMap<String, i64>,
}

/// The columns of `scope.csv` and `exports/scope.parquet`: a row for each [`ExposedSubject`], categories and findings separated by spaces.
pub fn scope_schema() -> SchemaRef {
    let few = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = [
        ("subject", DataType::Utf8),
        ("status", few()),
        ("first", time()),
        ("last", time()),
        ("records", DataType::UInt64),
        ("categories", few()),
        ("findings", few()),
        ("countries", few()),
    ];
    Arc::new(Schema::new(columns.map(|(name, kind)| Field::new(name, kind, false)).to_vec()))
}

impl ExposedSubject {
    /// People as a batch with the columns of [`scope_schema`].
    ///
    /// # Errors
    /// Of Arrow, if a text is longer than it can hold.
    pub fn batch(people: &[Self]) -> Result<RecordBatch, ArrowError> {
        let few = |text: fn(&Self) -> String| -> ArrayRef {
            Arc::new(
                people
                    .iter()
                    .map(text)
                    .collect::<Vec<_>>()
                    .iter()
                    .map(String::as_str)
                    .collect::<DictionaryArray<Int32Type>>(),
            )
        };
        let time = |at: fn(&Self) -> Micros| -> ArrayRef {
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(people.iter().map(|p| at(p).0))
                    .with_timezone("UTC"),
            )
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(people.iter().map(|p| &p.subject))),
            few(|p| p.status.clone()),
            time(|p| p.first),
            time(|p| p.last),
            Arc::new(UInt64Array::from_iter_values(people.iter().map(|p| p.records))),
            few(|p| p.categories.join(" ")),
            few(|p| p.findings.join(" ")),
            few(|p| p.countries.join(" ")),
        ];
        RecordBatch::try_new(scope_schema(), columns)
    }
}

/// What the same hand touched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// Entities, sorted.
    pub nodes: Vec<TraceNode>,
    /// Who led to what, sorted.
    pub edges: Vec<TraceEdge>,
}

/// An entity in a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceNode {
    /// The entity.
    pub entity: Entity,
    /// `seed`, `same_hand` or `touched`.
    pub role: String,
    /// First and last event.
    pub period: Period,
    /// Its records of the hand; of a dataset or resource, those that read or changed it.
    pub records: u64,
}

/// A step in a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceEdge {
    /// From.
    pub from: Entity,
    /// To.
    pub to: Entity,
    /// `used`, `issued`, `assumed`, `created`, `read`, `shared`, `signed_in_from` ...
    pub how: String,
    /// Records.
    pub records: u64,
    /// The records.
    pub evidence: Evidence,
}

/// A statement of the report: words with records, or what would be needed.
pub type Statement = Claim<String>;

/// The incident, in the sections people expect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Executive summary.
    pub summary: Vec<Statement>,
    /// How it was discovered, period, organisation, sector, geography: label to statement, in order.
    pub details: Vec<Labelled>,
    /// A line per ATT&CK tactic.
    pub methodology: Vec<TacticLine>,
    /// People, data, operational, financial, reputational.
    pub impact: Vec<Labelled>,
    /// Network, file, behavioural.
    pub indicators: Vec<Indicator>,
    /// Containment, eradication, recovery.
    pub response: Vec<Labelled>,
    /// Lessons.
    pub lessons: Vec<Recommendation>,
    /// Recommendations.
    pub recommendations: Vec<Recommendation>,
}

/// A labelled statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Labelled {
    /// The label.
    pub label: String,
    /// The statement.
    pub statement: Statement,
}

/// What was done under one ATT&CK tactic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TacticLine {
    /// The tactic's name: `Initial Access`.
    pub tactic: String,
    /// Technique ids, sorted.
    pub techniques: Vec<String>,
    /// What was seen.
    pub statement: Statement,
}

/// An indicator of compromise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Indicator {
    /// `network`, `file` or `behavioural`.
    pub class: String,
    /// What it is.
    pub entity: Entity,
    /// Why it is one.
    pub why: String,
    /// First and last event.
    pub period: Period,
    /// Records.
    pub records: u64,
    /// The records.
    pub evidence: Evidence,
}

impl Indicator {
    /// The class of what others can look for: addresses are of the network; credentials, keys, clients and principals show in behaviour; the rest
    /// identifies the victim.
    #[must_use]
    pub fn class_of(entity: &Entity) -> Option<&'static str> {
        match entity.kind {
            EntityKind::Origin if entity.value.parse::<std::net::IpAddr>().is_ok() => Some("network"),
            EntityKind::Prefix => Some("network"),
            EntityKind::Actor | EntityKind::Credential | EntityKind::Key | EntityKind::Client => {
                Some("behavioural")
            }
            _ => None,
        }
    }
}

/// Advice: not a statement about what happened, but it names what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recommendation {
    /// What to do.
    pub text: String,
    /// Ids of findings, or names of gaps, that give the reason.
    pub because: Vec<String>,
    /// How soon it matters.
    pub severity: Severity,
}

/// A series for a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// What it shows: `flow` (records by [`Step`]), `flagged` (flagged records), `reach` (people reached so far), per finding id;
    /// `people_a_day`, `records_a_day`, `bytes_a_day` (what the finding's entities did, flagged or not; days without are absent).
    pub name: String,
    /// The finding it belongs to, if any.
    pub finding: Option<String>,
    /// Unit of the values.
    pub unit: String,
    /// Points by time, sorted.
    pub points: Vec<(Micros, f64)>,
}

/// How finely the pictures of a case tell time: days, but where there are so few that one would hide when in it something was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Up to six hours in all.
    TenMinutes,
    /// Up to three days in all.
    Hour,
    /// More, or none.
    Day,
}

/// What stands before what was tried and failed, in the words of an event.
pub const IN_VAIN: &str = "tried in vain: ";

impl Step {
    /// That of a period.
    #[must_use]
    pub fn of(period: Option<Period>) -> Self {
        match period.map(|p| p.last.0.saturating_sub(p.first.0)) {
            Some(long) if long < DAY_US / 4 => Self::TenMinutes,
            Some(long) if long < 3 * DAY_US => Self::Hour,
            _ => Self::Day,
        }
    }

    /// Microseconds.
    #[must_use]
    pub fn us(self) -> i64 {
        match self {
            Self::TenMinutes => DAY_US / 144,
            Self::Hour => DAY_US / 24,
            Self::Day => DAY_US,
        }
    }
}

impl Case {
    /// First and last event in the files, whatever span was asked for.
    #[must_use]
    pub fn recorded(&self) -> Option<Period> {
        let first = self.intake.iter().filter_map(|i| i.first_time).min()?;
        Some(Period { first, last: self.intake.iter().filter_map(|i| i.last_time).max()? })
    }
}

impl Claim<String> {
    /// The words and citations of a statement for a writer: text, and citations where stated.
    pub fn words(&self) -> (&str, Option<&[Citation]>) {
        match self {
            Self::Stated { value, evidence } => (value, Some(evidence.cited())),
            Self::Unknown { needed } => (needed, None),
        }
    }
}
