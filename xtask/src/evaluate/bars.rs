//! The bars that the project set itself, each with what was measured and whether that meets it.

use super::budget::{self, Line, Spent};
use super::cases;
use super::chance;
use super::judge::Outcome;
use super::laws::{Arrival, Pair};
use std::collections::BTreeMap;

/// All that was measured.
#[derive(Default)]
pub struct Measured {
    /// By case name, a world for each seed.
    pub cases: BTreeMap<&'static str, Vec<Outcome>>,
    /// By people a day and whether a log of issued tokens was kept.
    pub curve: Vec<(f64, bool, Vec<Outcome>)>,
    pub memory: Option<Pair>,
    /// Of a world in which nothing is found, so that only rollups are read, and of one in which records are.
    pub time: Option<Pair>,
    pub time_of_a_leak: Option<Pair>,
    pub arrivals: Option<Vec<Arrival>>,
    pub budget: Vec<Line>,
    quiet_worlds: Vec<Vec<Spent>>,
}

/// One bar.
pub struct Bar {
    pub measure: String,
    pub bar: String,
    pub measured: String,
    /// None where it was not measured.
    pub met: Option<bool>,
}

/// Shares of addresses that are linked at least, and of those linked that are others' at most.
struct Linked {
    least: f64,
    wrong: f64,
}

impl Measured {
    /// Adds a point of the curve for one more seed; the answer is all seeds'.
    pub fn on_the_curve(&mut self, people: f64, issuance: bool, outcome: Outcome) -> Vec<Outcome> {
        let known =
            self.curve.iter_mut().find(|(n, kept, _)| n.total_cmp(&people).is_eq() && *kept == issuance);
        match known {
            Some((_, _, outcomes)) => {
                outcomes.push(outcome);
                outcomes.clone()
            }
            None => {
                self.curve.push((people, issuance, vec![outcome.clone()]));
                vec![outcome]
            }
        }
    }

    /// Adds a quiet world that was investigated at growing budgets.
    pub fn spent(&mut self, world: Option<Vec<Spent>>) {
        self.quiet_worlds.extend(world);
        self.budget = budget::lines(&self.quiet_worlds);
    }

    fn of(&self, case: &cases::Case) -> &[Outcome] {
        self.cases.get(case.name).map_or(&[], Vec::as_slice)
    }

    /// Every bar, in the order in which they were set.
    pub fn bars(&self) -> Vec<Bar> {
        let half = |least| Linked { least, wrong: 0.05 };
        let mut bars = vec![
            self.issued(),
            found(&cases::LINKING, self.of(&cases::LINKING), Some(&half(0.9))),
            found(&cases::FORGED_70, self.of(&cases::FORGED_70), Some(&half(0.9))),
            found(&cases::RATE, self.of(&cases::RATE), Some(&half(0.5))),
            found(&cases::FORGED_7, self.of(&cases::FORGED_7), Some(&half(0.5))),
            self.point(300.0, 7.0),
            self.point(30.0, 30.0),
        ];
        let others = [
            cases::INSIDE,
            cases::PARTNER,
            cases::ROTATING,
            cases::LOOKUP,
            cases::DBA,
            cases::DBA_COPY,
            cases::INSIDER,
            cases::REAL,
        ];
        bars.extend(others.iter().map(|case| found(case, self.of(case), None)));
        bars.extend([self.quiet(), self.innocents(), self.true_p()]);
        bars.extend([ratio(
            "memory: peak over 208 days against 30, same population",
            self.memory,
            1.2,
            "MB",
            1e-6,
        )]);
        bars.extend([ratio(
            "time: detection over rollups, ten times the records per entity",
            self.time,
            1.3,
            "s",
            1.0,
        )]);
        bars.push(self.same());
        bars
    }

    fn issued(&self) -> Bar {
        let outcomes = self.of(&cases::FORGED);
        let mut bar = found(&cases::FORGED, outcomes, Some(&Linked { least: 0.95, wrong: 0.01 }));
        bar.bar.push_str("; every person, none wrongly");
        let missed: u64 = outcomes.iter().map(|o| o.named - o.named_found).sum();
        let wrong: u64 = outcomes.iter().map(|o| o.named_wrong).sum();
        if !outcomes.is_empty() {
            bar.measured.push_str(&format!("; {missed} people missed, {wrong} wrongly listed"));
        }
        bar.met = bar.met.map(|met| met && missed == 0 && wrong == 0);
        bar
    }

