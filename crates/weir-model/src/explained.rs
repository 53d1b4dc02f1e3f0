//! One finding with all that it stands on: what `weir explain` shows.

use crate::case::{Period, Series};
use crate::{EntityKind, Finding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A finding explained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// The finding, with its state, what people said of it and the records behind it.
    pub finding: Finding,
    /// First and last event in the lake; null when it holds none.
    pub period: Option<Period>,
    /// The kind of the entities whose days the series sum; null when the lake keeps no days of any of them.
    pub days_of: Option<EntityKind>,
    /// How many entities they sum.
    pub members: u64,
    /// `people_a_day`, `records_a_day`, `bytes_a_day`; those that are zero on every day are absent.
    pub series: Vec<Series>,
    /// Other findings of its campaign: id to title.
    pub campaign: BTreeMap<String, String>,
    /// The command that prints its detector's manual page.
    pub manual: String,
    /// What the explanation cannot say, beside what the finding cannot.
    pub limits: Vec<String>,
}
