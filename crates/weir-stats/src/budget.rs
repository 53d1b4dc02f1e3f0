//! [`Budget`]: how many false alarms may be expected, and the p-value that a day's tests must reach to stay within it.
//!
//! Decisive choice: the budget bounds the *expected number* of false alarms, and each day's tests share that day's part of it equally:
//! with a part of `e` alarms and `m` tests the threshold is `e / m`. Expectations add up whatever the dependence between tests (Bonferroni's
//! argument; for the expected number it is an equality under uniform p-values, so nothing is lost to caution). No procedure that
//! needs independence is used: a detector's tests look at overlapping windows of the same records.
//!
//! A day without tests does not carry its part over. So in *every* window of 30 days the expectation is at most the budget, not only from
//! the start; a sensor that was silent for three weeks does not come back to a month's alarms at once; and a day's threshold depends on
//! that day's tests alone, so late records recompute the days they touch and no others.
//!
//! What it refuses: looking at p-values. `m` is the number of tests that *could* have fired that day: every entity and window examined,
//! those dismissed at a glance included. Counting only the survivors of a first look breaks the promise.
//!
//! References: C. Bonferroni 1936; C. Genovese, K. Roeder and L. Wasserman, *False discovery control with p-value weighting*, Biometrika
//! 93 (2006) (weights); the expected number is the per-family error rate of Y. Hochberg and A. Tamhane, *Multiple comparison
//! procedures*, 1987.

/// Days that a budget is stated for.
pub const BUDGET_DAYS: f64 = 30.0;

/// Expected false alarms per 30 days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    per_30_days: f64,
}

/// One day's tests of one kind: a detector on a kind of entity over a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Family {
    /// Part of the budget relative to the other families. Fixed beforehand: it must not depend on the day's values.
    pub weight: f64,
    /// Number of tests that could have fired.
    pub tests: u64,
}

impl Budget {
    /// A budget of this many expected false alarms per 30 days. A negative budget or one that is not a number is none.
    #[must_use]
    pub fn new(per_30_days: f64) -> Self {
        Self { per_30_days: if per_30_days > 0.0 { per_30_days } else { 0.0 } }
    }

    /// Expected false alarms per 30 days.
    #[must_use]
    pub fn per_30_days(&self) -> f64 {
        self.per_30_days
    }

    /// Expected false alarms per day.
    #[must_use]
    pub fn day_share(&self) -> f64 {
        self.per_30_days / BUDGET_DAYS
    }

    /// The largest p-value that fires on a day with this many tests; 0 without tests.
    #[must_use]
    pub fn threshold(&self, tests: u64) -> f64 {
        if tests == 0 { 0.0 } else { (self.day_share() / tests as f64).min(1.0) }
    }

    /// The same for several families, each with a part by its weight, so that a hundred keys are not drowned by a hundred million
    /// addresses. Families without tests that day leave their part to the others: that it has no tests is known before any p-value.
    #[must_use]
    pub fn thresholds(&self, families: &[Family]) -> Vec<f64> {
        let weight = |family: &Family| if family.tests > 0 { family.weight.max(0.0) } else { 0.0 };
        let total: f64 = families.iter().map(weight).sum();
        families
            .iter()
            .map(
                |family| {
                    if total > 0.0 { self.threshold(family.tests) * (weight(family) / total) } else { 0.0 }
                },
            )
            .collect()
    }

    /// How many tests of a day are expected to reach `p` by luck: what an explanation can say in words ("once in 4,000 days").
    #[must_use]
    pub fn expected_per_day(p: f64, tests: u64) -> f64 {
        if (0.0..=1.0).contains(&p) { p * tests as f64 } else { tests as f64 }
    }
}

/// One false alarm per 30 days.
impl Default for Budget {
    fn default() -> Self {
        Self::new(1.0)
    }
}
