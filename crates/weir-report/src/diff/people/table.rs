//! The table of who came, went or changed: the one place where a comparison names people.
//!
//! Decisive choice: it is filled beside its place, readable by its owner alone, and put there when it is whole; a table that is there already is replaced, not
//! written into, since others may be able to read it. Cells are made inert as those of `scope.csv` are.

use super::Fate;
use super::rows::{Row, SHOWN};
use crate::folder::{at, private};
use crate::{Result, csv};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A table that is being filled; dropped before it is finished, it leaves nothing.
pub struct PeopleTable {
    out: BufWriter<File>,
    stage: PathBuf,
    place: PathBuf,
    text: String,
    done: bool,
}

impl PeopleTable {
    /// Begins a table that will stand at `place`.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn begin(place: &Path) -> Result<Self> {
        let name = place.file_name().map_or_else(Default::default, |n| n.to_string_lossy().into_owned());
        let stage = place.with_file_name(format!(".{name}.{}.weir-new", std::process::id()));
        // Another's leavings would keep the rights that they have.
        match fs::remove_file(&stage) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => at(&stage, Err(error))?,
            _ => {}
        }
        let out = BufWriter::with_capacity(1 << 16, private(&stage)?);
        let mut table = Self { out, stage, place: place.to_owned(), text: String::new(), done: false };
        let both = SHOWN.iter().map(|name| format!(",{name}_old,{name}_new"));
        table.line(&format!("subject,change{}", both.collect::<String>()))?;
        Ok(table)
    }

    pub(super) fn row(&mut self, fate: Fate, was: Option<&Row<'_>>, is: Option<&Row<'_>>) -> Result<()> {
        let Some(either) = is.or(was) else { return Ok(()) };
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        csv::push_cell(&mut text, either.subject);
        text.push(',');
        text.push_str(fate.word());
        let mut both = |cell: &dyn Fn(&mut String, &Row<'_>)| {
            for side in [was, is] {
                text.push(',');
                if let Some(row) = side {
                    cell(&mut text, row);
                }
            }
        };
        both(&|text, row| csv::push_cell(text, row.status));
        // A string is written to without fail.
        both(&|text, row| {
            let _ = write!(text, "{}", row.first.rfc3339());
        });
        both(&|text, row| {
            let _ = write!(text, "{}", row.last.rfc3339());
        });
        both(&|text, row| {
            let _ = write!(text, "{}", row.records);
        });
        both(&|text, row| csv::push_cell(text, row.categories));
        both(&|text, row| csv::push_cell(text, row.findings));
        both(&|text, row| csv::push_cell(text, row.countries));
        let written = self.line(&text);
        self.text = text;
        written
    }

    fn line(&mut self, text: &str) -> Result<()> {
        at(&self.stage, self.out.write_all(text.as_bytes()).and_then(|()| self.out.write_all(b"\r\n")))
    }

    /// Puts the table in its place.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn end(mut self) -> Result<()> {
        at(&self.stage, self.out.flush().and_then(|()| self.out.get_ref().sync_all()))?;
        at(&self.place, fs::rename(&self.stage, &self.place))?;
        self.done = true;
        Ok(())
    }
}

impl Drop for PeopleTable {
    fn drop(&mut self) {
        if !self.done {
            // Nobody is left to be told.
            let _ = fs::remove_file(&self.stage);
        }
    }
}
