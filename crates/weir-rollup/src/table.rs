//! Entities' days in memory: a hash table by (kind, entity, day) that knows how many bytes it holds.
//!
//! Decisive choice: most entities are touched a few times in a day. Of those, the touches are kept as they are, each once for all entities of its
//! record, and become a partial when the row is written; an entity touched more often has a [`Partial`], to which touches are added many at once.
//! Entries and touches lie in blocks that never move, and texts in one; so a look-up borrows the text, a sort moves keys only, and memory
//! grows a block at a time.
//!
//! What is looked up lies anywhere, so each step waits for memory. Each is therefore taken for some entities at once, which wait together: when
//! touches are added, and when what is sorted is read.

use crate::kept::{Kept, Key};
use crate::kind;
use crate::partial::Partial;
use crate::touch::{Bulk, Touch, Ways};
use hashbrown::HashTable;
use weir_stats::hash64_in;

/// Touches that an entity has before it gets a partial: about where one takes less memory than they.
const FEW_MAX: usize = 8;
/// What an entry costs beside its text, touches and partial: itself, and its place in the index and in a sort.
const ENTRY_BYTES: usize =
    size_of::<Entry>() + 2 * size_of::<(u32, Slot)>() + size_of::<Place>() + 2 * size_of::<u32>();
/// What a touch kept costs each of its entities: itself, and its place in a sort.
const LINK_BYTES: usize = size_of::<Link>() + size_of::<u32>();
/// Entities looked up, or read, at once.
const AT_ONCE: usize = 32;
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
    of: Slot,
    touch: u32,
    before: u32,
}

/// Records of a batch that name an entity on one day.
#[derive(Clone, Copy, Default)]
pub(crate) struct Named<'a> {
    pub(crate) entity: &'a str,
    pub(crate) day: i32,
    pub(crate) rows: &'a [u32],
}

