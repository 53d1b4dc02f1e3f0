//! Marks: fingerprints of a few records in a row, on few records, chosen by the records themselves.
//!
//! Two files that hold the same run of [`RUN_MIN`] records have at least one mark in common in it, wherever the run lies in them
//! (winnowing: of every [`AMONG`] fingerprints in a row, the least is a mark). So a run is found by one look-up in about sixteen
//! records, and a mark only says where to look: what is a duplicate is decided by comparing the records.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch, StringArray};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;
use weir_model::columns::is_same;
use weir_stats::hash64;

/// Records that a fingerprint covers.
const COVERED: usize = 33;
/// Fingerprints in a row of which the least is a mark.
const AMONG: usize = 32;
/// The shortest run that is found.
pub(crate) const RUN_MIN: usize = COVERED + AMONG - 1;
/// Columns that say where a record was read, not what it says.
const WHERE: [&str; 8] = ["day", "line", "offset", "mark", "source", "sensor", "ingest", "file"];
/// Spreads the hashes of columns and of records.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The columns that hold what the records say, by place.
pub(crate) fn content(batch: &RecordBatch) -> Vec<usize> {
    let schema = batch.schema();
    (0..schema.fields().len()).filter(|i| !WHERE.contains(&schema.field(*i).name().as_str())).collect()
}

/// A hash of each record's content. Equal records have equal hashes; the reverse is for the caller to see.
pub(crate) fn hashes(batch: &RecordBatch) -> Vec<u64> {
    let mut hashes = vec![0_u64; batch.num_rows()];
    for (at, index) in (1_u64..).zip(content(batch)) {
        let column = batch.column(index);
        if column.null_count() == column.len() {
            continue;
        }
        let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0);
        let seed = SPREAD.wrapping_mul(at);
        match column.data_type() {
            DataType::Utf8 => texts(&mut hashes, nulls, seed, column.as_string()),
            DataType::Int32 => {
                let values = column.as_primitive::<Int32Type>().values().iter();
                mix(&mut hashes, nulls, seed, values.map(|value| i64::from(*value).cast_unsigned()));
            }
            DataType::Int64 => {
                let values = column.as_primitive::<Int64Type>().values().iter();
                mix(&mut hashes, nulls, seed, values.map(|value| value.cast_unsigned()));
            }
            DataType::Timestamp(..) => {
                let values = column.as_primitive::<TimestampMicrosecondType>().values().iter();
                mix(&mut hashes, nulls, seed, values.map(|value| value.cast_unsigned()));
            }
            // Lists follow from the columns above; they are compared, not hashed.
            _ => {}
        }
    }
    hashes
}

/// Adds the texts of a column to the hashes of their records.
fn texts(hashes: &mut [u64], nulls: Option<&NullBuffer>, seed: u64, texts: &StringArray) {
    /// Up to how many bytes a text is hashed sooner than compared.
    const SHORT: usize = 16;
    let hash = |text: &str| hash64(text.as_bytes());
    if is_same(texts) {
        return mix(hashes, nulls, seed, std::iter::repeat(hash(texts.value(0))));
    }
    // Longer ones often repeat at once: a client, where it came from.
    let (mut last, mut of_last) = ("", hash(""));
    let values = (0..texts.len()).map(|row| match texts.value(row) {
        text if text.len() <= SHORT => hash(text),
        text => {
            if text != last {
                (last, of_last) = (text, hash(text));
            }
            of_last
        }
    });
    mix(hashes, nulls, seed, values);
}

/// Adds the values of a column, one of each row, to the hashes of their records, but those of rows without one.
fn mix(hashes: &mut [u64], nulls: Option<&NullBuffer>, seed: u64, values: impl Iterator<Item = u64>) {
    let add = |hash: &mut u64, value: u64| *hash = (hash.rotate_left(5) ^ value ^ seed).wrapping_mul(SPREAD);
    match nulls {
        None => hashes.iter_mut().zip(values).for_each(|(hash, value)| add(hash, value)),
        Some(nulls) => {
            let of_rows = hashes.iter_mut().zip(values).zip(nulls.iter());
            of_rows.filter(|(_, valid)| *valid).for_each(|((hash, value), _)| add(hash, value));
        }
    }
}

