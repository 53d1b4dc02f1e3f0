//! `drift`: no p-value smaller than it says on series that do not drift, alone and among others; and what drifts is found, in how many days.

use weir_stats::drift::{Others, Rise, Scan, WINDOWS};
use weir_stats::everybody::{Comparisons, Together};
use weir_stats::growth::Belief;
use weir_stats::{Seasonal, hash64};

/// A fixed stream of random numbers: hashes of a counter.
struct Random(u64);

impl Random {
    fn of(seed: u64) -> Self {
        Self(seed << 32)
    }

    fn uniform(&mut self) -> f64 {
        self.0 += 1;
        (hash64(&self.0.to_le_bytes()) >> 11) as f64 / 2f64.powi(53) + 2f64.powi(-54)
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 200.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (mut product, mut n) = (self.uniform(), 0.0);
        while product > (-mean).exp() {
            product *= self.uniform();
            n += 1.0;
        }
        n
    }

    /// Marsaglia and Tsang.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.uniform().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let x = self.normal();
            let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    fn negative_binomial(&mut self, mean: f64, dispersion: f64) -> f64 {
        let rate = self.gamma(1.0 / dispersion) * mean * dispersion;
        self.poisson(rate)
    }

    /// Poisson counts about a level whose logarithm is an AR(1) of this standard deviation.
    fn autoregressive(&mut self, days: usize, mean: f64, auto: f64, sigma: f64) -> Vec<f64> {
        let mut z = self.normal();
        let mut day = || {
            z = auto * z + (1.0 - auto * auto).sqrt() * self.normal();
            self.poisson(mean * (sigma * z).exp())
        };
        (0..days).map(|_| day()).collect()
    }

    /// Counts about a level whose logarithm is a random walk.
    fn walk(&mut self, days: usize, step: f64, dispersion: f64) -> Vec<f64> {
        let mut z = 0.0;
        let mut day = || {
            z += step * self.normal();
            self.negative_binomial(100.0 * f64::exp(z), dispersion)
        };
        (0..days).map(|_| day()).collect()
    }
}

