//! By what others can look for the same hand.
//!
//! Decisive choice: a finding of many members says once why they are looked for, above a table of them; those that are alone in theirs share one.

use super::ROWS_MAX;
use crate::doc::{Block, Cell, Said, Table};
use crate::words;
use weir_model::Entity;
use weir_model::case::{Case, Indicator};

/// Findings of which the members have a table of their own, and how many of these it shows.
const MANY_MAX: usize = 20;
const ALIKE_MAX: usize = 25;

/// How many members the finding has by which an indicator's like is looked for: of very many a case lists some.
fn members(case: &Case, one: &Indicator) -> usize {
    let of = case.findings.iter().find(|f| f.title == one.why && f.evidence.0 == one.evidence);
    let alike = |entity: &&Entity| Indicator::class_of(entity) == Some(&one.class);
    of.map_or(0, |finding| finding.entities.iter().filter(alike).count())
}

/// Those of a finding: why once, and a table of who.
fn alike<'a>(case: &'a Case, of: &[&'a Indicator], caption: &str) -> Vec<Block<'a>> {
    let Some(first) = of.first() else { return Vec::new() };
    let members = members(case, first);
    let rows = of.iter().take(ALIKE_MAX).map(|one| {
        vec![
            Cell::Text(words::label(one.entity.kind.as_str())),
            Cell::Code(&one.entity.value),
            Cell::Text(words::period(one.period)),
            Cell::Number(words::count(one.records)),
        ]
    });
    vec![
        Block::Statements(vec![Said::Cited(format!("{}.", first.why), &first.evidence)]),
        Block::Table(Table {
            caption: caption.to_owned(),
            columns: vec![("Kind", false), ("Value", false), ("Seen", false), ("Records", true)],
            rows: rows.collect(),
            total: of.len().max(members),
            all_in: if members > of.len() { "findings.jsonl" } else { "case.json" },
        }),
    ]
}

pub(super) fn indicators(case: &Case) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    for (class, needed) in [
        ("network", "addresses or clients tied to a finding."),
        ("file", "host or storage logs that name files and their hashes."),
        ("behavioural", "a finding with a pattern that can be watched for."),
    ] {
        let all: Vec<_> = case.incident.indicators.iter().filter(|i| i.class == class).collect();
        blocks.push(Block::Heading(words::label(class)));
        if all.is_empty() {
            blocks.push(Block::Statements(vec![Said::needs(needed)]));
            continue;
        }
        // A finding of many members says once why they are looked for.
        let mut by_why: Vec<Vec<&Indicator>> = Vec::new();
        for one in all {
            let same = |of: &&mut Vec<&Indicator>| {
                of.first().is_some_and(|first| first.why == one.why && first.evidence == one.evidence)
            };
            match by_why.iter_mut().find(same) {
                Some(of) => of.push(one),
                None => by_why.push(vec![one]),
            }
        }
        let (many, alone): (Vec<_>, Vec<_>) = by_why.into_iter().partition(|of| of.len() > 1);
        let caption = format!("{} indicators", words::label(class));
        blocks.extend(many.iter().take(MANY_MAX).flat_map(|of| alike(case, of, &caption)));
        let rest = many.iter().skip(MANY_MAX).chain(&alone).flatten().copied();
        let rest: Vec<&Indicator> = rest.collect();
        let rows = rest.iter().take(ROWS_MAX).map(|one| {
            vec![
                Cell::Text(words::label(one.entity.kind.as_str())),
                Cell::Code(&one.entity.value),
                Cell::Text(one.why.clone()),
                Cell::Text(words::period(one.period)),
                Cell::Number(words::count(one.records)),
                Cell::Evidence(&one.evidence),
            ]
        });
        let rows: Vec<_> = rows.collect();
        if !rows.is_empty() {
            blocks.push(Block::Table(Table {
                caption,
                columns: vec![
                    ("Kind", false),
                    ("Value", false),
                    ("Why", false),
                    ("Seen", false),
                    ("Records", true),
                    ("Evidence", false),
                ],
                rows,
                total: rest.len(),
                all_in: "case.json",
            }));
        }
    }
    blocks
}
