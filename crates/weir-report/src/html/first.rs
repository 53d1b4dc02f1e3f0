//! The first screen: the verdict, five questions answered, findings by severity.

use super::{Context, blocks};
use crate::{
    doc::{Headline, Tone},
    escape, words,
};
use maud::{Markup, html};

pub(super) fn screen(context: &Context<'_>, h: &Headline<'_>) -> Markup {
    let case = context.case;
    let tone = match h.tone {
        Tone::Exposed => "exposed",
        Tone::CannotBeKnown => "unknown",
        Tone::NoOne | Tone::Quiet => "quiet",
        Tone::Nothing => "nothing",
    };
    html! {
        p.kicker {
            span { "Incident report" }
            @if let Some(name) = &case.organisation.name { span { (escape::html(name)) } }
            @if let Some(p) = case.period { span { (words::day(p.first)) " to " (words::day(p.last)) } }
        }
        h1 class=(tone) { (escape::html(&h.verdict)) }
        @if !h.tally.is_empty() {
            ul.tally aria-label="Findings by severity" {
                @for (severity, n) in &h.tally {
                    li { a href="#findings" { strong { (words::count(*n)) } " " (blocks::severity(*severity)) } }
                }
            }
        }
        div.answers {
            @for (question, answers) in &h.answers {
                div.answer {
                    h2 { (question) }
                    @for said in answers { (blocks::said(context, said)) }
                }
            }
            div.answer.today {
                h2 { "What to do today" }
                @if h.today.is_empty() { p { "Nothing is recommended by this case." } } @else {
                    ol { @for advice in &h.today { li { (blocks::prose(&advice.text)) } } }
                }
            }
        }
    }
}