#[derive(Default)]
pub(crate) struct Table {
    /// Half of an entity's hash, and where it lies.
    index: HashTable<(u32, Slot)>,
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
            + self.links.len() * LINK_BYTES
            + self.heap
    }

    /// Adds records of a batch to entities of a kind, each entity's day once.
    pub(crate) fn add<'a>(
        &mut self,
        kind: u8,
        mut named: impl Iterator<Item = Named<'a>>,
        batch: &mut Touches,
    ) {
        let (mut some, mut hashes, mut slots) = ([Named::default(); AT_ONCE], [0; AT_ONCE], [NONE; AT_ONCE]);
        loop {
            let mut n = 0;
            for (place, named) in some.iter_mut().zip(&mut named) {
                *place = named;
                n += 1;
            }
            let some = some.get(..n).unwrap_or_default();
            if some.is_empty() {
                return;
            }
            for (hash, named) in hashes.iter_mut().zip(some) {
                let space = u64::from(kind) << 32 | u64::from(named.day.cast_unsigned());
                *hash = hash64_in(space, named.entity.as_bytes());
            }
            for (slot, hash) in slots.iter_mut().zip(hashes).take(n) {
                *slot = self.index.find(hash, |(of, _)| *of == half(hash)).map_or(NONE, |(_, guess)| *guess);
            }
            for ((slot, hash), named) in slots.iter_mut().zip(hashes).zip(some) {
                if !self.is(*slot, hash, kind, named) {
                    *slot = self.slot(hash, kind, named);
                }
            }
            for (slot, named) in slots.iter().zip(some) {
                self.add_rows(*slot, kind, named.rows, batch);
            }
        }
    }

    fn add_rows(&mut self, slot: Slot, kind: u8, rows: &[u32], batch: &mut Touches) {
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
                self.links.push(Link { of: slot, touch: *kept, before: entry.last });
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

    /// Whether an entity's day lies in a slot.
    fn is(&self, slot: Slot, hash: u64, kind: u8, named: &Named<'_>) -> bool {
        self.entries.at(slot).is_some_and(|e| {
            e.hash == hash
                && e.kind == kind
                && e.day == named.day
                && text(&self.texts, e.text) == named.entity
        })
    }

    /// The slot of an entity's day, made where it is new.
    fn slot(&mut self, hash: u64, kind: u8, named: &Named<'_>) -> Slot {
        let same = |(of, slot): &(u32, Slot)| *of == half(hash) && self.is(*slot, hash, kind, named);
        if let Some((_, found)) = self.index.find(hash, same) {
            return *found;
        }
        let from = self.texts.len() as u32;
        self.texts.push_str(named.entity);
        let text = [from, self.texts.len() as u32];
        let day = named.day;
        let slot =
            self.entries.push(Entry { kind, few: 0, day, text, hash, last: NONE, partial: None, heap: 0 });
        let entries = &self.entries;
        self.index
            .insert_unique(hash, (half(hash), slot), |(_, slot)| entries.at(*slot).map_or(0, |e| e.hash));
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
        let (few, ends) = self.few_in(&order);
        Sorted { order, next: 0, few, ends, ahead: Touches::default(), of_few: Box::default() }
    }

    /// The touches kept of entities in this order, and where each one's end.
    fn few_in(&self, order: &[Place]) -> (Vec<u32>, Vec<u32>) {
        let (mut ends, mut nths, mut sum) = (Vec::with_capacity(order.len()), vec![NONE; order.len()], 0);
        for (nth, place) in (0..).zip(order) {
            // Where its touches begin; they move it to where they end.
            ends.push(sum);
            let few = self.entries.at(place.slot).map_or(0, |entry| entry.few);
            if few > 0 {
                nths.get_mut(place.slot as usize).into_iter().for_each(|of| *of = nth);
            }
            sum += u32::from(few);
        }
        let mut few = vec![NONE; sum as usize];
        for link in &self.links {
            let nth = nths.get(link.of as usize).copied().unwrap_or(NONE);
            let Some(end) = ends.get_mut(nth as usize) else { continue };
            few.get_mut(*end as usize).into_iter().for_each(|touch| *touch = link.touch);
            *end += 1;
        }
        (few, ends)
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
#[derive(Clone, Copy)]
struct Place {
    key: Key,
    slot: Slot,
}

/// What is left to read of a table.
pub(crate) struct Sorted {
    order: Vec<Place>,
    next: usize,
    /// The touches kept of entities, in their order, and where each one's end.
    few: Vec<u32>,
    ends: Vec<u32>,
    /// Those of the entities that come next, copied.
    ahead: Touches,
    /// Made anew for each entity with few touches; kept for its memory, most of which stays as it is.
    of_few: Box<Partial>,
}

impl Sorted {
    /// Reads the next row; says whether there was one.
    pub(crate) fn read(&mut self, table: &mut Table, row: &mut Kept) -> bool {
        let Some(Place { key, slot }) = self.order.get(self.next).copied() else { return false };
        if self.next.is_multiple_of(AT_ONCE) {
            self.look_ahead(table);
        }
        let [from, to] = [self.end(self.next), self.end(self.next + 1)];
        let ahead = self.end(self.next / AT_ONCE * AT_ONCE);
        self.next += 1;
        let mut bytes = [0; size_of::<u128>()];
        let (partial, text) = if from < to {
            let few = self.ahead.each.get(from - ahead..to - ahead).unwrap_or_default();
            let partial = self.of_few.as_mut();
            partial.clear();
            if let Some(ways) = kind::at(key.kind()).map(Ways::of) {
                table.bulk.add(partial, ways, few.iter(), &self.ahead.people, few.len());
            }
            let text = key
                .text(&mut bytes)
                .or_else(|| table.entries.at(slot).map(|entry| text(&table.texts, entry.text)));
            (partial, text)
        } else {
            let Some(entry) = table.entries.at_mut(slot) else { return false };
            (entry.partial.get_or_insert_default().as_mut(), Some(text(&table.texts, entry.text)))
        };
        if !partial.unnamed.is_empty() {
            partial.people.merge(&partial.unnamed);
        }
        row.set(key, text.unwrap_or_default(), partial);
        true
    }

    /// Where the touches kept of the entities before the nth end.
    fn end(&self, nth: usize) -> usize {
        let before = nth.checked_sub(1).map(|last| last.min(self.ends.len().saturating_sub(1)));
        before.and_then(|last| self.ends.get(last)).map_or(0, |end| *end as usize)
    }

    /// Copies what is kept of the next entities.
    fn look_ahead(&mut self, table: &Table) {
        let touches = self.few.get(self.end(self.next)..self.end(self.next + AT_ONCE)).unwrap_or_default();
        let Touches { each, people, .. } = &mut self.ahead;
        each.clear();
        people.clear();
        each.extend(touches.iter().filter_map(|touch| table.touches.at(*touch).copied()));
        for touch in each {
            let from = people.len() as u32;
            people.extend_from_slice(table.people.get(touch.people()).unwrap_or_default());
            touch.people = [from, people.len() as u32];
        }
    }
}

/// The half of a hash by which the index tells entities.
fn half(hash: u64) -> u32 {
    (hash >> 32) as u32
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
