//! What changed between two runs of a case: what `weir diff` answers.
//!
//! Decisive choice: every value stands beside the one it was, and nothing is weighed: whatever can be said of the two cases follows from these numbers. People are counted
//! here and never named; whoever may know them has a table of their own.
//!
//! What it refuses: findings that only the history of runs knows (superseded on both sides), and what is told from the rest of a case again: its timeline,
//! pictures and sections.

use crate::case::{Bounds, Configuration, Determinable, Gap, Period, Totals};
use crate::finding::State;
use crate::{Disposition, Entity, Micros, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of what is answered.
pub const DIFF_VERSION: u32 = 1;

/// The most entities named of those that came to a finding, or went.
pub const NAMED_MAX: usize = 20;

/// What changed between two runs of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseDiff {
    /// [`DIFF_VERSION`].
    pub version: u32,
    /// Name and version of the program that compared.
    pub program: String,
    /// Whether anything that is compared differs.
    pub changed: bool,
    /// The case of the earlier run.
    pub old: Side,
    /// The case of the later run.
    pub new: Side,
    /// The files that were read.
    pub files: Files,
    /// What personal data was taken to be.
    pub datasets: Datasets,
    /// Findings that stand.
    pub findings: Findings,
    /// Hands that link findings.
    pub campaigns: Campaigns,
    /// Whose data, overall.
    pub scope: ScopeChange,
    /// How the exposed people divide: counts that differ.
    pub divided: DividedChange,
    /// The exposed people, one by one; null where they cannot be compared.
    pub people: Option<PeopleChange>,
    /// Stretches that were not logged, of sensors and of the scope.
    pub gaps: Gaps,
    /// What the whole case cannot say.
    pub limits: Came<String>,
    /// What could not be compared, and why.
    pub not_compared: Vec<String>,
}

/// What one of the two cases says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The case's id, from the content of its files.
    pub id: String,
    /// Name and version of the program that wrote it.
    pub program: String,
    /// The configuration that it was made with; null where the case does not say.
    pub configuration: Option<Configuration>,
    /// First and last event time in the logs.
    pub period: Option<Period>,
    /// Totals of the intake account.
    pub totals: Totals,
}

/// A value that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change<T> {
    /// What it was.
    pub old: T,
    /// What it is.
    pub new: T,
}

impl<T: PartialEq> Change<T> {
    /// The two values, if they differ.
    pub fn of(old: T, new: T) -> Option<Self> {
        (old != new).then_some(Self { old, new })
    }
}

/// What is there now and was not, and the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Came<T> {
    /// In the later run alone.
    pub new: Vec<T>,
    /// In the earlier run alone.
    pub gone: Vec<T>,
}

impl<T> Default for Came<T> {
    fn default() -> Self {
        Self { new: Vec::new(), gone: Vec::new() }
    }
}

impl<T> Came<T> {
    /// Whether both runs have the same.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.gone.is_empty()
    }
}

/// The files that were read, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Files {
    /// Paths that the later run alone has.
    pub new: Vec<FileRead>,
    /// Paths that the earlier run alone has.
    pub gone: Vec<FileRead>,
    /// Paths that both have and that differ in content, or in what was read of it.
    pub changed: Vec<FileChange>,
    /// Paths that both have with the same content and the same account.
    pub same: u64,
}

/// A file of one run alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRead {
    /// Its path as the case has it.
    pub path: String,
    /// SHA-256 of its content; null when it could not be read to its end.
    pub sha256: Option<String>,
    /// Bytes of content.
    pub bytes: u64,
    /// Records read of it.
    pub parsed: u64,
    /// Records of it that could not be read.
    pub rejected: u64,
    /// A path under which the other run has the same content: it was renamed, or copied.
    pub known_as: Option<String>,
}

/// How a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileHow {
    /// It has other content, and more of it.
    Grown,
    /// It has other content, and no more of it.
    Replaced,
    /// It has the same content, of which something else was read.
    ReadOtherwise,
}

