//! The first screen: a verdict drawn from the scope, and five questions answered.
//!
//! The verdict claims no more than the scope does: it says "cannot be known" where the logs cannot tell, "no finding" where no
//! detector fired, and never that nothing happened.

use crate::{
    doc::{Headline, Said, Tone},
    words,
};
use weir_model::{
    Language, Severity,
    case::{Bounds, Case, DatasetUsed, Determinable, Period, Scope, Statement},
    finding::State,
};

/// Statements of the summary repeated on the first screen.
const STATEMENTS_MAX: usize = 3;
/// Things to do on the first screen.
const TODAY_MAX: usize = 3;

/// Files that were not understood, of which each is named, and the longest such name.
const UNREAD_NAMED_MAX: usize = 3;
const UNREAD_BYTES_MAX: usize = 100;

/// What the version to pass on says of itself.
const MASKED: &str = "Masked, to be passed on: people, whoever acts, credentials and what identifies them stand under keyed pseudonyms, \
    the same in each masked document of this organisation; what a log says in its own words reads (masked).";

pub(crate) fn headline(case: &Case) -> Headline<'_> {
    let (tone, verdict) = verdict(case);
    let mut today: Vec<_> = case.incident.recommendations.iter().collect();
    today.sort_by_key(|r| std::cmp::Reverse(r.severity));
    today.truncate(TODAY_MAX);
    let mut answers = vec![
        ("What happened", what_happened(case)),
        ("Whose data", vec![whose(case)]),
        ("Since when", since(case)),
        ("How sure", vec![sure(case)]),
    ];
    if case.masked {
        let how = Said::Derived(MASKED.to_owned(), "appendix", "limits");
        answers.insert(0, ("This version", vec![how]));
    }
    Headline { verdict, tone, answers, today, tally: tally(case) }
}

/// Findings that call for somebody by severity, highest first, zeros left out.
pub(crate) fn tally(case: &Case) -> Vec<(Severity, u64)> {
    let of = |s| case.findings.iter().filter(|f| f.calls() && f.severity == s).count() as u64;
    Severity::ALL.iter().rev().map(|s| (*s, of(*s))).filter(|(_, n)| *n > 0).collect()
}

/// How many findings have a state.
pub(crate) fn with_state(case: &Case, state: State) -> u64 {
    case.findings.iter().filter(|f| f.state == state).count() as u64
}

/// One sentence, and what kind it is. That everything was told to be quiet is said, and takes nothing from what was exposed.
pub(crate) fn verdict(case: &Case) -> (Tone, String) {
    let (tone, words) = of_all(case);
    let words = if case.masked { format!("Masked: {}", in_a_sentence(&words)) } else { words };
    let calling = case.findings.iter().any(weir_model::Finding::calls);
    match with_state(case, State::Suppressed) {
        0 => (tone, words),
        _ if calling => (tone, words),
        1 => (tone, format!("{words}; the one finding was told to be quiet")),
        n => (tone, format!("{words}; all {} findings were told to be quiet", words::count(n))),
    }
}

/// A sentence behind a colon.
fn in_a_sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn of_all(case: &Case) -> (Tone, String) {
    if case.totals.parsed + case.totals.duplicates == 0 {
        return (Tone::Nothing, "Nothing in these files could be read".into());
    }
    if case.period.is_none() && case.recorded().is_some() {
        return (Tone::Nothing, words::outside(case));
    }
    if !case.findings.iter().any(weir_model::Finding::stands) {
        return (Tone::Quiet, format!("No finding in {}", looked_at(case)));
    }
    match (case.scope.determinable, case.scope.subjects) {
        (Determinable::No, _) | (_, None) => {
            (Tone::CannotBeKnown, "Whose data was exposed cannot be known from these logs".into())
        }
        (Determinable::Yes, Some(Bounds { lower: 0, upper: Some(0) })) => {
            (Tone::NoOne, format!("{}; no person’s data was exposed", findings(case)))
        }
        (_, Some(Bounds { lower: 0, .. })) => {
            (Tone::CannotBeKnown, "Nobody is shown by name, yet people’s data may have been exposed".into())
        }
        (_, Some(Bounds { lower, upper })) => {
            let least = if upper == Some(lower) { "" } else { "at least " };
            let people = words::quantity(lower, "person", "people");
            // Where nothing but doubtful findings stand, nobody has been accused for certain.
            let grave = case.findings.iter().any(|f| f.stands() && f.severity >= Severity::High);
            match grave {
                true => (Tone::Exposed, format!("Data of {least}{people} was exposed")),
                false => (Tone::CannotBeKnown, format!("Data of {least}{people} may have been exposed")),
            }
        }
    }
}

