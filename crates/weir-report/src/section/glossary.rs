//! What the report's words mean, for readers who are no engineers.

use crate::doc::{Block, Cell, Table};

/// Two lines a term, with empty lines between them.
const TERMS: &str = include_str!("../glossary.txt");

pub(super) fn glossary<'a>() -> Vec<Block<'a>> {
    let terms = TERMS.split("\n\n").filter_map(|entry| entry.trim().split_once('\n'));
    let rows: Vec<_> = terms
        .map(|(term, meaning)| vec![Cell::Text(term.to_owned()), Cell::Text(meaning.to_owned())])
        .collect();
    vec![Block::Table(Table {
        caption: "What the words of this report mean".into(),
        columns: vec![("Word", false), ("Meaning", false)],
        total: rows.len(),
        rows,
        all_in: "report.html",
    })]
}
