//! [`People`]: everybody whom records show, each once, however many they are.
//!
//! Decisive choice: a record's people go to one of [`PARTS`] heaps by a hash of who they are, as a few bytes each; heaps go to disk when they outgrow
//! their memory. Only when all have come is a heap read again and counted, so that memory holds the people of one heap and never all of them. What is
//! counted of a heap is sorted, and heaps are merged as they are read: the order of people does not depend on that of their records.

mod merged;

pub use merged::People;

use crate::ScopeError;
use hashbrown::HashTable;
use merged::{Names, Run};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use weir_model::case::Divided;
use weir_model::time::DAY_US;
use weir_model::{Basis, Micros};
use weir_stats::{hash64, hash64_in};

/// Heaps.
const PARTS: usize = 64;

/// Bases, the strongest first: of several that show a person, the strongest is told.
const BASES: [Basis; 4] = [Basis::Named, Basis::Linked, Basis::CredentialHolder, Basis::Claimed];

/// What a record says of each of its people besides who they are. There are few.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Kind {
    /// Whose record it is: a bit for each hand.
    pub(crate) hands: u64,
    /// What data it shows: a bit for each category.
    pub(crate) categories: u64,
    /// From where it was read: the bit of a country.
    pub(crate) countries: u64,
}

/// One person in one record.
pub(crate) struct Sight<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) id: &'a str,
    pub(crate) basis: &'a str,
    pub(crate) at: i64,
    pub(crate) kind: Kind,
}

/// Numbers of texts or kinds of which there are few.
#[derive(Debug)]
struct Numbers<T>(BTreeMap<T, u32>);

impl<T: Ord + Clone> Numbers<T> {
    fn of<Q: ?Sized + Ord + ToOwned<Owned = T>>(&mut self, value: &Q) -> u32
    where
        T: std::borrow::Borrow<Q>,
    {
        if let Some(known) = self.0.get(value) {
            return *known;
        }
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(value.to_owned(), next);
        next
    }

    /// The values by their numbers.
    fn values(self) -> Vec<T> {
        let mut all: Vec<(u32, T)> = self.0.into_iter().map(|(value, number)| (number, value)).collect();
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, value)| value).collect()
    }
}

/// A heap: what has not gone to disk, and what has.
#[derive(Default)]
struct Heap {
    bytes: Vec<u8>,
    file: Option<(PathBuf, File)>,
}

/// What a sight has in common with most others, with the numbers that stand for it.
struct Common {
    name: String,
    namespace: u32,
    /// The namespace's hash.
    space: u64,
    word: String,
    basis: u8,
}

/// People as records show them, in any order.
pub(crate) struct Sights {
    heaps: Vec<Heap>,
    namespaces: Numbers<String>,
    kinds: Numbers<Kind>,
    /// What the last sight had: most have the same.
    last: Option<(Common, Kind, u32)>,
    held: usize,
    held_max: usize,
    folder: Option<TempDir>,
}

/// What is told of a person in front of the id.
const HEAD: usize = 8 + 4 + 4 + 4 + 1;

impl Sights {
    /// Holds at most so many bytes before they go to disk.
    pub(crate) fn new(held_max: usize) -> Self {
        Self {
            heaps: (0..PARTS).map(|_| Heap::default()).collect(),
            namespaces: Numbers(BTreeMap::new()),
            kinds: Numbers(BTreeMap::new()),
            last: None,
            held: 0,
            held_max,
            folder: None,
        }
    }

