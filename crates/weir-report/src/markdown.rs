//! `report.md`: the report as Markdown (GitHub's dialect) for mail, tickets and version control.
//!
//! Decisive choice: a statement is a list item and its records stand under it in small print, so a diff of two reports reads
//! statement by statement. Pictures are their words; the HTML report has the pictures.

use crate::{
    Result,
    doc::{self, Block, Card, Cell, DRAWN_WITH, Headline, Paths, Said, Section, Table},
    escape::{markdown as md, markdown_block, markdown_code as code},
    format::{Content, Format},
    language,
    section::{ENTITIES_MAX, SAID_MAX},
    words,
};
use std::borrow::Cow;
use weir_model::{Evidence, Finding, Language, attack, case::Case};

pub(crate) const FORMAT: Format = Format {
    name: "markdown",
    file: "report.md",
    summary: "the incident report as Markdown",
    manual: "The incident report in GitHub's Markdown: first what happened, to whom, since when, how sure, and what to do today; then \
        summary, details, timeline, methodology by ATT&CK tactic, impact, indicators, response, lessons, recommendations, each finding \
        in full, scope with bounds, coverage, and the intake account. Every statement shows its first records as `file:line` (`file:1@byte` where a file is one line) and how \
        many there are; what is not known reads `Unknown` with what would be needed. The days of a finding are a line of bars.\n\nNames from logs cannot become markup, links or \
        HTML.\n\n## Blind spots\n\nPictures are given as words. Long tables are cut and say so.",
    content: Content::Case(render),
};

const CITED_MAX: usize = 3;

/// What writing needs beside what is written.
pub(crate) struct Writer {
    pub paths: Paths,
    pub language: Language,
}

impl Writer {
    /// Words of Weir's own in the reader's language, as they are.
    fn say<'t>(&self, text: &'t str) -> Cow<'t, str> {
        language::say(self.language, text)
    }

    /// So too, in which nothing is markup.
    fn md(&self, text: &str) -> String {
        md(&self.say(text))
    }
}

fn render(case: &Case) -> Result<Vec<u8>> {
    let case = &*language::whole_names(case);
    let doc = doc::document(case);
    let to = Writer { paths: Paths::new(case), language: case.organisation.language };
    let mut out = String::new();
    let organisation = match case.organisation.name.as_deref() {
        Some(name) => md(name),
        None => to.md("organisation not configured"),
    };
    out.push_str(&format!("# {}: {}\n\n", to.say("Incident report"), to.md(&doc.headline.verdict)));
    let of_case = to.say("case");
    out.push_str(&format!("{organisation} · {of_case} {} · {}\n", code(&case.id), md(&case.program)));
    headline(&doc.headline, &to, &mut out);
    sections(&doc.sections, &to, &mut out);
    Ok(out.into_bytes())
}

fn headline(h: &Headline<'_>, to: &Writer, out: &mut String) {
    for (question, answers) in &h.answers {
        out.push_str(&format!("\n## {}\n\n", to.say(question)));
        answers.iter().for_each(|a| said(a, "", to, out));
    }
    out.push_str(&format!("\n## {}\n\n", to.say("What to do today")));
    if h.today.is_empty() {
        out.push_str(&format!("- {}\n", to.say("Nothing is recommended by this case.")));
    }
    for advice in &h.today {
        out.push_str(&format!(
            "- **{}** {}\n",
            to.say(&words::label(advice.severity.as_str())),
            to.md(&advice.text)
        ));
    }
    if !h.tally.is_empty() {
        let tally: Vec<_> = h.tally.iter().map(|(s, n)| format!("{} {s}", words::count(*n))).collect();
        out.push_str(&format!("\n{}.\n", to.say(&format!("Findings: {}", words::list(&tally)))));
    }
}

