//! Whether each statement of a report names records of its case, or a part of the report that is there, or is `Unknown` with words.

use super::{lists::evidence, page::Node, text::closing};
use std::collections::BTreeSet;
use weir_model::{Citation, Evidence, case::Case};

/// Sections of the Markdown report whose every list item is a statement.
const STATED: [&str; 10] = [
    "What happened",
    "Whose data",
    "Since when",
    "How sure",
    "Executive summary",
    "Incident details",
    "Timeline",
    "Attack methodology",
    "Impact",
    "Response actions",
];

/// What `(see ...)` names, and the heading under which it is laid out.
const LAID_OUT: [(&str, &str); 8] = [
    ("coverage", "## Coverage: what the logs can show"),
    ("scope", "## Scope: whose data"),
    ("scope.csv", "## Scope: whose data"),
    ("first and last record of exposed data", "## Scope: whose data"),
    ("first and last of what was found and of the timeline", "## Timeline"),
    ("configuration", "## Appendix"),
    ("intake account", "### Files read"),
    ("limits", "### Limits"),
];

/// The fewest statements that a report has: an answer to each question of the first screen, and a line of each section.
const STATEMENTS_MIN: usize = 8;

/// What a case cites.
struct Cited<'c>(Vec<&'c Evidence>);

/// Records shown with a statement.
const CITED_MAX: usize = 3;

impl Cited<'_> {
    /// Whether these places, given as `file:line`, and so many more are what stands behind something: the first records, and all but those.
    fn hold(&self, places: &[String], more: &str) -> bool {
        let more = match more.strip_prefix("+ ").and_then(|m| m.strip_suffix(" more")) {
            Some(n) => n.replace(',', "").parse::<u64>().ok(),
            None => Some(0),
        };
        self.0.iter().any(|e| {
            let first = e.cited().get(..places.len()).unwrap_or_default();
            let all = places.len() == e.cited().len().min(CITED_MAX);
            let rest = e.total().saturating_sub(places.len() as u64);
            all && more == Some(rest) && first.iter().zip(places).all(|(c, place)| is(c, place))
        })
    }
}

/// Whether a place, given as `file:line`, or `file:1@byte`, with the tail of a path or none, is where a citation points. A name in which hidden characters were shown, or
/// that was cut, is any file.
fn is(citation: &Citation, place: &str) -> bool {
    let Some((tail, line)) = place.rsplit_once(':') else { return false };
    // Of a long name the end stands for all.
    let tail = tail.trim_start_matches('…');
    let shown = |c: char| ('\u{2400}'..'\u{2426}').contains(&c) || c == '…';
    let altered = tail.contains("<U+") || tail.contains(shown);
    let named = altered || citation.path.ends_with(tail) || citation.path.replace('|', "\\|").ends_with(tail);
    match line.split_once('@') {
        Some((line, byte)) => {
            named && line == "1" && citation.line == 1 && byte == citation.offset.to_string()
        }
        None => named && line == citation.line.to_string() && (citation.line > 1 || citation.offset == 0),
    }
}

/// Statements at fault in a page.
pub fn in_html(case: &Case, page: &Node) -> Vec<String> {
    let cited = Cited(evidence(case));
    let all = page.all();
    let ids: BTreeSet<&str> = all.iter().filter_map(|n| n.attribute("id")).collect();
    let target = |n: &Node| n.attribute("href").and_then(|to| to.strip_prefix('#')).map(str::to_owned);
    let mut faults: Vec<String> = all
        .iter()
        .filter_map(|n| target(n).filter(|to| !ids.contains(to.as_str())))
        .map(|to| format!("nothing has the anchor `{to}`"))
        .collect();
    let said: Vec<_> = all.iter().filter(|n| n.has("said")).collect();
    if said.len() < STATEMENTS_MIN {
        faults.push(format!("{} statements", said.len()));
    }
    faults.extend(
        said.iter().filter(|n| !stands(n)).map(|n| format!("neither cited nor unknown: {}", n.text())),
    );
    for cites in all.iter().filter(|n| n.has("cites")) {
        let record = |n: &&Node| n.tag == "code" && n.attribute("title").is_some();
        let places: Vec<String> = cites.elements().filter(record).map(Node::text).collect();
        let more = cites.all().iter().find(|n| n.tag == "summary").map(|n| n.text()).unwrap_or_default();
        if !places.is_empty() && !cited.hold(&places, &more) {
            faults.push(format!("no evidence of the case: {} {more}", places.join(" ")));
        }
    }
    faults
}

