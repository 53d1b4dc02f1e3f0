//! Whose data, what data, how many people: exact where records name them, bounded where they do not, unknown where nothing tells.
//!
//! Decisive choice: the lower bound counts people in records that show success; the upper bound adds what a named and sized gap could
//! hide, and is absent where nothing bounds it. "0 exposed" is said only where the log would have shown it: [`Determinable`] and a
//! missing count are different values from zero.
//!
//! Subjects of different namespaces may be the same people (a member's page, then the pages of a session that nobody's name is on), and
//! several sessions may be one person's: the lower bound counts the namespace that holds most, the upper bound all.
//!
//! Several findings often have the same records. So what is said overall is counted over the records that any of them has, never summed
//! over findings.
//!
//! What this crate refuses: people from failed requests, objects counted as people without a link, and a number without its gaps.

mod error;
mod gaps;
mod subjects;

pub use error::ScopeError;
pub use gaps::unlogged;
pub use subjects::{Reached, exposed, reached};

use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use weir_catalog::links::CREDENTIAL;
use weir_lake::Session;
use weir_model::case::{Bounds, Coverage, Determinable, ExposedSubject, Gap, Scope};
use weir_model::{Finding, Micros, Severity};

/// The scope of a case: overall, per finding, and the people.
#[derive(Clone, Debug)]
pub struct Scoped {
    /// Overall.
    pub overall: Scope,
    /// Per finding id; findings that reached no data are absent.
    pub findings: BTreeMap<String, Scope>,
    /// Every exposed person, sorted.
    pub people: Vec<ExposedSubject>,
}

/// What the logs are known to hold and to lack.
#[derive(Clone, Copy, Debug)]
pub struct Logs<'a> {
    /// What each sensor delivered, with its silences.
    pub coverage: &'a [Coverage],
    /// Files that could not be read, or not to their end: anything may be in them.
    pub unread: &'a [Gap],
    /// Whether any record at all is known to show people's data.
    pub data_seen: bool,
}

/// The scope of all findings; `near` holds at least the records of `access` that `hands` select, so that questions about them need not go to the
/// whole `session`; `hands` gives each finding's condition on `access` that selects its hand's records.
pub fn scope<'a>(
    session: &'a Session,
    near: &'a Session,
    findings: &'a [Finding],
    hands: &'a BTreeMap<String, String>,
    logs: Logs<'a>,
    categories: &'a BTreeMap<String, Vec<String>>,
) -> BoxFuture<'a, Result<Scoped, ScopeError>> {
    Box::pin(async move {
        let (mut scopes, mut counted) = (BTreeMap::new(), BTreeMap::new());
        let mut people = BTreeMap::new();
        let mut conditions = BTreeSet::new();
        // Whom a doubtful finding reached is said of that finding; the case counts them only where there is nothing but doubt.
        let (grave, doubtful): (Vec<_>, Vec<_>) = findings.iter().partition(|f| f.severity >= Severity::High);
        for findings in [grave, doubtful] {
            let counts = conditions.is_empty();
            for finding in findings {
                let Some(condition) = hands.get(&finding.id) else { continue };
                let seen = (finding.first_seen, finding.last_seen);
                let Some(reached) = reached(session, near, seen, condition, categories).await? else {
                    continue;
                };
                let mut gaps = unlogged(session, near, condition).await?;
                let period = reached.period.map_or(seen, |p| (p.first, p.last));
                gaps.extend(silences(logs.coverage, period));
                gaps.extend(logs.unread.iter().cloned());
                let hidden = hidden(&reached, &gaps);
                let scope = bound(&reached, gaps, hidden);
                if counts {
                    conditions.insert(condition.as_str());
                    subjects::join(&mut people, &finding.id, &reached);
                    counted.insert(finding.id.clone(), scope.clone());
                }
                scopes.insert(finding.id.clone(), scope);
            }
        }
        let overall = match union(session, near, &conditions, &counted, logs, categories).await? {
            None => nothing_reached(logs),
            Some((reached, gaps)) => {
                subjects::count(&mut people, &reached);
                overall(&reached, gaps, &counted)
            }
        };
        Ok(Scoped { overall, findings: scopes, people: people.into_values().collect() })
    })
}

/// What the records of all findings show together, and the gaps that concern any of them; `None` when no finding reached data.
async fn union(
    session: &Session,
    near: &Session,
    conditions: &BTreeSet<&str>,
    scopes: &BTreeMap<String, Scope>,
    logs: Logs<'_>,
    categories: &BTreeMap<String, Vec<String>>,
) -> Result<Option<(Reached, Vec<Gap>)>, ScopeError> {
    if conditions.is_empty() {
        return Ok(None);
    }
    let any: Vec<String> = conditions.iter().map(|c| format!("({c})")).collect();
    let any = format!("({})", any.join(" OR "));
    let first = scopes.values().filter_map(|s| s.first).min();
    let last = scopes.values().filter_map(|s| s.last).max();
    let seen = (first.unwrap_or_default(), last.unwrap_or_default());
    let Some(reached) = reached(session, near, seen, &any, categories).await? else { return Ok(None) };
    // Each finding counts what is not logged of its own hand; together they have one count, and each sensor's silence once.
    let mut gaps = unlogged(session, near, &any).await?;
    let concerns = |gap: &&Gap| scopes.values().any(|s| s.gaps.contains(gap));
    gaps.extend(logs.coverage.iter().flat_map(|c| &c.gaps).filter(concerns).cloned());
    gaps.extend(logs.unread.iter().cloned());
    gaps.sort_by(|a, b| (&a.what, a.from, a.to).cmp(&(&b.what, b.from, b.to)));
    gaps.dedup();
    Ok(Some((reached, gaps)))
}

