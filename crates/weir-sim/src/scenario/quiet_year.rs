//! `quiet-year`: a year of ordinary oddities and no leak. Its manual page is [`INFO`]'s.

use crate::play::Play;
use crate::scenario::{Info, Size, retail};
use crate::settings::{Setting, Settings};

/// The scenario.
pub const INFO: Info = Info {
    name: "quiet-year",
    summary: "A year in which everything odd happens that happens in a year, and nothing leaks.",
    manual: MANUAL,
    days: 365,
    settings: SETTINGS,
    build,
};

const MANUAL: &str = "\
# quiet-year

## What happens

Members shop, offices and carriers stand before many of them, crawlers and scrapers read public pages, customer service opens members'
pages, a courier and a nightly batch read addresses. There are holidays, a sale, an outage, a key rotated twice, an update that
changes every app's name in a day, a country where the shop opens, a sensor that writes nothing for a day, a clock an hour ahead.
Nobody takes anything.

## What makes it hard

Every finding of severity high or above is false.

## How it can be found

There is nothing to find.

## References

Shapes of ordinary web traffic: M. Crovella and A. Bestavros, Self-similarity in World Wide Web traffic, 1997 (heavy tails); RFC 6888
(carrier-grade address translation); RFC 8981 (addresses that change).
";

const SETTINGS: &[Setting] = &[retail::MEMBERS, retail::ISSUANCE];

fn build(size: Size, settings: &Settings) -> Play {
    retail::play(size, settings)
}
