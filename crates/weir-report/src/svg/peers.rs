//! A finding's entity against its peers: what the largest of them reached, half of them, and what it reached itself.
//!
//! Decisive choice: the axis is of powers of ten from nobody on, since what is found lies far beyond peers of whom most reached nobody.

use super::Key;
use super::axis::{LEFT, diamond, n};
use crate::{language::say, words};
use maud::{Markup, html};
use weir_model::{Finding, Language};

/// Height of the row with its ticks.
pub(super) const HEIGHT: f64 = 80.0;

/// What a finding measured of its first entity and of the peers.
pub(crate) struct Peers {
    all: f64,
    half: f64,
    largest: f64,
    own: f64,
}

impl Peers {
    /// Of a finding that measured them.
    pub(crate) fn of(finding: &Finding) -> Option<Self> {
        let measure = |name: &str| finding.measures.get(name).copied().filter(|v| v.is_finite());
        Some(Self {
            all: measure("peers")?,
            half: finding.baseline.get("people_in_window").copied().filter(|v| v.is_finite())?,
            largest: measure("largest_peer_in_window")?,
            own: measure("people_in_window")?,
        })
    }

    /// As a sentence.
    pub(crate) fn words(&self) -> String {
        let [all, half, largest, own] = [self.all, self.half, self.largest, self.own].map(words::number);
        format!(
            "In its window the first that fired reached {own} people, the largest of {all} peers about {largest}, and half of them {half} or fewer."
        )
    }

    /// What the marks mean.
    pub(super) fn legend(&self) -> [Key; 1] {
        [Key::new("flow", "in the lowest row: up to the largest of its peers, and a diamond where it stands")]
    }

    /// The row, `y` being the axis.
    pub(super) fn row(&self, y: f64, right: f64, language: Language) -> Markup {
        let scale = |people: f64| (1.0 + people.max(0.0)).log10();
        let end = scale(self.own.max(self.largest)).max(f64::EPSILON);
        let x = |people: f64| LEFT + scale(people) / end * (right - LEFT);
        let (half, largest, own) = (x(self.half), x(self.largest), x(self.own));
        html! {
            line.axis x1=(n(LEFT)) x2=(n(right)) y1=(n(y)) y2=(n(y)) {}
            text.tick x=(n(LEFT)) y=(n(y - 18.0)) text-anchor="start" { (say(language, "against its peers")) }
            rect.flow x=(n(LEFT)) y=(n(y - 5.0)) width=(n((largest - LEFT).max(2.0))) height="10" {}
            line.usual x1=(n(half)) x2=(n(half)) y1=(n(y - 12.0)) y2=(n(y + 12.0)) {}
            (diamond(own, y))
            text.tick x=(n(LEFT)) y=(n(y + 24.0)) text-anchor="start" { "0" }
            text.tick x=(n(right)) y=(n(y + 24.0)) text-anchor="end" { (words::number(self.own.max(self.largest))) }
        }
    }
}
