//! Blocks of the document as HTML.

use super::Context;
use crate::{
    doc::{Block, Card, Cell, DRAWN_WITH, Figure, FigureKind, Said, Table},
    escape,
    section::{ENTITIES_MAX, SAID_MAX},
    svg, words,
};
use maud::{Markup, html};
use weir_model::{
    Evidence, Finding, Language, Severity, attack,
    case::{Period, Recommendation, Trace},
    finding::State,
};

/// Citations shown at once.
const CITED_MAX: usize = 3;
/// Steps of a trace told in words.
const STEPS_MAX: usize = 100;
/// Citations that unfold under a statement; under a finding all of them do.
const UNFOLDED_MAX: usize = 25;

/// `titled` says that a heading above already names a table, so its caption is for screen readers alone.
pub(super) fn block(context: &Context<'_>, block: &Block<'_>, titled: bool) -> Markup {
    html! {
        @match block {
            Block::Heading(text) => h3 { (context.say(text)) },
            Block::Note(text) => p.note { (context.prose(text)) },
            Block::Statements(all) => @for s in all { (said(context, s)) },
            Block::Labelled(all) => dl.labelled {
                @for (label, s) in all { div { dt { (context.say(label)) } dd { (said(context, s)) } } }
            },
            Block::Facts(all) => dl.facts {
                @for (label, value) in all { div { dt { (context.say(label)) } dd { (cell(context, value)) } } }
            },
            Block::Points(all) => ul.points { @for p in all { li { (context.prose(p)) } } },
            Block::Advice(all) => ol.advice { @for a in *all { li { (advice(context, a)) } } },
            Block::Table(t) => (table(context, t, titled)),
            Block::Figure(f) => (figure(context, f)),
            Block::Finding(card) => (finding(context, card)),
        }
    }
}

/// A statement: its words, then its records in small print; `Unknown` is marked.
pub(super) fn said(context: &Context<'_>, said: &Said<'_>) -> Markup {
    html! {
        @match said {
            Said::Cited(words, e) => div.said { p { (context.prose(words)) } (evidence(context, e, UNFOLDED_MAX)) },
            Said::Named(name) => div.said {
                p { (escape::html(name)) }
                p.cites { a href="#appendix" { (context.say("configuration")) } }
            },
            Said::Derived(words, id, name) => div.said {
                p { (context.prose(words)) }
                p.cites { a href={ "#" (id) } { (context.say(name)) } }
            },
            Said::Unknown(needed) => div.said.unknown {
                p { span.mark { (context.say("Unknown")) } " " (context.prose(&words::label_first(needed))) }
            },
        }
    }
}

fn evidence(context: &Context<'_>, e: &Evidence, unfolded_max: usize) -> Markup {
    let cited = e.cited();
    let more = e.total().saturating_sub(cited.len().min(CITED_MAX) as u64);
    html! {
        div.cites {
            @for (c, place) in context.paths.first(cited, CITED_MAX) {
                code class=[(place.len() <= 28).then_some("short")] title=(escape::html(&c.path)) {
                    @let (file, line) = place.rsplit_once(':').unwrap_or((&place, ""));
                    (escape::html(file)) span.short { ":" (line) }
                } " "
            }
            @if more > 0 || !e.query().is_empty() {
                details {
                    summary {
                        @if more > 0 { (context.say(&format!("+ {} more", words::count(more)))) } @else { (context.say("where")) }
                    }
                    ul { @for c in cited.iter().take(unfolded_max) {
                        li { code { (escape::html(&c.path)) ":" (c.line) } " " (context.say(&format!("at byte {}", words::count(c.offset.unsigned_abs())))) }
                    } }
                    @let shown = cited.len().min(unfolded_max);
                    @if let Some(note) = words::cut_note(shown, e.total() as usize, "this query") { p { (context.say(&note)) } }
                    pre { code { (escape::html_query(e.query())) } }
                }
            }
        }
    }
}

pub(super) fn severity(context: &Context<'_>, s: Severity) -> Markup {
    let shape = match s {
        Severity::Critical => "◆",
        Severity::High => "▲",
        Severity::Medium => "●",
        Severity::Low => "○",
        Severity::Informational => "·",
    };
    html! { span class={ "severity " (s) } { span aria-hidden="true" { (shape) } " " (context.say(s.as_str())) } }
}

fn advice(context: &Context<'_>, a: &Recommendation) -> Markup {
    html! {
        p { (severity(context, a.severity)) " " (context.prose(&a.text)) }
        @if !a.because.is_empty() {
            p.cites { (context.say("because of")) " " @for (i, b) in a.because.iter().enumerate() {
                @if i > 0 { ", " }
                (finding_link(context, b))
            } }
        }
    }
}

/// A finding's title, as a link where it is told in full; anything else as it is.
fn finding_link(context: &Context<'_>, id: &str) -> Markup {
    let finding = context.case.findings.iter().find(|f| f.id == id);
    html! {
        @if let Some(f) = finding { (linked(context, id, context.say(&f.title))) } @else { (context.say(id)) }
    }
}

