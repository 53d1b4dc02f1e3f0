//! Links: this object belongs to that person. Order 55120 is member 8812's; this session was issued to her.
//!
//! Decisive choice: a link is the only way from an object to a person. Several people may share one object; each is then shown. Most objects are one
//! person's, and some (a mailing list, a tenant) are everybody's: few people are a sorted list, many a tree, so that no map takes long to read.

use crate::CatalogError;
use crate::inventory::Rows;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use weir_model::names::kept;
use weir_stats::{hash64, hash64_in};

/// Maps from objects to people, by the object's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    maps: BTreeMap<String, Vec<Map>>,
    digest: u64,
}

/// From objects of one namespace to people of one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Map {
    to: String,
    people: HashMap<String, People>,
}

/// The people of one object, sorted.
#[derive(Clone, Debug)]
enum People {
    Few(Vec<String>),
    Many(BTreeSet<String>),
}

/// From how many on people are kept in a tree.
const MANY: usize = 64;

impl People {
    /// Adds a person, unless they are there.
    fn insert(&mut self, person: &str) -> bool {
        match self {
            Self::Many(people) => !people.contains(person) && people.insert(person.to_owned()),
            Self::Few(people) => {
                let Err(place) = people.binary_search_by(|p| p.as_str().cmp(person)) else { return false };
                people.insert(place, person.to_owned());
                if people.len() >= MANY {
                    *self = Self::Many(std::mem::take(people).into_iter().collect());
                }
                true
            }
        }
    }

    fn has(&self, person: &str) -> bool {
        match self {
            Self::Few(people) => people.binary_search_by(|p| p.as_str().cmp(person)).is_ok(),
            Self::Many(people) => people.contains(person),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &String> {
        let (few, many) = match self {
            Self::Few(people) => (Some(people), None),
            Self::Many(people) => (None, Some(people)),
        };
        few.into_iter().flatten().chain(many.into_iter().flatten())
    }
}

impl PartialEq for People {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for People {}

/// The namespace of credentials: a link from it tells whose session or token it is, and so whose data holder pages showed.
pub const CREDENTIAL: &str = weir_model::record::CREDENTIAL;
/// The namespace of logins, as `actor` and `user` have them: a link from it tells whose login it is.
pub const ACTOR: &str = "actor";

impl Links {
    /// No links.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one link. Adding it again changes nothing.
    pub fn insert(&mut self, from: &str, to: &str, object: &str, person: &str) {
        // Those are compared with what records keep of a name.
        let object = &*if [ACTOR, CREDENTIAL].contains(&from) { kept(object) } else { Cow::Borrowed(object) };
        let maps = self.maps.entry(from.to_owned()).or_default();
        let at = maps.iter().position(|m| m.to == to).unwrap_or_else(|| {
            maps.push(Map { to: to.to_owned(), people: HashMap::new() });
            maps.sort_by(|a, b| a.to.cmp(&b.to));
            maps.iter().position(|m| m.to == to).unwrap_or(0)
        });
        let Some(map) = maps.get_mut(at) else { return };
        if !map.people.contains_key(object) {
            map.people.insert(object.to_owned(), People::Few(Vec::new()));
        }
        if map.people.get_mut(object).is_some_and(|people| people.insert(person)) {
            let space = hash64_in(hash64(from.as_bytes()), to.as_bytes());
            // A sum, so that the order of insertion leaves no trace.
            self.digest =
                self.digest.wrapping_add(hash64_in(hash64_in(space, object.as_bytes()), person.as_bytes()));
        }
    }

    /// Adds the links of a CSV text with columns named `from` and `to`. Rows without object or person are skipped: unknown is a value.
    ///
    /// # Errors
    /// If a column is missing or the CSV cannot be read; names the line.
    pub fn add_csv(&mut self, file: &str, from: &str, to: &str, text: &str) -> Result<u64, CatalogError> {
        let mut rows = Rows::read(file, text, &[from, to])?;
        let mut added = 0;
        while let Some(row) = rows.next()? {
            if let [Some(object), Some(person)] = row.values.as_slice() {
                self.insert(from, to, object, person);
                added += 1;
            }
        }
        Ok(added)
    }

    /// The people an object belongs to, as (namespace, id), sorted.
    pub fn people<'a>(&'a self, from: &str, object: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let maps = self.maps.get(from).map_or(&[][..], Vec::as_slice);
        maps.iter().flat_map(move |m| {
            let people = m.people.get(object).into_iter().flat_map(People::iter);
            people.map(|person| (m.to.as_str(), person.as_str()))
        })
    }

    /// The objects of a namespace that belong to a person, sorted.
    #[must_use]
    pub fn objects<'a>(&'a self, from: &str, to: &str, person: &str) -> Vec<&'a str> {
        let maps = self.maps.get(from).map_or(&[][..], Vec::as_slice).iter().filter(|m| m.to == to);
        let objects = maps.flat_map(|m| m.people.iter()).filter(|(_, people)| people.has(person));
        let mut objects: Vec<&str> = objects.map(|(object, _)| object.as_str()).collect();
        objects.sort_unstable();
        objects
    }

