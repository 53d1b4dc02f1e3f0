//! Stretches that were not logged: which are new, closed, or end elsewhere.
//!
//! Decisive choice: what sensors were silent in and what limits the scope are one list, since a silence stands in both. Gaps are first matched whole; of what is left, one
//! of the same thing with the same start is the same gap with another end, and one with the same end and reason the same with another start.

use weir_model::case::{Case, Gap};
use weir_model::diff::{Change, Gaps};

/// Every gap of a case, each once, in order.
fn of(case: &Case) -> Vec<&Gap> {
    let mut all: Vec<&Gap> = Vec::new();
    for gap in case.coverage.iter().flat_map(|c| &c.gaps).chain(&case.scope.gaps).chain(&case.aged_out) {
        if !all.contains(&gap) {
            all.push(gap);
        }
    }
    all
}

/// Compares what was not logged.
pub(super) fn gaps(old: &Case, new: &Case) -> Gaps {
    let (mut before, mut now) = (of(old), of(new));
    before.retain(|gap| match now.iter().position(|other| other == gap) {
        Some(at) => {
            now.remove(at);
            false
        }
        None => true,
    });
    let mut changed = Vec::new();
    let start = |a: &Gap, b: &Gap| a.what == b.what && a.from == b.from;
    let end = |a: &Gap, b: &Gap| a.what == b.what && a.to == b.to && a.reason == b.reason;
    for alike in [&start as &dyn Fn(&Gap, &Gap) -> bool, &end] {
        before.retain(|gap| match now.iter().position(|other| alike(gap, other)) {
            Some(at) => {
                changed.push(Change { old: (*gap).clone(), new: now.remove(at).clone() });
                false
            }
            None => true,
        });
    }
    let owned = |all: Vec<&Gap>| all.into_iter().cloned().collect();
    Gaps { new: owned(now), gone: owned(before), changed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::case;
    use weir_model::Micros;

    #[test]
    fn a_gap_is_new_closed_or_ends_elsewhere() {
        let gap = |what: &str, from: i64, to: Option<i64>| Gap {
            what: what.into(),
            from: Some(Micros(from)),
            to: to.map(Micros),
            reason: "silent".into(),
            records_expected: None,
        };
        let with = |gaps: Vec<Gap>| {
            let mut case = case();
            case.scope.gaps = gaps;
            case
        };
        let old =
            with(vec![gap("a", 1, None), gap("b", 1, Some(2)), gap("c", 1, Some(9)), gap("s", 1, None)]);
        let new =
            with(vec![gap("a", 1, Some(5)), gap("s", 1, None), gap("c", 3, Some(9)), gap("z", 1, None)]);
        let told = gaps(&old, &new);
        assert_eq!(told.new, [gap("z", 1, None)]);
        assert_eq!(told.gone, [gap("b", 1, Some(2))]);
        let expected = [
            Change { old: gap("a", 1, None), new: gap("a", 1, Some(5)) },
            Change { old: gap("c", 1, Some(9)), new: gap("c", 3, Some(9)) },
        ];
        assert_eq!(told.changed, expected);
    }
}
