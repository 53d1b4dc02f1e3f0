//! The timelines of several findings as one: a step that the hands of several share is one line that names them all.
//!
//! Decisive choice: two lines are the same step if they say the same of the same time; and so are two reads of a dataset at the same
//! time by hands that have nearly the same members, though their numbers differ a little: the line of more records stays.

use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::TimelineEvent;
use weir_model::{EntityKind, Micros};
use weir_trace::Hand;

/// Findings by the pairs whose hands are nearly one.
pub(crate) struct OneHand(BTreeSet<(String, String)>);

impl OneHand {
    /// Compares the hands of all findings with each other.
    pub(crate) fn of<'h>(hands: impl Iterator<Item = (&'h str, &'h Hand)> + Clone) -> Self {
        let pairs = hands.clone().flat_map(|one| hands.clone().map(move |other| (one, other)));
        let near = pairs.filter(|((a, one), (b, other))| a != b && one.nearly(other));
        Self(near.map(|((a, _), (b, _))| (a.to_owned(), b.to_owned())).collect())
    }

    fn holds(&self, one: &TimelineEvent, other: &TimelineEvent) -> bool {
        let pairs = one.findings.iter().flat_map(|a| other.findings.iter().map(move |b| (a, b)));
        pairs.into_iter().any(|(a, b)| a == b || self.0.contains(&(a.clone(), b.clone())))
    }
}

/// All lines in order, each step once.
pub(crate) fn merged(mut events: Vec<TimelineEvent>, hands: &OneHand) -> Vec<TimelineEvent> {
    events.sort_by(|a, b| {
        (a.time, &a.what, a.until, &a.findings).cmp(&(b.time, &b.what, b.until, &b.findings))
    });
    let mut out: Vec<TimelineEvent> = Vec::new();
    // Reads that may still be under way, by dataset.
    let mut reads: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for event in events {
        if let Some(last) = out.last_mut().filter(|l| is_same(l, &event)) {
            join(last, event);
            continue;
        }
        let Some(dataset) = read(&event).map(str::to_owned) else {
            out.push(event);
            continue;
        };
        let under_way = reads.entry(dataset).or_default();
        under_way.retain(|at| out.get(*at).is_some_and(|line| end(line) >= event.time));
        let like = under_way.iter().copied().find(|at| out.get(*at).is_some_and(|l| hands.holds(l, &event)));
        match like.and_then(|at| out.get_mut(at)) {
            Some(line) => join(line, event),
            None => {
                under_way.push(out.len());
                out.push(event);
            }
        }
    }
    // A line of more records may have begun later than the one it took the place of.
    out.sort_by(|a, b| (a.time, &a.what, a.until, &a.findings).cmp(&(b.time, &b.what, b.until, &b.findings)));
    out
}

fn is_same(one: &TimelineEvent, other: &TimelineEvent) -> bool {
    (one.time, &one.what, one.until) == (other.time, &other.what, other.until)
}

fn end(event: &TimelineEvent) -> Micros {
    event.until.unwrap_or(event.time)
}

/// The dataset that a line says was read.
fn read(event: &TimelineEvent) -> Option<&str> {
    match event.entities.as_slice() {
        [only] if only.kind == EntityKind::Dataset => Some(&only.value),
        _ => None,
    }
}

/// Names the findings of both; the words are those of more records.
fn join(line: &mut TimelineEvent, mut other: TimelineEvent) {
    if other.evidence.total() > line.evidence.total() {
        std::mem::swap(line, &mut other);
    }
    line.findings.extend(other.findings);
    line.findings.sort();
    line.findings.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_model::{Citation, Entity, Evidence};

    fn read_by(finding: &str, (from, to): (i64, i64), records: u64, addresses: usize) -> TimelineEvent {
        let cited = Citation { path: "a".into(), line: 1, offset: 0, file: 1 };
        TimelineEvent {
            time: Micros(from),
            until: Some(Micros(to)),
            what: format!("read {records} people's records in members from {addresses} addresses"),
            phase: "collection".to_owned(),
            entities: vec![Entity::new(EntityKind::Dataset, "members")],
            attack: Vec::new(),
            findings: vec![finding.to_owned()],
            failed: false,
            evidence: Evidence::new(vec![cited], records, "q").unwrap(),
        }
    }

    fn hand(addresses: std::ops::Range<u32>) -> Hand {
        Hand { origins: addresses.map(|n| format!("192.0.2.{n}")).collect(), ..Hand::default() }
    }

    #[test]
    fn reads_by_nearly_the_same_hand_are_one_line_and_those_of_others_are_not() {
        let hands = [("a", hand(0..14)), ("b", hand(1..22)), ("c", hand(12..60))];
        let one = OneHand::of(hands.iter().map(|(id, hand)| (*id, hand)));
        let events = vec![
            read_by("a", (10, 90), 150, 14),
            read_by("b", (11, 95), 210, 21),
            read_by("c", (12, 99), 450, 48),
            read_by("b", (200, 300), 7, 3),
        ];
        let told = merged(events, &one);
        let lines: Vec<(i64, u64, &[String])> =
            told.iter().map(|e| (e.time.0, e.evidence.total(), e.findings.as_slice())).collect();
        let named = |ids: &[&str]| ids.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
        let (both, c, b) = (named(&["a", "b"]), named(&["c"]), named(&["b"]));
        assert_eq!(lines, [(11, 210, both.as_slice()), (12, 450, c.as_slice()), (200, 7, b.as_slice())]);
    }

    #[test]
    fn another_step_at_the_same_time_stays_a_line() {
        let hands = [("a", hand(0..20)), ("b", hand(0..20))];
        let one = OneHand::of(hands.iter().map(|(id, hand)| (*id, hand)));
        let made = |finding: &str, what: &str| TimelineEvent {
            what: what.to_owned(),
            entities: vec![Entity::new(EntityKind::Actor, "ann")],
            ..read_by(finding, (10, 20), 1, 1)
        };
        assert_eq!(merged(vec![made("a", "ann made key 1"), made("b", "ann made key 2")], &one).len(), 2);
        assert_eq!(merged(vec![made("a", "ann made key 1"), made("b", "ann made key 1")], &one).len(), 1);
    }
}
