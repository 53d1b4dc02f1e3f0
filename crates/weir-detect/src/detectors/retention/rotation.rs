//! How the files of a log are rotated, from what each ingest found of them: how often, how many are kept, what goes when, what has gone.
//!
//! Decisive choice: a look is compared with the next by content. What stood under one number and stands under the next was rotated; what would have to stand
//! under a number beyond the highest, and stands nowhere, was deleted. Only that makes a rotation *certain*; of one look, names and event times say how often
//! files are put aside and how many there are, and that these are all that are kept is presumed.
//!
//! What it refuses: a rotation of names whose numbers and event times disagree, of two schemes at once, and of dates that nothing was seen to delete, unless
//! `logrotate` writes them so, which always counts.

use super::names::Mark;
use std::collections::{BTreeMap, BTreeSet};
use weir_model::Micros;

/// Files put aside that one look must have for a rotation to be presumed.
const ASIDE_MIN: usize = 2;

/// A file as an ingest found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub path: String,
    pub mark: Mark,
    /// Which content stands in it.
    pub content: i64,
    /// First and last event.
    pub times: (Micros, Micros),
}

/// What an ingest found of a log, the newest file first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// When.
    pub at: Micros,
    pub files: Vec<Found>,
}

/// A log, and every look at it, the earliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Log {
    /// As it is called while it is written to.
    pub name: String,
    pub sensor: String,
    pub looks: Vec<Look>,
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes about then.
    Goes(Micros),
    /// It was there at one look and not at the next.
    Gone { seen: Micros, missed: Micros, certain: bool },
}

/// A file of a rotation, as it was called last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub path: String,
    pub content: i64,
    pub times: (Micros, Micros),
    pub fate: Fate,
}

/// How a log is rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rotation {
    /// The least, the median and the most time between two rotations, in microseconds.
    pub every_us: [i64; 3],
    /// When it was rotated last, by the last event put aside.
    pub last: Micros,
    /// How many files are kept beside the one written to.
    pub kept: u32,
    /// Whether a file was seen to go for that number.
    pub certain: bool,
    /// Looks that it rests on.
    pub looks: usize,
    /// What goes, the first to go first, and what has gone.
    pub files: Vec<Placed>,
}

impl Look {
    /// A look at these files; `None` where two have one name or one content, so that nobody can say which is which.
    pub fn of(at: Micros, mut files: Vec<Found>) -> Option<Self> {
        files.sort_by(|a, b| (b.times.1, b.times.0, &a.mark).cmp(&(a.times.1, a.times.0, &b.mark)));
        let marks: BTreeSet<&Mark> = files.iter().map(|f| &f.mark).collect();
        let contents: BTreeSet<i64> = files.iter().map(|f| f.content).collect();
        (marks.len() == files.len() && contents.len() == files.len()).then_some(Self { at, files })
    }

    /// Whether any of its files was put aside.
    pub fn is_rotated(&self) -> bool {
        self.aside().next().is_some()
    }

    fn aside(&self) -> impl Iterator<Item = &Found> {
        self.files.iter().filter(|f| f.mark != Mark::Live)
    }

    /// Whether a content stands in any of its files.
    pub fn has(&self, content: i64) -> bool {
        self.of_content(content).is_some()
    }

    fn of_content(&self, content: i64) -> Option<&Found> {
        self.files.iter().find(|f| f.content == content)
    }

    fn first(&self) -> Option<Micros> {
        self.files.iter().map(|f| f.times.0).min()
    }

    fn last(&self) -> Option<Micros> {
        self.files.iter().map(|f| f.times.1).max()
    }

    /// The highest number, where all are numbered.
    fn highest(&self) -> Option<u32> {
        self.aside().map(|f| number(&f.mark)).max().flatten()
    }

    /// Whether names say the same order as events do, newest first.
    fn in_order(&self) -> bool {
        self.files.windows(2).all(|pair| match pair {
            [newer, older] => match (&newer.mark, &older.mark) {
                (Mark::Live, _) => true,
                (Mark::Number(n), Mark::Number(older)) => n < older,
                (Mark::Date { digits, .. }, Mark::Date { digits: older, .. }) => digits > older,
                _ => false,
            },
            _ => true,
        })
    }
}

/// A number of rotations ago; the log itself has had none.
fn number(mark: &Mark) -> Option<u32> {
    match mark {
        Mark::Live => Some(0),
        Mark::Number(n) => Some(*n),
        Mark::Date { .. } => None,
    }
}

impl Log {
    /// Its rotations: one, but for logs of several machines that go by one name.
    pub fn rotations(&self) -> Vec<Rotation> {
        let mut rest: Vec<&Look> = self.looks.iter().rev().filter(|look| look.is_rotated()).collect();
        let mut found = Vec::new();
        while let Some(latest) = rest.first().copied() {
            let (chain, others) = chained(latest, &rest);
            found.extend(Chain(chain).rotation());
            rest = others;
        }
        found
    }
}