    /// The kinds of people that links lead to.
    pub fn people_of(&self) -> impl Iterator<Item = &str> {
        self.maps.values().flatten().map(|map| map.to.as_str())
    }

    /// Whether any link leads from objects of this namespace.
    #[must_use]
    pub fn leads_from(&self, namespace: &str) -> bool {
        self.maps.contains_key(namespace)
    }

    /// Whether there is no link at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.maps.is_empty()
    }

    /// A number that depends on the set of links alone.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_from_objects_to_people() {
        let mut links = Links::new();
        assert_eq!(
            links
                .add_csv("o.csv", "order", "member", "member,order\n8812,55120\n8813,55120\n,55121\n")
                .unwrap(),
            2
        );
        assert_eq!(
            links.people("order", "55120").collect::<Vec<_>>(),
            [("member", "8812"), ("member", "8813")]
        );
        assert_eq!(links.objects("order", "member", "8813"), ["55120"]);
        assert!(links.objects("order", "seller", "8813").is_empty());
        assert_eq!(links.people("order", "55121").count(), 0);
        assert_eq!(links.people("product", "55120").count(), 0);
    }

    #[test]
    fn an_object_of_very_many_people_takes_no_longer_to_read_than_as_many_objects() {
        let (mut links, mut few) = (Links::new(), Links::new());
        let people = 300_000_u32;
        // Backwards: each goes before all that are there. Work that grows with the square of them would take minutes.
        for person in (0..people).rev() {
            links.insert("list", "member", "all", &format!("{person:06}"));
        }
        let kept = links.maps.get("list").and_then(|maps| maps.first()?.people.get("all"));
        assert!(matches!(kept, Some(People::Many(_))), "a list would move all that come after each");
        let listed: Vec<_> = links.people("list", "all").map(|(_, person)| person.to_owned()).collect();
        assert_eq!(listed.len(), people as usize);
        assert!(listed.is_sorted());
        assert_eq!(links.objects("list", "member", "299999"), ["all"]);
        for person in 0..100 {
            few.insert("list", "member", "all", &format!("{person:03}"));
            few.insert("list", "member", "all", "050");
        }
        assert_eq!(few.people("list", "all").count(), 100);
    }

    #[test]
    fn the_digest_depends_on_the_set_alone() {
        let (mut a, mut b) = (Links::new(), Links::new());
        a.insert("order", "member", "1", "x");
        a.insert("order", "member", "2", "y");
        b.insert("order", "member", "2", "y");
        b.insert("order", "member", "1", "x");
        b.insert("order", "member", "1", "x");
        assert_eq!(a.digest(), b.digest());
        b.insert("order", "member", "1", "y");
        assert_ne!(a.digest(), b.digest());
    }
}
