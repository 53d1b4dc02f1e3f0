//! The incident told in sections: every sentence rests on a finding's or a step's records, or says what would be needed.
//!
//! Nothing here looks at the lake: it is a pure function of the case's facts, so the report can be checked against them.

mod advice;
mod indicators;

use crate::seen::Seen;
use advice::{lessons, recommendations};
use indicators::indicators;
use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::{
    Bounds, Coverage, Determinable, Incident, Labelled, Organisation, Period, Scope, Statement, TacticLine,
    TimelineEvent, Trace,
};
use weir_model::finding::State;
use weir_model::{Claim, EntityKind, Evidence, Finding, Severity, attack};
use weir_report::words;

/// What the incident is told from.
pub(crate) struct Facts<'a> {
    pub findings: &'a [Finding],
    pub timeline: &'a [TimelineEvent],
    pub traces: &'a BTreeMap<String, Trace>,
    pub scope: &'a Scope,
    pub scopes: &'a BTreeMap<String, Scope>,
    pub coverage: &'a [Coverage],
    pub organisation: &'a Organisation,
    pub period: Option<Period>,
    pub aware: Option<&'a str>,
    /// Whether any record is known to show people's data.
    pub data_seen: bool,
    /// When entities of findings were seen in what is accused, and in how many records.
    pub seen: &'a Seen,
    /// Countries from where people's data was read, as far as they are known.
    pub countries: BTreeSet<&'a str>,
}

impl Facts<'_> {
    /// Findings that tell of an incident rather than of noise, and that nobody told to be quiet.
    fn serious(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.calls() && f.severity >= Severity::Medium)
    }

    /// Those of them that name a technique: what somebody did, and not where the logs are silent.
    fn deeds(&self) -> impl Iterator<Item = &Finding> {
        self.serious().filter(|f| !f.attack.is_empty())
    }

    /// How many findings were told to be quiet.
    fn suppressed(&self) -> usize {
        self.findings.iter().filter(|f| f.state == State::Suppressed).count()
    }

    /// The records of the gravest finding that reached people (one told to be quiet, where no other did: the people are exposed all the
    /// same), else of the gravest deed, else of the gravest at all.
    fn gravest(&self) -> Option<&Finding> {
        let reached =
            |f: &&Finding| self.scopes.get(&f.id).and_then(|s| s.subjects).is_some_and(|b| b.lower > 0);
        let quiet = || self.findings.iter().filter(|f| f.stands()).find(reached);
        let deed = || self.deeds().next().or_else(|| self.serious().next());
        self.serious().find(reached).or_else(quiet).or_else(deed)
    }
}

fn because(finding: &Finding, words: String) -> Statement {
    Claim::stated(words, finding.evidence.0.clone())
}

/// A statement on the records of several findings.
fn because_all<'a>(findings: impl Iterator<Item = &'a Finding>, words: String, needed: &str) -> Statement {
    let mut cited = Vec::new();
    let mut total = 0;
    let mut queries = Vec::new();
    for finding in findings {
        let evidence = &finding.evidence.0;
        cited.extend_from_slice(evidence.cited());
        total += evidence.total();
        queries.push(evidence.query().to_owned());
    }
    match Evidence::new(cited, total, queries.join("; ")) {
        Some(evidence) => Claim::stated(words, evidence),
        None => Claim::unknown(needed),
    }
}

/// The incident, section by section.
pub(crate) fn incident(facts: &Facts<'_>) -> Incident {
    Incident {
        summary: summary(facts),
        details: details(facts),
        methodology: methodology(facts),
        impact: impact(facts),
        indicators: indicators(facts),
        response: response(facts),
        lessons: lessons(facts),
        recommendations: recommendations(facts),
    }
}

fn people_words(bounds: Bounds) -> String {
    let people = |n| words::quantity(n, "person", "people");
    match bounds.upper {
        Some(upper) if upper == bounds.lower => people(bounds.lower),
        Some(upper) => format!("at least {} and at most {}", words::count(bounds.lower), people(upper)),
        None => format!("at least {}, with no upper bound that the logs support", people(bounds.lower)),
    }
}