/// Silences of sensors that fall into a period.
fn silences(coverage: &[Coverage], (first, last): (Micros, Micros)) -> impl Iterator<Item = Gap> + '_ {
    let inside = move |gap: &&Gap| gap.from.is_none_or(|f| f <= last) && gap.to.is_none_or(|t| t >= first);
    coverage.iter().flat_map(|c| &c.gaps).filter(inside).cloned()
}

/// How many people these subjects are at least.
fn certain<'s>(subjects: impl Iterator<Item = &'s String>) -> u64 {
    let mut by_namespace: BTreeMap<&str, u64> = BTreeMap::new();
    for subject in subjects {
        let namespace = subject.split_once(':').map_or("", |(namespace, _)| namespace);
        *by_namespace.entry(namespace).or_default() += 1;
    }
    let sessions = by_namespace.remove(CREDENTIAL).unwrap_or(0);
    by_namespace.into_values().max().unwrap_or(sessions.min(1))
}

/// How many people unseen records could show; `None` when nothing bounds it.
fn hidden(reached: &Reached, gaps: &[Gap]) -> Option<u64> {
    if gaps.iter().any(|g| g.records_expected.is_none()) {
        return None;
    }
    // Each unseen record could show one more person.
    let unseen: f64 = gaps.iter().filter_map(|g| g.records_expected).sum();
    let rate = if reached.sensor_records == 0 {
        0.0
    } else {
        reached.records as f64 / reached.sensor_records as f64
    };
    Some((unseen * rate).ceil() as u64)
}

/// Lower and upper bound of how many people records show, with those that they count without a name.
fn bounds(reached: &Reached, hidden: Option<u64>) -> Bounds {
    let lower = certain(reached.people.keys());
    Bounds {
        lower,
        upper: hidden.map(|hidden| {
            (reached.people.len() as u64).saturating_add(reached.unnamed).saturating_add(hidden)
        }),
    }
}

/// What one finding reached.
fn bound(reached: &Reached, gaps: Vec<Gap>, hidden: Option<u64>) -> Scope {
    let bounds = bounds(reached, hidden);
    let (determinable, reason) = judge(bounds.lower, &gaps, bounds.upper);
    told(reached, bounds, (determinable, reason), gaps)
}

fn told(
    reached: &Reached,
    bounds: Bounds,
    (determinable, reason): (Determinable, String),
    gaps: Vec<Gap>,
) -> Scope {
    Scope {
        determinable,
        reason,
        subjects: (determinable != Determinable::No).then_some(bounds),
        categories: reached.categories.iter().cloned().collect(),
        records: reached.records,
        bytes: reached.bytes,
        first: reached.period.map(|p| p.first),
        last: reached.period.map(|p| p.last),
        gaps,
    }
}

fn judge(lower: u64, gaps: &[Gap], upper: Option<u64>) -> (Determinable, String) {
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
                "{lower} people are named by records; {} more could lie in sessions and records that name nobody, and in gaps{}",
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

/// What all findings reached together.
fn overall(reached: &Reached, gaps: Vec<Gap>, scopes: &BTreeMap<String, Scope>) -> Scope {
    let mut people = bounds(reached, hidden(reached, &gaps));
    // A gap hides more from a hand that was busy around it than from all of them on the average of a longer time.
    let most = scopes.values().filter_map(|s| s.subjects?.upper).max();
    people.upper = people.upper.map(|upper| upper.max(most.unwrap_or(0)));
    let judged = if people.upper.is_none() && people.lower == 0 {
        (
            Determinable::No,
            "what was reached is not in the logs; the gaps say what would be needed".to_owned(),
        )
    } else if people.upper == Some(people.lower) {
        (Determinable::Yes, "each record that shows data names whose it is".to_owned())
    } else {
        (
            Determinable::Partly,
            "records name some people; sessions without a name, or gaps, could hide more".to_owned(),
        )
    };
    told(reached, people, judged, gaps)
}

/// What is said where no finding reached data.
fn nothing_reached(logs: Logs<'_>) -> Scope {
    let silent = logs.coverage.iter().any(|c| !c.gaps.is_empty());
    let unread = !logs.unread.is_empty();
    let word = "no finding reached records of a dataset";
    let judged = match (logs.data_seen, silent, unread) {
        (false, ..) => (
            Determinable::No,
            "no record of this period is known to show people's data; logs of such reads, or `[[dataset]]` in weir.toml, would tell"
                .to_owned(),
        ),
        (true, false, false) => (Determinable::Yes, format!("{word}, and no sensor was silent")),
        (true, true, false) => {
            (Determinable::Partly, format!("{word}; what happened in the sensors' gaps is not known"))
        }
        (true, false, true) => {
            (Determinable::Partly, format!("{word}; what files hold that could not be read is not known"))
        }
        (true, true, true) => (
            Determinable::Partly,
            format!("{word}; what happened in the sensors' gaps, and what files hold that could not be read, is not known"),
        ),
    };
    let bounds = Bounds { lower: 0, upper: (!unread).then_some(0) };
    told(&Reached::default(), bounds, judged, logs.unread.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_who_may_be_another_is_not_counted_for_certain() {
        let certain =
            |subjects: &[&str]| certain(subjects.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>().iter());
        assert_eq!(certain(&["member:1", "member:2", "credential:a", "credential:b", "credential:c"]), 2);
        assert_eq!(certain(&["credential:a", "credential:b"]), 1, "both may be sessions of one person");
        assert_eq!(certain(&["member:1", "mail:a@x.kr"]), 1);
        assert_eq!(certain(&[]), 0);
    }
}
