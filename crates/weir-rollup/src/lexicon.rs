//! [`Lexicon`]: the texts of a column as numbers, the same in all batches that are kept together.
//!
//! Decisive choice: no text is copied. A number stands for the place where its text was first met, and a column of one text throughout is told as such
//! without a look at its rows.

use arrow_array::{Array, StringArray};
use hashbrown::HashTable;
use weir_model::columns::is_same;
use weir_stats::hash64;

/// Where a text stands: in which batch and row.
pub(crate) type At = (usize, usize);

/// The texts of a column, each with a number; having none is one of them. The first has number 0.
#[derive(Default)]
pub(crate) struct Lexicon {
    known: Vec<Known>,
    index: HashTable<u32>,
    /// The number of none.
    none: Option<u32>,
}

struct Known {
    hash: u64,
    at: At,
}

/// The numbers of a batch's rows.
pub(crate) enum Codes {
    /// The same for all.
    Same(u32),
    /// One for each.
    Each(Vec<u32>),
}

impl Codes {
    pub(crate) fn at(&self, row: usize) -> u32 {
        match self {
            Self::Same(code) => *code,
            Self::Each(codes) => codes.get(row).copied().unwrap_or(0),
        }
    }
}

impl Lexicon {
    /// Whether there is more than one text, so that they tell rows apart.
    pub(crate) fn tells(&self) -> bool {
        self.known.len() > 1
    }

    /// Numbers the column of a batch. `text_at` gives the texts of batches before it.
    pub(crate) fn take<'a>(
        &mut self,
        column: &'a StringArray,
        batch: usize,
        text_at: impl Fn(At) -> Option<&'a str>,
    ) -> Codes {
        if is_same(column) {
            return Codes::Same(self.code(column, (batch, 0), &text_at));
        }
        let mut last: Option<(Option<&str>, u32)> = None;
        let codes = column.iter().enumerate().map(|(row, text)| {
            let code = match last {
                Some((before, code)) if before == text => code,
                _ => self.code(column, (batch, row), &text_at),
            };
            last = Some((text, code));
            code
        });
        Codes::Each(codes.collect())
    }

    fn code<'a>(&mut self, column: &'a StringArray, at: At, text_at: &impl Fn(At) -> Option<&'a str>) -> u32 {
        let next = self.known.len() as u32;
        if at.1 >= column.len() || column.is_null(at.1) {
            return *self.none.get_or_insert_with(|| {
                self.known.push(Known { hash: 0, at });
                next
            });
        }
        let text = column.value(at.1);
        let hash = hash64(text.as_bytes());
        let same = |code: &u32| {
            self.known.get(*code as usize).is_some_and(|known| {
                let other =
                    if known.at.0 == at.0 { Some(column.value(known.at.1)) } else { text_at(known.at) };
                known.hash == hash && other == Some(text)
            })
        };
        if let Some(code) = self.index.find(hash, same) {
            return *code;
        }
        self.known.push(Known { hash, at });
        let known = &self.known;
        self.index.insert_unique(hash, next, |code| known.get(*code as usize).map_or(0, |known| known.hash));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_equal_numbers_in_all_batches() {
        let batches = [
            vec![Some("a"), Some("a"), Some("a")],
            vec![None, None],
            vec![],
            vec![Some("b"), Some("a"), None, Some(""), Some("b")],
            vec![Some("ab"), Some("ba")],
            vec![Some("ab"), Some("ab"), Some("ab")],
            vec![Some(""), Some("")],
        ];
        let columns: Vec<StringArray> = batches.iter().map(|b| StringArray::from(b.clone())).collect();
        let mut lexicon = Lexicon::default();
        let mut all: Vec<(Option<&str>, u32)> = Vec::new();
        for (nth, column) in columns.iter().enumerate() {
            let text_at = |(batch, row): At| columns.get(batch).map(|c| c.value(row));
            let codes = lexicon.take(column, nth, text_at);
            assert_eq!(matches!(codes, Codes::Same(_)), ![3, 4].contains(&nth), "{nth}");
            all.extend(column.iter().enumerate().map(|(row, text)| (text, codes.at(row))));
            assert_eq!(lexicon.tells(), nth > 0);
        }
        assert_eq!(all.first(), Some(&(Some("a"), 0)));
        for (text, code) in &all {
            for (other, theirs) in &all {
                assert_eq!(text == other, code == theirs, "{text:?} {other:?}");
            }
        }
    }
}
