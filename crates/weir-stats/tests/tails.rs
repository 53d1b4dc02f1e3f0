//! Tails against a table of reference numbers, and laws between them.

use proptest::prelude::*;
use weir_stats::combine::{bonferroni, cauchy, harmonic, min_p, product};
use weir_stats::tail::*;

/// Every row agrees to 1e-10 of the probability (an error in `ln p` is a relative error in `p`), or to 2e-13 of its logarithm where
/// that is larger: the input's own rounding moves `ln p` by that much in the far tail.
#[test]
fn agrees_with_the_reference_table() {
    let table = include_str!("tails.tsv");
    let mut rows = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let name = fields.next().unwrap();
        let [x, a, b, expected]: [f64; 4] =
            fields.map(|field| field.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap();
        let got = match name {
            "poisson" => ln_poisson_upper(x, a),
            "negative_binomial" => ln_negative_binomial_upper(x, a, b),
            "binomial" => ln_binomial_upper(x, a as u64, b),
            "normal" => ln_normal_upper(x),
            "student" => ln_student_upper(x, a),
            "gamma" => ln_gamma_tail(x, a, b),
            other => panic!("unknown distribution `{other}`"),
        };
        let error = (got - expected).abs();
        assert!(error <= f64::max(1e-10, 2e-13 * expected.abs()), "{line}: got {got}, off by {error:e}");
        rows += 1;
    }
    assert_eq!(rows, 79);
}

/// A sum of the mass itself, term by term, must agree: the table could share a mistake in the formula.
#[test]
fn negative_binomial_is_the_sum_of_its_mass() {
    let (mean, dispersion) = (6.0f64, 0.4f64);
    let (size, q) = (1.0 / dispersion, mean * dispersion / (1.0 + mean * dispersion));
    let mut mass = (1.0 - q).powf(size);
    let mut below = 0.0;
    let mut variance = 0.0;
    for k in 0..2000 {
        let k = f64::from(k);
        assert!((negative_binomial_upper(k, mean, dispersion) - (1.0 - below)).abs() < 1e-12);
        below += mass;
        variance += mass * (k - mean) * (k - mean);
        mass *= q * (k + size) / (k + 1.0);
    }
    assert!((variance - (mean + dispersion * mean * mean)).abs() < 1e-6);
}

/// Counts of bytes are large: the expansion that takes over past a shape of 1e8 joins the series without a step.
#[test]
fn large_shapes_join_without_a_step() {
    for sigmas in [-6.0, -0.5, 0.0, 0.001, 0.5, 6.0, 30.0f64] {
        let ln_at = |shape: f64| ln_poisson_upper(shape, shape - sigmas * shape.sqrt());
        let (below, above) = (ln_at(99_999_999.0), ln_at(100_000_001.0));
        assert!((below - above).abs() < 1e-6 * below.abs().max(1.0), "{sigmas}: {below} {above}");
    }
    #[expect(clippy::disallowed_methods, reason = "a test of speed")]
    let started = std::time::Instant::now();
    for x in [1.001e12, 1.1e12, 3e12, 1e15f64] {
        assert!(ln_negative_binomial_upper(x, 1e12, 0.5) < 0.0);
        assert!(ln_poisson_upper(x, 1e12) < -1e5);
    }
    assert!(started.elapsed().as_secs() < 5);
}

/// Nonsense never makes a small p.
#[test]
fn nonsense_says_nothing_against_anyone() {
    for bad in [f64::NAN, f64::NEG_INFINITY, -1.0] {
        assert_eq!(poisson_upper(bad, 3.0), 1.0);
        assert_eq!(poisson_upper(3.0, bad), 1.0);
        assert_eq!(negative_binomial_upper(bad, 3.0, 0.1), 1.0);
        assert_eq!(negative_binomial_upper(3.0, bad, 0.1), 1.0);
        assert_eq!(binomial_upper(bad, 10, 0.1), 1.0);
        assert_eq!(binomial_upper(1.0, 10, bad), 1.0);
        assert_eq!(student_upper(3.0, bad), 1.0);
        assert_eq!(ln_gamma_tail(bad, 1.0, 1.0), 0.0);
    }
    assert_eq!(normal_upper(f64::NAN), 1.0);
    assert_eq!(normal_upper(f64::INFINITY), 0.0);
    assert_eq!(binomial_upper(11.0, 10, 0.5), 0.0);
    assert_eq!(poisson_upper(1.0, 0.0), 0.0);
    assert_eq!(empirical_upper(0, 0), 1.0);
}

