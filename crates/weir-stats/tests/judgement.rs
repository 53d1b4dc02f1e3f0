//! Baselines, peers, budget and series: calibration under simulated quiet, power against what must be found, and laws.

use proptest::collection::vec;
use proptest::prelude::*;
use weir_stats::tail::{normal_score, normal_upper};
use weir_stats::*;

/// A fixed stream of uniform numbers in (0, 1): hashes of a counter.
struct Uniform(u64);

impl Uniform {
    fn next(&mut self) -> f64 {
        self.0 += 1;
        (hash64(&self.0.to_le_bytes()) >> 11) as f64 / 2f64.powi(53) + 2f64.powi(-54)
    }

    fn normal(&mut self) -> f64 {
        normal_score(self.next())
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        let (mut product, mut n) = (self.next(), 0.0);
        while product > (-mean).exp() {
            product *= self.next();
            n += 1.0;
        }
        n
    }
}

/// The share of quiet entities that a rule of `p <= level` would accuse.
fn accused(level: f64, days: usize, entities: u64, mut day: impl FnMut(&mut Uniform, f64) -> f64) -> f64 {
    let mut random = Uniform(entities);
    let mut hits = 0;
    for _ in 0..entities {
        let habit = random.next();
        let past: Vec<f64> = (0..days).map(|_| day(&mut random, habit)).collect();
        let today = day(&mut random, habit);
        hits += u64::from(Baseline::fit(&past).upper_p(today) <= level);
    }
    hits as f64 / entities as f64
}

/// Entities of four kinds, none of them changing: the p-value must not be smaller than it says.
#[test]
fn quiet_entities_are_accused_no_more_often_than_p_says() {
    type Day = fn(&mut Uniform, f64) -> f64;
    let kinds: [(&str, Day); 4] = [
        ("poisson", |random, habit| random.poisson(20.0 * habit)),
        ("over-dispersed", |random, habit| (-60.0 * habit * random.next().ln()).floor()),
        ("log-normal", |random, habit| (3.0 * habit + random.normal()).exp().floor()),
        ("weekly batch", |random, habit| if random.next() < 1.0 / 7.0 { 50.0 + 100.0 * habit } else { 0.0 }),
    ];
    for (kind, day) in kinds {
        for days in [1, 5, 30, 120] {
            for level in [0.05, 0.001] {
                let share = accused(level, days, 4000, day);
                // Three standard errors above the level.
                let limit = level + 3.0 * (level / 4000.0).sqrt();
                assert!(share <= limit, "{kind}, {days} days: {share} accused at {level}");
            }
        }
    }
}

#[test]
fn a_leak_stands_out_from_the_own_past() {
    let past: Vec<f64> = (0..60).map(|day| f64::from(3 + day % 4)).collect();
    let quiet = Baseline::fit(&past);
    // Well past what a day of a million tests asks for under the default budget.
    assert!(
        quiet.upper_p(300.0) < Budget::default().threshold(1_000_000) / 1000.0,
        "{:e}",
        quiet.upper_p(300.0)
    );
    assert!(quiet.upper_p(8.0) > 0.01, "{:e}", quiet.upper_p(8.0));
    assert_eq!((quiet.median(), quiet.mad(), quiet.n(), quiet.clipped()), (4.5, 1.0, 60, 0));
    // A single unflagged outlier in the past is clipped and costs little; a habit is not clipped.
    let outlier = Baseline::fit(&[&past[..], &[500.0]].concat());
    assert_eq!(outlier.clipped(), 1);
    assert!(outlier.mean() < 6.0);
    // What the past has shown once in sixty days is not rarer than that.
    assert!(outlier.upper_p(400.0) > 0.01);
    let habit = Baseline::fit(&[&past[..], &[500.0; 10]].concat());
    assert_eq!(habit.clipped(), 0);
    assert!(habit.upper_p(600.0) > 1e-3, "{:e}", habit.upper_p(600.0));
}

