//! Whom it concerned, beyond the number: shares, how people divide, and what was reported before.
//!
//! Decisive choice: the report, the terminal and the folder of `weir scope` draw the same rows. A share is said only of what was configured, and only
//! where it is no more than all.

use crate::folder::{People, new_folder, private, write_scope};
use crate::reported::Comparing;
use crate::section::headline::people_of;
use crate::summary::{Line, Style, labelled, wrapped};
use crate::{Result, csv, json, words};
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use weir_model::case::{Bounds, Compared, Divided, Exposure, Organisation, Period, Scope};

/// The most words of one kind that a row has.
const WORDS_MAX: usize = 8;
/// The most limits that a terminal shows.
const LIMITS_MAX: usize = 4;
/// The table of people for programs, in the folder of `weir scope`.
const COLUMNS: &str = "scope.parquet";
/// Everybody who was reported or is in evidence, where a list was given.
const REPORTED: &str = "reported.csv";
/// The answer itself.
const ANSWER: &str = "exposure.json";

/// What there is to say beyond the number of people, as labels and words.
pub(crate) fn rows(
    scope: &Scope,
    divided: &Divided,
    organisation: &Organisation,
    reported: Option<u64>,
) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let Some(bounds) = scope.subjects else { return rows };
    let shares = [(organisation.members, "people held"), (organisation.population, "inhabitants")];
    let shares = shares.into_iter().filter_map(|(all, of)| Some(share(bounds, all?, of)));
    let shares: Vec<String> = shares.flatten().collect();
    if !shares.is_empty() {
        rows.push(("Share", words::list(&shares)));
    }
    if let Some(reported) = reported {
        rows.push(("Reported before", difference(bounds, reported)));
    }
    let divisions = [
        ("Ids of", &divided.kinds),
        ("Known by", &divided.bases),
        ("Kinds of data", &divided.categories),
        ("Read from", &divided.countries),
    ];
    for (label, counts) in divisions {
        // One word for all says nothing more, but for what the ids count.
        if counts.len() > 1 || (counts.len() == 1 && label == "Ids of") {
            // Sessions, and ids of other kinds, may be of the same people.
            let each = if label == "Ids of" && counts.len() > 1 {
                "; the rows below count each of these"
            } else {
                ""
            };
            rows.push((label, format!("{}{each}", counted(counts))));
        }
    }
    if let Some(days) = days(&divided.days) {
        rows.push(("Appeared", days));
    }
    if divided.doubtful > 0 {
        let more = words::quantity(divided.doubtful, "more person", "more people");
        rows.push((
            "Doubtful",
            format!("{more}, whom findings below severity high alone reached, not counted above"),
        ));
    }
    rows
}

fn share(bounds: Bounds, all: u64, of: &str) -> Option<String> {
    let percent = 100.0 * bounds.lower as f64 / all as f64;
    let least = if bounds.upper == Some(bounds.lower) { "" } else { "at least " };
    let percent = words::number(rounded(percent));
    (bounds.lower > 0 && bounds.lower <= all)
        .then(|| format!("{least}{percent} % of {} {of}", words::count(all)))
}

/// A number to three digits that matter.
fn rounded(x: f64) -> f64 {
    let unit = 10_f64.powf(x.abs().log10().floor() - 2.0);
    if unit.is_normal() { (x / unit).round() * unit } else { x }
}

/// What was reported beside what records show.
fn difference(Bounds { lower, upper }: Bounds, reported: u64) -> String {
    let said = words::quantity(reported, "person", "people");
    if lower > reported {
        let more = words::count(lower - reported);
        let times = match reported {
            0 => String::new(),
            _ => format!(", {} times as many", words::number(rounded(lower as f64 / reported as f64))),
        };
        return format!(
            "{said}; records show {more} more{times}; each is a row of scope.csv with the findings that have its records"
        );
    }
    match upper {
        Some(upper) if upper < reported => {
            format!("{said}; these logs can account for {} at most", words::count(upper))
        }
        _ if lower == reported => format!("{said}, as many as records show"),
        _ => format!("{said}; records show {} of them, and do not rule out the rest", words::count(lower)),
    }
}

/// Where `weir scope` names those who were reported or are in evidence.
const IN_ITS_FOLDER: &str = "reported.csv of -o names them, with how many records";

/// Who was reported by name beside who is in evidence, and what names them.
pub(crate) fn listed(of: Compared, named: &str) -> String {
    let unnamed = |n: u64, one: &str, many: &str| match n {
        0 => String::new(),
        n => format!(
            " {} beside them {}, and may be anybody's, listed or not;",
            words::quantity(n, one, many),
            if n == 1 { "names nobody" } else { "name nobody" }
        ),
    };
    let sessions = unnamed(of.unnamed_sessions, "session in evidence", "sessions in evidence");
    let things = unnamed(of.unnamed_things, "thing in evidence", "things in evidence");
    format!(
        "{} listed; {} in evidence were reported, {} in evidence were not, {} of the list are in no record;{sessions}{things} {named}",
        words::count(of.listed),
        words::quantity(of.confirmed, "person", "people"),
        words::count(of.not_reported),
        words::count(of.not_in_evidence)
    )
}

