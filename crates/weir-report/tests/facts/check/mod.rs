//! Whether a report says only what its case says: each number is found again in `case.json`, each statement is cited or `Unknown`.
//!
//! Decisive choice: it reads what was written (`case.json`, `report.md`, `report.html`) and uses nothing that writes it, so that whatever makes a
//! wrong number cannot excuse it. What is at fault is given back in words, all of it; nothing is at fault where the list is empty.
//!
//! Refuses to judge names: code spans, queries and the places that statements cite are the logs' own, and only the places are looked up.

mod derived;
mod facts;
mod lists;
mod page;
mod phrases;
mod statements;
pub mod text;
pub mod token;
mod written;

use facts::Facts;
use text::Block;
use weir_model::case::Case;

/// What is at fault in the formats for people of a case, each with its name.
pub fn faults(case: &str, markdown: &str, html: &str) -> Vec<String> {
    let named =
        |name: &'static str, faults: Vec<String>| faults.into_iter().map(move |f| format!("{name}: {f}"));
    named("report.md", in_markdown(case, markdown)).chain(named("report.html", in_html(case, html))).collect()
}

/// What is at fault in `report.md`.
pub fn in_markdown(case: &str, report: &str) -> Vec<String> {
    let case = Read::of(case);
    let mut faults = case.numbers(&text::of_markdown(report));
    faults.extend(statements::in_markdown(&case.case, report));
    faults
}

/// What is at fault in `report.html`.
pub fn in_html(case: &str, report: &str) -> Vec<String> {
    let case = Read::of(case);
    let page = page::parse(report);
    let mut faults = case.numbers(&text::of_html(&page));
    faults.extend(statements::in_html(&case.case, &page));
    faults
}

/// A `case.json`, read.
pub struct Read {
    case: Case,
    facts: Facts,
    derived: derived::Derived,
}

impl Read {
    pub fn of(json: &str) -> Self {
        let case: Case = serde_json::from_str(json).unwrap();
        let facts = Facts::of(&serde_json::from_str(json).unwrap());
        let derived = derived::Derived::of(&case);
        Self { case, facts, derived }
    }

    /// Numbers, days and instants that are no fact and no named derivation makes from facts.
    pub fn numbers(&self, blocks: &[Block]) -> Vec<String> {
        let mut faults = Vec::new();
        for block in blocks {
            for token in token::tokens(&block.text) {
                if !self.derived.makes(block, &token).unwrap_or_else(|| self.facts.hold(&token)) {
                    let shown = &block.text[token.at.clone()];
                    faults.push(format!(
                        "`{shown}` is not in case.json: {}",
                        excerpt(&block.text, token.at.start)
                    ));
                }
            }
        }
        faults
    }
}

/// What stands around a place of a text.
fn excerpt(text: &str, at: usize) -> String {
    let from = text[..at].char_indices().rev().nth(60).map_or(0, |(i, _)| i);
    text[from..].chars().take(140).collect()
}
