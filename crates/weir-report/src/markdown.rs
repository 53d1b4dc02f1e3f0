//! `report.md`: the report as Markdown (GitHub's dialect) for mail, tickets and version control.
//!
//! Decisive choice: a statement is a list item and its records stand under it in small print, so a diff of two reports reads
//! statement by statement. Pictures are their words; the HTML report has the pictures.

use crate::{
    Result,
    doc::{self, Block, Card, Cell, Headline, Paths, Said, Section, Table},
    escape::{markdown as md, markdown_block, markdown_code as code},
    format::{Content, Format},
    section::{ENTITIES_MAX, SAID_MAX},
    words,
};
use weir_model::{Evidence, Finding, attack, case::Case};

pub(crate) const FORMAT: Format = Format {
    name: "markdown",
    file: "report.md",
    summary: "the incident report as Markdown",
    manual: "The incident report in GitHub's Markdown: first what happened, to whom, since when, how sure, and what to do today; then \
        summary, details, timeline, methodology by ATT&CK tactic, impact, indicators, response, lessons, recommendations, each finding \
        in full, scope with bounds, coverage, and the intake account. Every statement shows its first records as `file:line` and how \
        many there are; what is not known reads `Unknown` with what would be needed. The days of a finding are a line of bars.\n\nNames from logs cannot become markup, links or \
        HTML.\n\n## Blind spots\n\nPictures are given as words. Long tables are cut and say so.",
    content: Content::Case(render),
};

const CITED_MAX: usize = 3;

fn render(case: &Case) -> Result<Vec<u8>> {
    let doc = doc::document(case);
    let paths = Paths::new(case);
    let mut out = String::new();
    let organisation = case.organisation.name.as_deref().unwrap_or("organisation not configured");
    out.push_str(&format!("# Incident report: {}\n\n", md(&doc.headline.verdict)));
    out.push_str(&format!("{} · case {} · {}\n", md(organisation), code(&case.id), md(&case.program)));
    headline(&doc.headline, &paths, &mut out);
    sections(&doc.sections, &paths, &mut out);
    Ok(out.into_bytes())
}

fn headline(h: &Headline<'_>, paths: &Paths, out: &mut String) {
    for (question, answers) in &h.answers {
        out.push_str(&format!("\n## {question}\n\n"));
        answers.iter().for_each(|a| said(a, "", paths, out));
    }
    out.push_str("\n## What to do today\n\n");
    if h.today.is_empty() {
        out.push_str("- Nothing is recommended by this case.\n");
    }
    for advice in &h.today {
        out.push_str(&format!("- **{}** {}\n", words::label(advice.severity.as_str()), md(&advice.text)));
    }
    if !h.tally.is_empty() {
        let tally: Vec<_> = h.tally.iter().map(|(s, n)| format!("{} {s}", words::count(*n))).collect();
        out.push_str(&format!("\nFindings: {}.\n", words::list(&tally)));
    }
}

