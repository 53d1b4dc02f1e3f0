//! [`Prefixes`]: rows of address prefixes, made of the rows of their addresses.
//!
//! Decisive choice: whatever is counted of a prefix is counted of its addresses and merges. Rows of addresses come sorted, and the addresses of a
//! prefix follow each other (those of version 6 that leave out zeros, nearly): so a prefix is held while its addresses come, and its rows are
//! sorted some at a time, as runs that are merged as all runs are. Most have one address a day, whose row is theirs but for a few bytes.

use crate::kept::{Body, Kept, Key};
use crate::merge::Rows;
use crate::number::number_of;
use crate::partial::{Partial, Sketch};
use crate::spill::Runs;
use crate::{RollupError, kind};
use std::path::PathBuf;
use weir_model::EntityKind;
use weir_model::entity::prefix_of;
use weir_stats::{Distinct, Merge};

/// Bytes of rows sorted at once, about, where there are as many to hold.
const SORTED_BYTES: usize = 4 << 20;

/// The prefixes of the addresses given so far.
pub(crate) struct Prefixes {
    /// The places of addresses and prefixes among kinds.
    places: [u8; 2],
    /// The address given last, what it is counted by elsewhere, and its prefix.
    origin: String,
    own: Vec<u8>,
    prefix: Option<String>,
    /// What the prefix did so far, by day.
    days: Vec<(i32, Day)>,
    /// Rows, about as many bytes of them.
    rows: Vec<Kept>,
    bytes: usize,
    budget_bytes: usize,
    runs: Runs,
}

/// What a prefix did on a day.
enum Day {
    /// What one address did, as a row holds it.
    One(Vec<u8>),
    Several(Box<Partial>),
}

impl Prefixes {
    /// Holds about `budget_bytes` of rows in memory; the others go to a folder.
    pub(crate) fn new(folder: PathBuf, budget_bytes: usize) -> Self {
        Self {
            places: [EntityKind::Origin, EntityKind::Prefix].map(kind::place),
            origin: String::new(),
            own: Vec::new(),
            prefix: None,
            days: Vec::new(),
            rows: Vec::new(),
            bytes: 0,
            budget_bytes: budget_bytes.min(SORTED_BYTES),
            runs: Runs::new(folder),
        }
    }

    /// Whether their rows belong before this one: the rows of all addresses were given.
    pub(crate) fn precede(&self, next: Option<&Kept>) -> bool {
        let [_, place] = self.places;
        next.is_none_or(|next| next.key.kind() >= place)
    }

    /// Takes in the next row, if it is an address's.
    pub(crate) fn add(&mut self, row: &Kept) -> Result<(), RollupError> {
        let [origins, _] = self.places;
        if row.key.kind() != origins {
            return Ok(());
        }
        if row.entity != self.origin {
            self.begin(&row.entity)?;
        }
        let Some(prefix) = &self.prefix else { return Ok(()) };
        let mut body = Body::read(&row.body)?;
        // It counts what its address is, not when somebody visits from there.
        for sketch in &mut body.sketches {
            *sketch = Some(sketch.unwrap_or(&self.own));
        }
        for unkept in [Sketch::Visits, Sketch::Looks] {
            body.sketches.get_mut(unkept as usize).into_iter().for_each(|s| *s = Some(Distinct::NOTHING));
        }
        let day = row.key.day;
        // One address's days come in order, so most are looked for at the end.
        let at = self.days.partition_point(|(other, _)| *other < day);
        match self.days.get_mut(at).filter(|(other, _)| *other == day) {
            None => {
                let mut one = Vec::with_capacity(row.body.len() + self.own.len() + 2);
                body.put(&mut one);
                self.days.insert(at, (day, Day::One(one)));
            }
            Some((_, Day::Several(all))) => all.merge(&body.partial(prefix)?),
            Some((_, of_day)) => {
                let mut all = body.partial(prefix)?;
                if let Day::One(one) = of_day {
                    all.merge(&Body::read(one)?.partial(prefix)?);
                }
                *of_day = Day::Several(Box::new(all));
            }
        }
        Ok(())
    }

    /// Begins with an address, which may be the first of another prefix.
    fn begin(&mut self, origin: &str) -> Result<(), RollupError> {
        self.origin.clear();
        self.origin.push_str(origin);
        self.own = Distinct::from_iter([number_of(origin)]).to_bytes();
        let prefix = prefix_of(origin);
        if prefix != self.prefix {
            self.end()?;
            self.prefix = prefix;
        }
        Ok(())
    }

    /// Makes rows of what the prefix did.
    fn end(&mut self) -> Result<(), RollupError> {
        let Some(prefix) = self.prefix.take() else { return Ok(()) };
        let [_, place] = self.places;
        for (day, of_day) in self.days.drain(..) {
            let mut row =
                Kept { key: Key::new(place, &prefix, day), entity: prefix.clone(), body: Vec::new() };
            match of_day {
                Day::One(body) => row.body = body,
                Day::Several(all) => row.replace(&all),
            }
            self.bytes += size_of::<Kept>() + row.entity.len() + row.body.len();
            self.rows.push(row);
        }
        if self.bytes > self.budget_bytes {
            self.sort();
            self.runs.add_rows(&self.rows)?;
            self.rows.clear();
            self.bytes = 0;
        }
        Ok(())
    }

    fn sort(&mut self) {
        self.rows.sort_by(Kept::order);
    }

    /// All rows, as sorted runs; one prefix's day may be in several.
    pub(crate) fn finish(mut self) -> Result<Vec<Rows>, RollupError> {
        self.end()?;
        self.sort();
        let mut all = self.runs.readers()?;
        all.push(Rows::List(self.rows.into_iter()));
        Ok(all)
    }
}