/// Words as a link to a finding's card; as they are where it has none, since the finding no longer arises or is beyond those told in full.
fn linked(context: &Context<'_>, id: &str, words: Markup) -> Markup {
    html! {
        @if context.told.contains(id) { a href={ "#" (anchor(id)) } { (words) } } @else { (words) }
    }
}

/// Longest name that is not broken: an id or an address is not, and eight columns of them fit on paper.
const UNBROKEN_MAX: usize = 18;

/// A name as the logs write it; a short one is not broken.
fn code(text: &str) -> Markup {
    html! { code class=[(text.len() <= UNBROKEN_MAX).then_some("short")] { (escape::html(text)) } }
}

/// An anchor that a foreign id cannot break.
fn anchor(id: &str) -> String {
    format!("finding-{}", id.chars().filter(char::is_ascii_alphanumeric).take(32).collect::<String>())
}

fn table(context: &Context<'_>, t: &Table<'_>, titled: bool) -> Markup {
    let number = |i: usize| t.columns.get(i).is_some_and(|c| c.1).then_some("number");
    html! {
        div.wide tabindex="0" role="region" aria-label=(context.say(&t.caption)) {
            table.stack {
                caption class=[titled.then_some("hidden")] { (context.say(&t.caption)) }
                thead { tr { @for (i, (title, _)) in t.columns.iter().enumerate() { th scope="col" class=[number(i)] { (context.say(title)) } } } }
                tbody { @for row in &t.rows {
                    tr { @for (i, c) in row.iter().enumerate() {
                        td class=[number(i)] data-label=(crate::language::say(context.language, t.columns.get(i).map_or("", |c| c.0))) { (cell(context, c)) }
                    } }
                } }
            }
        }
        @if let Some(note) = words::cut_note(t.rows.len(), t.total, t.all_in) { p.note { (context.say(&note)) } }
    }
}

fn cell(context: &Context<'_>, c: &Cell<'_>) -> Markup {
    html! {
        @match c {
            Cell::Text(text) => @match text.strip_prefix("Unknown: ") {
                Some(rest) => { span.mark { (context.say("Unknown")) } " " (context.say(rest)) },
                None => @if text.contains('`') { (context.prose(text)) } @else { (context.say(text)) },
            },
            Cell::Code(text) => (code(text)),
            Cell::Codes(all) => @for (i, x) in all.iter().enumerate() { @if i > 0 { ", " } (code(x)) },
            Cell::Number(text) => (context.say(text)),
            Cell::Attack(ids) => @for id in *ids { span.technique title=[attack::technique(id).map(|t| t.name)] { (escape::html(id)) } " " },
            Cell::Evidence(e) => (evidence(context, e, UNFOLDED_MAX)),
            Cell::Severity(s) => (severity(context, *s)),
            Cell::Findings(ids) => @for id in *ids { (linked(context, id, code(id))) " " },
        }
    }
}

fn figure(context: &Context<'_>, f: &Figure<'_>) -> Markup {
    html! {
        @if let Some(drawn) = svg::draw(context.case, f, context.language) { figure {
            figcaption { (context.say(&f.caption)) }
            @if let FigureKind::Trace(t) = f.kind {
                div.wide tabindex="0" role="region" aria-label=(context.say(&f.caption)) { (drawn.svg) }
                (beside(context, &drawn))
                (steps(context, t))
            } @else {
                (drawn.svg)
                (beside(context, &drawn))
            }
        } }
    }
}

/// A picture's legend and notes.
fn beside(context: &Context<'_>, picture: &svg::Picture) -> Markup {
    html! {
        @if !picture.legend.is_empty() { ul.legend { @for key in &picture.legend { li {
            span class={ "key key-" (key.class) } { @if let Some(letter) = key.letter { (letter) } }
            @let [before, strong, after] = &key.words;
            span {
                (context.say(before))
                @if !strong.is_empty() { strong { (context.say(strong)) } }
                (context.say(after))
            }
        } } } }
        @for note in &picture.notes { p.note { (context.say(note)) } }
    }
}

/// The steps of a trace in words, each with its first records: what the curves stand on.
fn steps(context: &Context<'_>, t: &Trace) -> Markup {
    html! {
        div.cites { details {
            summary { (context.say("each step in words, with its records")) }
            ul { @for e in t.edges.iter().take(STEPS_MAX) {
                li {
                    @let how = e.how.replace('_', " ");
                    @match context.language {
                        Language::English => { (code(&e.from.value)) " " (context.say(&how)) " " (code(&e.to.value)) ": " }
                        // What is done stands at the end of a sentence.
                        Language::Korean => { (code(&e.from.value)) " → " (code(&e.to.value)) ": " (context.say(&how)) ", " }
                    }
                    (context.say(&words::quantity(e.records, "record", "records"))) ", "
                    @for (_, place) in context.paths.first(e.evidence.cited(), CITED_MAX) { code { (escape::html(&place)) } " " }
                }
            } }
            @if let Some(note) = words::cut_note(t.edges.len().min(STEPS_MAX), t.edges.len(), "case.json") { p { (context.say(&note)) } }
        } }
    }
}

