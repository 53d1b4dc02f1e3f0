//! Partials in memory: a hash table by (kind, entity, day) that knows how many bytes it holds.
//!
//! Decisive choice: entries lie in a vector, the table holds their numbers; a look-up borrows the text and allocates only for an entity
//! that is new.

use crate::partial::Partial;
use hashbrown::HashTable;
use weir_stats::{hash64, hash64_in};

/// One entity's day in memory.
pub(crate) struct Entry {
    pub(crate) kind: u8,
    pub(crate) day: i32,
    pub(crate) entity: Box<str>,
    pub(crate) partial: Partial,
    hash: u64,
}

/// Where an entity's day is looked for first: where the row before had it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hint(usize);

#[derive(Default)]
pub(crate) struct Table {
    index: HashTable<usize>,
    entries: Vec<Entry>,
    bytes: usize,
}

/// What an entry costs beside its text and sketches: itself, twice while the vector grows, and its place in the index.
const ENTRY_BYTES: usize = 2 * size_of::<Entry>() + 3 * size_of::<usize>();

impl Table {
    /// Bytes held, an upper estimate.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Changes the partial of an entity's day.
    pub(crate) fn update(
        &mut self,
        kind: u8,
        entity: &str,
        day: i32,
        hint: &mut Hint,
        change: impl FnOnce(&mut Partial),
    ) {
        let same = |e: &Entry| e.kind == kind && e.day == day && *e.entity == *entity;
        if !self.entries.get(hint.0).is_some_and(same) {
            hint.0 = self.find(kind, entity, day);
        }
        if let Some(entry) = self.entries.get_mut(hint.0) {
            let before = entry.partial.heap_bytes();
            change(&mut entry.partial);
            self.bytes = self.bytes + entry.partial.heap_bytes() - before;
        }
    }

    fn find(&mut self, kind: u8, entity: &str, day: i32) -> usize {
        let space = u64::from(kind) << 32 | u64::from(day.cast_unsigned());
        let hash = hash64_in(space ^ hash64(b"day"), entity.as_bytes());
        let entries = &self.entries;
        let same = |i: &usize| {
            entries.get(*i).is_some_and(|e| e.kind == kind && e.day == day && *e.entity == *entity)
        };
        if let Some(found) = self.index.find(hash, same) {
            return *found;
        }
        let at = self.entries.len();
        self.entries.push(Entry { kind, day, entity: entity.into(), partial: Partial::default(), hash });
        self.bytes += ENTRY_BYTES + entity.len();
        let entries = &self.entries;
        self.index.insert_unique(hash, at, |i| entries.get(*i).map_or(0, |e| e.hash));
        at
    }

    /// Takes everything out, sorted by kind, entity, day.
    pub(crate) fn take_sorted(&mut self) -> Vec<Entry> {
        self.index.clear();
        self.bytes = 0;
        let mut all = std::mem::take(&mut self.entries);
        all.sort_unstable_by(|a, b| (a.kind, &a.entity, a.day).cmp(&(b.kind, &b.entity, b.day)));
        all
    }
}