    fn point(&self, people: f64, within: f64) -> Bar {
        let outcomes = self.curve.iter().find(|(n, issuance, _)| n.total_cmp(&people).is_eq() && !issuance);
        let case = cases::Case { name: "", within: Some(within), ..cases::FORGED };
        let bar = found(&case, outcomes.map_or(&[], |(_, _, outcomes)| outcomes.as_slice()), None);
        Bar { measure: format!("a source that takes {people} people a day, no issuance log"), ..bar }
    }

    fn quiet(&self) -> Bar {
        let quiet = [&cases::QUIET_YEAR, &cases::QUIET_LARGE, &cases::DATABASE_YEAR];
        let outcomes: Vec<&Outcome> = quiet.iter().flat_map(|case| self.of(case)).collect();
        within_budget("quiet years: false findings of severity high or above", &outcomes)
    }

    fn innocents(&self) -> Bar {
        let leaky = cases::CASES.iter().filter(|case| case.within.is_some());
        let mut outcomes: Vec<&Outcome> = leaky.flat_map(|case| self.of(case)).collect();
        outcomes.extend(self.curve.iter().flat_map(|(_, _, outcomes)| outcomes));
        within_budget("the innocent in all other worlds: the same", &outcomes)
    }

    fn true_p(&self) -> Bar {
        let above: Vec<String> = self
            .budget
            .iter()
            .filter(|line| line.observed > chance::allowed(line.expected))
            .map(|line| {
                format!("`{}` at {}: {} for {:.1}", line.detector, line.budget, line.observed, line.expected)
            })
            .collect();
        let largest = self.budget.iter().map(|line| line.budget).fold(0.0, f64::max);
        let (measured, met) = match (self.budget.is_empty(), above.is_empty()) {
            (true, _) => ("not measured".to_owned(), None),
            (false, true) => (format!("no detector above it at budgets up to {largest}"), Some(true)),
            (false, false) => (above.join("; "), Some(false)),
        };
        Bar {
            measure: "p-values on quiet worlds: findings against the budget asked for".to_owned(),
            bar: "no more than it allows (Poisson, 95 %), each detector, each budget".to_owned(),
            measured,
            met,
        }
    }

    fn same(&self) -> Bar {
        let arrivals = self.arrivals.as_deref().unwrap_or_default();
        let differ: Vec<&str> = arrivals.iter().filter(|a| a.differ > 0).map(|a| a.how.as_str()).collect();
        let measured = match (arrivals.is_empty(), differ.is_empty()) {
            (true, _) => "not measured".to_owned(),
            (false, true) => format!("the same in {} ways", arrivals.len()),
            (false, false) => format!("they differ: {}", differ.join("; ")),
        };
        Bar {
            measure: "determinism: threads, file order, day by day or whole".to_owned(),
            bar: "the same findings".to_owned(),
            measured,
            met: (!arrivals.is_empty()).then_some(differ.is_empty()),
        }
    }
}

/// A leak that is to be found within some days in every world, and its addresses linked.
fn found(case: &cases::Case, outcomes: &[Outcome], linked: Option<&Linked>) -> Bar {
    let within = case.within.unwrap_or(0.0);
    let mut bar = if within < 1.0 {
        format!("found within {:.0} h", within * 24.0)
    } else {
        format!("found within {within:.0} days")
    };
    let delays: Vec<f64> = outcomes.iter().filter_map(|o| o.delay_days).collect();
    let worst = delays.iter().copied().fold(0.0, f64::max);
    let mut measured = format!("found in {} of {}", delays.len(), outcomes.len());
    if !delays.is_empty() {
        measured.push_str(&format!(", worst {worst:.2} days"));
    }
    let mut met = delays.len() == outcomes.len() && worst <= within;
    if let Some(linked) = linked {
        bar.push_str(&format!(
            "; {:.0} % of addresses linked, under {:.0} % wrong",
            100.0 * linked.least,
            100.0 * linked.wrong
        ));
        let share = |part: u64, of: u64| part as f64 / of.max(1) as f64;
        let least = outcomes.iter().map(|o| share(o.linked, o.origins)).fold(1.0, f64::min);
        let wrong =
            outcomes.iter().map(|o| share(o.linked_wrong, o.linked + o.linked_wrong)).fold(0.0, f64::max);
        measured.push_str(&format!(
            "; at least {:.1} %, at most {:.1} % wrong",
            100.0 * least,
            100.0 * wrong
        ));
        met &= least >= linked.least && wrong < linked.wrong;
    }
    if outcomes.is_empty() {
        return Bar { measure: case.name.to_owned(), bar, measured: "not measured".to_owned(), met: None };
    }
    Bar { measure: case.name.to_owned(), bar, measured, met: Some(met) }
}

