//! What a finding's entities did day by day: the finding's own days stand out, what was usual is a dashed line, and when it was first seen
//! and when the evidence sufficed are marked. Under it, where the budget cut a threshold, the chance of luck against it.

use super::axis::{LEFT, RIGHT, Time, Value, WIDTH, diamond, n};
use super::flow::bars;
use super::peers::{self, Peers};
use super::{Key, Picture};
use crate::days::{self, Usual};
use crate::{escape, language::say, words};
use maud::{Markup, html};
use weir_model::case::{Case, Series};
use weir_model::{Finding, Language, Micros};

/// Room above the plot for two rows of marks.
const TOP: f64 = 58.0;
const BOTTOM: f64 = 198.0;
/// The chance's own axis.
const CHANCE: f64 = 262.0;
/// Powers of ten that its axis spans; less likely ones stand at its end.
const POWERS: f64 = 15.0;

/// The picture; `None` when there is nothing to draw.
pub(crate) fn days(case: &Case, finding: &Finding, alt: &str, language: Language) -> Option<Picture> {
    let series = days::of(&case.series, finding).into_iter().next()?;
    let usual = days::usual(series, finding, case.period);
    let right = WIDTH - RIGHT;
    let marks = [finding.first_seen, finding.raised];
    let time = Time::of(case, series.points.iter().map(|p| p.0).chain(marks), right)?;
    let top = days::highest(series).map_or(0.0, |h| h.1).max(usual.as_ref().map_or(0.0, |u| u.value));
    let value = Value::new(top, TOP, BOTTOM);
    let own = |p: &(Micros, f64)| {
        (finding.first_seen.day()..=finding.last_seen.day()).contains(&p.0.day()) && p.1.is_finite()
    };
    let (inside, outside): (Vec<_>, Vec<_>) = series.points.iter().copied().partition(own);
    let chance = finding.p_value.zip(finding.threshold).filter(|(p, t)| *t > 0.0 && p.is_finite());
    let peers = Peers::of(finding);
    let below = if chance.is_some() { CHANCE + 34.0 } else { BOTTOM + 34.0 };
    let end = if peers.is_some() { below + peers::HEIGHT } else { below };
    let svg = html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (n(end)) } role="img" xmlns="http://www.w3.org/2000/svg" {
            title { (say(language, &format!("{} a day", words::label(days::unit(series))))) }
            desc { (escape::sentence(&say(language, alt))) }
            (value.grid(right))
            path.flow d=(bars(&outside, &time, &value, BOTTOM, 0.2)) {}
            path.flagged d=(bars(&inside, &time, &value, BOTTOM, 0.2)) {}
            @if let Some(usual) = &usual { (level(usual, &value, right)) }
            (mark(&say(language, "first seen"), finding.first_seen, &time, "first-seen", 20.0))
            (mark(&say(language, "raised"), finding.raised, &time, "raised", 46.0))
            (time.axis(BOTTOM, language))
            @if let Some((p, threshold)) = chance { (gauge(p, threshold, right, language)) }
            @if let Some(peers) = &peers { (peers.row(below + peers::HEIGHT - 34.0, right, language)) }
        }
    };
    let chance = words::against(finding.p_value, finding.threshold).map(|words| format!("{words}."));
    let notes = chance.into_iter().chain(peers.as_ref().map(Peers::words)).collect();
    let mut legend = legend(series, usual.as_ref());
    legend.extend(peers.iter().flat_map(Peers::legend));
    Some(Picture { svg, size: (WIDTH, end), legend, notes })
}

fn level(usual: &Usual, value: &Value, right: f64) -> Markup {
    let y = value.y(usual.value);
    html! { line.usual x1=(n(LEFT)) x2=(n(right)) y1=(n(y)) y2=(n(y)) {} }
}

/// A line down to the axis, with its word above the plot, kept inside the picture.
fn mark(word: &str, at: Micros, time: &Time, class: &str, y: f64) -> Markup {
    let x = time.x(at);
    let (anchor, label) = if x > WIDTH / 2.0 { ("end", x - 6.0) } else { ("start", x + 6.0) };
    html! {
        line class=(class) x1=(n(x)) x2=(n(x)) y1=(n(y - 12.0)) y2=(n(BOTTOM)) {}
        text.tick x=(n(label)) y=(n(y)) text-anchor=(anchor) { (word) }
    }
}

/// Chances from 1, at the left, to one in 10^15: a diamond where luck stands, a line where it fires.
fn gauge(p: f64, threshold: f64, right: f64, language: Language) -> Markup {
    let x = |p: f64| {
        let power = if p > 0.0 { -p.log10() } else { POWERS };
        LEFT + (power / POWERS).clamp(0.0, 1.0) * (right - LEFT)
    };
    let (at, fires) = (x(p), x(threshold));
    html! {
        line.axis x1=(n(LEFT)) x2=(n(right)) y1=(n(CHANCE)) y2=(n(CHANCE)) {}
        text.tick x=(n(LEFT - 8.0)) y=(n(CHANCE + 5.0)) text-anchor="end" { (say(language, "luck")) }
        line.raised x1=(n(fires)) x2=(n(fires)) y1=(n(CHANCE - 12.0)) y2=(n(CHANCE + 12.0)) {}
        (diamond(at, CHANCE))
        text.tick x=(n(LEFT)) y=(n(CHANCE + 24.0)) text-anchor="start" { "1" }
        text.tick x=(n(right)) y=(n(CHANCE + 24.0)) text-anchor="end" { (say(language, "1 in 10^15 or rarer")) }
    }
}

fn legend(series: &Series, usual: Option<&Usual>) -> Vec<Key> {
    let unit = words::label(days::unit(series));
    let mut keys = vec![
        Key::new("flagged", format!("{unit} a day while it lasted")),
        Key::new("flow", "before and after"),
    ];
    if let Some(usual) = usual {
        let ground = format!(" a day ({})", usual.ground);
        keys.push(Key::new("usual", "usual: ").then(words::number(usual.value), ground));
    }
    keys
}
