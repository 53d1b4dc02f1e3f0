//! What is kept of one position in paths or queries: who saw how many values, and how many saw each value.
//!
//! Decisive choice: two uniform samples by hash, of clients and of values, with at most three of the other side kept for each. A few
//! clients that see thousands of values are a few clients; the share of all clients that see one is untouched by them.

use crate::words;
use std::collections::BTreeMap;
use weir_stats::sample::Share;
use weir_stats::wire::{Input, put_nested, put_varint};
use weir_stats::{BottomK, Distinct, Merge, StatsError, Wire, hash64};

/// Clients sampled for each position.
const CLIENTS: usize = 128;
/// Values sampled for each position.
const VALUES: usize = 64;
/// Words kept for each position.
const LITERALS: usize = 128;
/// Hashes kept for each sampled client or value.
const FEW: usize = 3;

/// A set of hashes: the three smallest, and whether there were more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Few {
    hashes: [Option<u64>; FEW],
    more: bool,
}

impl Few {
    pub(crate) fn one(hash: u64) -> Self {
        Self { hashes: [Some(hash), None, None], more: false }
    }

    pub(crate) fn insert(&mut self, mut hash: u64) {
        if self.more && self.hashes.last().is_some_and(|last| last.is_some_and(|last| hash > last)) {
            return;
        }
        for slot in &mut self.hashes {
            match slot {
                Some(kept) if *kept == hash => return,
                Some(kept) if *kept < hash => {}
                Some(kept) => std::mem::swap(kept, &mut hash),
                None => {
                    *slot = Some(hash);
                    return;
                }
            }
        }
        self.more = true;
    }

    fn is_empty(&self) -> bool {
        self.hashes.iter().all(Option::is_none)
    }

    /// How many; `None` for more than three.
    pub(crate) fn count(&self) -> Option<usize> {
        (!self.more).then(|| self.hashes.iter().flatten().count())
    }
}

impl Merge for Few {
    fn merge(&mut self, other: &Self) {
        other.hashes.iter().flatten().for_each(|hash| self.insert(*hash));
        self.more |= other.more;
    }
}

impl Wire for Few {
    const WHAT: &'static str = "small set";

    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.more));
        self.hashes.iter().flatten().for_each(|hash| out.extend_from_slice(&hash.to_le_bytes()));
    }

    fn read(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut input = Input::new(Self::WHAT, bytes);
        let mut few = Self { more: input.byte()? == 1, ..Self::default() };
        for slot in &mut few.hashes {
            if input.remaining() > 0 {
                *slot = Some(input.u64()?);
            }
        }
        input.end()?;
        Ok(few)
    }
}

/// What a sampled client did at a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) records: u64,
    pub(crate) values: Few,
}

impl Merge for Client {
    fn merge(&mut self, other: &Self) {
        self.records.merge(&other.records);
        self.values.merge(&other.values);
    }
}

impl Wire for Client {
    const WHAT: &'static str = "client of a position";

    fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.records);
        put_nested(out, &self.values);
    }

    fn read(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut input = Input::new(Self::WHAT, bytes);
        let read = Self { records: input.varint()?, values: input.nested()? };
        input.end()?;
        Ok(read)
    }
}

/// Everything kept of one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) records: u64,
    /// Records that carry a credential or an actor.
    pub(crate) credentialed: u64,
    pub(crate) values: Distinct,
    pub(crate) clients: BottomK<Client>,
    /// Value to clients who saw it.
    pub(crate) seen_by: BottomK<Few>,
    /// Words that stood here: those that sites are built with first, then by hash.
    literals: BTreeMap<(bool, u64), Literal>,
}

/// A word at a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) text: String,
    pub(crate) records: u64,
    pub(crate) credentialed: u64,
}

/// One record's part at a position.
#[derive(Clone, Copy)]
pub(crate) struct Sight {
    pub(crate) value: u64,
    pub(crate) client: Option<u64>,
}

/// Hashes above which the samples of a position take nothing in. They only ever fall, so those of a while ago do no harm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) client: u64,
    pub(crate) value: u64,
}

/// What a batch shows of one word.
pub(crate) struct Word<'w> {
    pub(crate) text: &'w str,
    /// Its [`hash64`].
    pub(crate) hash: u64,
    pub(crate) records: u64,
    pub(crate) credentialed: u64,
    /// The clients who saw it.
    pub(crate) clients: Few,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            records: 0,
            credentialed: 0,
            values: Distinct::new(),
            clients: BottomK::new(CLIENTS),
            seen_by: BottomK::new(VALUES),
            literals: BTreeMap::new(),
        }
    }
}

