//! The days of a finding's entities: which series tells most, what was usual before, and a line of bars for text.
//!
//! Decisive choice: where many days share a column, it shows the highest of them, never their mean: a leak is a peak. "Usual" is what the
//! finding itself expected of a day, else the median of the days before it began, days without records included.

use crate::svg::peers::Peers;
use crate::words;
use weir_model::case::{Period, Series};
use weir_model::{Finding, Micros};

/// Days before a finding from which a median says what was usual.
const BEFORE_MIN: usize = 7;
/// Bars from low to high.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// A day without.
const NONE: char = '·';

/// Series of a finding's days: first those of which the model expected so much a day, then people.
pub(crate) fn of<'s>(all: &'s [Series], finding: &Finding) -> Vec<&'s Series> {
    let named = |name: &str| {
        all.iter().find(|s| {
            s.name == name && s.finding.as_ref() == Some(&finding.id) && highest(s).is_some_and(|h| h.1 > 0.0)
        })
    };
    let names = ["people_a_day", "records_a_day", "bytes_a_day"];
    let mut found: Vec<&Series> = names.into_iter().filter_map(named).collect();
    found.sort_by_key(|s| expected(s, finding).is_none());
    found
}

/// What the finding's model expected of a day.
fn expected(series: &Series, finding: &Finding) -> Option<f64> {
    let unit = unit(series);
    let units = if unit == "people" { [unit, "subjects"] } else { [unit; 2] };
    let names = units.iter().flat_map(|u| [format!("{u}_a_day"), format!("{u}_per_day")]);
    names.filter_map(|n| finding.baseline.get(&n)).copied().find(|v| v.is_finite())
}

/// What a series counts.
pub(crate) fn unit(series: &Series) -> &'static str {
    match series.name.as_str() {
        "people_a_day" => "people",
        "bytes_a_day" => "bytes",
        _ => "records",
    }
}

