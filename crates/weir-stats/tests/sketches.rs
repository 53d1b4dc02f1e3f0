//! Laws of everything that merges and is stored, and the accuracy of the distinct count.

use proptest::collection::vec;
use proptest::prelude::*;
use weir_stats::distinct::{EXACT_MAX, INLINE_MAX};
use weir_stats::{BottomK, Distinct, LogHistogram, Merge, OneValue, StatsError, Wire, hash64, hash64_in};

/// The `i`-th of some well-spread hashes.
fn spread(i: u64) -> u64 {
    hash64(&i.to_le_bytes())
}

/// Sets around the sizes where the state changes its form, with repeats.
fn hashes() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![vec(0..8u64, 0..12), vec(0..400u64, 0..300), vec(0..100_000u64, 200..3000)]
        .prop_map(|values| values.into_iter().map(spread).collect())
}

fn histogram(values: &[f64]) -> LogHistogram {
    let mut all = LogHistogram::new();
    values.iter().for_each(|value| all.insert(*value));
    all
}

fn sample(seen: &[(u64, u64)]) -> BottomK<OneValue> {
    let mut all = BottomK::new(16);
    seen.iter().for_each(|(key, value)| all.insert(spread(*key), OneValue::One(*value)));
    all
}

/// Spans of a few visitors, with their like anywhere a number can lie.
fn near() -> impl Strategy<Value = Vec<u64>> {
    let end = u64::from(u32::MAX) - 20;
    let span = prop_oneof![0..20u64, 2_900_000..2_900_040u64, end..end + 20];
    vec((0..4u64, span), 0..60)
        .prop_map(|all| all.into_iter().map(|(who, span)| (who * 0x5555_5555) << 32 | span).collect())
}

fn merged<T: Merge + Clone>(a: &T, b: &T) -> T {
    let mut all = a.clone();
    all.merge(b);
    all
}

/// The laws of [`Merge`] and [`Wire`], for any statistic and any three of its values.
fn laws<T: Merge + Wire + Clone + PartialEq + std::fmt::Debug>(a: &T, b: &T, c: &T) {
    assert_eq!(merged(a, b).to_bytes(), merged(b, a).to_bytes());
    assert_eq!(merged(&merged(a, b), c).to_bytes(), merged(a, &merged(b, c)).to_bytes());
    for value in [a, b, c] {
        let bytes = value.to_bytes();
        assert_eq!(T::from_bytes(&bytes).as_ref(), Ok(value));
        // Cut anywhere: an error or a shorter statistic that writes exactly what was read, never a panic.
        for cut in 0..bytes.len().min(300) {
            canonical::<T>(&bytes[..cut]);
        }
    }
}

