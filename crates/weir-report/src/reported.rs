//! Who was reported before, by name, held against who stands in the evidence.
//!
//! Decisive choice: a list is people, not a number: whoever was reported and is in no record is as much a finding as whoever is in records and was not reported.
//! An id without a namespace means whoever has it, of whatever kind.

use crate::ReportError;
use crate::{Result, escape, folder::People};
use arrow_array::cast::AsArray;
use std::collections::BTreeMap;
use weir_model::case::Compared;

/// The column that a list of several has people in; `scope.csv` of an earlier run is such a list.
const COLUMN: &str = "subject";

/// A person's pseudonym, from namespace and id.
pub type Pseudonym<'a> = &'a dyn Fn(&str, &str) -> String;

/// People who were reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed(Vec<String>);

impl Listed {
    /// Reads a list: a line each, `namespace:id` or an id alone, or a CSV with a column `subject`.
    ///
    /// # Errors
    /// If a row cannot be read; says which.
    pub fn read(text: &str) -> std::result::Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        let head = text.lines().next().unwrap_or_default();
        let column = head.split(',').position(|name| name.trim().trim_matches('"') == COLUMN);
        let mut people: Vec<String> = match column {
            None => text.lines().map(|line| line.trim().to_owned()).collect(),
            Some(at) => {
                let mut rows = ::csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
                let person = |row: std::result::Result<::csv::StringRecord, ::csv::Error>| match row {
                    Ok(row) => Ok(escape::csv_text(row.get(at).unwrap_or_default())),
                    Err(error) => Err(error.to_string()),
                };
                rows.records().map(person).collect::<std::result::Result<_, _>>()?
            }
        };
        people.retain(|person| !person.is_empty());
        people.sort();
        people.dedup();
        Ok(Self(people))
    }

    /// How many lines it has, each once.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether it lists nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What becomes of a list beside evidence, person by person.
pub struct Comparing<'a> {
    listed: &'a Listed,
    pseudonym: Option<Pseudonym<'a>>,
    /// By kind of people: who is listed of it, as evidence shows them, and where in the list.
    of: BTreeMap<String, BTreeMap<String, usize>>,
    seen: Vec<bool>,
    confirmed: u64,
    more: u64,
}

impl<'a> Comparing<'a> {
    /// Begins with nobody compared.
    #[must_use]
    pub fn new(listed: &'a Listed, pseudonym: Option<Pseudonym<'a>>) -> Self {
        Self {
            listed,
            pseudonym,
            of: BTreeMap::new(),
            seen: vec![false; listed.0.len()],
            confirmed: 0,
            more: 0,
        }
    }

    /// Whether a person of the evidence was reported.
    pub fn was_reported(&mut self, subject: &str) -> bool {
        let (namespace, id) = subject.split_once(':').unwrap_or(("", subject));
        if !self.of.contains_key(namespace) {
            let shown = |id: &str| self.pseudonym.map_or_else(|| id.to_owned(), |of| of(namespace, id));
            let theirs =
                self.listed.0.iter().enumerate().filter_map(|(at, person)| match person.split_once(':') {
                    Some((of, id)) => (of == namespace).then(|| (shown(id), at)),
                    None => Some((shown(person), at)),
                });
            self.of.insert(namespace.to_owned(), theirs.collect());
        }
        let at = self.of.get(namespace).and_then(|listed| listed.get(id)).copied();
        match at.and_then(|at| self.seen.get_mut(at)) {
            Some(seen) => {
                *seen = true;
                self.confirmed += 1;
                true
            }
            None => {
                self.more += 1;
                false
            }
        }
    }

    /// Compares everybody of some batches.
    ///
    /// # Errors
    /// If people cannot be read.
    pub fn all<E: std::fmt::Display>(&mut self, people: impl Iterator<Item = People<E>>) -> Result<()> {
        for batch in people {
            let batch = batch.map_err(|e| ReportError::Scope(e.to_string()))?;
            let subjects = batch.column_by_name(COLUMN).and_then(|c| c.as_string_opt::<i32>());
            for subject in subjects.into_iter().flatten().flatten() {
                self.was_reported(subject);
            }
        }
        Ok(())
    }

    /// Those of the list in no record, as evidence would show them.
    pub fn not_in_evidence(&self) -> impl Iterator<Item = String> {
        let unseen = self.listed.0.iter().zip(&self.seen).filter(|(_, seen)| !**seen);
        unseen.map(|(person, _)| match (self.pseudonym, person.split_once(':')) {
            (None, _) => person.clone(),
            (Some(of), Some((namespace, id))) => format!("{namespace}:{}", of(namespace, id)),
            (Some(of), None) => of("", person),
        })
    }

    /// The numbers.
    #[must_use]
    pub fn told(&self) -> Compared {
        Compared {
            listed: self.listed.len(),
            confirmed: self.confirmed,
            not_in_evidence: self.seen.iter().filter(|seen| !**seen).count() as u64,
            not_reported: self.more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_lines_or_a_column_and_each_person_is_on_one_side() {
        let lines = Listed::read("member:1\r\n2\n\n2\nmember:9\n").unwrap();
        assert_eq!(lines.len(), 3);
        let table = Listed::read("when,subject\n1,\"member:1\"\n2,2\n3,'=member\n").unwrap();
        assert_eq!(table.0, ["2", "=member", "member:1"]);
        let masked = |namespace: &str, id: &str| format!("p_{namespace}{id}");
        let evidence = [("member", "1"), ("member", "2"), ("recipient", "2"), ("member", "3")];
        for pseudonym in [None, Some(&masked as Pseudonym<'_>)] {
            let mut comparing = Comparing::new(&lines, pseudonym);
            let reported = evidence.map(|(namespace, id)| {
                let id = pseudonym.map_or_else(|| id.to_owned(), |of| of(namespace, id));
                comparing.was_reported(&format!("{namespace}:{id}"))
            });
            assert_eq!(reported, [true, true, true, false]);
            let told = comparing.told();
            assert_eq!((told.listed, told.confirmed, told.not_in_evidence, told.not_reported), (3, 3, 1, 1));
            let absent: Vec<String> = comparing.not_in_evidence().collect();
            assert_eq!(absent, [if pseudonym.is_some() { "member:p_member9" } else { "member:9" }]);
        }
    }
}