fn summary(facts: &Facts<'_>) -> Vec<Statement> {
    const SHOWN: usize = 6;
    let mut out: Vec<Statement> = Vec::new();
    if let (Some(gravest), Some(bounds)) = (facts.gravest(), facts.scope.subjects.filter(|b| b.lower > 0)) {
        let what = if facts.scope.categories.is_empty() {
            "data".to_owned()
        } else {
            words::categories(&facts.scope.categories)
        };
        let span = match (facts.scope.first, facts.scope.last) {
            (Some(first), Some(last)) => {
                format!(" between {} and {}", words::instant(first), words::instant(last))
            }
            _ => String::new(),
        };
        out.push(because(gravest, format!("Records of {} ({what}) were read{span}.", people_words(bounds))));
    }
    out.extend(facts.serious().take(SHOWN).map(|f| because(f, format!("{}.", f.title))));
    if facts.scope.determinable != Determinable::Yes && facts.serious().next().is_some() {
        out.push(Claim::unknown(format!("whose data was reached in full: {}", facts.scope.reason)));
    }
    if out.is_empty() {
        let beside = match facts.suppressed() {
            0 => String::new(),
            n => format!(" beside {n} that somebody told to be quiet"),
        };
        out.push(match facts.period {
            Some(p) => Claim::unknown(format!(
                "nothing of severity medium or above was found between {} and {}{beside}; what the logs do not record stays unknown",
                words::instant(p.first),
                words::instant(p.last)
            )),
            None => Claim::unknown("no records were read: give logs of a known format (`weir sources` lists them)"),
        });
    }
    out
}

fn labelled(label: &str, statement: Statement) -> Labelled {
    Labelled { label: label.to_owned(), statement }
}

fn details(facts: &Facts<'_>) -> Vec<Labelled> {
    let gravest = facts.gravest();
    let first = facts.deeds().min_by_key(|f| f.first_seen);
    let last = facts.deeds().max_by_key(|f| f.last_seen);
    let told = |value: Option<&String>, key: &str| match (value, gravest) {
        (Some(value), Some(finding)) => because(finding, value.clone()),
        (Some(_), None) => Claim::unknown("nothing was found that concerns it"),
        (None, _) => Claim::unknown(format!("set `{key}` in the `[organisation]` table of weir.toml")),
    };
    let discovery = match (facts.aware, gravest) {
        (Some(aware), Some(finding)) => because(
            finding,
            format!(
                "The organisation states that it became aware at {aware}; these logs were then examined."
            ),
        ),
        _ => Claim::unknown(
            "how and when it was discovered: set `aware` in the `[organisation]` table of weir.toml",
        ),
    };
    let period = match (first, last) {
        (Some(first), Some(last)) => because_all(
            [first].into_iter().chain((first.id != last.id).then_some(last)),
            format!(
                "From {} (first record of a finding) to {} (last).",
                words::instant(first.first_seen),
                words::instant(last.last_seen)
            ),
            "findings",
        ),
        _ => Claim::unknown("nothing was found that has a beginning and an end"),
    };
    vec![
        labelled("Discovered", discovery),
        labelled("Period", period),
        labelled("Organisation", told(facts.organisation.name.as_ref(), "name")),
        labelled("Sector", told(facts.organisation.sector.as_ref(), "sector")),
        labelled("Geography", geography(facts)),
    ]
}

fn geography(facts: &Facts<'_>) -> Statement {
    let countries: BTreeSet<&str> = facts
        .serious()
        .flat_map(|f| &f.entities)
        .filter(|e| e.kind == EntityKind::Country)
        .map(|e| e.value.as_str())
        .collect();
    let countries = if countries.is_empty() { &facts.countries } else { &countries };
    if countries.is_empty() {
        return Claim::unknown(
            "from which countries: name an IP-to-country database in `inventory.countries` of weir.toml",
        );
    }
    let words =
        format!("Addresses of findings lie in {}.", countries.iter().copied().collect::<Vec<_>>().join(", "));
    because_all(facts.serious(), words, "findings")
}