impl Evidence {
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds { client: bound(&self.clients), value: bound(&self.seen_by) }
    }

    /// Counts records that show a value or a word here.
    pub(crate) fn count(&mut self, records: u64, credentialed: u64) {
        self.records += records;
        self.credentialed += credentialed;
    }

    /// Takes in the value of a record that is counted apart.
    pub(crate) fn see(&mut self, sight: Sight, bounds: Bounds) {
        self.values.insert(sight.value);
        let Some(client) = sight.client else { return };
        if client <= bounds.client {
            self.see_client(client, sight.value);
        }
        if sight.value <= bounds.value {
            self.seen_by.insert(sight.value, Few::one(client));
        }
    }

    /// Takes in that a client saw a value in one record.
    pub(crate) fn see_client(&mut self, client: u64, value: u64) {
        if self.clients.admits(client) {
            self.clients.insert(client, Client { records: 1, values: Few::one(value) });
        }
    }

    /// Takes in a word, but for which client saw it how often.
    pub(crate) fn see_word(&mut self, word: &Word<'_>) {
        self.count(word.records, word.credentialed);
        self.values.insert(word.hash);
        if !word.clients.is_empty() {
            self.seen_by.insert(word.hash, word.clients);
        }
        self.keep_word((word.text, word.hash), word.records, word.credentialed);
    }

    fn keep_word(&mut self, (word, hash): (&str, u64), records: u64, credentialed: u64) {
        let found = [false, true].into_iter().find(|unknown| self.literals.contains_key(&(*unknown, hash)));
        let key = (found.unwrap_or_else(|| !words::known(word)), hash);
        let full = self.literals.len() >= LITERALS
            && self.literals.last_key_value().is_some_and(|(last, _)| *last < key);
        if full {
            return;
        }
        let fresh = || Literal { text: word.to_owned(), records: 0, credentialed: 0 };
        let literal = self.literals.entry(key).or_insert_with(fresh);
        literal.records += records;
        literal.credentialed += credentialed;
        if self.literals.len() > LITERALS {
            self.literals.pop_last();
        }
    }

    /// The words kept, sorted by text.
    pub(crate) fn literals(&self) -> Vec<&Literal> {
        let mut all: Vec<&Literal> = self.literals.values().collect();
        all.sort_by(|a, b| a.text.cmp(&b.text));
        all
    }

    /// Whether a word was seen by at most three clients, as far as it is in the sample.
    pub(crate) fn is_private(&self, word: &str) -> bool {
        let hash = hash64(word.as_bytes());
        self.seen_by.iter().any(|(value, few)| value == hash && few.count().is_some())
    }

    /// Of the clients that came at least twice: how many saw one value each time.
    pub(crate) fn see_one_value(&self) -> Share {
        let came_twice = || self.clients.iter().filter(|(_, client)| client.records >= 2);
        let hits = came_twice().filter(|(_, client)| client.values.count() == Some(1)).count();
        Share { hits: hits as u64, n: came_twice().count() as u64 }
    }

    /// Of all clients: how many saw at most three values.
    pub(crate) fn see_few_values(&self) -> Share {
        self.clients.share(|client| client.values.count().is_some())
    }

    /// Of all values: how many were seen by at most three clients.
    pub(crate) fn seen_by_few(&self) -> Share {
        self.seen_by.share(|few| few.count().is_some())
    }
}

/// The last key of a full sample.
fn bound<T: Merge>(sample: &BottomK<T>) -> u64 {
    let last = if sample.admits(u64::MAX) { None } else { sample.iter().last() };
    last.map_or(u64::MAX, |(key, _)| key)
}

impl Merge for Evidence {
    fn merge(&mut self, other: &Self) {
        self.records = self.records.saturating_add(other.records);
        self.credentialed = self.credentialed.saturating_add(other.credentialed);
        self.values.merge(&other.values);
        self.clients.merge(&other.clients);
        self.seen_by.merge(&other.seen_by);
        for ((_, hash), literal) in &other.literals {
            self.keep_word((&literal.text, *hash), literal.records, literal.credentialed);
        }
    }
}

impl Wire for Evidence {
    const WHAT: &'static str = "evidence of a position";

    fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.records);
        put_varint(out, self.credentialed);
        put_nested(out, &self.values);
        put_nested(out, &self.clients);
        put_nested(out, &self.seen_by);
        for literal in self.literals.values() {
            put_varint(out, literal.text.len() as u64);
            out.extend_from_slice(literal.text.as_bytes());
            put_varint(out, literal.records);
            put_varint(out, literal.credentialed);
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut input = Input::new(Self::WHAT, bytes);
        let mut read = Self { records: input.varint()?, credentialed: input.varint()?, ..Self::default() };
        read.values = input.nested()?;
        read.clients = input.nested()?;
        read.seen_by = input.nested()?;
        while input.remaining() > 0 {
            let text = take_text(&mut input)?;
            let (records, credentialed) = (input.varint()?, input.varint()?);
            read.keep_word((&text, hash64(text.as_bytes())), records, credentialed);
        }
        Ok(read)
    }
}

/// Takes a text with its length before it.
pub(crate) fn take_text(input: &mut Input<'_>) -> Result<String, StatsError> {
    let length = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
    let bytes = input.take(length)?;
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| input.damaged("a text is not UTF-8"))
}
