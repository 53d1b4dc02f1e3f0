//! The life of a finding from run to run: what people said of it, and what became of it when it no longer arises.
//!
//! Decisive choice: a run compares itself with the last one that asked the same question of the lake: the same span of event time and the
//! same alert budget. Another span leaves out findings that stand all the same; only under the same question does one that is missing mean
//! that records or knowledge changed it. What was found is remembered before it is shown, so nothing shown is ever forgotten.
//!
//! What it refuses: to drop a finding. One that no longer arises stays in the case, marked, with why and what took its place.

mod record;
mod remembered;

pub use record::{Said, say};

use crate::{EngineError, Investigation};
use record::read;
use remembered::{Answered, Remembered, Run};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use weir_lake::Snapshot;
use weir_model::finding::State;
use weir_model::{Disposition, Entity, EntityKind, Finding};
use weir_scope::Scoped;

/// The most superseded findings that a lake remembers for one question.
const SUPERSEDED_MAX: usize = 1_000;

/// Findings with their states, and what limits them.
pub(crate) struct Lived {
    /// Those that call for somebody first, then suppressed ones, then superseded ones; each by severity, first event and id.
    pub findings: Vec<Finding>,
    /// What the case cannot say of them.
    pub limits: Vec<String>,
}

/// Gives findings of a run the states that earlier runs and people gave them, and remembers them.
pub(crate) fn live(
    what: &Investigation,
    snapshot: &Snapshot,
    catalog: &str,
    found: Vec<Finding>,
) -> Result<Lived, EngineError> {
    let (record, mut limits) = read(&what.lake)?;
    let mut remembered = Remembered::read(&what.lake)?;
    let now = Run {
        program: what.program.clone(),
        catalog: catalog.to_owned(),
        intake: snapshot.versions().get("intake").copied(),
        state: snapshot.versions().get("state").copied(),
    };
    let mut superseded = match remembered.take(what.span, what.alert_budget) {
        Some(before) => gone(before, &now, &found),
        None => Vec::new(),
    };
    superseded.sort_by(|a, b| order(a).cmp(&order(b)));
    if superseded.len() > SUPERSEDED_MAX {
        limits.push(format!(
            "{} superseded findings were forgotten, least severe first; the lake remembers {SUPERSEDED_MAX}",
            superseded.len() - SUPERSEDED_MAX
        ));
        superseded.truncate(SUPERSEDED_MAX);
    }
    remembered.put(Answered {
        span: what.span,
        alert_budget: what.alert_budget,
        run: now,
        findings: found.clone(),
        superseded: superseded.clone(),
    });
    remembered.write(&what.lake)?;
    let mut findings = found;
    findings.iter_mut().for_each(|f| f.dispose(&record));
    superseded.iter_mut().for_each(|f| f.dispositions = said_of(&record, f));
    findings.extend(superseded);
    findings.sort_by(|a, b| (rank(a), order(a)).cmp(&(rank(b), order(b))));
    Ok(Lived { findings, limits })
}

/// The finding of an id in the last run that had it, with the state that people gave it since.
pub(crate) fn find(lake: &Path, id: &str) -> Result<Finding, EngineError> {
    let (record, _) = read(lake)?;
    let remembered = Remembered::read(lake)?;
    let Some(found) = remembered.all().find(|f| f.id == id) else {
        let near = remembered.all().map(|f| f.id.as_str());
        return Err(EngineError::NoFinding { id: id.to_owned(), nearest: nearest(id, near) });
    };
    Ok(disposed(found, &record))
}

/// A finding with the state that people gave it.
fn disposed(found: &Finding, record: &[Disposition]) -> Finding {
    let mut finding = found.clone();
    if finding.stands() {
        finding.dispose(record);
    } else {
        finding.dispositions = said_of(record, &finding);
    }
    finding
}

/// Every finding that a lake remembers, as the last run that had it found it, with the state that people gave it since: those that call for somebody first.
///
/// # Errors
/// If the lake was never investigated, or what it remembers cannot be read.
pub fn listed(lake: &Path) -> Result<Vec<Finding>, EngineError> {
    let (record, _) = read(lake)?;
    let remembered = Remembered::read(lake)?;
    if remembered.never_asked() {
        return Err(EngineError::NotInvestigated);
    }
    let mut found: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in remembered.all() {
        found.entry(&finding.id).or_insert(finding);
    }
    let mut findings: Vec<Finding> = found.into_values().map(|found| disposed(found, &record)).collect();
    findings.sort_by(|a, b| (rank(a), order(a)).cmp(&(rank(b), order(b))));
    Ok(findings)
}

