//! The version of a case to pass on.
//!
//! Decisive choice: it is made of the case folder alone, and not of the lake again: what is passed on is what stands in the case. The key is the user's, so a person has
//! the pseudonym that `weir scope --masked` and `weir sql` give.

use crate::{EngineError, read_case};
use std::path::Path;
use weir_model::Language;
use weir_model::case::Case;
use weir_report::masked::{Hiding, MaskedCase};
use weir_report::{ReportError, Written};
use weir_sources::secrets::Fingerprints;

/// Writes a case folder without personal data; says what was written.
///
/// Its reports are in the language given, else in the case's.
///
/// # Errors
/// If the case cannot be read or is masked already, or the folder is there and not empty.
pub fn mask_case(
    from: &Path,
    to: &Path,
    keep_origins: bool,
    language: Option<Language>,
    key: &Fingerprints,
) -> Result<Written, EngineError> {
    masked(from, keep_origins, key, |mut case| {
        case.case.organisation.language = language.unwrap_or(case.case.organisation.language);
        Ok(case.write(to)?)
    })
}

/// A case without personal data, written as one format by `render`.
///
/// # Errors
/// As [`mask_case`]; if it cannot be written so.
pub fn render_masked(
    from: &Path,
    keep_origins: bool,
    key: &Fingerprints,
    render: impl FnOnce(&Case) -> Result<Vec<u8>, ReportError>,
) -> Result<Vec<u8>, EngineError> {
    masked(from, keep_origins, key, |case| Ok(render(&case.case)?))
}

fn masked<T>(
    from: &Path,
    keep_origins: bool,
    key: &Fingerprints,
    then: impl FnOnce(MaskedCase<'_>) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let pseudonym = |id: &str| key.pseudonym(id);
    let case: Case = read_case(from)?;
    then(MaskedCase::of(from, &case, Hiding { pseudonym: &pseudonym, keep_origins })?)
}
