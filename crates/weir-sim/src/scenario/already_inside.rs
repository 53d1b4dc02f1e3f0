//! `already-inside`: the log begins when the leak is under way. Its manual page is [`INFO`]'s.

use crate::play::Play;
use crate::scenario::forged_tokens::{self, Forgers};
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
    retail::ISSUANCE.at(0.0),
    forged_tokens::ADDRESSES,
    forged_tokens::PEOPLE.at(15.0),
    forged_tokens::VIEWS,
    forged_tokens::COVER,
    forged_tokens::NOBODY.at(0.05),
    forged_tokens::HOLDER,
];

fn build(size: Size, settings: &Settings) -> Play {
    let mut play = retail::play(size, settings);
    let forgers = Forgers::new(&play.world, settings, 0);
    play.actors.push(Box::new(forgers));
    play
}
