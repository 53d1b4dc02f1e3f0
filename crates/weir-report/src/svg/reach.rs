//! People reached so far, a curve per finding: steps, because a person is reached at an instant and stays reached. A mark at its end reaches up to
//! the most that it may have been.

use super::axis::{RIGHT, Time, Value, WIDTH, n};
use super::{FINDINGS_MAX, Key, Picture, letter, series};
use crate::{escape, language::say, words};
use maud::html;
use weir_model::{
    Language,
    case::{Case, Series},
};

const TOP: f64 = 16.0;
const BOTTOM: f64 = 236.0;
/// Room for the letters at the curves' ends.
const LETTERS: f64 = 24.0;
/// Least distance between two letters.
const LETTER_GAP: f64 = 22.0;

/// The picture; `None` when there is nothing to draw.
pub(crate) fn reach(case: &Case, alt: &str, language: Language) -> Option<Picture> {
    let all = series(case, "reach");
    let right = WIDTH - RIGHT - LETTERS;
    let shown: Vec<_> = all.iter().copied().take(FINDINGS_MAX).collect();
    let time = Time::of(case, shown.iter().flat_map(|s| s.points.iter().map(|p| p.0)), right)?;
    let uppers: Vec<Option<u64>> = shown.iter().map(|s| upper(case, s)).collect();
    let reached = shown.iter().flat_map(|s| s.points.iter().map(|p| p.1));
    let possible = uppers.iter().flatten().map(|n| *n as f64);
    let max = reached.chain(possible).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let value = Value::new(max, TOP, BOTTOM);
    let ends = spread(shown.iter().map(|s| s.points.last().map_or(BOTTOM, |p| value.y(p.1))).collect());
    let svg = html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (n(BOTTOM + 34.0)) } role="img" xmlns="http://www.w3.org/2000/svg" {
            title { (say(language, "People reached so far, by finding")) }
            desc { (escape::sentence(&say(language, alt))) }
            (value.grid(right))
            @for (i, s) in shown.iter().enumerate() {
                path class={ "curve curve-" (i) } d=(steps(s, &time, &value, right)) {}
            }
            @for (i, (s, upper)) in shown.iter().zip(&uppers).enumerate() {
                @if let Some(upper) = upper { path class={ "curve curve-" (i) } d=(whisker(s, *upper, &value, right)) {} }
            }
            @for (i, y) in ends.iter().enumerate() {
                text class={ "letter curve-letter-" (i) } x=(n(right + 8.0)) y=(n(y + 6.0)) { (letter(i)) }
            }
            (time.axis(BOTTOM, language))
        }
    };
    let keys = shown.iter().zip(&uppers).enumerate().map(|(i, (s, upper))| {
        let reached = words::measured(s.points.last().map_or(0.0, |p| p.1), "person", "people");
        let title = format!("{}: ", super::title_of(case, s));
        let most = upper.map(|n| format!(", at most {}", words::count(n))).unwrap_or_default();
        Key::lettered(format!("curve-{i}"), i, title).then(reached, most)
    });
    let notes = words::cut_note(shown.len(), all.len(), "case.json").into_iter().collect();
    Some(Picture { svg, size: (WIDTH, BOTTOM + 34.0), legend: keys.collect(), notes })
}

/// How many people the finding of a curve reached at most, where that is more than records show.
fn upper(case: &Case, s: &Series) -> Option<u64> {
    let upper = case.finding_scopes.get(s.finding.as_ref()?)?.subjects?.upper?;
    let shown = s.points.last().map_or(0.0, |p| p.1);
    (upper as f64 > shown).then_some(upper)
}

/// From a curve's end up to the most that it may have reached.
fn whisker(s: &Series, upper: u64, value: &Value, right: f64) -> String {
    let (from, to) = (value.y(s.points.last().map_or(0.0, |p| p.1)), value.y(upper as f64));
    format!("M{} {}V{}M{} {}H{}", n(right), n(from), n(to), n(right - 5.0), n(to), n(right + 5.0))
}

fn steps(s: &Series, time: &Time, value: &Value, right: f64) -> String {
    let mut path = String::new();
    for (i, (at, v)) in s.points.iter().enumerate() {
        let (x, y) = (time.x(*at), value.y(*v));
        match i {
            0 => path.push_str(&format!("M{} {}V{}", n(x), n(value.y(0.0)), n(y))),
            _ => path.push_str(&format!("H{}V{}", n(x), n(y))),
        }
    }
    path.push_str(&format!("H{}", n(right)));
    path
}

/// Moves labels apart, keeping their order, without leaving the plot.
fn spread(wanted: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    let at = |i: usize| wanted.get(i).copied().unwrap_or(BOTTOM);
    order.sort_by(|a, b| at(*b).total_cmp(&at(*a)).then(a.cmp(b)));
    let mut placed = vec![0.0; wanted.len()];
    let mut ceiling = BOTTOM;
    for i in order {
        let y = at(i).min(ceiling);
        if let Some(place) = placed.get_mut(i) {
            *place = y;
        }
        ceiling = y - LETTER_GAP;
    }
    let over = placed.iter().copied().fold(TOP, f64::min);
    let floor = |y: f64| if over < TOP { (y + TOP - over).min(BOTTOM) } else { y };
    placed.into_iter().map(floor).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn labels_do_not_overlap() {
        let placed = super::spread(vec![236.0, 236.0, 230.0, 100.0]);
        let mut sorted = placed.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(super::spread(vec![16.0; 6]).iter().all(|y| (super::TOP..=super::BOTTOM).contains(y)));
        assert!(sorted.windows(2).all(|w| w[1] - w[0] >= super::LETTER_GAP), "{placed:?}");
    }
}