fn counted(counts: &BTreeMap<String, u64>) -> String {
    let mut all: Vec<(&String, u64)> = counts.iter().map(|(word, n)| (word, *n)).collect();
    all.sort_by_key(|(word, n)| (std::cmp::Reverse(*n), *word));
    let mut told: Vec<String> = all
        .iter()
        .take(WORDS_MAX)
        .map(|(word, n)| format!("{} {}", words::label(word), words::count(*n)))
        .collect();
    if all.len() > WORDS_MAX {
        told.push(format!("{} others", all.len() - WORDS_MAX));
    }
    told.join(", ")
}

/// Over how many days people were shown for the first time, and when most were.
fn days(days: &BTreeMap<String, u64>) -> Option<String> {
    let (first, last) = (days.keys().next()?, days.keys().next_back()?);
    let (day, most) = days.iter().max_by_key(|(day, n)| (**n, std::cmp::Reverse(*day)))?;
    if days.len() == 1 {
        return Some(format!("all on {day}"));
    }
    let on = words::quantity(days.len() as u64, "day", "days");
    Some(format!("on {on} from {first} to {last}, most on {day} ({})", words::count(*most)))
}

/// An answer for a terminal; `folder` says where it was written.
pub fn exposure_text(told: &Exposure, folder: Option<&str>) -> Vec<Line> {
    let scope = &told.scope;
    let mut lines = vec![labelled("Exposed", Style::Strong, people_of(scope))];
    wrapped("How sure", &words::label_first(&scope.reason), &mut lines);
    if !scope.categories.is_empty() {
        lines.push(labelled("Data", Style::Plain, words::categories(&scope.categories)));
    }
    let mut records = words::quantity(scope.records, "record", "records");
    if let Some((first, last)) = scope.first.zip(scope.last) {
        records = format!("{records}, {}", words::period(Period { first, last }));
    }
    lines.push(labelled("Records", Style::Plain, records));
    if let Some(compared) = told.compared {
        wrapped("Reported", &listed(compared, IN_ITS_FOLDER), &mut lines);
    }
    let reported = told.reported.filter(|_| told.compared.is_none());
    for (label, text) in rows(scope, &told.divided, &told.organisation, reported) {
        let label = if label == "Reported before" { "Reported" } else { label };
        wrapped(label.trim_start_matches("Kinds of "), &text, &mut lines);
    }
    for gap in scope.gaps.iter().take(LIMITS_MAX) {
        wrapped("Limit", &format!("{}: {}; {}", gap.what, words::gap_span(gap), gap.reason), &mut lines);
    }
    if scope.gaps.len() > LIMITS_MAX {
        let more = scope.gaps.len() - LIMITS_MAX;
        lines.push(labelled("", Style::Faint, format!("{more} more limits; --json has all")));
    }
    told.limits.iter().take(LIMITS_MAX).for_each(|limit| wrapped("Limit", limit, &mut lines));
    if let Some(folder) = folder {
        lines.push(labelled("Written", Style::Plain, folder.to_owned()));
    }
    lines
}

/// Writes an answer and everybody of it into a new folder, which its owner alone can read.
///
/// # Errors
/// If the folder is there and not empty, or the disk refuses.
pub fn write_exposure<E: std::fmt::Display>(
    dir: &Path,
    told: &Exposure,
    people: impl Iterator<Item = People<E>>,
    reported: Option<(Comparing<'_>, impl Iterator<Item = People<E>>)>,
) -> Result<u64> {
    new_folder(dir, |stage| {
        if let Some((comparing, people)) = reported {
            let path = stage.join(REPORTED);
            csv::beside(BufWriter::new(private(&path)?), comparing, people)?;
        }
        let (table, columns) = (stage.join(csv::SCOPE.file), stage.join(COLUMNS));
        let rows = write_scope([&table, &columns], people)?;
        let path = stage.join(ANSWER);
        let text = json::line(told)?;
        let mut file = private(&path)?;
        crate::folder::at(&path, file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))?;
        Ok(rows)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reported_is_held_against_what_records_show() {
        let of = |lower, upper, reported| difference(Bounds { lower, upper }, reported);
        let found = of(33_673_817, None, 4_536);
        assert!(found.contains("33,669,281 more, 7,420 times as many"), "{found}");
        assert!(of(5, Some(9), 0).starts_with("0 people; records show 5 more;"));
        assert!(of(5, Some(5), 5).contains("as many as records show"));
        assert!(of(5, Some(9), 7).contains("do not rule out the rest"));
        assert!(of(5, Some(6), 7).contains("account for 6 at most"));
    }

    #[test]
    fn a_share_is_of_no_more_than_all() {
        let bounds = Bounds { lower: 2, upper: Some(4) };
        assert_eq!(share(bounds, 8, "people held").unwrap(), "at least 25 % of 8 people held");
        let few = share(Bounds { lower: 21_313, upper: Some(21_313) }, 51_700_000, "inhabitants").unwrap();
        assert_eq!(few, "0.041 % of 51,700,000 inhabitants");
        assert_eq!(share(bounds, 1, "people held"), None);
        assert_eq!(share(Bounds { lower: 0, upper: Some(0) }, 8, "people held"), None);
    }
}