#[test]
fn a_short_past_says_little() {
    assert_eq!(Baseline::fit(&[]).upper_p(1e6), 1.0);
    assert_eq!(Baseline::fit(&[f64::NAN, -3.0]).upper_p(1e6), 1.0);
    let p: Vec<f64> = [1, 3, 10, 60].iter().map(|n| Baseline::fit(&vec![4.0; *n]).upper_p(60.0)).collect();
    assert!(p.is_sorted_by(|a, b| a > b), "{p:?}");
    assert!(p[0] > 0.02 && p[3] < 1e-5, "{p:?}");
    // With what peers do, an entity without a past can be judged.
    let newcomer = |weight: f64| Baseline::fit_with(&[], &Prior { mean: Some(4.0), dispersion: 0.3, weight });
    assert!(newcomer(5.0).upper_p(300.0) < 1e-2 && newcomer(5.0).upper_p(6.0) > 0.1);
    // A belief held more firmly says more.
    assert!(newcomer(30.0).upper_p(300.0) < newcomer(5.0).upper_p(300.0) / 100.0);
}

#[test]
fn dispersion_is_found_by_moments() {
    let mut random = Uniform(7);
    // Exponential days of mean 100, rounded down: variance near mean squared, dispersion near 1.
    let past: Vec<f64> = (0..2000).map(|_| (-100.0 * random.next().ln()).floor()).collect();
    let fitted = Baseline::fit_with(&past, &Prior { dispersion: 0.0, ..Prior::default() });
    assert!((fitted.mean() - 99.5).abs() < 7.0, "{}", fitted.mean());
    assert!((fitted.dispersion() - 1.0).abs() < 0.15, "{}", fitted.dispersion());
}

fn pareto_peers(n: u64, exponent: f64) -> Peers {
    let mut random = Uniform(n);
    let mut peers = Peers::new();
    (0..n).for_each(|_| peers.insert(random.next().powf(-1.0 / exponent).floor()));
    peers
}

/// Heavy tails: a fresh member past the maximum is no rarer than `p` says. The truth is known: `P(X >= x) = x^-exponent`.
#[test]
fn heavy_tailed_peers_do_not_accuse_past_the_maximum() {
    for exponent in [0.8, 1.2, 2.0, 3.0] {
        for n in [300, 3000, 30_000] {
            let group = pareto_peers(n, exponent).fit();
            let maximum = (n as f64).powf(1.0 / exponent);
            for beyond in [3.0, 10.0, 100.0, 1000.0] {
                let x = (maximum * beyond).ceil();
                let (got, truth) = (group.upper_p(x).p, x.powf(-exponent));
                assert!(got > truth / 3.0, "{exponent} {n} {beyond}: {got:e} but truly {truth:e}");
            }
        }
    }
}

#[test]
fn the_peer_tail_starts_at_the_edge_and_is_named_an_extrapolation() {
    let mut peers = Peers::new();
    (1..=5000).for_each(|i| peers.insert(f64::from(i % 9 + 1)));
    let group = peers.fit();
    let (inside, just_past, far) = (group.upper_p(9.0), group.upper_p(10.0), group.upper_p(300.0));
    assert!(!inside.extrapolated && (inside.p - 556.0 / 5001.0).abs() < 1e-12);
    assert!(just_past.extrapolated && just_past.p == 1.0 / 5001.0);
    assert!(far.extrapolated && far.p < 1e-5 && far.p > 1e-9, "{far:?}");
    assert_eq!(group.upper_p(0.0).p, 1.0);
    assert_eq!(group.upper_p(f64::NAN).p, 1.0);
    // An outlying peer protects its neighbours.
    peers.insert(1e5);
    assert!(peers.fit().upper_p(1.1e5).p > 1e-4);
    // And is no peer of its own.
    assert!(peers.without(&[1e5]).fit().upper_p(1e5).p < 1e-9);
    assert_eq!(peers.without(&[1e5, 7e7]).histogram().n(), 5000);
    // Few peers: no tail, no p below 1/(n + 1).
    let few = pareto_peers(20, 2.0).fit();
    assert_eq!((few.tail(), few.upper_p(1e12)), (None, PeerP { p: 1.0 / 21.0, extrapolated: false }));
}