/// A file that both runs have and that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// How it differs.
    pub how: FileHow,
    /// SHA-256 of its content.
    pub sha256: Change<Option<String>>,
    /// Bytes of content.
    pub bytes: Change<u64>,
    /// Records read of it.
    pub parsed: Change<u64>,
    /// Records of it that could not be read.
    pub rejected: Change<u64>,
}

/// What personal data was taken to be, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Datasets {
    /// Names that the later run alone has.
    pub new: Vec<String>,
    /// Names that the earlier run alone has.
    pub gone: Vec<String>,
    /// Those that both have and that differ.
    pub changed: Vec<DatasetChange>,
}

/// A dataset that both runs have; what did not change is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetChange {
    /// Its name.
    pub name: String,
    /// Whether it was configured or learned.
    pub origin: Option<Change<String>>,
    /// Data categories.
    pub categories: Option<Came<String>>,
    /// Routes, tables or buckets that hold it.
    pub routes: Option<Came<String>>,
    /// How a person is found in a record of it.
    pub subject: Option<Change<String>>,
    /// Records.
    pub records: Option<Change<u64>>,
    /// Distinct people seen in it.
    pub subjects: Option<Change<u64>>,
}

/// Findings that stand, matched by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Findings {
    /// Ids that the later run alone has.
    pub new: Vec<NewFinding>,
    /// Ids that the earlier run alone has, or that no longer stand.
    pub gone: Vec<GoneFinding>,
    /// Ids of both runs that differ.
    pub changed: Vec<FindingChange>,
    /// How many are the same in both.
    pub same: u64,
}

/// A finding in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Brief {
    /// Its id.
    pub id: String,
    /// The detector's name.
    pub detector: String,
    /// How much it matters.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// First event of it.
    pub first_seen: Micros,
    /// Last event of it.
    pub last_seen: Micros,
    /// Records that say so.
    pub records: u64,
    /// How many entities it accuses.
    pub entities: u64,
    /// Whose data; null where the case counts nobody for it.
    pub whose: Option<Whose>,
    /// The campaign it belongs to.
    pub campaign: Option<String>,
    /// Its state.
    pub state: State,
}

/// Whose data a finding reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Whose {
    /// Whether the logs can tell.
    pub determinable: Determinable,
    /// Distinct people; null when not determinable at all.
    pub subjects: Option<Bounds>,
}

/// A finding that the earlier run has not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewFinding {
    /// The finding.
    #[serde(flatten)]
    pub brief: Brief,
    /// Ids that are gone and whose place it took, or probably took.
    pub before: Vec<String>,
}

/// A finding that the later run has not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoneFinding {
    /// The finding as it was.
    #[serde(flatten)]
    pub brief: Brief,
    /// Where the later case keeps it as superseded: the finding that concerns its entities now.
    pub superseded_by: Option<String>,
    /// What the later case says of why it no longer stands.
    pub why: Option<String>,
    /// Where no successor is stated: the one that is probably the same.
    pub probably: Option<Likeness>,
}

/// A finding of the same detector that overlaps in time with one that is gone and accuses most of the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Likeness {
    /// Its id.
    pub id: String,
    /// Entities of the one that is gone which it accuses as well: more than half.
    pub shared: u64,
    /// Entities of the one that is gone.
    pub of: u64,
}

/// A finding that both runs have; what did not change is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingChange {
    /// The finding as it is now.
    #[serde(flatten)]
    pub brief: Brief,
    /// What of it changed.
    pub changes: Changes,
}

/// What of a finding changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// How much it matters.
    pub severity: Option<Change<Severity>>,
    /// Its title.
    pub title: Option<Change<String>>,
    /// First event.
    pub first_seen: Option<Change<Micros>>,
    /// Last event.
    pub last_seen: Option<Change<Micros>>,
    /// Records that say so.
    pub records: Option<Change<u64>>,
    /// Whose data; null on a side where the case counts nobody for it.
    pub whose: Option<Change<Option<Whose>>>,
    /// Whom and what it accuses.
    pub entities: Option<EntitiesChange>,
    /// Who may be of the same hand.
    pub perhaps: Option<EntitiesChange>,
    /// What was measured, by name; null on a side that has no such measure.
    pub measures: BTreeMap<String, Change<Option<f64>>>,
    /// The campaign.
    pub campaign: Option<Change<Option<String>>>,
    /// Its state.
    pub state: Option<Change<State>>,
    /// What people said of it.
    pub dispositions: Option<Came<Disposition>>,
    /// What it cannot say.
    pub limits: Option<Came<String>>,
}

