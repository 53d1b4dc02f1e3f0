//! Is the alert budget true? Quiet worlds, investigated again and again at growing budgets.
//!
//! A budget of N asks every p-value to be so small that N false findings are expected in 30 days, whatever the number of tests; so counting
//! findings at budgets of 1, 10, 100 and so on is counting exceedances of p at thresholds ten times as high each, and needs no word from a
//! detector about tests that did not fire. One finding may stand for many exceedances of one entity: a count below the expectation is not
//! proof of caution, one above it is proof of the opposite.

use super::drive::{Bench, World};
use super::judge::{findings, grave};
use crate::run::{Done, say};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// One quiet world at one budget.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spent {
    pub budget: f64,
    pub days: f64,
    /// By detector: findings with a p-value of severity high or above, and the largest p among them.
    pub by: BTreeMap<String, (u64, f64)>,
}

/// How a quiet world is written.
pub struct Quiet {
    pub days: u32,
    pub members: f64,
    pub budgets: &'static [f64],
}

/// Investigates a quiet world at each budget; those that take more than an hour are left out.
pub fn spend(bench: &Bench, place: &Path, seed: u64, quiet: &Quiet) -> Done<Vec<Spent>> {
    let at = place.join("world");
    let settings = [("members", quiet.members)];
    let world = World {
        scenario: "quiet-year",
        days: quiet.days,
        settings: &settings,
        seed,
        background: None,
        compressed: false,
    };
    bench.simulate(&world, &at)?;
    let lake = place.join("lake");
    bench.ingest(&at, &[at.join("logs")], &lake)?;
    let mut all = Vec::new();
    for &budget in quiet.budgets {
        let case = place.join(format!("case-{budget}"));
        let mut investigate = bench.investigation(&at, &[], &case);
        investigate.arg("--lake").arg(&lake).args(["--alert-budget", &budget.to_string()]);
        if let Err(why) = Bench::within_the_hour(&mut investigate) {
            say(&format!("   a budget of {budget} is left out: {why}"));
            break;
        }
        let mut by = BTreeMap::<String, (u64, f64)>::new();
        for finding in findings(&case)?.iter().filter(|f| grave(f)) {
            if let (Some(p), Some(detector)) = (finding["p_value"].as_f64(), finding["detector"].as_str()) {
                let (n, largest) = by.entry(detector.to_owned()).or_default();
                (*n, *largest) = (*n + 1, largest.max(p));
            }
        }
        all.push(Spent { budget, days: f64::from(quiet.days), by });
        let _ = std::fs::remove_dir_all(&case);
    }
    Ok(all)
}

/// One line of the table: a detector at a budget over all worlds.
pub struct Line {
    pub detector: String,
    pub budget: f64,
    pub expected: f64,
    pub observed: u64,
    pub largest_p: f64,
}

/// The name under which all detectors together have a line: the budget is stated for them as a whole.
const TOGETHER: &str = "together";

/// Adds worlds up. All detectors together have a line for each budget, and so has every one that found anything at any.
pub fn lines(worlds: &[Vec<Spent>]) -> Vec<Line> {
    let spent = || worlds.iter().flatten();
    let mut detectors: Vec<&str> = spent().flat_map(|s| s.by.keys().map(String::as_str)).collect();
    let mut budgets: Vec<f64> = spent().map(|s| s.budget).collect();
    detectors.sort_unstable();
    detectors.dedup();
    budgets.sort_by(f64::total_cmp);
    budgets.dedup();
    let mut lines = Vec::new();
    for detector in std::iter::once(TOGETHER).chain(detectors) {
        for &budget in &budgets {
            let here = || spent().filter(|s| s.budget.total_cmp(&budget).is_eq());
            let found = || {
                let by = here().flat_map(|s| &s.by);
                by.filter(|(name, _)| detector == TOGETHER || *name == detector).map(|(_, found)| *found)
            };
            lines.push(Line {
                detector: detector.to_owned(),
                budget,
                expected: here().map(|s| budget * s.days / 30.0).sum(),
                observed: found().map(|(n, _)| n).sum(),
                largest_p: found().map(|(_, p)| p).fold(0.0, f64::max),
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Spent, lines};

    #[test]
    fn worlds_add_up_by_detector_and_budget() {
        let spent = |budget: f64, n: u64, p: f64| Spent {
            budget,
            days: 60.0,
            by: [("reach".to_owned(), (n, p))].into_iter().filter(|(_, (n, _))| *n > 0).collect(),
        };
        let worlds = [vec![spent(1.0, 0, 0.0), spent(10.0, 4, 1e-4)], vec![spent(1.0, 1, 1e-6)]];
        let lines = lines(&worlds);
        let told = |name: &str| -> Vec<_> {
            let named = lines.iter().filter(|l| l.detector == name);
            named.map(|l| (l.budget, l.expected, l.observed, l.largest_p)).collect()
        };
        assert_eq!(told("reach"), [(1.0, 4.0, 1, 1e-6), (10.0, 20.0, 4, 1e-4)]);
        assert_eq!(told("together"), told("reach"));
        assert_eq!(super::lines(&[vec![spent(1.0, 0, 0.0)]]).len(), 1, "nothing found is measured too");
    }
}