/// Whether a statement of a page has words, and either `Unknown` before them or, under them, a record or a link.
fn stands(said: &Node) -> bool {
    let words = said.elements().find(|n| n.tag == "p").map(Node::text).unwrap_or_default();
    let mark = said.all().iter().find(|n| n.has("mark")).map(|n| n.text());
    if said.has("unknown") {
        return mark.is_some_and(|mark| words.trim().len() > mark.len());
    }
    let cites = said.elements().find(|n| n.has("cites"));
    let record = |n: &Node| n.tag == "code" && n.attribute("title").is_some();
    let linked = |n: &Node| n.tag == "a" && n.attribute("href").is_some_and(|to| to.len() > 1);
    !words.trim().is_empty() && cites.is_some_and(|c| c.elements().any(|n| record(n) || linked(n)))
}

/// Statements at fault in a Markdown text.
pub fn in_markdown(case: &Case, report: &str) -> Vec<String> {
    let cited = Cited(evidence(case));
    let lines: Vec<&str> = report.lines().collect();
    let mut faults = Vec::new();
    for (line, next) in &statements(&lines) {
        if let Some(unknown) = line.split_once("**Unknown.**") {
            if unknown.1.trim().is_empty() {
                faults.push(format!("unknown, and nothing is needed: {line}"));
            }
            continue;
        }
        let see = line.strip_suffix(')').and_then(|l| Some(l.rsplit_once(" (see ")?.1));
        let laid_out = see.and_then(|see| LAID_OUT.iter().find(|(name, _)| *name == see));
        let there = laid_out.is_some_and(|(_, heading)| lines.contains(heading));
        if !there && !next.starts_with("  <sub>`") {
            faults.push(format!("neither cited, laid out nor unknown: {line}"));
        }
    }
    let small = lines.iter().flat_map(|l| l.split("<sub>").skip(1)).filter_map(|l| l.split("</sub>").next());
    for small in small {
        let more = small.rsplit_once("` ").map_or("", |(_, more)| more);
        if !cited.hold(&spans(small), more) {
            faults.push(format!("no evidence of the case: {small}"));
        }
    }
    faults
}

/// The list items that are statements, each with the line under it.
fn statements<'r>(lines: &[&'r str]) -> Vec<(&'r str, &'r str)> {
    let mut found = Vec::new();
    let (mut stated, mut once) = (false, false);
    for (i, line) in lines.iter().enumerate() {
        if let Some(title) = line.strip_prefix("## ") {
            stated = STATED.contains(&title);
        }
        // What a finding says of itself stands first under its id.
        once |= line.starts_with('`') && line.contains("` · `");
        if line.starts_with("- ") {
            if stated || std::mem::take(&mut once) || line.contains("**Unknown.**") {
                found.push((*line, lines.get(i + 1).copied().unwrap_or("")));
            }
        } else if *line == "### Overall" {
            stated = true;
        } else if line.is_empty() && found.last().is_some_and(|(l, _)| l.starts_with("- **How sure:**")) {
            stated = false;
        }
    }
    found
}

/// What stands in the code spans of a text.
fn spans(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let fence = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let inside = &rest[at + fence..];
        let Some(end) = closing(inside, fence) else { break };
        found.push(inside[..end].trim_matches(' ').to_owned());
        rest = &inside[end + fence..];
    }
    found
}
