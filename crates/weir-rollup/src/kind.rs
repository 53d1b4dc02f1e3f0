//! The kinds of entity that are rolled up, in the order of their words: the order of rows in memory, in runs and in SQL.

use weir_model::EntityKind;

/// Kinds rolled up, sorted by their word.
pub const KINDS: [EntityKind; 13] = [
    EntityKind::Actor,
    EntityKind::Asn,
    EntityKind::Client,
    EntityKind::Country,
    EntityKind::Credential,
    EntityKind::Crossing,
    EntityKind::Dataset,
    EntityKind::Host,
    EntityKind::Key,
    EntityKind::Origin,
    EntityKind::Prefix,
    EntityKind::Route,
    EntityKind::Sensor,
];

/// A kind's place in [`KINDS`].
pub(crate) fn place(kind: EntityKind) -> u8 {
    KINDS.iter().position(|k| *k == kind).unwrap_or(KINDS.len()) as u8
}

/// Whether visits are counted for a kind: that by which households are told from hands that take.
#[must_use]
pub fn visits(kind: EntityKind) -> bool {
    kind == EntityKind::Origin
}

/// The entity that stands for a dataset as read from a country.
#[must_use]
pub fn crossing(country: &str, dataset: &str) -> String {
    format!("{country}/{dataset}")
}

/// Country and dataset of a crossing.
#[must_use]
pub fn crossed(entity: &str) -> Option<(&str, &str)> {
    entity.split_once('/')
}

/// The kind at a place.
pub(crate) fn at(place: u8) -> Option<EntityKind> {
    KINDS.get(usize::from(place)).copied()
}

/// The kind of a word.
pub(crate) fn of_word(word: &str) -> Option<EntityKind> {
    KINDS.iter().copied().find(|k| k.as_str() == word)
}

#[cfg(test)]
mod tests {
    #[test]
    fn kinds_are_sorted_by_their_word() {
        assert!(super::KINDS.is_sorted_by(|a, b| a.as_str() < b.as_str()));
    }

    #[test]
    fn a_crossing_is_taken_apart_as_it_was_put_together() {
        assert_eq!(super::crossed(&super::crossing("KR", "orders/2025")), Some(("KR", "orders/2025")));
    }
}