/// False findings against one per 30 days.
fn within_budget(measure: &str, outcomes: &[&Outcome]) -> Bar {
    let days: f64 = outcomes.iter().map(|o| o.days).sum();
    let n: u64 = outcomes.iter().map(|o| o.false_high.len() as u64).sum();
    let allowed = chance::allowed(days / 30.0);
    let bar = "no more than a budget of 1 per 30 days allows (Poisson, 95 %)".to_owned();
    if outcomes.is_empty() {
        return Bar { measure: measure.to_owned(), bar, measured: "not measured".to_owned(), met: None };
    }
    let measured = format!(
        "{n} in {days:.0} days, {allowed} allowed; at most {:.3} per 30 days (95 %)",
        30.0 * chance::bound(n) / days
    );
    Bar { measure: measure.to_owned(), bar, measured, met: Some(n <= allowed) }
}

fn ratio(measure: &str, pair: Option<Pair>, most: f64, unit: &str, by: f64) -> Bar {
    let measured = pair.map_or("not measured".to_owned(), |pair| {
        format!("{:.2} times ({:.1} and {:.1} {unit})", pair.ratio(), pair.less * by, pair.more * by)
    });
    let met = pair.map(|pair| pair.ratio() <= most);
    Bar { measure: measure.to_owned(), bar: format!("at most {most} times"), measured, met }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(delay_days: Option<f64>, linked: u64, linked_wrong: u64, false_n: usize) -> Outcome {
        Outcome {
            days: 30.0,
            records: 1,
            delay_days,
            by: Vec::new(),
            people: 10,
            people_before: 1,
            origins: 10,
            linked,
            linked_wrong,
            accused: 10,
            accused_wrong: 0,
            named: 10,
            named_found: 10,
            named_wrong: 0,
            false_high: vec!["x".to_owned(); false_n],
            seconds: 1.0,
            peak: 1,
        }
    }

    #[test]
    fn a_bar_is_met_by_the_worst_world_alone() {
        let bar = |outcomes: &[Outcome]| {
            found(&cases::LINKING, outcomes, Some(&Linked { least: 0.9, wrong: 0.05 })).met
        };
        let good = || outcome(Some(1.0), 9, 0, 0);
        assert_eq!(bar(&[]), None);
        assert_eq!(bar(&[good(), good()]), Some(true));
        assert_eq!(bar(&[good(), outcome(Some(8.0), 9, 0, 0)]), Some(false));
        assert_eq!(bar(&[good(), outcome(None, 0, 0, 0)]), Some(false));
        assert_eq!(bar(&[good(), outcome(Some(1.0), 8, 0, 0)]), Some(false));
        assert_eq!(bar(&[good(), outcome(Some(1.0), 10, 1, 0)]), Some(false));
    }

    #[test]
    fn false_findings_are_held_against_all_days_together() {
        let worlds: Vec<Outcome> = (0..5).map(|_| outcome(None, 0, 0, 2)).collect();
        let bar = |n: usize| within_budget("", &worlds.iter().take(n).collect::<Vec<_>>()).met;
        // Two in one month may be luck; ten in five may not: nine are allowed.
        assert_eq!((bar(0), bar(1), bar(5)), (None, Some(true), Some(false)));
    }

    #[test]
    fn everyone_listed_and_nobody_wrongly() {
        let mut measured = Measured::default();
        measured.cases.insert(cases::FORGED.name, vec![outcome(Some(0.01), 10, 0, 0)]);
        assert_eq!(measured.bars().first().and_then(|bar| bar.met), Some(true));
        measured
            .cases
            .insert(cases::FORGED.name, vec![Outcome { named_found: 9, ..outcome(Some(0.01), 10, 0, 0) }]);
        assert_eq!(measured.bars().first().and_then(|bar| bar.met), Some(false));
        assert!(
            measured.bars().iter().skip(1).all(|bar| bar.met.is_none() || bar.measured.contains("days,"))
        );
    }
}