/// The records that are there, where they are fewer than were read: some were deleted, or are of another time.
fn looked_at(case: &Case) -> String {
    let read = case.totals.parsed;
    let there: u64 = case.coverage.iter().flat_map(|sensor| sensor.days.values()).sum();
    let records = words::quantity(read.min(there), "record", "records");
    if there < read { format!("{records} looked at, of {} read", words::count(read)) } else { records }
}

fn findings(case: &Case) -> String {
    let standing = case.findings.iter().filter(|f| f.stands()).count();
    words::quantity(standing as u64, "finding", "findings")
}

/// Whether what a summary states is the title of no finding, or of its detector's first: those of one kind are told once.
fn is_first_of_its_kind(case: &Case, stated: &Statement) -> bool {
    let title = stated.value().map_or("", |value| value.trim_end_matches('.'));
    let Some(of) = case.findings.iter().find(|f| f.title == title) else { return true };
    case.findings.iter().find(|f| f.detector == of.detector).is_some_and(|first| first.id == of.id)
}

pub(super) fn what_happened(case: &Case) -> Vec<Said<'_>> {
    let stated = case
        .incident
        .summary
        .iter()
        .filter(|s| s.value().is_some())
        .filter(|s| is_first_of_its_kind(case, s));
    let stated: Vec<_> = stated.map(Said::of).collect();
    if !stated.is_empty() {
        return stated.into_iter().take(STATEMENTS_MAX).collect();
    }
    let calling = case.findings.iter().filter(|f| f.calls()).take(STATEMENTS_MAX);
    let titles = calling.map(|f| Said::Cited(f.title.clone(), &f.evidence.0));
    let titles: Vec<_> = titles.collect();
    if !titles.is_empty() {
        return titles;
    }
    let outside = format!("{}, so nothing can be said about what happened in it.", words::outside(case));
    let words = match case.totals.parsed + case.totals.duplicates {
        _ if with_state(case, State::Suppressed) > 0 => {
            "What was found was told to be quiet; the findings say by whom, why and until when."
        }
        _ if case.period.is_none() && case.recorded().is_some() => outside.as_str(),
        0 => "No file was recognised as a log, so nothing can be said about what happened.",
        _ => {
            "No detector fired. That is not proof that nothing happened: the coverage says what these logs can show."
        }
    };
    vec![Said::Derived(words.to_owned(), "coverage", "coverage")]
}

fn whose(case: &Case) -> Said<'_> {
    let scope = &case.scope;
    let people = people_of(scope);
    if scope.subjects.is_none() || scope.determinable == Determinable::No {
        // The reason stands once on the page, beside it.
        let why = "Why, and what would tell, is said under “How sure”.";
        return Said::Unknown(match people == words::people(None) {
            true => why.to_owned(),
            false => format!("{people}. {why}"),
        });
    }
    let least = scope.subjects.map_or(0, |people| people.lower);
    let held = case.organisation.members.filter(|held| *held >= least);
    let of = held.map(|m| format!(" of {} held", words::count(m))).unwrap_or_default();
    let what = match scope.categories.as_slice() {
        [] => String::new(),
        categories => {
            format!(": {}", words::categories(categories))
        }
    };
    let quiet = match case.suppressed_subjects {
        Some(n) if n > 0 => format!("; {} of them by suppressed findings alone", words::count(n)),
        _ => String::new(),
    };
    let guessed = if guessed(case) { GUESSED } else { "" };
    Said::Derived(format!("{people}{of}{what}{quiet}.{guessed}"), "scope", "scope.csv")
}

/// What is said where kinds of data are what names of routes and columns suggest.
const GUESSED: &str = " Kinds of data are guessed from what routes and columns are called.";

