//! The keys that sign tokens and the people who may hold them, as `keys.csv` and `people.csv` state them.

use std::fmt::Write as _;

use crate::clock::later;

/// A signing key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its id, the `kid` of a token.
    pub name: &'static str,
    /// The personnel number of whoever answers for it.
    pub owner: u16,
    /// The date it was made.
    pub created: &'static str,
    /// The date it was withdrawn.
    pub retired: Option<&'static str>,
}

/// Someone who works or worked here.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// Personnel number.
    pub number: u16,
    /// First day.
    pub joined: &'static str,
    /// Last day.
    pub left: Option<&'static str>,
}

/// A world's keys and people.
#[derive(Debug, Clone, Copy)]
pub struct Inventory {
    /// All keys, retired ones included.
    pub keys: &'static [Key],
    /// All people, former ones included.
    pub people: &'static [Person],
    /// Keys that sign members' sessions, each from this day of the world on.
    pub web: &'static [(u32, &'static str)],
    /// The key that signs employees' and services' sessions.
    pub desk: &'static str,
}

impl Inventory {
    /// The key that signs members' sessions on a day.
    #[must_use]
    pub fn web_key(&self, day: u32) -> &'static str {
        self.web.iter().rev().find(|(from, _)| *from <= day).map_or(self.desk, |(_, key)| key)
    }

    /// `keys.csv`, every date this many days later than it was written.
    #[must_use]
    pub fn keys_csv(&self, days: i64) -> String {
        let mut csv = String::from("key,owner,created,retired\n");
        for key in self.keys {
            let (created, retired) = (shifted(Some(key.created), days), shifted(key.retired, days));
            let _ = writeln!(csv, "{},p-{},{created},{retired}", key.name, key.owner);
        }
        csv
    }

    /// `people.csv`, likewise.
    #[must_use]
    pub fn people_csv(&self, days: i64) -> String {
        let mut csv = String::from("person,joined,left\n");
        for person in self.people {
            let (joined, left) = (shifted(Some(person.joined), days), shifted(person.left, days));
            let _ = writeln!(csv, "p-{},{joined},{left}", person.number);
        }
        csv
    }
}

fn shifted(date: Option<&str>, days: i64) -> String {
    date.map(|date| later(date, days)).unwrap_or_default()
}
