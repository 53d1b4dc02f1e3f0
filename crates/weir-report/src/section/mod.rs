//! What each section of the report says. A section is a function from the case to blocks; the order is this file's list.

mod appendix;
pub(crate) mod findings;
mod glossary;
pub(crate) mod headline;
mod incident;
mod indicators;
mod methods;
mod scope;
mod timeline;

use crate::doc::Section;
use weir_model::case::Case;

/// Findings told in full.
pub(crate) const FINDINGS_MAX: usize = 100;
/// Rows of the timeline.
pub(crate) const TIMELINE_MAX: usize = 200;
/// Rows of any other table.
pub(crate) const ROWS_MAX: usize = 200;
/// Entities named with one finding.
pub(crate) const ENTITIES_MAX: usize = 24;

/// Dispositions shown with one finding.
pub(crate) const SAID_MAX: usize = 20;
/// Columns of the bars that stand for a picture in text.
pub(crate) const COLUMNS_MAX: usize = 72;

/// Every section, in order.
pub(crate) fn all(case: &Case) -> Vec<Section<'_>> {
    let section = |id, title, blocks| Section { id, title, blocks };
    vec![
        section("summary", "Executive summary", incident::summary(case)),
        section("details", "Incident details", incident::details(case)),
        section("timeline", "Timeline", timeline::timeline(case)),
        section("methodology", "Attack methodology", incident::methodology(case)),
        section("impact", "Impact", incident::impact(case)),
        section("indicators", "Indicators", indicators::indicators(case)),
        section("response", "Response actions", incident::response(case)),
        section("lessons", "Lessons", incident::lessons(case)),
        section("recommendations", "Recommendations", incident::recommendations(case)),
        section("findings", "Findings in detail", findings::findings(case)),
        section("scope", "Scope: whose data", scope::scope(case)),
        section("coverage", "Coverage: what the logs can show", scope::coverage(case)),
        section("appendix", "Appendix", appendix::appendix(case)),
        section("glossary", "Glossary", glossary::glossary()),
    ]
}
