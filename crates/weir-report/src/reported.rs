//! Who was reported before, by name, held against who stands in the evidence.
//!
//! Decisive choice: a list is people, not a number: whoever was reported and is in no record is as much a finding as whoever is in records and was not reported.
//! An id without a namespace means whoever has it, of whatever kind.

mod list;

use crate::ReportError;
use crate::masked::is_pseudonym;
use crate::{Result, folder::People};
use arrow_array::cast::AsArray;
use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::Compared;
use weir_model::record::CREDENTIAL;

/// The column of exposed people.
const COLUMN: &str = "subject";

/// A person's pseudonym, from namespace and id.
pub type Pseudonym<'a> = &'a dyn Fn(&str) -> String;

/// People who were reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    people: Vec<String>,
    /// Whether any of them stands under a pseudonym.
    masked: bool,
}

impl Listed {
    /// Reads a list: a line each, `namespace:id` or an id alone; or a table with commas, semicolons or tabs, in which the first line calls a column `subject`, `id` or
    /// the like. Pseudonyms, of a masked answer of ours, are people too.
    ///
    /// # Errors
    /// If it cannot be read, or could be in two ways; says why and in which line.
    pub fn read(text: &str) -> std::result::Result<Self, String> {
        let mut people = list::people(text)?;
        people.sort();
        people.dedup();
        let masked = people.iter().any(|person| is_masked(person));
        Ok(Self { people, masked })
    }

    /// How many of it stand under pseudonyms.
    #[must_use]
    pub fn pseudonyms(&self) -> u64 {
        self.people.iter().filter(|person| is_masked(person)).count() as u64
    }

    /// How many lines it has, each once.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.people.len() as u64
    }

    /// Whether it lists nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }
}

/// Whether a person of a list stands under a pseudonym.
fn is_masked(person: &str) -> bool {
    is_pseudonym(person.split_once(':').map_or(person, |(_, id)| id))
}

/// What becomes of a list beside evidence, person by person.
pub struct Comparing<'a> {
    listed: &'a Listed,
    pseudonym: Pseudonym<'a>,
    /// Kinds of things, which are no people.
    kinds: &'a BTreeSet<String>,
    /// Whether evidence shows people under pseudonyms.
    masked: bool,
    /// By kind of people: who is listed of it, as evidence shows them or by pseudonym, and where in the list.
    of: BTreeMap<String, BTreeMap<String, usize>>,
    seen: Vec<bool>,
    confirmed: u64,
    more: u64,
    sessions: u64,
    things: u64,
}

impl<'a> Comparing<'a> {
    /// Begins with nobody compared; of these `kinds` are no people but things ([`Divided::things`](weir_model::case::Divided::things)). `masked` if the
    /// people of the evidence come under pseudonyms.
    #[must_use]
    pub fn new(
        listed: &'a Listed,
        pseudonym: Pseudonym<'a>,
        kinds: &'a BTreeSet<String>,
        masked: bool,
    ) -> Self {
        Self {
            listed,
            pseudonym,
            kinds,
            masked,
            of: BTreeMap::new(),
            seen: vec![false; listed.people.len()],
            confirmed: 0,
            more: 0,
            sessions: 0,
            things: 0,
        }
    }

    /// An id of a list as evidence shows it; a pseudonym stays one.
    fn shown(&self, id: &str) -> String {
        if self.masked && !is_pseudonym(id) { (self.pseudonym)(id) } else { id.to_owned() }
    }

    /// Whether a person of the evidence was reported; `None` where no record says who a session's holder is, or whose a thing.
    pub fn was_reported(&mut self, subject: &str) -> Option<bool> {
        let (namespace, id) = subject.split_once(':').unwrap_or(("", subject));
        if !self.of.contains_key(namespace) {
            let theirs = self.listed.people.iter().enumerate().filter_map(|(at, person)| {
                match person.split_once(':') {
                    Some((of, id)) => (of == namespace).then(|| (self.shown(id), at)),
                    None => (!self.kinds.contains(namespace)).then(|| (self.shown(person), at)),
                }
            });
            let theirs = theirs.collect();
            self.of.insert(namespace.to_owned(), theirs);
        }
        let place = |id: &str| self.of.get(namespace).and_then(|listed| listed.get(id)).copied();
        // A list may name somebody and have another, or the same, under a pseudonym.
        let keyed = || (!self.masked).then(|| place(&(self.pseudonym)(id))).flatten();
        let places = [place(id), if self.listed.masked { keyed() } else { None }];
        let mut met = false;
        for at in places.into_iter().flatten() {
            if let Some(seen) = self.seen.get_mut(at) {
                *seen = true;
                met = true;
            }
        }
        let (session, thing) = (namespace == CREDENTIAL, self.kinds.contains(namespace));
        *(match () {
            () if met => &mut self.confirmed,
            () if session => &mut self.sessions,
            () if thing => &mut self.things,
            () => &mut self.more,
        }) += 1;
        (met || !(session || thing)).then_some(met)
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
        let unseen = self.listed.people.iter().zip(&self.seen).filter(|(_, seen)| !**seen);
        unseen.map(|(person, _)| match person.split_once(':') {
            Some((namespace, id)) => format!("{namespace}:{}", self.shown(id)),
            None => self.shown(person),
        })
    }

