//! The phrases of a report in which a number is made from facts, computed again from the case.

use super::written::{count, day, instant, lasted, measured, number, quantity, three_digits};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use weir_model::{
    Finding, Micros, Severity,
    case::{Bounds, Case, Series},
    finding::State,
    time::DAY_US,
};

/// Phrases of a case, by what they are.
type Phrases = fn(&Case) -> Vec<String>;

/// Every way to make a phrase, by name.
const PHRASES: [(&str, Phrases); 19] = [
    ("fixed words", fixed),
    ("durations", durations),
    ("shares", shares),
    ("tallies", tallies),
    ("verdicts", verdict),
    ("limits of the account", account),
    ("sums over sensors", sensors),
    ("records in all", flow),
    ("people reached", reach),
    ("highest days", highest),
    ("usual days", usual),
    ("columns of days", columns),
    ("sizes of traces", traces),
    ("reported and found", compared),
    ("odds", odds),
    ("ranks on the map", ranks),
    ("budgets", budgets),
    ("upper bounds", upper),
    ("rows of people", people_rows),
];

/// Columns of a line of bars.
const COLUMNS_MAX: i64 = 72;

/// Every phrase of a case.
pub fn all(case: &Case) -> Vec<String> {
    PHRASES.iter().flat_map(|(_, make)| make(case)).collect()
}

/// The places of countries on the map, the one with most people first, how many records are of none, and what its shades stand for.
fn ranks(case: &Case) -> Vec<String> {
    let (people, records) = (&case.divided.countries, &case.divided.country_records);
    let codes: BTreeSet<&String> =
        people.keys().chain(records.keys()).filter(|code| !code.is_empty()).collect();
    let mut codes: Vec<&String> = codes.into_iter().collect();
    codes.sort_by_key(|code| Reverse((people.get(*code).copied().unwrap_or(0), records.get(*code).copied())));
    let names: BTreeMap<&str, &str> = include_str!("../../../map/world.txt")
        .lines()
        .filter_map(|line| {
            line.split_once('\t').map(|(code, rest)| (code, rest.split('\t').next().unwrap_or("")))
        })
        .collect();
    let named = |code: &str| match names.get(code.to_uppercase().as_str()) {
        Some(name) => format!("{name} ({})", code.to_uppercase()),
        None => format!("{code} (not on the map)"),
    };
    let listed = codes.iter().enumerate().map(|(i, code)| format!("{}. {}", i + 1, named(code)));
    let elsewhere = case.scope.records.saturating_sub(records.values().sum());
    let shades = ["people", "records"]
        .map(|what| format!("The stronger the shade, the more: up to 1 %, up to 10 %, up to 50 % of the {what} counted here, and above"));
    let elsewhere = format!("Beside these, {} from places that are not known", quantity(elsewhere, "record"));
    listed.chain([elsewhere]).chain(shades).collect()
}

/// The upper bound as a sum, where it is one.
fn upper(case: &Case) -> Vec<String> {
    let Some(Bounds { lower, upper: Some(upper) }) = case.scope.subjects else { return Vec::new() };
    let parts: Vec<u64> =
        [lower].into_iter().chain(case.scope.beyond.iter().map(|more| more.people)).collect();
    let right = parts.len() > 1 && parts.iter().sum::<u64>() == upper;
    let sum = || parts.iter().map(|n| count(*n)).collect::<Vec<_>>().join(" + ");
    right.then(|| format!("{} = {}.", sum(), count(upper))).into_iter().collect()
}

/// The rows of `scope.csv`: all of them, and those that are no sessions.
fn people_rows(case: &Case) -> Vec<String> {
    let rows: u64 = case.divided.kinds.values().sum();
    let divided = &case.divided;
    let things: u64 = divided.things.iter().filter_map(|kind| divided.kinds.get(kind)).sum();
    let people = rows - divided.kinds.get("credential").copied().unwrap_or(0) - things;
    let people = if people == 1 { "1 person".to_owned() } else { format!("{} people", count(people)) };
    let things = format!("{} of which no record", quantity(things, "thing"));
    vec![format!("have {}, each", quantity(rows, "row")), format!(": {people} by id"), things]
}

