//! [`Lesson`]: what a learner takes from one batch.
//!
//! Decisive choice: whatever is the same for all records at one node of the paths' tree is counted there and told to the evidence once. Only values,
//! and clients that a sample may take in, are told record by record.

use crate::Requests;
use crate::derive::cell;
use crate::evidence::{Bounds, Evidence, Few, Sight, Word};
use crate::learn::Learner;
use crate::names::Name;
use crate::outcome::Outcome;
use crate::paths::{Kind, ROOT};
use crate::router::query_pairs;
use crate::segment::decode;
use hashbrown::HashMap;
use weir_stats::hash64;

/// Most parameters of one query looked at.
const QUERY_PAIRS_MAX: usize = 8;

/// A batch on its way into a learner.
pub(crate) struct Lesson<'l, 'x> {
    learner: &'l mut Learner,
    requests: &'x Requests<'x>,
    /// By node: its spot, once a record came by.
    spot_of: Vec<Option<u32>>,
    spots: Vec<Spot<'x>>,
    /// By node: the position of the words that stand after it, once there was one.
    words_after: Vec<Option<Option<usize>>>,
    /// By position, once asked for.
    bounds: Vec<Option<Bounds>>,
    names: Vec<Name<'x>>,
    name_index: HashMap<&'x str, usize>,
    /// The name last met at each place in a query, as written: most queries of a log are alike.
    recent: [(&'x str, usize); QUERY_PAIRS_MAX],
    /// By node and name of a parameter: its position.
    keys: HashMap<(usize, usize), Option<usize>>,
}

/// What records at a node show there.
struct Spot<'x> {
    parent: usize,
    /// Where their evidence is kept, if it is.
    position: Option<usize>,
    bounds: Bounds,
    records: u64,
    credentialed: u64,
    stands: Stands<'x>,
}

/// What stands at a node.
enum Stands<'x> {
    /// A word, its hash, and who saw it.
    Word(&'x str, u64, Few),
    /// A value: which segment of the path.
    Value(usize),
}

impl<'l, 'x> Lesson<'l, 'x> {
    pub(crate) fn new(learner: &'l mut Learner, requests: &'x Requests<'x>) -> Self {
        let nodes = requests.paths.nodes();
        Self {
            learner,
            requests,
            spot_of: vec![None; nodes],
            spots: Vec::new(),
            words_after: vec![None; nodes],
            bounds: Vec::new(),
            names: Vec::new(),
            name_index: HashMap::new(),
            recent: [("", usize::MAX); QUERY_PAIRS_MAX],
            keys: HashMap::new(),
        }
    }

    /// Takes a record; whether there was anything to learn from it.
    pub(crate) fn row(&mut self, row: usize) -> bool {
        let requests = self.requests;
        let Some(node) = requests.paths.at(row) else { return false };
        if !matches!(requests.endings.at(row).outcome, Outcome::Ok | Outcome::Unknown) {
            return false;
        }
        let client = requests.inputs.client(row);
        let credentialed = u64::from(requests.inputs.credentialed(row));
        let segments = requests.paths.segments(row);
        let is_static = requests.paths.node(node).is_some_and(|n| n.kind == Kind::Static);
        let mut at = if is_static { ROOT } else { node };
        while at != ROOT {
            let spot = self.spot(at);
            let Some(spot) = self.spots.get_mut(spot) else { break };
            at = spot.parent;
            let Some(evidence) = spot.position.and_then(|position| self.learner.positions.get_mut(position))
            else {
                continue;
            };
            spot.records += 1;
            spot.credentialed += credentialed;
            match &mut spot.stands {
                Stands::Word(_, hash, clients) => {
                    let Some(client) = client else { continue };
                    clients.insert(client);
                    if client <= spot.bounds.client {
                        evidence.see_client(client, *hash);
                    }
                }
                Stands::Value(segment) => {
                    let value = segments.get(*segment).map_or(0, |raw| hash64(raw.as_bytes()));
                    evidence.see(Sight { value, client }, spot.bounds);
                }
            }
        }
        if let Some(query) = cell(requests.inputs.query, row) {
            self.query(node, query, client, credentialed);
        }
        true
    }

