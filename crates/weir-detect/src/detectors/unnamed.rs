//! `unnamed`: pages of one person each, whose owner no record names, read by whoever reads more of them than peers and own past explain.

mod judge;
mod screen;
mod tell;

use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use weir_lake::quote_all;
use weir_model::{EntityKind, Finding};
use weir_stats::WINDOWS;

/// Sees who reads more things of people (orders, invoices) than anybody like them, where nothing says whose they are.
#[derive(Clone, Copy, Debug)]
pub struct Unnamed;

static INFO: Info = Info {
    name: "unnamed",
    summary: "more things of one person each (orders, invoices), whose owner no record names, read than peers and own past explain",
    manual: include_str!("unnamed/manual.md"),
    attack: &["T1020", "T1030", "T1119", "T1213"],
    records_only: true,
    budget_share: 0.05,
};

impl Detector for Unnamed {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

/// Records that show a thing of somebody's.
const SHOWS: &str = "shown AND thing IS NOT NULL AND coalesce(bytes_out, 1) > 0";

/// A row for each of the things that a record shows.
const EACH_THING: &str = "unnest(string_to_array(thing, chr(10)))";

/// A kind of readers.
struct Readers {
    kind: EntityKind,
    /// Their column of `access`.
    column: &'static str,
    /// Their records.
    which: String,
}

impl Readers {
    fn named(kind: EntityKind, column: &'static str) -> Self {
        Self { kind, column, which: "true".to_owned() }
    }

    fn are_named(&self) -> bool {
        self.kind != EntityKind::Origin
    }
}

/// What a log says of who asks for such things.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Nothing.
    None,
    /// Names of too few to be compared with each other.
    Few,
    /// Names, so that those who have one are judged by it.
    Judged,
}

/// Kinds of readers, and windows: each has an equal part of the budget.
const FAMILIES: usize = 3 * WINDOWS.len();

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    if context.catalog.things().is_empty() {
        return Ok(findings);
    }
    let threshold = |tests| context.threshold(FAMILIES, tests);
    let named = [(EntityKind::Actor, "actor"), (EntityKind::Credential, "credential")];
    let mut at_addresses = Vec::new();
    let mut names = Names::None;
    for (kind, column) in named {
        let readers = Readers::named(kind, column);
        let census = screen::screen(context, kind).await?;
        if !census.any {
            continue;
        }
        if judge::in_beginning(&census) >= judge::PEERS_MIN {
            at_addresses.push(format!("{column} IS NULL"));
            if names == Names::None {
                names = Names::Judged;
            }
            let judged = judge::judge(&census, &judge::nulls(&census, &readers), &threshold);
            findings.extend(tell::findings(context, &readers, &census, judged, Names::Judged).await?);
        } else {
            // Too few when the log began for those that come to be compared with: any name can be written to a log, and another with each request. So only
            // those at work then are left out elsewhere.
            names = Names::Few;
            let known = census.candidates.iter().filter(|one| judge::was_there(&census, one));
            let known: Vec<&str> = known.map(|one| one.entity.as_str()).collect();
            if !known.is_empty() {
                at_addresses.push(format!("({column} IS NULL OR {column} NOT IN {})", quote_all(known)));
            }
        }
    }
    let readers = Readers {
        kind: EntityKind::Origin,
        column: "src_ip",
        which: if at_addresses.is_empty() { "true".to_owned() } else { at_addresses.join(" AND ") },
    };
    let mut census = screen::screen(context, readers.kind).await?;
    let nulls = judge::nulls(&census, &readers);
    if !at_addresses.is_empty() {
        let suspects = judge::judge(&census, &nulls, &threshold);
        screen::only(context, &mut census, &readers, &suspects).await?;
    }
    let judged = judge::judge(&census, &nulls, &threshold);
    findings.extend(tell::findings(context, &readers, &census, judged, names).await?);
    Ok(findings)
}
