//! Entities' days in memory: a hash table by (kind, entity, day) that knows how many bytes it holds.
//!
//! Decisive choice: most entities are touched a few times in a day. Of those, the touches are kept as they are, each once for all entities of its
//! record, and become a partial when the row is written; an entity touched more often has a [`Partial`], to which touches are added many at once.
//! Entries and touches lie in blocks that never move, and texts in one; so a look-up borrows the text, a sort moves keys only, and memory
//! grows a block at a time.

use crate::kept::{Kept, Key};
use crate::kind;
use crate::partial::Partial;
use crate::touch::{Bulk, Touch, Ways};
use hashbrown::HashTable;
use weir_stats::hash64_in;

/// Touches that an entity has before it gets a partial: about where one takes less memory than they.
const FEW_MAX: usize = 8;
/// What an entry costs beside its text, touches and partial: itself, and its place in the index and in a sort.
const ENTRY_BYTES: usize = size_of::<Entry>() + size_of::<Place>() + 2 * size_of::<Slot>();
/// No place.
const NONE: u32 = u32::MAX;

/// One entity's day.
struct Entry {
    kind: u8,
    /// How many touches of it are kept.
    few: u8,
    day: i32,
    /// Where its text begins and ends.
    text: [u32; 2],
    hash: u64,
    /// The last of its touches that are kept.
    last: u32,
    /// Bytes of its partial when they were last counted.
    heap: u32,
    /// Of people, those shown by records that name who asked: the others are in `unnamed`, and are added when it is written.
    partial: Option<Box<Partial>>,
}

/// A touch of an entity, and the one before.
#[derive(Clone, Copy)]
struct Link {
    touch: u32,
    before: u32,
}

#[derive(Default)]
pub(crate) struct Table {
    index: HashTable<Slot>,
    entries: Blocks<Entry>,
    texts: String,
    touches: Blocks<Touch>,
    people: Vec<u64>,
    links: Vec<Link>,
    bulk: Bulk,
    /// Bytes of partials.
    heap: usize,
}

/// An entry's number.
type Slot = u32;

/// A batch's touches: what each record adds, whom it shows, and where it was kept, if it was.
#[derive(Default)]
pub(crate) struct Touches {
    pub(crate) each: Vec<Touch>,
    pub(crate) people: Vec<u64>,
    pub(crate) kept: Vec<u32>,
}

impl Touches {
    /// Forgets where touches were kept.
    pub(crate) fn forget(&mut self) {
        self.kept.clear();
        self.kept.resize(self.each.len(), NONE);
    }
}

impl Table {
    /// Bytes held, an upper estimate.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.len * ENTRY_BYTES
            + self.texts.len()
            + self.touches.len * size_of::<Touch>()
            + size_of_val(self.people.as_slice())
            + size_of_val(self.links.as_slice())
            + self.heap
    }

    /// Adds some records of a batch to an entity's day.
    pub(crate) fn add(&mut self, kind: u8, entity: &str, day: i32, batch: &mut Touches, rows: &[u32]) {
        let slot = self.slot(kind, entity, day);
        let Some(entry) = self.entries.at_mut(slot) else { return };
        if entry.partial.is_none() && usize::from(entry.few) + rows.len() <= FEW_MAX {
            entry.few += rows.len() as u8;
            for row in rows {
                let Some(kept) = batch.kept.get_mut(*row as usize) else { continue };
                if *kept == NONE {
                    let Some(mut touch) = batch.each.get(*row as usize).copied() else { continue };
                    let from = self.people.len() as u32;
                    self.people.extend_from_slice(batch.people.get(touch.people()).unwrap_or_default());
                    touch.people = [from, self.people.len() as u32];
                    *kept = self.touches.push(touch);
                }
                self.links.push(Link { touch: *kept, before: entry.last });
                entry.last = self.links.len() as u32 - 1;
            }
            return;
        }
        let Some(ways) = kind::at(kind).map(Ways::of) else { return };
        let partial = entry.partial.get_or_insert_default();
        if entry.few > 0 {
            let few = few(&self.links, &self.touches, entry.last);
            self.bulk.add(partial, ways, few, &self.people, entry.few.into());
            (entry.few, entry.last) = (0, NONE);
        }
        let touches = rows.iter().filter_map(|row| batch.each.get(*row as usize));
        self.bulk.add(partial, ways, touches, &batch.people, rows.len());
        let heap = size_of::<Partial>() + partial.heap_bytes();
        self.heap = self.heap + heap - entry.heap as usize;
        entry.heap = heap as u32;
    }

    /// The slot of an entity's day, made where it is new.
    fn slot(&mut self, kind: u8, entity: &str, day: i32) -> Slot {
        let space = u64::from(kind) << 32 | u64::from(day.cast_unsigned());
        let hash = hash64_in(space, entity.as_bytes());
        let (entries, texts) = (&self.entries, &self.texts);
        let same = |slot: &Slot| {
            entries.at(*slot).is_some_and(|e| {
                e.hash == hash && e.kind == kind && e.day == day && text(texts, e.text) == entity
            })
        };
        if let Some(found) = self.index.find(hash, same) {
            return *found;
        }
        let from = self.texts.len() as u32;
        self.texts.push_str(entity);
        let text = [from, self.texts.len() as u32];
        let slot =
            self.entries.push(Entry { kind, few: 0, day, text, hash, last: NONE, partial: None, heap: 0 });
        let entries = &self.entries;
        self.index.insert_unique(hash, slot, |slot| entries.at(*slot).map_or(0, |e| e.hash));
        slot
    }

    /// Everything, sorted by kind, entity, day; to be read until the table is cleared.
    pub(crate) fn sorted(&self) -> Sorted {
        let mut order: Vec<Place> = Vec::with_capacity(self.entries.len);
        for (slot, entry) in (0..).zip(self.entries.iter()) {
            order.push(Place { key: Key::new(entry.kind, text(&self.texts, entry.text), entry.day), slot });
        }
        let text = |slot| self.entries.at(slot).map_or("", |e| text(&self.texts, e.text));
        order.sort_unstable_by(|a, b| a.key.order(&b.key, || (text(a.slot), text(b.slot))));
        Sorted { order: order.into_iter(), of_few: Box::default() }
    }

    /// Empties it; its memory stays for what comes.
    pub(crate) fn clear(&mut self) {
        self.index.clear();
        self.entries.clear();
        self.texts.clear();
        self.touches.clear();
        self.people.clear();
        self.links.clear();
        self.heap = 0;
    }
}

