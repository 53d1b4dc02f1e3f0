//! Whose data, with bounds and what limits the claim; and what each sensor delivered, with its silences.
//!
//! "0 people" and "cannot be known" stand in differently marked cells: the first is a count, the second an `Unknown`.

use super::{ROWS_MAX, headline};
use crate::{
    doc::{Block, Cell, Figure, FigureKind, Said, Table},
    exposure, words,
};
use weir_model::Severity;
use weir_model::case::{Bounds, Case, Determinable, Divided, Gap, Period, Scope};
use weir_model::record::CREDENTIAL;

/// Where those are named who were reported or are in evidence.
const IN_A_CASE: &str = "`weir scope --reported FILE -o DIR` names them, with how many records";

pub(super) fn scope(case: &Case) -> Vec<Block<'_>> {
    let mut blocks = vec![Block::Heading("Overall".into())];
    blocks.extend(whole(&case.scope));
    let reported = case.reported.filter(|_| case.compared.is_none());
    let mut more = exposure::rows(&case.scope, &case.divided, &case.organisation, reported);
    more.extend(case.compared.map(|of| ("Reported before", exposure::listed(of, IN_A_CASE))));
    if !more.is_empty() {
        let more = more.into_iter().map(|(label, text)| (label.to_owned(), Cell::Text(text)));
        blocks.push(Block::Facts(more.collect()));
    }
    blocks.extend(sum(&case.scope));
    blocks.extend(gaps(
        case,
        "What limits the claim",
        "Why it limits the claim",
        case.scope.gaps.iter().collect(),
    ));
    if !case.finding_scopes.is_empty() {
        let title = |id: &String| {
            case.findings.iter().find(|f| f.id == *id).map_or_else(|| id.clone(), |f| f.title.clone())
        };
        let rows = case.finding_scopes.iter().take(ROWS_MAX).map(|(id, s)| {
            vec![
                Cell::Text(title(id)),
                Cell::Text(people(s)),
                Cell::Text(categories(s)),
                Cell::Number(words::count(s.records)),
                // Why stands with the finding.
                Cell::Text(words::label(words::determinable(s.determinable))),
                Cell::Findings(std::slice::from_ref(id)),
            ]
        });
        blocks.push(Block::Heading("By finding".into()));
        blocks.push(Block::Table(Table {
            caption: "Whose data, by finding".into(),
            columns: vec![
                ("Finding", false),
                ("People", false),
                ("Data", false),
                ("Records", true),
                ("How sure", false),
                ("Id", false),
            ],
            rows: rows.collect(),
            total: case.finding_scopes.len(),
            all_in: "case.json",
        }));
    }
    blocks.extend(beside(case));
    blocks.push(Block::Note(people_rows(&case.scope, &case.divided)));
    blocks
}

/// That the scope counts grave findings alone, where others have a row as well.
fn beside<'a>(case: &Case) -> Option<Block<'a>> {
    let of = |id: &String| case.findings.iter().find(|f| f.id == *id);
    let all: Vec<_> = case.finding_scopes.keys().filter_map(of).collect();
    let (grave, doubtful): (Vec<_>, Vec<_>) = all.into_iter().partition(|f| f.severity >= Severity::High);
    (!grave.is_empty() && !doubtful.is_empty()).then(|| {
        Block::Note(
            "Findings below severity high stand beside what is counted overall: neither scope.csv nor the sums above have what they alone reached."
                .into(),
        )
    })
}

/// What the rows of `scope.csv` are, and which of them the lower bound does not count.
fn people_rows(scope: &Scope, divided: &Divided) -> String {
    let rows: u64 = divided.kinds.values().sum();
    let sessions = divided.kinds.get(CREDENTIAL).copied().unwrap_or(0);
    let things: u64 = divided.things.iter().filter_map(|kind| divided.kinds.get(kind)).sum();
    let people = rows.saturating_sub(sessions).saturating_sub(things);
    let lower = scope.subjects.map_or(rows, |bounds| bounds.lower);
    if rows == 0 && scope.determinable != Determinable::Yes {
        return "scope.csv and exports/scope.parquet have no row: no record names whom it concerned."
            .to_owned();
    }
    if sessions + things == 0 {
        return "Every exposed person, with first and last access, is a row of scope.csv and of exports/scope.parquet."
            .to_owned()
            + of_different_kinds(people, lower);
    }
    let beside = [
        (sessions > 0).then(|| {
            format!(
                "{} whose holders no record names",
                words::quantity(sessions, "session or credential", "sessions or credentials")
            )
        }),
        (things > 0).then(|| {
            format!("{} of which no record says whose they are", words::quantity(things, "thing", "things"))
        }),
    ];
    let beside: Vec<String> = beside.into_iter().flatten().collect();
    let what = match (sessions, things) {
        (_, 0) => "sessions",
        (0, _) => "things",
        _ => "sessions and things",
    };
    let bounds = match people {
        0 => format!(
            " Together such {what} count as one person in the lower bound, since all may be of one, and each as a person in the upper bound."
        ),
        _ => format!(
            " Such {what} are not in the lower bound, since {} among those people, and each is one more person in the upper bound.",
            if things == 0 { "their holders may be" } else { "those whose they are may be" }
        ),
    };
    format!(
        "scope.csv and exports/scope.parquet have {}, each with first and last access: {} by id and {}.{bounds}{}",
        words::quantity(rows, "row", "rows"),
        words::quantity(people, "person", "people"),
        beside.join(" and "),
        of_different_kinds(people, lower)
    )
}