/// Entities that came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntitiesChange {
    /// How many are new.
    pub added: u64,
    /// How many are gone.
    pub removed: u64,
    /// The first [`NAMED_MAX`] of those that are new, sorted; people are counted and not named.
    pub added_first: Vec<Entity>,
    /// The first [`NAMED_MAX`] of those that are gone, sorted; people are counted and not named.
    pub removed_first: Vec<Entity>,
}

/// Campaigns, matched by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Campaigns {
    /// Ids that the later run alone has.
    pub new: Vec<Campaign>,
    /// Ids that the earlier run alone has.
    pub gone: Vec<GoneCampaign>,
    /// Those of both runs whose findings differ.
    pub changed: Vec<CampaignChange>,
    /// How many are the same in both.
    pub same: u64,
}

/// Findings by one hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Campaign {
    /// Its id.
    pub id: String,
    /// Ids of its findings, sorted.
    pub findings: Vec<String>,
}

/// A campaign that the later run has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GoneCampaign {
    /// The campaign as it was.
    #[serde(flatten)]
    pub campaign: Campaign,
    /// A new campaign that has most of its findings, or of those that took their place.
    pub probably: Option<String>,
}

/// A campaign whose findings differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CampaignChange {
    /// Its id.
    pub id: String,
    /// Ids of findings that joined or left it.
    pub findings: Came<String>,
}

/// Whose data, overall: both values, whether they differ or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeChange {
    /// Whether the logs can tell.
    pub determinable: Change<Determinable>,
    /// Why, and what would be needed.
    pub reason: Change<String>,
    /// Distinct people; null on a side where that is not determinable.
    pub subjects: Change<Option<Bounds>>,
    /// New less old of the lower bound; null where a side has none.
    pub lower_difference: Option<i64>,
    /// New less old of the upper bound; null where a side has none.
    pub upper_difference: Option<i64>,
    /// Records that show it.
    pub records: Change<u64>,
    /// Bytes sent in them.
    pub bytes: Change<Option<u64>>,
    /// First such record.
    pub first: Change<Option<Micros>>,
    /// Last such record.
    pub last: Change<Option<Micros>>,
    /// Data categories.
    pub categories: Came<String>,
}

/// How the exposed people divide: the words whose counts differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DividedChange {
    /// By what their ids count.
    pub kinds: BTreeMap<String, Change<u64>>,
    /// By the basis on which a record shows them.
    pub bases: BTreeMap<String, Change<u64>>,
    /// By data category.
    pub categories: BTreeMap<String, Change<u64>>,
    /// By the country from where they were read.
    pub countries: BTreeMap<String, Change<u64>>,
    /// People whom doubtful findings alone reached.
    pub doubtful: Option<Change<u64>>,
}

/// The exposed people, row by row of `exports/scope.parquet`. Whoever stands under two ids has two rows, so rows are no bound of how many people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeopleChange {
    /// Rows of the earlier run.
    pub old: u64,
    /// Rows of the later run.
    pub new: u64,
    /// People whom the later run alone has.
    pub added: u64,
    /// People whom the earlier run alone has.
    pub gone: u64,
    /// People of both whose rows differ.
    pub changed: u64,
    /// People of both whose rows are the same.
    pub same: u64,
    /// Of those whose rows differ: how many in which column.
    pub columns: BTreeMap<String, u64>,
}

/// Stretches that were not logged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gaps {
    /// In the later run alone.
    pub new: Vec<Gap>,
    /// In the earlier run alone: closed.
    pub gone: Vec<Gap>,
    /// Of the same thing and with the same start, or the same end and reason, and otherwise different.
    pub changed: Vec<Change<Gap>>,
}
