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

    /// The same with the measures taken together: what is known of all series whatever they count.
    pub(super) fn across(&self) -> Self {
        let mut whole = Self::new(self.period);
        for (to, from) in whole.together.iter_mut().zip(&self.together) {
            let mut sum: [Together; WINDOWS.len()] = Default::default();
            for of_measure in from {
                sum.iter_mut().zip(of_measure).for_each(|(sum, more)| sum.merge(more));
            }
            *to = std::array::from_fn(|_| sum.clone());
        }
        whole
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

    /// Series of a measure tested on the day at a place.
    pub(super) fn tests_at(&self, place: usize, measure: Measure) -> u64 {
        self.tests.get(place).and_then(|t| t.get(measure.place()).copied()).unwrap_or(0)
    }

    fn known(&self, measure: Measure, day: i32, growth: &Growth) -> Known {
        let window = WINDOWS.iter().position(|w| *w == growth.days);
        let found = self.period.place(day).zip(window);
        let known = found.and_then(|(day, w)| self.known.get(day)?.get(measure.place())?.get(w).copied());
        known.unwrap_or_default()
    }
}

/// A kind's own series, and wider circles for when they are few: all kinds' of the same measure, then all there are.
pub(super) struct Everybody<'a> {
    own: &'a Settled,
    wider: [&'a Settled; 2],
    thresholds: Vec<[f64; Measure::ALL.len()]>,
}

impl<'a> Everybody<'a> {
    /// With the largest p that tells a rise, by measure, place of the day and number of series tested.
    pub(super) fn new(
        own: &'a Settled,
        wider: [&'a Settled; 2],
        threshold: impl Fn(Measure, usize, u64) -> f64,
    ) -> Self {
        let of = |place: usize| Measure::ALL.map(|m| threshold(m, place, own.tests_at(place, m)));
        Self { own, wider, thresholds: (0..own.tests.len()).map(of).collect() }
    }

    /// Series of the kind tested on a day, and the largest p that tells a rise.
    pub(super) fn tests(&self, measure: Measure, day: i32) -> (u64, f64) {
        let Some(place) = self.own.period.place(day) else { return (0, 0.0) };
        let threshold = self.thresholds.get(place).and_then(|t| t.get(measure.place()).copied());
        (self.own.tests_at(place, measure), threshold.unwrap_or(0.0))
    }

    fn circles(&self, measure: Measure, day: i32, growth: &Growth) -> impl Iterator<Item = Known> {
        [self.own, self.wider[0], self.wider[1]].map(|circle| circle.known(measure, day, growth)).into_iter()
    }

    /// Series that a comparison is compared with: those of the nearest circle of ten.
    pub(super) fn peers(&self, measure: Measure, day: i32, growth: &Growth) -> u64 {
        self.circles(measure, day, growth).find(|known| known.n >= PEERS_MIN).map_or(0, |known| known.n)
    }

    /// What they tell of it: the growth of the nearest circle of ten; how far comparisons miss, circle by circle until there are enough.
    pub(super) fn others(&self, measure: Measure, day: i32, growth: &Growth) -> Others {
        let nearest = self.circles(measure, day, growth).find(|known| known.n >= PEERS_MIN);
        let mut belief: Option<Belief> = None;
        for circle in self.circles(measure, day, growth).filter_map(|known| known.belief) {
            let both = belief.map_or(circle, |nearer| nearer.with(circle));
            belief = Some(both);
            if both.windows >= Belief::WINDOWS_ENOUGH {
                break;
            }
        }
        Others { shared: nearest.map_or(0.0, |known| known.median), belief }
    }
}