    fn query(&mut self, node: usize, query: &'x str, client: Option<u64>, credentialed: u64) {
        for (nth, (name, value)) in query_pairs(query).take(QUERY_PAIRS_MAX).enumerate() {
            let name_at = self.name(nth, name);
            let Some(name) = self.names.get(name_at).filter(|name| !name.is_silent()) else { continue };
            let value = decode(value);
            if !name.may_identify(&value) {
                continue;
            }
            let learner = &mut *self.learner;
            let position = self.keys.entry((node, name_at)).or_insert_with(|| {
                learner.position(&format!("{}?{}", self.requests.paths.route(node), name.text))
            });
            let Some(position) = *position else { continue };
            let bounds = bounds(&mut self.bounds, &learner.positions, position);
            if let Some(evidence) = learner.positions.get_mut(position) {
                evidence.count(1, credentialed);
                evidence.see(Sight { value: hash64(value.as_bytes()), client }, bounds);
            }
        }
    }

    /// The number of a parameter's name, which stands at the nth place of a query.
    fn name(&mut self, nth: usize, name: &'x str) -> usize {
        if let Some((_, known)) = self.recent.get(nth).filter(|(recent, _)| *recent == name) {
            return *known;
        }
        let known = *self.name_index.entry(name).or_insert_with(|| {
            self.names.push(Name::of(decode(name)));
            self.names.len() - 1
        });
        if let Some(recent) = self.recent.get_mut(nth) {
            *recent = (name, known);
        }
        known
    }

    /// The number of a node's spot.
    fn spot(&mut self, node: usize) -> usize {
        if let Some(spot) = self.spot_of.get(node).copied().flatten() {
            return spot as usize;
        }
        let Some(here) = self.requests.paths.node(node) else { return usize::MAX };
        let (position, stands) = match here.kind {
            Kind::Word => {
                let stands = Stands::Word(here.raw, hash64(here.raw.as_bytes()), Few::default());
                (self.words_after(here.parent), stands)
            }
            Kind::Value(form) if form.may_name() => {
                (self.learner.position(self.requests.paths.prefix(node)), Stands::Value(here.depth))
            }
            _ => (None, Stands::Value(here.depth)),
        };
        let none = Bounds { client: 0, value: 0 };
        let bounds = position.map_or(none, |at| bounds(&mut self.bounds, &self.learner.positions, at));
        self.spots.push(Spot { parent: here.parent, position, bounds, records: 0, credentialed: 0, stands });
        if let Some(spot) = self.spot_of.get_mut(node) {
            *spot = u32::try_from(self.spots.len() - 1).ok();
        }
        self.spots.len() - 1
    }

    /// The position of the words that stand after a node.
    fn words_after(&mut self, node: usize) -> Option<usize> {
        let learner = &mut *self.learner;
        let slot = self.words_after.get_mut(node)?;
        *slot.get_or_insert_with(|| learner.position(&format!("{}/*", self.requests.paths.prefix(node))))
    }

    /// Tells the evidence what was counted.
    pub(crate) fn end(self) {
        for spot in self.spots {
            let Some(evidence) = spot.position.and_then(|position| self.learner.positions.get_mut(position))
            else {
                continue;
            };
            let (records, credentialed) = (spot.records, spot.credentialed);
            match spot.stands {
                Stands::Word(text, hash, clients) => {
                    evidence.see_word(&Word { text, hash, records, credentialed, clients });
                }
                Stands::Value(_) => evidence.count(records, credentialed),
            }
        }
    }
}

fn bounds(known: &mut Vec<Option<Bounds>>, positions: &[Evidence], position: usize) -> Bounds {
    if known.len() < positions.len() {
        known.resize(positions.len(), None);
    }
    let of = || positions.get(position).map_or(Bounds { client: 0, value: 0 }, Evidence::bounds);
    known.get_mut(position).map_or_else(of, |slot| *slot.get_or_insert_with(of))
}