#[test]
fn combinations_have_their_known_values() {
    assert!((bonferroni(1e-9, 1000) / 1e-6 - 1.0).abs() < 1e-12);
    assert_eq!(bonferroni(0.5, 3), 1.0);
    assert_eq!(min_p(0.25, 2), 0.4375);
    assert!((product(0.1, 0.1) / 0.056_051_7 - 1.0).abs() < 1e-5);
    assert_eq!(product(1.0, 1.0), 1.0);
    assert!((min_p(1e-20, 1_000_000) / 1e-14 - 1.0).abs() < 1e-12);
    assert_eq!(cauchy(&[]), None);
    assert_eq!(harmonic(&[]), None);
    assert!((cauchy(&[0.03]).unwrap() - 0.03).abs() < 1e-15);
    assert!((cauchy(&[1e-200; 7]).unwrap() / 1e-200 - 1.0).abs() < 1e-9);
    // One strong window among five empty ones costs the factor of their number, no more.
    let one = cauchy(&[1e-12, 1.0, 1.0, 1.0, 1.0]).unwrap();
    assert!((one / 5e-12 - 1.0).abs() < 1e-9, "{one:e}");
    assert!((harmonic(&[1e-6, 1.0]).unwrap() / 2e-6 - 1.0).abs() < 1e-9);
    assert_eq!(harmonic(&[0.9; 10]), Some(1.0));
}

proptest! {
    #[test]
    fn tails_fall_as_the_value_grows(mean in 1e-3..1e5f64, dispersion in 1e-6..20f64, x in 0.0..2e5f64, step in 1.0..1e4f64) {
        prop_assert!(ln_negative_binomial_upper(x + step, mean, dispersion) <= ln_negative_binomial_upper(x, mean, dispersion) + 1e-9);
        prop_assert!(ln_poisson_upper(x + step, mean) <= ln_poisson_upper(x, mean) + 1e-9);
        prop_assert!(ln_negative_binomial_upper(x, mean, dispersion) <= 0.0);
    }

    #[test]
    fn more_dispersion_is_never_more_surprising_far_out(mean in 0.1..1e3f64, dispersion in 1e-4..5f64) {
        let x = mean * 10.0 + 50.0 * (1.0 + mean);
        prop_assert!(ln_negative_binomial_upper(x, mean, 2.0 * dispersion) >= ln_negative_binomial_upper(x, mean, dispersion));
        prop_assert!(ln_negative_binomial_upper(x, mean, dispersion) >= ln_poisson_upper(x, mean));
    }

    #[test]
    fn scores_invert_the_normal_tail(z in -8.0..36.9f64) {
        // Below 0.5 p has full precision; near 1 it has lost some.
        let tolerance = if z < 0.0 { 1e-16 / normal_upper(-z) + 1e-9 } else { 1e-9 };
        prop_assert!((normal_score(normal_upper(z)) - z).abs() < tolerance.max(1e-9));
    }

    #[test]
    fn combinations_ignore_order_and_stay_probabilities(mut ps in prop::collection::vec(0.0..=1.0f64, 1..20)) {
        let (c, h) = (cauchy(&ps).unwrap(), harmonic(&ps).unwrap());
        ps.reverse();
        prop_assert_eq!(c, cauchy(&ps).unwrap());
        prop_assert_eq!(h, harmonic(&ps).unwrap());
        prop_assert!((0.0..=1.0).contains(&c) && (0.0..=1.0).contains(&h));
    }

    #[test]
    fn any_arguments_give_a_probability(x in any::<f64>(), a in any::<f64>(), b in any::<f64>(), n in any::<u64>()) {
        for p in [
            normal_upper(x), student_upper(x, a), ln_gamma_tail(x, a, b).exp(), normal_score(x).abs() / 37.0,
            min_p(x, n), bonferroni(x, n), empirical_upper(n, n / 2),
        ] {
            prop_assert!((0.0..=1.0).contains(&p), "{} {} {} {}: {}", x, a, b, n, p);
        }
    }

    #[test]
    fn any_counts_give_a_probability(x in 0.0..1e16f64, a in 0.0..1e14f64, b in 0.0..1e3f64, n in any::<u64>(), p in 0.0..=1.0f64) {
        for p in [poisson_upper(x, a), negative_binomial_upper(x, a, b), binomial_upper(x, n, p)] {
            prop_assert!((0.0..=1.0).contains(&p), "{} {} {} {} {}: {}", x, a, b, n, p, p);
        }
    }
}