/// Whether nobody configured what the datasets hold of which the scope has kinds of data.
fn guessed(case: &Case) -> bool {
    let named = |d: &&DatasetUsed| d.categories.iter().any(|c| case.scope.categories.contains(c));
    let mut of = case.datasets.iter().filter(named).peekable();
    of.peek().is_some() && of.all(|d| d.origin != "configured")
}

/// How many people a scope names, with the two zeros kept apart.
pub(crate) fn people_of(scope: &Scope) -> String {
    match scope.determinable {
        Determinable::No => words::people(None),
        _ => words::people(scope.subjects),
    }
}

/// From when to when and how long, in the reader's own time as well: who must report within hours counts in it.
fn lasted(case: &Case, period: Period) -> String {
    let words = format!("{}, over {}.", words::period(period), words::duration(period.first, period.last));
    match case.organisation.language {
        Language::English => words,
        Language::Korean => format!("{words} {}.", words::in_korea(period)),
    }
}

fn since(case: &Case) -> Vec<Said<'_>> {
    let mut said = Vec::new();
    // A finding that names no technique says what the logs lack, not what somebody did.
    let deeds = || case.findings.iter().filter(|f| f.stands() && !f.attack.is_empty());
    let exposed = case.scope.subjects.filter(|_| case.scope.determinable != Determinable::No);
    if let (Some(_), Some(first), Some(last)) = (exposed, case.scope.first, case.scope.last) {
        let words = lasted(case, Period { first, last });
        said.push(Said::Derived(words, "scope", "first and last record of exposed data"));
    } else if let Some(first) = deeds().map(|f| f.first_seen).min() {
        let last = deeds().map(|f| f.last_seen).max().unwrap_or(first);
        // What the same hand did before and after is in the timeline.
        let (began, ended) =
            (case.timeline.iter().map(|e| e.time), case.timeline.iter().map(|e| e.until.unwrap_or(e.time)));
        let (first, last) = (began.chain([first]).min(), ended.chain([last]).max());
        if let (Some(first), Some(last)) = (first, last) {
            let words = lasted(case, Period { first, last });
            said.push(Said::Derived(
                words,
                "timeline",
                "first and last of what was found and of the timeline",
            ));
        }
    }
    match case.period {
        Some(p) => {
            said.push(Said::Derived(format!("The logs cover {}.", words::period(p)), "coverage", "coverage"))
        }
        None => match case.recorded() {
            Some(all) => {
                let words = format!("{}; the records cover {}.", words::outside(case), words::period(all));
                said.push(Said::Derived(words, "appendix", "intake account"));
            }
            None => said.push(Said::needs("at least one record with a time.")),
        },
    }
    said
}

fn sure(case: &Case) -> Said<'_> {
    let gaps: usize = case.coverage.iter().map(|c| c.gaps.len()).sum();
    let mut words =
        format!("{}: {}", words::label(words::determinable(case.scope.determinable)), case.scope.reason);
    if !words.ends_with('.') {
        words.push('.');
    }
    if gaps > 0 {
        words.push_str(&format!(" The logs have {}.", words::quantity(gaps as u64, "gap", "gaps")));
    }
    if case.totals.files_unread > 0 {
        let unread = words::quantity(case.totals.files_unread, "file was", "files were");
        let names = case.intake.iter().filter(|i| i.source.is_none()).map(|i| format!("`{}`", i.path));
        let names: Vec<String> = names.take(UNREAD_NAMED_MAX + 1).collect();
        let plain = |name: &String| {
            name.len() < UNREAD_BYTES_MAX
                && name.matches('`').count() == 2
                && crate::escape::visible(name) == name.as_str()
        };
        let named = names.len() <= UNREAD_NAMED_MAX && names.iter().all(plain);
        let named =
            if named && !names.is_empty() { format!(" ({})", names.join(", ")) } else { String::new() };
        words.push_str(&format!(" {unread} not understood{named}."));
    }
    let cut = case.intake.iter().filter(|i| i.cut_short()).count() as u64;
    if cut > 0 {
        let cut = words::quantity(cut, "file", "files");
        words.push_str(&format!(" {cut} could not be read, or not to the end."));
    }
    Said::Derived(words, "scope", "scope")
}