/// The marks of records in a row by their hashes; those of the last [`AMONG`] - 1 need what follows, and so does a file's first
/// full window: a record whose neighbours are not all there has none.
pub(crate) fn marks(hashes: &[u64]) -> Vec<Option<i64>> {
    let mut marks = vec![None; hashes.len()];
    let prints = fingerprints(hashes);
    // The last of equals, so that a window that moves on keeps its choice where it can.
    let least = |from: usize, window: &[u64]| {
        let least = window.iter().enumerate().min_by_key(|(at, print)| (**print, std::cmp::Reverse(*at)));
        least.map(|(at, print)| (from + at, *print))
    };
    let mut chosen: Option<(usize, u64)> = None;
    for (from, window) in prints.windows(AMONG).enumerate() {
        chosen = match (chosen, window.last()) {
            (Some((_, print)), Some(new)) if *new <= print => Some((from + AMONG - 1, *new)),
            (Some((at, print)), Some(_)) if at >= from => Some((at, print)),
            _ => least(from, window),
        };
        if let Some((at, print)) = chosen
            && let Some(mark) = marks.get_mut(at + COVERED - 1)
        {
            *mark = Some(print.cast_signed());
        }
    }
    marks
}

/// The fingerprint of each [`COVERED`] hashes in a row.
fn fingerprints(hashes: &[u64]) -> Vec<u64> {
    let oldest = (0..COVERED).fold(1_u64, |power, _| power.wrapping_mul(SPREAD));
    let mut sum = 0_u64;
    let mut prints = Vec::with_capacity(hashes.len().saturating_sub(COVERED - 1));
    for (at, hash) in hashes.iter().enumerate() {
        sum = sum.wrapping_mul(SPREAD).wrapping_add(*hash);
        if let Some(gone) = at.checked_sub(COVERED).and_then(|gone| hashes.get(gone)) {
            sum = sum.wrapping_sub(gone.wrapping_mul(oldest));
        }
        if at + 1 >= COVERED {
            // The low bits of a sum of products mix little; the high ones decide which is least.
            let mixed = (sum ^ (sum >> 32)).wrapping_mul(SPREAD);
            prints.push(mixed ^ (mixed >> 29));
        }
    }
    prints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(seed: u64, n: usize) -> Vec<u64> {
        (0..n as u64).map(|i| hash64(&(seed + i).to_le_bytes())).collect()
    }

    #[test]
    fn every_shared_run_of_the_shortest_length_shares_a_mark() {
        for seed in 0..200 {
            let run = sequence(seed * 1_000_000, RUN_MIN);
            let one = [sequence(7, seed as usize), run.clone(), sequence(8, 100)].concat();
            let other = [sequence(9, 40), run, sequence(10, seed as usize)].concat();
            let (in_one, in_other) = (marks(&one), marks(&other));
            let shared = (0..RUN_MIN).filter(|i| {
                let (a, b) = (in_one[seed as usize + i], in_other[40 + i]);
                a.is_some() && a == b
            });
            assert!(shared.count() > 0, "seed {seed}");
        }
    }

    #[test]
    fn marks_are_few_and_depend_on_their_neighbours_only() {
        let all = sequence(1, 10_000);
        let marks_all = marks(&all);
        let count = marks_all.iter().flatten().count();
        assert!((400..800).contains(&count), "{count}");
        let part = marks(&all[5_000..6_000]);
        assert_eq!(part[RUN_MIN..1_000 - AMONG], marks_all[5_000 + RUN_MIN..6_000 - AMONG]);
        assert!(marks(&all[..RUN_MIN - 1]).iter().all(Option::is_none));
    }
}
