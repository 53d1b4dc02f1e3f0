//! What everybody did, by kind: shared growth, how far comparisons miss, how many were tested.
//!
//! Decisive choice: what is learned of a day is learned from that day and before; how far comparisons of a window miss, from those that
//! ended before the window began, so that no rise is evidence that rises are usual.

use super::series::{Measure, Period, Series};
use weir_stats::drift::{Others, Scan, WINDOWS};
use weir_stats::everybody::{Comparisons, Together};
use weir_stats::growth::{Belief, Growth};

/// Series of a kind from which they are compared among themselves; fewer, with the series of all kinds.
pub(super) const PEERS_MIN: u64 = 10;
/// Days between two looks at how far comparisons miss.
const BELIEF_DAYS: usize = 7;

type OfDay<T> = [[T; WINDOWS.len()]; Measure::ALL.len()];

/// Comparisons by day, measure and window, and how many series were tested.
pub(super) struct Tally {
    period: Period,
    together: Vec<OfDay<Together>>,
    tests: Vec<[u64; Measure::ALL.len()]>,
}

impl Tally {
    pub(super) fn new(period: Period) -> Self {
        let days = usize::try_from(period.days()).unwrap_or(0);
        let empty: Vec<OfDay<Together>> = (0..days).map(|_| OfDay::default()).collect();
        Self { period, together: empty, tests: vec![[0; Measure::ALL.len()]; days] }
    }

    /// Takes in one entity's series.
    pub(super) fn take(&mut self, series: &Series) {
        for (m, measure) in Measure::ALL.into_iter().enumerate() {
            let mut scan = Scan::new();
            for (day, value) in series.values(measure) {
                let growths = scan.grow(day, value);
                let Some(place) = self.period.place(day) else { continue };
                if growths.iter().any(Option::is_some)
                    && let Some(tests) = self.tests.get_mut(place).and_then(|t| t.get_mut(m))
                {
                    *tests += 1;
                }
                let together = self.together.get_mut(place).and_then(|t| t.get_mut(m));
                for (together, growth) in together.into_iter().flatten().zip(growths) {
                    growth.iter().for_each(|growth| together.insert(growth));
                }
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let theirs = other.together.iter().flatten().flatten();
        self.together.iter_mut().flatten().flatten().zip(theirs).for_each(|(a, b)| a.merge(b));
        self.tests.iter_mut().flatten().zip(other.tests.iter().flatten()).for_each(|(a, b)| *a += b);
    }

    /// What is known on each day.
    pub(super) fn settle(self) -> Settled {
        let mut known: Vec<OfDay<Known>> = self.together.iter().map(|_| OfDay::default()).collect();
        for m in 0..Measure::ALL.len() {
            for (w, window) in WINDOWS.into_iter().enumerate() {
                let of = |day: usize| self.together.get(day).and_then(|t| t.get(m)).and_then(|t| t.get(w));
                let mut past = Comparisons::new(window);
                let mut belief = None;
                for (day, known) in known.iter_mut().enumerate() {
                    if let Some(together) = day.checked_sub(window).and_then(of) {
                        past.add(together);
                    }
                    if day % BELIEF_DAYS == 0 {
                        belief = past.belief();
                    }
                    if let (Some(cell), Some(together)) =
                        (known.get_mut(m).and_then(|k| k.get_mut(w)), of(day))
                    {
                        *cell = Known { n: together.n(), median: together.median().unwrap_or(0.0), belief };
                    }
                }
            }
        }
        Settled { period: self.period, known, tests: self.tests }
    }
}

/// What is known of one window on one day.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    n: u64,
    median: f64,
    belief: Option<Belief>,
}

/// What a kind's series did.
pub(super) struct Settled {
    period: Period,
    known: Vec<OfDay<Known>>,
    tests: Vec<[u64; Measure::ALL.len()]>,
}

impl Settled {
    /// Whether anything was tested at all.
    pub(super) fn any(&self) -> bool {
        self.tests.iter().flatten().any(|tests| *tests > 0)
    }

    fn known(&self, measure: Measure, day: i32, growth: &Growth) -> Known {
        let m = Measure::ALL.iter().position(|m| *m == measure);
        let w = WINDOWS.iter().position(|w| *w == growth.days);
        let found = self.period.place(day).zip(m.zip(w));
        found.and_then(|(day, (m, w))| self.known.get(day)?.get(m)?.get(w).copied()).unwrap_or_default()
    }
}

/// A kind's own series, and those of all kinds for when they are few.
pub(super) struct Everybody<'a> {
    own: &'a Settled,
    all: &'a Settled,
    thresholds: Vec<[f64; Measure::ALL.len()]>,
}

impl<'a> Everybody<'a> {
    /// With the largest p that tells a rise, by the number of series tested on a day.
    pub(super) fn new(own: &'a Settled, all: &'a Settled, threshold: impl Fn(u64) -> f64) -> Self {
        let thresholds = own.tests.iter().map(|tests| tests.map(&threshold)).collect();
        Self { own, all, thresholds }
    }

    /// Series of the kind tested on a day, and the largest p that tells a rise.
    pub(super) fn tests(&self, measure: Measure, day: i32) -> (u64, f64) {
        let m = Measure::ALL.iter().position(|m| *m == measure).unwrap_or(0);
        let found = self.own.period.place(day).and_then(|place| {
            Some((*self.own.tests.get(place)?.get(m)?, *self.thresholds.get(place)?.get(m)?))
        });
        found.unwrap_or((0, 0.0))
    }

    /// Series that a comparison is compared with.
    pub(super) fn peers(&self, measure: Measure, day: i32, growth: &Growth) -> u64 {
        let own = self.own.known(measure, day, growth).n;
        if own >= PEERS_MIN { own } else { self.all.known(measure, day, growth).n }
    }

    /// What they tell of it.
    pub(super) fn others(&self, measure: Measure, day: i32, growth: &Growth) -> Others {
        let (own, all) = (self.own.known(measure, day, growth), self.all.known(measure, day, growth));
        let median = if own.n >= PEERS_MIN {
            own.median
        } else if all.n >= PEERS_MIN {
            all.median
        } else {
            0.0
        };
        Others { shared: median, belief: own.belief.or(all.belief) }
    }
}
