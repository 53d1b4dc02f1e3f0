//! `report.html`: one self-contained page that people want to read.
//!
//! Decisive choice: no script, no fetch, no font file: what folds is `<details>`, pictures are inline SVG, and the page says so
//! itself with a content security policy, so that a hostile string that got through would still be inert. Light and dark, screen
//! and paper come from one style sheet.

mod blocks;
mod first;

use crate::{
    Result,
    doc::{self, Block, Document, Paths, Section},
    escape,
    format::{Content, Format},
    language,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use weir_model::{Language, case::Case};

pub(crate) const FORMAT: Format = Format {
    name: "html",
    file: "report.html",
    summary: "the incident report as one page, with pictures",
    manual: "The same report as `report.md`, with pictures: records a day with those of each finding’s hand among them, people reached so far, a map of \
        from which countries, what each sensor delivered, and the trace of each finding. One file without scripts or outside parts; it opens offline, prints \
        (each finding kept together where it fits), follows the reader's light or dark setting, and reads in black and white.\n\n\
        Every statement shows its first records as `file:line` (`file:1@byte` where a file is one line); the rest unfold. A path is shortened to what tells it from the other \
        files; the whole path unfolds with it.\n\n## Blind spots\n\nAt most 100 findings are told in full and tables are cut; each cut \
        says which file has all.",
    content: Content::Case(render),
};

const STYLE: &str = include_str!("html/style.css");
/// Hangul for readers whose system has no font for it: a page in Korean reads alike everywhere. It stands first among its fonts, since Chromium sets the
/// first words with boxes where it is looked for after others.
static HANGUL: LazyLock<String> = LazyLock::new(|| {
    let font = BASE64.encode(crate::pdf::HANGUL);
    format!(
        "@font-face{{font-family:\"Weir Hangul\";src:url(data:font/otf;base64,{font}) format(\"opentype\");\
         unicode-range:U+1100-11FF,U+3000-303F,U+3130-318F,U+AC00-D7A3,U+FF00-FFEF}}"
    )
});
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'";

/// What drawing a block needs beside the block.
pub(crate) struct Context<'a> {
    pub case: &'a Case,
    pub paths: Paths,
    pub language: Language,
    /// Ids of the findings told in full: no other has an anchor.
    pub told: BTreeSet<&'a str>,
}

impl<'a> Context<'a> {
    fn new(case: &'a Case, sections: &[Section<'a>], language: Language) -> Self {
        let told = sections.iter().flat_map(|s| &s.blocks).filter_map(|block| match block {
            Block::Finding(card) => Some(card.finding.id.as_str()),
            _ => None,
        });
        Self { case, paths: Paths::new(case), language, told: told.collect() }
    }

    /// Words of Weir's own in the reader's language.
    fn say(&self, text: &str) -> Markup {
        escape::html(&language::say(self.language, text))
    }

    /// Words in which a name may stand between backticks; an odd backtick is only itself.
    fn prose(&self, text: &str) -> Markup {
        let said = language::say(self.language, text);
        let shown = escape::sentence(&said);
        let paired = shown.matches('`').count().is_multiple_of(2);
        html! {
            @if paired {
                @for (i, part) in shown.split('`').enumerate() {
                    @if i % 2 == 0 { (part) } @else { code { (part) } }
                }
            } @else { (shown) }
        }
    }
}

fn render(case: &Case) -> Result<Vec<u8>> {
    let case = &*language::whole_names(case);
    let doc = doc::document(case);
    let context = Context::new(case, &doc.sections, case.organisation.language);
    Ok(page(&context, &doc).into_string().into_bytes())
}

fn page(context: &Context<'_>, doc: &Document<'_>) -> Markup {
    let case = context.case;
    let organisation = case.organisation.name.as_deref();
    let title = html! { (context.say("Incident report")) @if let Some(name) = organisation { ": " (escape::html(name)) } };
    let foot = html! {
        (context.say(&format!("Written by {}", case.program))) ". " (context.say("Case")) " " code { (escape::html(&case.id)) } ". "
        (context.say("Times are UTC")) ". " (context.prose("The facts behind every line stand in `case.json`")) "."
    };
    frame(context, &case.program, &title, &first::screen(context, &doc.headline), &doc.sections, &foot)
}

/// A page of sections about a case that is no report: a title, one sentence, and who wrote it.
pub(crate) fn sheet(
    case: &Case,
    title: &str,
    verdict: &str,
    sections: &[Section<'_>],
    program: &str,
) -> Vec<u8> {
    let context = Context::new(case, sections, Language::English);
    let first = html! {
        p.kicker {
            span { (escape::html(title)) }
            @if let Some(name) = &case.organisation.name { span { (escape::html(name)) } }
        }
        h1 { (escape::html(verdict)) }
    };
    let foot = html! { "Written by " (escape::html(program)) ". Times are UTC." };
    frame(&context, program, &escape::html(title), &first, sections, &foot).into_string().into_bytes()
}

fn frame(
    context: &Context<'_>,
    program: &str,
    title: &Markup,
    first: &Markup,
    sections: &[Section<'_>],
    foot: &Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(context.language.code()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(escape::html(program));
                meta name="robots" content="noindex";
                title { (title) }
                @if context.language == Language::Korean { style { (PreEscaped(HANGUL.as_str())) } }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { (context.say("Skip to the report")) }
                header.first { (first) }
                div.page {
                    nav aria-label=(language::say(context.language, "Sections")) {
                        ol { @for s in sections { li { a href={ "#" (s.id) } { (context.say(s.title)) } } } }
                    }
                    main #main {
                        @for s in sections {
                            section id=(s.id) aria-labelledby={ "h-" (s.id) } {
                                h2 id={ "h-" (s.id) } { (context.say(s.title)) }
                                @for (i, block) in s.blocks.iter().enumerate() {
                                    (blocks::block(context, block, doc::is_titled(&s.blocks, i)))
                                }
                            }
                        }
                    }
                }
                footer { p { (foot) } }
            }
        }
    }
}