/// Whatever is accepted is written back as it was.
fn canonical<T: Wire>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes(), bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn many_at_once_are_as_one_by_one(parts in vec(prop_oneof![hashes(), near()], 0..6)) {
        let (mut at_once, mut one_by_one) = (Distinct::new(), Distinct::new());
        for part in &parts {
            part.iter().for_each(|hash| one_by_one.insert(*hash));
            at_once.insert_all(&mut part.clone());
            prop_assert_eq!(at_once.to_bytes(), one_by_one.to_bytes());
        }
        prop_assert_eq!(Distinct::from_lake(&at_once.to_bytes()), Ok(at_once));
        prop_assert_eq!(Distinct::new().to_bytes(), Distinct::NOTHING);
    }

    #[test]
    fn distinct_keeps_the_laws(a in hashes(), b in hashes(), c in hashes()) {
        let [x, y, z] = [&a, &b, &c].map(|set| set.iter().copied().collect::<Distinct>());
        laws(&x, &y, &z);
        prop_assert_eq!(merged(&x, &x), x.clone());
        // Merging is inserting: conversion to registers leaves no trace of when it happened.
        let direct: Distinct = a.iter().chain(&b).copied().collect();
        prop_assert_eq!(merged(&x, &y).to_bytes(), direct.to_bytes());
        let mut sorted = [a, b].concat();
        sorted.sort_unstable_by(|p, q| q.cmp(p));
        prop_assert_eq!(sorted.iter().copied().collect::<Distinct>().to_bytes(), direct.to_bytes());
        sorted.dedup();
        prop_assert_eq!(direct.exact(), (sorted.len() <= EXACT_MAX).then_some(sorted.len() as u64));
        sorted.reverse();
        if let Some(hashes) = direct.hashes() {
            prop_assert_eq!(hashes, &sorted[..]);
        }
    }

    #[test]
    fn numbers_near_each_other_keep_the_laws(
        a in near(), b in near(), c in near(), cut in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let [x, y, z] = [&a, &b, &c].map(|set| set.iter().copied().collect::<Distinct>());
        laws(&x, &y, &z);
        prop_assert!(x.to_bytes().len() <= 2 + 8 * x.exact().unwrap_or(u64::MAX / 8 - 1) as usize);
        let mut bytes = x.to_bytes();
        *cut.get_mut(&mut bytes) = byte;
        canonical::<Distinct>(&bytes);
    }

    #[test]
    fn histogram_keeps_the_laws(a in vec(any::<f64>(), 0..60), b in vec(0.0..1e12f64, 0..60), c in vec(0.0..40.0f64, 0..60)) {
        laws(&histogram(&a), &histogram(&b), &histogram(&c));
        prop_assert_eq!(merged(&histogram(&a), &histogram(&b)), histogram(&[a, b].concat()));
    }

    #[test]
    fn histogram_bounds_the_tail(mut values in vec(0.0..1e9f64, 1..200), at in 0..200usize) {
        let all = histogram(&values);
        let x = values[at % values.len()];
        let truly = values.iter().filter(|value| **value >= x).count() as u64;
        let at_most = values.iter().filter(|value| **value >= x / 1.0625).count() as u64;
        prop_assert!(all.at_least(x) >= truly && all.at_least(x) <= at_most);
        values.sort_by(f64::total_cmp);
        let median = values[values.len().div_ceil(2) - 1];
        let got = all.quantile(0.5).unwrap();
        prop_assert!(got <= median && got >= median / 1.0626, "{} {}", got, median);
    }

    #[test]
    fn sample_keeps_the_laws(a in vec((0..60u64, 0..3u64), 0..80), b in vec((0..60u64, 0..3u64), 0..80), c in vec((0..60u64, 0..3u64), 0..80)) {
        let [x, y, z] = [&a, &b, &c].map(|seen| sample(seen));
        laws(&x, &y, &z);
        prop_assert_eq!(merged(&x, &x), x.clone());
        prop_assert_eq!(merged(&x, &y), sample(&[a, b].concat()));
        // A smaller sample takes precedence, and still holds complete values.
        let mut small = BottomK::<OneValue>::new(4);
        small.merge(&merged(&x, &z));
        prop_assert!(small.iter().all(|(key, value)| merged(&x, &z).iter().any(|(k, v)| k == key && v == value)));
    }

    #[test]
    fn hostile_bytes_are_refused_without_a_panic(bytes in vec(any::<u8>(), 0..400), form in 0..4u8) {
        for head in [vec![], vec![1], vec![1, form], vec![1, 1, form], vec![2], vec![2, form], vec![2, 1, form]] {
            let bytes = [head, bytes.clone()].concat();
            canonical::<Distinct>(&bytes);
            canonical::<LogHistogram>(&bytes);
            canonical::<BottomK<OneValue>>(&bytes);
            canonical::<BottomK<Distinct>>(&bytes);
            canonical::<OneValue>(&bytes);
            canonical::<u64>(&bytes);
        }
    }

    #[test]
    fn damage_to_registers_is_refused_without_a_panic(n in 300..20_000u64, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = (0..n).map(spread).collect::<Distinct>().to_bytes();
        *at.get_mut(&mut bytes) = byte;
        canonical::<Distinct>(&bytes);
    }
}

#[test]
fn errors_say_what_is_wrong() {
    assert_eq!(Distinct::from_bytes(&[9]), Err(StatsError::Version { what: "distinct count", version: 9 }));
    let error = Distinct::from_bytes(&[2, 0, 7]).unwrap_err();
    assert_eq!(error.to_string(), "stored distinct count cannot be read: it is cut short");
    assert!(
        Distinct::from_bytes(&[2, 0].into_iter().chain([1; 16]).collect::<Vec<u8>>()).is_err(),
        "a repeated hash"
    );
    assert!(Distinct::from_bytes(&[2, 1, 0, 3, 60]).is_err(), "a rank beyond 53");
    assert!(
        Distinct::from_bytes(
            &[2, 0].into_iter().chain((0..300u64).flat_map(u64::to_be_bytes)).collect::<Vec<u8>>()
        )
        .is_err()
    );
}