/// The findings of these ids, or of campaigns of these ids, in the last runs that had them; all that stand if none is named.
pub(crate) fn some(lake: &Path, ids: &[String]) -> Result<Vec<Finding>, EngineError> {
    let remembered = Remembered::read(lake)?;
    let mut found: BTreeMap<String, Finding> = BTreeMap::new();
    for id in ids {
        let members = remembered.all().filter(|f| f.stands() && f.campaign.as_deref() == Some(id));
        let members: Vec<Finding> = members.cloned().collect();
        let members = if members.is_empty() { vec![find(lake, id)?] } else { members };
        found.extend(members.into_iter().map(|f| (f.id.clone(), f)));
    }
    if ids.is_empty() {
        if remembered.never_asked() {
            return Err(EngineError::NotInvestigated);
        }
        found.extend(remembered.all().filter(|f| f.stands()).map(|f| (f.id.clone(), f.clone())));
    }
    let mut found: Vec<Finding> = found.into_values().collect();
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(found)
}

fn said_of(record: &[Disposition], finding: &Finding) -> Vec<Disposition> {
    record.iter().filter(|d| d.concerns(finding)).cloned().collect()
}

fn nearest<'i>(id: &str, known: impl Iterator<Item = &'i str>) -> Option<String> {
    let near = known.map(|k| (strsim::jaro_winkler(k, id), k)).max_by(|a, b| a.0.total_cmp(&b.0));
    near.map(|(_, k)| k.to_owned())
}

/// Titles of the other findings of a campaign, by id.
pub(crate) fn campaign(lake: &Path, of: &Finding) -> Result<BTreeMap<String, String>, EngineError> {
    let remembered = Remembered::read(lake)?;
    let same = |f: &&Finding| of.campaign.is_some() && f.campaign == of.campaign && f.id != of.id;
    let standing = remembered.all().filter(|f| f.stands()).filter(same);
    Ok(standing.map(|f| (f.id.clone(), f.title.clone())).collect())
}

/// How many people only findings reached that were told to be quiet; `None` when none was.
pub(crate) fn suppressed_subjects(findings: &[Finding], scoped: &Scoped) -> Option<u64> {
    let suppressed: BTreeSet<&str> =
        findings.iter().filter(|f| f.state == State::Suppressed).map(|f| f.id.as_str()).collect();
    (!suppressed.is_empty()).then(|| scoped.only(&suppressed))
}

fn rank(finding: &Finding) -> u8 {
    match finding.state {
        State::Suppressed => 1,
        State::Superseded => 2,
        _ => 0,
    }
}

fn order(f: &Finding) -> (std::cmp::Reverse<weir_model::Severity>, weir_model::Micros, &str) {
    (std::cmp::Reverse(f.severity), f.first_seen, &f.id)
}

/// What an earlier answer to the same question had and the present one has not.
fn gone(before: Answered, now: &Run, found: &[Finding]) -> Vec<Finding> {
    let arises: BTreeSet<&str> = found.iter().map(|f| f.id.as_str()).collect();
    let missing = |f: &Finding| !arises.contains(f.id.as_str());
    let heirs = Heirs::of(found);
    let why = before.run.changed(now);
    let fresh = before.findings.into_iter().filter(missing).map(|f| supersede(f, &why, &heirs));
    let mut all: Vec<Finding> = fresh.collect();
    all.extend(before.superseded.into_iter().filter(missing));
    all
}

fn supersede(mut finding: Finding, why: &str, heirs: &Heirs<'_>) -> Finding {
    let heir = heirs.find(&finding);
    let by = match heir {
        Some((f, 1)) => format!("; finding {} concerns one of its entities now: {}", f.id, f.title),
        Some((f, n)) => format!("; finding {} concerns {n} of its entities now: {}", f.id, f.title),
        None => "; no finding concerns its entities now".to_owned(),
    };
    let said = format!("superseded: it no longer arises {why}{by}");
    finding.state = State::Superseded;
    finding.superseded_by = heir.map(|(f, _)| f.id.clone());
    finding.limits.push(said.clone());
    finding.state_reason = Some(said);
    finding
}

/// Present findings by the entities they concern.
struct Heirs<'f> {
    found: &'f [Finding],
    by_entity: BTreeMap<&'f Entity, Vec<usize>>,
}

/// Whether an entity tells findings apart: many concern the same sensor, country or dataset.
fn tells_apart(entity: &Entity) -> bool {
    !matches!(
        entity.kind,
        EntityKind::Sensor
            | EntityKind::Country
            | EntityKind::Dataset
            | EntityKind::Route
            | EntityKind::Account
    )
}

impl<'f> Heirs<'f> {
    fn of(found: &'f [Finding]) -> Self {
        let mut by_entity: BTreeMap<&Entity, Vec<usize>> = BTreeMap::new();
        for (at, finding) in found.iter().enumerate() {
            for entity in finding.entities.iter().filter(|e| tells_apart(e)) {
                by_entity.entry(entity).or_default().push(at);
            }
        }
        Self { found, by_entity }
    }

