//! Where the numbers of a map stand: in their country where it has room, else beside it, clear of each other and of what they stand for.

/// Half of the width and height that a number of two digits takes, as the page enlarges it on narrow screens.
const HALF: (f64, f64) = (14.0, 11.0);
/// How far from its place a number beside it stands, nearest first.
const RINGS: [f64; 8] = [22.0, 32.0, 44.0, 58.0, 74.0, 92.0, 112.0, 134.0];
/// Directions tried, in parts of a whole turn: to the right, then ever more to the left.
const TURNS: [f64; 12] = [0.0, 1.0, 11.0, 2.0, 10.0, 3.0, 9.0, 4.0, 8.0, 5.0, 7.0, 6.0];

type Point = (f64, f64);

/// A text at a place.
pub(super) struct Label {
    pub(super) text: String,
    /// The middle of the text.
    pub(super) at: Point,
    /// What it stands for.
    of: Point,
}

impl Label {
    /// The line between what it stands for and the text, where that stands beside.
    pub(super) fn lead(&self) -> Option<(Point, Point)> {
        let (dx, dy) = (self.at.0 - self.of.0, self.at.1 - self.of.1);
        let length = dx.hypot(dy);
        let rest = (length - 10.0) / length;
        (length > 10.0).then_some((self.of, (self.of.0 + dx * rest, self.of.1 + dy * rest)))
    }
}

/// Places texts in a picture of a size; those that fit stand at their place if no other does.
pub(super) fn placed(mut wanted: Vec<(String, Point, bool)>, size: Point) -> Vec<Label> {
    wanted.sort_by_key(|(.., fits)| !fits);
    let mut labels: Vec<Label> = Vec::with_capacity(wanted.len());
    for (text, of, fits) in &wanted {
        let free = |at: &Point| {
            let apart = |other: Point, by: f64| {
                (at.0 - other.0).abs() >= HALF.0 * by || (at.1 - other.1).abs() >= HALF.1 * by
            };
            let within = |x: f64, half: f64, end: f64| x >= half && x <= end - half;
            within(at.0, HALF.0, size.0)
                && within(at.1, HALF.1, size.1)
                && labels.iter().all(|l| apart(l.at, 2.0))
                && wanted.iter().all(|(_, other, _)| other == of || apart(*other, 1.0))
        };
        let here = fits.then_some(*of).into_iter();
        let beside = RINGS.iter().flat_map(|ring| TURNS.iter().map(move |turn| (ring, turn)));
        let beside = beside.map(|(ring, turn)| {
            let (sin, cos) = (turn * std::f64::consts::TAU / 12.0).sin_cos();
            (of.0 + ring * cos, of.1 + ring * sin)
        });
        let at = here.chain(beside).find(free).unwrap_or(*of);
        labels.push(Label { text: text.clone(), at, of: *of });
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_neighbours_stand_clear_of_each_other() {
        let crowd =
            (0..13).map(|i| (i.to_string(), (360.0 + f64::from(i % 4) * 5.0, 50.0 + f64::from(i)), i == 0));
        let labels = placed(crowd.collect(), (720.0, 320.0));
        let clear = |a: &Label, b: &Label| {
            (a.at.0 - b.at.0).abs() >= 2.0 * HALF.0 || (a.at.1 - b.at.1).abs() >= 2.0 * HALF.1
        };
        for (i, a) in labels.iter().enumerate() {
            assert!(labels.iter().skip(i + 1).all(|b| clear(a, b)), "{}: {:?}", a.text, a.at);
        }
        let alone = placed(vec![("1".into(), (300.0, 200.0), true)], (720.0, 320.0));
        assert!(alone.iter().all(|l| l.at == (300.0, 200.0) && l.lead().is_none()));
    }
}