/// That rows are more than people for certain.
fn of_different_kinds(people: u64, lower: u64) -> &'static str {
    match people > lower {
        true => {
            " Rows of different kinds of ids may be of the same people, so they are more than the lower bound counts."
        }
        false => "",
    }
}

/// The upper bound as a sum that anybody can add up; nothing where the case does not say what makes it.
fn sum<'a>(scope: &Scope) -> Vec<Block<'a>> {
    let bounds = scope.subjects.filter(|_| !scope.beyond.is_empty());
    let Some(Bounds { lower, upper: Some(upper) }) = bounds else { return Vec::new() };
    if scope.beyond.iter().fold(lower, |sum, more| sum.saturating_add(more.people)) != upper {
        return Vec::new();
    }
    let row = |what: &str, people: u64| vec![Cell::Text(what.to_owned()), Cell::Number(words::count(people))];
    let first = [row("Lower bound: people whom records show", lower)];
    let more = scope.beyond.iter().map(|more| row(&format!("+ {}", more.what), more.people));
    let rows: Vec<_> = first.into_iter().chain(more).chain([row("Upper bound", upper)]).collect();
    let parts = [lower].into_iter().chain(scope.beyond.iter().map(|more| more.people));
    let parts: Vec<String> = parts.map(words::count).collect();
    let total = rows.len();
    vec![
        Block::Table(Table {
            caption: "How the upper bound is made".into(),
            columns: vec![("What", false), ("How many", true)],
            rows,
            total,
            all_in: "case.json",
        }),
        Block::Note(format!(
            "{} = {}. Each is counted as if all of it were other people; a time of which the logs tell nothing counts as many as the hand was ever shown in \
             as long a time, with room for luck.",
            parts.join(" + "),
            words::count(upper)
        )),
    ]
}

/// The people of a scope for a table cell, where `Unknown` must be said in words.
fn people(s: &Scope) -> String {
    let people = headline::people_of(s);
    if s.determinable == Determinable::No || s.subjects.is_none() {
        format!("Unknown: {people}")
    } else {
        people
    }
}

fn whole<'a>(s: &Scope) -> [Block<'a>; 2] {
    let derived = |words: String| Said::Derived(words, "scope", "scope.csv");
    let unknowable = s.determinable == Determinable::No || s.subjects.is_none();
    let people = headline::people_of(s);
    let sure = format!("{}: {}", words::label(words::determinable(s.determinable)), s.reason);
    let unknown = |needed: &str| format!("Unknown: needed is {needed}");
    let seen = match (s.first, s.last) {
        (Some(first), Some(last)) => words::period(Period { first, last }),
        _ => unknown("a record that shows a person's data"),
    };
    let fact = |label: &str, text: String| (label.to_owned(), Cell::Text(text));
    let statements = vec![
        (
            "People".into(),
            if unknowable {
                Said::Unknown(format!("{people}. {}", words::label_first(&s.reason)))
            } else {
                derived(people)
            },
        ),
        ("How sure".into(), derived(sure)),
    ];
    let facts = vec![
        fact("Kinds of data", categories(s)),
        fact("Records", words::quantity(s.records, "record", "records")),
        fact("Sent", s.bytes.map_or_else(|| unknown("a log that states response sizes"), words::bytes)),
        fact("Between", seen),
    ];
    [Block::Labelled(statements), Block::Facts(facts)]
}

/// What kinds of data; records that were exposed have some, though nobody may have said which.
fn categories(s: &Scope) -> String {
    match s.categories.as_slice() {
        [] if s.records > 0 => "Unknown: needed is what the dataset holds, `categories` in weir.toml".into(),
        [] => "none named".into(),
        named => words::label_first(&words::categories(named)),
    }
}

