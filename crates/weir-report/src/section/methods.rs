//! How the detectors that found something work: their manual pages, as they were when the case was written.

use crate::{doc::Block, words};
use weir_model::case::Case;

/// Sections of a page that are the manual's own: cases of others have no place in a report.
const LEFT_OUT: [&str; 1] = ["Why it matters"];

/// The pages, each under its heading, a paragraph a note.
pub(super) fn methods(case: &Case) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    for method in &case.methods {
        blocks.push(Block::Heading(format!("Detector {}: {}", method.detector, method.summary)));
        blocks.push(Block::Note(match method.budget_share {
            share if share > 0.0 => {
                format!("Its part of the alert budget is {} %.", words::number(share * 100.0))
            }
            _ => "It is a rule, without a part of the alert budget.".to_owned(),
        }));
        blocks.extend(paragraphs(&method.manual).into_iter().map(Block::Note));
    }
    blocks
}

/// The paragraphs of a page; the first after a heading begins with it.
fn paragraphs(page: &str) -> Vec<String> {
    let (mut heading, mut section) = (None, None);
    let mut all = Vec::new();
    for part in page.split("\n\n") {
        if part.lines().all(|line| line.starts_with("    ")) && !part.trim().is_empty() {
            all.extend(part.lines().map(|line| format!("`{}`", line.trim())));
            continue;
        }
        let mut lines = part.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
        while let Some(title) = lines.next_if(|line| line.starts_with('#')) {
            heading = Some(title.trim_start_matches('#').trim());
            section = heading;
        }
        if section.is_some_and(|title| LEFT_OUT.contains(&title)) {
            continue;
        }
        let words = plain(&lines.collect::<Vec<_>>().join(" "));
        if !words.is_empty() {
            all.push(heading.take().map_or_else(|| words.clone(), |title| format!("{title}: {words}")));
        }
    }
    all
}

/// Without the stars of emphasis; those of code stay.
fn plain(text: &str) -> String {
    let part = |(at, part): (usize, &str)| if at % 2 == 0 { part.replace('*', "") } else { part.to_owned() };
    text.split('`').enumerate().map(part).collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::paragraphs;

    #[test]
    fn a_page_is_its_paragraphs() {
        let page = "# What it sees\n\nHow many\npeople.\n\n*Peers.* `n * k`\n\n    d = n * k\n\n# Why it matters\n\nOthers.\n\n# Blind spots\nAll.\n";
        let told = ["What it sees: How many people.", "Peers. `n * k`", "`d = n * k`", "Blind spots: All."];
        assert_eq!(paragraphs(page), told);
    }
}