/// The looks that are of the same files as the latest, latest first, and the others. Of the same files are those that share content, and those whose
/// events all lie before.
fn chained<'l>(latest: &'l Look, all: &[&'l Look]) -> (Vec<&'l Look>, Vec<&'l Look>) {
    let mut known: BTreeSet<i64> = latest.files.iter().map(|f| f.content).collect();
    let mut first = latest.first();
    let mut chain = vec![latest];
    let mut others = Vec::new();
    for look in all.iter().skip(1) {
        let shares = look.files.iter().any(|f| known.contains(&f.content));
        if shares || look.last() <= first {
            known.extend(look.files.iter().map(|f| f.content));
            first = first.min(look.first());
            chain.push(*look);
        } else {
            others.push(*look);
        }
    }
    (chain, others)
}

/// Looks at the same files, latest first.
struct Chain<'l>(Vec<&'l Look>);

impl Chain<'_> {
    fn rotation(&self) -> Option<Rotation> {
        let latest = self.0.first()?;
        let aside = || self.0.iter().flat_map(|look| look.aside());
        let numbered = aside().all(|f| number(&f.mark).is_some());
        let one_scheme = numbered || aside().all(|f| number(&f.mark).is_none());
        if !one_scheme || !self.0.iter().all(|look| look.in_order()) {
            return None;
        }
        let gone = self.gone(numbered);
        let went_at = gone.iter().find_map(|p| match p.fate {
            Fate::Gone { missed, certain: true, .. } => Some(missed),
            _ => None,
        });
        if went_at.is_none() && !presumed(latest) {
            return None;
        }
        // If more are there now than when one went, how many are kept has been changed since.
        let then = went_at.and_then(|at| self.0.iter().find(|look| look.at == at));
        let certain = then.is_some_and(|then| latest.aside().count() <= then.aside().count());
        let (every_us, last) = self.rhythm()?;
        let base = u32::from(!aside().any(|f| f.mark == Mark::Number(0)));
        let kept = match numbered {
            true => self.0.iter().filter_map(|look| look.highest()).max()? + 1 - base,
            false => u32::try_from(latest.aside().count()).ok()?,
        };
        let mut ago = 0;
        let mut files = Vec::new();
        for found in &latest.files {
            let place = match &found.mark {
                Mark::Live => 0,
                Mark::Number(n) => n + 1 - base,
                Mark::Date { .. } => {
                    ago += 1;
                    ago
                }
            };
            let rotations = i64::from(kept.saturating_sub(place)) + 1;
            let goes = Micros(last.0.saturating_add(every_us[1].saturating_mul(rotations)));
            files.push(placed(found, Fate::Goes(goes)));
        }
        files.reverse();
        files.extend(gone);
        Some(Rotation { every_us, last, kept, certain, looks: self.0.len(), files })
    }

    /// The least, median and most time between rotations, and the last one.
    fn rhythm(&self) -> Option<([i64; 3], Micros)> {
        let aside: BTreeMap<i64, Micros> =
            self.0.iter().rev().flat_map(|look| look.aside()).map(|f| (f.content, f.times.1)).collect();
        let ends: BTreeSet<Micros> = aside.into_values().collect();
        let ends: Vec<Micros> = ends.into_iter().collect();
        let mut between: Vec<i64> =
            ends.windows(2).filter_map(|w| Some(w.last()?.0 - w.first()?.0)).collect();
        between.sort_unstable();
        let median = *between.get((between.len().saturating_sub(1)) / 2)?;
        Some(([*between.first()?, median, *between.last()?], *ends.last()?))
    }

    /// What rotation took, latest first.
    fn gone(&self, numbered: bool) -> Vec<Placed> {
        let mut gone = Vec::new();
        let mut later: BTreeSet<i64> = BTreeSet::new();
        for pair in self.0.windows(2) {
            let [newer, older] = pair else { continue };
            later.extend(newer.files.iter().map(|f| f.content));
            for found in older.files.iter().filter(|f| !later.contains(&f.content)) {
                if let Some(certain) = went(found, older, newer, numbered) {
                    let fate = Fate::Gone { seen: older.at, missed: newer.at, certain };
                    gone.push(placed(found, fate));
                }
            }
        }
        gone
    }
}

fn placed(found: &Found, fate: Fate) -> Placed {
    Placed { path: found.path.clone(), content: found.content, times: found.times, fate }
}