type Kind = (&'static str, fn(&mut Random, usize) -> Vec<f64>);

fn each(days: usize, mut day: impl FnMut(usize) -> f64) -> Vec<f64> {
    (0..days).map(&mut day).collect()
}

/// Series that keep their habits.
const STEADY: [Kind; 6] = [
    ("poisson 100", |r, days| each(days, |_| r.poisson(100.0))),
    ("poisson 3", |r, days| each(days, |_| r.poisson(3.0))),
    ("poisson 1", |r, days| each(days, |_| r.poisson(1.0))),
    ("negative binomial", |r, days| each(days, |_| r.negative_binomial(20.0, 0.5))),
    ("an office's week", |r, days| {
        each(days, |i| if i % 7 < 5 { r.negative_binomial(60.0, 0.05) } else { r.poisson(0.5) })
    }),
    ("six days in ten", |r, days| {
        each(days, |_| if r.uniform() < 0.6 { r.negative_binomial(30.0, 0.5) } else { 0.0 })
    }),
];

/// Series with heavy tails, memory, cycles, beginnings; none of them changes its ways.
const WILD: [Kind; 9] = [
    ("pareto 1.5", |r, days| each(days, |_| (5.0 * r.uniform().powf(-1.0 / 1.5)).floor())),
    ("pareto 1.1", |r, days| each(days, |_| (2.0 * r.uniform().powf(-1.0 / 1.1)).floor())),
    ("log-normal", |r, days| each(days, |_| (3.0 + 1.5 * r.normal()).exp().floor())),
    ("ar(1) 0.5", |r, days| r.autoregressive(days, 100.0, 0.5, 0.3)),
    ("ar(1) 0.8", |r, days| r.autoregressive(days, 100.0, 0.8, 0.3)),
    ("ar(1) 0.95", |r, days| r.autoregressive(days, 100.0, 0.95, 0.3)),
    ("random walk 3 %", |r, days| r.walk(days, 0.03, 0.001)),
    ("random walk 1.5 %, noisy", |r, days| r.walk(days, 0.015, 0.1)),
    ("a beginning of four weeks", |r, days| {
        each(days, |i| r.negative_binomial(100.0 / (1.0 + (-(i as f64 - 14.0) / 5.0).exp()), 0.1))
    }),
];

/// Tests, and how many of them were at or below 1e-1 to 1e-4.
fn exceedances(
    series: impl Iterator<Item = Vec<f64>>,
    others: impl Fn(usize, usize) -> Others,
) -> (f64, [f64; 4]) {
    let (mut tests, mut beyond) = (0.0, [0.0; 4]);
    for values in series {
        let mut scan = Scan::new();
        for (day, value) in values.iter().enumerate() {
            let judged = scan.push(day as i32, *value, 0.0, |growth| others(day, growth.days));
            let Some(least) = judged.least else { continue };
            tests += 1.0;
            for (count, level) in beyond.iter_mut().zip([1e-1, 1e-2, 1e-3, 1e-4]) {
                *count += f64::from(u8::from(least.p <= level));
            }
        }
    }
    (tests, beyond)
}

/// Observed exceedances against expected ones. A day's test and the next share their window, so an excursion counts for days on end:
/// the Monte Carlo error is that of a count of clusters as long as the usual window, three standard errors of it.
fn calibrated(what: &str, (tests, beyond): (f64, [f64; 4])) {
    const CLUSTER: f64 = 14.0;
    assert!(tests > 3_000.0, "{what}: {tests} tests");
    for (count, level) in beyond.into_iter().zip([1e-1, 1e-2, 1e-3, 1e-4]) {
        let expected = level * tests;
        let error = 3.0 * (expected * CLUSTER).sqrt();
        assert!(
            count <= expected + error,
            "{what}: {count} at {level:e}, {expected} expected, error {error}"
        );
    }
}

const NOBODY: Others = Others { shared: 0.0, belief: None };

#[test]
fn a_series_alone_is_accused_no_more_often_than_p_says() {
    for (seed, (name, kind)) in STEADY.into_iter().chain(WILD).enumerate() {
        let series = (0..80).map(|i| kind(&mut Random::of(1_000 * seed as u64 + i), 240));
        calibrated(name, exceedances(series, |_, _| NOBODY));
    }
}

/// What everybody does, by day and window, learned as a detector does: shared growth from the day itself, the rest from before the window.
fn learn(population: &[Vec<f64>], days: usize) -> Vec<[Others; WINDOWS.len()]> {
    let mut together: Vec<[Together; WINDOWS.len()]> = vec![Default::default(); days];
    for values in population {
        let mut scan = Scan::new();
        for ((day, value), together) in values.iter().enumerate().zip(&mut together) {
            for (growth, together) in scan.grow(day as i32, *value).iter().zip(together) {
                growth.iter().for_each(|growth| together.insert(growth));
            }
        }
    }
    let mut past = WINDOWS.map(Comparisons::new);
    let mut belief: [Option<Belief>; WINDOWS.len()] = Default::default();
    let mut known = Vec::new();
    for day in 0..days {
        let mut others = [NOBODY; WINDOWS.len()];
        for (w, window) in WINDOWS.into_iter().enumerate() {
            if let Some(before) = day.checked_sub(window) {
                past[w].add(&together[before][w]);
            }
            if day % 7 == 0 {
                belief[w] = past[w].belief();
            }
            others[w] = Others { shared: together[day][w].median().unwrap_or(0.0), belief: belief[w] };
        }
        known.push(others);
    }
    known
}

fn of_window(known: &[[Others; WINDOWS.len()]], day: usize, window: usize) -> Others {
    WINDOWS.iter().position(|w| *w == window).map_or(NOBODY, |w| known[day][w])
}

fn population(kinds: &[Kind], seed: u64, of_each: u64, days: usize) -> Vec<Vec<f64>> {
    let each = |(at, (_, kind)): (usize, &Kind)| -> Vec<Vec<f64>> {
        (0..of_each).map(|i| kind(&mut Random::of(seed + 77_000 + 1_000 * at as u64 + i), days)).collect()
    };
    kinds.iter().enumerate().flat_map(each).collect()
}

/// Populations of many and of few, alike and unlike: what one shows of the others must not make p smaller than it is.
#[test]
fn among_others_p_says_no_more_than_is_so() {
    let mixed: Vec<Kind> = STEADY.into_iter().chain(WILD).collect();
    for (what, kinds, of_each, populations) in [
        ("steady", STEADY.to_vec(), 60, 1),
        ("wild", WILD.to_vec(), 40, 1),
        ("mixed", mixed.clone(), 24, 1),
        ("walkers", vec![WILD[6]], 360, 1),
        ("mixed, fifteen at a time", mixed, 1, 20),
        ("walkers, twelve at a time", vec![WILD[6]], 12, 20),
    ] {
        let (mut tests, mut beyond) = (0.0, [0.0; 4]);
        for nth in 0..populations {
            let all = population(&kinds, 100_000 * nth, of_each, 200);
            let known = learn(&all, 200);
            let (more, counts) = exceedances(all.into_iter(), |day, window| of_window(&known, day, window));
            tests += more;
            beyond.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        calibrated(what, (tests, beyond));
    }
}

/// A site that doubles in a year, closes for ten days and sells at triple for five; every series goes with it.
#[test]
fn what_everybody_does_moves_nobody() {
    let days = 200;
    let site = |i: usize| {
        let event = if (120..130).contains(&i) {
            0.02
        } else if (150..155).contains(&i) {
            3.0
        } else {
            1.0
        };
        event * (0.7 * i as f64 / 365.0).exp()
    };
    let all: Vec<Vec<f64>> = (0..120)
        .map(|seed| {
            let mut r = Random::of(5_000 + seed);
            let mean = 10.0 * (3.0 * r.uniform()).exp();
            each(days, |i| r.negative_binomial(mean * site(i), 0.03))
        })
        .collect();
    let known = learn(&all, days);
    let (tests, beyond) = exceedances(all.iter().cloned(), |day, window| of_window(&known, day, window));
    calibrated("a moving site", (tests, beyond));
    // It is the others who tell: alone, each of them would rise.
    let (_, alone) =
        exceedances(all.into_iter(), |_, window| Others { shared: 0.0, ..of_window(&known, 199, window) });
    assert!(alone[2] > 20.0 * beyond[2].max(1.0), "{alone:?} {beyond:?}");
}

/// Rises of a series of mean 100 +- 15 that grows by a factor after so many days.
fn found(seed: u64, before: usize, factor: f64, threshold: f64, belief: Option<Belief>) -> Option<Rise> {
    let mut r = Random::of(9_000 + seed);
    let mut scan = Scan::new();
    for day in 0..before + 60 {
        let mean = if day < before { 100.0 } else { 100.0 * factor };
        let value = (mean * (1.0 + 0.15 * r.normal())).round().max(0.0);
        let threshold = if day < before { 0.0 } else { threshold };
        scan.push(day as i32, value, threshold, |_| Others { shared: 0.0, belief });
    }
    scan.rises().first().copied()
}

/// What the manual page says of power.
#[test]
fn a_small_lasting_growth_is_found_in_weeks() {
    let steady = learn(&population(&STEADY, 0, 40, 200), 200);
    let belief = steady[199][1].belief;
    assert!(belief.is_some_and(|b| b.inflation < 1.2 && b.freedom >= 24.0), "{belief:?}");
    let median = |before: usize, factor: f64, threshold: f64, belief: Option<Belief>| {
        let told = (0..60).map(|seed| found(seed, before, factor, threshold, belief));
        let mut days: Vec<usize> =
            told.map(|rise| rise.map_or(999, |r| r.told as usize + 1 - before)).collect();
        days.sort_unstable();
        println!("x{factor} after {before} days at {threshold:e}: median {}, 9 in 10 {}", days[30], days[54]);
        days[30]
    };
    assert!(median(84, 1.3, 1e-4, belief) <= 15);
    assert!(median(84, 1.3, 1e-6, belief) <= 22);
    assert!(median(182, 1.3, 1e-6, belief) <= 21);
    assert!(median(84, 1.5, 1e-6, belief) <= 13);
    assert!(median(84, 3.0, 1e-7, belief) <= 8);
    assert!(median(182, 1.5, 1e-4, None) <= 9);
    assert!(median(182, 3.0, 1e-6, None) <= 7);
}

/// A lasting change is one rise, which begins where it began and goes on; one that ends is over, and the next is another.
#[test]
fn a_lasting_change_is_one_rise() {
    let level = |day: usize| match day {
        100..160 | 260.. => 180.0,
        _ => 100.0,
    };
    let mut r = Random::of(3);
    let mut scan = Scan::new();
    let belief = Some(Belief { inflation: 1.0, freedom: 32.0, windows: 1e4 });
    let mut risen = Vec::new();
    for day in 0..400 {
        let value = r.negative_binomial(level(day), 0.02);
        let judged = scan.push(day as i32, value, 1e-6, |_| Others { shared: 0.0, belief });
        if judged.risen {
            risen.push(day);
        }
    }
    let rises = scan.rises();
    assert_eq!(rises.len(), 2, "{rises:?}");
    assert!((90..=106).contains(&rises[0].from) && (103..115).contains(&rises[0].told), "{:?}", rises[0]);
    assert!(rises[0].over && (158..=166).contains(&rises[0].to), "{:?}", rises[0]);
    assert!(!rises[1].over && rises[1].to == 399 && (250..=266).contains(&rises[1].from), "{:?}", rises[1]);
    // Eight months on the habit is still what it was before: a leak does not become normal.
    let share = rises[1].seen / rises[1].expected;
    assert!((share - 1.8).abs() < 0.15, "{share}");
    assert!(risen.iter().filter(|day| **day >= 275).count() == 125, "{risen:?}");
}

/// One wild day, a day without a sensor, and what comes of telling the same days twice.
#[test]
fn one_day_is_no_drift_and_the_past_decides_alone() {
    let belief = Some(Belief { inflation: 1.0, freedom: 64.0, windows: 1e4 });
    let run = |change: &dyn Fn(usize, f64) -> f64, days: usize| {
        let mut r = Random::of(8);
        let mut scan = Scan::new();
        let judged: Vec<_> = (0..days)
            .map(|day| {
                let value = change(day, r.negative_binomial(100.0, 0.02));
                scan.push(day as i32, value, 1e-3, |_| Others { shared: 0.0, belief })
            })
            .collect();
        (judged, scan.rises().len())
    };
    let (plain, rises) = run(&|_, x| x, 150);
    assert_eq!(rises, 0);
    assert_eq!(run(&|day, x| if day == 110 { 1e6 } else { x }, 150).1, 0, "one wild day");
    assert_eq!(run(&|day, x| if day == 110 { 0.0 } else { x }, 150).1, 0, "one dead day");
    assert!(run(&|day, x| if day >= 110 { 2.0 * x } else { x }, 150).1 == 1);
    // Later days change nothing of what was said.
    assert_eq!(run(&|day, x| if day >= 110 { 2.0 * x } else { x }, 150).0[..110], plain[..110]);
}

#[test]
fn a_week_is_learned_where_there_is_one() {
    let mut r = Random::of(21);
    let office: Vec<(i32, f64)> =
        (0..84).map(|day| (day, if day % 7 < 5 { r.negative_binomial(60.0, 0.05) } else { 2.0 })).collect();
    let fitted = Seasonal::fit(&office);
    assert!(
        fitted.seasoned() && (fitted.usual(7) - 60.0).abs() < 12.0 && fitted.usual(12) < 4.0,
        "{fitted:?}"
    );
    assert!(fitted.sigma() < 0.5, "{fitted:?}");
    assert!(!Seasonal::fit(&office[..27]).seasoned(), "fewer than four weeks");
    let even: Vec<(i32, f64)> = (0..84).map(|day| (day, r.poisson(60.0))).collect();
    let plain = Seasonal::fit(&even);
    assert!((0..7).all(|day| (plain.usual(day) / 60.0 - 1.0).abs() < 0.1), "{plain:?}");
    assert!((plain.residual(3, 120.0) - 2f64.ln()).abs() < 0.12 && plain.residual(3, 1e9) < 3.0);
    // A mean of days that remember each other is less sure.
    let memory: Vec<(i32, f64)> = (0..).zip(r.autoregressive(182, 100.0, 0.8, 0.3)).collect();
    let long = Seasonal::fit(&memory);
    assert!((0.65..0.95).contains(&long.autocorrelation()), "{}", long.autocorrelation());
    assert!(long.inflation(28) > 4.0 && plain.inflation(28) < 2.0 && plain.inflation(1) == 1.0);
    assert_eq!(Seasonal::fit(&[]).usual(3), 0.0);
}
