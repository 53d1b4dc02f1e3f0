//! What changed between two runs of a case.
//!
//! Decisive choice: two cases and two sorted streams of people go in, one [`CaseDiff`] comes out, and what is shown of it, in every format, is drawn from that alone. So
//! every number can be found in one of the two folders. Findings are matched by id; where an id is gone, likeness is said as likeness.
//!
//! What it refuses: to name people, but in the table that asks for it; to take what is not there for the same (`not_compared` says it); to say why something
//! changed, which two cases cannot tell.

mod campaigns;
mod datasets;
mod files;
mod findings;
mod gaps;
mod people;
mod scope;
mod shown;
mod successors;
mod told;

pub use people::{PeopleTable, compare_people};
pub use shown::{DiffFormat, diff_text, render_diff};

use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::Case;
use weir_model::diff::{
    Came, CaseDiff, Change, DIFF_VERSION, Datasets, DividedChange, Files, PeopleChange, Side,
};

/// People of two cases as they were compared, or why they could not be.
pub type Compared = std::result::Result<PeopleChange, String>;

/// Compares two cases; `people` is what [`compare_people`] said of their people.
#[must_use]
pub fn diff(old: &Case, new: &Case, people: Compared, program: &str) -> CaseDiff {
    let findings = findings::findings(old, new);
    let campaigns = campaigns::campaigns(old, new, &findings);
    let mut not_compared = Vec::new();
    for (case, which) in [(old, "old"), (new, "new")] {
        if case.configuration.is_none() {
            not_compared
                .push(format!("Configurations: the {which} case does not say which one it was made with"));
        }
    }
    let people = match people {
        Ok(people) => Some(people),
        Err(why) => {
            not_compared.push(format!("People one by one: {why}"));
            None
        }
    };
    let mut told = CaseDiff {
        version: DIFF_VERSION,
        program: program.to_owned(),
        changed: false,
        old: side(old),
        new: side(new),
        files: files::files(&old.intake, &new.intake),
        datasets: datasets::datasets(&old.datasets, &new.datasets),
        findings,
        campaigns,
        scope: scope::scope(&old.scope, &new.scope),
        divided: scope::divided(&old.divided, &new.divided),
        people,
        gaps: gaps::gaps(old, new),
        limits: came(&old.limits, &new.limits),
        not_compared,
    };
    told.changed = changed(&told);
    told
}

fn side(case: &Case) -> Side {
    Side {
        id: case.id.clone(),
        program: case.program.clone(),
        configuration: case.configuration.clone(),
        period: case.period,
        totals: case.totals.clone(),
    }
}

/// Whether anything that is compared differs.
fn changed(told: &CaseDiff) -> bool {
    let Files { new, gone, changed, .. } = &told.files;
    let files = new.is_empty() && gone.is_empty() && changed.is_empty();
    let findings = &told.findings;
    let findings = findings.new.is_empty() && findings.gone.is_empty() && findings.changed.is_empty();
    let campaigns = &told.campaigns;
    let campaigns = campaigns.new.is_empty() && campaigns.gone.is_empty() && campaigns.changed.is_empty();
    let people = told.people.as_ref().is_none_or(|p| p.added + p.gone + p.changed == 0);
    let gaps = &told.gaps;
    let gaps = gaps.new.is_empty() && gaps.gone.is_empty() && gaps.changed.is_empty();
    let same = files
        && findings
        && campaigns
        && people
        && gaps
        && told.old == told.new
        && told.datasets == Datasets::default()
        && scope::is_same(&told.scope)
        && told.divided == DividedChange::default()
        && told.limits.is_empty();
    !same
}

/// Texts of one list alone, in the order of the lists.
fn came(old: &[String], new: &[String]) -> Came<String> {
    let without = |these: &[String], those: &[String]| {
        let those: BTreeSet<&String> = those.iter().collect();
        these.iter().filter(|text| !those.contains(text)).cloned().collect()
    };
    Came { new: without(new, old), gone: without(old, new) }
}

/// Counts that differ; what one side has no word for counts 0 there.
fn counts(old: &BTreeMap<String, u64>, new: &BTreeMap<String, u64>) -> BTreeMap<String, Change<u64>> {
    let of = |side: &BTreeMap<String, u64>, word: &String| side.get(word).copied().unwrap_or(0);
    let words: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differ = |word: &String| Some((word.clone(), Change::of(of(old, word), of(new, word))?));
    words.into_iter().filter_map(differ).collect()
}

#[cfg(test)]
pub(crate) mod tests;
