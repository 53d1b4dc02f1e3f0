//! Whose data, what data, how many people: exact where records name them, bounded where they do not, unknown where nothing tells.
//!
//! Decisive choice: the lower bound counts people in records that show success; the upper bound adds what a named and sized gap could
//! hide, and is absent where nothing bounds it. "0 exposed" is said only where the log would have shown it: [`Determinable`] and a
//! missing count are different values from zero.
//!
//! What this crate refuses: people from failed requests, objects counted as people without a link, and a number without its gaps.

mod error;
mod gaps;
mod subjects;

pub use error::ScopeError;
pub use gaps::unlogged;
pub use subjects::{Reached, exposed, reached};

use std::collections::BTreeMap;
use weir_lake::Session;
use weir_model::case::{Bounds, Coverage, Determinable, ExposedSubject, Gap, Scope};
use weir_model::{Finding, Micros};

/// The scope of a case: overall, per finding, and the people.
#[derive(Clone, Debug, Default)]
pub struct Scoped {
    /// Overall.
    pub overall: Option<Scope>,
    /// Per finding id; findings that reached no data are absent.
    pub findings: BTreeMap<String, Scope>,
    /// Every exposed person, sorted.
    pub people: Vec<ExposedSubject>,
}

/// The scope of all findings; `hands` gives each finding's condition on `access` that selects its hand's records.
pub async fn scope(
    session: &Session,
    findings: &[Finding],
    hands: &BTreeMap<String, String>,
    coverage: &[Coverage],
    categories: &BTreeMap<String, Vec<String>>,
) -> Result<Scoped, ScopeError> {
    let mut scoped = Scoped::default();
    let mut people = BTreeMap::new();
    for finding in findings {
        let Some(condition) = hands.get(&finding.id) else { continue };
        let Some(reached) = reached(session, finding, condition, categories).await? else { continue };
        let mut gaps = unlogged(session, condition).await?;
        let period = reached.period.map_or((finding.first_seen, finding.last_seen), |p| (p.first, p.last));
        gaps.extend(silences(coverage, period));
        subjects::join(&mut people, &finding.id, &reached);
        scoped.findings.insert(finding.id.clone(), bound(&reached, gaps));
    }
    scoped.overall = Some(overall(&scoped.findings, people.len() as u64, coverage));
    scoped.people = people.into_values().collect();
    Ok(scoped)
}

/// Silences of sensors that fall into a period.
fn silences(coverage: &[Coverage], (first, last): (Micros, Micros)) -> impl Iterator<Item = Gap> + '_ {
    let inside = move |gap: &&Gap| gap.from.is_none_or(|f| f <= last) && gap.to.is_none_or(|t| t >= first);
    coverage.iter().flat_map(|c| &c.gaps).filter(inside).cloned()
}

/// Lower and upper bound of what one finding reached.
fn bound(reached: &Reached, gaps: Vec<Gap>) -> Scope {
    let lower = reached.people.len() as u64;
    let blind = gaps.iter().any(|g| g.records_expected.is_none());
    // Each unseen record could show one more person; records that showed somebody without a name likewise.
    let hidden: f64 = gaps.iter().filter_map(|g| g.records_expected).sum();
    let rate = if reached.sensor_records == 0 {
        0.0
    } else {
        reached.records as f64 / reached.sensor_records as f64
    };
    let upper = (!blind).then(|| lower + reached.unnamed + (hidden * rate).ceil() as u64);
    let (determinable, reason) = judge(reached, &gaps, upper);
    Scope {
        determinable,
        reason,
        subjects: (determinable != Determinable::No).then_some(Bounds { lower, upper }),
        categories: reached.categories.iter().cloned().collect(),
        records: reached.records,
        bytes: reached.bytes,
        first: reached.period.map(|p| p.first),
        last: reached.period.map(|p| p.last),
        gaps,
    }
}

fn judge(reached: &Reached, gaps: &[Gap], upper: Option<u64>) -> (Determinable, String) {
    let lower = reached.people.len() as u64;
    let names: Vec<&str> = gaps.iter().map(|g| g.what.as_str()).collect();
    match (lower, upper) {
        (_, Some(upper)) if upper == lower => (
            Determinable::Yes,
            "each record that shows data names whose it is, and no sensor was silent meanwhile".to_owned(),
        ),
        (0, None) => (
            Determinable::No,
            format!("the logs would not show it: {}; what would tell: {}", names.join(", "), wanted(gaps)),
        ),
        (_, None) => (
            Determinable::Partly,
            format!("{lower} people are named by records, but more could lie in: {}", names.join(", ")),
        ),
        (_, Some(upper)) => (
            Determinable::Partly,
            format!(
                "{lower} people are named by records; {} more could lie in records that name nobody and in gaps{}",
                upper - lower,
                if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
            ),
        ),
    }
}

fn wanted(gaps: &[Gap]) -> String {
    let reasons: Vec<&str> = gaps.iter().map(|g| g.reason.as_str()).collect();
    reasons.join("; ")
}

fn overall(findings: &BTreeMap<String, Scope>, people: u64, coverage: &[Coverage]) -> Scope {
    let all = || findings.values();
    let blind =
        all().any(|s| s.determinable == Determinable::No || s.subjects.is_none_or(|b| b.upper.is_none()));
    let mut gaps: Vec<Gap> = all().flat_map(|s| s.gaps.iter().cloned()).collect();
    gaps.sort_by(|a, b| (&a.what, a.from, a.to).cmp(&(&b.what, b.from, b.to)));
    gaps.dedup();
    let extra: u64 = all().filter_map(|s| s.subjects).filter_map(|b| Some(b.upper? - b.lower)).sum();
    let mut categories: Vec<String> = all().flat_map(|s| s.categories.iter().cloned()).collect();
    categories.sort();
    categories.dedup();
    let upper = (!blind).then_some(people + extra);
    let (determinable, reason) = if findings.is_empty() {
        let silent = coverage.iter().any(|c| !c.gaps.is_empty());
        let word = "no finding reached records of a dataset";
        match silent {
            false => (Determinable::Yes, format!("{word}, and no sensor was silent")),
            true => {
                (Determinable::Partly, format!("{word}; what happened in the sensors' gaps is not known"))
            }
        }
    } else if blind && people == 0 {
        (
            Determinable::No,
            "what was reached is not in the logs; the gaps say what would be needed".to_owned(),
        )
    } else if upper == Some(people) {
        (Determinable::Yes, "each record that shows data names whose it is".to_owned())
    } else {
        (Determinable::Partly, "records name some people; gaps could hide more".to_owned())
    };
    Scope {
        determinable,
        reason,
        subjects: (determinable != Determinable::No).then_some(Bounds { lower: people, upper }),
        categories,
        records: all().map(|s| s.records).sum(),
        bytes: all().filter_map(|s| s.bytes).reduce(|a, b| a + b),
        first: all().filter_map(|s| s.first).min(),
        last: all().filter_map(|s| s.last).max(),
        gaps,
    }
}
