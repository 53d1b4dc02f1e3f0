//! [`Most`]: of many, the few with the most of something.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Keeps so many of those with the most; of equals those whose names come first.
pub(crate) struct Most<T> {
    max: usize,
    kept: BTreeMap<(u64, Reverse<String>), T>,
}

impl<T> Most<T> {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, kept: BTreeMap::new() }
    }

    /// Adds one that has so many; gives back the one with the least if there are too many then. Each name comes once.
    pub(crate) fn put(&mut self, number: u64, name: &str, one: T) -> Option<T> {
        self.kept.insert((number, Reverse(name.to_owned())), one);
        if self.kept.len() > self.max { self.kept.pop_first().map(|(_, least)| least) } else { None }
    }

    /// Those kept, in no order to be relied on.
    pub(crate) fn into_kept(self) -> impl Iterator<Item = T> {
        self.kept.into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_with_the_most_are_kept_and_of_equals_the_first_by_name() {
        let mut most = Most::new(2);
        let given: Vec<_> = [(5, "b"), (7, "c"), (5, "a"), (1, "d")]
            .into_iter()
            .map(|(number, name)| most.put(number, name, name))
            .collect();
        assert_eq!(given, [None, None, Some("b"), Some("d")]);
        assert_eq!(most.into_kept().collect::<Vec<_>>(), ["a", "c"]);
    }
}
