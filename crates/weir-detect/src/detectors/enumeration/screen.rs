//! The first look, over rollups: who asked for people without being shown them.

use crate::histories;
use crate::{Context, DetectError};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use weir_model::EntityKind;
use weir_stats::Distinct;

/// People asked for in vain from which a reader is looked at exactly.
pub(super) const MISSED_MIN: f64 = 10.0;
/// Readers looked at; of more, those who asked for most in vain.
const CANDIDATES_MAX: usize = 5_000;

/// What the first look gives.
pub(super) struct Looked {
    /// Readers to look at, sorted.
    pub(super) candidates: Vec<String>,
    /// By day: readers who ask for people, seen for the first time.
    first_seen: BTreeMap<i32, u64>,
}

impl Looked {
    /// Readers seen up to a day: how many could have been accused.
    pub(super) fn seen(&self, day: i32) -> u64 {
        self.first_seen.range(..=day).map(|(_, n)| n).sum()
    }
}

/// Looks over all readers of a kind.
pub(super) async fn screen(context: &Context<'_>, kind: EntityKind) -> Result<Looked, DetectError> {
    let mut top: BinaryHeap<(Reverse<u64>, String)> = BinaryHeap::new();
    let mut first_seen: BTreeMap<i32, u64> = BTreeMap::new();
    histories::each(context, kind, &["people", "missed"], |history| {
        let asks = |day: &weir_rollup::Partial| !day.people.is_empty() || !day.missed.is_empty();
        let Some((first, _)) = history.days.iter().find(|(_, day)| asks(day)) else { return };
        *first_seen.entry(*first).or_default() += 1;
        let mut missed = Distinct::new();
        history.days.iter().for_each(|(_, day)| missed.merge(&day.missed));
        let n = missed.estimate();
        if n >= MISSED_MIN {
            top.push((Reverse(n.round() as u64), history.entity));
            if top.len() > CANDIDATES_MAX {
                top.pop();
            }
        }
    })
    .await?;
    let mut candidates: Vec<String> = top.into_iter().map(|(_, reader)| reader).collect();
    candidates.sort();
    Ok(Looked { candidates, first_seen })
}
