//! `report.pdf`: the report on paper, for those who file it, sign it or bring it to a court.
//!
//! Decisive choice: a template is given the document as data ([`data`]) and Typst sets it. Words of logs are strings in that data and
//! are never read as markup, so there is nothing to quote and nothing to forget; and an organisation may bring a template of its own,
//! which can change how the report looks and not what it says. The file is PDF/A-2a and PDF/UA-1: fonts inside, tagged, each picture
//! with its words. The same case gives the same bytes: its date is that of the last record, its id the case's.

mod blocks;
mod data;
mod finding;
mod fonts;
mod picture;
mod text;
mod world;

pub(crate) use fonts::HANGUL;

use crate::{
    ReportError, Result,
    doc::{self, Document, Tone},
    format::{Content, Format},
    words,
};
use blocks::Context;
use std::collections::BTreeMap;
use text::{Kind, Words, code, name, own};
use typst::{
    World, WorldExt,
    diag::SourceDiagnostic,
    foundations::{Bytes, Datetime, Smart},
};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use weir_model::case::Case;

pub(crate) const FORMAT: Format = Format {
    name: "pdf",
    file: "report.pdf",
    summary: "the incident report on paper, with pictures",
    manual: "The same report as `report.html`, set on A4: what happened, to whom, since when, how sure and what to do today on the first \
        page, then every section with its pictures, page by page with the case's id. PDF/A-2a and PDF/UA-1: fonts inside, tagged for \
        screen readers, text alternatives for pictures. It reads in black and white. Its date is that of the last record, so the same \
        case gives the same bytes.\n\n`weir report CASE --format pdf` writes it again: `--paper us-letter` on another paper, \
        `--templates DIR` with `report.typ` of DIR in place of the built-in one (`crates/weir-report/src/pdf/report.typ`, to start \
        from). A template is Typst; it finds the report in `json(\"report.json\")` and may use files of its folder, and nothing else.\n\n\
        ## Blind spots\n\nIts fonts have Latin, Greek, Cyrillic, kana and Hangul; any other character is written by its number, such as \
        `<U+6C34>`, and the last page says so. A finding shows 25 of its records and the query for all. At most 100 findings are told \
        in full and tables are cut; each cut says which file has all.",
    content: Content::Case(render),
};

/// The built-in template.
pub const TEMPLATE: &str = include_str!("pdf/report.typ");
/// The name of a template's first file.
pub const MAIN: &str = "report.typ";
/// The name under which a template finds the report.
const DATA: &str = "report.json";

/// What the report is printed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// 210 by 297 mm.
    #[default]
    A4,
    /// 8.5 by 11 inches.
    UsLetter,
}

impl Paper {
    /// By its name: `a4` or `us-letter`.
    pub fn named(name: &str) -> Option<Self> {
        [Self::A4, Self::UsLetter].into_iter().find(|paper| paper.name() == name)
    }

    /// What Typst calls it.
    fn name(self) -> &'static str {
        match self {
            Self::A4 => "a4",
            Self::UsLetter => "us-letter",
        }
    }
}

/// How the PDF is to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The paper.
    pub paper: Paper,
    /// Files of somebody's own template by their path within its folder, [`MAIN`] among them; empty for the built-in one.
    pub template: BTreeMap<String, Vec<u8>>,
}

fn render(case: &Case) -> Result<Vec<u8>> {
    pdf(case, &Layout::default())
}

/// The report as PDF.
pub fn pdf(case: &Case, layout: &Layout) -> Result<Vec<u8>> {
    let case = &*crate::language::whole_names(case);
    let mut report = report(case, layout.paper);
    // The labels, which show how such a number looks, are not there yet.
    report.numbered = serde_json::to_string(&report)?.contains("<U+");
    report.labels = labels(case);
    match set(case, &report, layout) {
        // A name of a log in a picture of ours must not cost the report: then the pictures are told in words.
        Err(ReportError::Typeset(_)) if layout.template.is_empty() => {
            report.tell_pictures();
            set(case, &report, layout)
        }
        done => done,
    }
}

/// The report set on pages.
fn set(case: &Case, report: &data::Report, layout: &Layout) -> Result<Vec<u8>> {
    let data = serde_json::to_string(report)?;
    let own = layout.template.iter().map(|(name, bytes)| (name.clone(), Bytes::new(bytes.clone())));
    let mut files: BTreeMap<String, Bytes> = own.collect();
    if files.is_empty() {
        files.insert(MAIN.to_owned(), Bytes::from_string(TEMPLATE));
    }
    files.insert(DATA.to_owned(), Bytes::from_string(data));
    let world = world::Desk::new(files, MAIN).map_err(|e| ReportError::Typeset(e.to_string()))?;
    let set = typst::compile::<PagedDocument>(&world).output;
    let bytes = set.and_then(|document| typst_pdf::pdf(&document, &options(case)));
    // What Typst remembers would only serve another look at the same case.
    typst::comemo::evict(0);
    bytes.map_err(|all| ReportError::Typeset(said(&world, all.first())))
}