/// Whether rotation took a file between two looks, and whether that is certain; `None` where something else did.
fn went(found: &Found, older: &Look, newer: &Look, numbered: bool) -> Option<bool> {
    let both = || older.files.iter().filter_map(|f| Some((f, newer.of_content(f.content)?)));
    if both().next().is_none() {
        return Some(false);
    }
    if !numbered {
        // Dates do not move: something new was put aside, and this is older than all that is left.
        let rotated = newer.aside().any(|f| older.of_content(f.content).is_none_or(|o| o.mark == Mark::Live));
        let oldest = newer.aside().map(|f| f.times.0).min()?;
        return (rotated && found.mark != Mark::Live && found.times.1 <= oldest).then_some(true);
    }
    let moved = |(from, to): (&Found, &Found)| number(&to.mark)?.checked_sub(number(&from.mark)?);
    let moves: Option<BTreeSet<u32>> = both().map(moved).collect();
    let moves = moves?;
    let moved = moves.first().filter(|by| moves.len() == 1 && **by > 0)?;
    (number(&found.mark)? + moved > newer.highest()?).then_some(true)
}

/// Whether names alone say that a log is rotated and by number: the log itself and at least two files put aside without one missing between.
fn presumed(look: &Look) -> bool {
    let live = look.files.iter().any(|f| f.mark == Mark::Live);
    let numbers: Vec<u32> = look.aside().filter_map(|f| number(&f.mark)).collect();
    let aside = look.aside().count();
    let whole = match (numbers.first(), numbers.last()) {
        (Some(newest), Some(oldest)) => {
            *newest <= 1 && usize::try_from(oldest - newest).is_ok_and(|between| between + 1 == aside)
        }
        _ => look.aside().all(|f| matches!(f.mark, Mark::Date { counted: true, .. })),
    };
    live && whole && aside >= ASIDE_MIN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::retention::names::read;
    use weir_model::time::DAY_US;

    fn day(n: i64) -> Micros {
        Micros(n * DAY_US)
    }

    /// A look on a day at files, each with the day that it is the log of: content and events are that day's.
    fn look(at: i64, files: &[(&str, i64)]) -> Look {
        let found = |(name, of): &(&str, i64)| Found {
            path: (*name).to_owned(),
            mark: read(name).1,
            content: *of,
            times: (day(*of), Micros(day(of + 1).0 - 1)),
        };
        Look::of(day(at), files.iter().map(found).collect()).unwrap()
    }

    fn rotations(looks: Vec<Look>) -> Vec<Rotation> {
        Log { name: "access.log".into(), sensor: "access.log".into(), looks }.rotations()
    }

    fn fates(rotation: &Rotation) -> Vec<(&str, Fate)> {
        rotation.files.iter().map(|f| (f.path.as_str(), f.fate)).collect()
    }

    const NUMBERED: [&str; 4] = ["access.log", "access.log.1", "access.log.2.gz", "access.log.3.gz"];

    fn numbered(at: i64, kept: usize) -> Look {
        let files: Vec<(&str, i64)> = NUMBERED.iter().take(kept + 1).copied().zip((0..=at).rev()).collect();
        look(at, &files)
    }

    #[test]
    fn a_file_that_would_stand_beyond_the_highest_number_was_deleted_and_the_others_will_be() {
        let found = rotations(vec![numbered(10, 3), numbered(11, 3)]);
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.kept, one.certain, one.looks, one.every_us), (3, true, 2, [DAY_US; 3]));
        let end = |n: i64| Micros(day(n).0 - 1);
        let gone = Fate::Gone { seen: day(10), missed: day(11), certain: true };
        // The last rotation was at the end of day 10: the third goes with the next, and the log itself four days after it.
        let goes = |n: i64| Fate::Goes(end(n));
        let want = vec![
            ("access.log.3.gz", goes(12)),
            ("access.log.2.gz", goes(13)),
            ("access.log.1", goes(14)),
            ("access.log", goes(15)),
            ("access.log.3.gz", gone),
        ];
        assert_eq!(fates(one), want);
    }

    #[test]
    fn days_between_two_looks_are_rotations_between_them() {
        let found = rotations(vec![numbered(10, 3), numbered(12, 3)]);
        let gone: Vec<&str> = fates(&found[0])
            .into_iter()
            .filter(|(_, fate)| matches!(fate, Fate::Gone { .. }))
            .map(|(p, _)| p)
            .collect();
        assert_eq!(gone, ["access.log.2.gz", "access.log.3.gz"]);
        // Nothing in common: all of the first look is presumed to have gone, and how many are kept as well.
        let found = rotations(vec![numbered(10, 3), numbered(20, 3)]);
        assert_eq!((found.len(), found[0].certain), (1, false));
        let gone = Fate::Gone { seen: day(10), missed: day(20), certain: false };
        assert_eq!(found[0].files.iter().filter(|f| f.fate == gone).count(), 4);
    }

    #[test]
    fn one_look_is_presumed_and_a_number_that_grows_is_too() {
        let certain = |looks| rotations(looks).iter().map(|r| (r.kept, r.certain)).collect::<Vec<_>>();
        assert_eq!(certain(vec![numbered(10, 3)]), [(3, false)]);
        assert_eq!(certain(vec![numbered(2, 2), numbered(3, 3)]), [(3, false)], "none has gone");
        let fewer = look(11, &[("access.log", 11), ("access.log.1", 10), ("access.log.2", 9)]);
        let before = look(10, &[("access.log", 10), ("access.log.1", 9), ("access.log.2", 8)]);
        assert_eq!(certain(vec![before.clone(), fewer.clone()]), [(2, true)]);
        assert_eq!(certain(vec![before, fewer, numbered(12, 3)]), [(3, false)], "more are kept since");
    }

    #[test]
    fn dates_that_logrotate_writes_are_counted_and_others_only_once_one_was_seen_to_go() {
        let dated = |at: i64, kept: i64, name: fn(i64) -> String| {
            let names: Vec<(String, i64)> = (at - kept..at).map(|of| (name(of), of)).collect();
            let mut files: Vec<(&str, i64)> = names.iter().map(|(name, of)| (name.as_str(), *of)).collect();
            files.push(("access.log", at));
            look(at, &files)
        };
        let logrotate = |of: i64| format!("access.log-202504{of:02}");
        let program = |of: i64| format!("access-2025-04-{of:02}.log.gz");
        let certain = |looks| rotations(looks).iter().map(|r| (r.kept, r.certain)).collect::<Vec<_>>();
        assert_eq!(certain(vec![dated(10, 3, logrotate)]), [(3, false)]);
        assert_eq!(certain(vec![dated(10, 3, program)]), []);
        assert_eq!(certain(vec![dated(10, 3, program), dated(12, 5, program)]), [], "all are there");
        for name in [logrotate, program] {
            assert_eq!(certain(vec![dated(10, 3, name), dated(11, 3, name)]), [(3, true)]);
        }
    }

    #[test]
    fn what_is_no_rotation_is_not_said_to_be_one() {
        for (files, why) in [
            (vec![("access.log", 10)], "nothing was put aside"),
            (vec![("access.log", 10), ("access.log.1", 9)], "one file has no period"),
            (vec![("access.log", 10), ("access.log.1", 9), ("access.log.3", 7)], "one is missing between"),
            (
                vec![("access.log", 10), ("access.log.1", 8), ("access.log.2", 9)],
                "numbers and events disagree",
            ),
            (vec![("access.log.1", 10), ("access.log.2", 9)], "the log itself is not there: copies, perhaps"),
            (vec![("access.log", 10), ("access.log.1", 9), ("access.log-20250408", 8)], "two schemes"),
        ] {
            assert_eq!(rotations(vec![look(10, &files)]), [], "{why}");
        }
        let one = |path: &str, content| Found {
            path: path.into(),
            mark: read(path).1,
            content,
            times: (day(content), day(content + 1)),
        };
        assert_eq!(Look::of(day(9), vec![one("a.log.1", 1), one("a.log.1", 2)]), None, "of two machines");
        assert_eq!(Look::of(day(9), vec![one("a.log.1", 1), one("a.log.1.gz", 1)]), None, "being compressed");
    }

    #[test]
    fn a_file_that_is_missing_where_rotation_does_not_delete_was_not_rotated_away() {
        let hole = look(11, &[("access.log", 11), ("access.log.1", 10), ("access.log.3.gz", 8)]);
        let found = rotations(vec![numbered(10, 2), hole]);
        assert_eq!(found, [], "day 9 would stand at 2");
        // Only the newest two were given.
        let part = look(11, &[("access.log", 11)]);
        let found = rotations(vec![numbered(10, 3), part]);
        assert!(found[0].files.iter().all(|f| matches!(f.fate, Fate::Goes(_))) && !found[0].certain);
    }

    #[test]
    fn machines_whose_logs_go_by_one_name_are_told_apart_by_content() {
        let shifted = |mut look: Look| {
            look.files.iter_mut().for_each(|f| f.content += 1_000);
            look
        };
        let (a, b) = (|at| numbered(at, 3), |at| shifted(numbered(at, 3)));
        let found = rotations(vec![a(10), b(10), a(11), b(11)]);
        assert_eq!(
            found.iter().map(|r| (r.looks, r.certain, r.files.len())).collect::<Vec<_>>(),
            [(2, true, 5); 2]
        );
        let found = rotations(vec![a(10), b(10)]);
        assert!(found.len() == 2 && found.iter().all(|r| r.files.len() == 4), "none of either is gone");
    }
}
