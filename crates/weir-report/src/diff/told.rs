//! A comparison in words: the parts that every format for people draws.
//!
//! Decisive choice: each part says in one line how much changed, or that nothing did, and then what, a line each; a list that is cut says of how many. Strings are raw
//! here; each format makes them inert in its own language.

mod finding;

use crate::words;
use std::collections::BTreeMap;
use weir_model::case::{Bounds, Configuration, Gap};
use weir_model::diff::{
    Came, CaseDiff, Change, DatasetChange, FileChange, FileHow, FileRead, Files, Gaps, ScopeChange, Side,
};

/// One thing that was compared.
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// How much of it changed.
    pub(super) summary: String,
    /// What of it, a line each.
    pub(super) rows: Vec<String>,
}

/// How much is told.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Lines of one list.
    pub(super) rows_max: usize,
    /// Where all are.
    pub(super) all_in: &'static str,
}

const SAME: &str = "no change";

/// The whole in one sentence.
pub(super) fn verdict(told: &CaseDiff) -> String {
    let Change { old, new } = told.scope.subjects;
    match (told.changed, old == new) {
        _ if unrelated(told) => format!(
            "The cases have no file in common, so they may be of different logs, and what differs is no change; exposed: {} in the one, {} in the other",
            words::people(old),
            words::people(new)
        ),
        (false, _) if told.not_compared.is_empty() => "No change in anything that is compared".to_owned(),
        (false, _) => "No change in what could be compared".to_owned(),
        (true, true) => format!("The cases differ; exposed as before: {}", words::people(new)),
        (true, false) => format!("Exposed: {} before, {} now", words::people(old), words::people(new)),
    }
}

/// Whether both cases read files and none of them, under its name or another, is in both.
fn unrelated(told: &CaseDiff) -> bool {
    let Files { new, gone, changed, same } = &told.files;
    let alone = |all: &[FileRead]| !all.is_empty() && all.iter().all(|file| file.known_as.is_none());
    *same == 0 && changed.is_empty() && alone(new) && alone(gone)
}

/// Everything that was compared.
pub(super) fn parts(told: &CaseDiff, room: Room) -> Vec<Part> {
    let part = |id, title, (summary, rows)| Part { id, title, summary, rows };
    let mut parts = vec![
        part("exposed", "Exposed", exposed(&told.scope)),
        part("people", "People", people(told)),
        part("divided", "Divided", divided(told, room)),
        part("findings", "Findings", finding::findings(&told.findings, room)),
        part("campaigns", "Campaigns", finding::campaigns(&told.campaigns, room)),
        part("files", "Files", files(told, room)),
        part("made", "Made with", made_with(&told.old, &told.new)),
        part("data", "Data", datasets(told, room)),
        part("gaps", "Gaps", gaps(&told.gaps, room)),
        part("limits", "Limits", limits(&told.limits, room)),
    ];
    if !told.not_compared.is_empty() {
        let summary = "not everything could be compared".to_owned();
        parts.push(part("unknown", "Unknown", (summary, told.not_compared.clone())));
    }
    parts
}

type Told = (String, Vec<String>);

/// The lines of a list, and what was left out of it.
fn list<T>(rows: &mut Vec<String>, all: &[T], room: Room, line: impl Fn(&T) -> String) {
    rows.extend(all.iter().take(room.rows_max).map(line));
    rows.extend(words::cut_note(all.len().min(room.rows_max), all.len(), room.all_in));
}

/// `2 new, 1 gone, 3 changed; 5 the same`.
fn tally(new: usize, gone: usize, changed: usize, same: Option<u64>) -> String {
    let counts = [(new, "new"), (gone, "gone"), (changed, "changed")];
    let counted: Vec<String> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{} {word}", words::count(*n as u64)))
        .collect();
    let differ = if counted.is_empty() { SAME.to_owned() } else { counted.join(", ") };
    match same.filter(|n| *n > 0) {
        Some(same) => format!("{differ}; {} the same", words::count(same)),
        None => differ,
    }
}

/// `6 to 10`.
fn both<T>(change: &Change<T>, word: impl Fn(&T) -> String) -> String {
    format!("{} to {}", word(&change.old), word(&change.new))
}

fn number(n: &u64) -> String {
    words::count(*n)
}

/// `+4`, `-4`; nothing where there is no difference to state.
fn signed(difference: Option<i64>) -> String {
    match difference {
        Some(n) if n > 0 => format!(" (+{})", words::count(n.unsigned_abs())),
        Some(n) if n < 0 => format!(" (-{})", words::count(n.unsigned_abs())),
        _ => String::new(),
    }
}

