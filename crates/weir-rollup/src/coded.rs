//! A batch's column as numbers: each value once, with its hash, and for each row the number of its value.
//!
//! Decisive choice: whatever is asked of a value, its hash, its prefix, where its entity lies, is asked once for a batch and not once for a row.

use crate::cells::Text;
use crate::number::number_of;
use hashbrown::HashTable;
use weir_stats::hash64;

/// The number of no value.
pub(crate) const NONE: u32 = u32::MAX;

/// A column of a batch.
pub(crate) struct Coded<'a> {
    /// Of each row; [`NONE`] where it has no value.
    pub(crate) codes: Vec<u32>,
    /// Each value, by its number.
    pub(crate) values: Vec<&'a str>,
    /// The [`hash64`] of each value, or what it is [`numbered`](Self::numbered).
    pub(crate) hashes: Vec<u64>,
}

impl<'a> Coded<'a> {
    pub(crate) fn new(column: Text<'a>, rows: usize) -> Self {
        if column.is_null() {
            return Self { codes: vec![NONE; rows], values: Vec::new(), hashes: Vec::new() };
        }
        Self::of(rows, |row| column.at(row))
    }

    /// From the value of each row.
    pub(crate) fn of(rows: usize, value_at: impl Fn(usize) -> Option<&'a str>) -> Self {
        let mut coded = Self { codes: Vec::with_capacity(rows), values: Vec::new(), hashes: Vec::new() };
        let mut index: HashTable<u32> = HashTable::new();
        let mut last = NONE;
        for row in 0..rows {
            let code = match value_at(row) {
                None => NONE,
                Some(value) if coded.value(last) == Some(value) => last,
                Some(value) => {
                    let hash = hash64(value.as_bytes());
                    let known =
                        |code: &u32| coded.hash(*code) == Some(hash) && coded.value(*code) == Some(value);
                    match index.find(hash, known) {
                        Some(code) => *code,
                        None => {
                            let code = u32::try_from(coded.values.len()).unwrap_or(NONE);
                            coded.values.push(value);
                            coded.hashes.push(hash);
                            let hashes = &coded.hashes;
                            index
                                .insert_unique(hash, code, |c| hashes.get(*c as usize).copied().unwrap_or(0));
                            code
                        }
                    }
                }
            };
            coded.codes.push(code);
            if code != NONE {
                last = code;
            }
        }
        coded
    }

    /// With the [`number_of`] of each value for its hash.
    pub(crate) fn numbered(mut self) -> Self {
        self.hashes = self.values.iter().map(|value| number_of(value)).collect();
        self
    }

    fn value(&self, code: u32) -> Option<&'a str> {
        self.values.get(code as usize).copied()
    }

    fn hash(&self, code: u32) -> Option<u64> {
        self.hashes.get(code as usize).copied()
    }

    /// A row's value.
    pub(crate) fn at(&self, row: usize) -> Option<&'a str> {
        self.value(self.codes.get(row).copied()?)
    }

    /// The hash of a row's value.
    pub(crate) fn hash_at(&self, row: usize) -> Option<u64> {
        self.hash(self.codes.get(row).copied()?)
    }

    /// Whether a row has a value.
    pub(crate) fn is_at(&self, row: usize) -> bool {
        self.codes.get(row).is_some_and(|code| *code != NONE)
    }
}