#[test]
fn windows_longer_than_a_series_are_its_whole() {
    let within = |days| windows_within(days).collect::<Vec<_>>();
    assert_eq!(within(1), [Window::Days(1)]);
    assert_eq!(within(7), [Window::Days(1), Window::Days(7)]);
    assert_eq!(within(8), [Window::Days(1), Window::Days(7), Window::Days(30)]);
    assert_eq!(within(91), WINDOWS);
}

proptest! {
    #[test]
    fn peers_answer_as_their_histogram_and_never_rise(values in vec(0.0..1e4f64, 0..300), a in 0.0..1e6f64, step in 0.0..1e6f64) {
        let mut peers = Peers::new();
        values.iter().for_each(|value| peers.insert(*value));
        let group = peers.fit();
        let (here, there) = (group.upper_p(a), group.upper_p(a + step));
        prop_assert!(there.p <= here.p * (1.0 + 1e-12));
        if !here.extrapolated {
            prop_assert_eq!(here.p, peers.histogram().share_at_least(a));
        }
        let (left, right) = values.split_at(values.len() / 3);
        let [mut x, mut y] = [right, left].map(|part| {
            let mut peers = Peers::new();
            part.iter().for_each(|value| peers.insert(*value));
            peers
        });
        x.merge(&y.clone());
        y.merge(&Peers::new());
        prop_assert_eq!(x.to_bytes(), peers.to_bytes());
        prop_assert_eq!(Peers::from_bytes(&peers.to_bytes()).unwrap().fit(), group);
    }

    #[test]
    fn baselines_give_probabilities_that_never_rise(mut past in vec(0.0..1e7f64, 0..40), x in 0.0..1e9f64, step in 0.0..1e9f64) {
        let fitted = Baseline::fit(&past);
        let (here, there) = (fitted.upper_p(x), fitted.upper_p(x + step));
        prop_assert!((0.0..=1.0).contains(&here) && there <= here * (1.0 + 1e-9), "{} {}", here, there);
        past.reverse();
        prop_assert_eq!(Baseline::fit(&past), fitted);
    }

    #[test]
    fn the_families_parts_add_up_to_the_day(budget in 0.0..50f64, tests in vec((0.0..5f64, 0..100_000u64), 1..8)) {
        let families: Vec<Family> = tests.iter().map(|&(weight, tests)| Family { weight, tests }).collect();
        let budget = Budget::new(budget);
        let thresholds = budget.thresholds(&families);
        let expected: f64 = thresholds.iter().zip(&families).map(|(t, family)| t * family.tests as f64).sum();
        prop_assert!(expected <= budget.day_share() * (1.0 + 1e-12));
    }

    #[test]
    fn a_sliding_window_is_the_merge_of_its_days(steps in vec((0..20i32, vec(0..40u64, 0..5)), 1..60), width in 1..40u32) {
        let mut days: Vec<(i32, Distinct)> = Vec::new();
        let mut day = -50;
        for (gap, values) in steps {
            day += gap;
            days.push((day, values.into_iter().map(|value| hash64(&value.to_le_bytes())).collect()));
        }
        for window in [Window::Days(width), Window::Whole] {
            for (end, total) in sliding(days.iter().map(|(day, value)| (*day, value)), window) {
                let first = if let Window::Days(days) = window { end - days as i32 + 1 } else { i32::MIN };
                let mut whole = Distinct::new();
                days.iter().filter(|(day, _)| (first..=end).contains(day)).for_each(|(_, value)| whole.merge(value));
                prop_assert_eq!(&whole, &total);
            }
        }
        let sums = sliding(days.iter().map(|(day, _)| (*day, &1u64)), Window::Days(width));
        for (end, sum) in sums {
            let truth = days.iter().filter(|(day, _)| *day <= end && *day > end - width as i32).count();
            prop_assert_eq!(sum, truth as u64);
        }
    }
}