fn finding(context: &Context<'_>, card: &Card<'_>) -> Markup {
    let f = card.finding;
    let seen = words::period(Period { first: f.first_seen, last: f.last_seen });
    html! {
        article class={ "finding " (f.severity) } id=(anchor(&f.id)) {
            header {
                p.meta { (severity(context, f.severity)) @if f.state != State::Open { span.mark { (context.say(f.state.as_str())) } } span { (escape::html(&f.detector)) } span { (context.say(&seen)) } code { (escape::html(&f.id)) } }
                h3 { (context.say(&f.title)) }
            }
            div.said { p { (context.prose(&f.explanation)) } (evidence(context, &f.evidence.0, usize::MAX)) }
            (measures(context, card))
            @if let Some((days, _)) = &card.days { (figure(context, days)) }
            dl.labelled {
                @if let Some(why) = &f.state_reason { div { dt { (context.say("State")) } dd { (context.say(&words::label(f.state.as_str()))) ": " (context.prose(why)) } } }
                @if !f.dispositions.is_empty() { div { dt { (context.say("What was said of it")) } dd { (said_of(context, f)) } } }
                div { dt { (context.say("Chance of luck")) } dd { (context.say(&words::label_first(&words::chance(f.p_value)))) } }
                @if let Some(scope) = card.scope {
                    @let people = crate::section::headline::people_of(scope);
                    div { dt { (context.say("Whose data")) } dd {
                        @if people == words::people(None) { span.mark { (context.say("Unknown")) } " " }
                        (context.say(&words::label_first(&people))) " " span.faint { (context.prose(&words::label_first(&scope.reason))) }
                    } }
                }
                div { dt { (context.say("Who and what")) } dd { (entities(context, card)) } }
                @if !f.attack.is_empty() {
                    div { dt { (context.say("ATT&CK")) } dd { ul.plain { @for id in &f.attack { li {
                        span.technique { (escape::html(id)) }
                        @if let Some(t) = attack::technique(id) { " " (t.name) " " span.faint { (context.say(t.tactic)) } }
                    } } } } }
                }
                div { dt { (context.say("Records")) } dd { (words::count(f.evidence.0.total())) } }
                div { dt { (context.say("Query for all")) } dd.query { pre { code { (escape::html_query(f.evidence.0.query())) } } } }
                @if !f.limits.is_empty() {
                    div { dt { (context.say("Limits")) } dd { ul.plain { @for l in &f.limits { li { (context.prose(l)) } } } } }
                }
                @if let Some(c) = &f.campaign { div { dt { (context.say("Campaign")) } dd { code { (escape::html(c)) } } } }
            }
            @if let Some(trace) = &card.trace { (figure(context, trace)) }
            @if let Some(id) = card.drawn_with {
                p.note { (context.say(DRAWN_WITH)) " " a href={ "#" (anchor(id)) } { code { (escape::html(id)) } } }
            }
        }
    }
}

/// What people said of a finding, in their order.
fn said_of(context: &Context<'_>, f: &Finding) -> Markup {
    html! {
        ul.plain { @for d in f.dispositions.iter().take(SAID_MAX) {
            li { span.faint { (context.say(&words::instant(d.time))) } " " (context.say(&words::said(d))) ": " (escape::sentence(&d.reason)) }
        } }
        @if let Some(note) = words::cut_note(f.dispositions.len().min(SAID_MAX), f.dispositions.len(), "findings.jsonl") { p.note { (context.say(&note)) } }
    }
}

fn measures(context: &Context<'_>, card: &Card<'_>) -> Markup {
    html! {
        @if !card.measures.is_empty() {
            table.measures {
                caption.hidden { (context.say("Measured against expected")) }
                thead { tr { th scope="col" { (context.say("Measure")) } th.number scope="col" { (context.say("Seen")) } th.number scope="col" { (context.say("Expected")) } } }
                tbody { @for (name, seen, expected) in &card.measures {
                    tr { th scope="row" { (context.say(name)) } td.number { strong { (seen) } } td.number { (context.say(expected)) } }
                } }
            }
        }
    }
}

fn entities(context: &Context<'_>, card: &Card<'_>) -> Markup {
    let all = &card.finding.entities;
    html! {
        ul.entities { @for e in all.iter().take(ENTITIES_MAX) { li.reasoned[card.finding.reason(e).is_some()] {
            span.faint { (context.say(e.kind.as_str())) } " " code { (escape::html(&e.value)) }
            @if let Some(why) = card.finding.reason(e) { " " (context.prose(why)) }
        } } }
        @if let Some(note) = words::cut_note(all.len().min(ENTITIES_MAX), all.len(), "findings.jsonl") { p.note { (context.say(&note)) } }
    }
}