    pub(crate) fn add(&mut self, sight: &Sight<'_>) -> Result<(), ScopeError> {
        let (namespace, space, basis, kind) = match &self.last {
            Some((common, of, kind))
                if common.name == sight.namespace && common.word == sight.basis && *of == sight.kind =>
            {
                (common.namespace, common.space, common.basis, *kind)
            }
            _ => {
                let common = Common {
                    name: sight.namespace.to_owned(),
                    namespace: self.namespaces.of(sight.namespace),
                    space: hash64(sight.namespace.as_bytes()),
                    word: sight.basis.to_owned(),
                    basis: BASES.iter().position(|b| b.as_str() == sight.basis).unwrap_or(BASES.len() - 1)
                        as u8,
                };
                let kind = self.kinds.of(&sight.kind);
                let same = (common.namespace, common.space, common.basis, kind);
                self.last = Some((common, sight.kind, kind));
                same
            }
        };
        let part = hash64_in(space, sight.id.as_bytes()) as usize % PARTS;
        let Some(heap) = self.heaps.get_mut(part) else { return Ok(()) };
        let length = u32::try_from(sight.id.len()).unwrap_or(u32::MAX);
        heap.bytes.extend_from_slice(&sight.at.to_le_bytes());
        heap.bytes.extend_from_slice(&kind.to_le_bytes());
        heap.bytes.extend_from_slice(&namespace.to_le_bytes());
        heap.bytes.extend_from_slice(&length.to_le_bytes());
        heap.bytes.push(basis);
        heap.bytes.extend_from_slice(sight.id.as_bytes());
        self.held += HEAD + sight.id.len();
        if self.held >= self.held_max { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ScopeError> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => {
                TempDir::with_prefix("weir-scope-").map_err(|e| ScopeError::spill("a temporary folder", e))?
            }
        };
        let place = folder.path().to_owned();
        self.folder = Some(folder);
        for (at, heap) in self.heaps.iter_mut().enumerate() {
            let (path, file) = match heap.file.take() {
                Some(open) => open,
                None => {
                    let path = place.join(format!("{at}.sights"));
                    let file =
                        File::create(&path).map_err(|e| ScopeError::spill(&path.to_string_lossy(), e))?;
                    (path, file)
                }
            };
            (&file).write_all(&heap.bytes).map_err(|e| ScopeError::spill(&path.to_string_lossy(), e))?;
            heap.bytes.clear();
            heap.file = Some((path, file));
        }
        self.held = 0;
        Ok(())
    }

    /// Counts everybody. The people are those whom a hand among `told` reached, with what its records show.
    pub(crate) fn count(self, told: u64) -> Result<(People, Counts), ScopeError> {
        let names = Names::of(self.namespaces.values());
        let kinds = self.kinds.values();
        let folder = self.folder.map(Arc::new);
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(PARTS);
        let (kinds, ranks, place) = (&kinds, &names.ranks, folder.as_deref().map(TempDir::path));
        let heaps = std::sync::Mutex::new(self.heaps.into_iter().enumerate());
        let counted: Vec<Result<Vec<(Run, Counts)>, ScopeError>> = std::thread::scope(|scope| {
            let work = || {
                let mut done = Vec::new();
                loop {
                    let next = heaps.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
                    let Some((at, heap)) = next else { return Ok(done) };
                    let bytes = heap.read()?;
                    done.push(
                        Counted::of(&bytes, kinds, told)
                            .finish(ranks, place.map(|dir| dir.join(format!("{at}.people"))))?,
                    );
                }
            };
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
            let own = work();
            let others = others.into_iter().map(|other| {
                other
                    .join()
                    .unwrap_or_else(|_| Err(ScopeError::spill("a worker", "it ended before its work")))
            });
            std::iter::once(own).chain(others.collect::<Vec<_>>()).collect()
        });
        let mut people = People { runs: Vec::new(), names, len: 0, _folder: folder };
        let mut counts = Counts::default();
        for part in counted {
            for (run, of) in part? {
                counts.add(&of);
                people.runs.push(run);
            }
        }
        people.len = counts.people.iter().filter(|((_, hands), _)| hands & told != 0).map(|(_, n)| n).sum();
        Ok((people, counts))
    }
}

impl Heap {
    fn read(self) -> Result<Vec<u8>, ScopeError> {
        let Some((path, file)) = self.file else { return Ok(self.bytes) };
        drop(file);
        let mut bytes = std::fs::read(&path).map_err(|e| ScopeError::spill(&path.to_string_lossy(), e))?;
        drop(std::fs::remove_file(&path));
        bytes.extend_from_slice(&self.bytes);
        Ok(bytes)
    }
}

/// How many people there are, by namespace and by who reached them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    people: BTreeMap<(u32, u64), u64>,
    /// Those that are told, by the first day on which they were shown, by basis, and by the bits of what was shown and from where.
    days: BTreeMap<i64, u64>,
    bases: [u64; BASES.len()],
    categories: BTreeMap<u32, u64>,
    countries: BTreeMap<u32, u64>,
}

fn each_bit(set: u64) -> impl Iterator<Item = u32> {
    (0..u64::BITS).filter(move |at| set >> at & 1 == 1)
}

