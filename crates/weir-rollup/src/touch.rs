//! [`Touch`]: what one record adds to each of its entities.
//!
//! Decisive choice: it is made once for all entities of a record, and each kind of entity counts it in its own [`Ways`]. So touches can be
//! kept as they are for entities with few of them, and added to a [`Partial`] many at once for the others.

use crate::kind;
use crate::partial::{Partial, SKETCHES, SPAN_US, Sketch};
use std::num::NonZeroU64;
use weir_catalog::outcome::Outcome;
use weir_model::EntityKind;

/// The hash of a value. One value in 2^64 has none, and is not counted.
pub(crate) type Hash = NonZeroU64;

/// What one record adds. It lies in one line of a processor's cache: most are read once, and in no order.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Touch {
    pub(crate) time: i64,
    /// Bytes sent to the client in an access, by it in a flow.
    pub(crate) bytes: u64,
    pub(crate) credential: Option<Hash>,
    /// Into whose hands data came: the credential, else the actor, else the client at its address.
    pub(crate) bearer: Option<Hash>,
    /// The route of an access, the account of anything else.
    pub(crate) target: Option<Hash>,
    pub(crate) origin: Option<Hash>,
    /// The first half of the numbers of its client's spans.
    pub(crate) client: u32,
    /// Where whom and what it shows begins and ends among those kept beside it.
    pub(crate) people: [u32; 2],
    pub(crate) what: What,
}

/// What a record tells.
#[derive(Clone, Copy)]
pub(crate) enum What {
    Access {
        outcome: Outcome,
        data: Data,
        marks: Marks,
        /// How many of those it shows are things of somebody's; they come last.
        things: u8,
    },
    Auth {
        failed: bool,
        issued: bool,
    },
    Flow,
    Host,
}

/// What an access has besides.
#[derive(Clone, Copy)]
pub(crate) struct Marks(u8);

impl Marks {
    const NAMED: u8 = 1;
    const VISIT: u8 = 2;
    const LOOK: u8 = 4;

    /// Whether it names who asked, by credential or by name; and what its span is to an address that counts them: a visit, a look, or nothing.
    pub(crate) fn of(named: bool, span: Option<Sketch>) -> Self {
        let span = match span {
            Some(Sketch::Visits) => Self::VISIT,
            Some(_) => Self::LOOK,
            None => 0,
        };
        Self(if named { Self::NAMED | span } else { span })
    }

    fn named(self) -> bool {
        self.0 & Self::NAMED > 0
    }

    fn span(self) -> Option<Sketch> {
        match self.0 & (Self::VISIT | Self::LOOK) {
            0 => None,
            Self::VISIT => Some(Sketch::Visits),
            _ => Some(Sketch::Looks),
        }
    }
}

/// Whether an access concerns a dataset or somebody, and whether it showed that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    None,
    Missed,
    Shown,
}

/// How a kind of entity counts touches.
#[derive(Clone, Copy)]
pub(crate) struct Ways {
    /// Its credentials are bearers.
    bearers: bool,
    spans: bool,
    hours: bool,
}

impl Ways {
    pub(crate) fn of(kind: EntityKind) -> Self {
        Self {
            bearers: matches!(kind, EntityKind::Host | EntityKind::Route | EntityKind::Crossing),
            spans: kind::visits(kind),
            hours: kind == EntityKind::Sensor,
        }
    }
}

impl Touch {
    /// What most records add.
    pub(crate) fn of(time: i64, origin: Option<u64>, what: What) -> Self {
        Self {
            time,
            bytes: 0,
            credential: None,
            bearer: None,
            target: None,
            origin: origin.and_then(Hash::new),
            client: 0,
            people: [0; 2],
            what,
        }
    }

    /// Gives each hash to count, and where; whom it showed without a name of who asked is in `unnamed` only.
    fn hashes(&self, ways: Ways, people: &[u64], mut put: impl FnMut(Sketch, u64)) {
        let credential = if ways.bearers { self.bearer } else { self.credential };
        credential.into_iter().for_each(|hash| put(Sketch::Credentials, hash.get()));
        self.origin.into_iter().for_each(|hash| put(Sketch::Origins, hash.get()));
        let What::Access { data, marks, things, .. } = self.what else {
            return self.target.into_iter().for_each(|hash| put(Sketch::Accounts, hash.get()));
        };
        self.target.into_iter().for_each(|hash| put(Sketch::Routes, hash.get()));
        let shown = people.get(self.people()).unwrap_or_default();
        let (people, things) = shown.split_at(shown.len().saturating_sub(things.into()));
        let sketch = match (data, marks.named()) {
            (Data::Shown, true) => Sketch::People,
            (Data::Shown, false) => Sketch::Unnamed,
            (Data::Missed | Data::None, _) => Sketch::Missed,
        };
        people.iter().for_each(|person| put(sketch, *person));
        things.iter().for_each(|thing| put(Sketch::Things, *thing));
        if let Some(sketch) = marks.span().filter(|_| ways.spans) {
            let number = visit(self.client, self.time.div_euclid(SPAN_US));
            put(sketch, number);
            // Who looks around is no stranger to what comes next.
            if sketch == Sketch::Looks {
                put(sketch, number.wrapping_add(1));
            }
        }
    }