    /// The finding that shares most entities, one of the same detector first; and how many it shares.
    fn find(&self, of: &Finding) -> Option<(&'f Finding, usize)> {
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for entity in of.entities.iter().filter(|e| tells_apart(e)) {
            for at in self.by_entity.get(entity).into_iter().flatten() {
                *shared.entry(*at).or_default() += 1;
            }
        }
        let known = shared.into_iter().filter_map(|(at, n)| Some((self.found.get(at)?, n)));
        known.max_by_key(|(f, n)| (f.detector == of.detector, *n, std::cmp::Reverse(&f.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_detect::Draft;
    use weir_model::{Citation, Evidence, Micros, Severity, Span};

    fn finding(detector: &'static str, name: &str, origins: &[&str]) -> Finding {
        let entity = |o: &&str| Entity::new(EntityKind::Origin, *o);
        let seen = (Micros(0), Micros(9));
        let principal = origins.first().map(entity).unwrap();
        let mut draft =
            Draft::new(detector, Severity::High, principal, seen).members(origins.iter().map(entity));
        draft.identity.push(name.to_owned());
        let cited = vec![Citation { path: "a.log".into(), line: 1, offset: 0, file: 1 }];
        draft.finish(Evidence::new(cited, 1, "").unwrap(), BTreeMap::new())
    }

    fn run(catalog: &str, intake: i64) -> Run {
        Run { program: "weir test".into(), catalog: catalog.into(), intake: Some(intake), state: Some(1) }
    }

    fn answered(findings: Vec<Finding>, superseded: Vec<Finding>) -> Answered {
        let run = run("a", 1);
        Answered { span: Span::default(), alert_budget: 1.0, run, findings, superseded }
    }

    #[test]
    fn what_is_gone_names_what_concerns_most_of_its_entities_now() {
        let old = finding("reach", "old", &["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        let other = finding("harvest", "most", &["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        let heir = finding("reach", "new", &["192.0.2.2", "192.0.2.3"]);
        let stranger = finding("reach", "stranger", &["198.51.100.1"]);
        let now = [other.clone(), heir.clone(), stranger.clone()];
        let all = gone(answered(vec![old.clone(), stranger], Vec::new()), &run("b", 1), &now);
        assert_eq!(all.len(), 1, "what arises still is not gone");
        assert_eq!((all[0].state, all[0].superseded_by.as_ref()), (State::Superseded, Some(&heir.id)));
        let why = all[0].state_reason.clone().unwrap();
        assert!(why.contains("what personal data is") && why.contains("2 of its entities"), "{why}");
        let all = gone(answered(vec![old], Vec::new()), &run("a", 2), std::slice::from_ref(&other));
        assert_eq!(
            all[0].superseded_by.as_ref(),
            Some(&other.id),
            "of another detector where none of its own"
        );
    }

    #[test]
    fn what_was_gone_stays_until_it_arises_again() {
        let old = finding("reach", "old", &["192.0.2.1"]);
        let first = gone(answered(vec![old.clone()], Vec::new()), &run("a", 2), &[]);
        let again = gone(answered(Vec::new(), first.clone()), &run("a", 3), &[]);
        assert_eq!(again, first, "with the reason it went for");
        assert!(gone(answered(Vec::new(), first), &run("a", 4), &[old]).is_empty());
    }

    #[test]
    fn what_a_hold_or_a_deletion_ended_is_not_laid_to_the_configuration() {
        let now = Run { state: Some(2), ..run("a", 1) };
        assert_eq!(run("a", 1).changed(&now), "since a hold, its end or a deletion was recorded");
        let before = Run { state: None, ..run("a", 1) };
        assert!(
            before.changed(&now).contains("configuration"),
            "of a run that did not note it nothing is known"
        );
    }

    #[test]
    fn a_lake_remembers_what_it_was_asked_last() {
        let dir = tempfile::tempdir().unwrap();
        let mut remembered = Remembered::read(dir.path()).unwrap();
        for day in 0..12 {
            let mut answer = answered(vec![finding("reach", &day.to_string(), &["192.0.2.1"])], Vec::new());
            answer.span.since = Some(Micros(day));
            answer.findings[0].measures.insert("odd".into(), f64::NAN);
            remembered.put(answer);
        }
        remembered.write(dir.path()).unwrap();
        let mut read = Remembered::read(dir.path()).unwrap();
        assert_eq!(read.all().count(), 8);
        let asked = |day| Span { since: Some(Micros(day)), until: None };
        assert!(read.take(asked(3), 1.0).is_none() && read.take(asked(4), 2.0).is_none());
        assert!(read.take(asked(4), 1.0).is_some());
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing is left beside it");
        std::fs::write(dir.path().join("remembered.json"), "{").unwrap();
        assert!(Remembered::read(dir.path()).is_err());
    }
}