impl Counts {
    fn add(&mut self, other: &Self) {
        fn sum<K: Ord + Copy>(all: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
            more.iter().for_each(|(of, n)| *all.entry(*of).or_default() += n);
        }
        sum(&mut self.people, &other.people);
        sum(&mut self.days, &other.days);
        sum(&mut self.categories, &other.categories);
        sum(&mut self.countries, &other.countries);
        self.bases.iter_mut().zip(other.bases).for_each(|(all, n)| *all += n);
    }

    /// Counts a person who is told.
    fn tell(&mut self, entry: &Entry) {
        *self.days.entry(entry.first.div_euclid(DAY_US)).or_default() += 1;
        if let Some(n) = self.bases.get_mut(usize::from(entry.basis)) {
            *n += 1;
        }
        each_bit(entry.categories).for_each(|at| *self.categories.entry(at).or_default() += 1);
        each_bit(entry.countries).for_each(|at| *self.countries.entry(at).or_default() += 1);
    }

    /// How those that are told, whom these hands reached, divide; with how many only hands reached that are doubted.
    pub(crate) fn divided(&self, told: u64, doubted: u64, people: &People) -> Divided {
        let words = |of: &BTreeMap<u32, u64>, words: &[String]| -> BTreeMap<String, u64> {
            let word = |at: &u32| words.get(*at as usize).cloned().unwrap_or_default();
            of.iter().map(|(at, n)| (word(at), *n)).collect()
        };
        let bases = BASES.iter().zip(self.bases).filter(|(_, n)| *n > 0);
        let day = |day: &i64| Micros::of_day(i32::try_from(*day).unwrap_or(i32::MAX));
        let date = |at: Micros| at.to_string().get(..10).unwrap_or_default().to_owned();
        let kinds = self.reached(told, people);
        Divided {
            kinds: kinds.into_iter().map(|(namespace, n)| (namespace.to_owned(), n)).collect(),
            things: BTreeSet::new(),
            bases: bases.map(|(basis, n)| (basis.as_str().to_owned(), n)).collect(),
            categories: words(&self.categories, &people.names.categories),
            countries: words(&self.countries, &people.names.countries),
            country_records: BTreeMap::new(),
            days: self.days.iter().map(|(at, n)| (date(day(at)), *n)).collect(),
            doubtful: self.people_where(|by| by & told == 0 && by & doubted != 0),
        }
    }

    /// People whom any of these hands reached, by namespace.
    pub(crate) fn reached<'n>(&self, hands: u64, names: &'n People) -> BTreeMap<&'n str, u64> {
        let mut all = BTreeMap::new();
        for ((namespace, _), n) in self.people.iter().filter(|((_, by), _)| by & hands != 0) {
            *all.entry(names.namespace(*namespace)).or_default() += n;
        }
        all
    }

    /// People whom hands reached that these conditions hold for.
    pub(crate) fn people_where(&self, holds: impl Fn(u64) -> bool) -> u64 {
        self.people.iter().filter(|((_, by), _)| holds(*by)).map(|(_, n)| n).sum()
    }
}

/// A person of a heap.
#[derive(Clone, Copy)]
struct Entry {
    /// Where the id stands in the heap, and how it begins.
    id: (usize, usize),
    head: u64,
    namespace: u32,
    basis: u8,
    first: i64,
    last: i64,
    records: u64,
    hands: u64,
    categories: u64,
    countries: u64,
}

struct Counted<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
    told: u64,
}

fn id_of<'a>(bytes: &'a [u8], entry: &Entry) -> &'a [u8] {
    bytes.get(entry.id.0..entry.id.1).unwrap_or_default()
}

/// The beginning of an id as a number: of two that differ, the smaller belongs to the id that comes first.
fn head_of(id: &[u8]) -> u64 {
    let mut head = [0; 8];
    head.iter_mut().zip(id).for_each(|(to, byte)| *to = *byte);
    u64::from_be_bytes(head)
}

/// Reads numbers off the front of bytes.
struct Reading<'a>(&'a [u8]);

impl Reading<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }
}