    /// What to say where the list has pseudonyms and none of them is anybody's in evidence.
    #[must_use]
    pub fn other_key(&self) -> Option<String> {
        let met = self.listed.people.iter().zip(&self.seen).any(|(person, seen)| *seen && is_masked(person));
        let masked = self.listed.pseudonyms();
        (masked > 0 && !met).then(|| {
            format!(
                "none of the {masked} pseudonyms in the list is that of anybody in evidence; they may have been made with another key (WEIR_FINGERPRINT_KEY)"
            )
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
            unnamed_sessions: self.sessions,
            unnamed_things: self.things,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pseudonym that shows whose it is.
    fn keyed(id: &str) -> String {
        format!("p_{id:0>16}")
    }

    #[test]
    fn each_person_is_on_one_side() {
        let (lines, none) = (Listed::read("member:1\r\n2\n\n2\nmember:9\n").unwrap(), BTreeSet::new());
        assert_eq!(lines.len(), 3);
        let evidence = [("member", "1"), ("member", "2"), ("recipient", "2"), ("member", "3")];
        for masked in [false, true] {
            let mut comparing = Comparing::new(&lines, &keyed, &none, masked);
            let reported = evidence.map(|(namespace, id)| {
                let id = if masked { keyed(id) } else { id.to_owned() };
                comparing.was_reported(&format!("{namespace}:{id}"))
            });
            assert_eq!(reported, [Some(true), Some(true), Some(true), Some(false)]);
            let told = comparing.told();
            assert_eq!((told.listed, told.confirmed, told.not_in_evidence, told.not_reported), (3, 3, 1, 1));
            let absent: Vec<String> = comparing.not_in_evidence().collect();
            assert_eq!(absent, [if masked { "member:p_0000000000000009" } else { "member:9" }]);
            assert_eq!(comparing.other_key(), None);
        }
    }

    #[test]
    fn a_session_or_a_thing_that_names_nobody_is_nobody_who_was_not_reported() {
        let listed = Listed::read("member:1\ncredential:fp_b\n7\n").unwrap();
        let things = BTreeSet::from(["order".to_owned()]);
        let mut comparing = Comparing::new(&listed, &keyed, &things, false);
        let all = ["member:1", "credential:fp_a", "credential:fp_b", "member:2", "order:5", "order:7"];
        let reported = all.map(|subject| comparing.was_reported(subject));
        assert_eq!(reported, [Some(true), None, Some(true), Some(false), None, None], "7 is no order");
        let told = comparing.told();
        assert_eq!((told.confirmed, told.not_reported, told.unnamed_sessions), (2, 1, 1));
        assert_eq!((told.unnamed_things, told.not_in_evidence), (2, 1));
        let words = crate::exposure::listed(told, "");
        assert!(words.contains("1 session in evidence beside them name"), "{words}");
        assert!(words.contains("2 things in evidence beside them name nobody"), "{words}");
    }

    /// What a masked answer of ours lists is held against people by name, and against people under pseudonyms.
    #[test]
    fn a_list_of_pseudonyms_is_matched_by_them() {
        let of = |id| keyed(id);
        let text = format!("subject,records\nmember:{},3\nmember:{},1\n{},1\n", of("1"), of("9"), of("2"));
        let (listed, none) = (Listed::read(&text).unwrap(), BTreeSet::new());
        assert_eq!((listed.len(), listed.pseudonyms()), (3, 3));
        for masked in [false, true] {
            let mut comparing = Comparing::new(&listed, &keyed, &none, masked);
            let reported = ["1", "2", "3"].map(|id| {
                let id = if masked { of(id) } else { id.to_owned() };
                comparing.was_reported(&format!("member:{id}"))
            });
            assert_eq!(reported, [Some(true), Some(true), Some(false)], "{masked}");
            assert_eq!(comparing.not_in_evidence().collect::<Vec<_>>(), [format!("member:{}", of("9"))]);
            assert_eq!(comparing.other_key(), None);
        }
        let other = |id: &str| format!("p_1{}", keyed(id).get(3..).unwrap());
        let mut comparing = Comparing::new(&listed, &other, &none, false);
        assert_eq!(comparing.was_reported("member:1"), Some(false));
        assert!(comparing.other_key().unwrap().contains("another key"));
    }
}