/// What false alarms detectors may raise, and the part of each.
fn budgets(case: &Case) -> Vec<String> {
    let all = case.alert_budget.map(|n| format!("{} in 30 days", measured(n, "false alarm", "false alarms")));
    let parts = case
        .methods
        .iter()
        .map(|m| format!("Its part of the alert budget is {} %.", number(m.budget_share * 100.0)));
    parts.chain(all).collect()
}

/// Numbers of the report's own words: its glossary, and names that hold one.
fn fixed(_: &Case) -> Vec<String> {
    let terms = include_str!("../../../src/glossary.txt").split("\n\n");
    let meanings = terms.filter_map(|entry| Some(entry.trim().split_once('\n')?.1.to_owned()));
    meanings.chain(["SHA-256".to_owned()]).collect()
}

/// How long it lasted, in the largest unit that is not zero.
fn durations(case: &Case) -> Vec<String> {
    let deeds = || case.findings.iter().filter(|f| f.stands() && !f.attack.is_empty());
    let deeds = deeds().map(|f| f.first_seen).min().zip(deeds().map(|f| f.last_seen).max());
    let timeline = case.timeline.iter();
    let first = timeline.clone().map(|e| e.time).chain(deeds.map(|(first, _)| first)).min();
    let last = timeline.map(|e| e.until.unwrap_or(e.time)).chain(deeds.map(|(_, last)| last)).max();
    let spans = [case.scope.first.zip(case.scope.last), deeds, first.zip(last)];
    spans.into_iter().flatten().map(|(first, last)| format!("over {}.", lasted(first, last))).collect()
}

/// The part of those held, and of the inhabitants, in percent.
fn shares(case: &Case) -> Vec<String> {
    let of = |all: Option<u64>, whom: &str| {
        let (Bounds { lower, .. }, all) = case.scope.subjects.zip(all)?;
        Some(format!("{} % of {} {whom}", three_digits(100.0 * lower as f64 / all as f64), count(all)))
    };
    let shares =
        [of(case.organisation.members, "people held"), of(case.organisation.population, "inhabitants")];
    shares.into_iter().flatten().collect()
}

/// Findings by severity, and by what became of them.
fn tallies(case: &Case) -> Vec<String> {
    let of = |all: &dyn Fn(&Finding) -> bool| case.findings.iter().filter(|f| all(f)).count() as u64;
    let mut phrases = Vec::new();
    let mut told = Vec::new();
    for severity in Severity::ALL.into_iter().rev() {
        let n = count(of(&|f| f.calls() && f.severity == severity));
        if n != "0" {
            told.push(format!("{n} {severity}"));
        }
        phrases.extend(["◆", "▲", "●", "○", "·"].map(|mark| format!("{n} {mark} {severity}")));
    }
    let last = told.pop();
    let told = [told.join(", "), last.unwrap_or_default()].into_iter().filter(|part| !part.is_empty());
    phrases.push(format!("Findings: {}.", told.collect::<Vec<_>>().join(" and ")));
    let suppressed = count(of(&|f| f.state == State::Suppressed));
    phrases.push(format!("all {suppressed} findings were told to be quiet"));
    phrases.push(format!("{}; no person’s data", quantity(of(&|f| f.stands()), "finding")));
    phrases
}

/// How many people's data was exposed: at least so many, or so many where that is all.
fn verdict(case: &Case) -> Vec<String> {
    let Some(Bounds { lower, upper }) = case.scope.subjects else { return Vec::new() };
    let least = if upper == Some(lower) { "" } else { "at least " };
    let people = if lower == 1 { "1 person".to_owned() } else { format!("{} people", count(lower)) };
    vec![format!("ata of {least}{people} was exposed")]
}

