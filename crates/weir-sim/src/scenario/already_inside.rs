//! `already-inside`: the log begins when the leak is under way. Its manual page is [`INFO`]'s.

use crate::play::Play;
use crate::scenario::forged_tokens::Forgers;
use crate::scenario::{Info, Size, retail};
use crate::settings::{Setting, Settings};

/// The scenario.
pub const INFO: Info = Info {
    name: "already-inside",
    summary: "The log begins in the middle of a leak by forged sessions; there is no clean past.",
    manual: MANUAL,
    days: 45,
    settings: SETTINGS,
    build,
};

const MANUAL: &str = "\
# already-inside

## What happens

As in `forged-tokens`, but the log that was kept begins months after the leak did, and no log of issued tokens was kept. Every
address that takes people's data has always done so as far as anybody can tell.

## What makes it hard

Nothing changes: whatever compares with an entity's own past finds it steady, as it finds the courier and customer service.

## How it can be found

By comparison with everyone else: who reads many people, each under a credential that nobody signed in for, without looking around.

## References

The retailer kept five months less of its logs than it was ordered to (the project's collected facts); SK Telecom's firewall logs began
30 months after the intrusion. ATT&CK T1606.001, T1070.
";

const SETTINGS: &[Setting] = &[
    retail::MEMBERS,
    Setting {
        name: "issuance",
        default: 0.0,
        bounds: (0.0, 1.0),
        about: "1: a log of issued tokens is kept",
    },
    Setting { name: "addresses", default: 6.0, bounds: (1.0, 100_000.0), about: "addresses used" },
    Setting {
        name: "people",
        default: 15.0,
        bounds: (1.0, 10_000.0),
        about: "people a day from each address",
    },
    Setting { name: "views", default: 4.4, bounds: (1.0, 100.0), about: "pages opened of each person" },
    Setting {
        name: "cover",
        default: 0.1,
        bounds: (0.0, 1.0),
        about: "share of people before whom it browses",
    },
    Setting {
        name: "nobody",
        default: 0.05,
        bounds: (0.0, 0.9),
        about: "share of tokens for people who do not exist",
    },
    Setting {
        name: "holder",
        default: 0.1,
        bounds: (0.0, 1.0),
        about: "share of people read by pages of a session's holder only",
    },
];

fn build(size: Size, settings: &Settings) -> Play {
    let mut play = retail::play(size, settings);
    let forgers = Forgers::new(&play.world, settings, 0);
    play.actors.push(Box::new(forgers));
    play
}