fn exposed(scope: &ScopeChange) -> Told {
    let mut rows = Vec::new();
    let bounds = |word: &str, of: &dyn Fn(Bounds) -> String, difference| {
        let Change { old, new } = scope.subjects;
        let told = |side: Option<Bounds>| side.map_or_else(|| "cannot be known".to_owned(), of);
        let (old, new) = (told(old), told(new));
        (old != new).then(|| format!("{word}: {old} to {new}{}", signed(difference)))
    };
    rows.extend(bounds("At least", &|b| words::count(b.lower), scope.lower_difference));
    let upper = |b: Bounds| b.upper.map_or_else(|| "no upper bound".to_owned(), words::count);
    rows.extend(bounds("At most", &upper, scope.upper_difference));
    let mut differs = |label: &str, text: Option<String>| {
        rows.extend(text.map(|text| format!("{label}: {text}")));
    };
    let of = |change: &Change<u64>| (change.old != change.new).then(|| both(change, number));
    let sure = &scope.determinable;
    let sure = (sure.old != sure.new).then(|| both(sure, |d| words::determinable(*d).to_owned()));
    differs("How sure", sure);
    differs("Records", of(&scope.records));
    let unknown = || "not known".to_owned();
    let bytes = (scope.bytes.old != scope.bytes.new)
        .then(|| both(&scope.bytes, |b| b.map_or_else(unknown, words::bytes)));
    differs("Sent", bytes);
    for (label, change) in [("First", &scope.first), ("Last", &scope.last)] {
        let times = (change.old != change.new)
            .then(|| both(change, |at| at.map_or_else(|| "none".to_owned(), words::instant)));
        differs(label, times);
    }
    differs("Kinds of data", came(&scope.categories, words::categories));
    if scope.reason.old != scope.reason.new {
        rows.push(format!("Why it was that sure: {}", scope.reason.old));
        rows.push(format!("Why it is: {}", scope.reason.new));
    }
    let Change { old, new } = scope.subjects;
    let summary = match old == new {
        true if rows.is_empty() => format!("{SAME}: {}", words::people(new)),
        true => format!("as many as before: {}", words::people(new)),
        false => "other bounds".to_owned(),
    };
    (summary, rows)
}