/// A line for each tactic that a finding or a step of its hand names.
fn methodology(facts: &Facts<'_>) -> Vec<TacticLine> {
    let mut lines = Vec::new();
    for tactic in attack::TACTICS {
        let of_tactic = |ids: &[String]| -> BTreeSet<String> {
            ids.iter()
                .filter(|id| attack::technique(id).is_some_and(|t| t.tactic == tactic))
                .cloned()
                .collect()
        };
        // A sign-in after other steps is not how they got in.
        let begun = facts.timeline.iter().map(|e| e.time).min();
        let late = |e: &TimelineEvent| tactic == "Initial Access" && Some(e.time) > begun;
        let steps: Vec<&TimelineEvent> =
            facts.timeline.iter().filter(|e| !of_tactic(&e.attack).is_empty() && !late(e)).collect();
        let findings: Vec<&Finding> = facts.serious().filter(|f| !of_tactic(&f.attack).is_empty()).collect();
        let mut techniques: BTreeSet<String> = steps.iter().flat_map(|e| of_tactic(&e.attack)).collect();
        techniques.extend(findings.iter().flat_map(|f| of_tactic(&f.attack)));
        if techniques.is_empty() {
            continue;
        }
        let mut words: Vec<String> = findings.iter().take(3).map(|f| f.title.clone()).collect();
        words.extend(steps.iter().take(6).map(|e| e.what.clone()));
        let more = (findings.len().saturating_sub(3)) + (steps.len().saturating_sub(6));
        let tail = if more > 0 { format!("; and {more} more") } else { String::new() };
        let cited = steps
            .iter()
            .flat_map(|e| e.evidence.cited())
            .chain(findings.iter().flat_map(|f| f.evidence.0.cited()));
        let total = steps.iter().map(|e| e.evidence.total()).sum::<u64>()
            + findings.iter().map(|f| f.evidence.0.total()).sum::<u64>();
        let query = findings
            .first()
            .map(|f| f.evidence.0.query())
            .or(steps.first().map(|e| e.evidence.query()))
            .unwrap_or_default();
        let statement = match Evidence::new(cited.cloned().collect(), total, query) {
            Some(evidence) => Claim::stated(format!("{}{tail}.", words.join("; ")), evidence),
            None => Claim::unknown("records of this tactic"),
        };
        lines.push(TacticLine {
            tactic: tactic.to_owned(),
            techniques: techniques.into_iter().collect(),
            statement,
        });
    }
    lines
}

fn impact(facts: &Facts<'_>) -> Vec<Labelled> {
    let gravest = facts.gravest();
    let people = match (facts.scope.subjects, gravest) {
        (Some(bounds), Some(finding)) if facts.scope.determinable != Determinable::No => {
            let share = facts.organisation.members.filter(|m| *m > 0 && bounds.lower > 0);
            let share = share.map(|m| {
                format!(", {:.2} % of {} members", bounds.lower as f64 * 100.0 / m as f64, words::count(m))
            });
            because(
                finding,
                format!("{}{}: {}.", people_words(bounds), share.unwrap_or_default(), facts.scope.reason),
            )
        }
        _ => Claim::unknown(facts.scope.reason.clone()),
    };
    let data = match gravest.filter(|_| !facts.scope.categories.is_empty()) {
        Some(finding) => because(
            finding,
            format!(
                "{} in {}.",
                words::label_first(&words::categories(&facts.scope.categories)),
                words::quantity(facts.scope.records, "record", "records")
            ),
        ),
        None => Claim::unknown(
            "which categories of data: name them with their routes, tables and buckets in `[[dataset]]` of weir.toml",
        ),
    };
    let destroyed = facts.timeline.iter().filter(|e| e.phase == "impact" && !e.failed);
    let mut destroyed: Vec<&TimelineEvent> = destroyed.collect();
    // What held data comes before what ran.
    destroyed.sort_by_key(|e| !["database", "bucket", "snapshot"].iter().any(|store| e.what.contains(store)));
    let operational = match destroyed.first() {
        Some(first) => {
            const SHOWN: usize = 5;
            let mut what: Vec<String> = destroyed.iter().take(SHOWN).map(|e| e.what.clone()).collect();
            if destroyed.len() > SHOWN {
                what.push(format!("and {} more", words::count((destroyed.len() - SHOWN) as u64)));
            }
            let cited = destroyed.iter().flat_map(|e| e.evidence.cited()).cloned().collect();
            let total = destroyed.iter().map(|e| e.evidence.total()).sum();
            match Evidence::new(cited, total, first.evidence.query()) {
                Some(evidence) => Claim::stated(what.join("; "), evidence),
                None => Claim::unknown("records of what was destroyed"),
            }
        }
        None => Claim::unknown(
            "outages and lost systems: access logs do not record them unless they were destroyed through a logged call",
        ),
    };
    vec![
        labelled("People", people),
        labelled("Data", data),
        labelled("Operational", operational),
        labelled("Financial", Claim::unknown("costs, fines and payments are not in logs")),
        labelled("Reputational", Claim::unknown("press and customers' reactions are not in logs")),
    ]
}

fn response(facts: &Facts<'_>) -> Vec<Labelled> {
    let undone = facts.timeline.iter().find(|e| e.phase == "response");
    let words = |needed: &str| match undone {
        Some(event) => Claim::stated(event.what.clone(), event.evidence.clone()),
        None => Claim::unknown(needed),
    };
    vec![
        labelled(
            "Containment",
            words("what was blocked, revoked or shut off, by whom and when: records of the response itself"),
        ),
        labelled(
            "Eradication",
            Claim::unknown(
                "what was removed and how its absence was checked: records of the response itself",
            ),
        ),
        labelled(
            "Recovery",
            Claim::unknown(
                "what was restored, from what, and when service was whole: records of the response itself",
            ),
        ),
    ]
}
