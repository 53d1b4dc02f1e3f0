//! A finding in full as a template's data, and the pictures with it.

use super::{
    blocks::{Context, parted},
    data::{Card, Figure, Said},
    picture,
    text::{self, Kind, Words, code, name},
};
use crate::{
    doc::{self, DRAWN_WITH, FigureKind},
    section::{ENTITIES_MAX, SAID_MAX},
    svg, words,
};
use weir_model::{
    Finding, Language,
    case::{Period, Trace},
    finding::State,
};

/// Citations of a finding.
const CITED_MAX: usize = 25;
/// Steps of a trace told in words.
const STEPS_MAX: usize = 24;

impl Context<'_> {
    /// A picture, where there is something to draw.
    pub fn figure(&self, figure: &doc::Figure<'_>) -> Option<Figure> {
        let drawn = svg::draw(self.case, figure, self.case.organisation.language)?;
        let legend = drawn.legend.iter().map(|key| {
            let [before, strong, after] = &key.words;
            let words = vec![self.words(before), self.own(Kind::Strong, strong), self.words(after)];
            (key.class.clone(), key.letter, words)
        });
        let mut notes: Vec<Words> = drawn.notes.iter().map(|note| self.prose(note)).collect();
        let mut steps = Vec::new();
        if let FigureKind::Trace(t) = figure.kind {
            steps = self.steps(t);
            let cut = words::cut_note(steps.len(), t.edges.len(), "case.json");
            notes.extend(cut.map(|note| self.prose(&format!("Steps in words: {note}"))));
        }
        Some(Figure {
            caption: vec![self.words(&figure.caption)],
            alt: text::line(&self.say(&figure.alt)),
            svg: picture::standalone(&drawn.svg),
            size: drawn.size,
            legend: legend.collect(),
            notes,
            steps,
        })
    }

    /// The steps of a trace in words, each with its first records.
    fn steps(&self, t: &Trace) -> Vec<Said> {
        let step = |e: &weir_model::case::TraceEdge| {
            let how = e.how.replace('_', " ");
            let records = words::quantity(e.records, "record", "records");
            let (from, to) = (code(&e.from.value), code(&e.to.value));
            let own = |text: &str| self.own(Kind::Text, text);
            Said {
                words: match self.case.organisation.language {
                    Language::English => {
                        vec![from, self.words(&format!(" {how} ")), to, own(&format!(": {records}"))]
                    }
                    // What is done stands at the end of a sentence.
                    Language::Korean => {
                        vec![from, own(" → "), to, own(": "), self.words(&how), own(", "), own(&records)]
                    }
                },
                cites: parted(
                    self.paths.first(e.evidence.cited(), 3).iter().map(|(_, place)| code(place)),
                    ", ",
                ),
            }
        };
        t.edges.iter().take(STEPS_MAX).map(step).collect()
    }

    /// A finding.
    pub fn finding(&self, card: &doc::Card<'_>) -> Card {
        let f = card.finding;
        let measure = |(name, seen, expected): &(String, String, String)| {
            [vec![self.words(name)], vec![self.own(Kind::Strong, seen)], vec![self.own(Kind::Text, expected)]]
        };
        Card {
            anchor: self.own_anchor(f),
            severity: f.severity.as_str(),
            meta: self.meta(f),
            title: vec![self.words(&f.title)],
            explanation: self.prose(&f.explanation),
            measures: card.measures.iter().map(measure).collect(),
            days: card.days.as_ref().and_then(|(figure, _)| self.figure(figure)),
            rows: self.rows(card),
            query: text::query(f.evidence.0.query()),
            trace: card.trace.as_ref().and_then(|figure| self.figure(figure)),
        }
    }

    fn rows(&self, card: &doc::Card<'_>) -> Vec<(String, Vec<Words>)> {
        let f = card.finding;
        let mut rows = Vec::new();
        if let Some(why) = &f.state_reason {
            rows.push((
                self.label("State"),
                vec![self.prose(&format!("{}: {why}", words::label(f.state.as_str())))],
            ));
        }
        if !f.dispositions.is_empty() {
            rows.push((self.label("What was said of it"), self.said_of(f)));
        }
        rows.push((
            self.label("Chance of luck"),
            vec![self.prose(&words::label_first(&words::chance(f.p_value)))],
        ));
        rows.extend(card.scope.map(|scope| (self.label("Whose data"), vec![self.whose(scope)])));
        rows.push((self.label("Who and what"), self.entities(f)));
        if !f.attack.is_empty() {
            rows.push((self.label("ATT&CK"), f.attack.iter().map(|id| self.technique_named(id)).collect()));
        }
        let e = &f.evidence.0;
        rows.push((
            self.label("Records"),
            vec![vec![self.own(Kind::Text, &words::count(e.total()))], self.evidence(e, CITED_MAX)],
        ));
        if !f.limits.is_empty() {
            rows.push((self.label("Limits"), f.limits.iter().map(|l| self.prose(l)).collect()));
        }
        rows.extend(card.drawn_with.map(|id| {
            let words = vec![self.words(DRAWN_WITH), self.own(Kind::Text, " "), self.finding_id(id)];
            (self.label("Trace"), vec![words])
        }));
        rows.extend(f.campaign.as_ref().map(|c| (self.label("Campaign"), vec![vec![self.finding_id(c)]])));
        rows
    }

    fn label(&self, text: &str) -> String {
        self.say(text).into_owned()
    }

    /// Severity, state, detector, time, id.
    fn meta(&self, f: &Finding) -> Vec<Words> {
        let seen = words::period(Period { first: f.first_seen, last: f.last_seen });
        let state = (f.state != State::Open).then(|| self.own(Kind::Mark, f.state.as_str()));
        let all = [self.severity(f.severity)].into_iter().chain(state);
        all.chain([name(&f.detector), self.own(Kind::Text, &seen), code(&f.id)])
            .map(|run| vec![run])
            .collect()
    }

    fn whose(&self, scope: &weir_model::case::Scope) -> Words {
        let people = crate::section::headline::people_of(scope);
        let unknown = people == words::people(None);
        let mut shown: Words = unknown.then(|| self.own(Kind::Mark, "Unknown")).into_iter().collect();
        shown.push(self.own(Kind::Text, &format!("{}. ", words::label_first(&people))));
        shown.extend(self.prose(&words::label_first(&scope.reason)));
        shown
    }

    /// What people said of a finding, in their order.
    fn said_of(&self, f: &Finding) -> Vec<Words> {
        let line = |d: &weir_model::Disposition| {
            let when = self.own(Kind::Faint, &format!("{} ", words::instant(d.time)));
            vec![when, self.words(&format!("{}: ", words::said(d))), text::own(Kind::Text, &d.reason)]
        };
        let shown = f.dispositions.len().min(SAID_MAX);
        let cut = words::cut_note(shown, f.dispositions.len(), "findings.jsonl");
        f.dispositions.iter().take(SAID_MAX).map(line).chain(cut.map(|note| self.prose(&note))).collect()
    }

    /// Those without a reason of their own in one line, the others in a line each.
    fn entities(&self, f: &Finding) -> Vec<Words> {
        let shown = f.entities.len().min(ENTITIES_MAX);
        let (mut alike, mut lines) = (Vec::new(), Vec::new());
        for e in f.entities.iter().take(ENTITIES_MAX) {
            let named = [self.own(Kind::Faint, &format!("{} ", e.kind)), code(&e.value)];
            match f.reason(e) {
                Some(why) => lines.push(
                    named.into_iter().chain([self.own(Kind::Text, " ")]).chain(self.prose(why)).collect(),
                ),
                None => {
                    alike.extend((!alike.is_empty()).then(|| self.own(Kind::Text, ", ")));
                    alike.extend(named);
                }
            }
        }
        let cut = words::cut_note(shown, f.entities.len(), "findings.jsonl").map(|note| self.prose(&note));
        (!alike.is_empty()).then_some(alike).into_iter().chain(lines).chain(cut).collect()
    }
}
