//! The registry of formats: data, one line per file of the case folder.
//!
//! Rows that do not lie in the case (exposed people, rejects) are streamed by [`crate::folder`]; their formats stand here too, so
//! that the manual and the folder's own files have one source.

use crate::{ReportError, Result, csv, export, html, json, markdown, parquet, pdf};
use weir_model::case::Case;

/// How a format comes to its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// From the case alone.
    Case(fn(&Case) -> Result<Vec<u8>>),
    /// From an iterator, while the folder is written.
    Streamed,
}

/// A format of the case folder.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// `markdown`.
    pub name: &'static str,
    /// Its file in the case folder; a folder ends in `/`.
    pub file: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Its page in the manual, Markdown.
    pub manual: &'static str,
    pub(crate) content: Content,
}

const FORMATS: &[Format] = &[
    export::ATTACK_FLOW,
    json::CASE,
    export::UCO,
    json::FINDINGS,
    html::FORMAT,
    json::INTAKE,
    markdown::FORMAT,
    export::NAVIGATOR,
    export::OCSF,
    pdf::FORMAT,
    json::REJECTS,
    csv::SCOPE,
    parquet::SCOPE,
    export::STIX,
    csv::TIMELINE,
    export::VERIS,
];

impl Format {
    /// Whether it is made of a case alone; what is not was written while logs were read, and lies in the folder of the case.
    #[must_use]
    pub fn of_a_case(&self) -> bool {
        matches!(self.content, Content::Case(_))
    }
}

/// Every format, sorted by name.
pub fn formats() -> &'static [Format] {
    FORMATS
}

/// The bytes of one format, by name.
pub fn render(name: &str, case: &Case) -> Result<Vec<u8>> {
    let Some(format) = FORMATS.iter().find(|f| f.name == name) else {
        let near = |f: &&Format| strsim::jaro_winkler(f.name, name);
        let nearest = FORMATS
            .iter()
            .filter(|f| f.of_a_case())
            .max_by(|a, b| near(a).total_cmp(&near(b)))
            .filter(|f| near(f) > 0.7)
            .map(|f| f.name);
        return Err(ReportError::UnknownFormat { name: name.to_owned(), nearest });
    };
    match format.content {
        Content::Case(render) => render(case),
        Content::Streamed => Err(ReportError::Streamed { name: format.name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_a_case_are_those_that_it_renders() {
        let case = crate::diff::tests::case();
        for f in formats() {
            let streamed = matches!(render(f.name, &case), Err(ReportError::Streamed { .. }));
            assert_eq!(f.of_a_case(), !streamed, "{}", f.name);
        }
    }

    #[test]
    fn formats_are_sorted_unique_and_documented() {
        assert!(FORMATS.windows(2).all(|w| w[0].name < w[1].name));
        let files: std::collections::BTreeSet<_> = FORMATS.iter().map(|f| f.file).collect();
        assert_eq!(files.len(), FORMATS.len());
        for f in FORMATS {
            assert!(f.manual.len() > 200 && f.manual.contains("Blind spots"), "{}", f.name);
            assert!(!f.summary.is_empty() && !f.summary.contains('\n'), "{}", f.name);
        }
    }
}
