//! Partials in memory: a hash table by (kind, entity, day) that knows how many bytes it holds.
//!
//! Decisive choice: entries lie in blocks that never move, and their texts in one; the table holds their numbers. A look-up borrows the text, a
//! sort moves numbers only, and memory grows a block at a time.

use crate::kind;
use crate::partial::{Partial, Row};
use hashbrown::HashTable;
use std::cmp::Ordering;
use weir_stats::hash64_in;

/// Entries of a block.
const BLOCK: usize = 1 << 10;
/// What an entry costs beside its text and sketches: itself, and its place in the index and in a sort.
const ENTRY_BYTES: usize = size_of::<Entry>() + 4 * size_of::<u32>();

/// One entity's day in memory.
struct Entry {
    kind: u8,
    day: i32,
    /// Where its text lies.
    text: (usize, usize),
    partial: Partial,
    /// Bytes of its sketches when they were last counted.
    heap: usize,
    hash: u64,
}

#[derive(Default)]
pub(crate) struct Table {
    index: HashTable<u32>,
    /// All full but the last that has entries; those behind it are kept for entries to come.
    blocks: Vec<Vec<Entry>>,
    len: usize,
    texts: String,
    bytes: usize,
}

/// An entry's number.
pub(crate) type Slot = u32;

impl Table {
    /// Bytes held by entries, an upper estimate but for what changed since [`Table::count`].
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.texts.len()
    }

    /// The slot of an entity's day, made where it is new.
    pub(crate) fn slot(&mut self, kind: u8, entity: &str, day: i32) -> Slot {
        let space = u64::from(kind) << 32 | u64::from(day.cast_unsigned());
        let hash = hash64_in(space, entity.as_bytes());
        let (blocks, texts) = (&self.blocks, &self.texts);
        let same = |slot: &Slot| {
            entry(blocks, *slot)
                .is_some_and(|e| e.hash == hash && e.kind == kind && e.day == day && text(texts, e) == entity)
        };
        if let Some(found) = self.index.find(hash, same) {
            return *found;
        }
        let slot = u32::try_from(self.len).unwrap_or(u32::MAX);
        let from = self.texts.len();
        self.texts.push_str(entity);
        let made =
            Entry { kind, day, text: (from, self.texts.len()), partial: Partial::default(), heap: 0, hash };
        match self.blocks.get_mut(self.len / BLOCK) {
            Some(block) => block.push(made),
            None => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(made);
                self.blocks.push(block);
            }
        }
        self.len += 1;
        self.bytes += ENTRY_BYTES;
        let blocks = &self.blocks;
        self.index.insert_unique(hash, slot, |slot| entry(blocks, *slot).map_or(0, |e| e.hash));
        slot
    }

    /// The partial of a slot.
    pub(crate) fn at(&mut self, slot: Slot) -> Option<&mut Partial> {
        let (block, place) = place(slot);
        Some(&mut self.blocks.get_mut(block)?.get_mut(place)?.partial)
    }

    /// Counts a slot's bytes again, after its partial changed.
    pub(crate) fn count(&mut self, slot: Slot) {
        let (block, place) = place(slot);
        if let Some(entry) = self.blocks.get_mut(block).and_then(|b| b.get_mut(place)) {
            let heap = entry.partial.heap_bytes();
            self.bytes = self.bytes + heap - entry.heap;
            entry.heap = heap;
        }
    }

    /// The entries' keys, sorted by kind, entity, day.
    fn order(&self) -> Vec<Key> {
        let mut order: Vec<Key> = Vec::with_capacity(self.len);
        for (slot, entry) in (0..).zip(self.blocks.iter().flatten()) {
            order.push(Key::new(entry, text(&self.texts, entry), slot));
        }
        let rest = |key: &Key| entry(&self.blocks, key.slot).map_or("", |e| text(&self.texts, e));
        order.sort_unstable_by(|a, b| {
            let rest = || if a.is_whole() && b.is_whole() { Ordering::Equal } else { rest(a).cmp(rest(b)) };
            a.start().cmp(&b.start()).then_with(rest).then(a.day.cmp(&b.day))
        });
        order
    }

    /// Everything, sorted by kind, entity, day.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (u8, &str, i32, &Partial)> {
        self.order().into_iter().filter_map(|key| {
            let entry = entry(&self.blocks, key.slot)?;
            Some((entry.kind, text(&self.texts, entry), entry.day, &entry.partial))
        })
    }

    /// The same as rows.
    pub(crate) fn into_sorted(mut self) -> impl Iterator<Item = Row> + Send + Sync + use<> {
        self.order().into_iter().filter_map(move |key| {
            let (block, place) = place(key.slot);
            let entry = self.blocks.get_mut(block)?.get_mut(place)?;
            let (kind, partial) = (kind::at(entry.kind)?, std::mem::take(&mut entry.partial));
            Some(Row { kind, entity: text(&self.texts, entry).to_owned(), day: entry.day, partial })
        })
    }

    /// Empties it; its memory stays for what comes.
    pub(crate) fn clear(&mut self) {
        self.index.clear();
        self.blocks.iter_mut().for_each(Vec::clear);
        self.texts.clear();
        (self.len, self.bytes) = (0, 0);
    }
}

/// What entries are sorted by, where most differ: so a sort seldom looks at entries.
struct Key {
    /// The first bytes of the text, as a number that compares as they do.
    text: u128,
    /// How many they are; one more than there is room for where the text goes on.
    length: u8,
    kind: u8,
    day: i32,
    slot: Slot,
}

impl Key {
    fn new(entry: &Entry, text: &str, slot: Slot) -> Self {
        let mut first = [0; 16];
        first.iter_mut().zip(text.bytes()).for_each(|(byte, of)| *byte = of);
        let length = text.len().min(first.len() + 1) as u8;
        Self { text: u128::from_be_bytes(first), length, kind: entry.kind, day: entry.day, slot }
    }

    /// Texts that both lie within are in the order of this; of the others, those that differ in it.
    fn start(&self) -> (u8, u128, u8) {
        (self.kind, self.text, self.length)
    }

    /// Whether the whole text lies within.
    fn is_whole(&self) -> bool {
        usize::from(self.length) <= size_of::<u128>()
    }
}

fn place(slot: Slot) -> (usize, usize) {
    let slot = slot as usize;
    (slot / BLOCK, slot % BLOCK)
}

fn entry(blocks: &[Vec<Entry>], slot: Slot) -> Option<&Entry> {
    let (block, place) = place(slot);
    blocks.get(block)?.get(place)
}

fn text<'t>(texts: &'t str, entry: &Entry) -> &'t str {
    texts.get(entry.text.0..entry.text.1).unwrap_or_default()
}
