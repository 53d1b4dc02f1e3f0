//! Scales and axes: time from left to right, values from below, ticks at round numbers.

use crate::{language::say, words};
use maud::{Markup, html};
use weir_model::{
    Language, Micros,
    case::{Case, Step},
    time::DAY_US,
};

/// Width of every chart, in user units.
pub(super) const WIDTH: f64 = 720.0;
/// Room left of the plot, for labels of values.
pub(super) const LEFT: f64 = 78.0;
/// Room right of the plot.
pub(super) const RIGHT: f64 = 14.0;

/// Event time to x.
#[derive(Clone, Copy)]
pub(super) struct Time {
    first: f64,
    last: f64,
    left: f64,
    right: f64,
    step: Step,
}

impl Time {
    /// Over whole days from first to last instant.
    pub fn new(first: Micros, last: Micros, left: f64, right: f64) -> Self {
        let first = first.day();
        let last = last.day().max(first).saturating_add(1);
        let (first, last) = (Micros::of_day(first).0 as f64, Micros::of_day(last).0 as f64);
        Self { first, last, left, right, step: Step::Day }
    }

    /// Over the case's period, in the steps that it is told in, widened to all points given.
    pub fn of(case: &Case, points: impl Iterator<Item = Micros> + Clone, right: f64) -> Option<Self> {
        let ends = case.period.map(|p| [p.first, p.last]).into_iter().flatten();
        let first = ends.clone().chain(points.clone()).min()?;
        let last = ends.chain(points).max()?;
        let step = Step::of(case.period);
        let whole = Self::new(first, last, LEFT, right);
        if step == Step::Day {
            return Some(whole);
        }
        let from = |at: Micros| (at.0.div_euclid(step.us()) * step.us()) as f64;
        Some(Self { first: from(first), last: from(last) + step.us() as f64, step, ..whole })
    }

    /// Where the bar of an instant begins.
    pub fn bar(&self, at: Micros) -> f64 {
        self.x(Micros(at.0.div_euclid(self.step.us()).saturating_mul(self.step.us())))
    }

    /// Where an instant stands.
    pub fn x(&self, at: Micros) -> f64 {
        let share = (at.0 as f64 - self.first) / (self.last - self.first).max(1.0);
        self.left + share.clamp(0.0, 1.0) * (self.right - self.left)
    }

    /// Width of one bar, never less than a visible sliver.
    pub fn bar_width(&self) -> f64 {
        (self.step.us() as f64 / (self.last - self.first).max(1.0) * (self.right - self.left)).max(1.2)
    }

    /// Days at the ends and one between, below y.
    pub fn axis(&self, y: f64, language: Language) -> Markup {
        let middle = (self.left + self.right) / 2.0;
        let days = (self.last - self.first) / DAY_US as f64;
        let day = |share: f64| {
            let index = (share * (days - 1.0)).round();
            let day = words::day(Micros((self.first + index * DAY_US as f64) as i64));
            say(language, &day).into_owned()
        };
        if self.step != Step::Day {
            return self.hours(y, language);
        }
        html! {
            line.axis x1=(n(self.left)) x2=(n(self.right)) y1=(n(y)) y2=(n(y)) {}
            text.tick x=(n(self.left)) y=(n(y + 24.0)) text-anchor="start" { (day(0.0)) }
            @if days >= 3.0 { text.tick.middle x=(n(middle)) y=(n(y + 24.0)) text-anchor="middle" { (day(0.5)) } }
            @if days >= 2.0 { text.tick x=(n(self.right)) y=(n(y + 24.0)) text-anchor="end" { (day(1.0)) } }
        }
    }
}

impl Time {
    /// The instants at both ends, below y.
    fn hours(&self, y: f64, language: Language) -> Markup {
        let at = |x: f64| say(language, &words::instant(Micros(x as i64))).into_owned();
        html! {
            line.axis x1=(n(self.left)) x2=(n(self.right)) y1=(n(y)) y2=(n(y)) {}
            text.tick x=(n(self.left)) y=(n(y + 24.0)) text-anchor="start" { (at(self.first)) }
            text.tick x=(n(self.right)) y=(n(y + 24.0)) text-anchor="end" { (at(self.last)) }
        }
    }
}

/// A value to y, from zero.
#[derive(Clone, Copy)]
pub(super) struct Value {
    max: f64,
    top: f64,
    bottom: f64,
}

impl Value {
    /// Up to the next round number above `max`.
    pub fn new(max: f64, top: f64, bottom: f64) -> Self {
        Self { max: round_up(max), top, bottom }
    }

    /// Where a value stands.
    pub fn y(&self, value: f64) -> f64 {
        let share = if value.is_finite() { (value / self.max).clamp(0.0, 1.0) } else { 0.0 };
        self.bottom - share * (self.bottom - self.top)
    }

    /// Grid lines and labels at zero, half and the top.
    pub fn grid(&self, right: f64) -> Markup {
        html! {
            @for share in [0.5, 1.0] {
                line.grid x1=(n(LEFT)) x2=(n(right)) y1=(n(self.y(share * self.max))) y2=(n(self.y(share * self.max))) {}
                text.tick x=(n(LEFT - 8.0)) y=(n(self.y(share * self.max) + 5.0)) text-anchor="end" { (words::short(share * self.max)) }
            }
            text.tick x=(n(LEFT - 8.0)) y=(n(self.bottom + 5.0)) text-anchor="end" { "0" }
        }
    }
}

/// The least of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that is not below `max`; 1 for nothing.
fn round_up(max: f64) -> f64 {
    if !max.is_finite() || max <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(max.log10().floor());
    [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|s| s * power)
        .find(|s| *s >= max)
        .unwrap_or(10.0 * power)
}

/// Where something stands on an axis of its own.
pub(super) fn diamond(x: f64, y: f64) -> Markup {
    html! {
        path.flagged d={ "M" (n(x)) " " (n(y - 8.0)) "L" (n(x + 8.0)) " " (n(y)) "L" (n(x)) " " (n(y + 8.0)) "L" (n(x - 8.0)) " " (n(y)) "Z" } {}
    }
}

/// A coordinate with one decimal: enough for the eye, and the same bytes on every machine.
pub(super) fn n(x: f64) -> String {
    let text = format!("{x:.1}");
    if text == "-0.0" { "0.0".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_model::case::Period;

    #[test]
    fn scales_hold_their_ends() {
        assert_eq!(
            [round_up(0.0), round_up(7.0), round_up(1201.0), round_up(f64::NAN)],
            [1.0, 8.0, 1500.0, 1.0]
        );
        let value = Value::new(100.0, 10.0, 110.0);
        assert_eq!([value.y(0.0), value.y(100.0), value.y(f64::NAN)], [110.0, 10.0, 110.0]);
        let time = Time::new(Micros(0), Micros(i64::MAX), 0.0, 100.0);
        assert!((0.0..=100.0).contains(&time.x(Micros(i64::MIN))));
    }

    /// Of an hour of logs a day is one block.
    #[test]
    fn a_short_period_is_told_by_ten_minutes_or_hours() {
        let hour = DAY_US / 24;
        let bars = |long: i64| {
            let mut case = crate::diff::tests::case();
            case.period = Some(Period { first: Micros(5 * hour), last: Micros(5 * hour + long) });
            let time = Time::of(&case, std::iter::empty(), WIDTH - RIGHT).unwrap();
            ((WIDTH - RIGHT - LEFT) / time.bar_width()).round()
        };
        assert_eq!([bars(hour), bars(7 * hour), bars(71 * hour), bars(9 * DAY_US)], [7.0, 8.0, 72.0, 10.0]);
    }
}
