//! The appendix: the intake account with hashes, what personal data was taken to be and on what ground, method, limits.

use super::{ROWS_MAX, methods};
use crate::{
    doc::{Block, Cell, Table},
    words,
};
use weir_model::{case::Case, intake::Intake};

/// How it was done, for a reader who must explain it.
const METHOD: &str = "Each file was read once and every record accounted for: records are the parsed, the rejected and the duplicate \
    ones together. Times are UTC; a log without an offset was read in its sensor's configured zone, else as UTC. Detection is causal: \
    the judgement of a day knows only what was logged until then. A statistical finding gives the chance of arising by luck under the \
    model it names; a rule gives none. Every statement names records by file and line, and the query beside a finding gives all of them. \
    Counts of people are bounds: at least those whom records name, at most those whom the records leave possible.";

pub(super) fn appendix(case: &Case) -> Vec<Block<'_>> {
    let mut blocks = vec![Block::Heading("Files read".into()), Block::Facts(account(case)), files(case)];
    blocks.push(Block::Heading("What was taken to be personal data".into()));
    blocks.push(datasets(case));
    blocks.push(Block::Heading("Method".into()));
    blocks.push(Block::Note(METHOD.into()));
    blocks.extend(methods::methods(case));
    blocks.push(Block::Heading("Limits".into()));
    blocks.push(match case.limits.as_slice() {
        [] => Block::Note("No limit was recorded beyond those of each finding and each gap.".into()),
        all => Block::Points(all.to_vec()),
    });
    blocks.push(Block::Heading("This report".into()));
    let mut facts = vec![
        ("Case".into(), Cell::Code(&case.id)),
        ("Written by".into(), Cell::Code(&case.program)),
        ("Format version".into(), Cell::Number(words::count(u64::from(case.version)))),
        ("Computed from".into(), Cell::Text(snapshot(case))),
        ("Configuration".into(), configuration(case)),
    ];
    if let Some(budget) = case.alert_budget {
        let words = format!("{} in 30 days", words::measured(budget, "false alarm", "false alarms"));
        facts.push(("Alert budget".into(), Cell::Text(words)));
    }
    blocks.push(Block::Facts(facts));
    blocks
}

fn configuration(case: &Case) -> Cell<'_> {
    let told = case.configuration.as_ref();
    match told.and_then(|c| c.sha256.as_deref()) {
        Some(sha256) => {
            Cell::Codes(told.and_then(|c| c.file.as_deref()).into_iter().chain([sha256]).collect())
        }
        None => Cell::Text("defaults".into()),
    }
}

fn snapshot(case: &Case) -> String {
    let tables: Vec<_> =
        case.snapshot.iter().map(|(table, version)| format!("{table} at version {version}")).collect();
    if tables.is_empty() { "no table".into() } else { words::list(&tables) }
}

fn account(case: &Case) -> Vec<(String, Cell<'_>)> {
    let t = &case.totals;
    let number = |n| Cell::Number(words::count(n));
    vec![
        ("Files given".into(), number(t.files)),
        ("Files not read".into(), number(t.files_unread)),
        ("Records".into(), number(t.records)),
        ("Parsed".into(), number(t.parsed)),
        ("Rejected".into(), number(t.rejected)),
        ("Duplicates".into(), number(t.duplicates)),
        ("Content read".into(), Cell::Text(words::bytes(t.bytes))),
        ("Content not understood".into(), Cell::Text(words::bytes(t.bytes_unread))),
    ]
}

fn files(case: &Case) -> Block<'_> {
    let reasons = |i: &Intake| {
        let all: Vec<_> =
            i.reasons.iter().map(|(reason, n)| format!("{reason} ({})", words::count(*n))).collect();
        all.join("; ")
    };
    let rows = case.intake.iter().take(ROWS_MAX).map(|i| {
        vec![
            Cell::Code(&i.path),
            i.source.as_deref().map_or(Cell::Text("not recognised".into()), Cell::Code),
            Cell::Number(words::count(i.records)),
            Cell::Number(words::count(i.parsed)),
            Cell::Number(words::count(i.rejected)),
            Cell::Number(words::count(i.duplicates)),
            Cell::Text(reasons(i)),
            i.sha256.as_deref().map_or(Cell::Text("Unknown: not read to its end".into()), Cell::Code),
        ]
    });
    Block::Table(Table {
        caption: "The intake account".into(),
        columns: vec![
            ("File", false),
            ("Format", false),
            ("Records", true),
            ("Parsed", true),
            ("Rejected", true),
            ("Duplicate", true),
            ("Reasons", false),
            ("SHA-256 of the content", false),
        ],
        rows: rows.collect(),
        total: case.intake.len(),
        all_in: "intake.jsonl",
    })
}

fn datasets(case: &Case) -> Block<'_> {
    if case.datasets.is_empty() {
        return Block::Note(
            "Nothing: no dataset is configured, and none could be learned from these records.".into(),
        );
    }
    let rows = case.datasets.iter().take(ROWS_MAX).map(|d| {
        vec![
            Cell::Text(format!("{} ({})", d.name, d.origin)),
            Cell::Text(match d.categories.as_slice() {
                [] => "not stated".into(),
                named => words::categories(named),
            }),
            Cell::Codes(d.routes.iter().take(8).map(String::as_str).collect()),
            Cell::Text(d.subject.clone()),
            Cell::Text(d.ground.clone()),
            Cell::Number(words::count(d.subjects)),
            Cell::Number(words::count(d.records)),
        ]
    });
    Block::Table(Table {
        caption: "Datasets".into(),
        columns: vec![
            ("Dataset", false),
            ("Data", false),
            ("Held by", false),
            ("Subject", false),
            ("On what ground", false),
            ("People", true),
            ("Records", true),
        ],
        rows: rows.collect(),
        total: case.datasets.len(),
        all_in: "case.json",
    })
}
