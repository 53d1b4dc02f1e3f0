//! Blocks of the document as a template's data.

use super::{
    data,
    text::{self, Kind, Run, Words, code, linked, name},
};
use crate::{
    doc::{Block, Cell, Paths, Said, Section, Table},
    escape,
    language::say,
    words,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use weir_model::{
    Evidence, Finding, Severity, attack,
    case::{Case, Recommendation},
};

/// Citations under a statement.
const CITED_MAX: usize = 3;

/// What a block needs beside itself.
pub(super) struct Context<'a> {
    pub case: &'a Case,
    pub paths: Paths,
    /// The findings told in full, by id, and their labels. Of two with one id the first has it.
    anchors: BTreeMap<&'a str, (&'a Finding, String)>,
}

impl<'a> Context<'a> {
    /// For a case and the sections of its document.
    pub fn new(case: &'a Case, sections: &[Section<'a>]) -> Self {
        let mut anchors = BTreeMap::new();
        for block in sections.iter().flat_map(|s| &s.blocks) {
            if let Block::Finding(card) = block {
                let next = format!("finding-{}", anchors.len() + 1);
                anchors.entry(card.finding.id.as_str()).or_insert((card.finding, next));
            }
        }
        Self { case, paths: Paths::new(case), anchors }
    }

    /// A text of Weir's own in the reader's language.
    pub fn say<'t>(&self, text: &'t str) -> Cow<'t, str> {
        say(self.case.organisation.language, text)
    }

    /// So too, in a look.
    pub fn own(&self, kind: Kind, text: &str) -> Run {
        text::own(kind, &self.say(text))
    }

    /// So too, in the look of what is around it.
    pub fn words(&self, text: &str) -> Run {
        name(&self.say(text))
    }

    /// So too, with names between backticks.
    pub fn prose(&self, text: &str) -> Words {
        text::prose(&self.say(text))
    }

    /// A section, its findings numbered by those before it.
    pub fn section(&self, section: &Section<'_>) -> data::Section {
        let blocks = section.blocks.iter().enumerate();
        let blocks = blocks.map(|(i, b)| self.block(b, crate::doc::is_titled(&section.blocks, i)));
        data::Section {
            anchor: anchor(section.id),
            title: self.say(section.title).into_owned(),
            blocks: blocks.flatten().collect(),
        }
    }

    fn block(&self, block: &Block<'_>, titled: bool) -> Option<data::Block> {
        Some(match block {
            Block::Heading(text) => data::Block::Heading { words: vec![self.words(text)] },
            Block::Note(text) => data::Block::Note { words: self.prose(text) },
            Block::Statements(all) => {
                data::Block::Statements { said: all.iter().map(|s| self.said(s)).collect() }
            }
            Block::Labelled(all) => data::Block::Labelled {
                rows: all.iter().map(|(label, s)| (vec![self.words(label)], self.said(s))).collect(),
            },
            Block::Facts(all) => data::Block::Facts {
                rows: all.iter().map(|(label, value)| (vec![self.words(label)], self.cell(value))).collect(),
            },
            Block::Points(all) => data::Block::Points { points: all.iter().map(|p| self.prose(p)).collect() },
            Block::Advice(all) => {
                data::Block::Advice { advice: all.iter().map(|a| self.advice(a)).collect() }
            }
            Block::Table(t) => data::Block::Table(self.table(t, titled)),
            Block::Figure(f) => data::Block::Figure(self.figure(f)?),
            Block::Finding(card) => data::Block::Finding(Box::new(self.finding(card))),
        })
    }

    /// A statement and its records; `Unknown` is marked.
    pub fn said(&self, said: &Said<'_>) -> data::Said {
        match said {
            Said::Cited(words, e) => {
                data::Said { words: self.prose(words), cites: self.evidence(e, CITED_MAX) }
            }
            Said::Named(called) => data::Said {
                words: vec![name(called)],
                cites: vec![linked(self.own(Kind::Text, "see configuration"), Some(anchor("appendix")))],
            },
            Said::Derived(words, id, name) => data::Said {
                words: self.prose(words),
                cites: vec![linked(self.own(Kind::Text, &format!("see {name}")), Some(anchor(id)))],
            },
            Said::Unknown(needed) => {
                let words = self.prose(&words::label_first(needed));
                data::Said { words: [self.unknown()].into_iter().chain(words).collect(), cites: Vec::new() }
            }
        }
    }

    /// The first records, and how many more there are.
    pub fn evidence(&self, e: &Evidence, max: usize) -> Words {
        let mut shown = Vec::new();
        for (_, place) in self.paths.first(e.cited(), max) {
            if !shown.is_empty() {
                shown.push(self.own(Kind::Text, ", "));
            }
            shown.push(code(&place));
        }
        let more = e.total().saturating_sub(e.cited().len().min(max) as u64);
        if more > 0 {
            shown.push(self.own(Kind::Text, &format!(" + {} more", words::count(more))));
        }
        shown
    }

    fn advice(&self, a: &Recommendation) -> data::Said {
        let mut because = Vec::new();
        for id in &a.because {
            because.push(self.own(Kind::Text, if because.is_empty() { "because of " } else { ", " }));
            let finding = self.case.findings.iter().find(|f| f.id == *id);
            let title = finding.map_or_else(|| self.words(id), |f| self.words(&f.title));
            because.push(linked(title, self.anchor(id)));
        }
        let words =
            [self.severity(a.severity), self.own(Kind::Text, " ")].into_iter().chain(self.prose(&a.text));
        data::Said { words: words.collect(), cites: because }
    }

    fn table(&self, t: &Table<'_>, titled: bool) -> data::Table {
        data::Table {
            caption: (!titled).then(|| vec![self.words(&t.caption)]),
            columns: t.columns.iter().map(|(title, right)| (self.say(title).into_owned(), *right)).collect(),
            rows: t.rows.iter().map(|row| row.iter().map(|c| self.cell(c)).collect()).collect(),
            note: words::cut_note(t.rows.len(), t.total, t.all_in).map(|note| self.say(&note).into_owned()),
        }
    }

    fn cell(&self, cell: &Cell<'_>) -> Words {
        match cell {
            Cell::Text(text) => match text.strip_prefix("Unknown: ") {
                Some(rest) => vec![self.unknown(), self.words(rest)],
                None if text.contains('`') => self.prose(text),
                None => vec![self.words(text)],
            },
            Cell::Code(text) => vec![code(text)],
            Cell::Codes(all) => parted(all.iter().map(|x| code(x)), ", "),
            Cell::Number(text) => vec![self.own(Kind::Text, text)],
            Cell::Attack(ids) => parted(ids.iter().map(|id| technique(id)), " "),
            Cell::Evidence(e) => self.evidence(e, CITED_MAX),
            Cell::Severity(s) => vec![self.severity(*s)],
            Cell::Findings(ids) => parted(ids.iter().map(|id| self.finding_id(id)), " "),
        }
    }

    /// A technique with its name and tactic, where it is one.
    pub fn technique_named(&self, id: &str) -> Words {
        let named = attack::technique(id);
        let named =
            named.map(|t| [text::own(Kind::Text, &format!(" {} ", t.name)), self.own(Kind::Faint, t.tactic)]);
        [technique(id)].into_iter().chain(named.into_iter().flatten()).collect()
    }

    fn unknown(&self) -> Run {
        self.own(Kind::Mark, "Unknown")
    }

    /// How much it matters, in words; templates put a shape before them.
    pub fn severity(&self, s: Severity) -> Run {
        text::severity(s.as_str(), &self.say(s.as_str()))
    }

    /// A finding's id, leading to it where it is told in full.
    pub fn finding_id(&self, id: &str) -> Run {
        linked(code(id), self.anchor(id))
    }

    fn anchor(&self, id: &str) -> Option<String> {
        self.anchors.get(id).map(|(_, anchor)| anchor.clone())
    }

    /// The label that a finding itself has.
    pub fn own_anchor(&self, f: &Finding) -> Option<String> {
        let (first, anchor) = self.anchors.get(f.id.as_str())?;
        std::ptr::eq(*first, f).then(|| anchor.clone())
    }
}

/// A section's label.
fn anchor(id: &str) -> String {
    format!("section-{id}")
}

/// Runs with words between them.
pub(super) fn parted(runs: impl Iterator<Item = Run>, between: &str) -> Words {
    let mut all = Vec::new();
    for run in runs {
        if !all.is_empty() {
            all.push(text::own(Kind::Text, between));
        }
        all.push(run);
    }
    all
}

/// An ATT&CK technique's id.
pub(super) fn technique(id: &str) -> Run {
    text::own(Kind::Technique, &escape::shown(id))
}
