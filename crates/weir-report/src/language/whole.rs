//! Names that a sentence must not be cut in: what strangers are called may read like several sentences of Weir's own.
//!
//! Decisive choice: before a report is said in another language, spaces in such names become [`HELD`], behind which no part of a sentence ends, and
//! [`super::say`] gives them back. A name by itself, a path and a query stay as they are, and nothing is copied where no name needs it.

use crate::masked::entities;
use std::borrow::Cow;
use std::collections::BTreeSet;
use weir_model::case::Case;
use weir_model::{Claim, Language};

/// What stands for a space in a name: looks like one, wherever it should be left.
pub(super) const HELD: char = '\u{a0}';
/// The most names that are looked for.
const NAMES_MAX: usize = 1_000;
/// A case as it is to be said in its language.
pub(crate) fn whole_names(case: &Case) -> Cow<'_, Case> {
    if case.organisation.language == Language::English {
        return Cow::Borrowed(case);
    }
    let ends = |name: &&str| super::catalogue::BETWEEN.iter().any(|between| name.contains(between));
    let names: BTreeSet<&str> = entities(case).map(|entity| entity.value.as_str()).filter(ends).collect();
    if names.is_empty() {
        return Cow::Borrowed(case);
    }
    let mut names: Vec<&str> = names.into_iter().collect();
    // The longest first: one name may hold another.
    names.sort_by_key(|name| (std::cmp::Reverse(name.len()), *name));
    names.truncate(NAMES_MAX);
    let held: Vec<(&str, String)> =
        names.iter().map(|name| (*name, name.replace(' ', &HELD.to_string()))).collect();
    let mut whole = case.clone();
    each_sentence(&mut whole, &mut |text| hold(text, &held));
    Cow::Owned(whole)
}

/// Every sentence of a case in which somebody may be named.
fn each_sentence(case: &mut Case, say: &mut dyn FnMut(&mut String)) {
    for finding in &mut case.findings {
        [&mut finding.title, &mut finding.explanation].into_iter().for_each(&mut *say);
        finding.limits.iter_mut().chain(&mut finding.state_reason).for_each(&mut *say);
        finding.reasons.iter_mut().chain(&mut finding.perhaps).for_each(|reason| say(&mut reason.why));
    }
    case.timeline.iter_mut().for_each(|event| say(&mut event.what));
    for scope in [&mut case.scope].into_iter().chain(case.finding_scopes.values_mut()) {
        say(&mut scope.reason);
        scope
            .gaps
            .iter_mut()
            .for_each(|gap| [&mut gap.what, &mut gap.reason].into_iter().for_each(&mut *say));
    }
    let incident = &mut case.incident;
    let labelled = incident.details.iter_mut().chain(&mut incident.impact).chain(&mut incident.response);
    let stated = incident.summary.iter_mut().chain(labelled.map(|l| &mut l.statement));
    for claim in stated.chain(incident.methodology.iter_mut().map(|line| &mut line.statement)) {
        match claim {
            Claim::Stated { value, .. } => say(value),
            Claim::Unknown { needed } => say(needed),
        }
    }
    incident.indicators.iter_mut().for_each(|one| say(&mut one.why));
    incident.lessons.iter_mut().chain(&mut incident.recommendations).for_each(|r| say(&mut r.text));
    case.limits.iter_mut().for_each(say);
}

fn hold(text: &mut String, names: &[(&str, String)]) {
    for (name, held) in names {
        if text.len() > name.len() && text.contains(name) {
            *text = text.replace(name, held);
        }
    }
}
