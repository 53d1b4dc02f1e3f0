//! What a reader reads: the text of a report without markup, in blocks, with a mark where a name stood.
//!
//! Left out are names as the logs write them (`code`, labels of boxes and rows), queries, and the scales of pictures: their ticks are round
//! numbers that say how high a picture is, and nothing of what happened.

use super::page::{Child, Node};

/// Where a name of the logs stood.
pub const NAME: char = '\u{fffc}';

/// A paragraph, list item or cell.
pub struct Block {
    /// `Heading: text` for a cell of a table.
    pub text: String,
}

impl Block {
    fn new(label: &str, text: &str) -> Self {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { text: if label.is_empty() { text } else { format!("{label}: {text}") } }
    }
}

/// The blocks of a page.
pub fn of_html(page: &Node) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open = String::new();
    element(page, "", &mut open, &mut blocks);
    blocks.retain(|b| !b.text.is_empty());
    blocks
}

fn element(node: &Node, label: &str, open: &mut String, blocks: &mut Vec<Block>) {
    let scale = node.tag == "text"
        && ["tick", "value", "row-label", "row-note", "letter", "place"].iter().any(|c| node.has(c));
    let name = node.tag == "title" && label == "entity";
    if ["head", "pre"].contains(&node.tag.as_str()) || scale || name {
        return;
    }
    if node.tag == "code" {
        open.push(NAME);
        return;
    }
    let inside = match node.attribute("data-label") {
        Some(heading) => heading,
        None if node.tag == "g" => "entity",
        None => "",
    };
    let inline = ["a", "span", "strong"].contains(&node.tag.as_str());
    if !inline {
        blocks.push(Block::new(if label == "entity" { "" } else { label }, open));
        open.clear();
    } else if node.tag == "span" {
        open.push(' ');
    }
    // In a list of labels and values, the label is a value's heading.
    let term = node.elements().find(|n| n.tag == "dt").map(Node::text);
    for child in &node.children {
        match child {
            Child::Text(text) => open.push_str(text),
            Child::Element(child) if child.tag == "dd" => {
                value(child, term.as_deref().unwrap_or(""), open, blocks)
            }
            Child::Element(child) => element(child, if inline { label } else { inside }, open, blocks),
        }
    }
    if !inline {
        blocks.push(Block::new(if inside == "entity" { "" } else { inside }, open));
        open.clear();
    } else if node.tag == "span" {
        open.push(' ');
    }
}

/// A value under its label.
fn value(node: &Node, term: &str, open: &mut String, blocks: &mut Vec<Block>) {
    let from = blocks.len();
    element(node, "", open, blocks);
    if let Some(first) = blocks.iter_mut().skip(from).find(|b| !b.text.is_empty()) {
        *first = Block::new(term, &first.text);
    }
}

/// The blocks of a Markdown text.
pub fn of_markdown(report: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut heads: Vec<String> = Vec::new();
    let mut fence: Option<(&str, bool)> = None;
    for line in report.lines() {
        if let Some((ticks, shown)) = fence {
            if line == ticks {
                fence = None;
            } else if shown {
                blocks.push(Block::new("", line));
            }
            continue;
        }
        let ticks = line.len() - line.trim_start_matches('`').len();
        if ticks >= 3 && !line[ticks..].contains('`') {
            fence = Some((&line[..ticks], line[ticks..].starts_with("text")));
            continue;
        }
        let line = without_code(line).replace("<sub>", "").replace("</sub>", "");
        if !line.starts_with('|') {
            heads.clear();
            blocks.push(Block::new("", &plain(&line)));
            continue;
        }
        let cells: Vec<String> = cells(&line).iter().map(|c| plain(c)).collect();
        if heads.is_empty() {
            heads = cells;
        } else if !cells.iter().all(|c| c.trim().starts_with("---")) {
            blocks.extend(heads.iter().zip(&cells).map(|(head, cell)| Block::new(head.trim(), cell)));
        }
    }
    blocks
}

/// A line with a mark in place of each code span.
fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['`', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let fence = rest.len() - rest.trim_start_matches('`').len();
        if fence == 0 {
            let len = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..len]);
            rest = &rest[len..];
            continue;
        }
        let end = closing(&rest[fence..], fence).unwrap_or(rest.len() - fence);
        out.push(NAME);
        rest = &rest[(fence + end + fence).min(rest.len())..];
    }
    out + rest
}

/// Where the run of exactly so many backticks begins that closes a code span.
pub fn closing(text: &str, fence: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = text[at..].find('`') {
        let start = at + next;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == fence {
            return Some(start);
        }
        at = start + run;
    }
    None
}

/// The cells of a row.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in row.chars() {
        if c == '|' && !escaped {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    cells
}

/// Markdown's escapes and HTML's entities undone.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek().is_some_and(char::is_ascii_punctuation) => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    super::page::unescaped(&out).replace("**", "")
}