/// Sections one under another.
pub(crate) fn sections(all: &[Section<'_>], paths: &Paths, out: &mut String) {
    for section in all {
        out.push_str(&format!("\n---\n\n## {}\n", section.title));
        for block in &section.blocks {
            out.push('\n');
            self::block(block, paths, out);
        }
    }
}

fn block(block: &Block<'_>, paths: &Paths, out: &mut String) {
    match block {
        Block::Heading(text) => out.push_str(&format!("### {}\n", md(text))),
        Block::Note(text) => out.push_str(&format!("{}\n", md(text))),
        Block::Statements(all) => all.iter().for_each(|s| said(s, "", paths, out)),
        Block::Labelled(all) => {
            all.iter().for_each(|(label, s)| said(s, &format!("**{}:** ", md(label)), paths, out))
        }
        Block::Facts(all) => {
            all.iter().for_each(|(label, value)| {
                out.push_str(&format!("- **{}:** {}\n", md(label), cell(value, paths)))
            });
        }
        Block::Points(all) => all.iter().for_each(|p| out.push_str(&format!("- {}\n", md(p)))),
        Block::Advice(all) => {
            for advice in *all {
                let because: Vec<_> = advice.because.iter().map(|b| code(b)).collect();
                let because = if because.is_empty() {
                    String::new()
                } else {
                    format!(" (because of {})", because.join(", "))
                };
                let soon = words::label(advice.severity.as_str());
                out.push_str(&format!("- **{soon}** {}{because}\n", md(&advice.text)));
            }
        }
        Block::Table(table) => self::table(table, paths, out),
        Block::Figure(figure) => out.push_str(&format!("*{}.* {}\n", md(&figure.caption), md(&figure.alt))),
        Block::Finding(card) => finding(card, paths, out),
    }
}

fn said(said: &Said<'_>, label: &str, paths: &Paths, out: &mut String) {
    match said {
        Said::Cited(words, e) => {
            out.push_str(&format!("- {label}{}  \n  {}\n", md(words), evidence(e, paths)))
        }
        Said::Derived(words, _, name) => {
            out.push_str(&format!("- {label}{} (see {})\n", md(words), md(name)))
        }
        Said::Unknown(needed) => {
            out.push_str(&format!("- {label}**Unknown.** {}\n", md(&words::label_first(needed))))
        }
    }
}

fn evidence(e: &Evidence, paths: &Paths) -> String {
    let first: Vec<_> =
        paths.first(e.cited(), CITED_MAX).into_iter().map(|(_, place)| code(&place)).collect();
    let more = e.total().saturating_sub(first.len() as u64);
    let more = if more > 0 { format!(" + {} more", words::count(more)) } else { String::new() };
    format!("<sub>{}{more}</sub>", first.join(", "))
}

fn table(table: &Table<'_>, paths: &Paths, out: &mut String) {
    let heads: Vec<_> = table.columns.iter().map(|c| c.0).collect();
    let rules: Vec<_> = table.columns.iter().map(|c| if c.1 { "---:" } else { "---" }).collect();
    out.push_str(&format!("| {} |\n| {} |\n", heads.join(" | "), rules.join(" | ")));
    for row in &table.rows {
        let cells: Vec<_> = row.iter().map(|c| cell(c, paths)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if let Some(note) = words::cut_note(table.rows.len(), table.total, table.all_in) {
        out.push_str(&format!("\n{note}\n"));
    }
}

fn cell(cell: &Cell<'_>, paths: &Paths) -> String {
    match cell {
        Cell::Text(text) => md(text),
        Cell::Code(text) => code(text),
        Cell::Codes(all) => all.iter().map(|c| code(c)).collect::<Vec<_>>().join(", "),
        Cell::Number(text) => md(text),
        Cell::Attack(ids) => ids.iter().map(|id| md(id)).collect::<Vec<_>>().join(" "),
        Cell::Evidence(e) => evidence(e, paths),
        Cell::Severity(s) => words::label(s.as_str()),
        Cell::Findings(ids) => ids.iter().map(|id| code(id)).collect::<Vec<_>>().join(", "),
    }
}

/// Its state, and what people said of it.
fn life(f: &Finding, out: &mut String) {
    if let Some(why) = &f.state_reason {
        out.push_str(&format!("- **State:** {}: {}\n", f.state, md(why)));
    }
    for d in f.dispositions.iter().take(SAID_MAX) {
        let said = format!("{}, {}: {}", words::instant(d.time), words::said(d), d.reason);
        out.push_str(&format!("- **Said:** {}\n", md(&said)));
    }
    let shown = f.dispositions.len().min(SAID_MAX);
    if let Some(note) = words::cut_note(shown, f.dispositions.len(), "findings.jsonl") {
        out.push_str(&format!("  ({note})\n"));
    }
}

fn finding(card: &Card<'_>, paths: &Paths, out: &mut String) {
    let f = card.finding;
    let period = words::period(weir_model::case::Period { first: f.first_seen, last: f.last_seen });
    out.push_str(&format!("### {}: {}\n\n", words::label(f.severity.as_str()), md(&f.title)));
    out.push_str(&format!("{} · {} · {period}\n\n", code(&f.id), code(&f.detector)));
    said(&Said::Cited(f.explanation.clone(), &f.evidence.0), "", paths, out);
    for (name, seen, expected) in &card.measures {
        out.push_str(&format!("- **{}:** seen {seen}, expected {expected}\n", md(name)));
    }
    out.push_str(&format!("- **Chance of luck:** {}\n", words::chance(f.p_value)));
    if let Some(against) = words::against(f.p_value, f.threshold) {
        out.push_str(&format!("- **Threshold:** {against}\n"));
    }
    life(f, out);
    if let Some(scope) = card.scope {
        out.push_str(&format!("- **Whose data:** {}\n", md(&crate::section::headline::people_of(scope))));
    }
    for id in &f.attack {
        let name = attack::technique(id).map(|t| format!(" {} ({})", t.name, t.tactic)).unwrap_or_default();
        out.push_str(&format!("- **ATT&CK:** {}{name}\n", md(id)));
    }
    let entities: Vec<_> =
        f.entities.iter().take(ENTITIES_MAX).map(|e| format!("{} {}", e.kind, code(&e.value))).collect();
    out.push_str(&format!("- **Who and what:** {}\n", entities.join(", ")));
    if let Some(note) = words::cut_note(entities.len(), f.entities.len(), "findings.jsonl") {
        out.push_str(&format!("  ({note})\n"));
    }
    f.limits.iter().for_each(|l| out.push_str(&format!("- **Limit:** {}\n", md(l))));
    if let Some(trace) = &card.trace {
        out.push_str(&format!("- **Trace:** {}\n", md(&trace.alt)));
    }
    if let Some((figure, bars)) = &card.days {
        let lines = [&bars.title, &bars.bars, &bars.marks, &bars.foot].map(|l| l.as_str()).join("\n");
        out.push_str(&format!("- **Days:** {}\n\n```text\n{lines}\n```\n", md(&figure.alt)));
    }
    let records = words::quantity(f.evidence.0.total(), "record", "records");
    out.push_str(&format!("\nAll {records}:\n\n{}\n", markdown_block(f.evidence.0.query())));
}