/// Ten years of quiet days with few and many tests: alarms stay within what the budget expects, whether tests are independent or all the
/// same test over again; and they do come, or the test could not fail.
#[test]
fn the_budget_bounds_false_alarms() {
    let budget = Budget::new(6.0);
    let days = 3600;
    let expected = budget.day_share() * f64::from(days);
    let (mut independent, mut dependent) = (0.0, 0.0);
    let mut random = Uniform(11);
    for day in 0..days {
        let tests = [10, 100, 1000][day as usize % 3];
        let threshold = budget.threshold(tests);
        independent += (0..tests).filter(|_| random.next() <= threshold).count() as f64;
        dependent += if random.next() <= threshold { tests as f64 } else { 0.0 };
    }
    let spread = expected.sqrt();
    assert!((independent - expected).abs() < 3.0 * spread, "{independent} of {expected}");
    // One draw decides for up to 1000 tests at once: the spread is wider by the root of that.
    assert!((dependent - expected).abs() < 3.0 * spread * 1000f64.sqrt(), "{dependent} of {expected}");
}

#[test]
fn budget_edges() {
    assert_eq!(Budget::default().threshold(0), 0.0);
    assert_eq!(Budget::new(60.0).threshold(1), 1.0);
    assert_eq!(Budget::default().threshold(1000), 1.0 / 30_000.0);
    assert_eq!([Budget::new(f64::NAN), Budget::new(-1.0)].map(|budget| budget.threshold(5)), [0.0, 0.0]);
    assert_eq!(Budget::default().thresholds(&[Family { weight: 1.0, tests: 0 }]), [0.0]);
    assert_eq!(Budget::expected_per_day(1e-6, 500), 5e-4);
}

#[test]
fn a_window_lets_go_of_old_days_and_refuses_late_ones() {
    let mut week = Sliding::new(Window::Days(7));
    assert!(week.push(10, &5u64) && week.push(10, &1) && week.push(14, &2));
    assert_eq!(week.total(), Some(8));
    assert!(!week.push(13, &100));
    assert!(week.advance(17));
    assert_eq!(week.total(), Some(2));
    assert!(week.advance(i32::MAX));
    assert_eq!(week.total(), None);
    assert_eq!(WINDOWS.map(|window| window.to_string()), ["1 d", "7 d", "30 d", "90 d", "whole period"]);
}

/// Kingman's bound holds on a long quiet series, and a shift of half a standard deviation is found.
#[test]
fn cusum_is_bounded_in_quiet_and_finds_a_small_shift() {
    let mut random = Uniform(3);
    let mut sum = Cusum::new(0.25, 4.0);
    let mut beyond = [0u32; 3];
    let days = 40_000;
    for day in 0..days {
        sum.push(day, random.normal());
        for (count, level) in beyond.iter_mut().zip([0.1, 0.01, 0.001]) {
            *count += u32::from(sum.upper_p() <= level);
        }
    }
    for (count, level) in beyond.into_iter().zip([0.1, 0.01, 0.001]) {
        assert!(f64::from(count) <= level * f64::from(days) * 1.5, "{count} at {level}");
    }
    assert!(beyond[0] > 0);
    let mut shifted = Cusum::new(0.25, 4.0);
    let found = (0..400).find(|day| {
        shifted.push(*day, random.normal() + 0.75);
        shifted.upper_p() < 1e-6
    });
    assert!(found.is_some_and(|day| day < 150), "{found:?}");
    assert!(shifted.since().is_some_and(|day| day < 30));
    let level = shifted.level();
    assert_eq!(shifted.push(999, f64::NAN), level);
    let mut wild = Cusum::new(0.25, 4.0);
    wild.push(0, normal_score(1e-200));
    assert_eq!(wild.level(), 3.75);
    assert!(normal_upper(wild.level()) < wild.upper_p());
}