    /// Where its people lie.
    pub(crate) fn people(&self) -> std::ops::Range<usize> {
        let [from, to] = self.people;
        from as usize..to as usize
    }
}

/// The number of somebody's span. Spans that follow one another have numbers that do, so that sets of them compress.
fn visit(who: u32, span: i64) -> u64 {
    u64::from(who) << 32 | (span.cast_unsigned() & u64::from(u32::MAX))
}

/// What some touches count, summed.
struct Sums {
    records: u64,
    bytes: u64,
    outcomes: [u64; 5],
    data: u64,
    shown: u64,
    auths: u64,
    failed: u64,
    issued: u64,
    flows: u64,
    bytes_sent: u64,
    first: i64,
    last: i64,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            records: 0,
            bytes: 0,
            outcomes: [0; 5],
            data: 0,
            shown: 0,
            auths: 0,
            failed: 0,
            issued: 0,
            flows: 0,
            bytes_sent: 0,
            first: i64::MAX,
            last: i64::MIN,
        }
    }
}

impl Sums {
    fn add(&mut self, touch: &Touch) {
        self.records += 1;
        self.first = self.first.min(touch.time);
        self.last = self.last.max(touch.time);
        match touch.what {
            What::Access { outcome, data, .. } => {
                self.bytes = self.bytes.saturating_add(touch.bytes);
                self.outcomes.get_mut(outcome as usize).into_iter().for_each(|n| *n += 1);
                self.data += u64::from(data != Data::None);
                self.shown += u64::from(data == Data::Shown);
            }
            What::Auth { failed, issued } => {
                self.auths += 1;
                self.failed += u64::from(failed);
                self.issued += u64::from(issued);
            }
            What::Flow => {
                self.flows += 1;
                self.bytes_sent = self.bytes_sent.saturating_add(touch.bytes);
            }
            What::Host => {}
        }
    }

    fn add_to(self, partial: &mut Partial) {
        let [ok, denied, missing, failed, unknown] = self.outcomes;
        for (count, sum) in [
            (&mut partial.records, self.records),
            (&mut partial.accesses, ok + denied + missing + failed + unknown),
            (&mut partial.bytes, self.bytes),
            (&mut partial.ok, ok),
            (&mut partial.denied, denied),
            (&mut partial.missing, missing),
            (&mut partial.failed, failed),
            (&mut partial.data_records, self.data),
            (&mut partial.shown_records, self.shown),
            (&mut partial.auths, self.auths),
            (&mut partial.auths_failed, self.failed),
            (&mut partial.issued, self.issued),
            (&mut partial.flows, self.flows),
            (&mut partial.bytes_sent, self.bytes_sent),
        ] {
            *count = count.saturating_add(sum);
        }
        partial.first = partial.first.min(self.first);
        partial.last = partial.last.max(self.last);
    }
}

/// From how many touches on hashes are gathered rather than counted one by one.
const BULK_MIN: usize = 8;

/// Hashes gathered to be counted at once, by sketch; kept for its memory.
#[derive(Default)]
pub(crate) struct Bulk([Gathered; SKETCHES]);

/// Hashes of one sketch.
struct Gathered {
    set: Vec<u64>,
    /// Those gathered a while ago, by their last bits: most repeat soon.
    lately: [u64; LATELY],
}

/// A power of two.
const LATELY: usize = 32;

impl Default for Gathered {
    fn default() -> Self {
        Self { set: Vec::new(), lately: none_lately() }
    }
}

/// No hash lies where these lie.
fn none_lately() -> [u64; LATELY] {
    std::array::from_fn(|at| at as u64 ^ 1)
}

impl Gathered {
    fn put(&mut self, hash: u64) {
        let Some(lately) = self.lately.get_mut(hash as usize % LATELY) else { return };
        if std::mem::replace(lately, hash) != hash {
            self.set.push(hash);
        }
    }
}

impl Bulk {
    /// Adds `number` touches to a partial; of their people, see [`Touch::people`].
    pub(crate) fn add<'t>(
        &mut self,
        partial: &mut Partial,
        ways: Ways,
        touches: impl Iterator<Item = &'t Touch>,
        people: &[u64],
        number: usize,
    ) {
        let mut sums = Sums::default();
        for touch in touches {
            sums.add(touch);
            if ways.hours {
                partial.in_hour(touch.time);
            }
            if number < BULK_MIN {
                touch.hashes(ways, people, |sketch, hash| partial.sketch_mut(sketch).insert(hash));
            } else {
                touch.hashes(ways, people, |sketch, hash| {
                    self.0.get_mut(sketch as usize).into_iter().for_each(|gathered| gathered.put(hash));
                });
            }
        }
        sums.add_to(partial);
        if number < BULK_MIN {
            return;
        }
        for (gathered, sketch) in self.0.iter_mut().zip(partial.sketches_mut()) {
            if !gathered.set.is_empty() {
                sketch.insert_all(&mut gathered.set);
                gathered.set.clear();
                gathered.lately = none_lately();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_fills_one_line() {
        assert_eq!(size_of::<Touch>(), 64);
    }
}