/// The highest point, the first of equals.
pub(crate) fn highest(series: &Series) -> Option<(Micros, f64)> {
    let finite = series.points.iter().copied().filter(|p| p.1.is_finite());
    finite.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// What was usual, and where that comes from.
pub(crate) struct Usual {
    /// A day's value.
    pub value: f64,
    /// `expected by the model`, `median of the 31 days before`.
    pub ground: String,
}

/// What a day of a series usually was before the finding began; `None` where neither the finding nor the days before it say.
pub(crate) fn usual(series: &Series, finding: &Finding, period: Option<Period>) -> Option<Usual> {
    if let Some(value) = expected(series, finding) {
        return Some(Usual { value, ground: "expected by the model".into() });
    }
    let first = period?.first.day();
    let count = usize::try_from(finding.first_seen.day().checked_sub(first)?).ok()?;
    if count < BEFORE_MIN {
        return None;
    }
    let before = |p: &&(Micros, f64)| (first..finding.first_seen.day()).contains(&p.0.day());
    let mut values: Vec<f64> = series.points.iter().filter(before).map(|p| p.1).collect();
    values.resize(count, 0.0);
    values.sort_by(f64::total_cmp);
    let value = values.get(count / 2).copied()?;
    Some(Usual { value, ground: format!("median of the {} days before", words::count(count as u64)) })
}

/// A series as lines of text.
pub(crate) struct Bars {
    /// What it is and its highest day.
    pub title: String,
    /// A column a day, or more days where they do not fit.
    pub bars: String,
    /// `f` under the day it was first seen, `r` under the one it was raised on, `b` where they share a column.
    pub marks: String,
    /// The days at both ends, and what the marks mean.
    pub foot: String,
}

/// Draws a series in at most so many columns.
pub(crate) fn bars(series: &Series, finding: &Finding, period: Option<Period>, columns_max: usize) -> Bars {
    let ends = period.map(|p| [p.first, p.last]).into_iter().flatten();
    let days: Vec<i32> = series.points.iter().map(|p| p.0).chain(ends).map(Micros::day).collect();
    let first = days.iter().copied().min().unwrap_or(0);
    let last = days.iter().copied().max().unwrap_or(first);
    let all = usize::try_from(i64::from(last) - i64::from(first)).unwrap_or(0) + 1;
    let step = all.div_ceil(columns_max.max(1)).max(1);
    let column = |day: i32| usize::try_from(i64::from(day) - i64::from(first)).ok().map(|d| d / step);
    let mut heights = vec![0.0f64; all.div_ceil(step)];
    for (at, value) in series.points.iter().filter(|p| p.1.is_finite()) {
        if let Some(height) = column(at.day()).and_then(|c| heights.get_mut(c)) {
            *height = height.max(*value);
        }
    }
    let top = heights.iter().copied().fold(0.0, f64::max);
    let bar = |h: &f64| match h / top {
        share if share > 0.0 => {
            let level = (share * BARS.len() as f64).ceil() as usize;
            BARS.get(level.clamp(1, BARS.len()) - 1).copied().unwrap_or(NONE)
        }
        _ => NONE,
    };
    let mut marks = vec![' '; heights.len()];
    for (at, letter) in [(finding.first_seen, 'f'), (finding.raised, 'r')] {
        if let Some(mark) = column(at.day()).and_then(|c| marks.get_mut(c)) {
            *mark = if *mark == ' ' { letter } else { 'b' };
        }
    }
    let both = marks.contains(&'b');
    Bars {
        title: title(series, step),
        bars: heights.iter().map(bar).collect(),
        marks: marks.into_iter().collect::<String>().trim_end().to_owned(),
        foot: foot(finding, (first, last), both),
    }
}

fn title(series: &Series, step: usize) -> String {
    let mut title = format!("{} a day", words::label(unit(series)));
    if let Some((at, value)) = highest(series) {
        title.push_str(&format!(", highest {} on {}", words::number(value), words::day(at)));
    }
    if step > 1 {
        title.push_str(&format!("; a column is the highest of {step} days"));
    }
    title
}

fn foot(finding: &Finding, (first, last): (i32, i32), both: bool) -> String {
    let (first, last) = (words::day(Micros::of_day(first)), words::day(Micros::of_day(last)));
    let (seen, raised) = (words::day(finding.first_seen), words::day(finding.raised));
    let marks = match both {
        true => format!("b first seen {seen}, raised {raised}"),
        false => format!("f first seen {seen}, r raised {raised}"),
    };
    format!("{first} to {last}; {marks}")
}

/// What a picture of the days shows, in words.
pub(crate) fn alt(series: &Series, finding: &Finding, usual: Option<&Usual>) -> String {
    let mut alt = format!("{}.", title(series, 1));
    if let Some(usual) = usual {
        alt.push_str(&format!(" Usual: {} a day ({}).", words::number(usual.value), usual.ground));
    }
    alt.push_str(&format!(
        " First seen on {}, raised on {}.",
        words::day(finding.first_seen),
        words::day(finding.raised)
    ));
    if let Some(words) = words::against(finding.p_value, finding.threshold) {
        alt.push_str(&format!(" {words}."));
    }
    if let Some(peers) = Peers::of(finding) {
        alt.push_str(&format!(" {}", peers.words()));
    }
    alt
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_model::time::DAY_US;

    fn at(day: i64) -> Micros {
        Micros(day * DAY_US)
    }

    fn series(points: &[(i64, f64)]) -> Series {
        let points = points.iter().map(|(day, v)| (at(*day), *v)).collect();
        Series { name: "people_a_day".into(), finding: None, unit: "people".into(), points }
    }

    fn finding(first: i64, raised: i64) -> Finding {
        let text = format!(
            r#"{{"id": "a", "detector": "reach", "severity": "high", "title": "", "explanation": "", "entities": [], "first_seen": "{}",
            "last_seen": "{}", "raised": "{}", "measures": {{}}, "baseline": {{}}, "p_value": null, "attack": [], "limits": [],
            "campaign": null, "state": "open", "snapshot": {{}}, "evidence_total": 1, "evidence_query": "",
            "evidence": [{{"path": "a", "line": 1, "offset": 0, "file": 1}}]}}"#,
            at(first),
            at(raised),
            at(raised)
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn bars_show_the_highest_of_their_days_and_mark_what_happened_when() {
        let drawn = bars(&series(&[(0, 1.0), (5, 8.0), (9, 4.0)]), &finding(5, 9), None, 100);
        assert_eq!(drawn.bars, "▁····█···▄");
        assert_eq!(drawn.marks, "     f   r");
        let drawn = bars(&series(&[(0, 1.0), (5, 8.0), (9, 4.0)]), &finding(5, 5), None, 4);
        assert_eq!((drawn.bars.as_str(), drawn.marks.as_str()), ("▁█·▄", " b"));
        assert!(drawn.title.ends_with("; a column is the highest of 3 days"), "{}", drawn.title);
        let one = bars(&series(&[]), &finding(5, 5), None, 0);
        assert_eq!((one.bars.as_str(), one.marks.as_str()), ("·", ""));
    }

    #[test]
    fn what_the_model_expects_of_a_day_is_shown_first() {
        let mut of = finding(5, 9);
        let mut all = vec![series(&[(1, 1.0)]), series(&[(1, 9.0)])];
        all.iter_mut().for_each(|s| s.finding = Some("a".into()));
        all[1].name = "bytes_a_day".into();
        let names = |of: &Finding| super::of(&all, of).iter().map(|s| s.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&of), ["people_a_day", "bytes_a_day"]);
        of.baseline.insert("bytes_per_day".into(), 4.0);
        assert_eq!(names(&of), ["bytes_a_day", "people_a_day"]);
    }

    #[test]
    fn usual_is_the_models_or_the_median_of_the_days_before_quiet_ones_included() {
        let period = Some(Period { first: at(0), last: at(30) });
        let mut of = finding(10, 12);
        let some = series(&[(1, 5.0), (2, 5.0), (3, 5.0), (4, 5.0), (5, 7.0), (6, 7.0), (11, 900.0)]);
        let value = |of: &Finding, s: &Series| usual(s, of, period).map(|u| u.value);
        assert_eq!(value(&of, &some), Some(5.0));
        assert_eq!(value(&of, &series(&[(1, 5.0)])), Some(0.0));
        assert_eq!(value(&finding(6, 7), &some), None, "six days are no habit");
        of.baseline.insert("subjects_a_day".into(), 3.5);
        assert_eq!(value(&of, &some), Some(3.5));
    }
}
