//! Lower and upper bound of how many people it was, with what makes the one of the other.
//!
//! Decisive choice: the upper bound is never computed by itself. It is the lower one and what is named beyond it, so that whoever reads a report can add
//! it up.

use crate::{Namespaces, Reached};
use std::collections::BTreeMap;
use weir_catalog::links::CREDENTIAL;
use weir_model::case::{Beyond, Bounds};

/// What times hide of which the logs tell nothing.
pub(crate) const SILENCES: &str = "times in which the hand was not seen or a sensor was silent";

/// Bounds, and what the upper has beyond the lower.
#[derive(Clone, Debug)]
pub(crate) struct Bounded {
    pub(crate) bounds: Bounds,
    pub(crate) beyond: Vec<Beyond>,
    /// Whether records name anybody.
    pub(crate) named: bool,
}

impl Bounded {
    fn of(lower: u64, beyond: Vec<Beyond>, named: bool) -> Self {
        let upper = beyond.iter().fold(lower, |sum, more| sum.saturating_add(more.people));
        Self { bounds: Bounds { lower, upper: Some(upper) }, beyond, named }
    }

    /// With an upper bound that is no less than that of a part.
    pub(crate) fn at_most(mut self, of_a_part: u64) -> Self {
        let more = self.bounds.upper.map_or(0, |upper| of_a_part.saturating_sub(upper));
        self.beyond.extend(beyond(
            "silences around one finding, in which its hand was busier than all on average",
            more,
        ));
        self.bounds.upper = self.bounds.upper.map(|upper| upper.saturating_add(more));
        self
    }
}

fn beyond(what: &str, people: u64) -> Option<Beyond> {
    (people > 0).then(|| Beyond { what: what.to_owned(), people })
}

/// Lower and upper bound of how many people records show, with those that they count without a name and those that they would show had they succeeded.
pub(crate) fn bounds(reached: &Reached, hidden: Option<u64>) -> Bounded {
    let Some(hidden) = hidden.filter(|_| reached.lists.is_empty()) else {
        let bounds = Bounds { lower: reached.certain, upper: None };
        return Bounded { bounds, beyond: Vec::new(), named: reached.named };
    };
    let more = [
        ("people whom records count and do not name", reached.sum.unnamed),
        (
            "records that do not say whether they succeeded, or are of something else than reading",
            reached.sum.unsure_people,
        ),
        (SILENCES, hidden),
        ("records of others that may be of the same hand", reached.perhaps.0),
        ("lines that could not be read", reached.rejected),
        ("people whose records were erased", reached.erased),
    ];
    let more = more.into_iter().filter_map(|(what, people)| beyond(what, people));
    Bounded::of(reached.certain, reached.same.iter().cloned().chain(more).collect(), reached.named)
}

/// How many people these are at least, by namespace, and those who may be the same as they: people of namespaces apart are others than all the rest, and
/// sessions and objects may all be one person's. And whether any of them is named.
pub(crate) fn certain(
    people: &BTreeMap<String, u64>,
    Namespaces { apart, objects }: &Namespaces,
) -> (u64, Vec<Beyond>, bool) {
    let sum = |of: &dyn Fn(&String) -> bool| -> u64 {
        people.iter().filter(|(namespace, _)| of(namespace)).fold(0, |sum, (_, n)| sum.saturating_add(*n))
    };
    let of_somebody = |namespace: &String| namespace == CREDENTIAL || objects.contains(namespace);
    let one_of = |namespace: &String| !of_somebody(namespace) && !apart.contains(namespace);
    let most = people.iter().filter(|(namespace, _)| one_of(namespace)).map(|(_, n)| *n).max();
    let (mut sessions, mut things) =
        (people.get(CREDENTIAL).copied().unwrap_or(0), sum(&|n| objects.contains(n)));
    // Where there is nothing but sessions and objects, they are of one person at least.
    let somebody = u64::from(most.is_none() && sessions.saturating_add(things) > 0);
    let one = if sessions > 0 { &mut sessions } else { &mut things };
    *one = one.saturating_sub(somebody);
    let certain = sum(&|n| !of_somebody(n) && apart.contains(n)).saturating_add(most.unwrap_or(somebody));
    let same = [
        ("sessions or credentials whose holders no record names", sessions),
        ("ids of things of which no record says whose they are", things),
        (
            "ids of other kinds, which may be of the same people",
            sum(&one_of).saturating_sub(most.unwrap_or(0)),
        ),
    ];
    let named = people.keys().any(|namespace| !of_somebody(namespace));
    (certain, same.into_iter().filter_map(|(what, people)| beyond(what, people)).collect(), named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_person_who_may_be_another_is_not_counted_for_certain() {
        let of = |people: &[(&str, u64)], apart: &[&str]| {
            let people = people.iter().map(|(namespace, n)| ((*namespace).to_owned(), *n)).collect();
            let apart = apart.iter().map(|namespace| (*namespace).to_owned()).collect();
            super::certain(&people, &Namespaces { apart, objects: BTreeSet::from(["order".to_owned()]) })
        };
        // Those for certain and those who may be the same are all that there are.
        let of = |people: &[(&str, u64)], apart: &[&str]| {
            let (certain, same, _) = of(people, apart);
            let all: u64 = people.iter().map(|(_, n)| n).sum();
            assert_eq!(certain + same.iter().map(|more| more.people).sum::<u64>(), all);
            certain
        };
        let certain = |people: &[(&str, u64)]| of(people, &[]);
        assert_eq!(certain(&[("member", 2), ("credential", 3)]), 2);
        assert_eq!(certain(&[("credential", 2)]), 1, "both may be sessions of one person");
        assert_eq!(certain(&[("member", 1), ("mail", 1)]), 1);
        assert_eq!(certain(&[]), 0);
        let books = [("member", 5), ("mail", 3), ("recipient", 4)];
        assert_eq!((certain(&books), of(&books, &["recipient"])), (5, 5 + 4));
        assert_eq!(of(&[("credential", 3), ("recipient", 4)], &["recipient"]), 1 + 4);
        assert_eq!(
            (certain(&[("order", 38), ("member", 2)]), certain(&[("order", 40)])),
            (2, 1),
            "orders of whom no map says"
        );
    }

    #[test]
    fn the_upper_bound_is_the_lower_one_and_what_is_named_beyond_it() {
        let people = BTreeMap::from([("member".to_owned(), 1_813), (CREDENTIAL.to_owned(), 463)]);
        let (certain, same, named) = certain(&people, &Namespaces::default());
        let mut reached =
            Reached { certain, same, named, perhaps: (7, 8), rejected: 2, ..Reached::default() };
        reached.sum.unnamed = 5;
        let told = bounds(&reached, Some(109));
        assert_eq!(told.bounds, Bounds { lower: 1_813, upper: Some(1_813 + 463 + 5 + 109 + 7 + 2) });
        let named: Vec<u64> = told.beyond.iter().map(|more| more.people).collect();
        assert_eq!(named, [463, 5, 109, 7, 2]);
        let of_a_part = told.at_most(2_500);
        let sum: u64 = of_a_part.beyond.iter().map(|more| more.people).sum();
        assert_eq!((of_a_part.bounds.upper, 1_813 + sum), (Some(2_500), 2_500));
        assert_eq!(bounds(&reached, None).bounds.upper, None);
    }
}
