//! The version of a case to pass on: the same case without personal data.
//!
//! Decisive choice: one transformation, from a [`Case`] to a [`Case`], and every format is rendered from what comes of it by the code that renders any other. Each
//! field is taken apart by name, so one that is new does not compile until somebody decided whether it is passed, stands under a pseudonym or is replaced. What is
//! passed is allowed, never what is hidden forbidden: of a text those words are left that Weir writes itself (`words.txt`), that were proven harmless, or
//! that are numbers of the case; the rest reads `(masked)`.
//!
//! Refuses to be reversed without the key: ids of findings are hashes of whom they accuse, and there are few addresses to try, so ids are keyed as well.

mod case;
mod finding;
mod incident;
mod known;
mod rows;
mod text;

use crate::reported::Pseudonym;
use crate::{ReportError, Result, folder};
use known::Known;
pub(crate) use known::{entities, is_pseudonym};
use rows::Rows;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use weir_model::case::Case;
use weir_model::entity::address_of;
use weir_model::{Entity, EntityKind};

/// What stands where something was left out.
pub const LEFT_OUT: &str = "(masked)";

/// The id of a finding or a campaign as masked documents have it; of the same form.
#[must_use]
pub fn masked_id(pseudonym: Pseudonym<'_>, id: &str) -> String {
    let keyed = pseudonym(id);
    keyed.strip_prefix("p_").unwrap_or(&keyed).to_owned()
}

/// How people are hidden.
#[derive(Clone, Copy)]
pub struct Hiding<'a> {
    /// The pseudonym of an id: the one of `weir scope --masked` and `weir sql`.
    pub pseudonym: Pseudonym<'a>,
    /// Whether addresses stay as they are.
    pub keep_origins: bool,
}

/// A case that hides people, and everybody whom it exposes, under pseudonyms.
pub struct MaskedCase<'a> {
    /// The case to pass on.
    pub case: Case,
    hidden: Hidden<'a>,
    rows: Rows,
}

/// What is known of a case while it is hidden.
struct Hidden<'a> {
    hiding: Hiding<'a>,
    known: Known,
    /// Numbers that the case has anyway.
    numbers: BTreeSet<u64>,
}

impl<'a> MaskedCase<'a> {
    /// Hides the people of a case that lies in a folder.
    ///
    /// # Errors
    /// If it is masked already, or its list of exposed people cannot be read.
    pub fn of(folder: &Path, case: &Case, hiding: Hiding<'a>) -> Result<Self> {
        if case.masked {
            return Err(ReportError::Masked { dir: folder.to_path_buf() });
        }
        let mut hidden = Hidden::of(case, hiding, &[]);
        let mut told = hidden.case(case);
        // A name that no finding has may still be a person's whom records show.
        let (rows, met) = Rows::of(folder, &hidden.words(&told)?)?;
        if !met.is_empty() {
            hidden = Hidden::of(case, hiding, &met);
            told = hidden.case(case);
        }
        Ok(Self { case: told, hidden, rows })
    }

    /// Writes the case folder in the version to pass on; its owner alone can read it. Rejected records are lines of the logs, so there are none.
    ///
    /// # Errors
    /// If the folder is there and not empty, or the disk refuses.
    pub fn write(&self, dir: &Path) -> Result<folder::Written> {
        let people = self.rows.batches(&self.hidden);
        folder::write_new(dir, &self.case, people)
    }
}

impl<'a> Hidden<'a> {
    /// `met` are people, by namespace and id, who stand somewhere in the case.
    fn of(case: &Case, hiding: Hiding<'a>, met: &[(String, String)]) -> Self {
        let mut hidden = Self { hiding, known: Known::default(), numbers: known::numbers(case) };
        for id in known::ids(case) {
            hidden.known.hide(id, hidden.id(id));
        }
        for (_, id) in met {
            hidden.known.hide(id, (hiding.pseudonym)(id));
        }
        for entity in known::entities(case) {
            hidden.meet(entity);
        }
        for route in case.datasets.iter().flat_map(|d| &d.routes) {
            hidden.known.keep(route, hidden.route(route));
        }
        for name in known::names(case) {
            let shown = hidden.name(name);
            hidden.known.keep(name, shown);
        }
        hidden
    }

    /// Takes note of an entity, by its names.
    fn meet(&mut self, entity: &Entity) {
        let Entity { kind, value } = entity;
        let shown = self.value(entity);
        if shown == *value {
            return self.known.keep(value, shown);
        }
        if *kind == EntityKind::Subject
            && let (Some((_, id)), Some((_, short))) = (value.split_once(':'), shown.split_once(':'))
            && known::is_telling(id)
        {
            self.known.hide(id, short.to_owned());
        }
        // The last part of a long name is what people call it by.
        let name = weir_model::entity::name_of(value);
        let own = name.rsplit('/').next().filter(|own| name != value && known::is_telling(own));
        for name in [name].into_iter().chain(own) {
            self.known.hide(name, shown.clone());
        }
        self.known.hide(value, shown);
    }

    /// An entity as it is passed on.
    fn entity(&self, entity: &Entity) -> Entity {
        let Entity { kind, value: _ } = entity;
        Entity::new(*kind, self.value(entity))
    }

    fn value(&self, entity: &Entity) -> String {
        let Entity { kind, value } = entity;
        let keyed = |id: &str| match known::is_pseudonym(id) {
            true => id.to_owned(),
            false => (self.hiding.pseudonym)(id),
        };
        match kind {
            EntityKind::Subject => match value.split_once(':') {
                Some((namespace, id)) => format!("{namespace}:{}", keyed(id)),
                None => keyed(value),
            },
            // Who acts may be a person or a program: nobody knows which.
            EntityKind::Actor => keyed(value),
            EntityKind::Origin | EntityKind::Prefix => {
                let spelled = entity.clone().spelled().value;
                let address = spelled.split_once('/').map_or(spelled.as_str(), |(base, _)| base);
                match self.hiding.keep_origins && address_of(address).is_some() {
                    true => value.clone(),
                    false => keyed(&spelled),
                }
            }
            // A resource, a machine's or a client's name is what somebody wrote; a credential or a key is one person's.
            EntityKind::Credential
            | EntityKind::Key
            | EntityKind::Client
            | EntityKind::Resource
            | EntityKind::Host
            | EntityKind::Account => keyed(value),
            EntityKind::Route => self.route(value),
            EntityKind::Dataset | EntityKind::Sensor | EntityKind::Crossing => self.name(value),
            EntityKind::Asn | EntityKind::Country => value.clone(),
            _ => LEFT_OUT.to_owned(),
        }
    }

    fn id(&self, id: &str) -> String {
        masked_id(self.hiding.pseudonym, id)
    }

    /// Words of a hidden case by which somebody could be named.
    fn words(&self, told: &Case) -> Result<HashSet<String>> {
        let mut words = HashSet::new();
        known::strings(&serde_json::to_value(told)?, &mut |text| {
            for piece in text.split(|c: char| c.is_whitespace() || "\"'`()[]{},;=?&".contains(c)) {
                let parts = piece.split('/').chain(piece.split(|c: char| !c.is_alphanumeric()));
                words.extend(parts.chain([piece]).filter(|w| self.may_name(w)).map(str::to_owned));
            }
        });
        Ok(words)
    }

    fn may_name(&self, word: &str) -> bool {
        known::is_telling(word)
            && !known::is_pseudonym(word)
            && !word.parse().is_ok_and(|n: u64| self.numbers.contains(&n))
    }
}