#[test]
fn few_values_need_no_memory_of_their_own() {
    assert_eq!(size_of::<Distinct>(), 32);
    let mut few = Distinct::new();
    for i in 0..INLINE_MAX as u64 {
        few.insert(spread(i));
        assert_eq!(few.heap_bytes(), 0);
        assert_eq!(few.to_bytes().len(), 2 + 8 * (i as usize + 1));
    }
    few.insert(spread(99));
    assert_eq!(few.heap_bytes(), 32);
    let many: Distinct = (0..1_000_000).map(spread).collect();
    assert_eq!(many.heap_bytes(), 4096);
    assert!(many.to_bytes().len() < 3100);
}

/// Over 40 disjoint sets of each size, the mean error is within its own standard error of zero (no bias) and the spread within the
/// stated 1.6 %. Sizes cross the change of form and both ends of the range.
#[test]
fn the_estimate_keeps_its_stated_error() {
    const SETS: u64 = 400;
    for n in [1, 3, 256, 257, 300, 1000, 3000, 10_000, 30_000, 100_000] {
        let mut errors = Vec::new();
        let mut within = 0;
        for set in 0..SETS {
            let space = spread(1_000_003 * n + set);
            let all: Distinct = (0..n).map(|i| hash64_in(space, &i.to_le_bytes())).collect();
            let (lower, upper) = all.bounds(3.0);
            within += u64::from((lower..=upper).contains(&(n as f64)));
            errors.push(all.estimate() / n as f64 - 1.0);
        }
        let mean = errors.iter().sum::<f64>() / SETS as f64;
        let deviation = (errors.iter().map(|error| error * error).sum::<f64>() / SETS as f64).sqrt();
        if n <= EXACT_MAX as u64 {
            assert_eq!(deviation, 0.0, "{n}");
        }
        assert!(deviation < 0.0163 * 1.25, "{n}: spread {deviation}");
        // Just beyond the exact sets an estimate is never below them, so only errors upwards are left: 0.4 of their spread in the mean.
        let upwards = if n == EXACT_MAX as u64 + 1 { 0.4 * 0.0163 } else { 0.0 };
        assert!(mean.abs() < upwards + 3.5 * 0.0163 / (SETS as f64).sqrt(), "{n}: bias {mean}");
        // 99.7 in 100 of a normal error, whose tails are a little heavier here.
        assert!(within * 100 >= SETS * 99, "{n}: {within}");
    }
}

#[test]
fn a_million_is_counted_within_the_bounds() {
    let all: Distinct = (0..1_000_000).map(spread).collect();
    let (lower, upper) = all.bounds(3.0);
    assert!(lower < 1e6 && 1e6 < upper, "{lower} {upper}");
    assert!(all.bounds(0.0) == (all.estimate(), all.estimate()));
    assert_eq!(all.bounds(100.0).1, f64::INFINITY);
}

#[test]
fn the_sample_counts_keys_and_shares() {
    let mut clients = BottomK::new(1024);
    for client in 0..50_000u64 {
        // Three in four clients see their own value each time; busy clients do not weigh more.
        for visit in 0..=(client % 7) {
            clients.insert(spread(client), OneValue::One(if client % 4 == 0 { visit } else { client }));
        }
    }
    let share = clients.share(|value| matches!(value, OneValue::One(_)));
    let truth = (0..50_000u64).filter(|client| client % 4 != 0 || client % 7 == 0).count() as f64 / 50_000.0;
    let (lower, upper) = share.bounds(3.0);
    assert!(lower < truth && truth < upper, "{lower} {truth} {upper}");
    assert!((clients.keys() / 50_000.0 - 1.0).abs() < 0.1, "{}", clients.keys());
    assert_eq!(BottomK::<u64>::new(4).share(|_| true).bounds(2.0), (0.0, 1.0));
}

#[test]
fn histogram_edges() {
    let all = histogram(&[0.0, -0.0, 1.0, 5.0, 31.0, f64::NAN, -1.0, f64::INFINITY]);
    assert_eq!((all.n(), all.unusable()), (5, 3));
    assert_eq!((all.at_least(0.0), all.at_least(0.5), all.at_least(5.0), all.at_least(32.0)), (5, 3, 2, 0));
    assert_eq!(all.at_least(f64::INFINITY), 0);
    assert_eq!((all.quantile(0.0), all.quantile(0.5), all.quantile(1.0)), (Some(0.0), Some(1.0), Some(31.0)));
    assert_eq!(LogHistogram::new().quantile(0.5), None);
    assert_eq!(all.share_at_least(1e9), 1.0 / 6.0);
    assert!(histogram(&[f64::MAX]).buckets().all(|bucket| bucket.upper.is_infinite()));
}