impl<'a> Counted<'a> {
    fn of(bytes: &'a [u8], kinds: &[Kind], told: u64) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut table: HashTable<(u64, usize)> = HashTable::new();
        let mut reading = Reading(bytes);
        let number = u32::from_le_bytes;
        while let (Some(at), Some(kind), Some(namespace), Some(length), Some([basis])) =
            (reading.take(), reading.take(), reading.take(), reading.take(), reading.take())
        {
            let (at, namespace) = (i64::from_le_bytes(at), number(namespace));
            let from = bytes.len() - reading.0.len();
            let to = (from + number(length) as usize).min(bytes.len());
            reading.0 = bytes.get(to..).unwrap_or_default();
            let id = bytes.get(from..to).unwrap_or_default();
            let kind = kinds.get(number(kind) as usize).copied().unwrap_or_default();
            let hash = hash64_in(u64::from(namespace), id);
            let same = |(of, known): &(u64, usize)| {
                *of == hash
                    && entries.get(*known).is_some_and(|e| e.namespace == namespace && id_of(bytes, e) == id)
            };
            let slot = table.find(hash, same).map(|(_, place)| *place).unwrap_or_else(|| {
                let fresh = Entry {
                    id: (from, to),
                    head: head_of(id),
                    namespace,
                    basis: u8::MAX,
                    first: i64::MAX,
                    last: i64::MIN,
                    records: 0,
                    hands: 0,
                    categories: 0,
                    countries: 0,
                };
                entries.push(fresh);
                let place = entries.len() - 1;
                table.insert_unique(hash, (hash, place), |(hash, _)| *hash);
                place
            });
            let Some(entry) = entries.get_mut(slot) else { continue };
            entry.hands |= kind.hands;
            if kind.hands & told != 0 {
                entry.basis = entry.basis.min(basis);
                entry.first = entry.first.min(at);
                entry.last = entry.last.max(at);
                entry.records += 1;
                entry.categories |= kind.categories;
                entry.countries |= kind.countries;
            }
        }
        Self { bytes, entries, told }
    }

    /// The people in order, in memory or in a file; namespaces come as ranked.
    fn finish(mut self, ranks: &[u32], file: Option<PathBuf>) -> Result<(Run, Counts), ScopeError> {
        let mut counts = Counts::default();
        for entry in &self.entries {
            *counts.people.entry((entry.namespace, entry.hands)).or_default() += 1;
            if entry.hands & self.told != 0 {
                counts.tell(entry);
            }
        }
        self.entries.retain(|entry| entry.hands & self.told != 0);
        let key = |entry: &Entry| (ranks.get(entry.namespace as usize), entry.head);
        self.entries.sort_unstable_by(|a, b| {
            key(a).cmp(&key(b)).then_with(|| id_of(self.bytes, a).cmp(id_of(self.bytes, b)))
        });
        let run = match file {
            None => {
                let mut bytes = Vec::new();
                self.write(&mut bytes).map_err(|e| ScopeError::spill("memory", e))?;
                Run::Memory(Arc::from(bytes))
            }
            Some(path) => {
                let wrong = |e: std::io::Error| ScopeError::spill(&path.to_string_lossy(), e);
                let mut out = BufWriter::new(File::create(&path).map_err(wrong)?);
                self.write(&mut out).and_then(|()| out.flush()).map_err(wrong)?;
                Run::File(path)
            }
        };
        Ok((run, counts))
    }

    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        for entry in &self.entries {
            let id = id_of(self.bytes, entry);
            out.write_all(&entry.first.to_le_bytes())?;
            out.write_all(&entry.last.to_le_bytes())?;
            out.write_all(&entry.records.to_le_bytes())?;
            out.write_all(&entry.hands.to_le_bytes())?;
            out.write_all(&entry.categories.to_le_bytes())?;
            out.write_all(&entry.countries.to_le_bytes())?;
            out.write_all(&entry.namespace.to_le_bytes())?;
            out.write_all(&(id.len() as u32).to_le_bytes())?;
            out.write_all(&[entry.basis])?;
            out.write_all(id)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int32Type, TimestampMicrosecondType, UInt64Type};

    type Row = (String, String, i64, i64, u64, String, String);