/// Where a template is wrong, and how.
fn said(world: &world::Desk, first: Option<&SourceDiagnostic>) -> String {
    let Some(error) = first else { return "Typst gave no reason".to_owned() };
    let source = error.span.id().and_then(|id| world.source(id).ok().map(|source| (id, source)));
    let place = source.zip(world.range(error.span)).and_then(|((id, source), range)| {
        let (line, column) = source.lines().byte_to_line_column(range.start)?;
        Some(format!("{}:{}:{}: ", id.vpath().get_without_slash(), line + 1, column + 1))
    });
    crate::escape::sentence(&format!("{}{}", place.unwrap_or_default(), error.message))
}

fn options(case: &Case) -> PdfOptions {
    PdfOptions {
        ident: Smart::Custom(case.id.clone()),
        creator: Smart::Custom(Some(text::line(&case.program))),
        timestamp: date(case),
        standards: PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]).unwrap_or_default(),
        ..PdfOptions::default()
    }
}

/// The instant of the last record; the first second of 1970 where there is none, since PDF/A wants a date.
fn date(case: &Case) -> Option<Timestamp> {
    let at = |micros: i64| {
        let utc = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_microsecond(micros).ok()?);
        let (year, part) = (i32::from(utc.year()), |n: i8| u8::try_from(n).ok());
        let (month, day) = (part(utc.month())?, part(utc.day())?);
        let (hour, minute, second) = (part(utc.hour())?, part(utc.minute())?, part(utc.second())?);
        let whole = (1..=9999).contains(&year);
        whole.then(|| Datetime::from_ymd_hms(year, month, day, hour, minute, second)).flatten()
    };
    let last = case.period.and_then(|p| at(p.last.0));
    last.or_else(|| at(0)).map(Timestamp::new_utc)
}

/// What the template says itself.
const LABELS: [&str; 11] = [
    "1 of 1",
    "A character that cannot be seen, or that no font of this report has, is written by its number, such as <U+6C34>; case.json has it as the log does",
    "Case",
    "Expected",
    "Measure",
    "Nothing is recommended by this case",
    "Query for all",
    "Seen",
    "Times are UTC",
    "What to do today",
    "Written by",
];

fn labels(case: &Case) -> BTreeMap<&'static str, String> {
    let said = |label| text::line(&crate::language::say(case.organisation.language, label));
    LABELS.map(|label| (label, said(label))).into()
}

/// The report without its labels.
fn report(case: &Case, paper: Paper) -> data::Report {
    let document = doc::document(case);
    let context = Context::new(case, &document.sections);
    let organisation = case.organisation.name.as_deref();
    let heading = context.say("Incident report");
    let title = organisation.map_or_else(|| heading.to_string(), |name| format!("{heading}: {name}"));
    let period = case.period.map(|p| format!("{} to {}", words::day(p.first), words::day(p.last)));
    let kicker = [Some(own(Kind::Strong, &heading)), organisation.map(name)];
    let kicker = kicker.into_iter().chain([period.map(|p| context.own(Kind::Text, &p))]).flatten();
    data::Report {
        version: data::VERSION,
        language: case.organisation.language.code(),
        labels: BTreeMap::new(),
        paper: paper.name(),
        title: text::line(&title),
        author: text::line(&case.program),
        kicker: kicker.map(|run| vec![run]).collect(),
        case: code(&case.id),
        program: name(&case.program),
        numbered: false,
        headline: headline(&context, &document),
        sections: document.sections.iter().map(|s| context.section(s)).collect(),
    }
}

fn headline(context: &Context<'_>, document: &Document<'_>) -> data::Headline {
    let h = &document.headline;
    let tally = |(severity, n): &(weir_model::Severity, u64)| -> Words {
        vec![own(Kind::Strong, &format!("{} ", words::count(*n))), context.severity(*severity)]
    };
    let answer = |(question, said): &(&'static str, Vec<doc::Said<'_>>)| data::Answer {
        question: context.say(question).into_owned(),
        said: said.iter().map(|s| context.said(s)).collect(),
    };
    data::Headline {
        verdict: vec![context.words(&h.verdict)],
        tone: match h.tone {
            Tone::Exposed => "exposed",
            Tone::CannotBeKnown => "unknown",
            Tone::NoOne | Tone::Quiet => "quiet",
            Tone::Nothing => "nothing",
        },
        tally: h.tally.iter().map(tally).collect(),
        answers: h.answers.iter().map(answer).collect(),
        today: h.today.iter().map(|advice| context.prose(&advice.text)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_model::Micros;
    use weir_model::case::{Period, Series};

    #[test]
    fn a_report_whose_pictures_cannot_be_set_is_told_in_words() {
        let day = |n: i32| Micros::of_day(20_000 + n);
        let points = (0..9).map(|n| (day(n), f64::from(n))).collect();
        let flow = Series { name: "flow".to_owned(), finding: None, unit: "records".to_owned(), points };
        let period = Some(Period { first: day(0), last: day(8) });
        let case = Case { period, series: vec![flow], ..crate::diff::tests::case() };
        let mut report = report(&case, Paper::A4);
        report.labels = labels(&case);
        let pictures = |report: &data::Report| serde_json::to_string(report).unwrap().matches("<svg").count();
        assert_eq!(pictures(&report), 1);
        report.tell_pictures();
        assert_eq!(pictures(&report), 0);
        let whole = pdf(&case, &Layout::default()).unwrap();
        let told = set(&case, &report, &Layout::default()).unwrap();
        assert!(told.starts_with(b"%PDF-1.7") && told.len() < whole.len());
    }
}
