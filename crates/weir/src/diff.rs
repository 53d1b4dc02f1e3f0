//! `weir diff`: what changed between two runs of a case.
//!
//! Decisive choice: two folders are all it reads, so it can be asked of cases whose lakes are gone or lie elsewhere. Only a table of people, and a file that was asked
//! for, are exports; the custody log of each lake that lies in its case says so.

use crate::cli::Diff;
use crate::commands::Done;
use crate::error::ProgramError;
use crate::evidence::Custody;
use crate::terminal::{print_json, print_summary};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use weir_engine::report::ReportError;
use weir_engine::report::diff::{
    Compared, DiffFormat, PeopleTable, compare_people, diff, diff_text, render_diff,
};
use weir_engine::report::folder::CaseFolder;
use weir_engine::{EngineError, PROGRAM};

/// The exit code where something differs and that was asked for.
const DIFFERS: u8 = 3;

/// `weir diff`.
pub fn run(asked: &Diff, json: bool) -> Done {
    let format = asked.output.as_deref().map(format_of).transpose()?;
    let old = CaseFolder::read(&asked.old).map_err(EngineError::from)?;
    let new = CaseFolder::read(&asked.new).map_err(EngineError::from)?;
    if old.case.masked != new.case.masked {
        return Err(ProgramError::Usage {
            message: "one of the cases is masked and the other is not: everybody in it would be gone, and somebody else new".to_owned(),
            help: Some("compare the cases themselves, or mask both with `weir report CASE --masked -o DIR`".to_owned()),
        });
    }
    let people = people(asked, &old, &new).map_err(EngineError::from)?;
    let named = asked.people.iter().filter(|_| people.is_ok()).cloned();
    if let (Err(why), Some(_)) = (&people, &asked.people) {
        return Err(ProgramError::Usage {
            message: format!("people cannot be compared: {why}"),
            help: Some("leave --people out, or investigate again with this program".to_owned()),
        });
    }
    let mut written: Vec<PathBuf> = named.collect();
    let told = diff(&old.case, &new.case, people, PROGRAM);
    if let (Some(path), Some(format)) = (&asked.output, format) {
        let bytes = render_diff(&told, &new.case, format).map_err(EngineError::from)?;
        std::fs::write(path, bytes)
            .map_err(|e| ProgramError::Output { message: format!("{}: {e}", path.display()) })?;
        written.push(path.clone());
    }
    for lake in [&asked.old, &asked.new].map(|case| case.join("lake")) {
        if lake.is_dir() && !written.is_empty() {
            Custody { lake: &lake, authority: None }.exported("weir diff", &written)?;
        }
    }
    if json {
        print_json(&told)?;
    } else {
        print_summary(&diff_text(&told))?;
    }
    let differs = told.changed || !told.not_compared.is_empty();
    Ok(ExitCode::from(if asked.exit_code && differs { DIFFERS } else { 0 }))
}

fn format_of(path: &Path) -> Result<DiffFormat, ProgramError> {
    DiffFormat::of(path).ok_or_else(|| ProgramError::Usage {
        message: format!("`{}` does not say which format to write", path.display()),
        help: Some("name a file that ends in .html, .md or .json".to_owned()),
    })
}

/// Compares the people of both, if both have them.
fn people(asked: &Diff, old: &CaseFolder, new: &CaseFolder) -> Result<Compared, ReportError> {
    let missing = |folder: &Path| format!("`{}` has no exports/scope.parquet", folder.display());
    let (was, is) = match (old.people()?, new.people()?) {
        (Some(was), Some(is)) => (was, is),
        (None, _) => return Ok(Err(missing(&asked.old))),
        (_, None) => return Ok(Err(missing(&asked.new))),
    };
    let mut table = asked.people.as_deref().map(PeopleTable::begin).transpose()?;
    let compared = compare_people(was, is, table.as_mut())?;
    if let (Ok(_), Some(table)) = (&compared, table) {
        table.end()?;
    }
    Ok(compared)
}
