//! What was learned: routes' parameters, which of them name people, and the datasets proposed on that ground. Plain data, stored as JSON.

use serde::{Deserialize, Serialize};

/// Version of the stored form.
pub const LEARNED_VERSION: u32 = 1;

/// What was learned from a set of records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// [`LEARNED_VERSION`].
    pub version: u32,
    /// Successful access records with a path that it rests on.
    pub records: u64,
    /// Places where a value can stand, by template.
    pub parameters: Vec<Parameter>,
    /// Places where words are values, by the route before them.
    pub slugs: Vec<Slug>,
    /// Proposed datasets, by name.
    pub datasets: Vec<LearnedDataset>,
}

/// A place in a route where a value stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The route up to and with it: `/members/{id}`, `/profile?id`.
    pub template: String,
    /// What its ids count: `member`.
    pub namespace: String,
    /// What it was taken for.
    pub verdict: Verdict,
    /// Why, with the numbers.
    pub ground: String,
    /// Records.
    pub records: u64,
    /// Distinct values (estimate above 256).
    pub values: u64,
    /// Distinct clients (estimate above the sample's size).
    pub clients: u64,
    /// Of the sampled clients that came at least twice, the share that saw one value each time.
    pub one_value_share: Option<f64>,
}

/// What a parameter was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It names a person.
    Subject,
    /// It names a thing that belongs to one person; a configured link can lead to whom.
    Owned,
    /// It names a thing, or a group, that many share.
    Shared,
    /// Too little was seen to say.
    Unclear,
}

impl Verdict {
    /// The word in files and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Owned => "owned",
            Self::Shared => "shared",
            Self::Unclear => "unclear",
        }
    }
}

/// A place where words are values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slug {
    /// The route before it: `/blog`.
    pub under: String,
    /// Words that stay words, sorted.
    pub keep: Vec<String>,
}

/// A proposed dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnedDataset {
    /// Its name.
    pub name: String,
    /// Data categories guessed from words of its routes.
    pub categories: Vec<String>,
    /// Its routes, sorted; a trailing `/*` takes everything below.
    pub routes: Vec<String>,
    /// Namespace of its subject, or `holder`.
    pub subject: String,
    /// Why, with the numbers.
    pub ground: String,
}

impl Learned {
    /// All that a catalog takes from it, in order: what is left out, how much was seen and why, changes with every record and derives nothing.
    pub(crate) fn told(&self) -> impl Serialize {
        let parameters =
            self.parameters.iter().map(|p| (&p.template, &p.namespace, p.verdict == Verdict::Subject));
        let datasets = self.datasets.iter().map(|d| (&d.name, &d.categories, &d.routes, &d.subject));
        (parameters.collect::<Vec<_>>(), &self.slugs, datasets.collect::<Vec<_>>())
    }
}