    fn rows(people: &People) -> Vec<Row> {
        let mut all = Vec::new();
        for batch in people.batches().unwrap() {
            let batch = batch.unwrap();
            let column = |at: usize| batch.column(at);
            let few = |at: usize, row: usize| {
                let column = column(at).as_dictionary::<Int32Type>();
                column.values().as_string::<i32>().value(column.keys().value(row) as usize).to_owned()
            };
            let time =
                |at: usize, row: usize| column(at).as_primitive::<TimestampMicrosecondType>().value(row);
            for row in 0..batch.num_rows() {
                assert!(column(0).is_valid(row));
                let subject = column(0).as_string::<i32>().value(row).to_owned();
                let records = column(4).as_primitive::<UInt64Type>().value(row);
                all.push((
                    subject,
                    few(1, row),
                    time(2, row),
                    time(3, row),
                    records,
                    few(5, row),
                    few(6, row),
                ));
            }
        }
        all
    }

    fn sights(held_max: usize, order: impl Iterator<Item = i64>) -> Sights {
        let mut sights = Sights::new(held_max);
        for i in order {
            let namespace = if i % 7 == 0 { "mail" } else { "member" };
            let id = format!("{}", i % 30_011);
            let basis = if i % 3 == 0 { "linked" } else { "named" };
            // The third hand is doubtful.
            let kind = Kind { hands: [1, 2, 3, 4][(i % 4) as usize], categories: 1 << (i % 2), countries: 1 };
            sights.add(&Sight { namespace, id: &id, basis, at: i, kind }).unwrap();
        }
        sights
    }

    fn counted(sights: Sights) -> (Vec<Row>, u64, Vec<(String, u64)>, Counts) {
        let (people, counts) = sights.count(0b11).unwrap();
        let findings = vec![vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()], Vec::new()];
        let people =
            people.named(findings, vec!["name".to_owned(), "e_mail".to_owned()], vec!["KR".to_owned()]);
        let by_hands = (1..8).flat_map(|hands| counts.reached(hands, &people));
        let by_hands = by_hands.map(|(namespace, n)| (namespace.to_owned(), n)).collect();
        (rows(&people), people.len(), by_hands, counts)
    }

    #[test]
    fn people_are_counted_once_whatever_their_order_and_the_memory_for_them() {
        let n = 200_000;
        let (held, len, by_hands, counts) = counted(sights(usize::MAX, 0..n));
        // Most of it by way of the disk.
        let spilled = sights(1 << 16, (0..n).rev());
        assert!(spilled.folder.is_some());
        let folder = spilled.folder.as_ref().unwrap().path().to_owned();
        let (set_aside, spilled_len, spilled_by_hands, _) = counted(spilled);
        assert!(!folder.exists(), "it goes with the people");
        assert!(held == set_aside);
        assert_eq!((len, by_hands), (spilled_len, spilled_by_hands));

        let mut known: BTreeMap<String, (u8, i64, i64, u64, u64, u64)> = BTreeMap::new();
        let mut all = std::collections::BTreeSet::new();
        for i in 0..n {
            let namespace = if i % 7 == 0 { "mail" } else { "member" };
            let (hands, basis) = ([1, 2, 3, 4][(i % 4) as usize], u8::from(i % 3 == 0));
            let subject = format!("{namespace}:{}", i % 30_011);
            all.insert(subject.clone());
            if hands & 3 == 0 {
                continue;
            }
            let person = known.entry(subject).or_insert((basis, i, i, 0, 0, 0));
            *person = (
                person.0.min(basis),
                person.1.min(i),
                i,
                person.3 + 1,
                person.4 | hands,
                person.5 | 1 << (i % 2),
            );
        }
        assert_eq!(len, known.len() as u64);
        assert_eq!(counts.people_where(|by| by & 3 == 0), (all.len() - known.len()) as u64);
        let told = ["", "a", "b c", "a b c"];
        let words = ["", "name", "e_mail", "name e_mail"];
        for ((subject, person), row) in known.iter().zip(&held) {
            let status = ["named", "linked"][usize::from(person.0)].to_owned();
            let (of, by) = (words[person.5 as usize].to_owned(), told[(person.4 & 3) as usize].to_owned());
            assert_eq!(*row, (subject.clone(), status, person.1, person.2, person.3, of, by));
        }
    }

    #[test]
    fn nobody_is_no_batch() {
        let (people, counts) = Sights::new(1024).count(u64::MAX).unwrap();
        assert!(people.is_empty() && people.batches().unwrap().next().is_none());
        assert!(counts.people.is_empty());
    }
}