/// Gaps, and files that could not be read: the lengths of lists.
fn account(case: &Case) -> Vec<String> {
    let gaps = case.coverage.iter().map(|c| c.gaps.len() as u64).sum();
    let cut = case.intake.iter().filter(|i| i.cut_short()).count() as u64;
    vec![
        format!("The logs have {}.", quantity(gaps, "gap")),
        format!("{} could not be read, or not to the end", quantity(cut, "file")),
        format!("and {} more (intake.jsonl)", cut.saturating_sub(10)),
    ]
}

/// What a sensor delivered is the sum of its days; how many days and gaps it has are the lengths of their lists.
fn sensors(case: &Case) -> Vec<String> {
    let mut phrases = Vec::new();
    for sensor in &case.coverage {
        let records = count(sensor.days.values().sum());
        let gaps = sensor.gaps.len() as u64;
        phrases.push(format!("): {records} records, {}.", quantity(gaps, "gap")));
    }
    let there: u64 = case.coverage.iter().flat_map(|sensor| sensor.days.values()).sum();
    phrases.push(format!("in {}", quantity(case.totals.parsed.min(there), "record")));
    phrases
}

/// The busiest day of all, or hour or ten minutes in short cases, what was flagged in all, and findings of the same records.
fn flow(case: &Case) -> Vec<String> {
    let long = case.period.map_or(i64::MAX, |p| p.last.0 - p.first.0);
    let busiest = |s: &Series| {
        let top = top(s)?;
        let n = measured(top.1, "record", "records");
        Some(match long {
            long if long < DAY_US / 4 => {
                format!("The highest ten minutes begin on {} with {n}.", instant(top.0))
            }
            long if long < 3 * DAY_US => format!("The highest hour begins on {} with {n}.", instant(top.0)),
            _ => format!("The highest day is {} with {n}.", day(top.0)),
        })
    };
    let mut same: BTreeMap<String, u64> = BTreeMap::new();
    named(case, "flagged").for_each(|s| *same.entry(format!("{:?}", s.points)).or_default() += 1);
    let same = same.into_values().filter(|n| *n > 1).map(|n| {
        let findings =
            if n == 2 { "1 more finding".to_owned() } else { format!("{} more findings", count(n - 1)) };
        format!(", and {findings} with the same records")
    });
    let flagged = |s: &Series| {
        format!(": {} of its hand.", measured(s.points.iter().map(|p| p.1).sum(), "record", "records"))
    };
    let flow = named(case, "flow").filter_map(busiest);
    flow.chain(named(case, "flagged").map(flagged)).chain(same).collect()
}

/// How many people were reached in the end, and from when to when.
fn reach(case: &Case) -> Vec<String> {
    let ends = named(case, "reach").filter_map(|s| s.points.first().zip(s.points.last()));
    let phrases = ends.flat_map(|(first, last)| {
        let people = measured(last.1, "person", "people");
        [format!("{people} between {} and {}.", day(first.0), day(last.0)), format!(": {people}")]
    });
    phrases.collect()
}

/// The highest day of what a finding's entities did.
fn highest(case: &Case) -> Vec<String> {
    let tops = case.series.iter().filter_map(top);
    tops.map(|(at, value)| format!("highest {} on {}", number(value), day(at))).collect()
}

/// The median of the days before a finding, days without records included; where the model expected so many, that is a fact.
fn usual(case: &Case) -> Vec<String> {
    let mut phrases = Vec::new();
    for (finding, series) in of_findings(case) {
        let Some(first) = case.period.map(|p| p.first.day()) else { continue };
        let Ok(days) = usize::try_from(finding.first_seen.day() - first) else { continue };
        let before = |p: &&(Micros, f64)| (first..finding.first_seen.day()).contains(&p.0.day());
        let mut values: Vec<f64> = series.points.iter().filter(before).map(|p| p.1).collect();
        values.resize(days, 0.0);
        values.sort_by(f64::total_cmp);
        if let Some(median) = values.get(days / 2) {
            let days = count(days as u64);
            phrases.push(format!("{} a day (median of the {days} days before)", number(*median)));
        }
    }
    phrases
}