/// An entry in a sort.
struct Place {
    key: Key,
    slot: Slot,
}

/// What is left to read of a table.
pub(crate) struct Sorted {
    order: std::vec::IntoIter<Place>,
    /// Made anew for each entity with few touches; kept for its memory, most of which stays as it is.
    of_few: Box<Partial>,
}

impl Sorted {
    /// Reads the next row; says whether there was one.
    pub(crate) fn read(&mut self, table: &mut Table, row: &mut Kept) -> bool {
        let Some(Place { key, slot }) = self.order.next() else { return false };
        let Some(entry) = table.entries.at_mut(slot) else { return false };
        let of_few = self.of_few.as_mut();
        of_few.clear();
        if let Some(ways) = kind::at(entry.kind).map(Ways::of).filter(|_| entry.few > 0) {
            let few = few(&table.links, &table.touches, entry.last);
            table.bulk.add(of_few, ways, few, &table.people, entry.few.into());
        }
        let text = text(&table.texts, entry.text);
        let partial = entry.partial.as_deref_mut().unwrap_or(of_few);
        if !partial.unnamed.is_empty() {
            partial.people.merge(&partial.unnamed);
        }
        row.set(key, text, partial);
        true
    }
}

/// The touches kept of an entity.
fn few<'t>(links: &'t [Link], touches: &'t Blocks<Touch>, last: u32) -> impl Iterator<Item = &'t Touch> {
    let mut next = last;
    std::iter::from_fn(move || {
        let link = links.get(next as usize)?;
        next = link.before;
        touches.at(link.touch)
    })
}

/// Where a text lies among texts.
fn text(texts: &str, [from, to]: [u32; 2]) -> &str {
    texts.get(from as usize..to as usize).unwrap_or_default()
}

/// Things of a block.
const BLOCK: usize = 1 << 10;

/// A list that never moves what it holds.
struct Blocks<T> {
    /// All full but the last that holds something; those behind it are kept for what comes.
    blocks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }
}

impl<T> Blocks<T> {
    /// Appends, and gives the place.
    fn push(&mut self, made: T) -> u32 {
        match self.blocks.get_mut(self.len / BLOCK) {
            Some(block) => block.push(made),
            None => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(made);
                self.blocks.push(block);
            }
        }
        self.len += 1;
        self.len as u32 - 1
    }

    fn at(&self, at: u32) -> Option<&T> {
        self.blocks.get(at as usize / BLOCK)?.get(at as usize % BLOCK)
    }

    fn at_mut(&mut self, at: u32) -> Option<&mut T> {
        self.blocks.get_mut(at as usize / BLOCK)?.get_mut(at as usize % BLOCK)
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten()
    }

    fn clear(&mut self) {
        self.blocks.iter_mut().for_each(Vec::clear);
        self.len = 0;
    }
}