/// Sections one under another.
pub(crate) fn sections(all: &[Section<'_>], to: &Writer, out: &mut String) {
    for section in all {
        out.push_str(&format!("\n---\n\n## {}\n", to.say(section.title)));
        for block in &section.blocks {
            out.push('\n');
            self::block(block, to, out);
        }
    }
}

fn block(block: &Block<'_>, to: &Writer, out: &mut String) {
    match block {
        Block::Heading(text) => out.push_str(&format!("### {}\n", to.md(text))),
        Block::Note(text) => out.push_str(&format!("{}\n", to.md(text))),
        Block::Statements(all) => all.iter().for_each(|s| said(s, "", to, out)),
        Block::Labelled(all) => {
            all.iter().for_each(|(label, s)| said(s, &format!("**{}:** ", to.md(label)), to, out))
        }
        Block::Facts(all) => {
            all.iter().for_each(|(label, value)| {
                out.push_str(&format!("- **{}:** {}\n", to.md(label), cell(value, to)))
            });
        }
        Block::Points(all) => all.iter().for_each(|p| out.push_str(&format!("- {}\n", to.md(p)))),
        Block::Advice(all) => {
            for advice in *all {
                let because: Vec<_> = advice
                    .because
                    .iter()
                    .map(|because| if because.contains(' ') { to.md(because) } else { code(because) })
                    .collect();
                let because = if because.is_empty() {
                    String::new()
                } else {
                    format!(" ({} {})", to.say("because of"), because.join(", "))
                };
                let soon = words::label(advice.severity.as_str());
                let soon = to.say(&soon);
                out.push_str(&format!("- **{soon}** {}{because}\n", to.md(&advice.text)));
            }
        }
        Block::Table(table) => self::table(table, to, out),
        Block::Figure(figure) => {
            out.push_str(&format!("*{}.* {}\n", to.md(&figure.caption), to.md(&figure.alt)))
        }
        Block::Finding(card) => finding(card, to, out),
    }
}

fn said(said: &Said<'_>, label: &str, to: &Writer, out: &mut String) {
    match said {
        Said::Cited(words, e) => {
            out.push_str(&format!("- {label}{}  \n  {}\n", to.md(words), evidence(e, to)))
        }
        Said::Named(name) => {
            out.push_str(&format!("- {label}{} ({})\n", md(name), to.md("see configuration")))
        }
        Said::Derived(words, _, name) => {
            out.push_str(&format!("- {label}{} ({})\n", to.md(words), to.md(&format!("see {name}"))))
        }
        Said::Unknown(needed) => out.push_str(&format!(
            "- {label}**{}.** {}\n",
            to.say("Unknown"),
            to.md(&words::label_first(needed))
        )),
    }
}

fn evidence(e: &Evidence, to: &Writer) -> String {
    let first: Vec<_> =
        to.paths.first(e.cited(), CITED_MAX).into_iter().map(|(_, place)| code(&place)).collect();
    let more = e.total().saturating_sub(first.len() as u64);
    let more = if more > 0 {
        format!(" {}", to.say(&format!("+ {} more", words::count(more))))
    } else {
        String::new()
    };
    format!("<sub>{}{more}</sub>", first.join(", "))
}

fn table(table: &Table<'_>, to: &Writer, out: &mut String) {
    let heads: Vec<_> = table.columns.iter().map(|c| to.say(c.0)).collect();
    let rules: Vec<_> = table.columns.iter().map(|c| if c.1 { "---:" } else { "---" }).collect();
    out.push_str(&format!("| {} |\n| {} |\n", heads.join(" | "), rules.join(" | ")));
    for row in &table.rows {
        let cells: Vec<_> = row.iter().map(|c| cell(c, to)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if let Some(note) = words::cut_note(table.rows.len(), table.total, table.all_in) {
        out.push_str(&format!("\n{}\n", to.say(&note)));
    }
}

fn cell(cell: &Cell<'_>, to: &Writer) -> String {
    match cell {
        Cell::Text(text) => to.md(text),
        Cell::Code(text) => code(text),
        Cell::Codes(all) => all.iter().map(|c| code(c)).collect::<Vec<_>>().join(", "),
        Cell::Number(text) => to.md(text),
        Cell::Attack(ids) => ids.iter().map(|id| md(id)).collect::<Vec<_>>().join(" "),
        Cell::Evidence(e) => evidence(e, to),
        Cell::Severity(s) => to.say(&words::label(s.as_str())).into_owned(),
        Cell::Findings(ids) => ids.iter().map(|id| code(id)).collect::<Vec<_>>().join(", "),
    }
}

/// Its state, and what people said of it.
fn life(f: &Finding, to: &Writer, out: &mut String) {
    if let Some(why) = &f.state_reason {
        out.push_str(&format!("- **{}:** {}: {}\n", to.say("State"), to.say(f.state.as_str()), to.md(why)));
    }
    for d in f.dispositions.iter().take(SAID_MAX) {
        let said = format!("{}, {}", words::instant(d.time), words::said(d));
        out.push_str(&format!("- **{}:** {}: {}\n", to.say("Said"), to.md(&said), md(&d.reason)));
    }
    let shown = f.dispositions.len().min(SAID_MAX);
    if let Some(note) = words::cut_note(shown, f.dispositions.len(), "findings.jsonl") {
        out.push_str(&format!("  ({})\n", to.say(&note)));
    }
}

fn finding(card: &Card<'_>, to: &Writer, out: &mut String) {
    let f = card.finding;
    let period = words::period(weir_model::case::Period { first: f.first_seen, last: f.last_seen });
    out.push_str(&format!("### {}: {}\n\n", to.say(&words::label(f.severity.as_str())), to.md(&f.title)));
    out.push_str(&format!("{} · {} · {}\n\n", code(&f.id), code(&f.detector), to.say(&period)));
    said(&Said::Cited(f.explanation.clone(), &f.evidence.0), "", to, out);
    for (name, seen, expected) in &card.measures {
        out.push_str(&format!(
            "- **{}:** {}\n",
            to.md(name),
            to.say(&format!("seen {seen}, expected {expected}"))
        ));
    }
    out.push_str(&format!("- **{}:** {}\n", to.say("Chance of luck"), to.say(&words::chance(f.p_value))));
    if let Some(against) = words::against(f.p_value, f.threshold) {
        out.push_str(&format!("- **{}:** {}\n", to.say("Threshold"), to.say(&against)));
    }
    life(f, to, out);
    if let Some(scope) = card.scope {
        out.push_str(&format!(
            "- **{}:** {}\n",
            to.say("Whose data"),
            to.md(&crate::section::headline::people_of(scope))
        ));
    }
    for id in &f.attack {
        let name =
            attack::technique(id).map(|t| format!(" {} ({})", t.name, to.say(t.tactic))).unwrap_or_default();
        out.push_str(&format!("- **ATT&CK:** {}{name}\n", md(id)));
    }
    let entities: Vec<_> = f
        .entities
        .iter()
        .take(ENTITIES_MAX)
        .map(|e| format!("{} {}", to.say(e.kind.as_str()), code(&e.value)))
        .collect();
    out.push_str(&format!("- **{}:** {}\n", to.say("Who and what"), entities.join(", ")));
    if let Some(note) = words::cut_note(entities.len(), f.entities.len(), "findings.jsonl") {
        out.push_str(&format!("  ({})\n", to.say(&note)));
    }
    f.limits.iter().for_each(|l| out.push_str(&format!("- **{}:** {}\n", to.say("Limit"), to.md(l))));
    if let Some(trace) = &card.trace {
        out.push_str(&format!("- **{}:** {}\n", to.say("Trace"), to.md(&trace.alt)));
    }
    if let Some(id) = card.drawn_with {
        out.push_str(&format!("- **{}:** {} {}\n", to.say("Trace"), to.say(DRAWN_WITH), code(id)));
    }
    if let Some((figure, bars)) = &card.days {
        let lines = [&to.say(&bars.title), bars.bars.as_str(), &bars.marks, &to.say(&bars.foot)].join("\n");
        out.push_str(&format!(
            "- **{}:** {}\n\n```text\n{lines}\n```\n",
            to.say("Day by day"),
            to.md(&figure.alt)
        ));
    }
    let records = words::quantity(f.evidence.0.total(), "record", "records");
    out.push_str(&format!(
        "\n{}:\n\n{}\n",
        to.say(&format!("All {records}")),
        markdown_block(f.evidence.0.query())
    ));
}
