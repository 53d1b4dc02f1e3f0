//! Whose data, overall: bounds before and now.
//!
//! Decisive choice: a lower and an upper bound are compared each by itself, since new files may raise one and lower the other. Where a side has none, there is no
//! difference to state: "cannot be known" is no number.

use super::{came, counts};
use weir_model::case::{Bounds, Determinable, Divided, Scope};
use weir_model::diff::{Change, DividedChange, ScopeChange, Whose};

/// Whose data as people are told it: nobody is counted where the logs cannot tell.
pub(super) fn whose(scope: &Scope) -> Whose {
    let told = scope.determinable != Determinable::No;
    Whose { determinable: scope.determinable, subjects: scope.subjects.filter(|_| told) }
}

/// Compares two scopes.
pub(super) fn scope(old: &Scope, new: &Scope) -> ScopeChange {
    let subjects = Change { old: whose(old).subjects, new: whose(new).subjects };
    let lower = |bounds: Bounds| Some(bounds.lower);
    ScopeChange {
        determinable: Change { old: old.determinable, new: new.determinable },
        reason: Change { old: old.reason.clone(), new: new.reason.clone() },
        subjects,
        lower_difference: difference(subjects, lower),
        upper_difference: difference(subjects, |bounds| bounds.upper),
        records: Change { old: old.records, new: new.records },
        bytes: Change { old: old.bytes, new: new.bytes },
        first: Change { old: old.first, new: new.first },
        last: Change { old: old.last, new: new.last },
        categories: came(&old.categories, &new.categories),
    }
}

fn difference(subjects: Change<Option<Bounds>>, of: impl Fn(Bounds) -> Option<u64>) -> Option<i64> {
    let (old, new) = (of(subjects.old?)?, of(subjects.new?)?);
    i64::try_from(i128::from(new) - i128::from(old)).ok()
}

/// Whether two scopes say the same.
pub(super) fn is_same(told: &ScopeChange) -> bool {
    fn same<T: PartialEq>(change: &Change<T>) -> bool {
        change.old == change.new
    }
    same(&told.determinable)
        && same(&told.reason)
        && same(&told.subjects)
        && same(&told.records)
        && same(&told.bytes)
        && same(&told.first)
        && same(&told.last)
        && told.categories.is_empty()
}

/// How people divide, where that differs.
pub(super) fn divided(old: &Divided, new: &Divided) -> DividedChange {
    DividedChange {
        kinds: counts(&old.kinds, &new.kinds),
        bases: counts(&old.bases, &new.bases),
        categories: counts(&old.categories, &new.categories),
        countries: counts(&old.countries, &new.countries),
        doubtful: Change::of(old.doubtful, new.doubtful),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_has_its_difference_and_what_cannot_be_known_has_none() {
        let bounds = |lower, upper| Some(Bounds { lower, upper });
        let of = |old, new| {
            let subjects = Change { old, new };
            (difference(subjects, |b| Some(b.lower)), difference(subjects, |b| b.upper))
        };
        assert_eq!(of(bounds(5, Some(9)), bounds(7, Some(8))), (Some(2), Some(-1)));
        assert_eq!(of(bounds(5, None), bounds(7, Some(8))), (Some(2), None));
        assert_eq!(of(None, bounds(7, Some(8))), (None, None));
        assert_eq!(of(bounds(u64::MAX, None), bounds(0, None)), (None, None));
    }
}
