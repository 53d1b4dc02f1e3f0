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
            span { (context.say("Incident report")) }
            @if let Some(name) = &case.organisation.name { span { (escape::html(name)) } }
            @if let Some(p) = case.period { span { (context.say(&format!("{} to {}", words::day(p.first), words::day(p.last)))) } }
        }
        h1 class=(tone) { (context.say(&h.verdict)) }
        @if !h.tally.is_empty() {
            ul.tally aria-label=(crate::language::say(context.language, "Findings by severity")) {
                @for (severity, n) in &h.tally {
                    li { a href="#findings" { strong { (words::count(*n)) } " " (blocks::severity(context, *severity)) } }
                }
            }
        }
        div.answers {
            @for (question, answers) in &h.answers {
                div.answer {
                    h2 { (context.say(question)) }
                    @for said in answers { (blocks::said(context, said)) }
                }
            }
            div.answer.today {
                h2 { (context.say("What to do today")) }
                @if h.today.is_empty() { p { (context.say("Nothing is recommended by this case.")) } } @else {
                    ol { @for advice in &h.today { li { (context.prose(&advice.text)) } } }
                }
            }
        }
    }
}