/// The days at both ends of a line of bars, and how many of them one column stands for.
fn columns(case: &Case) -> Vec<String> {
    let mut phrases = Vec::new();
    for (_, series) in of_findings(case) {
        let ends = case.period.iter().flat_map(|p| [p.first, p.last]);
        let days = || series.points.iter().map(|p| p.0).chain(ends.clone()).map(Micros::day);
        let Some((first, last)) = days().min().zip(days().max()) else { continue };
        let step = (i64::from(last - first) + 1 + COLUMNS_MAX - 1) / COLUMNS_MAX;
        phrases.push(format!("a column is the highest of {step} days"));
        let at = |d: i32| day(Micros(i64::from(d) * DAY_US));
        phrases.push(format!("{} to {};", at(first), at(last)));
    }
    phrases
}

/// How many entities and steps a trace has, and how many records stand behind a step.
fn traces(case: &Case) -> Vec<String> {
    let mut phrases = Vec::new();
    for trace in case.traces.values() {
        let of = |role: &str| count(trace.nodes.iter().filter(|n| n.role == role).count() as u64);
        let entities = match trace.nodes.len() {
            1 => "1 entity".to_owned(),
            n => format!("{} entities", count(n as u64)),
        };
        phrases.push(format!(
            "A graph of {entities} and {}: {} the finding began with, {} by the same hand, {} touched.",
            quantity(trace.edges.len() as u64, "step"),
            of("seed"),
            of("same_hand"),
            of("touched"),
        ));
        phrases.extend(trace.edges.iter().map(|e| format!(": {},", quantity(e.records, "record"))));
    }
    phrases
}

/// Whom the records show beyond those reported, how they divide, and on how many days.
fn compared(case: &Case) -> Vec<String> {
    let mut phrases = Vec::new();
    if let Some((bounds, reported)) = case.scope.subjects.zip(case.reported) {
        phrases.push(format!("records show {} more", count(bounds.lower.saturating_sub(reported))));
        phrases.push(format!("{} times as many", three_digits(bounds.lower as f64 / reported as f64)));
    }
    let divided = &case.divided;
    for counts in [&divided.kinds, &divided.bases, &divided.categories, &divided.countries] {
        phrases.push(format!(", {} others", counts.len().saturating_sub(8)));
    }
    phrases.push(format!("on {} from", quantity(divided.days.len() as u64, "day")));
    phrases
}

/// The chance of luck, and the one at which a finding is raised, as one in so many.
fn odds(case: &Case) -> Vec<String> {
    let chances = case.findings.iter().flat_map(|f| [f.p_value, f.threshold]).flatten();
    let odds = chances.filter(|p| *p > 0.0).flat_map(|p| match p < 1e-12 {
        true => ["Less", "less"].map(|less| format!("{less} than 1 in 1,000,000,000,000")).to_vec(),
        false => vec![format!("1 in {}", count((1.0 / p).round() as u64))],
    });
    odds.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// The series of a name.
pub fn named<'c>(case: &'c Case, name: &'c str) -> impl Iterator<Item = &'c Series> {
    case.series.iter().filter(move |s| s.name == name)
}

/// Each series of a finding, with it.
fn of_findings(case: &Case) -> impl Iterator<Item = (&Finding, &Series)> {
    let of = |s: &Series| case.findings.iter().find(|f| Some(&f.id) == s.finding.as_ref());
    case.series.iter().filter_map(move |s| Some((of(s)?, s)))
}

/// The highest point, the first of equals.
fn top(series: &Series) -> Option<(Micros, f64)> {
    let points = series.points.iter().copied().filter(|p| p.1.is_finite());
    points.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}