fn gaps<'a>(case: &Case, caption: &str, why: &'static str, all: Vec<&'a Gap>) -> Option<Block<'a>> {
    let total = all.len();
    let is_sensor = |what: &str| case.coverage.iter().any(|of| of.sensor == what);
    let expected = |g: &Gap| g.records_expected.map_or("unknown".into(), words::number);
    let rows = all.into_iter().take(ROWS_MAX).map(|g| {
        vec![
            if is_sensor(&g.what) { Cell::Code(&g.what) } else { Cell::Text(g.what.clone()) },
            Cell::Text(words::gap_span(g)),
            Cell::Text(g.reason.clone()),
            Cell::Number(expected(g)),
        ]
    });
    let rows: Vec<_> = rows.collect();
    (total > 0).then(|| {
        Block::Table(Table {
            caption: caption.to_owned(),
            columns: vec![("What", false), ("When", false), (why, false), ("Records expected", true)],
            rows,
            total,
            all_in: "case.json",
        })
    })
}

/// Sensors that the words beside the picture name; the table has all.
const SENSORS_TOLD_MAX: usize = 12;

/// Files named that could not be read.
const UNREAD_MAX: usize = 10;

pub(super) fn coverage(case: &Case) -> Vec<Block<'_>> {
    if case.coverage.is_empty() {
        return vec![Block::Statements(vec![Said::needs("at least one log with times.")])];
    }
    let all: Vec<_> = case.coverage.iter().flat_map(|c| &c.gaps).collect();
    let alt = case.coverage.iter().take(SENSORS_TOLD_MAX).map(|c| {
        let records: u64 = c.days.values().sum();
        let gaps = words::quantity(c.gaps.len() as u64, "gap", "gaps");
        format!("{} ({}): {} records, {gaps}.", c.sensor, c.source, words::count(records))
    });
    let figure = Figure {
        kind: FigureKind::Coverage,
        caption: "What each sensor delivered, day by day".into(),
        alt: alt.collect::<Vec<_>>().join(" ") + &crate::svg::more(SENSORS_TOLD_MAX, case.coverage.len()),
    };
    let rows = case.coverage.iter().take(ROWS_MAX).map(|c| {
        vec![
            Cell::Code(&c.sensor),
            Cell::Code(&c.source),
            Cell::Text(words::period(c.period)),
            Cell::Number(words::count(c.days.values().sum())),
            Cell::Number(words::count(c.days.len() as u64)),
            Cell::Number(words::count(c.gaps.len() as u64)),
        ]
    });
    let table = Table {
        caption: "Sensors".into(),
        columns: vec![
            ("Sensor", false),
            ("Format", false),
            ("Period", false),
            ("Records", true),
            ("Days with records", true),
            ("Gaps", true),
        ],
        rows: rows.collect(),
        total: case.coverage.len(),
        all_in: "case.json",
    };
    let mut blocks = vec![Block::Figure(figure), Block::Table(table)];
    match gaps(case, "Gaps", "Why it is a gap", all) {
        Some(table) => blocks.push(table),
        None => {
            blocks.push(Block::Note("No sensor was silent for longer than its own rhythm explains.".into()))
        }
    }
    let cut: Vec<_> = case.intake.iter().filter(|i| i.cut_short()).map(|i| i.path.clone()).collect();
    if !cut.is_empty() {
        let (shown, rest) = cut.split_at(cut.len().min(UNREAD_MAX));
        let more =
            if rest.is_empty() { String::new() } else { format!(" and {} more (intake.jsonl)", rest.len()) };
        blocks.push(Block::Note(format!(
            "What these files hold is not known, since they could not be read, or not to the end: {}{more}.",
            shown.join(", ")
        )));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_thing_of_somebodys_is_told_from_a_person() {
        let words = |kinds: &[(&str, u64)], lower: u64| {
            let scope = Scope {
                determinable: Determinable::Partly,
                reason: String::new(),
                subjects: Some(Bounds { lower, upper: None }),
                categories: Vec::new(),
                records: 0,
                bytes: None,
                first: None,
                last: None,
                gaps: Vec::new(),
                beyond: Vec::new(),
            };
            let divided = Divided {
                kinds: kinds.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect(),
                things: ["order".to_owned()].into(),
                ..Divided::default()
            };
            people_rows(&scope, &divided)
        };
        let alone = words(&[("order", 3_000)], 1);
        assert!(
            alone.contains(
                "3,000 rows, each with first and last access: 0 people by id and 3,000 things of which"
            ),
            "{alone}"
        );
        assert!(alone.contains("Together such things count as one person"), "{alone}");
        assert!(!alone.contains("different kinds"), "{alone}");
        let beside = words(&[("order", 30), ("member", 1), (CREDENTIAL, 2)], 1);
        assert!(
            beside.contains(
                "1 person by id and 2 sessions or credentials whose holders no record names and 30 things"
            ),
            "{beside}"
        );
        assert!(beside.contains("Such sessions and things are not in the lower bound"), "{beside}");
        assert!(words(&[("member", 7)], 7).starts_with("Every exposed person"));
    }
}