/// `new: phone; gone: name`.
fn came(change: &Came<String>, word: impl Fn(&[String]) -> String) -> Option<String> {
    let sides = [("new", &change.new), ("gone", &change.gone)];
    let told: Vec<String> = sides
        .iter()
        .filter(|(_, all)| !all.is_empty())
        .map(|(side, all)| format!("{side}: {}", word(all)))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn people(told: &CaseDiff) -> Told {
    let Some(people) = &told.people else { return ("not compared, see Unknown".to_owned(), Vec::new()) };
    let columns = people.columns.iter().map(|(name, n)| format!("{name} of {}", words::count(*n)));
    let columns: Vec<String> = columns.collect();
    let summary = format!(
        "rows of the scope: {} before, {} now; {} added, {} gone, {} changed, {} the same",
        words::count(people.old),
        words::count(people.new),
        words::count(people.added),
        words::count(people.gone),
        words::count(people.changed),
        words::count(people.same),
    );
    let rows = (!columns.is_empty()).then(|| format!("Changed: {}", words::list(&columns)));
    (summary, rows.into_iter().collect())
}

fn divided(told: &CaseDiff, room: Room) -> Told {
    let divided = &told.divided;
    let mut rows = Vec::new();
    let sets: [(&str, &BTreeMap<String, Change<u64>>); 4] = [
        ("Ids of", &divided.kinds),
        ("Known by", &divided.bases),
        ("Kind of data", &divided.categories),
        ("Read from", &divided.countries),
    ];
    for (label, counts) in sets {
        let counts: Vec<_> = counts.iter().collect();
        let line = |(word, change): &(&String, &Change<u64>)| {
            let word = words::categories(std::slice::from_ref(*word));
            format!("{label} {word}: {}", both(change, number))
        };
        list(&mut rows, &counts, room, line);
    }
    rows.extend(divided.doubtful.as_ref().map(|change| format!("Doubtful: {}", both(change, number))));
    let summary = if rows.is_empty() { SAME } else { "other numbers" };
    (summary.to_owned(), rows)
}

fn digest(sha256: Option<&String>) -> String {
    match sha256.and_then(|sha| sha.get(..12)) {
        Some(head) => format!("SHA-256 {head}…"),
        None => "not read to its end".to_owned(),
    }
}

fn files(told: &CaseDiff, room: Room) -> Told {
    let files = &told.files;
    let mut rows = Vec::new();
    let alone = |word: &str, other: &str, f: &FileRead| {
        let known = f.known_as.as_ref().map(|path| format!("; {other} {path}")).unwrap_or_default();
        let rejected = (f.rejected > 0).then(|| format!(", {} rejected", words::count(f.rejected)));
        format!(
            "{word}: {}, {}{}, {}{known}",
            f.path,
            words::quantity(f.parsed, "record", "records"),
            rejected.unwrap_or_default(),
            digest(f.sha256.as_ref())
        )
    };
    list(&mut rows, &files.new, room, |f| alone("New", "before it was", f));
    list(&mut rows, &files.gone, room, |f| alone("Gone", "now it is", f));
    list(&mut rows, &files.changed, room, file);
    let (was, is) = (&told.old.totals, &told.new.totals);
    for (label, change) in [
        ("Records in all", Change { old: was.records, new: is.records }),
        ("Read", Change { old: was.parsed, new: is.parsed }),
        ("Rejected", Change { old: was.rejected, new: is.rejected }),
    ] {
        let difference = i64::try_from(i128::from(change.new) - i128::from(change.old)).ok();
        let told = format!("{label}: {}{}", both(&change, number), signed(difference));
        rows.extend((change.old != change.new).then_some(told));
    }
    (tally(files.new.len(), files.gone.len(), files.changed.len(), Some(files.same)), rows)
}

fn file(f: &FileChange) -> String {
    let how = match f.how {
        FileHow::Grown => "Grown",
        FileHow::Replaced => "Other content",
        _ => "Read otherwise",
    };
    let mut text = format!("{how}: {}", f.path);
    for (change, what) in [(&f.bytes, "bytes"), (&f.parsed, "records"), (&f.rejected, "rejected")] {
        if change.old != change.new {
            text.push_str(&format!(", {} {what}", both(change, number)));
        }
    }
    if f.sha256.old != f.sha256.new {
        text.push_str(&format!(", {}", both(&f.sha256, |sha| digest(sha.as_ref()))));
    }
    text
}

fn made_with(old: &Side, new: &Side) -> Told {
    let mut rows = Vec::new();
    let configuration = |side: &Option<Configuration>| match side {
        None => "not said".to_owned(),
        Some(Configuration { file: None, .. }) => "none".to_owned(),
        Some(Configuration { file: Some(file), sha256 }) => format!("{file} ({})", digest(sha256.as_ref())),
    };
    let differs = |label: &str, old: String, new: String| {
        (old != new).then(|| format!("{label}: {old} before, {new} now"))
    };
    let other = old.configuration != new.configuration;
    rows.extend(other.then(|| {
        format!(
            "Configuration: {} before, {} now",
            configuration(&old.configuration),
            configuration(&new.configuration)
        )
    }));
    rows.extend(differs("Program", old.program.clone(), new.program.clone()));
    let period = |side: &Side| side.period.map_or_else(|| "none".to_owned(), words::period);
    rows.extend(differs("Period", period(old), period(new)));
    let summary = if rows.is_empty() {
        format!("{SAME} of configuration, program or period")
    } else {
        "another configuration, program or period".to_owned()
    };
    (summary, rows)
}

fn datasets(told: &CaseDiff, room: Room) -> Told {
    let all = &told.datasets;
    let mut rows = Vec::new();
    list(&mut rows, &all.new, room, |name| format!("New: {name}"));
    list(&mut rows, &all.gone, room, |name| format!("Gone: {name}"));
    list(&mut rows, &all.changed, room, dataset);
    (tally(all.new.len(), all.gone.len(), all.changed.len(), None), rows)
}

fn dataset(change: &DatasetChange) -> String {
    let mut told = Vec::new();
    let texts = |label: &str, change: &Option<Change<String>>| {
        change.as_ref().map(|change| format!("{label} {}", both(change, String::clone)))
    };
    let lists = |label: &str, change: &Option<Came<String>>| {
        change
            .as_ref()
            .and_then(|all| came(all, |texts| texts.join(", ")))
            .map(|all| format!("{label} {all}"))
    };
    let counts = |label: &str, change: &Option<Change<u64>>| {
        change.as_ref().map(|change| format!("{label} {}", both(change, number)))
    };
    told.extend(texts("origin", &change.origin));
    told.extend(lists("categories", &change.categories));
    told.extend(lists("routes", &change.routes));
    told.extend(texts("person by", &change.subject));
    told.extend(counts("people", &change.subjects));
    told.extend(counts("records", &change.records));
    format!("Changed: {}; {}", change.name, told.join("; "))
}

fn gap(gap: &Gap) -> String {
    format!("{}, {}: {}", gap.what, words::gap_span(gap), gap.reason)
}

fn gaps(gaps: &Gaps, room: Room) -> Told {
    let mut rows = Vec::new();
    list(&mut rows, &gaps.new, room, |g| format!("New: {}", gap(g)));
    list(&mut rows, &gaps.gone, room, |g| format!("Closed: {}", gap(g)));
    list(&mut rows, &gaps.changed, room, |change: &Change<Gap>| {
        let was = words::gap_span(&change.old);
        let was = if was == words::gap_span(&change.new) { change.old.reason.clone() } else { was };
        format!("Changed: {} (before: {was})", gap(&change.new))
    });
    let closed = tally(gaps.new.len(), 0, gaps.changed.len(), None);
    let summary = match (gaps.gone.len(), closed.as_str()) {
        (0, told) => told.to_owned(),
        (n, SAME) => format!("{n} closed"),
        (n, told) => format!("{n} closed, {told}"),
    };
    (summary, rows)
}

fn limits(limits: &Came<String>, room: Room) -> Told {
    let mut rows = Vec::new();
    list(&mut rows, &limits.new, room, |limit| format!("New: {limit}"));
    list(&mut rows, &limits.gone, room, |limit| format!("Gone: {limit}"));
    (tally(limits.new.len(), limits.gone.len(), 0, None), rows)
}
