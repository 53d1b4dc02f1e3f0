//! `reach`: how many people an entity's records show, over windows from an hour to the whole period; and who always read many, in ways that are not its own.

mod exact;
mod judge;
mod ladder;
pub(super) mod mixed;
mod neighbours;
mod peers;
mod screen;
mod stray;
mod tell;

use super::harvest;
use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use weir_model::{EntityKind, Finding};
use weir_stats::WINDOWS;

/// Sees who reads more people's data than its past, its peers and its credentials explain.
#[derive(Clone, Copy, Debug)]
pub struct Reach;

static INFO: Info = Info {
    name: "reach",
    summary: "more people's data read than own past, peers and issued credentials explain",
    manual: include_str!("reach/manual.md"),
    attack: &["T1020", "T1030", "T1119", "T1213"],
    records_only: false,
    budget_share: 0.15,
};

impl Detector for Reach {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

/// Kinds of entity in the order they are judged, with their column of `access`: what one kind explains is left out for the next.
const KINDS: [(EntityKind, &str); 7] = [
    (EntityKind::Origin, "src_ip"),
    (EntityKind::Actor, "actor"),
    (EntityKind::Credential, "credential"),
    (EntityKind::Prefix, "src_ip"),
    (EntityKind::Asn, "asn"),
    (EntityKind::Client, "user_agent"),
    (EntityKind::Key, "key_uid"),
];

/// Kinds whose records name who asks.
const NAMED: [EntityKind; 3] = [EntityKind::Actor, EntityKind::Credential, EntityKind::Key];

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let cover = exact::cover(context).await?;
    let mut findings = Vec::new();
    let mut explained = exact::Explained::default();
    let mut addresses = None;
    // Where most readers are not named, how people visit says more than how many they are, if it says anything.
    let habits = !cover.named && {
        let census = harvest::screen::census(context).await?;
        census.tells(context.threshold(WINDOWS.len(), census.seen(i32::MAX)))
    };
    let everybody = screen::everybody(context).await?;
    // People per record at ordinary addresses: where no network is ordinary, as much is usual of networks.
    let mut ordinary: f64 = 0.0;
    let told = |kind| kind != EntityKind::Asn || context.config.inventory.asns.is_some();
    let kinds: Vec<_> = KINDS.into_iter().filter(|(kind, _)| told(*kind)).collect();
    for &(kind, column) in &kinds {
        let only = habits && !NAMED.contains(&kind);
        if only && !cover.some {
            continue;
        }
        let cover = exact::Cover { named: cover.named || only || NAMED.contains(&kind), only, ..cover };
        // Where nobody is named, a client that many have reads many people.
        if kind == EntityKind::Client && !cover.named {
            continue;
        }
        let mut census = screen::screen(context, kind, &cover).await?;
        if kind == EntityKind::Origin {
            ordinary = census.people_per_record;
        }
        census.people_per_record = census.people_per_record.max(ordinary);
        if census.candidates.is_empty() {
            continue;
        }
        census.everybody.clone_from(&everybody);
        let scope = exact::Scope { kind, column, cover: &cover, explained: &explained };
        let series = exact::series(context, &scope, &census).await?;
        let judged = judge::judge(kind, &census, &series, |tests| {
            context.threshold(kinds.len() * ladder::LADDER.len(), tests)
        });
        if kind == EntityKind::Origin {
            addresses = peers::whole(&census, &series, |s| &s.beyond);
        }
        let neighbours = match &addresses {
            Some(peers) if kind == EntityKind::Prefix => {
                neighbours::neighbours(context, &scope, &judged, peers).await?
            }
            _ => neighbours::Neighbours::default(),
        };
        let beside = neighbours.beside(&explained);
        let told = exact::Scope { explained: &beside, ..scope };
        findings.extend(tell::findings(context, &told, &census, &judged, &neighbours).await?);
        if NAMED.contains(&kind) {
            findings.extend(stray::findings(context, &scope, &judged).await?);
        }
        explained.add(kind, &judged);
    }
    Ok(findings)
}
